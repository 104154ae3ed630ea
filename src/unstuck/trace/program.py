"""A program is its files, where it starts, and what it already knows: not a path.

A script, a package and a notebook are all programs; the tracer sees nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from unstuck.record.run_record import SourceSpan
from unstuck.trace.notebook import Notebook


@dataclass(frozen=True, slots=True)
class Program:
    """Source files by their path relative to ``folder``, and the one that is run.

    Attributes
    ----------
    files : mapping of str to str
        Python source by relative POSIX path. The ones that are instrumented.
    entry : str
        The key of ``files`` that is run as ``__main__``.
    folder : pathlib.Path or None
        Where the program lies on disk: its other files (data, say) are found from here. The
        folder is never written to.
    arguments : tuple of str
        ``sys.argv[1:]``.
    namespace : mapping of str to object
        Names that exist before the program starts (a notebook's, later).
    cells : tuple of int
        First line of each cell of a notebook in the entry file; empty for a script.
    directory : str
        Where the program is started, relative to ``folder``: its relative paths count from here.
    package : str
        The package that the entry belongs to when it is run as ``python -m package.entry``,
        which is how its relative imports find their siblings; empty for a script.
    notebook : Notebook or None
        Where the entry was put together from a notebook's cells: the way back to them.
    """

    files: Mapping[str, str]
    entry: str
    folder: Path | None = None
    arguments: tuple[str, ...] = ()
    namespace: Mapping[str, Any] = field(default_factory=dict)
    cells: tuple[int, ...] = ()
    directory: str = ""
    package: str = ""
    notebook: Notebook | None = None

    @property
    def name(self) -> str:
        """What messages call the program."""
        return self.entry

    def source(self, file: str) -> str:
        """The text of one file."""
        return self.files[file]

    def text(self, span: SourceSpan) -> str:
        """The source between the two ends of a span (columns count characters from 0)."""
        lines = self.files[span.file].splitlines(keepends=True)[span.line - 1 : span.end_line]
        lines[-1] = lines[-1][: span.end_column]
        lines[0] = lines[0][span.column :]
        return "".join(lines)

    def line_name(self, file: str, line: int) -> str:
        """What messages call a line: by its number, in a notebook by cell and line."""
        if self.notebook is not None and file == self.entry:
            cell, within = self.notebook.located(line)
            if cell:
                return f"{self.notebook.label.format(cell)}, line {within}"
        return f"line {line}"

    def with_file(self, file: str, text: str) -> Program:
        """The same program with one file changed."""
        return replace(self, files={**self.files, file: text})
