"""What the record says about layers, against numbers computed another way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unstuck.core.losses import SquaredError
from unstuck.core.network import Network
from unstuck.record.run_record import LAYER_SERIES, RUN_SERIES
from unstuck.training.observe import Observer, dense_places, stride_for
from unstuck.training.trainer import Trainer

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(200, 6)), RNG.integers(0, 3, 200)


def look(net: Network, n: int = 50) -> dict[str, Any]:
    return Observer(net, net.prepare(X[:n]), net.encode(Y[:n])).look()


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(
    ("output", "loss"), [("softmax", "cross_entropy"), ("tanh", "squared_error")]
)
def test_gradient_spread_is_that_of_one_samples_cost(
    output: str, loss: str, batch_norm: bool
) -> None:
    """dL/dz by finite differences: a bias added to z of one unit and sample moves the cost."""
    net = Network.mlp(
        [6, 5, 4, 3], "tanh", output, loss, batch_norm=batch_norm, dropout=0.2, random_state=0
    )
    n, h = 8, 1e-6
    x, T = net.prepare(X[:n]), net.encode(Y[:n])
    seen = Observer(net, x, T).look()
    places = dense_places(net)
    for k, (dense, activate) in enumerate(places):
        assert activate is not None
        values = net.propagate(x, training=True).values
        measured = np.empty((n, net.layers[dense].fan_out))
        for i, j in np.ndindex(measured.shape):
            costs = []
            for sign in (1, -1):
                z = values[activate].copy()
                z[i, j] += sign * h
                a = z
                for m in range(activate, len(net.layers)):
                    before = a
                    views, states = net._layer_views[m], net._layer_states[m]
                    a = net.layers[m].forward(a, views, states, _training_pass(), None)
                costs.append(net.loss_function.value(before, a, T, None))
            measured[i, j] = (costs[0] - costs[1]) / (2 * h)
        expected = n * np.sqrt(np.mean(measured**2))
        assert seen["gradient_std"][k] == pytest.approx(expected, rel=1e-4), k


def _training_pass() -> Any:
    from unstuck.core.layers import Pass

    return Pass(training=True)


def test_spreads_and_shares_are_those_of_the_layers() -> None:
    net = Network.mlp([6, 40, 40, 3], "sigmoid", random_state=0)
    net["W1"] *= 1000.0
    seen = look(net)
    z1 = X[:50] @ net["W1"] + net["b1"]
    a1 = 1 / (1 + np.exp(-np.clip(z1, -500, 500)))
    assert seen["preactivation_std"][0] == pytest.approx(z1.std())
    assert seen["activation_mean"][0] == pytest.approx(a1.mean())
    assert seen["saturated"][0] == pytest.approx(np.mean(a1 * (1 - a1) < 0.0025))
    assert seen["saturated"][0] > 0.9
    assert seen["saturated"][1] < 0.2
    assert np.isnan(seen["dead"]).all()
    assert seen["weight_std"][1] == pytest.approx(net["W2"].std())


def test_dead_units_are_counted() -> None:
    net = Network.mlp([6, 10, 3], "relu", random_state=0)
    net["b1"][:4] = -1e3
    seen = look(net)
    assert seen["dead"][0] == pytest.approx(0.4)
    assert np.isnan(seen["saturated"][0])


def test_looking_changes_nothing() -> None:
    net = Network.mlp([6, 10, 3], "relu", batch_norm=True, random_state=0)
    theta, state = net.theta.copy(), net.state.copy()
    look(net)
    assert np.array_equal(net.theta, theta)
    assert np.array_equal(net.state, state)


def test_a_runs_record_is_complete_and_ends_where_training_ended() -> None:
    net = Network.mlp([6, 10, 3], "tanh", random_state=0)
    history = Trainer(net, "sgd", learning_rate=0.1, epochs=30, random_state=0).fit(X, Y)
    record = history.record
    assert set(record.series) == set(RUN_SERIES) | set(LAYER_SERIES)
    assert [layer.parameters for layer in record.layers] == [("W1", "b1"), ("W2", "b2")]
    assert record["step"][[0, 1, 2, 3]].tolist() == [0, 1, 2, 4]
    assert record["step"][-1] == history.iterations[-1]
    assert record["activation_std"].shape == (len(record), 2)
    assert record["cost"][-1] < record["cost"][0]
    assert record.facts["samples"] == 200
    assert record.facts["loss"] == "cross_entropy"


def test_update_ratio_is_how_far_the_weights_moved() -> None:
    net = Network.mlp([6, 1], loss=SquaredError(), random_state=0)
    before = net["W1"].copy()
    options: Any = {"batch_size": "all", "shuffle": False, "random_state": 0}
    history = Trainer(net, "sgd", learning_rate=0.1, iterations=1, **options).fit(X, X[:, 0])
    moved = np.linalg.norm(net["W1"] - before) / np.linalg.norm(net["W1"])
    assert history.record["update_ratio"][0, 0] == pytest.approx(moved)


def test_larger_steps_are_looked_at_more_often() -> None:
    net = Network.mlp([784, 128, 128, 10], random_state=0)
    strides = [stride_for(net, batch, "numpy") for batch in (1, 64, 4096)]
    assert strides == sorted(strides, reverse=True)
    assert strides[0] > 10 * strides[2]
