"""What a training run reported, epoch by epoch: numbers to read, to plot, to write as CSV."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.display import Displayed
from unstuck.base.errors import InvalidInputError
from unstuck.base.files import atomic_write

COLUMNS = {
    "epoch": "passes over the training set done",
    "iterations": "updates done",
    "cost": "data term of the cost, mean over the epoch's samples as they were seen",
    "penalty": "penalty term at the end of the epoch",
    "accuracy": "share of samples classified right as they were seen (NaN for regression)",
    "learning_rate": "learning rate of the epoch's last update",
    "gradient_norm": "norm of the gradient when it was last observed",
    "seconds": "training alone, without validation",
    "validation_cost": "data term on the validation set at the end of the epoch",
    "validation_score": "accuracy, or R2 for regression, on the validation set",
}


class History(Displayed):
    """One row an epoch; every column of `COLUMNS` is an attribute and an item.

    Attributes
    ----------
    stopped : str
        Why training ended: ``"finished"``, ``"early stopping"``, ``"interrupted"``, or what a
        callback gave as its reason.
    record : RunRecord or None
        The run, layer by layer and over time.
    best_epoch : int or None
        The epoch whose weights were restored, where early stopping was on.
    engine, threads : str, int
        What ran the updates.

    Examples
    --------
    >>> history = History()
    >>> history.append({"epoch": 1, "cost": 2.3})
    >>> history.cost
    array([2.3])
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {name: [] for name in COLUMNS}
        self.stopped = ""
        self.record: Any = None
        self.best_epoch: int | None = None
        self.engine = ""
        self.threads = 1

    def append(self, row: Mapping[str, float]) -> None:
        """Add one epoch; columns that it lacks are NaN."""
        for name, column in self.columns.items():
            column.append(row.get(name, math.nan))

    def __getitem__(self, name: str) -> Array:
        """A column as an array, one entry an epoch."""
        if name not in self.columns:
            raise InvalidInputError(
                f"history has no column {name!r}; it has: {', '.join(self.columns)}."
            )
        return np.array(self.columns[name], float)

    def __getattr__(self, name: str) -> Array:
        if name in COLUMNS:
            return self[name]
        raise AttributeError(name)

    def __len__(self) -> int:
        return len(self.columns["epoch"])

    @property
    def last(self) -> dict[str, float]:
        """The last epoch's row; empty when no epoch was finished."""
        return {name: column[-1] for name, column in self.columns.items() if column}

    @property
    def total_seconds(self) -> float:
        """Seconds of training alone."""
        return math.fsum(self.columns["seconds"])

    def __repr__(self) -> str:
        if not len(self):
            return "<History: no epoch finished>"
        row = self.last
        return (
            f"<History: {len(self)} epochs, {row['iterations']:.0f} iterations, "
            f"cost {row['cost']:.4g}, {self.stopped or 'running'}>"
        )

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the columns as CSV, atomically."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        for row in zip(*self.columns.values(), strict=True):
            writer.writerow(_cell(value) for value in row)
        with atomic_write(path) as file:
            file.write(text.getvalue().encode())


def _cell(value: float) -> str:
    if math.isnan(value):
        return ""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)
