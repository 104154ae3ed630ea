"""Docstrings and tables as Markdown, for the pages that are written from the source."""

from __future__ import annotations

import inspect
from collections.abc import Iterable


def described(thing: object) -> str:
    """A docstring without its examples and sections, in one line of Markdown."""
    kept = []
    for paragraph in (inspect.getdoc(thing) or "").split("\n\n"):
        if paragraph.startswith(">>>") or "\n---" in paragraph:
            break
        kept.append(" ".join(paragraph.split()))
    if kept and kept[-1].endswith(":"):  # it only led to the example
        kept.pop()
    return literal(" ".join(kept))


def first_line(thing: object) -> str:
    """The first paragraph of a docstring as a phrase, without its full stop."""
    paragraph = (inspect.getdoc(thing) or "").split("\n\n")[0]
    return literal(" ".join(paragraph.split()).removesuffix("."))


def literal(text: str) -> str:
    """Literal text of a docstring as Markdown marks it."""
    return text.replace("``", "`")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = tuple(head)
    lines = (head, ("---",) * len(head), *rows)
    return "".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |\n" for row in lines)
