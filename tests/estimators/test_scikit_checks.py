"""scikit-learn's own checks of an estimator, all of them, for several settings."""

import pytest
from sklearn import neural_network
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from unstuck.estimators.classifier import MLPClassifier
from unstuck.estimators.regressor import MLPRegressor

# Skipped for scikit-learn's MLP too: there is no decision_function, and arrays of other packages
# are looked at only where SCIPY_ARRAY_API is set.
SETTINGS = [
    MLPClassifier(),
    MLPRegressor(),
    MLPClassifier(solver="lbfgs", activation="tanh", max_iter=20),
    MLPRegressor(solver="lbfgs"),
    MLPClassifier((), solver="sgd", learning_rate="adaptive", learning_rate_init=0.1),
    MLPRegressor(hidden_layer_sizes=(16, 16), solver="rmsprop", activation="gelu", loss="huber"),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(SETTINGS)
def test_scikit_check(estimator, check):
    check(estimator)


def names(estimator):
    return {
        getattr(check, "func", check).__name__ for _, check in estimator_checks_generator(estimator)
    }


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_no_check_of_scikits_own_mlp_is_left_out(name):
    ours = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[name]
    assert names(getattr(neural_network, name)()) <= names(ours())
