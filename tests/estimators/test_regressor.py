"""One number or several; what cannot be a number is refused."""

import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.estimators.regressor import MLPRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = np.column_stack([X[:, 0] - 2 * X[:, 1], 10 * np.tanh(X[:, 2])])
QUICK = {"solver": "lbfgs", "max_iter": 2000, "hidden_layer_sizes": (20,), "random_state": 0}


def test_one_output():
    model = MLPRegressor(**QUICK).fit(X, Y[:, 0])
    assert model.predict(X).shape == (80,)
    assert model.score(X, Y[:, 0]) > 0.999
    assert (model.out_activation_, model.n_outputs_) == ("identity", 1)


def test_several_outputs():
    model = MLPRegressor(**QUICK).fit(X, Y)
    assert model.predict(X).shape == (80, 2)
    assert model.score(X, Y) > 0.999
    halves = [model.network_.loss(X, Y).data / 2, model.network_.penalty()]
    assert model.loss_ == pytest.approx(sum(halves))  # averaged over outputs, as scikit-learn does


def test_outliers_pull_huber_less():
    y = Y[:, 0].copy()
    y[:5] += 1000.0
    error = {}
    for loss in ("squared_error", "huber"):
        model = MLPRegressor(loss, **QUICK | {"hidden_layer_sizes": ()}).fit(X, y)
        error[loss] = np.abs(model.predict(X) - Y[:, 0]).mean()
    assert error["huber"] < 0.1 * error["squared_error"]


def test_partial_fit_and_warm_start_keep_the_number_of_outputs():
    model = MLPRegressor(random_state=0, learning_rate_init=0.01)
    for _ in range(60):
        model.partial_fit(X, Y)
    assert model.score(X, Y) > 0.8
    with pytest.raises(InvalidInputError, match="was fitted to 2"):
        model.partial_fit(X, Y[:, 0])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array(["a"] * 80), "could not convert|text|numbers|string"),
        (np.full(80, np.inf), r"Input y contains infinity .*The first is inf at row 0"),
        (np.where(np.arange(160).reshape(80, 2) == 7, np.nan, 0.0), "nan at row 3, column 1"),
        (Y[:-1], "inconsistent numbers of samples"),
        (Y[:, :, None], "dim"),
    ],
)
def test_targets_that_cannot_be_learned_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        MLPRegressor(**QUICK).fit(X, y)


def test_unknown_losses_are_refused_with_what_there_is():
    with pytest.raises(InvalidInputError, match="unknown loss 'poisson'; allowed: squared_error"):
        MLPRegressor("poisson").fit(X, Y)
