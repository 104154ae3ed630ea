"""The measurement sees what is there: planted sizes, dead and saturated units, steps."""

import numpy as np
import pytest

from unstuck.core.activations import custom_activation, get_activation
from unstuck.core.network import Network
from unstuck.weights.measure import largest_slope, measure, signal_share


def labels(n):
    return np.arange(n) % 10


def test_the_numbers_are_those_of_a_pass_by_hand(gaussian, adam):
    net = Network.mlp([64, 20, 10], hidden_activation="tanh", random_state=0)
    net["b1"] = 0.1
    T = net.encode(labels(256))
    seen = measure(net, gaussian, T, adam)
    z = gaussian @ net["W1"] + net["b1"]
    a = np.tanh(z)
    logits = a @ net["W2"] + net["b2"]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    delta2 = p - T  # of one sample's loss
    delta1 = delta2 @ net["W2"].T * (1 - a**2)
    first, last = seen.layers
    expected = [z.mean(), z.std(), a.mean(), a.std(), np.sqrt((delta1**2).mean())]
    got = [first.z_mean, first.z_std, first.a_mean, first.a_std, first.gradient_std]
    np.testing.assert_allclose(got, expected, rtol=1e-10)
    assert last.gradient_std == pytest.approx(np.sqrt((delta2**2).mean()))
    assert seen.loss == pytest.approx(float(-np.log((p * T).sum(axis=1)).mean()))
    shares = np.bincount(p.argmax(axis=1), minlength=10) / 256
    assert seen.largest_class_share == pytest.approx(shares.max())
    assert seen.finite


def test_measuring_changes_nothing(gaussian, adam):
    net = Network.mlp([64, 20, 10], batch_norm=True, random_state=0)
    theta, state = net.theta.copy(), net.state.copy()
    measure(net, gaussian, net.encode(labels(256)), adam)
    np.testing.assert_array_equal(net.theta, theta)
    np.testing.assert_array_equal(net.state, state)


def test_first_update_of_adam_moves_every_weight_by_the_learning_rate(gaussian, adam):
    net = Network.mlp([64, 20, 10], hidden_activation="tanh", random_state=0)
    seen = measure(net, gaussian, net.encode(labels(256)), adam)
    W = net["W1"]
    expected = adam.learning_rate / np.sqrt((W**2).mean())
    assert seen.layers[0].update_ratio == pytest.approx(expected, rel=1e-3)


def test_planted_dead_units_and_saturated_entries_are_counted(gaussian, adam):
    net = Network.mlp([64, 20, 10], hidden_activation="relu", random_state=0)
    net["b1"][:5] = -1000.0
    assert measure(net, gaussian, net.encode(labels(256)), adam).layers[0].dead == 0.25
    net = Network.mlp([64, 20, 10], hidden_activation="sigmoid", random_state=0)
    net["b1"][:5] = 50.0
    layer = measure(net, gaussian, net.encode(labels(256)), adam).layers[0]
    assert layer.saturated == pytest.approx(0.25, abs=0.01)


def test_overflow_is_said_and_no_error(gaussian, adam):
    net = Network.mlp([64, *[32] * 20, 10], hidden_activation="relu", random_state=0)
    net.theta *= 1e30
    assert not measure(net, gaussian, net.encode(labels(256)), adam).finite


@pytest.mark.parametrize(
    ("activation", "saturates"),
    [
        ("sigmoid", True),
        ("tanh", True),
        ("relu", False),
        ("gelu", False),
        (custom_activation(np.sin, name="sine"), False),
        (custom_activation(lambda z: z / (1 + np.abs(z)), name="softsign"), True),
    ],
)
def test_what_is_flat_at_both_ends_saturates(activation, saturates):
    assert (largest_slope(get_activation(activation)) is not None) == saturates


def test_signal_share_is_what_differs_between_samples():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(4000, 5)) + 3.0
    assert signal_share(z) == pytest.approx(1 / np.sqrt(10), rel=0.05)
    assert signal_share(np.zeros((3, 2))) == 0.0
