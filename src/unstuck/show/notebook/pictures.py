"""Small pictures without text: curves, a line as small as a word, the widths of a network.

Everything in them is a number of ours, so nothing need be escaped. Axes get their numbers from the
HTML around (`framed`), in the colour of the notebook's own text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.show.notebook.pieces import BARE, BLUE, FAINT, GREY, image, text

MOST_POINTS = 320  # of a line: two a pixel would be more than anyone sees
LOGARITHMIC_FROM = 20.0  # largest over smallest value
EDGE = 3.0  # pixels that a line stays away from the rim


@dataclass(frozen=True, slots=True)
class Line:
    """Values over steps, and how they are drawn."""

    x: AnyArray
    y: AnyArray
    colour: str = BLUE
    dashed: bool = False
    width: float = 2.0


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to the height of a picture."""

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def of(cls, values: AnyArray, *, logarithmic: bool | None = None) -> Scale:
        """The range of what is finite; logarithmic where that shows more, unless it is said."""
        finite = values[np.isfinite(values)].astype(float)
        if not finite.size:
            return cls(0.0, 1.0, logarithmic=False)
        positive = finite[finite > 0]
        wide = positive.size > 0 and finite.max() > LOGARITHMIC_FROM * positive.min()
        chosen = bool(wide and finite.min() >= 0) if logarithmic is None else logarithmic
        if chosen and positive.size:
            return cls(float(positive.min()), float(positive.max()), logarithmic=True)
        return cls(float(finite.min()), float(finite.max()), logarithmic=False)

    def share(self, values: AnyArray) -> AnyArray:
        """Where values stand between low (0) and high (1); NaN for what cannot be drawn."""
        drawn = np.where(np.isfinite(values), values, np.nan).astype(float)
        low, high = self.low, self.high
        if self.logarithmic:
            drawn = np.log(np.where(drawn > 0, np.maximum(drawn, low), np.nan))
            low, high = math.log(low), math.log(high)
        if high == low:
            return np.where(np.isnan(drawn), np.nan, 0.5)
        # Halves, so that a range from -1e308 to 1e308 is no infinity.
        part: AnyArray = (drawn / 2 - low / 2) / (high / 2 - low / 2)
        return part


def lines_svg(lines: Sequence[Line], scale: Scale, width: int, height: int) -> str:
    """Lines over one axis, with a frame of two sides."""
    xs = np.concatenate([np.asarray(entry.x, float) for entry in lines] or [np.zeros(1)])
    first, last = (float(xs.min()), float(xs.max())) if xs.size else (0.0, 1.0)
    frame = (
        f'<path d="M.5 0V{height - 0.5}H{width}" fill="none" stroke="{GREY}" stroke-width="1"/>'
        f'<path d="M0 {height / 2:.1f}H{width}" stroke="{GREY}" stroke-opacity=".25"/>'
    )
    drawn = "".join(_drawn(entry, scale, (first, last), width, height) for entry in lines)
    return _svg(frame + drawn, width, height)


def spark_svg(values: AnyArray, scale: Scale, width: int, height: int) -> str:
    """A line as small as a word, with a dot where it ends."""
    found = Line(np.arange(len(values)), values, BLUE, width=1.5)
    drawn = _drawn(found, scale, (0.0, max(len(values) - 1.0, 1.0)), width, height)
    finite = np.flatnonzero(~np.isnan(scale.share(values)))
    if finite.size:
        end = found.x[finite[-1:]], scale.share(values)[finite[-1:]]
        x, y = _places(*end, (0.0, max(len(values) - 1.0, 1.0)), width, height)
        drawn += f'<circle cx="{x[0]:.1f}" cy="{y[0]:.1f}" r="2.2" fill="{BLUE}"/>'
    rule = f'<path d="M0 {height - 0.5}H{width}" stroke="{GREY}" stroke-opacity=".4"/>'
    return _svg(rule + drawn, width, height)


