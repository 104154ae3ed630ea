"""Weights by theory, fitted to data; and a default that is given up only where it cannot work."""

from copy import deepcopy

import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import custom_activation
from unstuck.core.bias_initializers import CenteringBias
from unstuck.core.initializers import LecunNormal, Normal
from unstuck.core.layers import Dense
from unstuck.core.network import Network
from unstuck.training.history import History
from unstuck.weights.auto import (
    FITTED,
    FIXED,
    THEORY,
    begin_auto,
    check_default,
    fit_first,
    note,
    possible,
)


def network(digits, depth=2, activation="relu", initializer=None, **options):
    sizes = [64, *[32] * depth, 10]
    return Network.mlp(sizes, activation, initializer=initializer, random_state=0, **options)


@pytest.fixture
def pixels(digits):
    return digits.X_train / 16


def test_the_first_layer_fits_the_inputs(digits):
    for scale in (1 / 16, 1.0, 255 / 16):
        X = digits.X_train * scale
        net = network(digits, 3, "tanh", "auto")
        start = begin_auto(net, X, net.encode(digits.y_train), seed=0)
        assert start.name == FITTED
        z = X @ net["W1"] + net["b1"]
        assert 0.7 < z.std() < 1.4
        assert abs(z.mean()) < 0.3


def test_standardised_inputs_need_no_fit(digits, make):
    net = make(3, activation="tanh", initializer="auto")
    start = begin_auto(net, digits.X_train, net.encode(digits.y_train), seed=0)
    assert start.name == THEORY
    assert start.weights[0] == "LecunNormal()"
    assert "the loss starts at" in start.reason


def test_layers_hold_what_was_drawn(digits, pixels):
    net = network(digits, 3, "sigmoid", "auto")
    start = begin_auto(net, pixels, net.encode(digits.y_train), seed=5)
    again = deepcopy(net)
    again.initialize(5)
    np.testing.assert_array_equal(again.theta, net.theta)
    dense = [layer for layer in net.layers if isinstance(layer, Dense)]
    assert start.weights == tuple(repr(layer.initializer) for layer in dense)
    assert isinstance(dense[0].bias_initializer, CenteringBias)


def test_the_fixed_formula_is_the_default_of_every_layer(digits, pixels):
    net = network(digits, 2, "relu")
    plan = possible(net, pixels)[FIXED]
    assert [repr(weights) for weights, _ in plan] == [
        repr(layer.initializer) for layer in net.layers if isinstance(layer, Dense)
    ]


def test_any_callable_will_do(digits, pixels):
    sine = custom_activation(np.sin, np.cos)
    net = network(digits, 20, sine, "auto")
    start = begin_auto(net, pixels, net.encode(digits.y_train), seed=0)
    assert start.name == FITTED
    first, last = start.measurement.layers[0], start.measurement.layers[-1]
    assert 0.1 < first.gradient_std / last.gradient_std < 10


def test_the_default_stays_where_it_can_work(digits, pixels):
    for activation in ("relu", "tanh", "selu", "gelu"):
        net = network(digits, 2, activation)
        before = net.theta.copy()
        assert check_default(net, pixels, net.encode(digits.y_train), seed=0) is None
        np.testing.assert_array_equal(net.theta, before)


@pytest.mark.parametrize(("depth", "activation", "scale"), [(5, "sigmoid", 1), (2, "relu", 255)])
def test_the_default_is_given_up_where_it_cannot(digits, pixels, depth, activation, scale):
    net = network(digits, depth, activation)
    start = check_default(net, pixels * scale, net.encode(digits.y_train), seed=0)
    assert start is not None
    assert start.name == FITTED
    assert start.measurement.finite


def test_where_theory_is_silent_the_default_stays(digits, pixels):
    net = network(digits, 3, "softmax")
    assert check_default(net, pixels * 1e6, net.encode(digits.y_train), seed=0) is None
    with pytest.raises(InvalidInputError, match="softmax"):
        begin_auto(net, pixels, net.encode(digits.y_train), seed=0)


def test_odd_inputs():
    first = (LecunNormal(), CenteringBias(0.0))
    assert fit_first(first, 4, np.zeros((10, 4)))[0] == LecunNormal()
    constant = fit_first(first, 4, np.full((10, 4), 3.0))
    assert constant == (LecunNormal(), CenteringBias(3.0))
    assert fit_first(first, 4, np.array([[1e6, -1e6] * 2] * 5))[0] == Normal(std=5e-7)


def test_linear_networks_and_values(pixels):
    net = Network.mlp([64, 1], output_activation="identity", loss="squared_error", random_state=0)
    start = begin_auto(net, pixels, pixels[:, :1], seed=0)
    assert start.name in (FITTED, FIXED)
    assert np.isfinite(net.theta).all()


def test_nothing_to_note():
    history = History()
    note(history, None)
    assert history.record is None
