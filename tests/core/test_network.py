"""The network: its buffer, its numbers worked out by hand, what it refuses."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.core.layers import Activate, BatchNorm, Dense, Dropout
from unstuck.core.network import Network
from unstuck.core.scaling import InputScaling


def hand_network() -> Network:
    """2 - 2 - 1, tanh hidden, identity output, squared error, weights set by hand."""
    net = Network.mlp([2, 2, 1], "tanh", "identity", "squared_error", l2=0.1, random_state=0)
    net["W1"][...] = [[0.1, -0.2], [0.3, 0.4]]
    net["b1"][...] = [0.0, 0.1]
    net["W2"][...] = [[0.5], [-0.5]]
    net["b2"][...] = [0.2]
    return net


def test_forward_loss_and_gradient_agree_with_a_calculation_by_hand() -> None:
    net = hand_network()
    X, y = np.array([[1.0, 2.0]]), np.array([1.0])
    a1 = [math.tanh(0.1 + 0.6), math.tanh(-0.2 + 0.8 + 0.1)]
    out = 0.5 * a1[0] - 0.5 * a1[1] + 0.2
    error = out - 1.0
    assert net.forward(X)[0, 0] == pytest.approx(out, abs=1e-15)
    cost = net.loss(X, y)
    assert cost.data == pytest.approx(error**2 / 2, abs=1e-15)
    assert cost.penalty == pytest.approx(0.05 * (0.01 + 0.04 + 0.09 + 0.16 + 0.25 + 0.25))
    assert cost.total == cost.data + cost.penalty
    g = net.gradient(X, y)
    dz1 = [error * 0.5 * (1 - a1[0] ** 2), error * -0.5 * (1 - a1[1] ** 2)]
    assert g["b2"] == pytest.approx([error])
    assert g["b1"] == pytest.approx(dz1)
    assert g["W2"][:, 0] == pytest.approx([error * a1[0] + 0.05, error * a1[1] - 0.05])
    assert g["W1"][1] == pytest.approx([2 * dz1[0] + 0.03, 2 * dz1[1] + 0.04])


def test_parameters_are_views_of_one_buffer_in_reading_order() -> None:
    net = Network.mlp([3, 4, 2], random_state=0)
    assert list(net) == ["W1", "b1", "W2", "b2"]
    assert net.theta.size == 12 + 4 + 8 + 2
    net.theta[...] = np.arange(net.theta.size)
    assert net["W1"][0].tolist() == [0, 1, 2, 3]
    assert net["b2"].tolist() == [24, 25]
    net["b1"][0] = -1
    assert net.theta[12] == -1
    assert net.decay_mask.sum() == 12 + 8
    with pytest.raises(InvalidInputError, match=r"'W3'.*Did you mean 'W1'|'W3'"):
        net["W3"]


def test_seed_002s_first_cost_is_ten_times_log_two() -> None:
    net = Network.mlp([64, 20, 10], "relu", "sigmoid", "binary_cross_entropy", random_state=0)
    net.theta[...] = 0.0
    y = np.eye(10)[[3, 1]]
    assert net.loss(np.ones((2, 64)), y).data == pytest.approx(10 * math.log(2))


def test_same_seed_same_weights_and_float32_stays_float32() -> None:
    one = Network.mlp([5, 7, 3], dtype="float32", random_state=3)
    two = Network.mlp([5, 7, 3], dtype="float32", random_state=3)
    assert np.array_equal(one.theta, two.theta)
    assert not np.array_equal(one.theta, Network.mlp([5, 7, 3], random_state=4).theta)
    X = np.ones((2, 5), np.float64)
    assert one.forward(X).dtype == np.float32
    assert one.gradient(X, [0, 1])["W1"].dtype == np.float32


def test_sample_weights_are_a_weighted_mean() -> None:
    net = Network.mlp([3, 4, 2], "tanh", random_state=0)
    X = np.random.default_rng(0).normal(size=(3, 3))
    y = np.array([0, 1, 1])
    w = np.array([2.0, 0.0, 1.0])
    twice = net.loss(X[[0, 0, 2]], y[[0, 0, 2]])
    assert net.loss(X, y, w).data == pytest.approx(twice.data)
    for name, g in net.gradient(X, y, w).items():
        expected = net.gradient(X[[0, 0, 2]], y[[0, 0, 2]])[name]
        assert g == pytest.approx(expected, abs=1e-14)


def test_raw_pixels_are_scaled_by_the_model() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6)).astype(np.uint8)
    scaling = InputScaling.fit(np.array([[0] * 6, [255] * 6], np.uint8), "unit")
    raw = Network.mlp([6, 3], random_state=0, scaling=scaling)
    by_hand = Network.mlp([6, 3], random_state=0)
    assert raw.forward(pixels) == pytest.approx(by_hand.forward(pixels / 255.0), abs=1e-12)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.ones((2, 5)), r"\(2, 5\); this network takes \(n_samples, 4\)"),
        (np.ones(4), r"X\[None, :\]"),
        (np.array([[0, 1, 2, np.nan]]), "nan at row 0, column 3"),
        (np.array([[0, 1, 2, np.inf]]), "inf at row 0, column 3"),
        (np.array([list("abcd")]), "dtype <U1"),
    ],
)
def test_bad_inputs_are_named(bad: np.ndarray, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Network.mlp([4, 2], random_state=0).predict(bad)


def test_huge_but_finite_float32_inputs_are_not_called_infinite() -> None:
    net = Network.mlp([2, 2], dtype="float32", random_state=0)
    with np.errstate(over="ignore"):
        assert net.predict(np.array([[1e30, 1.0]])).shape == (1,)


def test_layers_that_do_not_fit_and_pairings_that_cannot_work_are_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"layer 0 .*gives 3 features, but layer 1"):
        Network([Dense(4, 3), Dense(5, 2), Activate("softmax", 2)])
    with pytest.raises(InvalidInputError, match="at least one layer"):
        Network([])
    with pytest.raises(InvalidInputError, match="tanh"):
        Network.mlp([4, 2], output_activation="tanh", loss="cross_entropy")
    with pytest.raises(InvalidInputError, match="sizes"):
        Network.mlp([4])
    with pytest.raises(InvalidInputError, match="fan_out is 0"):
        Network.mlp([4, 0])
    with pytest.raises(InvalidInputError, match="l2 is -1"):
        Network.mlp([4, 2], l2=-1)
    with pytest.raises(InvalidInputError, match="float16"):
        Network.mlp([4, 2], dtype="float16")
    with pytest.raises(InvalidInputError, match="3 names"):
        Network.mlp([4, 2], class_names=["a", "b", "c"])
    with pytest.raises(InvalidInputError, match="dropout rate is 1"):
        Dropout(1.0, 3)


def test_what_predict_returns_follows_from_the_task() -> None:
    X = np.random.default_rng(0).normal(size=(5, 4))
    assert Network.mlp([4, 3], random_state=0).predict(X).shape == (5,)
    binary = Network.mlp([4, 1], loss="binary_cross_entropy", random_state=0)
    assert set(binary.predict(X)) <= {0, 1}
    several = Network.mlp([4, 3], loss="binary_cross_entropy", random_state=0)
    assert several.task == "multilabel"
    assert several.predict(X).shape == (5, 3)
    regression = Network.mlp([4, 1], loss="squared_error", random_state=0)
    assert regression.predict(X).shape == (5,)
    with pytest.raises(InvalidInputError, match="predict_proba needs"):
        regression.predict_proba(X)


def test_dropout_keeps_the_mean_and_only_acts_in_training() -> None:
    layer = Dropout(0.25, 1000)
    net = Network([layer, Dense(1000, 2), Activate("softmax", 2)], random_state=0)
    x = np.ones((50, 1000))
    dropped = net.propagate(x, training=True, rng=np.random.default_rng(0)).values[1]
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.01)
    assert dropped.mean() == pytest.approx(1.0, abs=0.01)
    assert np.array_equal(net.propagate(x).values[1], x)


def test_batch_norm_standardises_the_batch_and_predicts_with_running_statistics() -> None:
    norm = BatchNorm(3, momentum=0.5)
    net = Network([norm, Dense(3, 2), Activate("softmax", 2)], random_state=0)
    x = np.random.default_rng(0).normal(5.0, 2.0, (200, 3))
    y = net.propagate(x, training=True, update_state=True).values[1]
    assert y.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    assert y.std(axis=0) == pytest.approx(np.ones(3), abs=1e-5)
    assert net.state[:3] == pytest.approx(0.5 * x.mean(axis=0))
    for _ in range(40):
        net.propagate(x, training=True, update_state=True)
    assert net.propagate(x).values[1] == pytest.approx(y, abs=1e-3)


def test_summary_counts_every_parameter() -> None:
    net = Network.mlp([64, 20, 10], dropout=0.1, batch_norm=True, random_state=0)
    summary = net.summary()
    assert summary.n_parameters == net.theta.size == 64 * 20 + 20 + 40 + 200 + 10
    text = str(summary)
    assert "W1 (64, 20)" in text
    assert "dropout 0.1" in text
    assert f"{net.theta.size:,} parameters" in text


def through_pickle(net):
    return pickle.loads(pickle.dumps(net))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("twin", [copy.deepcopy, through_pickle])
def test_a_copied_or_pickled_network_still_works_on_its_one_buffer(twin) -> None:
    """Views were once copied apart from `theta`: the copy predicted, but could not learn."""
    net = Network.mlp([3, 4, 2], batch_norm=True, random_state=0)
    X = np.ones((2, 3))
    other = twin(net)
    assert np.array_equal(other.forward(X), net.forward(X))
    other.theta[...] = 0.0
    assert not other["W1"].any()
    assert np.allclose(other.forward(X), 0.5)
    assert net.theta.any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inputs_of_any_finite_size_pass_without_a_warning(dtype) -> None:
    net = Network.mlp([2, 3], dtype=dtype, random_state=0)
    huge = np.full((1, 2), np.finfo(dtype).max, dtype)
    assert np.array_equal(net.prepare(huge), huge)


@pytest.mark.parametrize("options", [{}, {"batch_norm": True}, {"dropout": 0.5}])
@pytest.mark.parametrize("hidden", ["relu", "gelu", "identity", "softmax"])
def test_inference_gives_what_the_layers_give(hidden: str, options: dict[str, object]) -> None:
    net = Network.mlp([6, 5, 5, 3], hidden, random_state=0, **options)
    X = np.random.default_rng(0).normal(size=(7, 6))
    kept = X.copy()
    assert net.forward(X) == pytest.approx(net.propagate(X).output, abs=1e-15)
    assert np.array_equal(net.predict(X), net.propagate(X).output.argmax(axis=1))
    assert np.array_equal(X, kept)
    only = Network([Activate("relu", 6), Dense(6, 2)], "squared_error", random_state=0)
    assert only.forward(X) == pytest.approx(only.propagate(X).output, abs=1e-15)
    assert np.array_equal(X, kept)


def test_the_penalty_of_exploding_weights_is_infinite_without_a_warning() -> None:
    net = Network.mlp([2, 3], l2=0.1, random_state=0)
    net["W1"][...] = 1e200
    assert net.penalty() == math.inf
