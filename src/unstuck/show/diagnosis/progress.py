"""What the doctor is trying at this moment: a line that lives in a terminal, or plain lines.

Written to standard error, so that what is on standard output stays clean.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from unstuck.show.diagnosis.characters import sentence, shortened

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult


class Trying:
    """Shows what it is told; use it as ``say`` of `unstuck.doctor`, inside a ``with`` block.

    Parameters
    ----------
    console : rich.console.Console or None
        Where to write; None shows nothing.
    budget : float
        Seconds that the whole examination may take, shown beside what has passed.
    """

    def __init__(self, console: Console | None, budget: float) -> None:
        self.console = console
        self.budget = budget
        self.doing = ""
        self._started = time.perf_counter()
        self._live: Any = None

    def __enter__(self) -> Self:
        """Start the line, if there is a terminal to show it in."""
        self._started = time.perf_counter()
        if self.console is not None and self.console.is_terminal:
            from rich.live import Live

            self._live = Live(
                self,
                console=self.console,
                transient=True,
                refresh_per_second=8,
                redirect_stdout=False,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __call__(self, text: str) -> None:
        """What is being tried now."""
        text = sentence(text)
        if text == self.doing or self.console is None:
            return
        self.doing = text
        if self._live is None:
            self.console.print(f"{text} ...", markup=False, highlight=False, soft_wrap=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The line as it is at this moment."""
        from rich.text import Text

        passed = time.perf_counter() - self._started
        clock = f"{passed:.0f} s of {self.budget:g} s"
        room = options.max_width - len(clock) - 5
        line = Text.assemble(
            SPINNER[int(passed * 8) % len(SPINNER)],
            " ",
            shortened(self.doing or "reading the program", max(room, 8)),
            "  ",
            (clock, "dim"),
        )
        line.truncate(options.max_width)
        yield line


SPINNER = "|/-\\"
