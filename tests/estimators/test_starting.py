"""`initializer="auto"` looks at the data; the default is given up only where it cannot work."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from unstuck import MLPClassifier, MLPRegressor
from unstuck.core.initializers import Auto

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.uniform(0, 1, (200, 8))
y = (X[:, 0] + X[:, 1] > 1).astype(int)


def test_auto_says_what_it_took_and_why():
    for auto in ("auto", Auto()):
        model = MLPClassifier((16,) * 5, "logistic", initializer=auto, max_iter=5, random_state=0)
        model.fit(X, y)
        assert model.start_.name == "fitted theory"
        assert model.record_.facts["initial_weights"]["reason"] == model.start_.reason
        assert "CenteringBias" in model.start_.biases[1]


def test_deep_sigmoids_learn_by_default():
    model = MLPClassifier((16,) * 12, "logistic", random_state=0, learning_rate_init=0.003)
    fixed = clone(model).set_params(initializer="glorot_uniform")
    assert model.fit(X, y).score(X, y) > 0.95
    assert model.start_ is not None
    assert fixed.fit(X, y).score(X, y) < 0.7
    assert fixed.start_ is None


def test_a_default_that_works_is_left_alone():
    model = MLPClassifier((16,), random_state=0, max_iter=3).fit(X, y)
    assert model.start_ is None
    assert "initial_weights" not in model.record_.facts


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_the_same_seed_the_same_start(solver):
    def thetas():
        model = MLPRegressor(
            hidden_layer_sizes=(8, 8), initializer="auto", solver=solver, random_state=3, max_iter=4
        ).fit(X, X[:, 0])
        return model.network_.theta

    np.testing.assert_array_equal(thetas(), thetas())


def test_sparse_samples_and_further_fits():
    model = MLPClassifier((8,), initializer="auto", max_iter=3, random_state=0, warm_start=True)
    first = model.fit(sparse.csr_matrix(X), y).start_
    assert model.fit(X, y).start_ is first  # nothing is drawn anew
    model = MLPClassifier((8,), initializer="auto", random_state=0)
    model.partial_fit(X[:50], y[:50], classes=[0, 1])
    first = model.start_
    assert model.partial_fit(X[50:], y[50:]).start_ is first
