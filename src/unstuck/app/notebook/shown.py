"""What stands under the cell: the diagnosis, that nothing was changed, and the repaired cells."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from html import escape
from pathlib import PurePath
from types import TracebackType
from typing import Any, Self

from unstuck.app.notebook.context import ENTRY
from unstuck.doctor.diagnosis import Diagnosis, source_name

MAGIC = re.compile(r"[ \t]*%{1,2}doctor\b[^\n]*\n?")
NOT_RUN = (
    "The cell was examined, not run: nothing in your notebook has changed. "
    "To run it, take %%doctor away."
)
FAINT = "opacity:.75;font-size:90%"
CODE = (
    "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:90%;line-height:1.4;"
    "margin:.4em 0;padding:.4em .7em;overflow-x:auto;background:rgba(128,128,128,.1)"
)
PAUSE = 0.2  # seconds between two messages of what is being tried


class Shown:
    """A diagnosis under its cell; in a terminal the same as text.

    Parameters
    ----------
    diagnosis : Diagnosis
    repaired : mapping of int to str
        The repaired cells by their execution count.
    examined : int
        The number of the cell that was examined.
    notes : sequence of str
        What is to be said besides.
    """

    def __init__(
        self,
        diagnosis: Diagnosis,
        repaired: Mapping[int, str],
        examined: int,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.diagnosis = diagnosis
        self.repaired = dict(repaired)
        self.examined = examined
        self.notes = notes

    def __repr__(self) -> str:
        lines = [str(self.diagnosis), "", *self.notes, NOT_RUN]
        for number, text in self.repaired.items():
            lines += ["", f"{self.heading(number)}:", "", text]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        said = "<br>".join(escape(line) for line in (*self.notes, NOT_RUN))
        parts = [self.diagnosis._repr_html_(), f'<div style="{FAINT};margin:.6em 0">{said}</div>']
        for number, text in self.repaired.items():
            parts.append(
                f"<details><summary><b>{escape(self.heading(number))}</b></summary>"
                f'<pre style="{CODE}">{escape(text)}</pre></details>'
            )
        return "".join(parts)

    def heading(self, number: int) -> str:
        """What a repaired cell is called."""
        if number == self.examined:
            return "This cell, repaired, to copy"
        return f"In [{number}], repaired, to copy (run it before this cell)"


def repaired_cells(diagnosis: Diagnosis, numbers: list[int]) -> dict[int, str]:
    """The cells that the repair changes, whole, by their numbers; without the doctor's line."""
    repair = diagnosis.repair
    if repair is None:
        return {}
    entry = next((file for file in repair.files if PurePath(file).name == ENTRY), None)
    if entry is None:
        return {}
    cells = json.loads(repair.files[entry])["cells"]
    found = {}
    for number, cell in zip(numbers, cells, strict=True):
        source = "".join(cell["source"])
        if source != diagnosis.sources.get(source_name(entry, number)):
            found[number] = MAGIC.sub("", source, count=1) if "%doctor" in source else source
    return found


class Progress:
    """One display under the cell: what is being tried, and at the end the diagnosis."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self.began = self.last = 0.0
        self.handle: Any = None

    def __enter__(self) -> Self:
        from IPython.display import display

        self.began = time.monotonic()
        self.handle = display(Line("reading the cell"), display_id=True)  # type: ignore[no-untyped-call]
        return self

    def __call__(self, text: str) -> None:
        """What is being tried now."""
        now = time.monotonic()
        if now - self.last < PAUSE:
            return
        self.last = now
        passed = f"{now - self.began:.0f} s of {self.budget:g} s"
        self.handle.update(Line(f"{text} ... ({passed})"))

    def show(self, shown: Any) -> None:
        """The answer, in the place of what was being tried."""
        self.handle.update(shown)
        self.handle = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.handle is not None:
            with suppress(Exception):
                self.handle.update(Line(""))


class Line:
    """A line of text, faint where there is HTML."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<span style="{FAINT}">{escape(self.text)}</span>' if self.text else "<span></span>"


Say = Callable[[str], None]
