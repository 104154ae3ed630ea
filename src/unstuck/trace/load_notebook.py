"""From a notebook to a `Program`: its code cells in order, as one file that runs from the top.

That is what "restart and run all" does, so names of cells that were deleted do not exist, and
what was run twice runs once.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from unstuck.base.errors import InvalidInputError
from unstuck.trace.cell_syntax import Line, Translated, leave_out, told, translate
from unstuck.trace.follow_imports import follow_imports, parse
from unstuck.trace.layout import find_layout
from unstuck.trace.notebook import Cell, Notebook
from unstuck.trace.notebook_json import code_cells
from unstuck.trace.program import Program
from unstuck.trace.sources import read_at_most

MOST_BYTES = 200_000_000  # pictures are kept in the file
SKIPPED = {"skip-execution", "raises-exception"}  # tags of cells that are no part of the program
FUTURE = re.compile(r"from\s+__future__\s+import\s+[\w, ]+")


def load_notebook(path: Path, arguments: Iterable[str] = ()) -> Program:
    r"""Read a notebook and every module beside it that it imports; nothing of it is run.

    Raises
    ------
    InvalidInputError
        When the file cannot be read, is damaged, holds no code, is in another language than
        Python, or awaits outside of functions. A syntax error is no reason: running says where.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.ipynb"
    >>> cells = [{"cell_type": "code", "source": ["%pip install numpy\n", "x = 1"]}]
    >>> _ = path.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    >>> program = load_notebook(path)
    >>> program.cells, program.notebook.located(3)
    ((2,), (1, 2))
    """
    raw = _read(path)
    notebook, text = assembled(raw, str(path))
    layout = find_layout(path, parse(text), package_folder=False, start=path.parent)
    files = follow_imports(layout.folder, layout.entry, text, layout.roots)
    return Program(
        files=files,
        entry=layout.entry,
        folder=layout.folder,
        arguments=tuple(str(argument) for argument in arguments),
        cells=tuple(cell.first for cell in notebook.cells if cell.first),
        directory=layout.directory,
        notebook=notebook,
    )


def assembled(raw: str, name: str) -> tuple[Notebook, str]:
    """The notebook in a file's text, and the Python that its cells are together."""
    stored = code_cells(raw, name)
    cells = []
    left_out = []
    for number, each in enumerate(stored, 1):
        tag = next((tag for tag in each.tags if tag in SKIPPED), None)
        translated = translate(each.source) if tag is None else leave_out(each.source)
        if tag == "raises-exception":
            left_out.append((number, 1, f"the cell is tagged {tag}"))
        left_out += [(number, line, text) for line, text in translated.left_out]
        cells.append(Cell(number, each, translated))
    if not any(_has_code(cell.translated) for cell in cells):
        raise InvalidInputError(f"{name} has no Python code in its cells: there is nothing to run.")
    return _joined(raw, cells, told(left_out), name)


def _joined(raw: str, cells: list[Cell], left_out: str, name: str) -> tuple[Notebook, str]:
    """One cell after the other, each below its marker, up to one that is no Python."""
    marker = "# cell"
    while any(marker in cell.text for cell in cells):
        marker = f"#{marker}"
    cells, futures = _without_futures(cells)
    lines = [*futures]
    placed = list(cells)
    for k, cell in enumerate(cells):
        lines.append(f"{marker} {cell.number}")
        placed[k] = replace(cell, first=len(lines) + 1)
        lines += [line.python for line in cell.lines]
        if not _is_python(cell, name):  # the cells behind it never run
            break
    return Notebook(raw, tuple(placed), marker, left_out), "\n".join(lines) + "\n"


def _has_code(translated: Translated) -> bool:
    """True if anything but remarks, and lines that were taken out, is in a cell."""
    texts = (line.python.strip() for line in translated.lines)
    return any(text and not text.startswith(("#", "pass  # ")) for text in texts)


def _is_python(cell: Cell, name: str) -> bool:
    """True if a cell can be compiled by itself, as a notebook does it."""
    text = cell.translated.python
    try:
        _compile(text, 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    else:
        return True
    try:
        _compile(text, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    raise InvalidInputError(
        f"cell {cell.number} of {name} awaits outside of every function, which only a running "
        "notebook can do. Move it into an `async def`, or leave the cell out, and ask again."
    )


def _compile(text: str, flags: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(text, "<cell>", "exec", flags, dont_inherit=True)


def _without_futures(cells: Sequence[Cell]) -> tuple[list[Cell], list[str]]:
    """``from __future__ import ...`` of any cell holds for the cells behind it: put on top."""
    futures: list[str] = []
    changed = []
    for cell in cells:
        lines = list(cell.lines)
        for n, line in enumerate(lines):
            if FUTURE.fullmatch(line.python.rstrip()) and cell.number > 1:
                futures.append(line.python.rstrip())
                lines[n] = Line(line.text, f"pass  # {line.text}")
        translated = replace(cell.translated, lines=tuple(lines))
        changed.append(replace(cell, translated=translated))
    return changed, list(dict.fromkeys(futures))


def _read(path: Path) -> str:
    raw = read_at_most(path, MOST_BYTES, ". Clear its outputs, and ask again.")
    if not raw.strip():
        raise InvalidInputError(f"{path} is empty: there is nothing to run.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"{path} is no notebook: it is not valid UTF-8 (byte {error.start:,})."
        ) from error
