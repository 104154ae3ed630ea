"""Scores on held-out data are those that scikit-learn's metrics give for the same predictions."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

from unstuck.core.network import Network
from unstuck.training.evaluate import ROWS, evaluate

N = 2 * ROWS + 17  # several pieces


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_r2_is_the_mean_over_the_outputs(rng):
    net = Network.mlp([3, 2], loss="squared_error", random_state=0)
    X, w = rng.normal(size=(N, 3)), rng.random(N)
    Y = rng.normal(size=(N, 2)) * [1.0, 10.0] + [0.0, 1e3]
    predicted = net.predict(X)
    assert evaluate(net, X, Y).score == pytest.approx(r2_score(Y, predicted))
    weighted = r2_score(Y, predicted, sample_weight=w)
    assert evaluate(net, X, Y, w).score == pytest.approx(weighted)


def test_an_output_that_does_not_vary_is_met_or_not(rng):
    net = Network.mlp([3, 2], loss="squared_error", random_state=0)
    X = rng.normal(size=(50, 3))
    net.theta[...] = 0.0
    net["b1"][...] = [0.0, 0.1]
    Y = np.column_stack([rng.normal(size=50), np.full(50, 0.1)])
    first = r2_score(Y[:, 0], np.zeros(50))
    assert evaluate(net, X, Y, rng.random(50)).score < 1.0
    assert evaluate(net, X, Y).score == pytest.approx((first + 1.0) / 2)
    net["b1"][...] = [0.0, 0.2]
    assert evaluate(net, X, Y).score == pytest.approx(first / 2)


def test_accuracy_weighted_and_of_all_labels_at_once(rng):
    X, w = rng.normal(size=(N, 3)), rng.random(N)
    net = Network.mlp([3, 4], random_state=0)
    y = rng.integers(4, size=N)
    expected = accuracy_score(y, net.predict(X), sample_weight=w)
    assert evaluate(net, X, y, w).score == pytest.approx(expected)
    net = Network.mlp([3, 2], loss="binary_cross_entropy", random_state=0)
    labels = rng.integers(2, size=(N, 2))
    assert evaluate(net, X, labels).score == pytest.approx(accuracy_score(labels, net.predict(X)))
