"""The advice: good where a default fails, modest where nothing differs, clear about bad input."""

import numpy as np
import pytest

import unstuck.weights
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import custom_activation
from unstuck.core.network import Network
from unstuck.training.evaluate import evaluate
from unstuck.training.trainer import Trainer
from unstuck.weights import Critical, WeightAdvice, advise, critical
from unstuck.weights.memory import check_memory


def learned(network, advice, data, epochs, seed):
    net = advice.apply(network, random_state=seed)
    Trainer(
        net,
        "adam",
        learning_rate=advice.learning_rate,
        epochs=epochs,
        random_state=seed,
        record=False,
    ).fit(data.X_train, data.y_train)
    return evaluate(net, data.X_test, data.y_test).score


def logistic(z):
    return 0.5 * (1 + np.tanh(z / 2))


def test_deep_callable_with_a_mean_learns_with_the_advice_and_not_without(digits, make):
    """10 layers of a function that nobody knows by name: 3 fresh seeds, 8 epochs, at least 0.9."""
    activation = custom_activation(logistic, lambda z: logistic(z) * (1 - logistic(z)))
    net = make(10, 32, activation, dtype="float32")
    advice = advise(
        net, digits.X_train, digits.y_train, steps=63, learning_rate=1e-3, seeds=2, n_jobs=1
    )
    assert advice.best in ("centred", "per unit")
    accuracies = [
        learned(make(10, 32, activation, dtype="float32"), advice, digits, 8, seed)
        for seed in (11, 12, 13)
    ]
    assert np.median(accuracies) > 0.9, accuracies
    plain = make(10, 32, activation, dtype="float32")
    history = Trainer(plain, "adam", epochs=6, random_state=0, record=False).fit(
        digits.X_train, digits.y_train
    )
    assert history.accuracy[-1] < 0.3


def test_deep_relu_gets_weights_that_keep_the_gradient(digits, make):
    advice = advise(make(30, 32, "relu"), digits.X_train, digits.y_train, quick=True)
    assert advice.best == "mirrored"


def test_public_names():
    assert unstuck.weights.advise is advise
    assert unstuck.weights.critical is critical
    assert isinstance(critical("tanh"), Critical)


def test_advice_says_all_that_it_promises(digits, make):
    net = make(2)
    theta = net.theta.copy()
    advice = advise(net, digits.X_train, digits.y_train, steps=9, seeds=2, learning_rate=1e-3)
    np.testing.assert_array_equal(net.theta, theta)
    assert isinstance(advice, WeightAdvice)
    assert advice.candidates[0].name == advice.best
    assert advice.learning_rate == 1e-3
    assert advice.steps == 9
    assert advice.reason.count(". ") >= 1
    assert any(line.startswith("W1 = ") for line in advice.lines)
    rows = advice.records
    assert len(rows) == len(advice.candidates)
    assert {"candidate", "forward_first", "gradient_first", "loss", "spread"} <= set(rows[0])
    assert len(advice.table) == len(rows)
    fresh = advice.apply(make(2, seed=5), random_state=3)
    again = advice.apply(make(2, seed=6), random_state=3)
    np.testing.assert_array_equal(fresh.theta, again.theta)


def test_no_hidden_layer(digits, make):
    advice = advise(make(0), digits.X_train, digits.y_train, steps=18, seeds=2, learning_rate=1e-3)
    assert advice.critical is None
    assert any(line.startswith("W1 = ") for line in advice.lines)


def test_width_of_one(digits, make):
    advice = advise(make(2, width=1), digits.X_train, digits.y_train, quick=True)
    assert advice.lines


def test_regression():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 5))
    y = X @ rng.normal(size=5)
    net = Network.mlp([5, 20, 1], hidden_activation="tanh", loss="squared_error", random_state=0)
    advice = advise(net, X, y, steps=45, seeds=2, learning_rate=0.01)
    race = advice.candidates[0].race
    assert race.score == pytest.approx(-np.sqrt(2 * race.mean), rel=0.1)  # minus the rmse
    assert advice.present.largest_class_share is None


def test_everything_hopeless_is_raced_all_the_same(digits):
    """Constant inputs: no candidate can tell samples apart, and the advice says so."""
    X = np.ones((200, 8))
    y = np.arange(200) % 4
    net = Network.mlp([8, 10, 4], random_state=0)
    advice = advise(net, X, y, steps=9, seeds=2, learning_rate=1e-3)
    assert any("constant" in note for note in advice.notes)


def test_unscaled_features_are_said(digits, make):
    net = Network.mlp([64, 20, 10], random_state=0)
    advice = advise(net, digits.X_train * 16.0, digits.y_train, quick=True)
    assert any("have size" in note for note in advice.notes)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda X, y: (np.where(X.max() == X, np.nan, X), y), "nan"),
        (lambda X, y: (X, np.zeros_like(y)), "one class"),
        (lambda X, y: (X[:, :10], y), "shape"),
        (lambda X, y: (X, y[:-1]), "differ in length"),
    ],
)
def test_bad_data_is_refused(digits, make, spoil, words):
    X, y = spoil(digits.X_train.astype(float), digits.y_train)
    with pytest.raises(InvalidInputError, match=words):
        advise(make(1), X, y, quick=True)


@pytest.mark.parametrize("function", [np.zeros_like, lambda z: np.where(np.abs(z) < 9, z, np.inf)])
def test_activation_that_is_flat_or_not_finite_is_refused(digits, make, function):
    net = make(2, 16, custom_activation(function))
    with pytest.raises(InvalidInputError):
        advise(net, digits.X_train, digits.y_train, quick=True)


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": -1.0},
        {"learning_rate": []},
        {"seeds": 0},
        {"steps": 0},
        {"budget_seconds": 0.0},
        {"optimizer": "adamm"},
        {"batch_size": 0},
    ],
)
def test_bad_options_are_refused(digits, make, options):
    with pytest.raises(InvalidInputError):
        advise(make(1), digits.X_train, digits.y_train, **options)


def test_too_much_memory_is_refused_before_anything_is_allocated():
    with pytest.raises(InvalidInputError, match="GB"):
        check_memory([784, *[50_000] * 2000, 10])
    assert check_memory([784, 128, 10]) < 1e8


def test_budget_decides_the_length(digits, make):
    short = advise(
        make(1, 8),
        digits.X_train,
        digits.y_train,
        budget_seconds=0.5,
        seeds=1,
        n_jobs=1,
        learning_rate=1e-3,
    )
    assert short.steps >= 45
    assert short.seconds_per_step > 0.0
