"""The mean of a function under a Gaussian, right to rounding even where the function has kinks.

A rule with fixed nodes (Gauss-Hermite) takes the function for one polynomial, and is wrong by 0.03
for a clipped one even with 100 nodes. Here the axis is cut into panels, and a panel is halved until
a polynomial of degree 15 is right on it. Around a kink or a jump that never comes about, so the
halving closes in on it until the panel is a few floating-point numbers wide, and what is left
there weighs nothing. Nobody has to say where the kinks are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import legendre

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError

Function = Callable[[Array], Any]

SIGMAS = 12.0  # beyond them a Gaussian holds 4e-33 of its weight
ORDER = 16  # nodes a panel
NODES, WEIGHTS = legendre.leggauss(ORDER)  # on [-1, 1]
_TO_COEFFICIENTS = (
    legendre.legvander(NODES, ORDER - 1) * WEIGHTS[:, None] * (np.arange(ORDER) + 0.5)
)  # values at the nodes @ this = coefficients of Legendre polynomials
_TOLERANCES = (1e-12, 1e-9, 1e-6, 1e-4)  # the next one where rounding in the function is larger
_MOST_PANELS = 32_768
_CLOSE = 1e-8  # a panel so narrow was halved around one point
_START = 0.25  # before any is halved, a panel at x is this times x wide: the Gaussian needs it


@dataclass(frozen=True, slots=True)
class Panels:
    """A function as one polynomial a panel.

    ``low``, ``high`` (n,) are the ends of the panels, from left to right; ``coefficients``
    (n, 16) those of Legendre polynomials on each; ``resolved`` (n,) is False for the few that
    hold a jump and are as narrow as floating-point numbers allow.
    """

    low: Array
    high: Array
    coefficients: Array
    resolved: Array

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where the halving closed in on something: kinks and jumps, from left to right.

        One that lies at 0 is not among them: panels begin there, so nothing had to be found.

        >>> import numpy as np
        >>> [round(x, 6) for x in fit_panels(lambda x: np.clip(x, -1, 6), 20.0).kinks]
        [-1.0, 6.0]
        """
        places: list[float] = []
        middle = (self.low + self.high) / 2
        for x in middle[self._around_a_point()]:
            if not places or x - places[-1] > 1e3 * _CLOSE * max(1.0, abs(x)):
                places.append(float(x))
        return tuple(places)

    def slope(self, x: Array) -> Array:
        """The derivative at ``x`` (m,), from the polynomial on its own side of every kink.

        0 within 1e-8 of a kink or a jump: so close, a difference is mostly rounding.
        """
        panel = np.clip(np.searchsorted(self.low, x, side="right") - 1, 0, len(self.low) - 1)
        half = (self.high - self.low)[panel] / 2
        t = np.clip((x - self.low[panel]) / half - 1, -1, 1)
        derivative = legendre.legder(self.coefficients, axis=1)[panel]  # (m, 15)
        slope = np.einsum("mk,mk->m", legendre.legvander(t, ORDER - 2), derivative) / half
        return np.where(self._around_a_point()[panel], 0.0, slope)

    def _around_a_point(self) -> AnyArray:
        """True for a panel (n,) that was halved until there was little but one point."""
        return self.high - self.low < _CLOSE * np.maximum(1.0, np.abs(self.low))


def expectation(function: Function, variance: float) -> float:
    """``E[f(x)]`` for a Gaussian x of mean 0 and the given variance.

    ``function`` takes an array (n,) and returns one, finite wherever the Gaussian has weight (12
    standard deviations). Smooth functions come out right to about 1e-12 of their size, those with
    kinks or jumps to 1e-10.

    Raises InvalidInputError when the variance is no finite number of at least 0, or the function
    is not finite or too wild to be integrated.

    >>> import numpy as np
    >>> round(expectation(lambda x: np.maximum(x, 0) ** 2, 3.0), 12)
    1.5
    >>> bool(abs(expectation(np.cos, 2.0) - np.exp(-1.0)) < 1e-12)
    True
    """
    variance = finite_variance(variance, "variance")
    if variance == 0.0:
        return float(evaluate(function, np.zeros(1))[0])
    std = math.sqrt(variance)
    panels = fit_panels(function, SIGMAS * std, core=min(std, 1.0))
    x, weights = panel_nodes(panels.low, panels.high)
    return float(evaluate(function, x) @ (weights * gaussian_density(x, std)))


