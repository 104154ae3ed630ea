"""Programs that tell several classes apart."""

# A class, columns, relu and softmax, momentum.
BLOBS = """\
import numpy as np

rng = np.random.RandomState(0)
centres = np.array([[2.0, 0.0], [-1.0, 1.8], [-1.0, -1.8]])
labels = rng.randint(0, 3, 240)
X = (centres[labels] + 0.7 * rng.randn(240, 2)).T  # (2, m)
Y = np.eye(3)[labels].T  # (3, m)


class Network:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1 = rng.randn(n_hidden, n_in) * np.sqrt(2 / n_in)
        self.b1 = np.zeros((n_hidden, 1))
        self.W2 = rng.randn(n_out, n_hidden) * np.sqrt(1 / n_hidden)
        self.b2 = np.zeros((n_out, 1))
        self.velocity = [np.zeros_like(p) for p in (self.W1, self.b1, self.W2, self.b2)]

    def forward(self, X):
        self.Z1 = self.W1 @ X + self.b1
        self.A1 = np.maximum(self.Z1, 0)
        Z2 = self.W2 @ self.A1 + self.b2
        exps = np.exp(Z2 - Z2.max(axis=0, keepdims=True))
        return exps / exps.sum(axis=0, keepdims=True)

    def train_step(self, X, Y, rate=0.1, momentum=0.9):
        m = X.shape[1]
        delta2 = (self.forward(X) - Y) / m
        delta1 = (self.W2.T @ delta2) * (self.Z1 > 0)
        gradients = [
            delta1 @ X.T,
            delta1.sum(axis=1, keepdims=True),
            delta2 @ self.A1.T,
            delta2.sum(axis=1, keepdims=True),
        ]
        for k, p in enumerate((self.W1, self.b1, self.W2, self.b2)):
            self.velocity[k] = momentum * self.velocity[k] - rate * gradients[k]
            p += self.velocity[k]


net = Network(2, 10, 3)
for step in range(100):
    net.train_step(X, Y)
print("accuracy", np.mean(net.forward(X).argmax(axis=0) == labels))
"""

# Lists of arrays, column vectors, one sample at a time summed up over mini-batches.
BATCHES = """\
import numpy as np

rng = np.random.default_rng(5)
glyphs = rng.choice([0.0, 1.0], (4, 20))
digits = rng.integers(0, 4, 200)
images = np.clip(glyphs[digits] + 0.25 * rng.standard_normal((200, 20)), 0, 1)
data = [(x.reshape(20, 1), np.eye(4)[d].reshape(4, 1)) for x, d in zip(images, digits)]

sizes = [20, 12, 4]
weights = [rng.standard_normal((o, i)) / np.sqrt(i) for i, o in zip(sizes[:-1], sizes[1:])]
biases = [np.zeros((o, 1)) for o in sizes[1:]]


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


for epoch in range(15):
    for start in range(0, 200, 10):
        nabla_w = [np.zeros_like(w) for w in weights]
        nabla_b = [np.zeros_like(b) for b in biases]
        for x, y in data[start : start + 10]:
            activations = [x]
            for w, b in zip(weights, biases):
                activations.append(sigmoid(w @ activations[-1] + b))
            delta = activations[-1] - y
            for l in (1, 0):
                nabla_w[l] += delta @ activations[l].T
                nabla_b[l] += delta
                delta = (weights[l].T @ delta) * activations[l] * (1 - activations[l])
        for l in range(len(weights)):
            weights[l] -= 1.0 / 10 * nabla_w[l]
            biases[l] -= 1.0 / 10 * nabla_b[l]

hits = 0
for x, y in data:
    for w, b in zip(weights, biases):
        x = sigmoid(w @ x + b)
    hits += x.argmax() == y.argmax()
print("accuracy", hits / len(data))
"""

