"""Programs that tell two classes apart."""

# Functions, rows, full batch, parameters in a dict, tanh and sigmoid, cross-entropy.
MOONS = """\
import numpy as np

rng = np.random.default_rng(0)
t = rng.uniform(0, np.pi, 200)
upper = np.c_[np.cos(t[:100]), np.sin(t[:100])]
lower = np.c_[1 - np.cos(t[100:]), 0.5 - np.sin(t[100:])]
X = np.vstack([upper, lower]) + 0.1 * rng.standard_normal((200, 2))
y = np.r_[np.zeros(100), np.ones(100)].reshape(-1, 1)

params = {
    "W1": rng.standard_normal((2, 12)) / np.sqrt(2),
    "b1": np.zeros((1, 12)),
    "W2": rng.standard_normal((12, 1)) / np.sqrt(12),
    "b2": np.zeros((1, 1)),
}


def forward(X):
    A1 = np.tanh(X @ params["W1"] + params["b1"])
    Z2 = A1 @ params["W2"] + params["b2"]
    A2 = 1 / (1 + np.exp(-Z2))
    return A1, A2


for i in range(1500):
    A1, A2 = forward(X)
    dZ2 = (A2 - y) / len(X)
    dZ1 = (dZ2 @ params["W2"].T) * (1 - A1**2)
    grads = {
        "W1": X.T @ dZ1,
        "b1": dZ1.sum(axis=0, keepdims=True),
        "W2": A1.T @ dZ2,
        "b2": dZ2.sum(axis=0, keepdims=True),
    }
    for name in params:
        params[name] -= 1.0 * grads[name]

print("accuracy", np.mean((forward(X)[1] > 0.5) == y))
"""

# A flat script, sigmoid and squared error, weights changed in place by += of (y - out).
XOR = """\
import numpy as np

np.random.seed(2)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
y = np.array([[0], [1], [1], [0]])

w_hidden = np.random.uniform(-1, 1, (3, 6))
w_output = np.random.uniform(-1, 1, (6, 1))

for step in range(5000):
    hidden = sigmoid(np.dot(X, w_hidden))
    output = sigmoid(np.dot(hidden, w_output))
    error = y - output
    delta_output = error * output * (1 - output)
    delta_hidden = delta_output.dot(w_output.T) * hidden * (1 - hidden)
    w_output += hidden.T.dot(delta_output)
    w_hidden += X.T.dot(delta_hidden)

print("error", np.mean(np.abs(y - output)))
"""

# A class with fit and predict, one weight vector, no hidden layer, zero weights.
LOGISTIC = """\
import numpy as np

rng = np.random.RandomState(1)
y = rng.randint(0, 2, 160)
X = rng.randn(160, 2) + np.where(y[:, None] == 1, [4.0, 3.5], [1.5, 1.0])


class LogisticRegression:
    def __init__(self, learning_rate=0.5, n_iterations=300):
        self.learning_rate = learning_rate
        self.n_iterations = n_iterations

    def probability(self, X):
        return 1 / (1 + np.exp(-(X.dot(self.weights) + self.bias)))

    def fit(self, X, y):
        m, n = X.shape
        self.weights = np.zeros(n)
        self.bias = 0.0
        for _ in range(self.n_iterations):
            error = self.probability(X) - y
            dw = X.T.dot(error) / m
            db = error.sum() / m
            for j in range(n):
                self.weights[j] -= self.learning_rate * dw[j]
            self.bias -= self.learning_rate * db

    def predict(self, X):
        return (self.probability(X) > 0.5).astype(int)


model = LogisticRegression()
model.fit(X, y)
print("accuracy", (model.predict(X) == y).mean())
"""

# Two rings; columns; relu; layers in loops over keys "W1", "b1", ...
RINGS = """\
import numpy as np

np.random.seed(3)
angle = np.random.uniform(0, 2 * np.pi, 240)
radius = np.where(np.arange(240) < 120, 1.0, 2.2) + 0.15 * np.random.randn(240)
X = np.vstack([radius * np.cos(angle), radius * np.sin(angle)])  # (2, m)
Y = (np.arange(240) >= 120).astype(float).reshape(1, -1)  # (1, m)
m = X.shape[1]
sizes = [2, 16, 8, 1]
L = len(sizes) - 1

P = {}
for l in range(1, L + 1):
    P["W" + str(l)] = np.random.randn(sizes[l], sizes[l - 1]) * np.sqrt(2 / sizes[l - 1])
    P["b" + str(l)] = np.zeros((sizes[l], 1))

for i in range(800):
    A = {0: X}
    Z = {}
    for l in range(1, L + 1):
        Z[l] = np.dot(P["W" + str(l)], A[l - 1]) + P["b" + str(l)]
        A[l] = np.maximum(0, Z[l]) if l < L else 1 / (1 + np.exp(-Z[l]))
    dZ = A[L] - Y
    for l in range(L, 0, -1):
        dW = np.dot(dZ, A[l - 1].T) / m
        db = np.sum(dZ, axis=1, keepdims=True) / m
        if l > 1:
            dZ = np.dot(P["W" + str(l)].T, dZ) * (Z[l - 1] > 0)
        P["W" + str(l)] = P["W" + str(l)] - 0.3 * dW
        P["b" + str(l)] = P["b" + str(l)] - 0.3 * db

print("accuracy", np.mean((A[L] > 0.5) == Y))
"""

# Numbers in lists, loops instead of arrays, one sample at a time.
LISTS = """\
import math
import random

random.seed(4)
data = []
for i in range(60):
    x1, x2 = random.uniform(-1, 1), random.uniform(-1, 1)
    data.append(([x1, x2], 1.0 if x1 + 0.5 * x2 > 0.1 else 0.0))

weights = [[random.uniform(-1, 1) for _ in range(3)] for _ in range(4)]
output_weights = [random.uniform(-1, 1) for _ in range(5)]


def feed(x):
    inputs = x + [1.0]
    hidden = [math.tanh(sum(w * v for w, v in zip(row, inputs))) for row in weights] + [1.0]
    z = sum(w * h for w, h in zip(output_weights, hidden))
    return inputs, hidden, 1 / (1 + math.exp(-z))


for epoch in range(30):
    for x, target in data:
        inputs, hidden, output = feed(x)
        delta = target - output
        for j in range(4):
            hidden_delta = delta * output_weights[j] * (1 - hidden[j] ** 2)
            for i in range(3):
                weights[j][i] += 0.2 * hidden_delta * inputs[i]
        for j in range(5):
            output_weights[j] += 0.2 * delta * hidden[j]

right = sum((feed(x)[2] > 0.5) == (target > 0.5) for x, target in data)
print("accuracy", right / len(data))
"""
