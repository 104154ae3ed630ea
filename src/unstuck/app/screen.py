"""Where a command writes: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from unstuck.show.progress import Watch
from unstuck.training.runs import finite

if TYPE_CHECKING:
    from rich.console import Console

    from unstuck.show.diagnosis.styled import Line

NARROWEST, WIDEST = 60, 100  # columns; longer lines are hard to read


class Screen:
    """The two streams of one command.

    ``--json`` keeps standard output free for one object; ``--quiet`` shows errors alone.
    """

    def __init__(self, *, quiet: bool = False, as_json: bool = False) -> None:
        self.quiet = quiet
        self.as_json = as_json

    @cached_property
    def out(self) -> Console:
        """Standard output."""
        from rich.console import Console

        return Console(highlight=False)

    @cached_property
    def err(self) -> Console:
        """Standard error."""
        from rich.console import Console

        return Console(stderr=True, highlight=False)

    def watch(self) -> Watch:
        """The callback that shows how training goes."""
        return Watch(None if self.quiet else self.err)

    def note(self, text: str) -> None:
        """A sentence beside the result."""
        if not self.quiet:
            self.err.print(text, markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """A sentence that is said even when all is quiet."""
        self.err.print(text, markup=False, style="yellow", soft_wrap=True)

    def show(self, *things: Any) -> None:
        """Tables and text, where neither --json nor --quiet was asked for."""
        if self.quiet or self.as_json:
            return
        for thing in things:
            self.out.print(thing)

    def text(self, *blocks: str) -> None:
        """Plain text, as it is."""
        if not self.quiet and not self.as_json:
            for block in blocks:
                click.echo(block)

    def page(self, lines: Callable[[int], Iterable[Line]]) -> None:
        """Lines with styles, made for the width of the terminal (`NARROWEST` to `WIDEST`)."""
        from unstuck.show.diagnosis.styled import rich_text

        if self.quiet or self.as_json:
            return
        width = min(max(self.out.width, NARROWEST), WIDEST)
        self.out.print(rich_text(lines(width)), soft_wrap=True)

    def json(self, value: Any) -> None:
        """The one object of --json, in ASCII: it survives any encoding of the stream."""
        if self.as_json:
            click.echo(json.dumps(finite(value)))
