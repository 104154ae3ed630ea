"""Weights that are read after their update: through which the error goes back, or in turns."""

import ast

import pytest
from tests.doctor.programs import DATA, NET, assert_computes, mended, net, seen
from tests.trace.programs import line_of

from unstuck.doctor.early import proved_again, updated_too_early
from unstuck.doctor.fixes.patch import apply
from unstuck.doctor.fixes.reorder import Pair, meet, reads, reordered, writes
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program

UPDATE = "    W2 = W2 - 0.5 * h.T @ d\n"
ERROR = "    e = d @ W2.T * (1 - h**2)\n"
FLAT = net((UPDATE, ""), (ERROR, UPDATE + ERROR))
IN_PLACE = FLAT.replace("W2 = W2 - 0.5 *", "W2 -= 0.5 *")
LAYERS = (
    DATA
    + """
class Dense:
    def __init__(self, a, b):
        self.W, self.b = rng.normal(size=(a, b)), np.zeros(b)

    def forward(self, x):
        self.x, self.y = x, np.tanh(x @ self.W + self.b)
        return self.y

    def backward(self, grad):
        grad = grad * (1 - self.y**2)
        self.W -= 0.3 * self.x.T @ grad
        self.b -= 0.3 * grad.sum(axis=0)
        return grad @ self.W.T

layers = [Dense(3, 6), Dense(6, 4), Dense(4, 1)]
for step in range(40):
    out = X
    for layer in layers:
        out = layer.forward(out)
    grad = (out - T) / len(X)
    for layer in reversed(layers):
        grad = layer.backward(grad)
"""
)
LAYERS_RIGHT = LAYERS.replace(
    "        self.W -=", "        back = grad @ self.W.T\n        self.W -="
).replace("return grad @ self.W.T", "return back")
LOOP = (
    DATA
    + """
P = {f"W{k}": rng.normal(size=s) for k, s in ((1, (3, 6)), (2, (6, 4)), (3, (4, 1)))}
for step in range(40):
    A = [X]
    for k in range(1, 4):
        A.append(np.tanh(A[-1] @ P[f"W{k}"]))
    delta = (A[-1] - T) / len(X) * (1 - A[-1] ** 2)
    for k in (3, 2, 1):
        P[f"W{k}"] -= 0.3 * A[k - 1].T @ delta
        if k > 1:
            delta = delta @ P[f"W{k}"].T * (1 - A[k - 1] ** 2)
"""
)
PURE = """import math, random
random.seed(3)
data = [[random.uniform(-1, 1), random.uniform(-1, 1), 1.0] for _ in range(20)]
w1 = [[random.uniform(-1, 1) for _ in range(3)] for _ in range(4)]
w2 = [random.uniform(-1, 1) for _ in range(4)]
for epoch in range(4):
    for x in data:
        t = 1.0 if x[0] * x[1] > 0 else 0.0
        h = [math.tanh(sum(a * b for a, b in zip(row, x))) for row in w1]
        o = 1 / (1 + math.exp(-sum(a * b for a, b in zip(w2, h))))
        for i in range(4):
            w2[i] -= 0.5 * (o - t) * h[i]
        for j in range(4):
            dh = (o - t) * w2[j] * (1 - h[j] ** 2)
            for k in range(3):
                w1[j][k] -= 0.5 * dh * x[k]
"""
TURNS = net(
    (UPDATE, ""),
    (
        ERROR,
        UPDATE + "    o = 1 / (1 + np.exp(-(h @ W2 + b2)))\n    d = (o - T) / len(X)\n" + ERROR,
    ),
)


@pytest.mark.parametrize(
    ("text", "line", "parameters"),
    [
        (FLAT, UPDATE, ["W1", "b1"]),
        (IN_PLACE, "    W2 -=", ["W1", "b1"]),
        (LAYERS, "        self.W -=", ["self.W", "self.b"] * 2),
        (LOOP, '        P[f"W{k}"] -=', ['P[f"W{k}"]'] * 2),
        (PURE, "        for i in range(4):", None),
    ],
    ids=["flat", "in place", "layers", "loop", "pure"],
)
def test_the_error_goes_through_new_weights(text, line, parameters):
    here = seen(text)
    suspect = updated_too_early(here.program, here.traced)
    assert suspect is not None
    assert suspect.code == "G108"
    assert suspect.finding.span.line == line_of(text, line.rstrip("\n"))
    assert parameters is None or sorted(suspect.finding.evidence["parameters"]) == sorted(
        parameters
    )
    again = seen(mended(here.program, suspect.options[0]))
    assert proved_again(suspect, again.traced).finding.proved


def test_the_right_order_computes_what_it_should():
    for text, right, names in ((FLAT, NET, ()), (LAYERS, LAYERS_RIGHT, ("out",))):
        here = seen(text)
        suspect = updated_too_early(here.program, here.traced)
        assert_computes(mended(here.program, suspect.options[0]), right, *names)


@pytest.mark.parametrize("text", [NET, LAYERS_RIGHT, TURNS], ids=["flat", "layers", "turns"])
def test_nothing_is_early(text):
    here = seen(text)
    assert updated_too_early(here.program, here.traced) is None
    assert {v.verdict for v in here.traced.judgement.verdicts} == {"ok"}


def test_a_change_that_mends_nothing_is_not_shown():
    here = seen(FLAT)
    suspect = proved_again(updated_too_early(here.program, here.traced), here.traced)
    assert suspect.options == ()
    assert suspect.finding.replacement is None


def moved(text, update, use, expression):
    """The text with the order that is right, or None."""
    line = text.splitlines()[use - 1]
    column = line.index(expression)
    span = SourceSpan("p.py", use, column, use, column + len(expression))
    edits = reordered(Program({"p.py": text}, "p.py"), [Pair("p.py", update, use, span)])
    return apply(Program({"p.py": text}, "p.py"), edits).files["p.py"] if edits else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("W -= a  # step\nd = e @ W\n", "d = e @ W\nW -= a  # step\n"),
        ("W -= e\ne = e @ W\n", "passed_back = e @ W\nW -= e\ne = passed_back\n"),
        ("W -= f(W)\ng = h(W)\nx = e @ W\n", "g = h(W)\nx = e @ W\nW -= f(W)\n"),
        (
            "def f(e):\n    W -= e\n    return e @ W\n",
            "def f(e):\n    passed_back = e @ W\n    W -= e\n    return passed_back\n",
        ),
        ("W -= e; e = e @ W\n", None),
        ("W -= a\ne = g()\ne = e @ W\na = 0\n", "e = g()\ne = e @ W\nW -= a\na = 0\n"),
        ("W -= e\ne = g()\ne = e @ W\n", None),
    ],
)
def test_statements_change_places_only_if_nobody_minds(text, expected):
    lines = text.splitlines()
    update = next(n for n, line in enumerate(lines, 1) if "W -=" in line)
    use = next(n for n, line in enumerate(lines, 1) if "e @ W" in line)
    assert moved(text, update, use, "e @ W") == expected


def test_what_statements_read_and_write():
    statement = ast.parse("self.p['W'][k] -= rate * f(self.x)").body[0]
    assert writes(statement) == {"self.p.['W'].[k]"}
    assert reads(statement) == {"self.p.['W'].[k]", "rate", "f", "self.x", "k"}
    assert meet({"self.p"}, writes(statement))
    assert not meet({"self.p.['b']"}, writes(statement))
