"""Pictures that need no script: lines or points in a frame, as numbers for a template of SVG.

The charts that one hovers over are drawn by the page's script; these are looked at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.show.report.numbers import short

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 82, 14, 12, 42
SMALLEST, LARGEST = 1e-30, 1e30  # on an axis of powers of ten


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line: its class in the style sheet, its name, and its points as SVG writes them.

    Where a value is not finite, the line has a gap; ``pieces`` are its parts.
    """

    look: str
    name: str
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, in pixels, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture, all in pixels."""

    title: str
    x_name: str
    y_name: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    strokes: tuple[Stroke, ...] = ()
    dots: tuple[tuple[float, float], ...] = field(default=(), repr=False)
    diagonal: tuple[float, float, float, float] | None = None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def lines_plot(
    title: str,
    x: Sequence[float],
    lines: Sequence[tuple[str, str, Sequence[float]]],
    *,
    x_name: str,
    y_name: str = "",
) -> Plot:
    """Lines (look, name, values) over ``x`` on an axis of powers of ten.

    >>> plot = lines_plot("spread", [1, 2], [("chosen", "a", [1.0, 100.0])], x_name="layer")
    >>> [tick.text for tick in plot.y_ticks]
    ['1', '10', '100']
    """
    with np.errstate(all="ignore"):
        columns = [np.log10(_positive(values)) for _, _, values in lines]
    known = np.concatenate([c[np.isfinite(c)] for c in columns] or [np.zeros(0)])
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    if high - low < 1.0:
        low, high = low - 0.5, high + 0.5
    across = Axis(min(x), max(*x, min(x) + 1), LEFT, WIDTH - RIGHT)
    up = Axis(low - 0.04 * (high - low), high + 0.04 * (high - low), HEIGHT - BOTTOM, TOP)
    strokes = [
        Stroke(look, name, _pieces(across, up, x, column))
        for (look, name, _), column in zip(lines, columns, strict=True)
    ]
    return Plot(
        title,
        x_name,
        y_name,
        tuple(Tick(across(v), f"{v:g}") for v in whole_ticks(min(x), max(x))),
        tuple(
            Tick(up(v), power(v)) for v in whole_ticks(math.ceil(up.low), math.floor(up.high), 7)
        ),
        tuple(strokes),
    )


def scatter_plot(title: str, x: AnyArray, y: AnyArray, *, x_name: str, y_name: str) -> Plot:
    """Points on one scale for both axes, and the diagonal on which they should lie."""
    keep = np.isfinite(x) & np.isfinite(y)
    x, y = x[keep].astype(np.float64), y[keep].astype(np.float64)
    both = np.concatenate([x, y]) if len(x) else np.array([0.0, 1.0])
    low, high = float(both.min()), float(both.max())
    room = 0.04 * (high - low) or max(abs(high), 1.0) * 0.1
    across = Axis(low - room, high + room, LEFT, WIDTH - RIGHT)
    up = Axis(low - room, high + room, HEIGHT - BOTTOM, TOP)
    ticks = round_ticks(low, high)
    ends = (low - room, high + room)
    return Plot(
        title,
        x_name,
        y_name,
        tuple(Tick(across(v), short(v)) for v in ticks),
        tuple(Tick(up(v), short(v)) for v in ticks),
        dots=tuple((across(a), up(b)) for a, b in zip(x.tolist(), y.tolist(), strict=True)),
        diagonal=(across(ends[0]), up(ends[0]), across(ends[1]), up(ends[1])),
    )


@dataclass(frozen=True, slots=True)
class Axis:
    """From values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value, to a tenth."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def whole_ticks(low: float, high: float, most: int = 8) -> list[int]:
    """Whole numbers from ``low`` to ``high``, few enough to be read.

    >>> whole_ticks(1, 50), whole_ticks(1, 3)
    ([1, 8, 15, 22, 29, 36, 43, 50], [1, 2, 3])
    """
    first, last = math.ceil(low), math.floor(high)
    step = max(1, math.ceil((last - first) / (most - 1)))
    return list(range(first, last + 1, step))


def round_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two ends.

    >>> round_ticks(0.0, 97.0)
    [0.0, 20.0, 40.0, 60.0, 80.0]
    """
    if not high > low:
        return [low]
    raw = (high - low) / about
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(m * size for m in (1, 2, 5, 10) if m * size >= raw)
    first = math.ceil(low / step)
    return [float(f"{k * step:.12g}") for k in range(first, math.floor(high / step) + 1)]


def power(exponent: int) -> str:
    """10 to a whole number, as it is read.

    >>> power(-2), power(3), power(-9)
    ('0.01', '1,000', '1e-9')
    """
    if -4 <= exponent <= 4:
        return (
            f"{10.0**exponent:,.4f}".rstrip("0").rstrip(".")
            if exponent < 0
            else f"{10**exponent:,}"
        )
    return f"1e{exponent}"


def _positive(values: Sequence[float]) -> AnyArray:
    found = np.array(values, float)
    usable = np.isfinite(found) & (found > SMALLEST) & (found < LARGEST)
    positive: AnyArray = np.where(usable, found, np.nan)
    return positive


def _pieces(across: Axis, up: Axis, x: Sequence[float], column: AnyArray) -> tuple[str, ...]:
    """The line in parts, split where a value is missing."""
    pieces: list[list[str]] = [[]]
    for a, b in zip(x, column.tolist(), strict=True):
        if math.isfinite(b):
            pieces[-1].append(f"{across(a):g},{up(b):g}")
        elif pieces[-1]:
            pieces.append([])
    return tuple(" ".join(piece) for piece in pieces if piece)