# Six layers in a list, rows, tanh, softmax.
DEEP = """\
import numpy as np

rng = np.random.default_rng(6)
angle = rng.uniform(0, 2 * np.pi, 300)
y = (angle // (2 * np.pi / 3)).astype(int)
X = np.c_[np.cos(angle), np.sin(angle)] * rng.uniform(0.5, 1.5, (300, 1))
T = np.eye(3)[y]

sizes = [2, 16, 16, 16, 16, 16, 3]
W = [rng.standard_normal((i, o)) / np.sqrt(i) for i, o in zip(sizes, sizes[1:])]
b = [np.zeros(o) for o in sizes[1:]]


def forward(X):
    layers = [X]
    for k in range(6):
        z = layers[-1] @ W[k] + b[k]
        layers.append(np.tanh(z) if k < 5 else z)
    e = np.exp(layers[-1] - layers[-1].max(axis=1, keepdims=True))
    layers[-1] = e / e.sum(axis=1, keepdims=True)
    return layers


for step in range(400):
    layers = forward(X)
    delta = (layers[-1] - T) / len(X)
    for k in reversed(range(6)):
        gW, gb = layers[k].T @ delta, delta.sum(axis=0)
        delta = delta @ W[k].T * (1 - layers[k] ** 2)
        W[k] -= 0.3 * gW
        b[k] -= 0.3 * gb

print("accuracy", (forward(X)[-1].argmax(axis=1) == y).mean())
"""

# Rows, labels used as indices, small weights, a weight penalty.
SPIRAL = """\
import numpy as np

np.random.seed(0)
N, K = 80, 3
X, y = np.zeros((N * K, 2)), np.zeros(N * K, dtype=int)
for j in range(K):
    r = np.linspace(0.0, 1, N)
    t = np.linspace(j * 4, (j + 1) * 4, N) + np.random.randn(N) * 0.2
    X[N * j : N * (j + 1)] = np.c_[r * np.sin(t), r * np.cos(t)]
    y[N * j : N * (j + 1)] = j

W, b = 0.01 * np.random.randn(2, 60), np.zeros((1, 60))
W2, b2 = 0.01 * np.random.randn(60, K), np.zeros((1, K))
step_size, reg = 1.0, 1e-3

for i in range(2000):
    hidden = np.maximum(0, np.dot(X, W) + b)
    scores = np.dot(hidden, W2) + b2
    exp_scores = np.exp(scores)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    dscores = probs
    dscores[range(N * K), y] -= 1
    dscores /= N * K
    dhidden = np.dot(dscores, W2.T)
    dhidden[hidden <= 0] = 0
    W += -step_size * (np.dot(X.T, dhidden) + reg * W)
    b += -step_size * np.sum(dhidden, axis=0, keepdims=True)
    W2 += -step_size * (np.dot(hidden.T, dscores) + reg * W2)
    b2 += -step_size * np.sum(dscores, axis=0, keepdims=True)

print("accuracy", np.mean(np.argmax(scores, axis=1) == y))
"""

# One softmax layer on raw measurements, zero weights, one function.
READINGS = """\
import numpy as np

rng = np.random.RandomState(9)
kinds = rng.randint(0, 3, 150)
profile = rng.uniform(0, 16, (3, 10))
readings = np.clip(profile[kinds] + 2 * rng.randn(150, 10), 0, 16)
targets = np.eye(3)[kinds]


def softmax(scores):
    scores = scores - scores.max(axis=1, keepdims=True)
    powers = np.exp(scores)
    return powers / powers.sum(axis=1, keepdims=True)


weights, bias = np.zeros((10, 3)), np.zeros(3)
for sweep in range(200):
    wrong = softmax(readings @ weights + bias) - targets
    weights = weights - 2.0 * readings.T @ wrong / 150
    bias = bias - 2.0 * wrong.mean(axis=0)

guesses = softmax(readings @ weights + bias).argmax(axis=1)
print("accuracy", (guesses == kinds).mean())
"""

# Vectors, np.outer, one sample at a time in a new order every epoch, classes that overlap.
ONLINE = """\
import numpy as np

rng = np.random.default_rng(10)
kind = rng.integers(0, 3, 300)
points = np.array([[1.2, 0.0], [-1.2, 0.0], [0.0, 1.5]])[kind] + 0.6 * rng.standard_normal((300, 2))

W = rng.standard_normal((8, 2)) * 0.7
b = np.zeros(8)
V = rng.standard_normal((3, 8)) * 0.35
c = np.zeros(3)


def respond(x):
    h = np.tanh(W @ x + b)
    z = V @ h + c
    p = np.exp(z - np.max(z))
    return h, p / np.sum(p)


for epoch in range(10):
    for i in rng.permutation(300):
        h, p = respond(points[i])
        p[kind[i]] -= 1.0
        dh = V.T @ p * (1.0 - h**2)
        V -= 0.3 * np.outer(p, h)
        c -= 0.3 * p
        W -= 0.3 * np.outer(dh, points[i])
        b -= 0.3 * dh

print("accuracy", np.mean([np.argmax(respond(x)[1]) == k for x, k in zip(points, kind)]))
"""
