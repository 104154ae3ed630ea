"""Lines of text whose parts carry the name of a style: the same words with colours and without."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

Piece = tuple[str, str]  # text, name of a style ("" for none)
Line = tuple[Piece, ...]

STYLES = {  # what rich calls them
    "cause": "bold red",
    "fault": "bold yellow",
    "note": "bold cyan",
    "stuck": "bold red",
    "learns": "bold green",
    "crashed": "bold red",
    "unknown": "bold yellow",
    "heading": "bold",
    "name": "bold",
    "quiet": "dim",
    "good": "green",
    "added": "green",
    "removed": "red",
    "hunk": "cyan",
}


def plain_text(lines: Iterable[Line]) -> str:
    """The lines without their styles."""
    return "\n".join("".join(text for text, _ in line) for line in lines)


def rich_text(lines: Iterable[Line]) -> Text:
    """The lines with their styles, for a console."""
    from rich.text import Text

    whole = Text()
    for line in lines:
        for text, style in line:
            whole.append(text, STYLES.get(style))
        whole.append("\n")
    whole.rstrip()
    return whole
