"""What every display in a notebook is made of: text, tables, pictures, one style for all.

An untrusted notebook (any that was not run here) loses style sheets, scripts and inline SVG; what
stays is plain HTML with its styles inline, and images. So pictures are images, numbers stand beside
them as text in the notebook's own colour, and pictures hold no text: they cannot know the theme.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from unstuck.show.diagnosis.characters import harmless

# Told apart by colour-blind eyes; at least 3:1 on white and on the black of a dark theme.
BLUE, ORANGE, GREEN, RED, AMBER, GREY = (
    "#3182ce", "#d9691a", "#2f9e44", "#d1242f", "#b7791f", "#808080",
)  # fmt: skip
FAINT = "opacity:.75"
MONO = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:90%;line-height:1.4"
BLOCK = f"{MONO};margin:.4em 0;padding:.4em .7em;overflow-x:auto;background:rgba(128,128,128,.1)"
BARE = "border:0;background:none"
RULE = "border:0;border-bottom:1px solid rgba(128,128,128,.45);background:none"
CELL_PADDING = "padding:.15em .9em .15em 0;vertical-align:middle"


@dataclass(frozen=True, slots=True)
class Html:
    """What is HTML already; any other value is escaped when it is put into a table."""

    source: str


def text(value: object) -> str:
    """Anything as harmless HTML: escaped, control characters made visible.

    >>> text("<b>")
    '&lt;b&gt;'
    """
    return escape(harmless(str(value)))


def bold(value: object, colour: str = "inherit") -> str:
    """Text that stands out."""
    return f'<b style="color:{colour}">{text(value)}</b>'


def faint(value: object) -> str:
    """Text that steps back."""
    return f'<span style="{FAINT}">{text(value)}</span>'


def line(*parts: str) -> str:
    """A line of HTML, or a paragraph of a width that can be read."""
    return f'<div style="margin:.2em 0;max-width:60em">{"".join(parts)}</div>'


def whole(*parts: str) -> str:
    """A whole display; what is too wide for the page can be pushed aside."""
    return f'<div style="line-height:1.45;overflow-x:auto">{"".join(parts)}</div>'


def code(lines: Iterable[str]) -> str:
    """Lines to copy."""
    rows = [text(row) for entry in lines for row in entry.split("\n")]
    return f'<pre style="{BLOCK}">{chr(10).join(rows)}</pre>'


def image(svg: str, width: int, height: int, said: str) -> str:
    """A picture as an image without a file; ``said`` is what it shows, in words."""
    data = b64encode(svg.encode()).decode("ascii")
    style = f"display:inline;vertical-align:middle;max-width:none;margin:0;{BARE}"
    return (
        f'<img src="data:image/svg+xml;base64,{data}" width="{width}" height="{height}" '
        f'alt="{escape(said)}" style="{style}">'
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str | Html]], left: int = 1) -> str:
    """A table: its first ``left`` columns to the left, the others, numbers, to the right."""

    def cells(tag: str, row: Sequence[str | Html], style: str) -> str:
        parts = []
        for k, value in enumerate(row):
            side = "left" if k < left else "right"
            shown = value.source if isinstance(value, Html) else text(value)
            parts.append(f'<{tag} style="text-align:{side};{CELL_PADDING};{style}">{shown}</{tag}>')
        return f'<tr style="background:none">{"".join(parts)}</tr>'

    head = cells("th", heads, f"{RULE};vertical-align:bottom")
    body = "".join(cells("td", row, f"{BARE};white-space:nowrap") for row in rows)
    style = "border-collapse:collapse;margin:.4em 0;border:0"
    return f'<table style="{style}"><thead>{head}</thead><tbody>{body}</tbody></table>'


def number(value: float, digits: int = 3) -> str:
    """A number in few characters, ``-`` for none.

    >>> number(0.25), number(12345.6), number(3.2e-7), number(math.nan), number(math.inf)
    ('0.25', '12,346', '3.2e-07', '-', 'inf')
    """
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) < 1e6 else f"{value:.{digits - 1}e}"
    return f"{value:.{digits}g}"


def percent(value: float) -> str:
    """A share as a percentage, ``-`` for none."""
    return "-" if math.isnan(value) else f"{value:.1%}"
