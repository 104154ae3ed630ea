"""A cell as a `Program`: what earlier cells made is made again before it, or copied.

The text of the program is the notebook's own: every statement of an earlier cell that the cell
stands on, at its line, below the number of its cell. The rest of those cells is left out.
"""

from __future__ import annotations

import ast
import json
import random
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from unstuck.app.notebook.history import (
    Executed,
    Statement,
    body_of,
    is_earlier_form,
    statements,
)
from unstuck.app.notebook.names import needed
from unstuck.app.notebook.own import Own
from unstuck.app.notebook.slices import Slices, slices_of
from unstuck.doctor.diagnosis import RUNNING
from unstuck.trace.cell_syntax import Line, Translated, told
from unstuck.trace.copies import Copies, copy_values
from unstuck.trace.follow_imports import follow_imports, parse
from unstuck.trace.layout import find_layout
from unstuck.trace.notebook import Cell, Notebook
from unstuck.trace.notebook_json import code_cells
from unstuck.trace.program import Program

ENTRY = RUNNING
LABEL = "In [{}]"
NUMPY_STATE, RANDOM_STATE = "<numpy.random>", "<random>"
IPYTHONS = frozenset({"In", "Out", "display", "exit", "get_ipython", "open", "quit"})
ROUNDS = 8  # of finding out what else is needed


@dataclass(frozen=True, slots=True)
class Examined:
    """The cell that is asked about: its execution count, its text, its Python."""

    number: int
    source: str
    translated: Translated


@dataclass(slots=True)
class Context:
    """Everything that a cell stands on.

    Attributes
    ----------
    values : dict of str to object
        What the notebook has under the names that are needed.
    slices : Slices
        The statements to run again.
    copies : Copies
        The values, written out.
    earlier : sequence of int
        Where the examined cell ran before, perhaps in another form.
    skipped : set of int
        Positions of statements that are not run again.
    """

    examined: Examined
    cells: Sequence[Executed]
    history: Sequence[Statement]
    own: Own
    space: Mapping[str, Any]
    earlier: Sequence[int] = ()
    skipped: set[int] = field(default_factory=set)
    values: dict[str, Any] = field(default_factory=dict)
    slices: Slices = field(default_factory=Slices)
    copies: Copies = field(default_factory=Copies)

    def gather(self) -> None:
        """Find what the cell needs, what that needs, and so on; then copy the values."""
        wanted = needed(parse_cell(self.examined).body) - IPYTHONS
        for _ in range(ROUNDS):
            before = len(wanted)
            self.slices = slices_of(wanted, self.history, skipped=frozenset(self.skipped))
            for statement in self.slices.ordered:
                if statement.defines and not self.own.imports(statement):
                    wanted |= statement.needs & self.space.keys()
            self.values = {
                name: self.space[name] for name in sorted(wanted) if self.is_copied(name)
            }
            self.copies = copy_values({**self.values, **random_states()}, self.own.name_of)
            wanted |= self.copies.own
            if len(wanted) == before:
                break

    def is_copied(self, name: str) -> bool:
        """True for a value; what is defined or imported again is not copied."""
        if name not in self.space:
            return False
        last = self.own.last.get(name)
        return last is None or not last.defines or last.position not in self.slices.kept

    # ----------------------------------------------------------------------------- program

    def program(self, folder: Path, path: Path, copied: Sequence[str], **more: Any) -> Program:
        """The program, whose names ``copied`` come from the file of values at ``path``."""
        notebook, text = self.notebook()
        directory = folder.resolve()
        entry = directory / ENTRY
        layout = find_layout(entry, parse(text), package_folder=False, start=directory)
        entry_name = layout.entry
        files = follow_imports(layout.folder, entry_name, text, layout.roots)
        namespace = {
            "path": str(path),
            "marker": f"{notebook.marker} {self.examined.number}",
            "head": [self.text_of(s, notebook) for s in self.slices.ordered],
            "copied": list(copied),
            **more,
        }
        return Program(
            files=files,
            entry=entry_name,
            folder=layout.folder,
            namespace=namespace,
            cells=tuple(cell.first for cell in notebook.cells),
            directory=layout.directory,
            notebook=notebook,
        )

    def notebook(self) -> tuple[Notebook, str]:
        """The cells that are part of the program, and its text."""
        kept: dict[int, list[Statement]] = {}
        for statement in self.slices.ordered:
            kept.setdefault(statement.cell, []).append(statement)
        parts = [
            (cell.number, cell.source, only(cell.translated, kept[cell.number]))
            for cell in self.cells
            if cell.number in kept
        ]
        examined = self.examined
        parts.append((examined.number, examined.source, examined.translated))
        raw = as_file([source for _, source, _ in parts])
        stored = code_cells(raw, ENTRY)
        marker = "# In"
        while any(marker in source for _, source, _ in parts):
            marker = f"#{marker}"
        lines: list[str] = []
        cells = []
        for (number, _, translated), each in zip(parts, stored, strict=True):
            lines.append(f"{marker} {number}")
            cells.append(Cell(number, each, translated, len(lines) + 1))
            lines += [line.python for line in translated.lines]
        left_out = told([(examined.number, *rest) for rest in examined.translated.left_out])
        left_out = left_out.replace(f"cell {examined.number}", LABEL.format(examined.number))
        return Notebook(raw, tuple(cells), marker, left_out, LABEL), "\n".join(lines) + "\n"

    def text_of(self, statement: Statement, notebook: Notebook) -> str:
        """A statement as it stands in the program's text."""
        cell = next(cell for cell in notebook.cells if cell.number == statement.cell)
        first, last = statement.lines
        return "\n".join(line.python for line in cell.lines[first - 1 : last])


def read_context(
    examined: Examined,
    cells: Sequence[Executed],
    space: Mapping[str, Any],
    names: Mapping[str, int],
) -> Context:
    """What a cell stands on; ``names`` are the execution counts of IPython's file names."""
    earlier = [
        c.number for c in cells if is_earlier_form(body_of(c.source), body_of(examined.source))
    ]
    history = statements(cells, frozenset(earlier))
    own = Own(history, space, names)
    context = Context(examined, cells, history, own, space, earlier)
    context.gather()
    return context


def parse_cell(examined: Examined) -> ast.Module:
    """The syntax tree of the cell."""
    return ast.parse(examined.translated.python)


def only(translated: Translated, kept: Sequence[Statement]) -> Translated:
    """A cell with nothing but some of its statements; comments stay, lines stay where they are."""
    lines = {n for s in kept for n in range(s.lines[0], s.lines[1] + 1)}
    tree = ast.parse(translated.python)
    covered: set[int] = set()
    for node in tree.body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        covered.update(range(first, (node.end_lineno or node.lineno) + 1))
    return replace(
        translated,
        lines=tuple(
            line if n in lines or n not in covered else Line(line.text, "")
            for n, line in enumerate(translated.lines, 1)
        ),
    )


def as_file(sources: Sequence[str]) -> str:
    """The cells as the file of a notebook."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": s}
        for s in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def random_states() -> dict[str, Any]:
    """Where the shared generators are; reading them does not move them."""
    states: dict[str, Any] = {RANDOM_STATE: random.getstate()}
    numpy = sys.modules.get("numpy")
    with suppress(Exception):
        states[NUMPY_STATE] = numpy.random.get_state(legacy=False)  # type: ignore[union-attr]
    return states


def token() -> str:
    """A word that no program prints."""
    return f"unstuck-{uuid.uuid4().hex} "