def fit_panels(function: Function, reach: float, core: float = 1.0) -> Panels:
    """Cut ``[-reach, reach]`` into panels; those within ``core`` of 0 are narrower than it."""
    end = math.asinh(2 * reach / core)
    edges = core / 2 * np.sinh(np.linspace(0.0, end, max(32, math.ceil(end / _START)) + 1))
    edges = np.concatenate([-edges[:0:-1], edges])
    for tolerance in _TOLERANCES:
        panels = _halve(function, edges, tolerance)
        if panels is not None:
            return panels
    raise InvalidInputError(
        f"the function is too wild between {-reach:.3g} and {reach:.3g}: {_MOST_PANELS} pieces do "
        "not make it smooth. Give one with finitely many kinks and jumps, and no random part."
    )


def _halve(function: Function, edges: Array, tolerance: float) -> Panels | None:
    """Halve what is no polynomial yet; None where that leads to too many panels."""
    low, high = edges[:-1], edges[1:]
    done: list[tuple[Array, Array, Array, Array]] = []
    count, floor = 0, 0.0
    while len(low):
        x, _ = panel_nodes(low, high)
        values = evaluate(function, x).reshape(-1, ORDER)  # (panels, 16)
        if not done:  # the size of the function in the middle half of the first panels
            floor = 1e-4 * float(np.abs(values[len(low) // 4 : -len(low) // 4]).max())
        coefficients = values @ _TO_COEFFICIENTS
        size = np.maximum(np.abs(values).max(axis=1), floor)
        resolved = np.abs(coefficients[:, -3:]).max(axis=1) <= tolerance * size
        # The nodes leave 0.5 % of a panel out at either end, where a jump can hide: one did, and
        # cost 2e-7.
        resolved &= _end_errors(function, low, high, coefficients) <= 10 * tolerance * size
        narrow = high - low <= np.maximum(8 * np.spacing(np.maximum(-low, high)), 1e-15)
        keep = resolved | narrow
        done.append((low[keep], high[keep], coefficients[keep], resolved[keep]))
        count += int(keep.sum())
        low, high = low[~keep], high[~keep]
        middle = (low + high) / 2
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
        if count + len(low) > _MOST_PANELS:
            return None
    parts = [np.concatenate(part) for part in zip(*done, strict=True)]
    order = np.argsort(parts[0])
    return Panels(*(part[order] for part in parts))


def _end_errors(function: Function, low: Array, high: Array, coefficients: Array) -> Array:
    """How far the polynomial is off just inside the ends of each panel, the larger of two."""
    inside = np.maximum(1e-12 * (high - low), np.spacing(np.maximum(np.abs(low), np.abs(high))))
    ends = evaluate(function, np.concatenate([low + inside, high - inside]))
    signs = (-1.0) ** np.arange(ORDER)
    polynomials = np.concatenate([coefficients @ signs, coefficients.sum(axis=1)])
    errors: Array = np.abs(ends - polynomials).reshape(2, -1).max(axis=0)
    return errors


def panel_nodes(low: Array, high: Array) -> tuple[Array, Array]:
    """Nodes and weights of Gauss and Legendre on every panel, each (16 n,)."""
    half = (high - low)[:, None] / 2
    return (low[:, None] + half * (NODES + 1)).ravel(), (half * WEIGHTS).ravel()


def gaussian_density(x: Array, std: Any) -> Array:
    """The density of a Gaussian of mean 0 at ``x``."""
    with np.errstate(under="ignore"):
        density: Array = np.exp(-0.5 * (x / std) ** 2) / (math.sqrt(2 * math.pi) * std)
    return density


def evaluate(function: Function, x: Array) -> Array:
    """``function(x)`` in float64, or an error where it is not finite."""
    with np.errstate(all="ignore"):  # the error below says more than a warning
        values = np.asarray(function(x))
    if values.shape != x.shape:
        raise InvalidInputError(
            f"the function must return an array of the shape of its input, {x.shape}, got "
            f"{values.shape}; use NumPy functions (np.tanh, not math.tanh)."
        )
    values = values.astype(np.float64)
    wrong = ~np.isfinite(values)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise InvalidInputError(
            f"the function returned {values[first]} at {x[first]:.6g}; it must be finite wherever "
            "the Gaussian has weight."
        )
    return values


def crossing(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function of a variance changes its sign between two variances above 0."""
    sign = function(low)
    while high / low - 1 > 1e-13:
        middle = math.sqrt(low) * math.sqrt(high)
        if not low < middle < high:
            break
        low, high = (middle, high) if function(middle) * sign > 0 else (low, middle)
    return math.sqrt(low) * math.sqrt(high)


def finite_variance(value: Any, what: str) -> float:
    """``value`` as a finite float of at least 0, or an error that names it."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0.0 <= number < math.inf:
        raise InvalidInputError(f"{what} is {value!r}; allowed: a finite number of at least 0.")
    return number
