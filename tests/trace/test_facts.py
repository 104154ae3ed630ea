"""What the record says of outputs and targets: shares that add up, the place of the data set."""

import numpy as np
import pytest
from tests.doctor.programs import NET, exchanged, net, seen
from tests.trace.programs import DATA, line_of, traced

from unstuck.trace.facts import build_record, is_distribution


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([[0.2, 0.8], [0.5, 0.5]], True),
        ([[0.2, 0.5], [0.8, 0.5]], True),  # a column is a sample
        ([[0.2, 0.7], [0.5, 0.5]], False),
        ([[-0.2, 1.2], [0.5, 0.5]], False),
        ([[1.0], [1.0]], False),  # one output has nothing to share
        ([0.5, 0.5], False),
        (1.0, False),
        ([[0.0, 0.0], [0.0, 0.0]], False),
    ],
)
def test_outputs_that_are_shares(value, expected):
    assert is_distribution(np.array(value)) is expected


def record_of(found):
    return build_record(found.tape, found.steps, found.anatomy, found.judgement, found.layers, None)


LOGARITHMS = (
    DATA
    + """
T = np.stack([X[:, 0] > 0, X[:, 0] <= 0], axis=1).astype(float)
W = rng.normal(size=(3, 2))
for step in range(40):
    z = X @ W
    logs = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    p = np.exp(logs)
    W = W - 0.1 * X.T @ (p - T)
"""
)


def test_a_softmax_by_logarithms_is_one():
    record = record_of(seen(LOGARITHMS).traced)
    assert record.evidence.outputs.activation == "softmax"


def test_sigmoids_are_no_softmax():
    _, found = traced("rows")
    assert record_of(found).evidence.outputs.activation == "sigmoid"


SAMPLED = net(
    ("for step in range(60):", "for step in range(60):\n    rows = rng.integers(0, 40, size=16)"),
    ("X @ W1", "X[rows] @ W1"), ("(o - T) / len(X)", "(o - T[rows]) / 16"),
    ("0.5 * X.T", "0.5 * X[rows].T"),
)  # fmt: skip


@pytest.mark.parametrize("text", [NET, SAMPLED], ids=["whole", "batches"])
def test_targets_are_named_where_the_whole_data_set_is_made(text):
    text = exchanged(text, ("(X[:, :1] * X[:, 1:2] > 0).astype(float)", "0.5 + X[:, :1] / 9"))
    targets = record_of(seen(text).traced).evidence.targets
    assert targets.values.name == "T"
    assert targets.values.source.line == line_of(text, "T = 0.5 + X[:, :1]")


def test_rows_of_the_identity_are_not_the_data_set():
    """``np.eye(2)[y]`` in the loop: the data set is y."""
    text = net(
        ("T = (X[:, :1] * X[:, 1:2] > 0).astype(float)", "y = (X[:, 0] > 0).astype(int)"),
        ("size=(8, 1)), np.zeros(1)", "size=(8, 2)), np.zeros(2)"),
        ("    h = np", "    t = np.eye(2)[y]\n    h = np"), ("(o - T)", "(o - t)"),
    )  # fmt: skip
    targets = record_of(seen(text).traced).evidence.targets
    assert targets.kind == "one_hot"
    assert targets.values.name in {"y", "t"}
    assert "eye" not in targets.values.name
