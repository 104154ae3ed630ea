"""A softmax over one output, and class numbers where one column a class is meant."""

import pytest
from tests.doctor.programs import HEALTHY, NET, assert_computes, exchanged, mended, net, seen
from tests.trace.programs import line_of

from unstuck.doctor.outputs import softmax_of_one
from unstuck.doctor.soft import one_column_a_class

SIGMOID = "1 / (1 + np.exp(-(h @ W2 + b2)))"
HELPER = "def softmax(z):\n    e = np.exp(z - z.max(axis=1, keepdims=True))\n"


def found(text):
    here = seen(text)
    return here, softmax_of_one(here.program, here.traced) if here.traced is not None else []


@pytest.mark.parametrize("name", HEALTHY)
def test_other_outputs_are_left_alone(name):
    assert found(HEALTHY[name])[1] == []


def test_a_softmax_written_out():
    shares = "np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)"
    text = net((f"o = {SIGMOID}", f"z = h @ W2 + b2\n    o = {shares}"))
    here, (suspect,) = found(text)
    assert suspect.code == "O502"
    assert suspect.finding.span.line == line_of(text, "o = np.exp(z)")
    assert_computes(mended(here.program, suspect.options[0]), NET)


def test_a_softmax_in_a_function():
    helper = f"{HELPER}    return e / e.sum(axis=1, keepdims=True)\n"
    text = exchanged(net((SIGMOID, "softmax(h @ W2 + b2)")), ("W1, b1", f"{helper}W1, b1"))
    here, (suspect,) = found(text)
    changed = mended(here.program, suspect.options[0])
    assert "return 1 / (1 + np.exp(-(z)))" in changed
    assert_computes(changed, NET)


COLUMNS = """import numpy as np
rng = np.random.default_rng(0)
labels = rng.integers(0, 3, 60)
X = rng.normal(size=(60, 2)) + 3 * np.eye(3)[labels][:, :2]
T = np.eye(3)[labels]
W, b = np.zeros((2, 3)), np.zeros(3)
for step in range(40):
    z = np.exp(X @ W + b)
    o = z / z.sum(axis=1, keepdims=True)
    d = (o - T) / len(X)
    W = W - 0.5 * X.T @ d
    b = b - 0.5 * d.sum(axis=0)
"""
ROWS = """import numpy as np
rng = np.random.default_rng(0)
labels = rng.integers(1, 4, 60)
X = (rng.normal(size=(60, 2)) + 3 * np.eye(3)[labels - 1][:, :2]).T
T = np.eye(3)[labels - 1].T
W, b = np.zeros((3, 2)), np.zeros((3, 1))
for step in range(40):
    z = np.exp(W @ X + b)
    o = z / z.sum(axis=0, keepdims=True)
    d = (o - T) / 60
    W = W - 0.5 * d @ X.T
    b = b - 0.5 * d.sum(axis=1, keepdims=True)
"""


@pytest.mark.parametrize(
    ("right", "coded", "numbers"),
    [
        (COLUMNS, "np.eye(3)[labels]\nW", "labels.reshape(-1, 1)\nW"),
        (ROWS, "np.eye(3)[labels - 1].T\nW", "labels.reshape(1, -1)\nW"),
    ],
)
def test_class_numbers_become_one_column_a_class(right, coded, numbers):
    here = seen(exchanged(right, (coded, numbers)))
    option = one_column_a_class(here.program, here.traced)[0]
    assert_computes(mended(here.program, option), right, "W", "b")
