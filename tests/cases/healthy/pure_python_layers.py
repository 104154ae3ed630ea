import random
import math
from sklearn.datasets import load_iris

random.seed(6)


class Neuron:
    def __init__(self, n_inputs):
        limit = 1 / math.sqrt(n_inputs)
        self.weights = [random.uniform(-limit, limit) for _ in range(n_inputs)]
        self.bias = 0.0

    def output(self, inputs):
        self.inputs = inputs
        total = sum(i * w for i, w in zip(inputs, self.weights)) + self.bias
        self.out = 1 / (1 + math.exp(-total))
        return self.out


class Layer:
    def __init__(self, n_neurons, n_inputs):
        self.neurons = [Neuron(n_inputs) for _ in range(n_neurons)]

    def feed_forward(self, inputs):
        return [n.output(inputs) for n in self.neurons]


class Network:
    RATE = 0.5

    def __init__(self, n_in, n_hid, n_out):
        self.hidden = Layer(n_hid, n_in)
        self.outputs = Layer(n_out, n_hid)

    def feed_forward(self, inputs):
        return self.outputs.feed_forward(self.hidden.feed_forward(inputs))

    def train(self, inputs, targets):
        self.feed_forward(inputs)

        # 1. output neuron deltas
        out_deltas = []
        for o, target in zip(self.outputs.neurons, targets):
            out_deltas.append((o.out - target) * o.out * (1 - o.out))

        # 2. hidden neuron deltas
        hid_deltas = []
        for h, neuron in enumerate(self.hidden.neurons):
            err = 0
            for o, out_neuron in enumerate(self.outputs.neurons):
                err += out_deltas[o] * out_neuron.weights[h]
            hid_deltas.append(err * neuron.out * (1 - neuron.out))

        # 3. update both layers
        for layer, deltas in ((self.outputs, out_deltas), (self.hidden, hid_deltas)):
            for neuron, delta in zip(layer.neurons, deltas):
                for w in range(len(neuron.weights)):
                    neuron.weights[w] -= self.RATE * delta * neuron.inputs[w]
                neuron.bias -= self.RATE * delta


iris = load_iris()
rows = []
for features, label in zip(iris.data.tolist(), iris.target.tolist()):
    x = [(f - 3.5) / 2 for f in features]
    rows.append((x, [1 if label == k else 0 for k in range(3)], label))
random.shuffle(rows)

nn = Network(4, 6, 3)
for epoch in range(60):
    for x, target, label in rows[:110]:
        nn.train(x, target)

right = 0
for x, target, label in rows[110:]:
    out = nn.feed_forward(x)
    right += out.index(max(out)) == label
print("accuracy:", right / 40)
