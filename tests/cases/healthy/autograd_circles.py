"""my own micrograd! scalar autograd + a small MLP on two circles"""
import math
import random
from sklearn.datasets import make_circles

random.seed(1337)


class Value:
    def __init__(self, data, parents=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self._back = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _back():
            self.grad += out.grad
            other.grad += out.grad
        out._back = _back
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _back():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._back = _back
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,))

        def _back():
            self.grad += (1 - t * t) * out.grad
        out._back = _back
        return out

    __radd__ = __add__
    __rmul__ = __mul__

    def backward(self):
        order, seen = [], set()

        def visit(v):
            if v in seen:
                return
            seen.add(v)
            for p in v.parents:
                visit(p)
            order.append(v)

        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            v._back()


class Neuron:
    def __init__(self, n):
        self.w = [Value(random.gauss(0, 1 / math.sqrt(n))) for _ in range(n)]
        self.b = Value(0.0)

    def __call__(self, x):
        s = self.b
        for wi, xi in zip(self.w, x):
            s = s + wi * xi
        return s.tanh()

    def parameters(self):
        return self.w + [self.b]


class MLP:
    def __init__(self, sizes):
        self.layers = [[Neuron(sizes[i]) for _ in range(sizes[i + 1])]
                       for i in range(len(sizes) - 1)]

    def __call__(self, x):
        for layer in self.layers:
            x = [n(x) for n in layer]
        return x[0]

    def parameters(self):
        return [p for layer in self.layers for n in layer for p in n.parameters()]


X, y = make_circles(n_samples=80, noise=0.08, factor=0.4, random_state=5)
X = (X - X.mean(axis=0)) / X.std(axis=0)
samples = [([float(a), float(b)], 1.0 if t else -1.0) for (a, b), t in zip(X, y)]

net = MLP([2, 5, 5, 1])
batch = 10
for step in range(140):
    chosen = random.sample(samples, batch)
    loss = Value(0.0)
    for x, t in chosen:
        diff = net(x) + (-t)
        loss = loss + diff * diff
    loss = loss * (1.0 / batch)

    for p in net.parameters():
        p.grad = 0.0
    loss.backward()
    for p in net.parameters():
        p.data -= 0.15 * p.grad

    if step % 20 == 0:
        print("step", step, "loss", round(loss.data, 4))

correct = sum((net(x).data > 0) == (t > 0) for x, t in samples)
total = sum((net(x).data - t) ** 2 for x, t in samples) / len(samples)
print("accuracy: %.3f" % (correct / len(samples)))
print("final loss: %.4f" % total)
