"""What a very wide random layer does to its signals: averages over Gaussian pre-activations.

With W_ij of variance ``gain^2 / fan_in`` and biases of variance ``bias_variance``, the
pre-activations z of a wide layer are Gaussian, of variance q say, and of the next layer

    q'  = gain^2 E[phi(z)^2] + bias_variance      how long a signal is      (the length map)
    chi = gain^2 E[phi'(z)^2]                     by how much a small difference between two
                                                  signals, and every gradient, grows (chi^(1/2))

Poole, Lahiri, Raghu, Sohl-Dickstein and Ganguli (2016), arXiv:1606.05340; Schoenholz, Gilmer,
Ganguli and Sohl-Dickstein (2017), arXiv:1611.01232.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import Activation, has_exact_slope
from unstuck.core.gaussian import (
    SIGMAS,
    crossing,
    evaluate,
    fit_panels,
    gaussian_density,
    panel_nodes,
)

SMALLEST, LARGEST = 1e-8, 100.0  # variances; the second times the input's where that is above 1
PER_DECADE = 12
_FLAT = 1e-12  # q E[phi'^2] against the largest phi^2: below it, a slope is rounding


@dataclass(frozen=True, slots=True)
class Averages:
    """Averages over z of variance ``q``; every field but ``at_zero`` is (n,) for n variances.

    ``variance`` is that of phi(z). ``rise`` is E[phi] - phi(0) and ``rise_square`` the mean of
    (phi - phi(0))^2: so nothing cancels where q is small. Then E[phi'^2], E[phi'^4], and the
    derivatives of ``rise`` and ``rise_square`` by q.
    """

    q: Array
    at_zero: float
    rise: Array
    rise_square: Array
    slope_square: Array
    slope_fourth: Array
    rise_growth: Array
    rise_square_growth: Array

    @property
    def mean(self) -> Array:
        """E[phi]."""
        return self.at_zero + self.rise

    @property
    def square(self) -> Array:
        """E[phi^2]."""
        return self.about(0.0)

    @property
    def variance(self) -> Array:
        """E[phi^2] - E[phi]^2."""
        return self.rise_square - self.rise**2

    def about(self, shift: float) -> Array:
        """E[(phi - shift)^2]."""
        rest = self.at_zero - shift
        return self.rise_square + 2 * rest * self.rise + rest**2

    def growth_about(self, shift: float) -> Array:
        """The derivative of ``about(shift)`` by q."""
        return self.rise_square_growth + 2 * (self.at_zero - shift) * self.rise_growth

    def row(self, i: int) -> Averages:
        """Those at one of the variances."""
        rows = (getattr(self, f.name) for f in fields(self)[2:])
        return Averages(self.q[i : i + 1], self.at_zero, *(r[i : i + 1] for r in rows))


@dataclass(frozen=True, slots=True)
class MeanField:
    """An activation at nodes that serve every variance up to the largest of ``grid``."""

    x: Array  # (nodes,)
    weights: Array  # (nodes,)
    integrands: Array  # (nodes, 6): what `Averages` are averages of
    at_zero: float  # phi(0)
    slope_square_at_zero: float  # mean of phi'^2 on either side of 0
    slope_fourth_at_zero: float  # and of phi'^4
    grid: Averages  # log-spaced variances, `PER_DECADE` a decade

    @classmethod
    def of(cls, activation: Activation, input_variance: float) -> MeanField:
        """Look at the activation once; everything after that is a sum over its nodes."""
        if not activation.elementwise:
            raise InvalidInputError(
                f"{activation.name} is no function of one number: each output depends on the "
                "whole row, so it has no critical gain; allowed: any elementwise activation."
            )
        largest = LARGEST * max(1.0, input_variance)
        x, weights, value, slope = _sampled(activation, largest)
        at_zero = float(evaluate(activation.value, np.zeros(1))[0])
        rise = value - at_zero
        parts = (rise, rise**2, slope**2, slope**4, slope * x / 2, rise * slope * x)
        sides = _slopes_beside_zero(x, slope)
        decades = math.log10(largest / SMALLEST)
        q = np.geomspace(SMALLEST, largest, round(decades * PER_DECADE) + 1)
        integrands = np.stack(parts, axis=1)
        grid = _averages(q, at_zero, x, weights, integrands)
        if (grid.slope_square * q).max() <= _FLAT * (grid.about(0.0).max() + at_zero**2):
            raise InvalidInputError(
                f"the activation {activation.name!r} has slope 0 everywhere, so no gradient gets "
                "through it, whatever the weights; use one that rises or falls somewhere."
            )
        second, fourth = float((sides**2).mean()), float((sides**4).mean())
        return cls(x, weights, integrands, at_zero, second, fourth, grid)

    def at(self, q: float) -> Averages:
        """The averages at one variance."""
        return _averages(np.array([q]), self.at_zero, self.x, self.weights, self.integrands)

    def next_variance(self, at: Averages, weight: float, bias: float, shift: float = 0.0) -> Array:
        """The length map of ``phi - shift``, with ``weight = gain^2`` and ``bias`` a variance."""
        return weight * at.about(shift) + bias

    def slope_square_near(self, q: float) -> float:
        """E[phi'^2] at q, also at 0 and, as far as it was looked at, at infinity."""
        if q == 0.0:
            return self.slope_square_at_zero
        return float(self.at(min(q, float(self.grid.q[-1]))).slope_square[0])

    def settles_at(self, start: float, weight: float, bias: float) -> float:
        """The first fixed point of the length map on the way from ``start``; 0 or inf if none."""

        def ahead(q: float) -> float:
            return float(self.next_variance(self.at(q), weight, bias)[0]) - q

        q = self.grid.q
        start = min(max(start, float(q[0])), float(q[-1]))
        direction = ahead(start)
        if abs(direction) <= 1e-9 * start:
            return start
        moves = self.next_variance(self.grid, weight, bias) - q
        onward = q > start if direction > 0 else q < start
        turned = onward & (moves * direction <= 0)
        if not turned.any():
            return math.inf if direction > 0 else 0.0
        end = float(q[turned][0 if direction > 0 else -1])
        return crossing(ahead, min(start, end), max(start, end))


def _sampled(activation: Activation, largest: float) -> tuple[Array, Array, Array, Array]:
    """Nodes, weights, phi and phi' at the nodes, with ever narrower panels towards 0."""

    def value(x: Array) -> Array:
        return activation.value(x)

    panels = fit_panels(value, SIGMAS * math.sqrt(largest))
    scales = np.geomspace(math.sqrt(SMALLEST) / 4, 0.5, 32)  # what the smallest Gaussian needs
    edges = np.unique(np.concatenate([panels.low, panels.high[-1:], -scales, scales]))
    x, weights = panel_nodes(edges[:-1], edges[1:])
    phi = evaluate(value, x)
    if has_exact_slope(activation):
        slope = evaluate(lambda z: activation.slope(z, phi), x)
    else:
        slope = panels.slope(x)
    return x, weights, phi, slope


def _slopes_beside_zero(x: Array, slope: Array) -> Array:
    """The slopes just left and right of 0, by straight lines through the two nearest nodes."""
    sides = []
    for near in (np.flatnonzero(x < 0)[-1:-3:-1], np.flatnonzero(x > 0)[:2]):
        (x0, x1), (s0, s1) = x[near], slope[near]
        sides.append(s0 - x0 * (s1 - s0) / (x1 - x0))
    return np.array(sides)


def _averages(q: Array, at_zero: float, x: Array, weights: Array, integrands: Array) -> Averages:
    density = gaussian_density(x, np.sqrt(q)[:, None]) * weights  # (variances, nodes)
    mean = density @ integrands  # (variances, 6)
    # d E[f(sqrt(q) z)] / dq = E[f'(x) x] / (2 q) needs no second derivative.
    mean[:, 4:] /= q[:, None]
    return Averages(q, at_zero, *mean.T)