def framed(
    svg: str, size: tuple[int, int], y: tuple[str, str], x: tuple[str, str], said: str
) -> str:
    """A picture with the numbers of its axes as text: top and bottom, first and last."""
    width, height = size
    cell = f"{BARE};{FAINT};font-size:85%;line-height:1.1"
    side = f"{cell};text-align:right;padding:0 .4em 0 0;vertical-align:"
    under = f"{cell};padding:.2em 0 0 0;vertical-align:top;text-align:"
    row = '<tr style="background:none">'
    return (
        f'<table style="border-collapse:collapse;border:0;margin:0">{row}'
        f'<td style="{side}top">{text(y[1])}</td>'
        f'<td style="{BARE};padding:0;line-height:0" rowspan="2" colspan="2">'
        f"{image(svg, width, height, said)}</td></tr>"
        f'{row}<td style="{side}bottom">{text(y[0])}</td></tr>'
        f'{row}<td style="{cell};padding:0"></td><td style="{under}left">{text(x[0])}</td>'
        f'<td style="{under}right">{text(x[1])}</td></tr></table>'
    )


def widths_svg(widths: Sequence[int], size: tuple[int, int]) -> str:
    """The outline of a network: a bar a layer, as high as it is wide (on a logarithmic scale)."""
    width, height = size
    heights = [EDGE + (height - 2 * EDGE) * _log_share(w, widths) for w in widths]
    gap = width / len(widths)
    bar = max(min(gap / 3, 14.0), 1.0)
    parts = []
    for k, tall in enumerate(heights):
        left, top = gap * (k + 0.5) - bar / 2, (height - tall) / 2
        if k + 1 < len(heights):
            right, after = gap * (k + 1.5) - bar / 2, (height - heights[k + 1]) / 2
            corners = (
                f"{left + bar:.1f},{top:.1f} {right:.1f},{after:.1f} "
                f"{right:.1f},{height - after:.1f} {left + bar:.1f},{height - top:.1f}"
            )
            parts.append(f'<polygon points="{corners}" fill="{GREY}" fill-opacity=".3"/>')
        parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{bar:.1f}" height="{tall:.1f}" '
            f'rx="1.5" fill="{BLUE}"/>'
        )
    return _svg("".join(parts), width, height)


# ---------------------------------------------------------------------------------- the parts


def _log_share(width: int, widths: Sequence[int]) -> float:
    return math.log1p(width) / math.log1p(max(widths))


def _svg(inside: str, width: int, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{inside}</svg>'
    )


def _places(
    x: AnyArray, share: AnyArray, ends: tuple[float, float], width: int, height: int
) -> tuple[AnyArray, AnyArray]:
    span = (ends[1] - ends[0]) or 1.0
    across = EDGE + (np.asarray(x, float) - ends[0]) / span * (width - 2 * EDGE)
    return across, height - EDGE - share * (height - 2 * EDGE)


def _drawn(entry: Line, scale: Scale, ends: tuple[float, float], width: int, height: int) -> str:
    keep = thinned(np.asarray(entry.y, float))
    share = np.clip(scale.share(np.asarray(entry.y, float)[keep]), 0.0, 1.0)
    across, down = _places(np.asarray(entry.x, float)[keep], share, ends, width, height)
    path, drawing = [], False
    for a, b in zip(across, down, strict=True):
        if math.isnan(b):
            drawing = False
            continue
        path.append(f"{'L' if drawing else 'M'}{a:.1f} {b:.1f}")
        if not drawing:
            path.append("h.01")  # a point that stands alone is seen, too
        drawing = True
    if not path:
        return ""
    dash = ' stroke-dasharray="5 3"' if entry.dashed else ""
    return (
        f'<path d="{"".join(path)}" fill="none" stroke="{entry.colour}" '
        f'stroke-width="{entry.width}" stroke-linejoin="round" stroke-linecap="round"{dash}/>'
    )


def thinned(values: AnyArray, most: int = MOST_POINTS) -> AnyArray:
    """The entries to draw: all, or the lowest and the highest of each stretch, so no peak is lost.

    >>> thinned(np.array([0.0, 9.0, 1.0, 0.0, 0.0, 0.0, 2.0, 0.0]), most=4).tolist()
    [0, 1, 4, 6, 7]
    """
    n = len(values)
    if n <= most:
        return np.arange(n)
    kept = {0, n - 1}
    for part in np.array_split(np.arange(n), max(most // 2, 1)):
        finite = part[np.isfinite(values[part])]
        if finite.size:
            kept |= {int(finite[values[finite].argmin()]), int(finite[values[finite].argmax()])}
        if finite.size < part.size:
            kept.add(int(part[~np.isfinite(values[part])][0]))  # a gap stays a gap
    return np.array(sorted(kept))
