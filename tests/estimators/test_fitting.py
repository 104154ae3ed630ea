"""How a fit goes: held-out data, early stopping, callbacks, the record, and how it ends."""

import os
import signal

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from unstuck.base.errors import DivergenceError, InvalidInputError
from unstuck.estimators.classifier import MLPClassifier
from unstuck.estimators.regressor import MLPRegressor
from unstuck.training.callbacks import Callback

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4))
Y = (X[:, 0] + 0.5 * RNG.normal(size=200) > 0).astype(int)
VALUES = X[:, 0] - X[:, 1]
X_HELD, Y_HELD = X[:40] + 0.1, Y[:40]
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@quiet
@pytest.mark.parametrize(("cls", "y"), [(MLPClassifier, Y), (MLPRegressor, VALUES)])
def test_early_stopping_restores_the_best_weights(cls, y):
    seen = []

    class Keep(Callback):
        def on_epoch(self, loop, row):
            seen.append(loop.network.theta.copy())

    model = cls(
        early_stopping=True, validation_fraction=0.2, n_iter_no_change=4, learning_rate_init=0.02,
        random_state=0, callbacks=[Keep()],
    ).fit(X, y)  # fmt: skip
    scores = model.validation_scores_
    best = int(np.argmax(scores))
    assert model.best_validation_score_ == max(scores)
    assert np.array_equal(model.network_.theta, seen[best])
    assert model.history_.best_epoch == best + 1
    assert len(scores) == model.n_iter_ == len(model.loss_curve_) < 200
    assert model.best_loss_ is None
    assert model.t_ == 160 * model.n_iter_


@quiet
def test_the_held_out_part_keeps_the_shares_of_the_classes():
    y = np.array(["rare"] * 20 + ["often"] * 180)
    parts = []

    class Look(Callback):
        def on_start(self, loop):
            parts.append(loop.validation.targets.mean())

    MLPClassifier(early_stopping=True, max_iter=1, callbacks=[Look()], random_state=1).fit(X, y)
    assert parts == [0.1]  # two of twenty


@quiet
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_validation_data_of_ones_own_are_judged_by_score(solver):
    model = MLPClassifier(solver=solver, max_iter=8, random_state=0)
    model.fit(X, Y, X_val=X_HELD, y_val=Y_HELD)
    assert len(model.validation_scores_) == model.n_iter_
    assert model.validation_scores_[-1] == pytest.approx(model.score(X_HELD, Y_HELD))
    assert model.best_loss_ == min(model.loss_curve_)  # they only watch
    assert np.isfinite(model.history_.validation_cost).all()
    regressor = MLPRegressor(solver=solver, max_iter=8, random_state=0)
    targets = np.column_stack([VALUES, 100 * X[:, 2]])
    regressor.fit(X, targets, X_val=X[50:90], y_val=targets[50:90])
    score = regressor.score(X[50:90], targets[50:90])
    assert regressor.validation_scores_[-1] == pytest.approx(score)


@quiet
def test_validation_data_of_ones_own_decide_early_stopping_and_nothing_is_held_out():
    model = MLPClassifier(early_stopping=True, random_state=0, learning_rate_init=0.01)
    model.fit(X, Y, X_val=X_HELD, y_val=Y_HELD)
    assert model.t_ == 200 * model.n_iter_
    assert model.score(X_HELD, Y_HELD) == pytest.approx(model.best_validation_score_)
    with pytest.raises(InvalidInputError, match="belong together"):
        model.fit(X, Y, X_val=X_HELD)
    with pytest.raises(ValueError, match="expecting 4 features"):
        model.fit(X, Y, X_val=X_HELD[:, :2], y_val=Y_HELD)
    with pytest.raises(ValueError, match=r"not in `self.classes_`"):
        model.fit(X, Y, X_val=X_HELD, y_val=Y_HELD + 5)


def test_too_little_to_hold_out_is_said():
    for fraction, message in ((0.001, "validation set is too small"), (0.0, "fraction")):
        model = MLPClassifier(early_stopping=True, validation_fraction=fraction)
        with pytest.raises(ValueError, match=message):
            model.fit(X, Y)
    weight = np.zeros(200)
    weight[0] = 1.0
    with pytest.raises(ValueError, match=r"weights of all .* are zero"):
        MLPClassifier(early_stopping=True, random_state=0).fit(X, Y, weight)


# ------------------------------------------------------------------ what watches


@quiet
def test_callbacks_see_every_epoch_and_may_end_training():
    rows = []

    class Stop(Callback):
        def on_epoch(self, loop, row):
            if row["epoch"] == 3:
                loop.stop("seen enough")

    model = MLPClassifier(callbacks=[rows.append, Stop()], random_state=0).fit(X, Y)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert model.history_.stopped == "seen enough"
    assert model.n_iter_ == 3


