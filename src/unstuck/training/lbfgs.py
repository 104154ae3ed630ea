"""Full-batch training by L-BFGS: the network gives cost and gradient, SciPy takes the steps.

Liu & Nocedal (1989), *On the limited memory BFGS method for large scale optimization*. There is
no learning rate: every iteration searches along its own direction.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.interrupt import interruptible
from unstuck.core.network import decide
from unstuck.training.diverged import divergence_error
from unstuck.training.evaluate import score_targets
from unstuck.training.history import History
from unstuck.training.samples import Samples

if TYPE_CHECKING:
    from unstuck.training.trainer import Trainer

GRADIENT_TOLERANCE = 1e-8


class _Interrupted(Exception):
    """Carries Ctrl-C out of SciPy's loop."""


def fit_lbfgs(trainer: Trainer, samples: Samples) -> History:
    """Minimise the cost over all samples; one iteration is one epoch of the history."""
    from scipy.optimize import minimize

    network = trainer.network
    x = network.prepare(samples.X)
    history = History()
    history.engine = "scipy"
    limit = trainer.iterations or trainer.epochs or 200
    seen: dict[str, Any] = {"norm": math.nan, "since": time.perf_counter()}
    validation = None
    if trainer.validation is not None:
        from unstuck.training.samples import training_samples

        validation = training_samples(network, *trainer.validation)

    def cost_and_gradient(theta: Array) -> tuple[float, Array]:
        network.theta[...] = theta
        with np.errstate(over="ignore", invalid="ignore"):
            forward = network.propagate(x, training=True, rng=None, update_state=True)
            cost = network.loss_function.value(
                forward.values[-2], forward.output, samples.targets, samples.weight
            )
            gradient = network.backpropagate(forward, samples.targets, samples.weight)
        if not math.isfinite(cost):
            rows = np.arange(len(samples))
            raise divergence_error(network, samples, rows, len(history) + 1, 1.0)
        seen["norm"] = math.sqrt(float(gradient @ gradient))
        seen["output"] = forward.output
        seen["cost"] = float(cost)
        return float(cost) + network.penalty(), gradient.astype(np.float64)

    def after_iteration(intermediate_result: Any) -> None:
        network.theta[...] = intermediate_result.x
        now = time.perf_counter()
        row = {
            "epoch": len(history) + 1,
            "iterations": len(history) + 1,
            "cost": seen["cost"],
            "penalty": network.penalty(),
            "accuracy": accuracy(seen["output"]),
            "gradient_norm": seen["norm"],
            "seconds": now - seen["since"],
        }
        if validation is not None:
            scored = score_targets(network, validation.X, validation.targets, validation.weight)
            row["validation_cost"], row["validation_score"] = scored.cost, scored.score
        history.append(row)
        seen["since"] = time.perf_counter()
        if interrupt:
            raise _Interrupted

    def accuracy(output: Array) -> float:
        if not samples.labelled:
            return math.nan
        activation, task = network.output_activation, network.task
        same = decide(output, activation, task) == decide(samples.targets, activation, task)
        return float((same if same.ndim == 1 else same.all(axis=1)).mean())

    with interruptible() as interrupt:
        try:
            result = minimize(
                cost_and_gradient,
                network.theta.astype(np.float64),
                jac=True,
                method="L-BFGS-B",
                callback=after_iteration,
                options={"maxiter": limit, "gtol": GRADIENT_TOLERANCE, "ftol": 0.0},
            )
            network.theta[...] = result.x
            history.stopped = "finished"
        except _Interrupted:
            history.stopped = "interrupted"
    return history
