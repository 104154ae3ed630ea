"""The few numbers that say how a layer is doing, computed in as few passes as possible."""

from __future__ import annotations

import math

import numpy as np

from unstuck.base.arrays import Array

SATURATED_SLOPE = 0.01  # of the activation's largest slope


def mean_and_std(values: Array) -> tuple[float, float]:
    """Mean and standard deviation of all entries, in float64 where it matters.

    >>> mean_and_std(np.array([[1.0, 3.0]]))
    (2.0, 1.0)
    """
    if values.size == 0:
        return math.nan, math.nan
    mean = float(np.add.reduce(values, axis=None, dtype=np.float64)) / values.size
    centred = (values - values.dtype.type(mean)).ravel()
    return mean, math.sqrt(float(centred @ centred) / values.size)


def root_mean_square(values: Array) -> float:
    """Root mean square of all entries.

    >>> root_mean_square(np.array([2.0, -2.0, 2.0, -2.0]))
    2.0
    """
    return norm(values) / math.sqrt(values.size) if values.size else math.nan


def norm(values: Array) -> float:
    """Euclidean norm of all entries.

    >>> norm(np.array([[3.0], [4.0]]))
    5.0
    """
    flat = np.ascontiguousarray(values).ravel()
    return math.sqrt(float(flat @ flat))


def saturated_share(slope: Array, largest: float) -> float:
    """Share of entries whose slope is under 1 % of the largest the activation has.

    >>> saturated_share(np.array([0.25, 0.001]), largest=0.25)
    0.5
    """
    return float(np.count_nonzero(np.abs(slope) < SATURATED_SLOPE * largest) / slope.size)


def dead_share(slope: Array) -> float:
    """Share of units (columns) through which no sample lets any gradient pass.

    >>> dead_share(np.array([[0.0, 1.0], [0.0, 0.0]]))
    0.5
    """
    return float(np.count_nonzero(~slope.any(axis=0)) / slope.shape[1])
