"""Full-batch training by L-BFGS: the network gives cost and gradient, SciPy takes the steps.

Liu & Nocedal (1989), *On the limited memory BFGS method for large scale optimization*. There is
no learning rate: every iteration searches along its own direction. One iteration is one epoch of
the loop, so that history, record, validation, callbacks and Ctrl-C are those of every other run.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.construct import check_number
from unstuck.base.errors import DivergenceError
from unstuck.base.interrupt import Interrupt
from unstuck.core.judge import decide
from unstuck.core.network import Network
from unstuck.training.diverged import divergence_error
from unstuck.training.engines.protocol import Progress
from unstuck.training.loop import EpochTotals, Loop
from unstuck.training.samples import Samples

DEFAULT_ITERATIONS = 200
ENDINGS = {0: "converged", 1: "finished", 2: "no further progress"}  # SciPy's status


@dataclass(frozen=True, slots=True)
class LBFGS:
    """When L-BFGS has converged, and how often it may evaluate the cost.

    ``gradient_tolerance`` bounds the largest entry of the gradient, ``cost_tolerance`` the
    relative decrease of the cost in one iteration; ``evaluations`` is the most evaluations of
    cost and gradient, a few an iteration (None: no bound).

    >>> LBFGS(gradient_tolerance=1e-4)
    LBFGS(gradient_tolerance=0.0001, cost_tolerance=0.0, evaluations=None)
    """

    gradient_tolerance: float = 1e-8
    cost_tolerance: float = 0.0
    evaluations: int | None = None

    def __post_init__(self) -> None:
        check_number(self, "gradient_tolerance", low=0.0)
        check_number(self, "cost_tolerance", low=0.0)
        if self.evaluations is not None:
            check_number(self, "evaluations", low=1)


class SciPyEngine:
    """Stands where other runs have the engine of their updates; SciPy does these."""

    name = "scipy"

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads

    def run(self, indices: Array, learning_rates: Array, first_step: int) -> Progress:
        """Never called."""
        raise NotImplementedError


def run_lbfgs(loop: Loop, settings: LBFGS, interrupt: Interrupt) -> None:
    """Minimise the cost over all samples of a loop, from the network's present parameters."""
    from scipy import optimize

    minimize: Any = optimize.minimize  # its types know no callback that ends the search
    network = loop.network
    descent = Descent(loop)
    options = {
        "maxiter": loop.total_steps,
        "gtol": settings.gradient_tolerance,
        "ftol": settings.cost_tolerance,
        "maxfun": settings.evaluations or 2**31 - 1,
    }

    def after_iteration(intermediate_result: Any) -> None:
        descent.close_iteration(intermediate_result.x, float(intermediate_result.fun))
        if interrupt:
            loop.stop("interrupted")
        if loop.stopped:
            raise StopIteration

    loop.start()
    descent.seen = descent.look()
    try:
        result = minimize(
            descent.cost_and_gradient,
            network.theta.astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            callback=after_iteration,
            options=options,
        )
        network.theta[...] = result.x
        loop.stop(ENDINGS.get(result.status, str(result.message)))
    except DivergenceError:
        network.theta[...] = descent.reached
        raise
    finally:
        loop.end()


class Descent:
    """What SciPy sees of a loop: the cost as a function, and the end of each iteration."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        network = loop.network
        self.x = network.prepare(loop.samples.X)
        shapes = [(len(self.x), layer.fan_out) for layer in network.layers]
        self.outputs = [np.empty(shape, network.dtype) for shape in shapes]
        self.deltas = [np.empty(shape, network.dtype) for shape in shapes]
        self.gradient = np.zeros_like(network.theta)
        self.layer_gradients = network.by_layer(self.gradient)
        self.reached: Array = loop.network.theta.astype(np.float64)
        self.correct = 0
        self.since = time.perf_counter()
        self.seen: dict[str, float | Array] | None = None

    def cost_and_gradient(self, theta: Array) -> tuple[float, Array]:
        """Cost with its penalty, and its gradient (n_parameters,), at ``theta``."""
        network, samples = self.loop.network, self.loop.samples
        network.theta[...] = theta
        with np.errstate(over="ignore", invalid="ignore"):
            forward = network.propagate(
                self.x, training=True, rng=None, update_state=True, out=self.outputs
            )
            cost = network.loss_function.value(
                forward.values[-2], forward.output, samples.targets, samples.weight
            )
            gradient = network.backpropagate(
                forward,
                samples.targets,
                samples.weight,
                gradient=self.gradient,
                layer_gradients=self.layer_gradients,
                out=self.deltas,
            )
        if not math.isfinite(cost):
            rows = np.arange(len(samples))
            raise divergence_error(network, samples, rows, self.loop.step + 1, 1.0)
        self.correct = count_hits(network, forward.output, samples) if samples.labelled else 0
        return float(cost) + network.penalty(), gradient.astype(np.float64)

    def close_iteration(self, theta: Array, cost: float) -> None:
        """Let the loop count, record, validate and call back, at the point that was reached."""
        loop, samples = self.loop, len(self.loop.samples)
        loop.network.theta[...] = self.reached = theta
        seconds = time.perf_counter() - self.since
        loop.step += 1
        loop.totals = EpochTotals()
        data = np.array([cost - loop.network.penalty()])
        loop.totals.add(Progress(data, np.ones(1), self.correct, samples))
        if self.seen is not None and loop.observer is not None and loop.builder is not None:
            loop.builder.add(loop.observer.finish(self.seen, loop.step - 1, math.nan))
        loop.close_epoch(seconds, math.nan)
        self.seen = self.look()
        self.since = time.perf_counter()

    def look(self) -> dict[str, float | Array] | None:
        """A look at the network where the record's grid of steps asks for one."""
        builder, observer = self.loop.builder, self.loop.observer
        if builder is None or observer is None or builder.next_due(self.loop.step) > self.loop.step:
            return None
        return observer.look()


def count_hits(network: Network, output: Array, samples: Samples) -> int:
    """Samples whose decision is the target's."""
    activation, task = network.output_activation, network.task
    same = decide(output, activation, task) == decide(samples.targets, activation, task)
    return int(np.count_nonzero(same if same.ndim == 1 else same.all(axis=1)))
