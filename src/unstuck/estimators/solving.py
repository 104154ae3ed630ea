"""From scikit-learn's words for a solver to ours: optimiser, schedule, batches, penalty."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from unstuck.base.arrays import Array
from unstuck.core.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSProp
from unstuck.core.schedules import Schedule
from unstuck.estimators.parameters import RATES_OF_SGD, is_full_batch
from unstuck.training.lbfgs import LBFGS

LARGEST_AUTO_BATCH = 200
COST_TOLERANCE = float(1e7 * np.finfo(np.float64).eps)  # SciPy's own, which scikit-learn keeps

Builder = Callable[[Any], Optimizer | LBFGS]

SOLVERS: dict[str, Builder] = {
    "lbfgs": lambda e: LBFGS(e.tol, COST_TOLERANCE, e.max_fun),
    "sgd": lambda e: SGD(
        e.learning_rate_init, e.momentum, bool(e.nesterovs_momentum and e.momentum > 0)
    ),
    "adam": lambda e: Adam(e.learning_rate_init, e.beta_1, e.beta_2, e.epsilon),
    "adamw": lambda e: AdamW(e.learning_rate_init, e.beta_1, e.beta_2, e.epsilon),
    "rmsprop": lambda e: RMSProp(e.learning_rate_init, epsilon=e.epsilon),
    "adagrad": lambda e: Adagrad(e.learning_rate_init, epsilon=e.epsilon),
}
"""The optimiser that an estimator's parameters describe, by the name of its solver."""


@dataclass(frozen=True)
class InverseScalingByEpoch(Schedule):
    """scikit-learn's "invscaling": ``base / (t + 1)^power``, ``t`` the samples seen so far.

    The rate changes between epochs alone; where the optimiser is ``fresh``, the first epoch has
    the base rate, whatever was seen before.

    >>> InverseScalingByEpoch(0.5, n_samples=3, per_epoch=2).rates(0, 5, 5, 1.0).round(3)
    array([1.   , 1.   , 0.5  , 0.5  , 0.378])
    """

    power: float
    n_samples: int
    per_epoch: int  # updates
    seen: int = 0  # samples, before this run
    fresh: bool = True

    def factors(self, steps: Array, total_steps: int) -> Array:
        """``(t + 1)^-power`` of the epoch that each step falls into."""
        epochs = np.floor(steps / self.per_epoch)
        scaled = (self.seen + epochs * self.n_samples + 1.0) ** -self.power
        return np.where(epochs == 0.0, 1.0, scaled) if self.fresh else scaled


def build_optimizer(estimator: Any) -> Optimizer | LBFGS:
    """The estimator's solver; an instance is taken as it is."""
    solver = estimator.solver
    return SOLVERS[solver](estimator) if isinstance(solver, str) else solver


def build_schedule(
    estimator: Any, n_samples: int, batch_size: int, *, seen: int, fresh: bool
) -> Any:
    """The estimator's schedule; scikit-learn's own two work with "sgd" alone, as there."""
    rate = estimator.learning_rate
    if rate == "invscaling" and estimator.solver == "sgd":
        per_epoch = -(-n_samples // batch_size)
        return InverseScalingByEpoch(estimator.power_t, n_samples, per_epoch, seen, fresh)
    return "constant" if isinstance(rate, str) and rate in RATES_OF_SGD else rate


def batch_size_for(estimator: Any, n_samples: int) -> int:
    """Samples an update; more than there are is clipped, with scikit-learn's warning."""
    batch_size = estimator.batch_size
    if is_full_batch(estimator):
        return n_samples
    if batch_size == "auto":
        return min(LARGEST_AUTO_BATCH, n_samples)
    if int(batch_size) > n_samples:
        warnings.warn(
            f"Got `batch_size` larger than sample size ({batch_size} > {n_samples}). It is going "
            "to be clipped",
            UserWarning,
            stacklevel=7,  # the line that called fit
        )
    return min(int(batch_size), n_samples)


def l2_for(alpha: float, batch_size: int, weight: Array | None) -> float:
    """scikit-learn's alpha as the core's ``l2``: divided by the weight of a batch."""
    mean = 1.0 if weight is None else float(weight.mean(dtype=np.float64))
    return float(alpha) / (batch_size * mean)


def stream(random_state: Any) -> np.random.Generator:
    """A generator for a fit: a Generator itself, else one seeded by scikit-learn's RandomState."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    seeds = check_random_state(random_state).randint(0, 2**32, size=4, dtype=np.uint32)
    return np.random.default_rng(seeds)
