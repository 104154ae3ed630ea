"""What every weight initialiser is: a frozen dataclass that draws a matrix (fan_in, fan_out).

Everything is drawn in float64 and rounded, so that one seed gives the same network in float32 and
float64.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from unstuck.base.arrays import Array, FloatDType
from unstuck.base.errors import InvalidInputError


class Initializer(ABC):
    """Base of all weight initialisers.

    >>> import numpy as np
    >>> from unstuck.core.initializers import HeNormal
    >>> W = HeNormal()(np.random.default_rng(0), 400, 300)
    >>> W.shape, round(float(W.std() * np.sqrt(400 / 2)), 2)
    ((400, 300), 1.0)
    """

    def __call__(
        self,
        rng: np.random.Generator,
        fan_in: int,
        fan_out: int,
        dtype: FloatDType = np.float64,
    ) -> Array:
        """Draw a weight matrix (fan_in, fan_out)."""
        if fan_in < 1 or fan_out < 1:
            raise InvalidInputError(
                f"a weight matrix needs fan_in >= 1 and fan_out >= 1, got {fan_in} and {fan_out}."
            )
        return self._draw(rng, fan_in, fan_out).astype(dtype, copy=False)

    @abstractmethod
    def _draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        """The matrix in float64."""

    def for_position(self, *, first: bool, last: bool) -> Initializer:
        """The initialiser for the first or last layer of a network; most are the same anywhere."""
        return self
