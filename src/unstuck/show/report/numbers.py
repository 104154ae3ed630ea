"""Numbers as a page writes them, and as its script reads them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray

SPACE = "\N{NO-BREAK SPACE}"


def percent(value: float | None) -> str:
    """A share as people write it, never broken over two lines; 100 % only where nothing is missing.

    >>> [percent(share).split() for share in (0.9786, 0.99991, 1.0)]
    [['97.9', '%'], ['99.99', '%'], ['100', '%']]
    >>> percent(None)
    '-'
    """
    if value is None or not math.isfinite(value):
        return "-"
    if value in (0.0, 1.0):
        return f"{100 * value:.0f}{SPACE}%"
    digits = 1 if 0.001 < value < 0.999 else 2
    low, high = 0.5 * 10.0**-digits, 100.0 - 0.5 * 10.0**-digits
    return f"{min(max(100 * value, low), high - 1e-9):.{digits}f}{SPACE}%"


def short(value: float | None) -> str:
    """A number of three or four digits.

    >>> short(0.012345), short(17102.4), short(3.2e-9), short(None)
    ('0.01235', '17,102', '3.2e-09', '-')
    """
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def rounded(values: Iterable[float] | AnyArray, digits: int = 5) -> list[float | None]:
    """Numbers for the script: so many digits, None where one is not finite.

    >>> rounded([0.123456789, math.nan, 3.0])
    [0.12346, None, 3]
    """
    return [_rounded(float(value), digits) for value in values]


def rounded_rows(values: AnyArray, digits: int = 4) -> list[list[float | None]]:
    """The same for each row of (n, k)."""
    return [rounded(row, digits) for row in np.asarray(values)]


def _rounded(value: float, digits: int) -> Any:
    if not math.isfinite(value):
        return None
    if value.is_integer() and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.{digits}g}")


def thinned(n: int, most: int) -> AnyArray:
    """At most so many places of n, first and last among them, at even distances.

    >>> thinned(10, 4).tolist()
    [0, 3, 6, 9]
    """
    return np.unique(np.linspace(0, max(n - 1, 0), min(n, most)).round().astype(int))
