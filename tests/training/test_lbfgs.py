"""L-BFGS is one more way to run the loop: it finds the minimum, and everything watches it."""

import math

import numpy as np
import pytest

from unstuck.base.errors import DivergenceError, InvalidInputError
from unstuck.core.network import Network
from unstuck.training.callbacks import Callback
from unstuck.training.lbfgs import LBFGS
from unstuck.training.trainer import Trainer


def ridge(n=40, l2=0.1, seed=0):
    """A linear network with a penalty, its data, and its exact minimum."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=n)
    net = Network.mlp([3, 1], output_activation="identity", loss="squared_error", l2=l2)
    centred, target = X - X.mean(axis=0), y - y.mean()
    W = np.linalg.solve(centred.T @ centred / n + l2 * np.eye(3), centred.T @ target / n)
    return net, X, y, W


def test_finds_the_exact_minimum_of_ridge_regression():
    net, X, y, W = ridge()
    history = Trainer(net, "lbfgs").fit(X, y)
    assert net["W1"][:, 0] == pytest.approx(W, abs=1e-6)
    assert history.stopped in {"converged", "no further progress"}
    assert history.engine == "scipy"
    total = history.cost + history.penalty
    assert (np.diff(total) <= 0.0).all()
    assert total[-1] == pytest.approx(net.loss(X, y).total)


def test_tolerances_and_budgets_end_it():
    net, X, y, _ = ridge()
    assert Trainer(net, LBFGS(gradient_tolerance=10.0)).fit(X, y).stopped == "converged"
    net, X, y, _ = ridge()
    history = Trainer(net, LBFGS(0.0), iterations=2).fit(X, y)
    assert (len(history), history.stopped) == (2, "finished")
    net, X, y, _ = ridge()
    history = Trainer(net, LBFGS(0.0, evaluations=3)).fit(X, y)
    assert len(history) <= 3
    assert history.stopped == "finished"
    with pytest.raises(InvalidInputError, match="evaluations"):
        LBFGS(evaluations=0)


def test_validation_record_early_stopping_and_callbacks_work_as_elsewhere():
    class Watcher(Callback):
        seen: tuple[str, ...] = ()

        def on_start(self, loop):
            self.seen += ("start",)

        def on_epoch(self, loop, row):
            self.seen += ("epoch",)
            if row["epoch"] == 4:
                loop.stop("enough")

        def on_end(self, loop):
            self.seen += ("end",)

    net, X, y, _ = ridge(n=80)
    watcher = Watcher()
    history = Trainer(
        net, "lbfgs", validation_fraction=0.25, patience=50, callbacks=[watcher], random_state=0
    ).fit(X, y)
    assert watcher.seen == ("start", *["epoch"] * 4, "end")
    assert history.stopped == "enough"
    best = int(np.argmin(history.validation_cost)) + 1
    assert history.best_epoch == best
    record = history.record
    assert record["step"].tolist() == [0, 1, 2, 4]
    assert np.isfinite(record["update_ratio"][:-1]).all()
    assert record["cost"][0] > record["cost"][-1]
    assert math.isnan(history.learning_rate[0])


def test_a_cost_that_is_not_finite_raises_and_keeps_the_last_good_weights():
    net, X, y, _ = ridge()
    net["W1"][...] = 0.0
    before = net.theta.copy()
    with pytest.raises(DivergenceError, match="step 1"):
        Trainer(net, "lbfgs").fit(X * 1e170, y * 1e170)
    assert np.array_equal(net.theta, before)
