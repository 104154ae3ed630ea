"""Whole networks against automatic differentiation: autograd (always) and JAX (where installed).

The referee is given the forward pass once more, written from the formulas alone: cost and gradient
of data term and penalty must agree entry by entry.
"""

import importlib

import numpy as np
import pytest

from unstuck.core.losses import CrossEntropy, Huber
from unstuck.core.network import Network

HIDDEN = {
    "sigmoid": lambda xp, z: 1 / (1 + xp.exp(-z)),
    "tanh": lambda xp, z: xp.tanh(z),
    "relu": lambda xp, z: xp.where(z > 0, z, 0 * z),
    "elu": lambda xp, z: xp.where(z > 0, z, xp.exp(xp.minimum(z, 0)) - 1),
    "softplus": lambda xp, z: xp.log(1 + xp.exp(z)),
    "silu": lambda xp, z: z / (1 + xp.exp(-z)),
}


def log_softmax(xp, z):
    z = z - xp.max(z, axis=1, keepdims=True)
    return z - xp.log(xp.sum(xp.exp(z), axis=1, keepdims=True))


def cross_entropy(xp, z, targets):
    return -xp.sum(targets * log_softmax(xp, z), axis=1)


def smoothed_cross_entropy(xp, z, targets):
    return cross_entropy(xp, z, 0.9 * targets + 0.1 / targets.shape[1])


def binary_cross_entropy(xp, z, targets):
    return xp.sum(xp.log(1 + xp.exp(z)) - targets * z, axis=1)


def half_squares_after_tanh(xp, z, targets):
    return xp.sum((xp.tanh(z) - targets) ** 2, axis=1) / 2


def huber(xp, z, targets):
    size = xp.abs(z - targets)
    return xp.sum(xp.where(size < 0.7, size**2 / 2, 0.7 * (size - 0.35)), axis=1)


# output activation, loss, the same in formulas, targets of (rng, n)
ENDS = {
    "softmax": (
        "softmax",
        "cross_entropy",
        cross_entropy,
        lambda r, n: np.eye(3)[r.integers(3, size=n)],
    ),
    "smoothed": (
        "softmax",
        CrossEntropy(label_smoothing=0.1),
        smoothed_cross_entropy,
        lambda r, n: np.eye(3)[r.integers(3, size=n)],
    ),
    "sigmoid": (
        "sigmoid",
        "binary_cross_entropy",
        binary_cross_entropy,
        lambda r, n: r.integers(2, size=(n, 3)).astype(float),
    ),
    "tanh": (
        "tanh",
        "squared_error",
        half_squares_after_tanh,
        lambda r, n: r.uniform(-1, 1, (n, 3)),
    ),
    "huber": ("identity", Huber(0.7), huber, lambda r, n: r.normal(0, 2, (n, 3))),
}


def autograd_referee(function, theta):
    autograd = pytest.importorskip("autograd")
    cost, gradient = autograd.value_and_grad(lambda t: function(NAMESPACES["autograd"](), t))(theta)
    return float(cost), gradient


def jax_referee(function, theta):
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        value_and_grad = jax.value_and_grad(lambda t: function(NAMESPACES["jax"](), t))
        cost, gradient = value_and_grad(jax.numpy.asarray(theta))
        return float(cost), np.asarray(gradient)


NAMESPACES = {
    "autograd": lambda: importlib.import_module("autograd.numpy"),
    "jax": lambda: importlib.import_module("jax.numpy"),
}
REFEREES = [
    pytest.param(autograd_referee, id="autograd"),
    pytest.param(jax_referee, id="jax", marks=pytest.mark.oracle),
]


def by_formula(network, hidden, end, X, targets, weights, *, batch_norm):
    """The cost of `network` as a function of a namespace and its flat parameters."""

    def cost(xp, theta):
        p = {q.name: xp.reshape(theta[q.start : q.stop], q.shape) for q in network.parameters}
        x = X
        k = 0
        while f"W{k + 2}" in p:
            k += 1
            x = xp.dot(x, p[f"W{k}"]) + p[f"b{k}"]
            if batch_norm:
                x = (x - xp.mean(x, axis=0)) / xp.sqrt(xp.var(x, axis=0) + 1e-5)
                x = x * p[f"gamma{k}"] + p[f"beta{k}"]
            x = HIDDEN[hidden](xp, x)
        z = xp.dot(x, p[f"W{k + 1}"]) + p[f"b{k + 1}"]
        data = xp.sum(weights * end(xp, z, targets)) / weights.sum()
        W = [p[name] for name in p if name.startswith("W")]
        l1 = sum(xp.sum(xp.abs(w)) for w in W)
        l2 = sum(xp.sum(w**2) for w in W)
        return data + network.l1 * l1 + network.l2 / 2 * l2

    return cost


@pytest.mark.parametrize("referee", REFEREES)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_cost_and_gradient_agree(referee, end, hidden, batch_norm):
    output, loss, formula, draw = ENDS[end]
    rng = np.random.default_rng(5)
    X = rng.normal(size=(11, 4))
    targets = draw(rng, 11)
    weights = rng.uniform(0.5, 2.0, 11)
    network = Network.mlp(
        [4, 6, 5, 3],
        hidden_activation=hidden,
        output_activation=output,
        loss=loss,
        batch_norm=batch_norm,
        l1=0.01,
        l2=0.1,
        random_state=1,
    )
    network.theta += 0.1 * rng.normal(size=network.theta.size)  # no bias stays zero

    forward = network.propagate(X, training=True)
    flat = network.backpropagate(forward, targets, weights)
    ours = float(network.loss_function.value(forward.values[-2], forward.output, targets, weights))

    cost, gradient = referee(
        by_formula(network, hidden, formula, X, targets, weights, batch_norm=batch_norm),
        network.theta.copy(),
    )
    assert ours + network.penalty() == pytest.approx(cost, rel=1e-12)
    np.testing.assert_allclose(flat, gradient, rtol=1e-9, atol=1e-12)


def test_the_referee_sees_a_wrong_gradient():
    rng = np.random.default_rng(0)
    X, targets = rng.normal(size=(5, 4)), np.eye(3)[[0, 1, 2, 0, 1]]
    network = Network.mlp([4, 6, 3], hidden_activation="tanh", random_state=1)
    formula = by_formula(
        network, "sigmoid", cross_entropy, X, targets, np.ones(5), batch_norm=False
    )
    _, gradient = autograd_referee(formula, network.theta.copy())
    true = np.concatenate([g.ravel() for g in network.gradient(X, targets).values()])
    assert np.abs(true - gradient).max() > 1e-3
