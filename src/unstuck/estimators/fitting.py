"""One fit: part of the data held out if need be, the trainer run, its end reported."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.display import reach
from unstuck.base.errors import DivergenceError, FitDivergedError, InvalidInputError
from unstuck.data.split import split_indices, take_rows
from unstuck.estimators.course import Course
from unstuck.estimators.parameters import is_full_batch
from unstuck.estimators.solving import batch_size_for, build_optimizer, build_schedule, l2_for
from unstuck.training.history import History
from unstuck.training.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Part:
    """Samples, encoded targets and weights, to train on or to validate with."""

    X: AnyArray  # (n, n_features)
    targets: Array  # (n, n_outputs)
    weight: Array | None = None  # (n,)

    def __iter__(self) -> Iterator[Any]:
        """The three, as `Trainer.fit` takes them."""
        return iter((self.X, self.targets, self.weight))


@dataclass(slots=True)
class Progress:
    """What goes on from one fit to the next."""

    course: Course
    rng: np.random.Generator
    buffers: dict[str, Array] = field(default_factory=dict)  # the optimiser's
    updates: int = 0


def hold_out(
    part: Part, y: AnyArray, fraction: float, rng: np.random.Generator, *, by_class: bool
) -> tuple[Part, Part]:
    """The training set without a fraction of it, and that; every class in both where it can."""
    rest, held = split_indices(y, fraction, rng, stratify=by_class)
    if len(held) < 2:
        raise InvalidInputError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            f"dataset: {fraction:g} of {len(y)} samples is {len(held)}; at least 2 are needed."
        )

    def take(rows: AnyArray) -> Part:
        weight = None if part.weight is None else part.weight[rows]
        if weight is not None and not weight.any():
            raise InvalidInputError(
                f"the weights of all {len(rows)} samples of one part are zero after "
                f"validation_fraction={fraction:g} was held out. Leave samples of weight zero "
                "away, or use another random_state."
            )
        return Part(take_rows(part.X, rows), part.targets[rows], weight)

    return take(rest), take(held)


def train(
    estimator: Any, progress: Progress, part: Part, validation: Part | None, *, partial: bool
) -> History:
    """Train the estimator's network on a part, to the end or (``partial``) for one epoch."""
    optimizer = build_optimizer(estimator)
    goes_on = partial and set(progress.buffers) == set(getattr(optimizer, "slots", "-"))
    trainer = build_trainer(
        estimator, progress, optimizer, part, validation, goes_on=goes_on, partial=partial
    )
    if goes_on:
        trainer.buffers, trainer.updates_done = progress.buffers, progress.updates
    try:
        history = trainer.fit(*part, keep_optimizer=goes_on)
    except DivergenceError as error:
        raise FitDivergedError(str(error)) from None
    if not np.isfinite(estimator.network_.theta).all():
        raise FitDivergedError(
            "Solver produced non-finite parameter weights. The input data may contain large "
            "values and need to be preprocessed; or learning_rate_init is too large."
        )
    progress.buffers, progress.updates = trainer.buffers, trainer.updates_done
    if not partial:
        warn_of_the_end(estimator, history)
    return history


def build_trainer(
    estimator: Any,
    progress: Progress,
    optimizer: Any,
    part: Part,
    validation: Part | None,
    *,
    goes_on: bool,
    partial: bool,
) -> Trainer:
    """The trainer that the estimator's parameters describe."""
    n_samples, network = len(part.X), estimator.network_
    batch_size = batch_size_for(estimator, n_samples)
    network.l2 = l2_for(estimator.alpha, batch_size, part.weight)
    progress.course.begin(estimator, fresh=not goes_on)
    keeps_best = estimator.early_stopping and validation is not None
    shown = [reach("progress")()] if estimator.verbose else []
    return Trainer(
        network,
        optimizer,
        schedule=build_schedule(
            estimator, n_samples, batch_size, seen=estimator.t_, fresh=not goes_on
        ),
        batch_size=batch_size,
        epochs=1 if partial else int(estimator.max_iter),
        shuffle=bool(estimator.shuffle),
        validation=None if validation is None else tuple(validation),
        # The course says when to stop; the trainer's own patience, which never ends, keeps the
        # best weights and restores them.
        patience=int(estimator.max_iter) + 1 if keeps_best else None,
        monitor="validation_score" if keeps_best else None,
        callbacks=[progress.course, *shown, *(estimator.callbacks or ())],
        random_state=progress.rng,
        engine=estimator.engine,
        threads=estimator.threads,
    )


def warn_of_the_end(estimator: Any, history: History) -> None:
    """Warn, as scikit-learn does, of a fit that ended before it had converged."""
    if history.stopped == "interrupted":
        warnings.warn("Training interrupted by user.", UserWarning, stacklevel=6)
    if history.stopped not in {"finished", "no further progress"}:
        return
    if is_full_batch(estimator):
        message = (
            f"lbfgs failed to converge after {len(history)} iterations "
            f"(max_iter={estimator.max_iter}, max_fun={estimator.max_fun}). Increase these, or "
            "scale the data (sklearn.preprocessing)."
        )
    else:
        message = (
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the "
            "optimization hasn't converged yet. Increase max_iter, or tol."
        )
    warnings.warn(message, ConvergenceWarning, stacklevel=6)
