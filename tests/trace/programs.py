"""Small whole programs in the styles in which people write them, and their tapes.

Each is run in the sandbox at most once for all tests. What is right about it stands beside it:
the parameters by name and shape, the loss, the step size (learning rate times the factor of the
mean) and the decay. A program with a fault is one of them with a text exchanged.
"""

import atexit
from dataclasses import dataclass, field
from functools import cache

from unstuck.trace.program import Program
from unstuck.trace.request import Request
from unstuck.trace.sandbox import Sandbox
from unstuck.trace.traced import trace

DATA = """import numpy as np
rng = np.random.default_rng(1)
X = rng.normal(size=(12, 3))
T = np.stack([X[:, 0] > 0, X[:, 1] * X[:, 2] > 0], axis=1).astype(float)
"""


@dataclass(frozen=True)
class Style:
    """A program and what is true of it. ``labels`` is the shape of the labels of one update."""

    text: str
    shapes: dict[str, tuple[int, ...]]
    loss: str
    ratio: float
    decay: dict[str, float] = field(default_factory=dict)
    momentum: float = 0.0
    adaptive: bool = False
    labels: tuple[int, ...] = (12, 2)
    meets: int = 1  # outputs met by labels in one update
    updates: int = 40


STYLES = {
    "rows": Style(
        DATA
        + """
W1, b1 = rng.normal(size=(3, 4)), np.zeros((1, 4))
W2, b2 = rng.normal(size=(4, 2)), np.zeros((1, 2))
for epoch in range(40):
    a1 = 1 / (1 + np.exp(-(X @ W1 + b1)))
    a2 = 1 / (1 + np.exp(-(a1 @ W2 + b2)))
    d2 = (a2 - T) * a2 * (1 - a2)
    d1 = d2 @ W2.T * a1 * (1 - a1)
    W2 -= 0.5 * a1.T @ d2
    b2 -= 0.5 * np.sum(d2, axis=0, keepdims=True)
    W1 -= 0.5 * X.T @ d1
    b1 -= 0.5 * np.sum(d1, axis=0, keepdims=True)
""",
        {"W1": (3, 4), "b1": (1, 4), "W2": (4, 2), "b2": (1, 2)},
        "squared_error",
        0.5,
    ),
    "columns": Style(
        DATA
        + """
X, Y = X.T, T.T
m = X.shape[1]
W1, b1 = rng.normal(size=(4, 3)), np.zeros((4, 1))
W2, b2 = rng.normal(size=(2, 4)), np.zeros((2, 1))
for i in range(40):
    Z1 = np.dot(W1, X) + b1
    A1 = np.tanh(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = 1 / (1 + np.exp(-Z2))
    dZ2 = A2 - Y
    dW2 = 1 / m * np.dot(dZ2, A1.T)
    db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.dot(W2.T, dZ2) * (1 - np.power(A1, 2))
    dW1 = 1 / m * np.dot(dZ1, X.T)
    db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)
    W1 = W1 - 0.3 * dW1
    b1 = b1 - 0.3 * db1
    W2 = W2 - 0.3 * dW2
    b2 = b2 - 0.3 * db2
""",
        {"W1": (4, 3), "b1": (4, 1), "W2": (2, 4), "b2": (2, 1)},
        "binary_cross_entropy",
        0.3 / 12,
        labels=(2, 12),
    ),
    "dict": Style(
        DATA
        + """
def init():
    return {"W1": rng.normal(size=(3, 4)), "b1": np.zeros(4),
            "W2": rng.normal(size=(4, 2)), "b2": np.zeros(2)}

def forward(p, X):
    z1 = X.dot(p["W1"]) + p["b1"]
    a1 = np.maximum(z1, 0)
    return {"z1": z1, "a1": a1, "out": a1.dot(p["W2"]) + p["b2"]}

def backward(p, c, X, T):
    d2 = (c["out"] - T) / len(X)
    d1 = d2.dot(p["W2"].T) * (c["z1"] > 0)
    return {"W1": X.T.dot(d1), "b1": d1.sum(axis=0), "W2": c["a1"].T.dot(d2), "b2": d2.sum(axis=0)}

p = init()
for step in range(40):
    c = forward(p, X)
    g = backward(p, c, X, T)
    for name in p:
        p[name] = p[name] - 0.1 * g[name]
""",
        {'p["W1"]': (3, 4), 'p["b1"]': (4,), 'p["W2"]': (4, 2), 'p["b2"]': (2,)},
        "squared_error",
        0.1 / 12,
    ),
    "class": Style(
        DATA
        + """
class Net:
    def __init__(self):
        self.weights = rng.normal(size=(3, 4))
        self.out_weights = rng.normal(size=(4, 2))

    def forward(self, x):
        self.h = np.tanh(np.dot(x, self.weights))
        return np.tanh(np.dot(self.h, self.out_weights))

    def train(self, x, t):
        o = self.forward(x)
        delta = (t - o) * (1 - o ** 2)
        hidden = np.dot(delta, self.out_weights.T) * (1 - self.h ** 2)
        self.out_weights += 0.2 * np.dot(self.h.T, delta)
        self.weights += 0.2 * np.dot(x.T, hidden)

net = Net()
for _ in range(40):
    net.train(X, T)
""",
        {"self.weights": (3, 4), "self.out_weights": (4, 2)},
        "squared_error",
        0.2,
    ),
    "samples": Style(
        DATA
        + """
W, b = rng.normal(size=(2, 3)), np.zeros(2)
V, c = rng.normal(size=(2, 2)), np.zeros(2)
for epoch in range(5):
    for x, t in zip(X, T):
        h = np.tanh(W @ x + b)
        o = 1 / (1 + np.exp(-(V @ h + c)))
        e = (o - t) * o * (1 - o)
        g = (V.T @ e) * (1 - h * h)
        V -= 0.4 * np.outer(e, h)
        c -= 0.4 * e
        W -= 0.4 * np.outer(g, x)
        b -= 0.4 * g
""",
        {"W": (2, 3), "b": (2,), "V": (2, 2), "c": (2,)},
        "squared_error",
        0.4,
        labels=(2,),
        updates=60,
    ),
    "lists": Style(
        """import math, random
random.seed(3)
X = [[random.uniform(-1, 1) for _ in range(2)] for _ in range(10)]
T = [1.0 if x[0] > x[1] else 0.0 for x in X]
w = [[random.uniform(-1, 1) for _ in range(2)] for _ in range(3)]
v = [random.uniform(-1, 1) for _ in range(3)]

def sigmoid(z):
    return 1.0 / (1.0 + math.exp(-z))

for epoch in range(6):
    for x, t in zip(X, T):
        h = [sigmoid(sum(w[j][i] * x[i] for i in range(2))) for j in range(3)]
        o = sigmoid(sum(v[j] * h[j] for j in range(3)))
        d = (o - t) * o * (1 - o)
        for j in range(3):
            e = d * v[j] * h[j] * (1 - h[j])
            v[j] -= 0.7 * d * h[j]
            for i in range(2):
                w[j][i] -= 0.7 * e * x[i]
""",
        {"w[j][i]": (6,), "v[j]": (3,)},
        "squared_error",
        0.7,
        labels=(),
        updates=60,
    ),
    "momentum": Style(
        DATA
        + """
W, b = rng.normal(size=(3, 2)), np.zeros(2)
vW, vb = np.zeros_like(W), np.zeros_like(b)
for step in range(40):
    o = np.tanh(X @ W + b)
    d = (o - T) * (1 - o**2) / len(X)
    vW = 0.9 * vW - 0.2 * X.T @ d
    vb = 0.9 * vb - 0.2 * d.sum(axis=0)
    W += vW
    b += vb
""",
        {"W": (3, 2), "b": (2,)},
        "squared_error",
        0.2 / 12,
        momentum=0.9,
    ),
    "adam": Style(
        DATA
        + """
P = [rng.normal(size=(3, 4)), np.zeros(4), rng.normal(size=(4, 2)), np.zeros(2)]
M = [np.zeros_like(p) for p in P]
S = [np.zeros_like(p) for p in P]
for t in range(1, 41):
    h = np.tanh(X @ P[0] + P[1])
    o = h @ P[2] + P[3]
    d = (o - T) / len(X)
    e = d @ P[2].T * (1 - h**2)
    G = [X.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0)]
    for k in range(4):
        M[k] = 0.9 * M[k] + 0.1 * G[k]
        S[k] = 0.99 * S[k] + 0.01 * G[k] ** 2
        P[k] = P[k] - 0.05 * (M[k] / (1 - 0.9**t)) / (np.sqrt(S[k] / (1 - 0.99**t)) + 1e-8)
""",
        {"p 0": (3, 4), "p 1": (4,), "p 2": (4, 2), "p 3": (2,)},
        "squared_error",
        1 / 12,
        adaptive=True,
    ),
    "decay": Style(
        DATA
        + """
W1, b1 = rng.normal(size=(3, 4)), np.zeros(4)
W2, b2 = rng.normal(size=(4, 2)), np.zeros(2)
for step in range(40):
    h = np.tanh(X @ W1 + b1)
    o = h @ W2 + b2
    d = (o - T) / len(X)
    e = d @ W2.T * (1 - h**2)
    dW2 = h.T @ d + 0.05 * W2
    dW1 = X.T @ e + 0.05 * W1
    W1 -= 0.3 * dW1
    b1 -= 0.3 * e.sum(axis=0)
    W2 -= 0.3 * dW2
    b2 -= 0.3 * d.sum(axis=0)
""",
        {"W1": (3, 4), "b1": (4,), "W2": (4, 2), "b2": (2,)},
        "squared_error",
        0.3 / 12,
        decay={"W1": 0.3 * 0.05, "W2": 0.3 * 0.05},
    ),
    "picked": Style(
        """import numpy as np
np.random.seed(0)
X = np.random.randn(15, 3)
y = np.argmax(X + 0.1 * np.random.randn(15, 3), axis=1)
n = len(X)
W = np.random.randn(3, 5)
b = np.zeros((1, 5))
W2 = np.random.randn(5, 3)
b2 = np.zeros((1, 3))
for i in range(40):
    hidden = np.maximum(0, np.dot(X, W) + b)
    scores = np.dot(hidden, W2) + b2
    exp_scores = np.exp(scores)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    dscores = probs
    dscores[np.arange(n), y] -= 1
    dscores /= n
    dW2 = np.dot(hidden.T, dscores)
    db2 = np.sum(dscores, axis=0, keepdims=True)
    dhidden = np.dot(dscores, W2.T)
    dhidden[hidden <= 0] = 0
    dW = np.dot(X.T, dhidden)
    db = np.sum(dhidden, axis=0, keepdims=True)
    W += -0.6 * dW
    b += -0.6 * db
    W2 += -0.6 * dW2
    b2 += -0.6 * db2
""",
        {"W": (3, 5), "b": (1, 5), "W2": (5, 3), "b2": (1, 3)},
        "cross_entropy",
        0.6 / 15,
        labels=(15, 3),
    ),
}


