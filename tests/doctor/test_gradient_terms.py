"""Whole gradients whose mistake is in one line or term: its place, its code, what belongs there."""

import pytest
from tests.doctor.programs import DATA, NET, assert_computes, mended, net, seen
from tests.trace.programs import line_of

from unstuck.doctor.gradient import judge_gradients_of
from unstuck.doctor.overflow import overflows

DEEP = (
    DATA
    + """
sizes = [3, 6, 6, 6, 1]
W = [rng.normal(size=s) for s in zip(sizes, sizes[1:])]
for step in range(40):
    layers = [X]
    for k in range(4):
        z = layers[-1] @ W[k]
        layers.append(np.tanh(z) if k < 3 else z)
    delta = (layers[-1] - T) / len(X)
    for k in reversed(range(4)):
        g = layers[k].T @ delta
        delta = delta @ W[k].T * (1 - layers[k] ** 2)
        W[k] -= 0.1 * g
"""
)
LINEAR = (
    DATA
    + """
w, b = np.zeros(3), 0.0
for step in range(60):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    error = p - T[:, 0]
    w -= 0.5 * X.T @ error / len(X)
    b -= 0.5 * error.mean()
"""
)
SAMPLES = (
    DATA
    + """
w, b = np.zeros(3), 0.0
for epoch in range(10):
    for x, t in zip(X, T[:, 0]):
        out = x @ w + b
        e = out - t
        for j in range(3):
            w[j] -= 0.1 * e * x[j]
        b -= 0.1 * e
"""
)
DECAYED = net(("0.5 * X.T @ e", "0.5 * (X.T @ e + 0.01 * W1)"))
SOFTMAX = (
    DATA
    + """
def softmax(s):
    s = s - s.max(axis=1, keepdims=True)
    e = np.exp(s)
    return e / e.sum(axis=1, keepdims=True)

Y = np.c_[T, 1 - T]
V = np.zeros((3, 2))
for step in range(30):
    V -= 900.0 * X.T @ (softmax(30 * X @ V) - Y)
"""
)


def changed(text, old, new):
    assert text.count(old) == 1, old
    return text.replace(old, new)


def found(text):
    here = seen(text)
    return here, judge_gradients_of(here.program, here.traced, 30.0).suspects


BROKEN = {
    "derivative in a loop over layers": (
        DEEP, "(1 - layers[k] ** 2)", "layers[k]", "G103", ("W",),
    ),
    "derivative missing in such a loop": (
        DEEP, " * (1 - layers[k] ** 2)", "", "G102", ("W",),
    ),
    "no label in the gradient": (LINEAR, "X.T @ error", "X.T @ p", "G104", ("w", "b")),
    "no label, entry by entry": (SAMPLES, "0.1 * e * x[j]", "0.1 * out * x[j]", "G104", ("w", "b")),
    "no loss has this delta": (LINEAR, "p - T[:, 0]", "-T[:, 0] / p", "G107", ("w", "b")),
    "the loss itself as delta": (NET, "(o - T) / len(X)", "(o - T) ** 2 / len(X)", "G107", ()),
    "squared weights as penalty": (DECAYED, "0.01 * W1", "0.01 * W1**2", "G110", ()),
    "one sum as penalty": (DECAYED, "0.01 * W1", "0.01 * np.sum(W1)", "G110", ()),
    "a penalty that pushes": (DECAYED, "e + 0.01 * W1", "e - 0.01 * W1", "G110", ()),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_one_line_is_named_and_mended(name):
    right, old, new, code, names = BROKEN[name]
    text = changed(right, old, new)
    here, suspects = found(text)
    assert [s.code for s in suspects] == [code]
    (suspect,) = suspects
    line = right[: right.index(old)].count("\n") + 1
    assert suspect.finding.span.line == line
    if names == ("W",):
        mine, theirs = seen(mended(here.program, suspect.options[0])), seen(right)
        assert [v.ratio for v in mine.traced.judgement.verdicts] == pytest.approx(
            [v.ratio for v in theirs.traced.judgement.verdicts]
        )
    else:
        assert_computes(mended(here.program, suspect.options[0]), right, *names)


@pytest.mark.parametrize(
    "text",
    [
        DEEP,
        LINEAR,
        SAMPLES,
        DECAYED,
        changed(DECAYED, "0.01 * W1", "0.01 * np.sign(W1)"),
        changed(LINEAR, "p - T[:, 0]", "p - (1 - T[:, 0])"),
        changed(
            changed(LINEAR, "for step", "v = np.zeros(3)\nfor step"),
            "    w -= 0.5 * X.T @ error / len(X)",
            "    v = 0.9 * v + 0.5 * X.T @ error / len(X)\n    w -= v",
        ),
        changed(LINEAR, "X.T @ error / len(X)", "(X.T @ error / len(X) + rng.normal(size=3))"),
    ],
    ids=["deep", "linear", "samples", "decay", "lasso", "contrary", "momentum", "noise"],
)
def test_right_ones_are_right(text):
    here, suspects = found(text)
    assert suspects == []
    assert {v.verdict for v in here.traced.judgement.verdicts} == {"ok"}


def test_where_nan_begins():
    text = changed(SOFTMAX, "    s = s - s.max(axis=1, keepdims=True)\n", "")
    here, suspects = found(text)
    assert suspects == []
    (suspect,) = overflows(here.program, here.traced)
    assert suspect.code == "O504"
    assert suspect.finding.span.line == line_of(text, "e = np.exp(s)")
    assert suspect.finding.evidence["largest"] > 700
    assert_computes(mended(here.program, suspect.options[0]), SOFTMAX, "V")


@pytest.mark.parametrize("text", [SOFTMAX, changed(LINEAR, "w -= 0.5", "w -= 5000.0"), NET])
def test_an_overflow_that_harms_nothing(text):
    here = seen(text)
    assert overflows(here.program, here.traced) == []
