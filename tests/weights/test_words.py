"""What people write is judged in words; each planted fault is named, and sound weights are not."""

import numpy as np
import pytest

from unstuck.core.network import Network
from unstuck.weights.data_words import data_notes
from unstuck.weights.measure import measure
from unstuck.weights.setting import look_around
from unstuck.weights.words import findings


def said(net, x, optimizer):
    seen = measure(net, x, net.encode(np.arange(len(x)) % net.n_outputs), optimizer)
    return " ".join(findings(net, seen, look_around(net, x)))


def net_of(activation="sigmoid", sizes=(64, 32, 32, 10), initializer=None, **options):
    return Network.mlp(
        list(sizes),
        hidden_activation=activation,
        initializer=initializer,
        random_state=0,
        **options,
    )


def fill(net, draw):
    for W in net.weights():
        W[...] = draw(*W.shape)
    return net


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_rand_is_all_positive(gaussian, adam, activation):
    net = fill(net_of(activation), _rand)
    text = said(net, gaussian, adam)
    assert "np.random.rand" in text
    assert "mean 0.5" in text


def _rand(m, n):
    return np.random.default_rng(m + n).random((m, n))


def _randn(m, n):
    return np.random.default_rng(m + n).standard_normal((m, n))


def test_randn_unscaled_is_too_wide_and_says_by_how_much(gaussian, adam):
    text = said(fill(net_of("tanh"), _randn), gaussian, adam)
    assert "z has a spread of 7.9" in text
    assert "np.sqrt(64)" in text


def test_randn_times_a_hundredth_is_too_weak(gaussian, adam):
    net = fill(net_of("tanh", (64, *[32] * 5, 10)), lambda m, n: 0.01 * _randn(m, n))
    text = said(net, gaussian, adam)
    assert "starts out weak" in text
    assert "they fade" in text


def test_zeros_and_constants_keep_units_alike(gaussian, adam):
    assert "are 0" in said(net_of(initializer="zeros"), gaussian, adam)
    assert "same weights" in said(net_of(initializer="constant"), gaussian, adam)


def test_glorot_under_relu_fades_with_depth_only(gaussian, adam):
    deep = net_of("relu", (64, *[32] * 20, 10), "glorot_normal")
    text = said(deep, gaussian, adam)
    assert "Glorot's" in text
    assert "they fade" in text
    shallow = net_of("relu", (64, 32, 10), "glorot_normal")
    assert "fade" not in said(shallow, gaussian, adam)


def test_he_under_sigmoid_fades(gaussian, adam):
    text = said(net_of("sigmoid", (64, *[32] * 8, 10), "he_normal"), gaussian, adam)
    assert "He's" in text
    assert "they fade" in text
    assert "look alike" in text


def test_random_biases(gaussian, adam):
    net = net_of("tanh", initializer="lecun_normal", bias_initializer="uniform")
    assert "biases" not in said(net, gaussian, adam)  # within 1 / sqrt(fan_in): nothing to say
    rng = np.random.default_rng(0)
    net["b1"] = rng.standard_normal(32)
    text = said(net, gaussian, adam)
    assert "biases of layer 1 are not 0" in text


def test_one_seed_for_every_layer(gaussian, adam):
    def seeded(m, n):
        return np.random.default_rng(42).standard_normal((m, n)) / np.sqrt(m)

    text = said(fill(net_of("tanh"), seeded), gaussian, adam)
    assert "layers 1 to 3 begin with the same random numbers" in text


@pytest.mark.parametrize(
    ("activation", "initializer"), [("relu", "he_normal"), ("tanh", "glorot_uniform")]
)
def test_sound_weights_are_called_sound(gaussian, adam, activation, initializer):
    text = said(net_of(activation, (64, 64, 64, 10), initializer), gaussian, adam)
    assert text.startswith("The present weights are sound"), text


def test_confident_start_is_said(gaussian, adam):
    net = net_of("tanh", initializer="lecun_normal")
    net["W3"] *= 30
    assert "sure and wrong" in said(net, gaussian, adam)


def test_inputs_are_judged_as_they_are():
    x = np.random.default_rng(0).random((100, 5))
    assert "have size" in data_notes(255 * x)[0]
    assert data_notes(x) == ()
    x[:, 2] = 1.0
    assert data_notes(x) == ("1 of 5 features are constant in the rows looked at.",)
    assert "nothing to learn" in data_notes(np.ones((10, 3)))[0]
