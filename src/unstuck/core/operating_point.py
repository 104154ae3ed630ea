"""Of all points at which an activation is critical, the one to start a network from.

For every variance q there is one gain with ``chi = 1``, and the bias variance that makes q a fixed
point is ``g(q) = q - E[phi^2] / E[phi'^2]`` (centred: with the variance of phi in place of its
square). Wanted is the least random bias, ``g = 0`` at best, since a bias says the same of every
sample. But signals must also come to q from where they start, and come back when they are off:
gelu at gain 2 is critical for very small signals, and a signal of variance 1 explodes there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from unstuck.base.arrays import Array
from unstuck.core.gaussian import crossing
from unstuck.core.mean_field import Averages, MeanField

_TOLERANCE = 1e-6  # relative, on a variance
_VANISHING = 1e-3  # g / q at the smallest variance: below it, it goes to 0 with q


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Gain, bias variance, fixed point q, chi; mean of phi and spread of the gradients there."""

    q: float
    gain: float
    bias_variance: float
    chi: float
    mean: float
    spread: float


def operating_point(field: MeanField, start: float, *, centered: bool) -> OperatingPoint:
    """The point for signals that start with the variance ``start``."""
    search = _Search(field, start, centered)
    here = field.at(start)
    if abs(search.share(here)) < _TOLERANCE and search.attracts(here):
        return search.point(start)  # any fixed point would do, as for relu
    if search.vanishing_limit_attracts():
        return search.limit()
    q = search.without_bias()
    if q is None:
        q = search.with_least_bias()
    if q is None:
        q = search.nearest()
    return search.keep(start) if q is None else search.point(q)


@dataclass(frozen=True, slots=True)
class _Search:
    field: MeanField
    start: float
    centered: bool

    def share(self, at: Averages) -> float:
        """``g / q``: the share of the variance that random biases would have to give."""
        return float(self._shares(at)[0])

    def _shares(self, at: Averages) -> Array:
        square = at.variance if self.centered else at.square
        with np.errstate(divide="ignore", over="ignore"):  # a slope of 0: no weights would do
            return np.asarray(1 - square / (at.slope_square * at.q))

    def attracts(self, at: Averages) -> bool:
        """True if signals come to q from where they start, and back from half and twice of it."""
        if not at.slope_square[0]:
            return False
        q, weight = float(at.q[0]), float(1 / at.slope_square[0])
        shift = float(at.mean[0]) if self.centered else 0.0
        if abs(weight * at.growth_about(shift)[0]) > 1 + _TOLERANCE:
            return False
        return self._settles(q, weight, max(0.0, self.share(at)) * q, shift)

    def _settles(self, q: float, weight: float, bias: float, shift: float) -> bool:
        grid = self.field.grid
        ahead = self.field.next_variance(grid, weight, bias, shift) / grid.q - 1
        above = (grid.q > 1.001 * q) & (grid.q <= max(2 * q, self.start))
        below = (grid.q < 0.999 * q) & (grid.q >= min(q / 2, self.start))
        # An overshooting map (slope below 0) may land on the other side: the slope judged that.
        return bool((ahead[above] <= _TOLERANCE).all() and (ahead[below] >= -_TOLERANCE).all())

    def vanishing_limit_attracts(self) -> bool:
        """True if the limit q -> 0 is critical without any bias, and signals go there."""
        smallest = float(self._shares(self.field.grid)[0])
        if self.field.slope_square_at_zero == 0.0 or not -_TOLERANCE < smallest < _VANISHING:
            return False
        shift = self.field.at_zero if self.centered else 0.0
        return self._settles(0.0, 1 / self.field.slope_square_at_zero, 0.0, shift)

    def limit(self) -> OperatingPoint:
        """The point at q -> 0."""
        square = self.field.slope_square_at_zero
        spread = self.field.slope_fourth_at_zero / square**2 - 1
        return OperatingPoint(0.0, 1 / math.sqrt(square), 0.0, 1.0, self.field.at_zero, spread)

    def without_bias(self) -> float | None:
        """The smallest q > 0 with ``g = 0`` that attracts."""
        q, shares = self.field.grid.q, self._shares(self.field.grid)
        turns = (shares[:-1] * shares[1:] < 0) & (np.abs(np.diff(shares)) > _TOLERANCE)
        for i in np.flatnonzero(turns):
            root = crossing(lambda v: self.share(self.field.at(v)), float(q[i]), float(q[i + 1]))
            if self.attracts(self.field.at(root)):
                return root
        return None

    def with_least_bias(self) -> float | None:
        """The q with the smallest bias variance that attracts."""
        grid, shares = self.field.grid, self._shares(self.field.grid)
        good = np.array([s >= 0 and self.attracts(grid.row(i)) for i, s in enumerate(shares)])
        if not good.any():
            return None
        best = int(np.where(good, shares * grid.q, np.inf).argmin())
        if best == 0:  # g is in proportion to q: smaller signals with smaller biases, no end to it
            here = self.attracts(self.field.at(self.start))
            return self.start if here else float(grid.q[good][0])
        if good[best - 1] or shares[best - 1] < 0:
            return float(grid.q[best])

        def inside(q: float) -> float:
            return 1.0 if self.attracts(self.field.at(q)) else -1.0

        return crossing(inside, float(grid.q[best - 1]), float(grid.q[best])) * (1 + 1e-9)

    def nearest(self) -> float | None:
        """The critical point nearest to the start, though signals leave it again."""
        q, shares = self.field.grid.q, self._shares(self.field.grid)
        possible = q[shares >= 0]
        if not len(possible):
            return None
        return float(possible[np.abs(np.log(possible / self.start)).argmin()])

    def keep(self, q: float) -> OperatingPoint:
        """No point is critical: the gain that keeps the variance q, without biases."""
        at = self.field.at(q)
        square = float((at.variance if self.centered else at.square)[0])
        return _point(at, math.sqrt(q / square), 0.0)

    def point(self, q: float) -> OperatingPoint:
        """The critical point at q."""
        at = self.field.at(q)
        share = self.share(at)
        bias = share * q if share > _TOLERANCE**2 * 1e3 else 0.0
        return _point(at, 1 / math.sqrt(at.slope_square[0]), bias)


def _point(at: Averages, gain: float, bias: float) -> OperatingPoint:
    square = float(at.slope_square[0])
    spread = float(at.slope_fourth[0]) / square**2 - 1
    return OperatingPoint(
        float(at.q[0]), gain, bias, gain**2 * square, float(at.mean[0]) + 0.0, max(0.0, spread)
    )
