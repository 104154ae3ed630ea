"""Small pictures drawn in Python: they are seen where no script runs, and print as they are.

Colours are the page's own, by class. All text goes through `escape`, so a label stays a label.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.show.diagnosis.characters import shortened

if TYPE_CHECKING:
    from markupsafe import Markup

LETTERS = 26  # that fit under a small picture


def tag(name: str, attributes: dict[str, Any], *children: Any) -> Markup:
    """One element; attributes and children that are text are escaped.

    >>> str(tag("text", {"class": "axis"}, "<b>"))
    '<text class="axis">&lt;b&gt;</text>'
    """
    from markupsafe import Markup, escape

    given = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    inner = "".join(str(escape(child)) for child in children)
    return Markup(f"<{name}{given}>{inner}</{name}>")  # noqa: S704  # escaped above, `name` ours


def picture(width: int, height: int, label: str, *children: Any) -> Markup:
    """A drawing with the words that stand for it where it is not seen."""
    size = {"viewBox": f"0 0 {width} {height}", "width": width, "height": height}
    return tag("svg", {**size, "class": "drawn", "role": "img", "aria-label": label}, *children)


def text(x: float, y: float, words: str, where: str = "start", kind: str = "") -> Markup:
    """Words at a place; ``where`` is their anchor."""
    at = {
        "x": round(x, 1),
        "y": round(y, 1),
        "text-anchor": where,
        "class": f"words {kind}".strip(),
    }
    return tag("text", at, shortened(words, 2 * LETTERS))


def line(points: Iterable[tuple[float, float]], kind: str) -> Markup:
    """A line through points; it is broken where a number is missing."""
    steps, begins = [], True
    for x, y in points:
        if not (math.isfinite(x) and math.isfinite(y)):
            begins = True
            continue
        steps.append(f"{'M' if begins else 'L'}{x:.1f} {y:.1f}")
        begins = False
    return tag("path", {"class": kind, "d": "".join(steps)})


def dots(xs: Any, ys: Any, kind: str) -> Markup:
    """Many dots as one path: those that fall on the same tenth of a pixel are drawn once."""
    places = np.unique(np.round(np.stack([xs, ys], axis=1), 1), axis=0)
    return tag("path", {"class": kind, "d": "".join(f"M{x:g} {y:g}h0" for x, y in places)})


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round numbers between two others.

    >>> ticks(0.0, 1.0), ticks(-3.0, 17.0)
    ([0.0, 0.5, 1.0], [0.0, 5.0, 10.0, 15.0])
    """
    room = high - low
    if not math.isfinite(room) or room <= 0.0:
        return []
    size = 10.0 ** math.floor(math.log10(room / most))
    step = next(size * k for k in (1, 2, 5, 10) if room / (size * k) <= most)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(f"{k * step:.10g}") for k in range(first, last + 1)]


def scaled(values: Sequence[float] | Any, low: float, high: float, start: float, end: float) -> Any:
    """Numbers from ``low`` to ``high`` as places from ``start`` to ``end``."""
    room = high - low or 1.0
    return start + (np.asarray(values, dtype=float) - low) / room * (end - start)
