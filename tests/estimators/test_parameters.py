"""Every parameter is checked, documented, and has scikit-learn's default where it is scikit's."""

import inspect
import math
import re

import numpy as np
import pytest
from sklearn import neural_network

from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import custom_activation
from unstuck.core.initializers import Zeros
from unstuck.core.optimizers import SGD, Adam
from unstuck.core.schedules import Cosine
from unstuck.estimators.classifier import MLPClassifier
from unstuck.estimators.parameters import RULES
from unstuck.estimators.regressor import MLPRegressor
from unstuck.training.lbfgs import LBFGS

BOTH = [MLPClassifier, MLPRegressor]
X = np.random.default_rng(0).normal(size=(30, 3))
Y = (X[:, 0] > 0).astype(int)


def defaults(cls):
    parameters = inspect.signature(cls).parameters.values()
    return {p.name: p.default for p in parameters}


@pytest.mark.parametrize("cls", BOTH)
def test_names_order_and_defaults_are_scikits(cls):
    ours, theirs = defaults(cls), defaults(getattr(neural_network, cls.__name__))
    assert list(ours)[: len(theirs)] == list(theirs)
    assert {name: ours[name] for name in theirs} == theirs


@pytest.mark.parametrize("cls", BOTH)
def test_every_parameter_has_a_rule_and_its_default_keeps_it(cls):
    for name, value in defaults(cls).items():
        assert name in RULES or name == "random_state"
        if name in RULES:
            RULES[name].judge(cls.__name__, name, value)


@pytest.mark.parametrize("cls", BOTH)
def test_every_parameter_stands_in_the_docstring_and_in_the_table(cls, repository):
    table = (repository / "docs" / "reference" / "estimators.md").read_text(encoding="utf-8")
    for name in defaults(cls):
        assert re.search(rf"\b{name}\b", cls.__doc__), name
        assert re.search(rf"^\|.*`{name}`", table, re.MULTILINE), name


BAD = {
    "hidden_layer_sizes": [0, -1, 2.5, (10, 0), "100", None, True],
    "activation": ["rleu", 3, None],
    "solver": ["adma", 1, Adam],
    "alpha": [-1e-9, math.nan, math.inf, "0.1", None],
    "batch_size": [0, "all", 2.0, True],
    "learning_rate": ["fast", 0.1],
    "learning_rate_init": [0.0, -1.0],
    "power_t": [-0.5],
    "max_iter": [0, 10.0, None],
    "shuffle": ["yes", 1],
    "tol": [-1e-4],
    "verbose": [-1, "yes"],
    "warm_start": [2],
    "momentum": [-0.1, 1.0],
    "nesterovs_momentum": [None],
    "early_stopping": ["auto"],
    "validation_fraction": [1.0, -0.1],
    "beta_1": [1.0, -0.1],
    "beta_2": [1.0],
    "epsilon": [0.0],
    "n_iter_no_change": [0, 1.5],
    "max_fun": [0],
    "dropout": [1.0, -0.5],
    "batch_norm": [1],
    "initializer": ["he", 3],
    "engine": ["fast", 2],
    "threads": [0, 1.5],
    "callbacks": ["bar", 3],
    "random_state": ["0", 1.5],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, bad in BAD.items() for v in bad])
@pytest.mark.parametrize("cls", BOTH)
def test_a_bad_value_is_refused_by_name_before_anything_is_learned(cls, name, value):
    model = cls(**{name: value})
    with pytest.raises(ValueError, match=f"{name}|seed a numpy.random.RandomState"):
        model.fit(X, Y)
    assert not hasattr(model, "network_")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"solver": "adma"}, "Did you mean 'adam'"),
        ({"activation": "logistc"}, "Did you mean 'logistic'"),
        ({"class_weight": "balance"}, "Did you mean 'balanced'"),
        ({"alpha": -1}, r"MLPClassifier: alpha is -1 \(int\); allowed: a number, 0 <= number"),
        ({"momentum": 1.0}, r"0 <= number < 1"),
        ({"initializer": "he_norml"}, "Did you mean 'he_normal'"),
        ({"dropout": 0.5, "solver": "lbfgs"}, "dropout=0.5 cannot go with L-BFGS"),
        ({"callbacks": [3]}, "a callback is 3"),
    ],
)
def test_messages_say_what_is_allowed(parameters, message):
    with pytest.raises(InvalidInputError, match=message):
        MLPClassifier(**parameters).fit(X, Y)


GOOD = [
    {"hidden_layer_sizes": 5},
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": np.array([4, 3])},
    {"activation": "logistic"},
    {"activation": np.sin},
    {"activation": custom_activation(np.tanh, name="mine")},
    {"solver": SGD(0.5, momentum=0.5)},
    {"solver": "adamw"},
    {"solver": LBFGS(1e-3)},
    {"learning_rate": "one_cycle"},
    {"learning_rate": Cosine(0.1), "solver": "sgd"},
    {"batch_size": np.int64(7)},
    {"initializer": "orthogonal"},
    {"batch_norm": True, "dropout": 0.25},
    {"n_iter_no_change": math.inf},
    {"random_state": np.random.RandomState(0)},
    {"random_state": np.random.default_rng(0)},
    {"threads": 1, "engine": "numpy"},
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("parameters", GOOD)
@pytest.mark.parametrize("cls", BOTH)
def test_what_is_allowed_trains(cls, parameters):
    model = cls(**{"max_iter": 4, "random_state": 0} | parameters).fit(X, Y)
    assert np.isfinite(model.loss_curve_).all()
    assert model.n_iter_ <= 4


def test_settings_reach_network_and_trainer():
    model = MLPClassifier(
        (6, 4), "logistic", dropout=0.5, batch_norm=True, initializer="zeros", alpha=3.0,
        batch_size=10, max_iter=2, n_iter_no_change=5, engine="numpy", learning_rate="cosine",
        tol=0.0,
    )  # fmt: skip
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model.fit(X, Y)
    network = model.network_
    assert [layer.kind for layer in network.layers] == [
        *["dense", "batch_norm", "activate", "dropout"] * 2, "dense", "activate",
    ]  # fmt: skip
    assert network.layers[2].activation.name == "sigmoid"
    assert network.l2 == pytest.approx(0.3)  # alpha over the samples of a batch
    assert model.history_.engine == "numpy"
    assert model.history_.iterations[-1] == 6
    rates = model.history_.learning_rate
    assert rates[1] < rates[0] < 0.001
    assert network.layers[0].initializer == Zeros()


def test_a_linear_model_without_hidden_layers():
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0.0).fit(X, X[:, 0] - 2.0)
    assert model.coefs_[0][:, 0] == pytest.approx([1.0, 0.0, 0.0], abs=1e-3)
    assert model.intercepts_[0] == pytest.approx([-2.0], abs=1e-3)