def test_callbacks_that_end_a_fit_leave_no_warning():
    MLPClassifier(callbacks=[lambda row: True], random_state=0).fit(X, Y)


@quiet
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_history_and_record_are_those_of_the_run(solver):
    model = MLPClassifier((8, 6), solver=solver, max_iter=10, random_state=0).fit(X, Y)
    history, record = model.history_, model.record_
    assert len(history) == model.n_iter_ == 10
    assert record is history.record
    assert [layer.fan_in for layer in record.layers] == [4, 8, 6]
    assert record["cost"][-1] < record["cost"][0]
    assert model.loss_curve_[-1] == pytest.approx(history.cost[-1] + history.penalty[-1], rel=1e-4)


@quiet
def test_verbose_shows_progress_on_standard_error(capsys):
    MLPClassifier(max_iter=2, verbose=True, random_state=0).fit(X, Y)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2" in shown.err
    MLPClassifier(max_iter=2, random_state=0).fit(X, Y)
    assert capsys.readouterr().err == ""


# ------------------------------------------------------------------ how it ends


def test_running_out_of_iterations_is_warned_of_where_fit_was_called():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached") as caught:
        MLPClassifier(max_iter=3, random_state=0).fit(X, Y)
    assert caught[0].filename == __file__
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after 3 iterations"):
        MLPClassifier(max_iter=3, solver="lbfgs", random_state=0).fit(X, Y)
    with pytest.warns(ConvergenceWarning, match="max_fun=5"):
        MLPClassifier(max_fun=5, solver="lbfgs", random_state=0).fit(X, Y)


def test_a_fit_that_has_converged_says_nothing():
    model = MLPClassifier(tol=1e-2, n_iter_no_change=3, random_state=0).fit(X, Y)
    assert model.history_.stopped == "converged"
    waited = model.loss_curve_[-4:]
    assert min(model.loss_curve_[:-4]) - min(waited) < 4e-2


@quiet
def test_too_large_a_batch_is_clipped_with_a_warning():
    with pytest.warns(UserWarning, match="larger than sample size") as caught:
        MLPClassifier(batch_size=500, max_iter=1, random_state=0).fit(X, Y)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_divergence_is_a_value_error_that_says_what_to_try(solver):
    model = MLPRegressor(solver=solver, learning_rate_init=1e6, random_state=0)
    with pytest.raises(DivergenceError, match=r"became NaN or infinite at step \d+.*Try") as error:
        model.fit(X * 1e100, VALUES * 1e200)
    assert isinstance(error.value, ValueError)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_ctrl_c_keeps_what_was_learned():
    class Interrupt(Callback):
        def on_epoch(self, loop, row):
            if row["epoch"] == 5:
                os.kill(os.getpid(), signal.SIGINT)

    model = MLPClassifier(max_iter=10_000, tol=0.0, n_iter_no_change=np.inf, random_state=0)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.set_params(callbacks=[Interrupt()]).fit(X, Y)
    assert model.n_iter_ == 5  # no epoch without an update is reported
    assert np.isfinite(model.loss_curve_).all()
    assert model.score(X, Y) > 0.5


def test_infinitely_many_epochs_without_change_never_stop_it():
    model = MLPClassifier(max_iter=40, tol=10.0, n_iter_no_change=np.inf, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y)
    assert model.n_iter_ == 40


@quiet
def test_zero_iterations_of_lbfgs_still_report_a_loss():
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", initializer="zeros", alpha=0.0)
    model.fit(X, np.zeros(200))
    assert (model.n_iter_, model.loss_, model.loss_curve_) == (0, 0.0, [])


@quiet
@pytest.mark.parametrize("seed", [0, np.random.RandomState(0), np.random.default_rng(0)])
def test_random_state_fixes_everything_random(seed):
    def fit(state):
        model = MLPClassifier(
            (8,), dropout=0.3, early_stopping=True, max_iter=5, batch_size=20, random_state=state
        )
        return model.fit(X, Y).network_.theta

    first, again = fit(seed), fit(seed)
    assert np.array_equal(first, again) == isinstance(seed, int)  # a stream goes on


@quiet
def test_no_random_state_means_numpys_global_one_as_in_scikit():
    def fit():
        np.random.seed(3)  # noqa: NPY002 - that is what is tested
        return MLPClassifier((8,), max_iter=3).fit(X, Y).network_.theta

    assert np.array_equal(fit(), fit())
