"""`initializer="auto"`: what it chooses, that it is kept, and that deep networks live by it."""

import math

import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import custom_activation
from unstuck.core.auto_initializer import choose_initializers, odd_slope
from unstuck.core.initializers import (
    LecunNormal,
    Mirrored,
    Orthogonal,
    get_bias_initializer,
    get_initializer,
)
from unstuck.core.layers import Dense
from unstuck.core.model_file import load_network, save_network
from unstuck.core.network import Network

ZEROS = get_bias_initializer("zeros")


def own_logistic(z):
    return 1 / (1 + np.exp(-z))


def dense(network):
    return [layer for layer in network.layers if isinstance(layer, Dense)]


def auto(activation, depth, width=64, **options):
    sizes = [64, *[width] * depth, 10]
    return Network.mlp(
        sizes, hidden_activation=activation, initializer="auto", random_state=0, **options
    )


@pytest.mark.parametrize("activation", ["sigmoid", own_logistic], ids=["name", "callable"])
def test_a_mean_is_taken_off_whatever_the_activation_is_called(activation):
    first, hidden, last = dense(auto(activation, 2))
    assert (first.initializer, first.bias_initializer) == (LecunNormal(), ZEROS)
    assert hidden.initializer.gain == pytest.approx(4.0, abs=1e-6)
    assert last.initializer.gain == pytest.approx(4.0, abs=1e-6)
    assert hidden.bias_initializer.c == last.bias_initializer.c == pytest.approx(0.5)


def test_relu_is_mirrored_when_deep_alone():
    assert dense(auto("relu", 5))[2].initializer == Orthogonal(round(math.sqrt(2), 11))
    layers = dense(auto("relu", 20))
    assert layers[0].initializer == Mirrored(1.0, first=True)
    assert layers[-1].initializer == Mirrored(1.0, last=True)
    assert all(layer.bias_initializer == ZEROS for layer in layers)


def test_the_output_is_made_smaller_where_signals_arrive_in_full_size():
    assert dense(auto("relu", 3))[-1].initializer.gain == pytest.approx(0.3 * math.sqrt(2))
    assert dense(auto("tanh", 3))[-1].initializer.gain == pytest.approx(1.0)


def test_random_biases_where_only_they_make_it_critical():
    layers = dense(auto("gelu", 3))
    assert layers[1].bias_initializer.bound == pytest.approx(math.sqrt(3 * 0.17295), abs=1e-3)
    assert layers[-1].bias_initializer == ZEROS


def test_a_widening_layer_keeps_the_size_of_its_signals():
    net = Network.mlp([64, 32, 128, 10], "tanh", initializer="auto", random_state=0)
    assert (net["W2"] ** 2).sum(axis=0).mean() == pytest.approx(1.0)


def test_without_hidden_layers_it_is_lecun():
    assert dense(Network.mlp([64, 10], initializer="auto"))[0].initializer == LecunNormal()


def test_biases_that_are_given_stand():
    net = auto("sigmoid", 2, bias_initializer="zeros")
    assert all(layer.bias_initializer == ZEROS for layer in dense(net))


def test_what_was_chosen_is_saved_and_drawn_again(tmp_path):
    net = auto("sigmoid", 3)
    save_network(net, tmp_path / "m.safetensors")
    back = load_network(tmp_path / "m.safetensors")
    for old, new in zip(dense(net), dense(back), strict=True):
        assert old.initializer == new.initializer
        assert old.bias_initializer == new.bias_initializer
    back.initialize(0)
    assert (back.theta == net.theta).all()


def test_alone_it_draws_what_lecun_draws():
    draws = [get_initializer(n)(np.random.default_rng(1), 5, 4) for n in ("auto", "lecun_normal")]
    assert (draws[0] == draws[1]).all()


def test_odd_parts_that_are_linear():
    assert [odd_slope(custom_activation(f)) for f in (np.abs, np.sin, np.tanh)] == [0, 0, 0]
    assert odd_slope(custom_activation(lambda z: np.maximum(z, 0.2 * z))) == pytest.approx(0.6)


def test_a_flat_activation_is_refused_when_the_network_is_built():
    with pytest.raises(InvalidInputError, match="slope 0 everywhere"):
        auto(np.zeros_like, 2)
    with pytest.raises(InvalidInputError, match="whole row"):
        choose_initializers(Network.mlp([3, 2]).output_activation, [4, 4, 4])


@pytest.mark.parametrize(
    ("activation", "depth"),
    [
        ("sigmoid", 20), ("sigmoid", 50), ("tanh", 50), ("relu", 50), (np.sin, 50),
        (lambda z: z / (1 + np.abs(z)), 50), ("gelu", 20), ("softplus", 20), ("elu", 50),
    ],
)  # fmt: skip
def test_signals_and_gradients_live_through_deep_networks(activation, depth):
    """Two inputs still differ at the end; the first gradient is no millionth of the last."""
    rng = np.random.default_rng(0)
    net = auto(activation, depth)
    X, y = rng.normal(size=(64, 64)), rng.integers(0, 10, 64)
    gradient = net.gradient(X, y)
    first, last = gradient["W1"].std(), gradient[f"W{depth}"].std()
    assert 1e-3 < first / last < 1e3
    z = net.propagate(X).values[-2]  # the logits
    # They depend on the input. On the critical line signals shrink as a power of the depth (after
    # 50 softsign layers to 0.004), where the weights below lose more than 1e-6 in 20 layers.
    assert z.std(axis=0).mean() > 1e-3
    assert net.loss(X, y).data < math.log(10) + 1


def test_the_usual_weights_fail_where_these_do_not():
    """The planted fault: the same measure must see that 20 sigmoid layers of Glorot are dead."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(64, 64)), rng.integers(0, 10, 64)
    net = Network.mlp([64, *[64] * 20, 10], "sigmoid", initializer="glorot_uniform")
    gradient = net.gradient(X, y)
    assert gradient["W1"].std() < 1e-6 * gradient["W20"].std()
    assert net.propagate(X).values[-2].std(axis=0).mean() < 1e-6
