"""The gradient check passes right gradients, fails planted faults, and claims nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unstuck.core import gradcheck
from unstuck.core.activations import ACTIVATIONS, custom_activation
from unstuck.core.gradcheck import check_gradients
from unstuck.core.network import Network

HEADS = [
    ("softmax", "cross_entropy"),
    ("sigmoid", "binary_cross_entropy"),
    ("tanh", "squared_error"),
    ("softmax", "squared_error"),
    ("identity", "huber"),
]


def data(seed: int = 0, n: int = 9) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 6)), rng.integers(0, 4, n)


@pytest.mark.parametrize("hidden", sorted(ACTIVATIONS))
@pytest.mark.parametrize(("output", "loss"), HEADS)
def test_every_activation_and_loss_passes(hidden: str, output: str, loss: str) -> None:
    net = Network.mlp([6, 7, 5, 4], hidden, output, loss, l1=0.01, l2=0.02, random_state=1)
    result = check_gradients(net, *data(), sample_weight=np.linspace(0.5, 2.0, 9))
    assert result.passed, str(result)


def test_a_bias_under_batch_norm_has_no_gradient_and_is_not_certified() -> None:
    net = Network.mlp([6, 7, 4], "tanh", batch_norm=True, dropout=0.3, random_state=1)
    result = check_gradients(net, *data())
    assert not result.failed, str(result)
    assert result["b1"].status == "unchecked"
    assert {result[k].status for k in ("W1", "gamma1", "beta1", "W2", "b2")} == {"passed"}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fault", ["entry", "sign", "scale", "transposed", "zero"])
def test_planted_faults_fail_and_are_found(fault: str, seed: int) -> None:
    net = Network.mlp([6, 6, 6, 4], "tanh", random_state=seed)
    X, y = data(seed)
    g = {name: value.copy() for name, value in net.gradient(X, y).items()}
    if fault == "entry":
        g["W2"][1, 2] += 0.01 * np.abs(g["W2"]).max()
    elif fault == "sign":
        g["W2"] *= -1
    elif fault == "scale":
        g["W2"] *= 1.001
    elif fault == "transposed":
        g["W2"] = g["W2"].T.copy()
    else:
        g["W2"][...] = 0
    result = check_gradients(net, X, y, gradient=g)
    assert result["W2"].status == "failed"
    assert all(result[k].status == "passed" for k in g if k != "W2"), str(result)
    if fault == "entry":
        assert [index for index, _, _ in result["W2"].entries] == [(1, 2)]
        assert "W2[1, 2]" in str(result)


def test_a_wrong_derivative_of_the_users_own_activation_fails_below_it_only() -> None:
    wrong = custom_activation(np.tanh, lambda z: 1 - np.tanh(z), name="tanh_with_wrong_slope")
    net = Network.mlp([6, 7, 4], wrong, random_state=0)
    result = check_gradients(net, *data())
    assert result["W1"].status == result["b1"].status == "failed"
    assert result["W2"].status == result["b2"].status == "passed"


def test_a_kink_at_the_very_point_is_unchecked_not_failed() -> None:
    net = Network.mlp([6, 7, 4], "relu", random_state=0)
    X, y = data()
    net["W1"][...] = 0.0  # every unit sits exactly on relu's kink
    result = check_gradients(net, X, y)
    assert result["b1"].status == "unchecked"
    assert not result.failed, str(result)
    assert "kink" in result["b1"].reason


def test_dead_layers_are_unchecked() -> None:
    net = Network.mlp([6, 7, 4], "relu", random_state=0)
    net["b1"][...] = -1e3
    result = check_gradients(net, *data())
    assert result["W1"].status == "unchecked"
    assert not result.passed
    assert not result.failed


def test_a_check_that_cannot_catch_its_plant_passes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gradcheck._Judge, "catches_plant", lambda *a: False)
    result = check_gradients(Network.mlp([6, 4], random_state=0), *data())
    assert {v.status for v in result.verdicts} == {"unchecked"}
    assert "planted" in result["W1"].reason


def test_an_absolute_tolerance_excuses_but_never_certifies() -> None:
    net = Network.mlp([6, 5, 4], "tanh", random_state=0)
    X, y = data()
    wrong = {k: 2 * v for k, v in net.gradient(X, y).items()}
    result = check_gradients(net, X, y, gradient=wrong, absolute_tolerance=1e3)
    assert {v.status for v in result.verdicts} == {"unchecked"}


def test_the_network_is_left_as_it_was_and_float32_is_checked_in_float64() -> None:
    net = Network.mlp([6, 5, 4], "tanh", dtype="float32", random_state=0)
    before = net.theta.copy()
    assert check_gradients(net, *data()).passed
    assert np.array_equal(net.theta, before)
    assert net.theta.dtype == np.float32
