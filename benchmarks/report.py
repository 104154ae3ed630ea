"""What the benchmarks found, as tables for people and as JSON for programs.

A section is one table. A bar is a number promised in advance; beside it stands what was measured
and, in the same place and the same letters, whether it was met or by how much it was missed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and greatest of repeated measurements."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of ``values``.

        >>> Spread.of([3.0, 1.0, 2.0])
        Spread(median=2.0, low=1.0, high=3.0)
        """
        return cls(statistics.median(values), min(values), max(values))


def ratios(peer: Sequence[float], ours: Sequence[float]) -> Spread:
    """Time of the peer over ours, round by round: above 1 we are faster.

    Two runs of one round stand close together in time, so a slow minute of the machine touches
    both, and their ratio hardly at all.

    >>> ratios([2.0, 4.0, 9.0], [1.0, 2.0, 3.0])
    Spread(median=2.0, low=2.0, high=3.0)
    """
    return Spread.of([p / o for p, o in zip(peer, ours, strict=True)])


@dataclass(frozen=True, slots=True)
class Bar:
    """A number promised in advance: at least so much, or (``at_most``) no more than so much."""

    what: str
    promised: float
    measured: float
    unit: str = "x"
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        if self.at_most:
            return bool(self.measured <= self.promised)
        return bool(self.measured >= self.promised)

    @property
    def verdict(self) -> str:
        """Met, or by how much it was missed, in the bar's own unit.

        >>> Bar("PyTorch", 3.0, 3.4).verdict, Bar("PyTorch", 3.0, 2.5).verdict
        ('met', 'MISSED by 0.500 x')
        >>> Bar("peak", 250.0, 300.0, "MB", at_most=True).verdict
        'MISSED by 50.0 MB'
        """
        return (
            "met"
            if self.met
            else f"MISSED by {number(abs(self.promised - self.measured))} " + (self.unit)
        )

    @property
    def promise(self) -> str:
        """The promise in short, such as ">= 3.0 x"."""
        return f"{'<=' if self.at_most else '>='} {self.promised:.3g} {self.unit}"


@dataclass(slots=True)
class Section:
    """One table: its rows as printed, its bars, and the raw numbers behind both."""

    letter: str
    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    raw: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The section as it is printed."""
        parts = [f"{self.letter}. {self.title}", ""]
        if self.rows:
            parts += [table(self.header, self.rows)]
        return "\n".join(parts + [f"  {note}" for note in self.notes])

    def as_json(self) -> dict[str, Any]:
        """The section as it is stored."""
        bars = [{**asdict(bar), "met": bar.met, "verdict": bar.verdict} for bar in self.bars]
        return {
            "title": self.title,
            "bars": bars,
            "notes": self.notes,
            "measurements": self.raw,
            "versions": self.versions,
        }


def number(value: float) -> str:
    """Three digits that matter, without exponents.

    >>> [number(v) for v in (0.01, 0.5, 3.14159, 27.18, 1234.5)]
    ['0.0100', '0.500', '3.14', '27.2', '1234']
    """
    size = abs(float(f"{value:.3g}"))
    if not 1e-9 < size < math.inf:  # 0, infinity, NaN
        return f"{value:.2f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(size)))}f}"


def spread(values: Spread, factor: float = 1.0) -> str:
    """Median and range, such as "0.194 (0.190-0.223)"."""
    median, low, high = (number(v * factor) for v in (values.median, values.low, values.high))
    return f"{median} ({low}-{high})"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns two blanks apart; the first stands left, the others right.

    >>> print(table(("who", "s"), [("we", "0.1"), ("they", "12.0")]))
      who      s
      we     0.1
      they  12.0
    """
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = [
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)


def summary(sections: Sequence[Section]) -> str:
    """The last lines: how many bars were met, and each one that was not."""
    bars = [(section, bar) for section in sections for bar in section.bars]
    missed = [(section, bar) for section, bar in bars if not bar.met]
    lines = [f"{len(bars) - len(missed)} of {len(bars)} bars met."]
    lines += [
        f"  {section.letter}, {bar.what}: promised {bar.promise}, "
        f"measured {number(bar.measured)} {bar.unit}: {bar.verdict}"
        for section, bar in missed
    ]
    return "\n".join(lines)
