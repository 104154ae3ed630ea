"""Where an expression stands in its source, and when it needs parentheses there.

`ast` counts columns in bytes of UTF-8; spans count characters. Everything that goes from one to
the other, or from a tree to the text, is here.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from unstuck.record.run_record import SourceSpan

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")

TUPLE, NAMED, LAMBDA, CONDITION, COMPARE, SUM, PRODUCT, UNARY, POWER, ATOM = (
    -1, 0, 1, 2, 6, 11, 12, 13, 14, 16,
)  # fmt: skip
_BINARY: dict[type[ast.operator], int] = {
    ast.BitOr: 7,
    ast.BitXor: 8,
    ast.BitAnd: 9,
    ast.LShift: 10,
    ast.RShift: 10,
    ast.Add: SUM,
    ast.Sub: SUM,
    ast.Mult: PRODUCT,
    ast.Div: PRODUCT,
    ast.Mod: PRODUCT,
    ast.FloorDiv: PRODUCT,
    ast.MatMult: PRODUCT,
    ast.Pow: POWER,
}


def parse(text: str) -> ast.Module:
    """The tree of a file; what Python would warn about (odd escapes) is not our concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


@lru_cache(maxsize=4096)
def expression(text: str) -> ast.expr:
    """The tree of one expression, shared by all who ask for the same text: do not change it.

    Positions are those in ``text``; an expression over several lines is allowed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text, mode="eval").body
        except SyntaxError:
            if "\n" not in text:
                raise
            tree = ast.parse(f"(\n{text}\n)", mode="eval").body
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.keyword | ast.arg):
            node.lineno -= 1
            node.end_lineno = (node.end_lineno or node.lineno) - 1
    return tree


def key(text: str) -> str:
    """One spelling for all spellings of a place: ``cache["Z1"]`` and ``cache['Z1']`` are one."""
    return text if text.isidentifier() else _unparsed(text)


@lru_cache(maxsize=4096)
def _unparsed(text: str) -> str:
    try:
        return ast.unparse(expression(text))
    except (SyntaxError, ValueError):
        return text


@dataclass(frozen=True)
class Source:
    """One file's text with the way from lines and columns to offsets and back."""

    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines as Python counts them, with their ends."""
        return _LINE.findall(self.text)

    @cached_property
    def starts(self) -> list[int]:
        """The offset of each line, and of the end."""
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line))
        return starts

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return parse(self.text)

    def offset(self, line: int, column: int) -> int:
        """The offset of a place that counts characters."""
        return self.starts[min(line, len(self.starts)) - 1] + column

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = 1
        for number, start in enumerate(self.starts[:-1], 1):
            if start > offset:
                break
            line = number
        return line, offset - self.starts[line - 1]

    def characters(self, line: int, column: int) -> int:
        """A column in characters, from one in bytes."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return column if text.isascii() else len(text.encode()[:column].decode(errors="replace"))

    def extent(self, node: ast.AST) -> tuple[int, int]:
        """Offsets of the first character of a node and of the one behind its last."""
        line, column, end, last = _position(node)
        return (
            self.offset(line, self.characters(line, column)),
            self.offset(end, self.characters(end, last)),
        )

    def segment(self, node: ast.AST) -> str:
        """The text of a node."""
        start, end = self.extent(node)
        return self.text[start:end]

    def span(self, file: str, node: ast.AST) -> SourceSpan:
        """Where a node stands."""
        line, column, end, last = _position(node)
        return SourceSpan(
            file, line, self.characters(line, column), end, self.characters(end, last)
        )

    def between(self, file: str, start: int, end: int) -> SourceSpan:
        """The span from one offset to another."""
        return SourceSpan(file, *self.place(start), *self.place(end))


def _position(node: ast.AST) -> tuple[int, int, int, int]:
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    end, last = getattr(node, "end_lineno", line), getattr(node, "end_col_offset", column)
    return line, column, end or line, last or 0


def children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    """The nodes right below one, with field and place in the field's list."""
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield name, None, value
        elif isinstance(value, list):
            for number, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield name, number, item


def precedence(node: ast.expr) -> int:
    """How tightly an expression binds."""
    match node:
        case ast.Tuple():
            return TUPLE
        case ast.NamedExpr() | ast.Yield() | ast.YieldFrom():
            return NAMED
        case ast.Lambda() | ast.Starred():
            return LAMBDA
        case ast.IfExp():
            return CONDITION
        case ast.BoolOp(op=ast.Or()):
            return 3
        case ast.BoolOp():
            return 4
        case ast.UnaryOp(op=ast.Not()):
            return 5
        case ast.Compare():
            return COMPARE
        case ast.BinOp(op=op):
            return _BINARY[type(op)]
        case ast.UnaryOp():
            return UNARY
        case ast.Constant(value=int() | float() | complex() as value) if value < 0:  # type: ignore[operator]
            return UNARY
        case ast.Await():
            return 15
    return ATOM


def required(parent: ast.AST, field: str) -> int:
    """How tightly an expression must bind to stand in a field of ``parent`` without parentheses."""
    match parent:
        case ast.BinOp(op=ast.Pow()):
            return POWER + 1 if field == "left" else UNARY
        case ast.BinOp(op=op):
            return _BINARY[type(op)] + (field == "right")
        case ast.UnaryOp(op=op):
            return 5 if isinstance(op, ast.Not) else UNARY
        case ast.Compare():
            return COMPARE + 1
        case ast.BoolOp(op=op):
            return 4 if isinstance(op, ast.Or) else 5
        case ast.Attribute() | ast.Call() | ast.Subscript() if field in {"value", "func"}:
            return ATOM
        case ast.IfExp():
            return CONDITION if field == "orelse" else 3
        case ast.Starred():
            return 7
        case ast.Subscript() | ast.Assign() | ast.AugAssign() | ast.Return() | ast.Expr():
            return TUPLE
    return LAMBDA


def wrapped(text: str, node: ast.expr, parent: ast.AST | None, field: str = "") -> str:
    """``text``, which reads as ``node``, in parentheses where a field of ``parent`` needs them."""
    if parent is None or precedence(node) >= required(parent, field):
        number = isinstance(node, ast.Constant) and isinstance(node.value, int)
        if not (number and isinstance(parent, ast.Attribute)):
            return text
    return text if enclosed(text) else f"({text})"


def bracketed(text: str, least: int) -> str:
    """``text`` in parentheses unless it binds at least as tightly as ``least``."""
    if precedence(expression(text)) >= least or enclosed(text):
        return text
    return f"({text})"


@lru_cache(maxsize=4096)
def enclosed(text: str) -> bool:
    """True of an expression that stands in parentheses already."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    try:
        inner = ast.parse(text[1:-1].strip(), mode="eval").body
        return ast.dump(expression(text)) == ast.dump(inner)
    except SyntaxError:
        return False


def numpy_in(text: str) -> str:
    """What a file calls NumPy.

    >>> numpy_in("import numpy as np"), numpy_in("import numpy")
    ('np', 'numpy')
    """
    return "np" if "import numpy as np" in text else "numpy"