@cache
def sandbox():
    """One sandbox for all programs."""
    made = Sandbox()
    atexit.register(made.close)
    return made


@cache
def traced(style, *changes):
    """A program of the table, with texts exchanged, recorded and read. ``changes`` are pairs."""
    return traced_text(changed(style, *changes))


@cache
def traced_text(text):
    """A program, recorded and read: the program and its `Traced`."""
    program = Program({"program.py": text}, "program.py")
    loops = sandbox().run(program, Request("tally")).loops
    found, why, _ = trace(lambda request: sandbox().run(program, request), loops, lambda said: None)
    assert found is not None, why
    return program, found


def changed(style, *changes):
    """The text of a program with others in place of some texts, each of which stands there once."""
    text = STYLES[style].text
    for old, new in changes:
        assert text.count(old) == 1, (style, old, text.count(old))
        text = text.replace(old, new)
    return text


def line_of(text, part):
    """The line of the one place at which a part stands."""
    assert text.count(part) == 1, part
    return text[: text.index(part)].count("\n") + 1


@dataclass(frozen=True)
class Fault:
    """One text exchanged in a program, and the parameters whose verdict is no longer "ok"."""

    style: str
    right: str
    wrong: str
    verdicts: dict[str, str]

    @property
    def change(self):
        return self.right, self.wrong

    @property
    def line(self):
        """The line of the fault: no change moves lines."""
        return line_of(STYLES[self.style].text, self.right)


