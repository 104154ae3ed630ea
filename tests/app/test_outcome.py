"""Scores, class by class, against an example worked by hand."""

import numpy as np
import pytest

from unstuck.app.outcome import Judged, look_at
from unstuck.core.network import Network

# Truth   a a a b b c     said   a a b b c c
Y = np.array([0, 0, 0, 1, 1, 2])
SAID = np.array([0, 0, 1, 1, 2, 2])


def judged(y=Y, said=SAID, names=("a", "b", "c", "d")):
    outputs = np.eye(len(names))[said]
    return Judged("test", np.zeros((len(y), 2)), y, outputs, 0.0, 0.0, names, None)


def test_confusion_precision_and_recall():
    assert judged().confusion.tolist() == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    a, b, c, d = judged().per_class()
    assert (a["precision"], a["recall"], a["samples"]) == (1.0, pytest.approx(2 / 3), 3)
    assert (b["precision"], b["recall"], b["samples"]) == (0.5, 0.5, 2)
    assert (c["precision"], c["recall"], c["samples"]) == (0.5, 1.0, 1)
    assert (d["precision"], d["recall"], d["samples"]) == (None, None, 0)


def test_two_classes_by_one_output():
    outputs = np.array([[0.9], [0.4], [0.6]])
    seen = Judged("test", outputs, np.array([1, 1, 0]), outputs, 0.0, 0.0, ("no", "yes"), None)
    assert seen.decisions.tolist() == [1, 0, 1]
    assert seen.confusion.tolist() == [[0, 1], [1, 1]]


def test_errors_in_the_units_of_the_target():
    y = np.array([1.0, 2.0])
    seen = Judged("test", y[:, None], y, np.array([[4.0], [-2.0]]), 0.0, 0.0, None, None)
    assert seen.errors() == {"rmse": pytest.approx(12.5**0.5), "mae": 3.5}
    assert seen.per_class() == []


def test_looking_agrees_with_the_network():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 4)), rng.integers(0, 3, 30)
    network = Network.mlp([4, 3], class_names="abc", random_state=0)
    seen = look_at(network, X, y, "file")
    assert seen.score == (network.predict(X) == y).mean()
    assert seen.cost == pytest.approx(network.loss(X, y).data)
    assert (seen.decisions == network.predict(X)).all()
