"""Small whole programs, broken and healthy, and what the checks of the doctor see of them.

`NET` learns as it stands; a broken program is `net` with texts exchanged. `HEALTHY` are programs
that look like broken ones: no check may suspect them. Each is run at most once for all tests.
"""

import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np
from tests.trace.programs import sandbox

from unstuck.doctor.fixes.patch import apply
from unstuck.trace.program import Program
from unstuck.trace.request import Outcome, Request
from unstuck.trace.tape import Tape
from unstuck.trace.traced import Traced, trace

DATA = """import numpy as np
rng = np.random.default_rng(1)
X = rng.normal(size=(40, 3))
T = (X[:, :1] * X[:, 1:2] > 0).astype(float)
"""
NET = (
    DATA
    + """W1, b1 = rng.normal(size=(3, 8)), np.zeros(8)
W2, b2 = rng.normal(size=(8, 1)), np.zeros(1)
for step in range(60):
    h = np.tanh(X @ W1 + b1)
    o = 1 / (1 + np.exp(-(h @ W2 + b2)))
    d = (o - T) / len(X)
    e = d @ W2.T * (1 - h**2)
    W1 = W1 - 0.5 * X.T @ e
    b1 = b1 - 0.5 * e.sum(axis=0)
    W2 = W2 - 0.5 * h.T @ d
    b2 = b2 - 0.5 * d.sum(axis=0)
"""
)
CLASS = (
    DATA
    + """
class Net:
    def __init__(self):
        self.reset()

    def reset(self):
        self.W1, self.b1 = rng.normal(size=(3, 8)), np.zeros(8)
        self.W2, self.b2 = rng.normal(size=(8, 1)), np.zeros(1)

    def fit(self, X, T):
        for start in range(0, 40, 10):
            self.step(X[start:start + 10], T[start:start + 10])

    def step(self, X, T):
        h = np.tanh(X @ self.W1 + self.b1)
        o = 1 / (1 + np.exp(-(h @ self.W2 + self.b2)))
        d = (o - T) / len(X)
        e = d @ self.W2.T * (1 - h**2)
        self.W1 -= 0.5 * X.T @ e
        self.b1 -= 0.5 * e.sum(axis=0)
        self.W2 -= 0.5 * h.T @ d
        self.b2 -= 0.5 * d.sum(axis=0)

net = Net()
for epoch in range(30):
    net.fit(X, T)
"""
)
ROUNDS = (
    DATA
    + """
best = -1.0
for trial in range(3):
    W1, b1 = rng.normal(size=(3, 8)), np.zeros(8)
    W2, b2 = rng.normal(size=(8, 1)), np.zeros(1)
    for step in range(60):
        h = np.tanh(X @ W1 + b1)
        o = 1 / (1 + np.exp(-(h @ W2 + b2)))
        d = (o - T) / len(X)
        e = d @ W2.T * (1 - h**2)
        W1 -= 0.5 * X.T @ e
        b1 -= 0.5 * e.sum(axis=0)
        W2 -= 0.5 * h.T @ d
        b2 -= 0.5 * d.sum(axis=0)
    score = np.mean((o > 0.5) == T)
    if score > best:
        best, kept = score, (W1, b1, W2, b2)
"""
)
LISTS = (
    DATA
    + """
P = [rng.normal(size=(3, 8)), np.zeros(8), rng.normal(size=(8, 1)), np.zeros(1)]
V = [np.zeros_like(p) for p in P]
for step in range(60):
    h = np.tanh(X @ P[0] + P[1])
    o = 1 / (1 + np.exp(-(h @ P[2] + P[3])))
    d = (o - T) / len(X)
    e = d @ P[2].T * (1 - h**2)
    G = [X.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0)]
    for k in range(4):
        V[k] *= 0.9
        V[k] -= 0.1 * G[k]
        P[k] += V[k]
"""
)


def exchanged(text, *changes):
    """A text with others in place of some, each of which stands there once."""
    for old, new in changes:
        assert text.count(old) == 1, (old, text.count(old))
        text = text.replace(old, new)
    return text


def net(*changes):
    """`NET` with texts exchanged."""
    return exchanged(NET, *changes)


@dataclass(frozen=True)
class Seen:
    """A program that was run and recorded, with what the checks are given."""

    program: Program
    outcome: Outcome
    traced: Traced | None
    tape: Tape | None


@cache
def seen(text):
    """Run and record a program."""
    program = Program({"program.py": text}, "program.py")
    outcome = sandbox().run(program, Request("tally"))
    assert outcome.status == "finished", outcome.error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # random weights overflow, and may
        traced, _, tapes = trace(
            lambda request: sandbox().run(program, request), outcome.loops, lambda said: None
        )
    tape = traced.tape if traced is not None else next(iter(tapes), None)
    return Seen(program, outcome, traced, tape)


