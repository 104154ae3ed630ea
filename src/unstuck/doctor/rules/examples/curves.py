"""Programs that fit numbers instead of classes."""

# Rows, mini-batches in a new order every epoch, tanh and a linear output, squared error.
SINE = """\
import numpy as np

rng = np.random.default_rng(7)
x = rng.uniform(-1, 1, (256, 1))
y = np.sin(3 * x)

W1 = rng.standard_normal((1, 16)) * 2
b1 = rng.uniform(-1, 1, 16)
W2 = rng.standard_normal((16, 1)) / 4
b2 = np.zeros(1)


def predict(x):
    return np.tanh(x @ W1 + b1) @ W2 + b2


for epoch in range(100):
    order = rng.permutation(len(x))
    for start in range(0, len(x), 32):
        rows = order[start : start + 32]
        xb, yb = x[rows], y[rows]
        h = np.tanh(xb @ W1 + b1)
        error = (h @ W2 + b2 - yb) / len(xb)
        back = error @ W2.T * (1 - h * h)
        W2 -= 0.1 * h.T @ error
        b2 -= 0.1 * error.sum(axis=0)
        W1 -= 0.1 * xb.T @ back
        b1 -= 0.1 * back.sum(axis=0)

print("loss", np.mean((predict(x) - y) ** 2))
"""

# One straight line through points, by functions that return what they change; each sample's
# gradient is added up in a loop.
LINE = """\
import numpy as np


def make_data(seed):
    rng = np.random.RandomState(seed)
    rooms = rng.randint(1, 6, 80).astype(float)
    area = 20 * rooms + rng.uniform(10, 40, 80)
    price = 1.5 + 0.4 * rooms + 0.02 * area + 0.05 * rng.randn(80)
    features = np.column_stack([rooms, area])
    return (features - features.mean(axis=0)) / features.std(axis=0), price


def slope(w, b, x, target):
    error = x @ w + b - target
    return error * x, error


def train(X, y, rate=0.2, steps=150):
    w, b = np.zeros(2), 0.0
    for _ in range(steps):
        dw, db = np.zeros(2), 0.0
        for x, target in zip(X, y):
            step_w, step_b = slope(w, b, x, target)
            dw += step_w
            db += step_b
        w, b = w - rate * dw / len(X), b - rate * db / len(X)
    return w, b


X, y = make_data(0)
w, b = train(X, y)
print("loss", np.mean((X @ w + b - y) ** 2))
"""

# An autoencoder: relu, a weight penalty, Adam.
CODE = """\
import numpy as np

rng = np.random.default_rng(8)
basis = rng.standard_normal((2, 8))
X = np.tanh(rng.standard_normal((200, 2)) @ basis)

shapes = {"We": (8, 12), "be": (12,), "Wd": (12, 8), "bd": (8,)}
p = {k: rng.standard_normal(s) / 3 if len(s) == 2 else np.zeros(s) for k, s in shapes.items()}
m = {k: np.zeros(s) for k, s in shapes.items()}
v = {k: np.zeros(s) for k, s in shapes.items()}
penalty = 1e-5

for t in range(1, 401):
    z = X @ p["We"] + p["be"]
    code = np.maximum(z, 0)
    out = code @ p["Wd"] + p["bd"]
    d_out = (out - X) / len(X)
    d_code = (d_out @ p["Wd"].T) * (z > 0)
    g = {"We": X.T @ d_code, "be": d_code.sum(0), "Wd": code.T @ d_out, "bd": d_out.sum(0)}
    for k in p:
        g[k] = g[k] + penalty * p[k]
        m[k] = 0.9 * m[k] + 0.1 * g[k]
        v[k] = 0.99 * v[k] + 0.01 * g[k] ** 2
        p[k] = p[k] - 0.02 * (m[k] / (1 - 0.9**t)) / (np.sqrt(v[k] / (1 - 0.99**t)) + 1e-8)

print("loss", np.mean((out - X) ** 2))
"""
