"""What a notebook has run so far, statement by statement, in the order in which it ran."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from unstuck.app.notebook.names import bound, changed, needed
from unstuck.trace.cell_syntax import Translated, translate

ALIKE = 0.6  # of its text, that a cell shares with its own earlier form
ASKED = re.compile(r"^[ \t]*%doctor\b.*$", re.MULTILINE)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.For, ast.If, ast.Delete, ast.With)
# What reaches out of the program, or waits: not done a second time.
OUTSIDE = frozenset({
    "Popen", "exit", "fetch_california_housing", "fetch_openml", "input", "mkdir", "open", "os",
    "quit", "remove", "requests", "rmtree", "save", "savetxt", "savez", "shutil", "sleep",
    "socket", "subprocess", "system", "to_csv", "unlink", "urllib", "urlopen", "urlretrieve",
    "write", "writelines",
})  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement of the top level of a cell that ran.

    ``binds`` and ``changes`` are names; ``needs`` what it takes from before it.
    """

    cell: int
    node: ast.stmt
    position: int
    binds: frozenset[str]
    changes: frozenset[str]
    needs: frozenset[str]

    @property
    def defines(self) -> bool:
        """True for a function, a class, an import."""
        return isinstance(self.node, (*DEFINITIONS, *IMPORTS))

    @property
    def repeatable(self) -> bool:
        """True if it may run once more, in a copy."""
        if self.defines:
            return True
        return isinstance(self.node, SIMPLE) and not any(
            (isinstance(node, ast.Name) and node.id in OUTSIDE)
            or (isinstance(node, ast.Attribute) and node.attr in OUTSIDE)
            or isinstance(node, ast.Await | ast.While)
            for node in ast.walk(self.node)
        )

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line in the cell, decorators included."""
        node = self.node
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        return first, node.end_lineno or node.lineno


@dataclass(frozen=True, slots=True)
class Executed:
    """One cell that ran: its execution count, what was typed, what Python it was."""

    number: int
    source: str
    translated: Translated


def executed_cells(sources: Sequence[str], current: int) -> list[Executed]:
    """The cells before number ``current`` that are Python; ``sources`` are what ``In`` holds."""
    cells = []
    for number, source in enumerate(sources[:current]):
        if not source.strip() or source.lstrip().startswith(("%%doctor", "%load_ext")):
            continue
        plain = ASKED.sub("pass", source)
        translated = translate(plain)
        if parsed(translated.python) is not None:
            cells.append(Executed(number, source, translated))
    return cells


def statements(cells: Sequence[Executed], earlier: frozenset[int]) -> list[Statement]:
    """All statements of the cells, in order; of those in ``earlier`` only what they define."""
    found: list[Statement] = []
    for cell in cells:
        tree = parsed(cell.translated.python)
        for node in tree.body if tree is not None else ():
            defines = isinstance(node, (*DEFINITIONS, *IMPORTS))
            if defines or not (isinstance(node, ast.Pass) or cell.number in earlier):
                found.append(read(cell.number, node, len(found)))
    return found


def read(cell: int, node: ast.stmt, position: int) -> Statement:
    """A statement and its names."""
    binds = frozenset(bound(node))
    if isinstance(node, (*DEFINITIONS, *IMPORTS)):
        return Statement(cell, node, position, binds, frozenset(), frozenset(needed([node])))
    changes = frozenset(changed(node)) | (binds if isinstance(node, ast.AugAssign) else frozenset())
    return Statement(cell, node, position, binds, changes, frozenset(needed([node])))


def parsed(text: str) -> ast.Module | None:
    """The syntax tree; None where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_earlier_form(source: str, examined: str) -> bool:
    """True if a cell is one that is examined, as it was when it ran before."""
    first, second = (" ".join(text.split()) for text in (source, examined))
    if first == second:
        return True
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    longest = 6000  # characters, beyond which comparing takes its time
    if len(first) + len(second) > longest:
        first, second = first[:longest], second[:longest]
        matcher = SequenceMatcher(None, first, second)
    return matcher.quick_ratio() > ALIKE and matcher.ratio() > ALIKE


def body_of(source: str) -> str:
    """A cell without its magic."""
    first, _, rest = source.lstrip().partition("\n")
    return rest if first.startswith("%%") else source


def raw_sources(shell: Any) -> list[str]:
    """What was typed, by execution count."""
    return [str(text) for text in shell.history_manager.input_hist_raw]
