"""Curves in a terminal: a character holds 2 x 4 dots in Braille, so 60 columns are 120 points."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.show.curves import spans_decades

# Bit of the dot in column 0 or 1 and row 0 .. 3 of a cell, as Unicode orders them.
BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
BLANK = 0x2800
LABEL = 8  # columns for the numbers on the left


def curve(
    series: Sequence[tuple[AnyArray, AnyArray]],
    *,
    width: int = 64,
    height: int = 10,
    log: bool | None = None,
    percent: bool = False,
) -> list[str]:
    r"""Lines of text with each (x, y) drawn into one frame; the first is solid, others dotted.

    Parameters
    ----------
    series : pairs of arrays of equal length; entries that are not finite are left out.
    width, height : of the drawing in characters, without the numbers on the left.
    log : logarithmic scale; None: where the values span decades.
    percent : label the axis in percent.

    Examples
    --------
    >>> x = np.arange(9.0)
    >>> print("\n".join(curve([(x, x)], width=8, height=2, log=False)))
           8 ┤⠀⠀⠀⠀⣀⠤⠔⠉
           0 ┤⡠⠤⠊⠉⠀⠀⠀⠀
    """
    kept = [(x[np.isfinite(y)], y[np.isfinite(y)]) for x, y in series]
    kept = [pair for pair in kept if len(pair[0])]
    if not kept:
        return ["(nothing to draw)"]
    if log is None:
        log = spans_decades(*(y for _, y in kept))
    every_x = np.concatenate([x for x, _ in kept])
    every_y = np.concatenate([y for _, y in kept])
    top, bottom = float(every_y.max()), float(every_y.min())
    dots = np.zeros((4 * height, 2 * width), bool)
    for index, (x, y) in enumerate(kept):
        columns = _place(x, float(every_x.min()), float(every_x.max()), 2 * width)
        low, high, v = (np.log(bottom), np.log(top), np.log(y)) if log else (bottom, top, y)
        rows = 4 * height - 1 - _place(v, float(low), float(high), 4 * height)
        _draw(dots, columns, rows, dotted=index > 0)
    return [
        f"{_label(i, height, top, bottom, log=log, percent=percent):>{LABEL}} ┤{text}"
        for i, text in enumerate(_cells(dots))
    ]


def _place(values: AnyArray, low: float, high: float, n: int) -> AnyArray:
    """Values between low and high as indices 0 .. n - 1."""
    if high <= low:
        return np.full(len(values), n // 2)
    found: AnyArray = np.rint((values - low) / (high - low) * (n - 1)).astype(int)
    return found


def _draw(dots: AnyArray, columns: AnyArray, rows: AnyArray, *, dotted: bool) -> None:
    """Straight lines from point to point."""
    dots[rows[0], columns[0]] = True
    for c0, r0, c1, r1 in zip(columns[:-1], rows[:-1], columns[1:], rows[1:], strict=True):
        n = max(abs(c1 - c0), abs(r1 - r0), 1)
        c = np.rint(np.linspace(c0, c1, n + 1)).astype(int)
        r = np.rint(np.linspace(r0, r1, n + 1)).astype(int)
        keep = c % 3 == 0 if dotted else np.ones(len(c), bool)
        dots[r[keep], c[keep]] = True


def _cells(dots: AnyArray) -> list[str]:
    height, width = dots.shape[0] // 4, dots.shape[1] // 2
    cells = dots.reshape(height, 4, width, 2).transpose(0, 2, 1, 3)  # (height, width, 4, 2)
    codes = BLANK + (cells * BITS).sum(axis=(2, 3))
    return ["".join(chr(code) for code in row) for row in codes]


def _label(i: int, height: int, top: float, bottom: float, *, log: bool, percent: bool) -> str:
    """A number at the top, in the middle and at the bottom."""
    if i not in (0, height - 1) and not (height >= 7 and i == height // 2):
        return ""
    share = i / max(height - 1, 1)
    if log:
        value = math.exp(math.log(top) + share * (math.log(bottom) - math.log(top)))
    else:
        value = top + share * (bottom - top)
    return f"{value:.1%}" if percent else f"{value:.3g}"
