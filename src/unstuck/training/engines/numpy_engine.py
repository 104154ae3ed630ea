"""The readable engine: forward, backward, step, batch after batch, in plain NumPy.

It trains every network the core can express. All arrays of a batch are allocated once and
written into; a shorter last batch uses their first rows.
"""

from __future__ import annotations

import math

import numpy as np

from unstuck.base.arrays import Array
from unstuck.core.judge import decide
from unstuck.training.engines.protocol import Job, Progress


class NumpyEngine:
    """Runs updates with NumPy and its BLAS.

    Examples
    --------
    See `unstuck.training.trainer.Trainer`, which builds it with ``engine="numpy"``.
    """

    name = "numpy"

    def __init__(self, job: Job) -> None:
        self.job = job
        self.threads = job.threads or 1
        network = job.network
        rows = min(job.batch_size, len(job.X))
        dtype = network.dtype
        self.gradient = np.zeros_like(network.theta)
        self.layer_gradients = network.by_layer(self.gradient)
        self.x = np.empty((rows, network.n_features), dtype)
        self.outputs = [np.empty((rows, layer.fan_out), dtype) for layer in network.layers]
        self.deltas = [np.empty((rows, layer.fan_out), dtype) for layer in network.layers]
        self.decay_mask = network.decay_mask
        self.true = true_class(job.targets) if job.labelled and network.n_outputs > 1 else None

    def run(self, indices: Array, learning_rates: Array, first_step: int) -> Progress:
        """Do the updates; see `Engine.run`."""
        size = self.job.batch_size
        costs, weights = np.empty(len(learning_rates)), np.empty(len(learning_rates))
        correct = samples = 0
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for s, rate in enumerate(learning_rates):
                rows = indices[s * size : (s + 1) * size]
                cost, weight, hits = self.update(rows, float(rate), first_step + s + 1)
                if not math.isfinite(cost):
                    return Progress(costs[:s], weights[:s], correct, samples, finite=False)
                costs[s], weights[s] = cost, weight
                correct += hits
                samples += len(rows)
        return Progress(costs, weights, correct, samples)

    def update(self, rows: Array, learning_rate: float, t: int) -> tuple[float, float, int]:
        """One batch: (its cost before the update, its weight, its hits)."""
        job, network = self.job, self.job.network
        n = len(rows)
        x = self.x[:n]
        gathered = job.X[rows]  # (n, n_features)
        if network.scaling is None:
            np.copyto(x, gathered, casting="unsafe")
        else:
            network.scaling.apply(gathered, network.dtype, x)
        targets = job.targets[rows]
        weight = None if job.sample_weight is None else job.sample_weight[rows]
        forward = network.propagate(
            x,
            training=True,
            rng=job.rng,
            update_state=True,
            out=[buffer[:n] for buffer in self.outputs],
        )
        cost = float(
            network.loss_function.value(forward.values[-2], forward.output, targets, weight)
        )
        if not math.isfinite(cost):
            return cost, 0.0, 0
        hits = self.count_hits(forward.output, rows) if job.labelled else 0
        network.backpropagate(
            forward,
            targets,
            weight,
            gradient=self.gradient,
            layer_gradients=self.layer_gradients,
            out=[buffer[:n] for buffer in self.deltas],
        )
        if job.clip_norm is not None:
            clip(self.gradient, job.clip_norm)
        job.optimizer.step(
            network.theta, self.gradient, job.buffers, t, learning_rate, self.decay_mask
        )
        return cost, float(n if weight is None else weight.sum()), hits

    def count_hits(self, output: Array, rows: Array) -> int:
        """Samples of the batch whose decision is the target's."""
        if self.true is not None and self.job.network.task == "classification":
            return int(np.count_nonzero(output.argmax(axis=1) == self.true[rows]))
        activation, task = self.job.network.output_activation, self.job.network.task
        ours = decide(output, activation, task)
        truth = decide(self.job.targets[rows], activation, task)
        same = ours == truth
        return int(np.count_nonzero(same if same.ndim == 1 else same.all(axis=1)))


def true_class(targets: Array) -> Array:
    """The class that each row of encoded targets stands for, (n,)."""
    best: Array = targets.argmax(axis=1)
    return best


def clip(gradient: Array, largest_norm: float) -> None:
    """Scale ``gradient`` down in place to at most ``largest_norm``."""
    norm = math.sqrt(float(gradient @ gradient))
    if norm > largest_norm:
        gradient *= largest_norm / norm
