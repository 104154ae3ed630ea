"""How training goes, in scikit-learn's numbers, and scikit-learn's rule when it is over.

An epoch counts as no improvement when the loss did not fall (or, with early stopping, the
validation score did not rise) by ``tol``; more than ``n_iter_no_change`` of them in a row end
training, or divide the learning rate by 5 where it is "adaptive".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unstuck.estimators.parameters import is_full_batch
from unstuck.training.callbacks import Callback
from unstuck.training.loop import Loop

SMALLEST_RATE = 1e-6  # an adaptive rate at or below this is not divided further
CONVERGED = "converged"


@dataclass
class Course(Callback):
    """Keeps `loss_curve_`, `validation_scores_` and what else goes on from fit to fit."""

    scale: float  # of the core's data term: 1 / n_outputs where scikit-learn averages over them
    tol: float = 1e-4
    n_iter_no_change: float = 10
    early_stopping: bool = False
    adaptive: bool = False
    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    best_loss: float = math.inf
    best_score: float = -math.inf
    waited: int = 0
    rate: float | None = None  # an adaptive learning rate, once it was divided
    penalty: float = 0.0
    step: int = 0

    def begin(self, estimator: Any, *, fresh: bool) -> None:
        """Take over the estimator's settings; a fresh start waits anew, at the rate it is told."""
        self.tol = estimator.tol
        self.n_iter_no_change = math.inf if is_full_batch(estimator) else estimator.n_iter_no_change
        self.early_stopping = estimator.early_stopping
        self.adaptive = estimator.solver == "sgd" and estimator.learning_rate == "adaptive"
        if fresh:
            self.waited, self.rate = 0, None

    def on_start(self, loop: Loop) -> None:
        """Remember where the first epoch begins."""
        self.penalty, self.step = loop.network.penalty(), 0
        if self.rate is not None:
            loop.learning_rate = self.rate

    def on_epoch(self, loop: Loop, row: Mapping[str, float]) -> None:
        """Take in an epoch; perhaps ask training to end."""
        loss = self.loss(loop, row)
        self.loss_curve.append(loss)
        score = row.get("validation_score")
        if score is not None:
            self.validation_scores.append(score)
        if self.early_stopping and score is not None:
            improved = score >= self.best_score + self.tol
        else:
            improved = loss <= self.best_loss - self.tol
        self.best_loss = min(self.best_loss, loss)
        self.best_score = max(self.best_score, -math.inf if score is None else score)
        self.waited = 0 if improved else self.waited + 1
        if self.waited > self.n_iter_no_change:
            self.give_up(loop)

    def loss(self, loop: Loop, row: Mapping[str, float]) -> float:
        """Data term and penalty, each a mean over the epoch's batches as they were met.

        The loop reports the penalty where the epoch ended; in between it is taken to have moved
        evenly from batch to batch.
        """
        before, after = self.penalty, row["penalty"]
        steps = loop.step - self.step
        self.penalty, self.step = after, loop.step
        if loop.engine.name == "scipy":  # both are of the point that an iteration reached
            return self.scale * row["cost"] + after
        met = before + (after - before) * (steps - 1) / (2 * steps)
        return self.scale * row["cost"] + met

    def give_up(self, loop: Loop) -> None:
        """End training, or go on in smaller steps."""
        if not self.adaptive or loop.learning_rate <= SMALLEST_RATE:
            loop.stop(CONVERGED)
            return
        self.rate = loop.learning_rate = loop.learning_rate / 5
        self.waited = 0
