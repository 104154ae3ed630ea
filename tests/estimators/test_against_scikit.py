"""From the same initial weights, training follows scikit-learn's MLP, step by step."""

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from unstuck.estimators.classifier import MLPClassifier
from unstuck.estimators.regressor import MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, SPECIES = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
WEIGHT = np.random.default_rng(0).uniform(0.1, 2.0, 150)
NUMBER = X @ [1.0, 2.0, 3.0, -1.0] + np.sin(X[:, 0])
TARGETS = {
    "classes": SPECIES,
    "two classes": np.where(SPECIES == 1, "yes", "no"),
    "labels": np.column_stack([SPECIES == 0, SPECIES >= 1, X[:, 0] > 0]).astype(int),
    "number": NUMBER,
    "numbers": np.column_stack([NUMBER, X[:, 1] ** 2]),
}
CLASSES = ["classes", "two classes", "labels"]
SGD = {"solver": "sgd", "shuffle": False, "learning_rate_init": 0.02, "tol": 0.0}


def twins(target, **parameters):
    """Our estimator and scikit-learn's, from equal weights, before training."""
    name = "MLPClassifier" if target in CLASSES else "MLPRegressor"
    settings = {"hidden_layer_sizes": (7, 5), "random_state": 0, "warm_start": True} | parameters
    cls = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[name]
    ours = cls(**settings | {"max_iter": 1}).fit(X, TARGETS[target])
    theirs = getattr(neural_network, name)(**settings | {"max_iter": 1}).fit(X, TARGETS[target])
    ours.coefs_, ours.intercepts_ = theirs.coefs_, theirs.intercepts_
    ours._progress.course.best_loss = getattr(theirs, "best_loss_", np.inf)
    limits = {"max_iter": parameters.get("max_iter", 30)}
    return ours.set_params(**limits), theirs.set_params(**limits)


def outputs(model):
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


def compare(ours, theirs, *, rtol, loss_rtol=None):
    np.testing.assert_allclose(outputs(ours), outputs(theirs), rtol=rtol, atol=rtol)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=loss_rtol or rtol)
    assert np.array_equal(ours.predict(X), theirs.predict(X)) or ours.out_activation_ == "identity"
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "extra",
    [
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterovs_momentum": False, "activation": "tanh"},
        {"momentum": 0.0, "learning_rate": "invscaling", "power_t": 0.2, "activation": "logistic"},
        {"solver": "adam", "learning_rate_init": 0.01, "epsilon": 1e-14},
    ],
)
def test_every_update_of_mini_batches_is_scikits(target, extra):
    ours, theirs = twins(target, **SGD | {"batch_size": 25, "alpha": 0.5} | extra)
    ours.set_params(n_iter_no_change=30).fit(X, TARGETS[target])
    theirs.set_params(n_iter_no_change=30).fit(X, TARGETS[target])
    # the loss that is reported takes the penalty between an epoch's ends as moving evenly
    compare(ours, theirs, rtol=1e-9, loss_rtol=5e-3)


@pytest.mark.parametrize("target", TARGETS)
def test_full_batches_report_scikits_losses_exactly(target):
    ours, theirs = twins(target, **SGD, batch_size=150, alpha=0.5, max_iter=60)
    ours.fit(X, TARGETS[target])
    theirs.fit(X, TARGETS[target])
    compare(ours, theirs, rtol=1e-9)
    np.testing.assert_allclose(ours.loss_curve_[1:], theirs.loss_curve_[1:], rtol=1e-9)
    assert ours.best_loss_ == pytest.approx(theirs.best_loss_)


@pytest.mark.parametrize("target", TARGETS)
def test_sample_weights_enter_loss_and_penalty_as_scikits(target):
    ours, theirs = twins(target, **SGD, batch_size=150, alpha=0.5)
    ours.fit(X, TARGETS[target], WEIGHT)
    theirs.fit(X, TARGETS[target], WEIGHT)
    compare(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize("target", ["two classes", "number"])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_lbfgs_takes_scikits_path(target, weight):
    ours, theirs = twins(target, solver="lbfgs", alpha=0.1, max_iter=20)
    ours.fit(X, TARGETS[target], weight)
    theirs.fit(X, TARGETS[target], weight)
    compare(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("target", ["classes", "labels"])
def test_lbfgs_finds_scikits_optimum_of_a_convex_problem(target):
    # Far out, scikit-learn clips the logarithm and we do not: the paths may part, not the ends.
    ours, theirs = twins(
        target, solver="lbfgs", hidden_layer_sizes=(), alpha=1.0, tol=1e-8, max_iter=500
    )
    ours.fit(X, TARGETS[target])
    theirs.fit(X, TARGETS[target])
    np.testing.assert_allclose(outputs(ours), outputs(theirs), atol=1e-4)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-7)


@pytest.mark.parametrize("target", ["classes", "number"])
def test_an_adaptive_rate_is_divided_and_training_ends_as_scikits(target):
    ours, theirs = twins(
        target, **SGD | {"tol": 1e-3, "momentum": 0.0}, batch_size=150, learning_rate="adaptive",
        max_iter=3000, n_iter_no_change=5,
    )  # fmt: skip
    ours.fit(X, TARGETS[target])
    theirs.fit(X, TARGETS[target])
    assert 100 < theirs.n_iter_ < 3000
    compare(ours, theirs, rtol=1e-8)
    assert ours.history_.learning_rate[-1] == pytest.approx(theirs._optimizer.learning_rate)


@pytest.mark.parametrize("target", ["two classes", "number"])
def test_partial_fit_follows_scikits(target):
    parameters = SGD | {"batch_size": 25, "learning_rate": "invscaling", "momentum": 0.0}
    ours, theirs = twins(target, **parameters)
    for start in (0, 1, 2, 0, 1):
        rows = slice(start, None, 3)
        ours.partial_fit(X[rows], TARGETS[target][rows])
        theirs.partial_fit(X[rows], TARGETS[target][rows])
    compare(ours, theirs, rtol=1e-9, loss_rtol=1e-3)


def test_the_loss_stops_both_at_the_same_epoch():
    ours, theirs = twins(
        "classes", **SGD | {"tol": 1e-3}, batch_size=150, max_iter=1000, n_iter_no_change=7
    )
    ours.fit(X, SPECIES)
    theirs.fit(X, SPECIES)
    assert ours.n_iter_ == theirs.n_iter_ < 1000
    assert ours.history_.stopped == "converged"


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_both_warn_when_the_iterations_do_not_suffice(solver):
    for cls in (MLPClassifier, neural_network.MLPClassifier):
        with pytest.warns(ConvergenceWarning):
            cls(solver=solver, max_iter=3, random_state=0).fit(X, SPECIES)
