"""What is seen under a cell while it runs: one output, written over a few times a second.

It needs no widgets: the output has a name, and each message replaces what the last one showed. So
JupyterLab, VS Code and Colab show a bar that moves, and what a notebook keeps in the end is a few
lines of text, no bar, no escape characters.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from unstuck.show.diagnosis.characters import sentence
from unstuck.show.notebook.pieces import FAINT, MONO, text
from unstuck.show.progress import Watch, epoch_line, measures, seconds_text, thinning

if TYPE_CHECKING:
    from unstuck.training.loop import Loop

PAUSE = 0.25  # seconds between two messages
MOST_LINES = 12
BLOCKS = 24  # of a bar in plain text


def in_notebook() -> bool:
    """True where a kernel of Jupyter's runs this, and what is shown goes under a cell."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class Board:
    """One output: lines that stay, and below them a bar while there is something to wait for."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.began = self.last = time.monotonic() - PAUSE
        self._shown: tuple[str, ...] = ()
        self._handle: Any = None

    @property
    def due(self) -> bool:
        """True once enough time has passed since the last message."""
        return time.monotonic() - self.last >= PAUSE

    def bar(self, done: float, total: float, said: str) -> None:
        """How far it is; left out where the last message was a moment ago."""
        if self.due:
            self._write(done / total if total else 0.0, said)

    def say(self, said: str) -> None:
        """What is being done, where nobody knows how long it takes."""
        if self.due:
            self._write(None, said)

    def line(self, said: str) -> None:
        """A line that stays; it is shown with the next message."""
        self.lines.append(said)

    def close(self) -> None:
        """Take the bar away; may be called twice."""
        if self._handle is not None or self.lines:
            self._write(None, "")

    def _write(self, share: float | None, said: str) -> None:
        from IPython.display import display

        self.last = time.monotonic()
        plain, html = bundle(self.lines, share, said)
        if self._shown == (plain, html):
            return
        self._shown = (plain, html)
        data = {"text/plain": plain, "text/html": html}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)


def bundle(lines: list[str], share: float | None, said: str) -> tuple[str, str]:
    """Lines and a bar as text and as HTML.

    >>> print(bundle(["one"], 0.5, "two")[0])
    one
    [############            ]  50%  two
    """
    plain, html = list(lines), ""
    if lines:
        html = f'<pre style="{MONO};margin:0">{chr(10).join(text(entry) for entry in lines)}</pre>'
    now = f'<span style="{FAINT}">{text(said)}</span>'
    if share is not None:
        share = min(max(share, 0.0), 1.0)
        full = round(share * BLOCKS)
        plain.append(f"[{'#' * full:<{BLOCKS}}] {share:4.0%}  {said}".rstrip())
        style = "width:14em;vertical-align:middle;margin-right:.7em"
        now = f'<progress value="{share:.3f}" max="1" style="{style}">{share:.0%}</progress>{now}'
    elif said:
        plain.append(said)
    return "\n".join(plain), f"<div>{html}{now if said or share is not None else ''}</div>"


class NotebookWatch(Watch):
    """Training under a cell: a bar, and about a dozen epochs in numbers that stay."""

    def __init__(self) -> None:
        super().__init__(None)
        self._board: Board | None = None

    def on_start(self, loop: Loop) -> None:
        """A new output for a new training."""
        super().on_start(loop)
        self._every = thinning(loop.epochs, MOST_LINES)
        self._board = Board()

    def on_chunk(self, loop: Loop) -> None:
        """Move the bar, some four times a second."""
        if self._board is not None and self._board.due:
            now = measures(loop.running_cost, loop.running_accuracy)
            said = f"epoch {min(loop.epoch + 1, loop.epochs)}/{loop.epochs}  {now}".rstrip()
            self._board.bar(loop.step, loop.total_steps, said)

    def on_epoch(self, loop: Loop, row: Mapping[str, float]) -> None:
        """One line for the first, the last and every so many epochs."""
        epoch = int(row["epoch"])
        last = epoch == loop.epochs or bool(loop.stopped)
        if self._board is not None and (epoch == 1 or last or epoch % self._every == 0):
            self._board.line(epoch_line(row, loop.epochs))

    def close(self) -> None:
        """Take the bar away; may be called twice."""
        if self._board is not None:
            self._board.close()
            self._board = None


class NotebookCounting:
    """How many of many short trainings are done; ``progress`` of `advise`, in a ``with`` block."""

    def __init__(self) -> None:
        self._board = Board()
        self._done = 0

    def __enter__(self) -> Self:
        """Nothing is shown before something is counted."""
        return self

    def __call__(self, done: int, total: int, what: str) -> None:
        """``done`` of ``total``, in the stage ``what``."""
        self._done = max(self._done, done)
        self._board.bar(done, total, f"race: {what}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away, say what was done."""
        if self._done:
            passed = seconds_text(time.monotonic() - self._board.began)
            self._board.line(f"race: {self._done:,} short trainings in {passed}")
        self._board.close()


class NotebookTrying:
    """What the doctor is trying; ``say`` of `diagnose`, in a ``with`` block."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self._board = Board()

    def __enter__(self) -> Self:
        """Nothing is shown before something is tried."""
        return self

    def __call__(self, said: str) -> None:
        """What is being tried now."""
        passed = time.monotonic() - self._board.began
        self._board.bar(passed, self.budget, f"{sentence(said)} ... ({passed:.0f} s)")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say how long it took."""
        self._board.line(f"examined in {seconds_text(time.monotonic() - self._board.began)}")
        self._board.close()
