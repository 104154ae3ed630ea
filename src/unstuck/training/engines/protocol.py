"""What the trainer asks of an engine: run some updates on rows of the training set, in place.

An engine is built once for a network, an optimiser and a training set, and then told which
rows to use in which order. It changes the network's `theta` and the optimiser's buffers in
place and keeps no training state of its own, so a checkpoint does not know which engine ran,
and how the steps are split over calls changes no bit of the result.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from unstuck.base.arrays import Array
from unstuck.core.network import Network
from unstuck.core.optimizers import Optimizer


@dataclass(slots=True)
class Job:
    """Everything that an engine works on; arrays are shared, not copied."""

    network: Network
    optimizer: Optimizer
    buffers: dict[str, Array]  # the optimiser's, each with the layout of network.theta
    X: Array  # raw rows, any number type, perhaps memory-mapped; network.scaling applies
    targets: Array  # (n, n_outputs), encoded
    sample_weight: Array | None  # (n,) or None
    batch_size: int
    clip_norm: float | None = None
    rng: np.random.Generator | None = None  # draws dropout masks
    labelled: bool = False  # count hits? (targets stand for classes or labels)
    threads: int | None = None  # None: the engine chooses
    total_steps: int = 0  # updates of the whole run, to judge what pays


@dataclass(frozen=True, slots=True)
class Progress:
    """What some steps did. ``costs[k]`` is the data term of step k's batch, before its update."""

    costs: Array  # (steps done,) float64, weighted mean over the batch
    weights: Array  # (steps done,) float64, sum of the batch's sample weights
    correct: int = 0  # samples whose output, before the update, said the right class
    samples: int = 0
    finite: bool = True  # False: the next step's cost was not finite, and it was not done
    extra: dict[str, float] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Updates done."""
        return len(self.costs)


class Engine(Protocol):
    """Runs updates. ``Engine(job)`` may allocate; `run` must not need more memory per call."""

    name: str
    threads: int

    def run(self, indices: Array, learning_rates: Array, first_step: int) -> Progress:
        """Do ``len(learning_rates)`` updates on the rows ``indices``, batch after batch.

        Step ``s`` uses ``indices[s * batch_size : (s + 1) * batch_size]`` (the last may be
        shorter) at ``learning_rates[s]``, and counts as update ``first_step + s + 1``.
        """
