"""From outputs to decisions, and what is refused on the way in."""

from __future__ import annotations

import math

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import Activation


def decide(outputs: Array, activation: Activation, task: str) -> Array:
    """Outputs to decisions: the largest output, or which side of the middle of the range."""
    if outputs.shape[1] > 1 and task == "classification":
        decided: Array = outputs.argmax(axis=1)
        return decided
    low, high = activation.range
    middle = (low + high) / 2 if math.isfinite(low + high) else 0.5
    above: Array = (outputs > middle).astype(np.intp)
    return above[:, 0] if outputs.shape[1] == 1 else above


def check_penalty(value: float, name: str) -> float:
    """A penalty factor as float, or an error."""
    if not (math.isfinite(value) and value >= 0.0):
        raise InvalidInputError(f"{name} is {value!r}; allowed: a finite number, at least 0.")
    return float(value)


def check_finite(x: Array) -> None:
    """Raise with row and column of the first entry that is NaN or infinite, if there is one."""
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        row, column = (int(i) for i in bad[0])
        raise InvalidInputError(
            f"X is {x[row, column]} at row {row}, column {column} (after scaling); "
            "allowed: finite numbers. Remove or replace such entries."
        )


def check_lengths(outputs: Array, targets: Array) -> None:
    """Raise unless there are as many targets as samples."""
    if len(outputs) != len(targets):
        raise InvalidInputError(
            f"X has {len(outputs)} samples, but y has {len(targets)}; they must be equal."
        )
