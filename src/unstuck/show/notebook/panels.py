"""A picture with its title, key and axes in numbers: what all displays draw curves with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from unstuck.show.notebook.pictures import Line, Scale, framed, lines_svg
from unstuck.show.notebook.pieces import bold, faint, number, text

SIZE = (300, 130)  # pixels
BESIDE = "display:inline-block;vertical-align:top;margin:0 1.6em .4em 0"

Key = tuple[str, str, bool]  # name, colour, dashed?


def panel(
    title: str,
    lines: Sequence[Line],
    keys: Sequence[Key],
    scale: Scale,
    ends: tuple[str, str],
    say: Callable[[float], str] = number,
) -> str:
    """One picture; ``ends`` are the first and the last of the axis below."""
    low, high = say(scale.low), say(scale.high)
    head = bold(title) + (faint(", logarithmic") if scale.logarithmic else "")
    said = f"{title}, from {low} to {high}; {ends[0]} to {ends[1]}"
    picture = framed(lines_svg(lines, scale, *SIZE), SIZE, (low, high), ends, said)
    named = " &nbsp; ".join(_key(*key) for key in keys)
    return (
        f'<div style="{BESIDE}"><div>{head}</div><div style="font-size:90%">{named}</div>'
        f"{picture}</div>"
    )


def side_by_side(*panels: str) -> str:
    """Pictures in a row, or below each other where the page is narrow."""
    return f'<div style="margin:.3em 0">{"".join(panels)}</div>'


def _key(name: str, colour: str, dashed: bool) -> str:  # noqa: FBT001 - unpacked from a Key
    return f'<b style="color:{colour}">{"- -" if dashed else "&#8212;"}</b> {text(name)}'
