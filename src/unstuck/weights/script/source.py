"""The expression that makes a parameter, as a tree and as text; replacements put in its place."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable

from unstuck.base.errors import InvalidInputError
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program


def node_at(program: Program, span: SourceSpan) -> ast.expr | None:
    """The outermost expression that fills a span (columns count characters, `ast` counts bytes)."""
    text = program.files[span.file]
    lines = text.split("\n")
    wanted = (
        span.line, len(lines[span.line - 1][: span.column].encode()),
        span.end_line, len(lines[span.end_line - 1][: span.end_column].encode()),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd escapes are not our concern
        tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            here = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
            if here == wanted:
                return node
    return None


def spliced(program: Program, changes: Iterable[tuple[SourceSpan, str]]) -> Program:
    """The program with expressions replaced, each in parentheses where it is no call.

    Raises
    ------
    InvalidInputError
        The result is not Python.
    """
    by_file: dict[str, list[tuple[int, int, str]]] = {}
    for span, text in dict(changes).items():
        source = program.files[span.file]
        start, end = (
            _offset(source, span.line, span.column),
            _offset(source, span.end_line, span.end_column),
        )
        by_file.setdefault(span.file, []).append((start, end, text))
    for file, edits in by_file.items():
        source = program.files[file]
        for start, end, text in sorted(edits, reverse=True):
            source = source[:start] + text + source[end:]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(source)
        except SyntaxError as error:
            raise InvalidInputError(f"the change of {file} is not valid Python: {error}") from None
        program = program.with_file(file, source)
    return program


def _offset(text: str, line: int, column: int) -> int:
    return sum(len(row) + 1 for row in text.split("\n")[: line - 1]) + column


def numpy_in(text: str) -> str:
    """What a file calls NumPy.

    >>> numpy_in("import numpy as np"), numpy_in("import numpy")
    ('np', 'numpy')
    """
    return "np" if "import numpy as np" in text else "numpy"
