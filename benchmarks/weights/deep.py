"""Very deep networks on digits learn with what the adviser recommends.

The adviser chooses weights and learning rate by itself. Then 30 epochs at three fresh seeds; the
median of the test accuracies counts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.doctor.store import SCRATCH, Store, digest, fingerprint
from benchmarks.report import Bar
from benchmarks.weights.trainings import parts, scaling
from unstuck.base.arrays import Array
from unstuck.base.errors import DivergenceError
from unstuck.core.activations import Activation, custom_activation
from unstuck.core.network import Network
from unstuck.training.evaluate import evaluate
from unstuck.training.trainer import Trainer
from unstuck.weights import advise

SEEDS = (101, 102, 103)
WIDTH, EPOCHS, BATCH = 64, 30, 32


def softsign(z: Array) -> Array:
    """Given to the adviser as a plain function."""
    y: Array = z / (1 + np.abs(z))
    return y


def sine(z: Array) -> Array:
    """Given to the adviser as a plain function."""
    return np.sin(z)


@dataclass(frozen=True, slots=True)
class Deep:
    """So many layers of an activation, and the accuracy that was promised."""

    depth: int
    activation: str | Callable[[Array], Array]
    promised: float

    @property
    def name(self) -> str:
        """Depth and activation."""
        called = self.activation if isinstance(self.activation, str) else self.activation.__name__
        return f"{self.depth} {called}"

    def network(self, seed: int) -> Network:
        """The network with the library's own weights."""
        given: str | Activation = (
            self.activation
            if isinstance(self.activation, str)
            else custom_activation(self.activation)
        )
        return Network.mlp(
            [64, *[WIDTH] * self.depth, 10],
            hidden_activation=given,
            random_state=seed,
            scaling=scaling("digits", "report", "standard"),
            dtype="float32",
        )


DEEP = (
    Deep(10, "sigmoid", 0.95),
    Deep(20, "sigmoid", 0.95),
    Deep(50, "tanh", 0.95),
    Deep(50, sine, 0.95),
    Deep(50, "relu", 0.95),
    Deep(50, "sigmoid", 0.93),
    Deep(50, softsign, 0.93),
    Deep(100, "tanh", 0.93),
)


def measure(deep: Deep, jobs: int, store: Store, *, budget: float, resume: bool) -> dict[str, Any]:
    """The recommendation and what it comes to, kept."""
    adviser, kept = fingerprint(), store.get(key(deep, budget))
    if kept is None or not (resume or kept["of"] == adviser):
        kept = {"of": adviser, **learned(deep, jobs, budget)}
        store.put(key(deep, budget), kept)
    return dict(kept)


def key(deep: Deep, budget: float) -> str:
    """What an answer is kept under."""
    return digest("deep", deep.name, SEEDS, budget)


def learned(deep: Deep, jobs: int, budget: float) -> dict[str, Any]:
    """Ask, then train."""
    data = parts("digits", "report")
    started = time.perf_counter()
    advice = advise(
        deep.network(0), data.X, data.y, batch_size=BATCH, budget_seconds=budget, n_jobs=jobs
    )
    seconds = time.perf_counter() - started
    scores = []
    for seed in SEEDS:
        net = advice.apply(deep.network(seed), random_state=seed)
        try:
            Trainer(
                net,
                "adam",
                learning_rate=advice.learning_rate,
                batch_size=BATCH,
                epochs=EPOCHS,
                random_state=seed,
                record=False,
            ).fit(data.X, data.y)
            scores.append(round(float(evaluate(net, data.X_test, data.y_test).score), 4))
        except DivergenceError:
            scores.append(0.0)
    return {
        "name": deep.name,
        "best": advice.best,
        "learning_rate": advice.learning_rate,
        "steps": advice.steps,
        "budget": budget,
        "seconds": round(seconds, 1),
        "scores": scores,
    }


def bar(deep: Deep, found: dict[str, Any]) -> Bar:
    """The promise."""
    return Bar(deep.name, deep.promised, statistics.median(found["scores"]), "")


def store() -> Store:
    """Where answers are kept."""
    return Store(SCRATCH / "weights-deep.jsonl")


def markdown(found: list[tuple[Deep, dict[str, Any]]]) -> str:
    """The table for the docs."""
    lines = [
        "| hidden layers | recommended | learning rate | accuracy, 3 seeds | median | promised | |",
        "|---|---|---|---|---|---|---|",
    ]
    for deep, what in found:
        b = bar(deep, what)
        lines.append(
            f"| {deep.name} | {what['best']} | {what['learning_rate']:g} "
            f"| {', '.join(f'{s:.3f}' for s in what['scores'])} | {b.measured:.3f} "
            f"| {deep.promised} | {'met' if b.met else '**missed**'} |"
        )
    return "\n".join(lines)
