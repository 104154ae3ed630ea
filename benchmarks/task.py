"""One training job, complete to the last bit: what every contestant of a race must do alike.

A task holds the network's sizes, its initial weights, the data, the order in which the samples are
visited, and the optimiser's numbers. It is written to a folder once, and each contestant, in a
process of its own, reads it from there: nobody draws weights or shuffles for himself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Recipe:
    """The numbers of a training job; ``sizes`` runs from inputs to classes."""

    sizes: tuple[int, ...]
    hidden: str  # "relu" or "sigmoid"; the output is always softmax under cross-entropy
    batch_size: int
    optimizer: str  # "sgd" or "adam"
    learning_rate: float
    momentum: float = 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """A recipe with its data: ``X`` (n, features) float32, ``y`` (n,) int64, ``order`` (m,)."""

    recipe: Recipe
    X: Array
    y: Array
    order: Array
    weights: list[Array]  # W1 (fan_in, fan_out), b1 (fan_out,), W2, b2, ...

    def first(self, samples: int) -> Task:
        """The same task, ended after the first ``samples`` of its order."""
        return replace(self, order=self.order[:samples])

    def batches(self) -> Iterator[Array]:
        """The sample numbers of one mini-batch after the other; the last may be smaller."""
        for start in range(0, len(self.order), self.recipe.batch_size):
            yield self.order[start : start + self.recipe.batch_size]

    def save(self, folder: Path) -> None:
        """Write the task to ``folder``."""
        (folder / "recipe.json").write_text(json.dumps(asdict(self.recipe)))
        np.savez(folder / "weights.npz", *self.weights)
        for name in ("X", "y", "order"):
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> Task:
        """Read what `save` wrote."""
        numbers = json.loads((folder / "recipe.json").read_text())
        recipe = Recipe(**{**numbers, "sizes": tuple(numbers["sizes"])})
        with np.load(folder / "weights.npz") as stored:
            weights = [stored[f"arr_{i}"] for i in range(len(stored.files))]
        X, y, order = (np.load(folder / f"{name}.npy") for name in ("X", "y", "order"))
        return cls(recipe, X, y, order, weights)


def make_task(recipe: Recipe, X: Array, y: Array, seed: int = 0) -> Task:
    """A task over all of ``X`` in one random order, from Glorot-uniform (ReLU: He) weights."""
    rng = np.random.default_rng(seed)
    weights: list[Array] = []
    for fan_in, fan_out in zip(recipe.sizes, recipe.sizes[1:], strict=False):
        spread = 6 / fan_in if recipe.hidden == "relu" else 6 / (fan_in + fan_out)
        bound = np.sqrt(spread)
        weights.append(rng.uniform(-bound, bound, (fan_in, fan_out)).astype(np.float32))
        weights.append(np.zeros(fan_out, np.float32))
    return Task(recipe, X, y, rng.permutation(len(X)), weights)


def mean_loss(task: Task, weights: list[Array], samples: int = 10_000) -> float:
    """Mean cross-entropy of trained ``weights`` over the first samples of ``X``, in float64.

    Computed here, by the same few lines for every contestant, so that equal numbers mean equal
    training and not equal ways of reporting.
    """
    a = task.X[:samples].astype(np.float64)  # (samples, features)
    for i in range(0, len(weights), 2):
        z = a @ weights[i].astype(np.float64) + weights[i + 1]  # (samples, fan_out)
        a = np.maximum(z, 0) if task.recipe.hidden == "relu" else 0.5 + 0.5 * np.tanh(z / 2)
    z -= z.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(z).sum(axis=1))
    return float(np.mean(log_sums - z[np.arange(len(z)), task.y[:samples]]))
