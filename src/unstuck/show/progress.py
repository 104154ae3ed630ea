"""What is seen while a network learns: a live bar in a terminal, plain lines everywhere else."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from unstuck.training.callbacks import Callback

if TYPE_CHECKING:
    from rich.console import Console

    from unstuck.training.loop import Loop

REFRESH_SECONDS = 0.1  # one look costs 2 ms
LIVE_LINES, PLAIN_LINES = 12, 50  # so many lines about, however many epochs there are


class Watch(Callback):
    """Shows each epoch's cost and accuracy; keeps the history in sight should training diverge.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to write; None shows nothing.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console
        self.history: Any = None
        self._every = 1
        self._bar: Any = None
        self._task: Any = None
        self._looked = 0.0

    def on_start(self, loop: Loop) -> None:
        """Find out how many lines there will be; start the bar."""
        self.history = loop.history
        if self.console is None:
            return
        live = self.console.is_terminal
        self._every = thinning(loop.epochs, LIVE_LINES if live else PLAIN_LINES)
        if live:
            self._start_bar(loop)

    def on_chunk(self, loop: Loop) -> None:
        """Move the bar, some ten times a second."""
        now = time.perf_counter()
        if self._bar is None or now - self._looked < REFRESH_SECONDS:
            return
        self._looked = now
        self._bar.update(
            self._task,
            completed=loop.step,
            epoch=min(loop.epoch + 1, loop.epochs),
            now=measures(loop.running_cost, loop.running_accuracy),
            refresh=True,
        )

    def on_epoch(self, loop: Loop, row: Mapping[str, float]) -> None:
        """One line, for the first, the last and every so many epochs."""
        if self.console is None:
            return
        epoch = int(row["epoch"])
        last = epoch == loop.epochs or bool(loop.stopped)
        if epoch == 1 or last or epoch % self._every == 0:
            self.console.print(epoch_line(row, loop.epochs), highlight=False)

    def on_end(self, loop: Loop) -> None:
        """Take the bar away."""
        self.close()

    def close(self) -> None:
        """Take the bar away; may be called twice."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _start_bar(self, loop: Loop) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[now]}"),
            TimeRemainingColumn(compact=True),
            console=self.console,
            transient=True,
            auto_refresh=False,
        )
        self._bar.start()
        self._task = self._bar.add_task(
            "", total=loop.total_steps, completed=loop.step, epoch=1, epochs=loop.epochs, now=""
        )


def measures(cost: float, accuracy: float) -> str:
    """Cost and accuracy as they are shown beside the bar."""
    if math.isnan(cost):
        return ""
    text = f"cost {cost:.4f}"
    return text if math.isnan(accuracy) else f"{text}  accuracy {accuracy:7.2%}"


def epoch_line(row: Mapping[str, float], epochs: int) -> str:
    """One epoch in one line of at most 80 columns.

    >>> epoch_line({"epoch": 3, "cost": 0.25, "accuracy": 0.9, "seconds": 0.5}, epochs=20)
    'epoch  3/20  cost 0.2500  accuracy  90.00%  0.50 s'
    """
    width = len(str(epochs))
    text = f"epoch {int(row['epoch']):>{width}}/{epochs}  "
    text += measures(row["cost"], row.get("accuracy", math.nan)) or "no update done"
    if "validation_cost" in row and not math.isnan(row["validation_cost"]):
        score, regression = row["validation_score"], math.isnan(row.get("accuracy", math.nan))
        shown = f"R2 {score:.4f}" if regression else f"{score:.2%}"
        text += f"  validation {row['validation_cost']:.4f} {shown}"
    return f"{text}  {seconds_text(row['seconds'])}"


def seconds_text(seconds: float) -> str:
    """A duration with as many digits as anyone wants to read.

    >>> seconds_text(0.0312), seconds_text(2.51), seconds_text(75.0)
    ('31 ms', '2.51 s', '1 min 15 s')
    """
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def thinning(epochs: int, lines: int) -> int:
    """Show every how many epochs, so that there are at most about ``lines``: 1, 2, 5, 10, 20 ...

    >>> thinning(40, 50), thinning(2000, 50), thinning(1000, 50)
    (1, 50, 20)
    """
    if epochs <= lines:
        return 1
    power = int(10 ** math.floor(math.log10(epochs / lines)))
    return next(k * power for k in (1, 2, 5, 10, 20) if k * power * lines >= epochs)


class Counting:
    """Shows how many of many short trainings are done; use it as ``progress`` of `advise`.

    A bar in a terminal, a line for each new stage everywhere else; inside a ``with`` block.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console
        self._bar: Any = None
        self._task: Any = None
        self._what = ""

    def __enter__(self) -> Self:
        """Nothing is shown before something is counted."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __call__(self, done: int, total: int, what: str) -> None:
        """``done`` of ``total``, in the stage ``what``."""
        if self.console is None:
            return
        if self.console.is_terminal:
            self._move(done, total, what)
        elif what != self._what:
            self.console.print(f"race: {what} ...", highlight=False)
        self._what = what

    def _move(self, done: int, total: int, what: str) -> None:
        if self._bar is None:
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("race: {task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.percentage:>3.0f}%"),
                TimeRemainingColumn(compact=True),
                TextColumn("Ctrl-C ends it", style="dim"),
                console=self.console,
                transient=True,
                refresh_per_second=4,
            )
            self._bar.start()
            self._task = self._bar.add_task(what, total=total)
        self._bar.update(self._task, completed=done, total=total, description=what)
