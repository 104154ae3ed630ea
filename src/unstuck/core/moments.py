"""Mean, spread and bounds of each feature in one pass over chunks of rows.

The sums of squares are about each chunk's own mean and merged by the formula of Chan, Golub and
LeVeque (1983), in float64: nothing cancels, however far from 0 the data lie.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError


@dataclass(slots=True)
class Moments:
    """What is known of the features after some chunks.

    >>> import numpy as np
    >>> moments = Moments.of([np.array([[1.0, 5.0]]), np.array([[3.0, 5.0]])])
    >>> moments.mean_and_std()
    (array([2., 5.]), array([1., 0.]))
    """

    rows: int = 0
    low: float = np.inf
    high: float = -np.inf
    whole: bool = True  # are all values whole numbers?
    mean: Array | None = None  # (features,)
    squares: Array | None = None  # (features,), summed about the mean

    @classmethod
    def of(cls, chunks: Iterable[AnyArray], *, bounds_only: bool = False) -> Moments:
        """Look through matrices (rows, features); with ``bounds_only`` at low, high and whole."""
        moments = cls()
        for chunk in chunks:
            moments._bounds(chunk)
            if not bounds_only:
                moments._merge(chunk)
            moments.rows += len(chunk)
        return moments

    def _bounds(self, chunk: AnyArray) -> None:
        low, high = float(chunk.min()), float(chunk.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            row, column = (int(i) for i in np.argwhere(~np.isfinite(chunk))[0])
            raise InvalidInputError(
                f"X must be finite, row {self.rows + row}, column {column} holds "
                f"{chunk[row, column]}."
            )
        self.low, self.high = min(self.low, low), max(self.high, high)
        if self.whole and chunk.dtype.kind == "f":
            self.whole = bool((chunk == np.floor(chunk)).all())

    def _merge(self, chunk: AnyArray) -> None:
        values = chunk.astype(np.float64)
        mean = values.mean(axis=0)
        values -= mean
        rounding = values.mean(axis=0)  # what the first mean missed, if the data lie far from 0
        squares = np.einsum("ij,ij->j", values, values) - len(chunk) * rounding**2
        mean += rounding
        if self.mean is None or self.squares is None:
            self.mean, self.squares = mean, squares
            return
        both = self.rows + len(chunk)
        shift = mean - self.mean
        self.squares += squares + shift**2 * (self.rows * len(chunk) / both)
        self.mean += shift * (len(chunk) / both)

    def mean_and_std(self) -> tuple[Array, Array]:
        """Mean and standard deviation of each feature; exactly 0 where it is constant.

        A constant such as 0.1 leaves a little rounding error behind, which must not be taken for
        a spread and divided by: what the arithmetic cannot tell from 0 is 0.
        """
        if self.mean is None or self.squares is None:
            raise ValueError("only the bounds were looked at")
        eps = np.finfo(np.float64).eps
        variance = self.squares / self.rows
        noise = self.rows * eps * variance + (self.rows * eps * self.mean) ** 2
        return self.mean.copy(), np.sqrt(np.where(variance <= noise, 0.0, variance))