def mended(program, option):
    """The text of a program with a change made."""
    return apply(program, option.edits).files["program.py"]


def names_after(text):
    """The module's names after a program has run."""
    names = {"__name__": "__main__"}
    exec(compile(text, "program.py", "exec"), names)  # noqa: S102 - a program of ours
    return names


def assert_computes(text, right, *names):
    """The program ends with the weights that the right one ends with."""
    mine, theirs = names_after(text), names_after(right)
    for name in names or ("W1", "b1", "W2", "b2"):
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-9, atol=1e-12)


# -------------------------------------------------------------------------------- healthy

HEALTHY = {
    "plain": NET,
    "class": CLASS,
    "momentum in lists": LISTS,
    "momentum that is added": net(
        ("for step", "v = np.zeros_like(W1)\nfor step"),
        ("W1 = W1 - 0.5 * X.T @ e", "v = 0.9 * v - 0.5 * X.T @ e\n    W1 = W1 + v"),
    ),
    "the old weights kept": net(
        ("    h = np", "    w_old = W1\n    h = np"), ("W1 = W1 - 0.5", "W1 = w_old - 0.5")
    ),
    "errors kept": net(
        ("for step", "kept = []\nfor step"), ("    d = (o", "    kept.append(T - o)\n    d = (o")
    ),
    "noise on the inputs": net(
        ("    h = np.tanh(X @", "    x = X + 0.05 * rng.normal(size=X.shape)\n    h = np.tanh(x @"),
        ("0.5 * X.T", "0.5 * x.T"),
    ),
    "noise on the weights": net(
        ("h = np.tanh(X @ W1", "N = W1 + 0.01 * rng.normal(size=(3, 8))\n    h = np.tanh(X @ N")
    ),
    "noise on the gradient": net(
        ("W1 = W1 - 0.5 * X.T @ e", "W1 = W1 - 0.5 * (X.T @ e + 0.01 * rng.normal(size=W1.shape))")
    ),
    "noise on the step": net(
        ("0.5 * X.T @ e", "0.5 * X.T @ e + 0.001 * rng.normal(size=W1.shape)")
    ),
    "dropout": net(
        ("(X @ W1 + b1)", "(X @ W1 + b1)\n    m = (rng.random(h.shape) > 0.2) / 0.8"),
        ("-(h @ W2", "-((h * m) @ W2"), ("W2.T *", "W2.T * m *"), ("0.5 * h.T", "0.5 * (h * m).T"),
    ),
    "inputs scaled in the loop": net(
        ("    h = np.tanh(X @", "    x = X\n    x = x / 2\n    h = np.tanh(x @"),
        ("0.5 * X.T", "0.5 * x.T"),
    ),
    "a schedule": net(
        ("for step in range(60):", "rate = 0.5\nfor step in range(60):\n    rate *= 0.99"),
        ("0.5 * X.T", "rate * X.T"), ("0.5 * e.sum", "rate * e.sum"), ("0.5 * h.T", "rate * h.T"),
        ("0.5 * d.sum", "rate * d.sum"),
    ),
    "the best weights kept": net(
        ("for step", "best, kept = np.inf, None\nfor step"),
        (
            "    e = d @",
            ("    if np.abs(o - T).mean() < best:\n"
            "        best, kept = np.abs(o - T).mean(), [W1.copy(), W2.copy()]\n    e = d @"),
        ),
    ),
    "averages of the weights": net(
        ("for step", "A = np.zeros_like(W1)\nfor step"),
        ("    b1 = b1", "    A = 0.9 * A + 0.1 * W1\n    b1 = b1"),
    ),
    "numbers in lists": net(
        (
            "for step",
            ("rate = 0.5\nrates = [rate] * 4\norder = list(range(40))\n"
             "row = [k for k in range(4)]\ntable = dict(zip('ab', [W1, W2]))\n"
             "last = lowest = float('inf')\nw_old = W1\nfor step"),
        ),
        (
            "    b1 = b1",
            ("    rates[0] *= 0.9\n    order[0] = row[0] = 1\n    table['a'] = W1\n"
            "    last -= 0.1\n    b1 = b1"),
        ),
    ),
    "restarts that keep the best": ROUNDS,
    "restarts by a call": exchanged(
        CLASS,
        (
            "for epoch in range(30):\n    net.fit(X, T)",
            ("best = np.inf\nfor trial in range(30):\n    net.reset()\n    net.fit(X, T)\n"
            "    score = np.mean(np.abs(np.tanh(X @ net.W1 + net.b1) @ net.W2 - T))\n"
            "    if score < best:\n        best, kept = score, net.W1.copy()"),
        ),
    ),
    "random features": net(
        ("    e = d @ W2.T * (1 - h**2)\n", ""), ("    W1 = W1 - 0.5 * X.T @ e\n", ""),
        ("    b1 = b1 - 0.5 * e.sum(axis=0)\n", ""),
    ),
    "layers that hand their error on": DATA
    + """
class Layer:
    def __init__(self, n, m):
        self.W, self.b = rng.normal(size=(n, m)), np.zeros(m)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, g, rate):
        dx = g @ self.W.T
        self.W -= rate * self.x.T @ g
        self.b -= rate * g.sum(axis=0)
        return dx
scale = np.full((40, 3), 0.5)
one, two = Layer(3, 8), Layer(8, 1)
for step in range(60):
    h = np.tanh(one.forward(X * scale))
    o = 1 / (1 + np.exp(-two.forward(h)))
    g = two.backward((o - T) / len(X), 0.5)
    g = one.backward(g * (1 - h**2), 0.5)
""",
    "a linear bottleneck": DATA
    + """
W1, W2, W3 = rng.normal(size=(3, 8)), rng.normal(size=(8, 4)) * 0.5, rng.normal(size=(4, 1))
for step in range(60):
    h = np.tanh(X @ W1)
    u = h @ W2
    o = 1 / (1 + np.exp(-(u @ W3)))
    d = (o - T) / len(X)
    du = d @ W3.T
    e = du @ W2.T * (1 - h**2)
    W3 = W3 - 0.5 * u.T @ d
    W2 = W2 - 0.5 * h.T @ du
    W1 = W1 - 0.5 * X.T @ e
""",
    "sums over the samples": DATA
    + """
w, b = rng.normal(size=3) * 0.1, 0.0
for epoch in range(30):
    dw, db = np.zeros(3), 0.0
    for x, t in zip(X, T[:, 0]):
        o = 1 / (1 + np.exp(-(w @ x + b)))
        dw += (o - t) * x
        db += o - t
    w = w - 0.5 * dw / len(X)
    b = b - 0.5 * db / len(X)
""",
    "normalised batches": DATA
    + """
W1, gamma, beta = rng.normal(size=(3, 8)), np.ones(8), np.zeros(8)
W2, b2 = rng.normal(size=(8, 1)), np.zeros(1)
run_mean, run_var = np.zeros(8), np.ones(8)
for step in range(60):
    z = X @ W1
    mu, var = z.mean(0), z.var(0)
    run_mean = 0.9 * run_mean + 0.1 * mu
    run_var = 0.9 * run_var + 0.1 * var
    xh = (z - mu) / np.sqrt(var + 1e-5)
    n = gamma * xh + beta
    h = np.maximum(n, 0)
    o = 1 / (1 + np.exp(-(h @ W2 + b2)))
    d = (o - T) / len(X)
    dn = d @ W2.T * (n > 0)
    dxh = dn * gamma
    dz = (dxh - dxh.mean(0) - xh * (dxh * xh).mean(0)) / np.sqrt(var + 1e-5)
    W2 -= 0.5 * h.T @ d
    b2 -= 0.5 * d.sum(0)
    W1 -= 0.5 * X.T @ dz
    gamma -= 0.5 * (dn * xh).sum(0)
    beta -= 0.5 * dn.sum(0)
""",
    "noise that is predicted": """import numpy as np
rng = np.random.default_rng(1)
X = rng.normal(size=(40, 1)) @ np.ones((1, 3))
W1, b1 = rng.normal(size=(3, 8)) * 0.5, np.zeros(8)
W2, b2 = rng.normal(size=(8, 3)) * 0.5, np.zeros(3)
for step in range(60):
    noise = rng.normal(size=X.shape)
    x = 0.7 * X + 0.7 * noise
    h = np.tanh(x @ W1 + b1)
    d = (h @ W2 + b2 - noise) / len(X)
    e = d @ W2.T * (1 - h**2)
    W1 = W1 - 0.5 * x.T @ e
    b1 = b1 - 0.5 * e.sum(axis=0)
    W2 = W2 - 0.5 * h.T @ d
    b2 = b2 - 0.5 * d.sum(axis=0)
""",
    "samples drawn in every step, as their own labels": """import numpy as np
rng = np.random.default_rng(1)
E, D = rng.normal(size=(4, 2)) * 0.5, rng.normal(size=(2, 4)) * 0.5
kept = []
for step in range(60):
    x = rng.normal(size=(16, 4))
    h = np.tanh(x @ E)
    o = h @ D
    kept.append(x - o)
    d = (o - x) / len(x)
    e = d @ D.T * (1 - h**2)
    E -= 0.1 * x.T @ e
    D -= 0.1 * h.T @ d
""",
    "rows of an embedding": """import numpy as np
rng = np.random.default_rng(1)
words = rng.integers(0, 6, size=(40, 2))
y = ((words[:, 0] + words[:, 1]) % 2).astype(float)
E, w, b = rng.normal(size=(6, 4)) * 0.5, rng.normal(size=8) * 0.5, 0.0
for step in range(60):
    x = E[words].reshape(40, 8)
    o = 1 / (1 + np.exp(-(x @ w + b)))
    d = (o - y) / 40
    dx = np.outer(d, w).reshape(40, 2, 4)
    w -= 0.5 * x.T @ d
    b -= 0.5 * d.sum()
    np.add.at(E, words, -0.5 * dx)
""",
    "a recurrent network": """import numpy as np
rng = np.random.default_rng(0)
data = rng.integers(0, 3, size=60)
U, V, W = (rng.normal(size=s) * 0.3 for s in ((6, 3), (3, 6), (6, 6)))
state = np.zeros((6, 1))
for n in range(40):
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    xs, hs, ps = {}, {-1: np.copy(state)}, {}
    for t in range(4):
        xs[t] = np.zeros((3, 1))
        xs[t][data[n + t]] = 1
        hs[t] = np.tanh(U @ xs[t] + W @ hs[t - 1])
        z = V @ hs[t]
        ps[t] = np.exp(z) / np.sum(np.exp(z))
    back = np.zeros_like(hs[0])
    for t in reversed(range(4)):
        dz = np.copy(ps[t])
        dz[data[n + t + 1]] -= 1
        dV += dz @ hs[t].T
        raw = (1 - hs[t] * hs[t]) * (V.T @ dz + back)
        dU += raw @ xs[t].T
        dW += raw @ hs[t - 1].T
        back = W.T @ raw
    state = hs[3]
    U -= 0.1 * dU
    V -= 0.1 * dV
    W -= 0.1 * dW
""",
    # Nothing of these learns by steps; there is nothing to be missed.
    "views of one flat array": DATA
    + """
sizes = [3, 1]
theta = rng.normal(size=4) * 0.5
grad = np.zeros_like(theta)
W, b = theta[:3].reshape(3, 1), theta[3:]
gW, gb = grad[:3].reshape(3, 1), grad[3:]
for step in range(60):
    a = X
    for k in range(len(sizes) - 2):
        a = np.tanh(a @ hidden[k])
    o = 1 / (1 + np.exp(-(a @ W + b)))
    d = (o - T) / len(X)
    gW[...] = X.T @ d
    gb[...] = d.sum(0)
    theta -= 0.5 * grad
""",
    "a reservoir": """import numpy as np
rng = np.random.default_rng(0)
u = np.sin(np.arange(120) * 0.3)
W, V, state, states = rng.normal(size=(10, 10)) * 0.2, rng.normal(size=10), np.zeros(10), []
for t in range(119):
    state = 0.9 * np.tanh(W @ state + V * u[t])
    states.append(state)
S = np.array(states)
out = np.linalg.solve(S.T @ S + 1e-3 * np.eye(10), S.T @ u[1:])
""",
    "a gated cell that only runs": """import numpy as np
rng = np.random.default_rng(0)
W, U, h = rng.normal(size=(6, 6)) * 0.4, rng.normal(size=(6, 6)) * 0.4, np.zeros(6)
for t in range(40):
    z = 1 / (1 + np.exp(-(W @ h)))
    h = (1 - z) * np.tanh(U @ h + np.sin(t)) + z * h
""",
    "a power iteration": """import numpy as np
rng = np.random.default_rng(0)
A, v = rng.normal(size=(6, 6)), rng.normal(size=(6, 1))
A, u = A @ A.T, np.linalg.eigh(A @ A.T)[1][:, -1:]
for k in range(50):
    v = A @ v - (u.T @ v) * u
    v = v / np.sqrt((v * v).sum())
""",
    "sums of random products": """import numpy as np
rng = np.random.default_rng(0)
A, total = rng.normal(size=(4, 4)), np.zeros((4, 4))
for k in range(30):
    z = rng.normal(size=(4, 4))
    C = A @ z @ z.T @ A.T
    total += C
""",
    "random search": DATA
    + """
best, w = np.inf, None
for step in range(60):
    trial = rng.normal(size=(3, 1))
    error = ((X @ trial - T) ** 2).mean()
    if error < best:
        w, best = trial, error
""",
    "evolution": DATA
    + """
w = rng.normal(size=(3, 1))
def loss(w):
    return ((X @ w - T) ** 2).mean()
for step in range(40):
    g = np.zeros_like(w)
    for k in range(4):
        eps = rng.normal(size=w.shape)
        g += (loss(w + 0.1 * eps) - loss(w - 0.1 * eps)) / 0.2 * eps
    w = w - 0.05 * g / 4
""",
}  # fmt: skip