FAULTS = {
    "error without its derivative in the hidden layer": Fault(
        "rows", "d2 @ W2.T * a1 * (1 - a1)", "d2 @ W2.T", {"W1": "wrong", "b1": "wrong"}
    ),
    "half of the derivative": Fault(
        "rows", "d2 @ W2.T * a1 * (1 - a1)", "d2 @ W2.T * (1 - a1)", {"W1": "wrong", "b1": "wrong"}
    ),
    "derivative of another layer": Fault(
        "rows", "d2 @ W2.T * a1 * (1 - a1)", "d2 @ W2.T * (1 - a1) ** 2",
        {"W1": "wrong", "b1": "wrong"},
    ),
    "sign of one bias": Fault(
        "rows", "b2 -= 0.5 * np.sum(d2", "b2 += 0.5 * np.sum(d2", {"b2": "sign"}
    ),
    "sign of the hidden error": Fault(
        "columns", "dZ1 = np.dot(W2.T, dZ2)", "dZ1 = -np.dot(W2.T, dZ2)",
        {"W1": "sign", "b1": "sign"},
    ),
    "mean missing for one parameter": Fault(
        "columns", "dW2 = 1 / m * np.dot(dZ2, A1.T)", "dW2 = np.dot(dZ2, A1.T)", {"W2": "scale"}
    ),
    "weights not transposed, square": Fault(
        "samples", "(V.T @ e) * (1 - h * h)", "(V @ e) * (1 - h * h)", {"W": "wrong", "b": "wrong"}
    ),
    "derivative of tanh at the sum instead of the output": Fault(
        "columns", "(1 - np.power(A1, 2))", "(1 - np.power(Z1, 2))", {"W1": "wrong", "b1": "wrong"}
    ),
    "mask of the wrong layer": Fault(
        "dict", '(c["z1"] > 0)', '(c["z1"] < 0)', {'p["W1"]': "wrong", 'p["b1"]': "wrong"}
    ),
    "mean of a bias that has one already": Fault(
        "dict", '"b1": d1.sum(axis=0)', '"b1": d1.mean(axis=0)', {'p["b1"]': "scale"}
    ),
    "derivative in a class": Fault(
        "class", "(1 - self.h ** 2)", "self.h * (1 - self.h)", {"self.weights": "wrong"}
    ),
    "sign in pure Python": Fault(
        "lists", "v[j] -= 0.7 * d * h[j]", "v[j] += 0.7 * d * h[j]", {"v[j]": "sign"}
    ),
    "derivative missing in pure Python": Fault(
        "lists", "e = d * v[j] * h[j] * (1 - h[j])", "e = d * v[j]", {"w[j][i]": "wrong"}
    ),
    "derivative with decay": Fault(
        "decay", "d @ W2.T * (1 - h**2)", "d @ W2.T * h", {"W1": "wrong", "b1": "wrong"}
    ),
    "derivative with Adam": Fault(
        "adam", "d @ P[2].T * (1 - h**2)", "d @ P[2].T", {"p 0": "wrong", "p 1": "wrong"}
    ),
    "mask after picked entries": Fault(
        "picked", "dhidden[hidden <= 0] = 0", "dhidden[hidden <= 1] = 0",
        {"W": "wrong", "b": "wrong"},
    ),
    "mean missing for one bias": Fault(
        "picked", "db2 = np.sum(dscores, axis=0, keepdims=True)",
        "db2 = n * np.sum(dscores, axis=0, keepdims=True)", {"b2": "scale"},
    ),
}  # fmt: skip


def names_of(found):
    """What the parameters are called; with a number where several are called the same."""
    names = [found.name_of(k) for k in range(len(found.steps.parameters))]
    return [name if names.count(name) == 1 else f"{name} {k}" for k, name in enumerate(names)]


def verdicts_of(found):
    """The verdicts by name."""
    return dict(zip(names_of(found), found.judgement.verdicts, strict=True))
