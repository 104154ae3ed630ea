"""A notebook that became a program, and the way back: from its lines to cells, and into its file.

In the program every cell stands below a comment of its own, which survives whatever a repair does
to the code; that is how a changed program is taken apart into cells again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from unstuck.record.run_record import SourceSpan
from unstuck.trace.cell_syntax import LINE_END, Line, Translated
from unstuck.trace.notebook_json import CodeCell, with_sources


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell: its number as a person counts (from 1), and its lines.

    ``first`` is where it begins in the program; 0 if it never runs, since the cell before it is
    no Python.
    """

    number: int
    stored: CodeCell
    translated: Translated
    first: int = 0

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of the cell."""
        return self.translated.lines

    @property
    def text(self) -> str:
        """The cell as it was written, its lines ended as Python reads them."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Notebook:
    """The code cells of a notebook in their order, and the text of its file.

    Attributes
    ----------
    raw : str
        The file.
    cells : tuple of Cell
        Every code cell, empty ones and those that do not run included.
    marker : str
        How the comment above each cell begins; no line of a cell does so.
    left_out : str
        What of the cells does not run, in words; empty if all of it does.
    label : str
        What messages call a cell, by its number.
    """

    raw: str
    cells: tuple[Cell, ...]
    marker: str
    left_out: str = ""
    label: str = "cell {}"

    def cell_at(self, line: int) -> Cell | None:
        """The cell in which a line of the program stands."""
        before = [cell for cell in self.cells if 0 < cell.first <= line]
        return before[-1] if before else None

    def located(self, line: int) -> tuple[int, int]:
        """Number of the cell, and line in it, of a line of the program; (0, 0) outside of all."""
        cell = self.cell_at(line)
        if cell is None:
            return 0, 0
        return cell.number, min(line - cell.first + 1, len(cell.lines))

    def span(self, span: SourceSpan) -> tuple[int, SourceSpan]:
        """A place in the program as one in a cell, in the text that a person wrote there."""
        cell = self.cell_at(span.line)
        if cell is None:
            return 0, span
        last = len(cell.lines)
        line, end = (min(n - cell.first + 1, last) for n in (span.line, span.end_line))
        return cell.number, replace(
            span,
            line=line,
            column=_column(cell.lines[line - 1], span.column),
            end_line=max(line, end),
            end_column=_column(cell.lines[max(line, end) - 1], span.end_column),
        )

    def is_timed(self, line: int) -> bool:
        """True for a statement behind a magic such as ``%timeit``: its result is not wanted."""
        cell = self.cell_at(line)
        within = 0 if cell is None else line - cell.first
        if cell is None or within >= len(cell.lines):
            return False
        written = cell.lines[within]
        return written.text[: written.start].lstrip().startswith("%")

    @property
    def disorder(self) -> tuple[int, int] | None:
        """Two cells that were last run in the other order, by their execution counts."""
        counted = [(cell.number, cell.stored.count) for cell in self.cells]
        last = (0, 0)
        for number, count in counted:
            if count is None:
                continue
            if count < last[1]:
                return last[0], number
            last = (number, count)
        return None

    def texts(self, program: str) -> dict[int, str]:
        """What each cell reads once the program's text is ``program``, by number."""
        parts = _parts(program, self.marker, self.cells)
        return {
            cell.number: "\n".join(_restored(cell, parts[cell.number]))
            if cell.number in parts
            else cell.text
            for cell in self.cells
        }

    def rewritten(self, program: str) -> str:
        """The notebook's file once the program's text is ``program``: only changed cells differ."""
        texts = self.texts(program)
        changed = {
            cell.stored: _with_ends(cell, texts[cell.number])
            for cell in self.cells
            if texts[cell.number] != cell.text
        }
        return with_sources(self.raw, changed)

    def raw_lines(self) -> Mapping[tuple[int, int], int]:
        """The line of the notebook's file in which a line (from 1) of a cell stands."""
        found = {}
        for cell in self.cells:
            first = self.raw.count("\n", 0, cell.stored.start) + 1
            extent = self.raw[cell.stored.start : cell.stored.end]
            rows = [n for n, row in enumerate(extent.split("\n")) if '"' in row]
            for k in range(len(cell.lines)):
                row = rows[min(k, len(rows) - 1)] if rows else 0
                found[cell.number, k + 1] = first + row
        return found


def _column(line: Line, column: int) -> int:
    return min(column + line.shift, len(line.text))


def _parts(program: str, marker: str, cells: tuple[Cell, ...]) -> dict[int, list[str]]:
    """The lines of each cell in a text of the program."""
    found: dict[int, list[str]] = {}
    mark = re.compile(rf"{re.escape(marker)} (\d+)")
    lines = program.removesuffix("\n").split("\n")
    number = 0
    early: list[str] = []
    for line in lines:
        if (match := mark.fullmatch(line)) is not None:
            number = int(match[1])
            found[number] = []
        else:
            (found[number] if number else early).append(line)
    if early and found:  # something was put before the first cell
        first = min(found)
        found[first] = [*early[_header(cells) :], *found[first]]
    return found


def _header(cells: tuple[Cell, ...]) -> int:
    """Lines of our own before the first marker."""
    return max(0, min((cell.first for cell in cells if cell.first), default=2) - 2)


def _restored(cell: Cell, python: list[str]) -> list[str]:
    """Changed Python in the words of the cell: magics, prompts and indentation are put back."""
    old = [line.python for line in cell.lines]
    restored: list[str] = []
    matcher = SequenceMatcher(None, old, python, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            restored += [line.text for line in cell.lines[start:end]]
            continue
        for k, text in enumerate(python[new_start:new_end]):
            like = cell.lines[start + k] if start + k < end else None
            restored.append(_as_written(cell, like, text))
    return restored


def _as_written(cell: Cell, like: Line | None, python: str) -> str:
    """A changed or a new line of Python behind what the cell has before it."""
    if like is not None and like.kept and not python[: like.margin].strip():
        return like.text[: like.start] + python[like.margin :]
    shared = cell.lines[0].text[: cell.lines[0].start]
    return shared + python if shared.isspace() and python.strip() else python


def _with_ends(cell: Cell, text: str) -> str:
    """The text with the line ends that the cell has."""
    ends = LINE_END.findall(cell.stored.source)
    common = max(set(ends), key=ends.count) if ends else "\n"
    return text if common == "\n" else text.replace("\n", common)
