"""A program's text with its syntax tree: find expressions, and change exactly their characters.

A mutant differs from its original only where its fault is: edits are splices of the text, never a
tree printed anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Characters ``start`` to ``end`` of the original become ``text``."""

    start: int
    end: int
    text: str


def splice(text: str, edits: Sequence[Edit]) -> str:
    """The text with all edits made; they may not overlap.

    >>> splice("a - b", [Edit(2, 3, "+"), Edit(0, 1, "x")])
    'x + b'
    """
    parts, at = [], 0
    for edit in sorted(edits):
        if edit.start < at:
            raise ValueError("two edits overlap")
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def changed_lines(
    text: str, every: Sequence[Edit], mine: Sequence[Edit] | None = None
) -> tuple[int, ...]:
    r"""The lines, counted from 1, of the edited text on which edits (``mine``) stand.

    >>> changed_lines("a\nb\nc", [Edit(0, 1, "x\ny"), Edit(4, 5, "z")], [Edit(4, 5, "z")])
    (4,)
    """
    done, found, shift = splice(text, every), set(), 0
    for edit in sorted(every):
        lead = len(edit.text) - len(edit.text.lstrip("\n "))  # an inserted line begins below
        if mine is None or edit in mine:
            place = edit.start + shift + (lead if lead < len(edit.text) else 0)
            found.add(done.count("\n", 0, place) + 1)
        shift += len(edit.text) - (edit.end - edit.start)
    return tuple(sorted(found))


class Source:
    """Text and tree of one file, with parents, spans and the text of any node."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self.starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self.parents: dict[ast.AST, ast.AST] = {
            child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }

    def offset(self, line: int, column: int) -> int:
        """Characters before a place; the tree counts columns in bytes."""
        start = self.starts[line - 1]
        row = self.text[start : self.text.find("\n", start) % (len(self.text) + 1)]
        return start + len(row.encode()[:column].decode())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """First and last offset of a node."""
        if node.end_lineno is None or node.end_col_offset is None:
            raise ValueError("a node without an end")
        return (
            self.offset(node.lineno, node.col_offset),
            self.offset(node.end_lineno, node.end_col_offset),
        )

    def code(self, node: ast.expr | ast.stmt) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node, in the order of the text."""
        found = [n for n in ast.walk(self.tree) if isinstance(n, (ast.expr, ast.stmt))]
        return sorted(found, key=lambda n: (n.lineno, n.col_offset))

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """Every statement, in the order of the text."""
        return [n for n in self.nodes if isinstance(n, ast.stmt)]

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node stands in, innermost first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that holds a node."""
        if isinstance(node, ast.stmt):
            return node
        return next(n for n in self.ancestors(node) if isinstance(n, ast.stmt))

    def function(self, node: ast.AST) -> ast.FunctionDef | None:
        """The innermost function that holds a node."""
        return next((n for n in self.ancestors(node) if isinstance(n, ast.FunctionDef)), None)

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The list of statements that a statement is in."""
        parent = self.parents[statement]
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and statement in block:
                return block
        return [statement]

    def loops(self, node: ast.AST) -> list[ast.For | ast.While]:
        """The loops around a node within its function, innermost first."""
        found = []
        for parent in self.ancestors(node):
            if isinstance(parent, (ast.FunctionDef, ast.ClassDef)):
                break
            if isinstance(parent, (ast.For, ast.While)):
                found.append(parent)
        return found

    # ------------------------------------------------------------------------------- edits

    def replace(self, node: ast.expr | ast.stmt, text: str) -> Edit:
        """Put ``text`` in the place of a node."""
        return Edit(*self.span(node), text)

    def indent(self, statement: ast.stmt) -> str:
        """The white space before a statement."""
        return self.text[self.starts[statement.lineno - 1] :][: statement.col_offset]

    def alone(self, statement: ast.stmt) -> bool:
        """Whether a statement has its lines to itself."""
        start, end = self.span(statement)
        line_start = self.starts[statement.lineno - 1]
        line_end = self.text.find("\n", end) % (len(self.text) + 1)
        rest = self.text[end:line_end].strip()
        before = self.text[line_start:start].strip()
        return not before and (not rest or rest.startswith("#"))

    def delete(self, statement: ast.stmt) -> Edit:
        """Take a statement away, with its line where it can."""
        if len(self.block(statement)) == 1 or not self.alone(statement):
            return self.replace(statement, "pass")
        _, end = self.span(statement)
        line_end = self.text.find("\n", end) % (len(self.text) + 1)
        return Edit(self.starts[statement.lineno - 1], min(line_end + 1, len(self.text)), "")

    def before(self, statement: ast.stmt, text: str) -> Edit:
        """Insert a line before a statement."""
        place = self.starts[statement.lineno - 1]
        return Edit(place, place, f"{self.indent(statement)}{text}\n")

    def after(self, statement: ast.stmt, text: str) -> Edit:
        """Insert a line after a statement."""
        _, end = self.span(statement)
        place = self.text.find("\n", end) % (len(self.text) + 1)
        return Edit(place, place, f"\n{self.indent(statement)}{text}")

    def halves(self, node: ast.BinOp) -> tuple[str, str, int, int]:
        """Left and right text of an operation, parentheses included, and where its sign stands."""
        start, end = self.span(node)
        _, left_end = self.span(node.left)
        right_start, _ = self.span(node.right)
        sign = SIGNS[type(node.op)]
        place = left_end + self.text[left_end:right_start].index(sign)
        left = self.text[start:place].rstrip()
        right = self.text[place + len(sign) : end].lstrip()
        return left, right, place, place + len(sign)

    def change_sign(self, node: ast.BinOp, sign: str) -> Edit:
        """Another operator in an operation."""
        _, _, start, end = self.halves(node)
        return Edit(start, end, sign)


SIGNS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.MatMult: "@",
    ast.Pow: "**",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}


def binary(node: ast.AST, *operators: type[ast.operator]) -> bool:
    """Whether a node is one of these operations."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, operators)


def same(a: ast.AST, b: ast.AST) -> bool:
    """Whether two expressions read the same, as target or as value."""
    return ast.unparse(a) == ast.unparse(b)


def called(node: ast.AST) -> str:
    """The last name of what is called: ``dot`` for ``np.dot(...)``; empty if it is no call."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def names(node: ast.AST) -> set[str]:
    """Names and attributes that are read or written in a node, but not called."""
    functions = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    found = set()
    for n in ast.walk(node):
        if isinstance(n, ast.Name) and id(n) not in functions:
            found.add(n.id)
        elif isinstance(n, ast.Attribute) and id(n) not in functions:
            found.add(n.attr)
        elif isinstance(n, ast.Constant) and isinstance(n.value, str):
            found.add(n.value)
    return found


def last_name(node: ast.AST) -> str:
    """What an expression is called: ``W1`` for ``self.W1``, ``p["W1"]`` and ``W1[i][j]``."""
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Attribute):
            if node.attr == "T":
                node = node.value
                continue
            return node.attr
        if isinstance(node, ast.Subscript):
            text = key_text(node.slice)
            if text:
                return text
            node = node.value
            continue
        return ""


def key_text(node: ast.AST) -> str:
    """The text that a key begins with: ``dW`` for ``"dW" + str(l)`` and ``f"dW{l}"``."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp):
        return key_text(node.left)
    if isinstance(node, ast.JoinedStr) and node.values:
        return key_text(node.values[0])
    return ""


def root_name(node: ast.AST) -> str:
    """The container of an item: ``p`` for ``self.p["W1"]``, ``weights`` for ``weights[i]``."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return last_name(node)
