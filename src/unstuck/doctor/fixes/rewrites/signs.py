"""The other sign: of an update, or of the error that output and label make."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from unstuck.doctor.fixes.patch import Edit, node_at, replacement
from unstuck.doctor.fixes.places import Source
from unstuck.record.run_record import SourceSpan
from unstuck.trace.draws import name_of_call
from unstuck.trace.program import Program

FLIPPED = {ast.Add: "-=", ast.Sub: "+="}
FUNCTIONS = {"subtract": "add", "add": "subtract"}


def flipped_updates(program: Program, spans: Sequence[SourceSpan]) -> list[Edit]:
    """``-=`` for ``+=``, ``a - b`` for ``a + b`` and the other way round, at each update."""
    edits = [edit for span in spans if (edit := flipped(program, span)) is not None]
    return edits if len(edits) == len(spans) else []


def flipped(program: Program, span: SourceSpan) -> Edit | None:
    """One update with the opposite sign."""
    node = node_at(program, span)
    write = Source(program.files[span.file]).segment
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        left, right = write(node.left), write(node.right)
        if isinstance(node.op, ast.Add):
            if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Add | ast.Sub):
                right = f"({right})"
            return replacement(program, span, f"{left} - {right}")
        return replacement(program, span, f"{left} + {right}")
    if isinstance(node, ast.Call):
        name = name_of_call(node)
        if name in FUNCTIONS:
            function = write(node.func)
            other = function[: len(function) - len(name)] + FUNCTIONS[name]
            arguments = ", ".join(write(a) for a in [*node.args, *node.keywords])
            return replacement(program, span, f"{other}({arguments})")
    statement = augmented_at(program, span)
    if statement is not None and type(statement.op) in FLIPPED:
        return operator_edit(program, span.file, statement, FLIPPED[type(statement.op)])
    return None


def sign_of(program: Program, span: SourceSpan) -> str | None:
    """``-`` where an update takes its step away, ``+`` where it adds it; None for other forms."""
    edit = flipped(program, span)
    if edit is None:
        return None
    node = node_at(program, span)
    if isinstance(node, ast.BinOp):
        return "-" if isinstance(node.op, ast.Sub) else "+"
    statement = augmented_at(program, span)
    if statement is not None:
        return "-" if isinstance(statement.op, ast.Sub) else "+"
    return "+" if "subtract" in edit.text else "-"


def augmented_at(program: Program, span: SourceSpan) -> ast.AugAssign | None:
    """The augmented assignment that begins where a span begins."""
    source = Source(program.files[span.file])
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AugAssign) and node.lineno == span.line:
            if source.extent(node)[0] == source.offset(span.line, span.column):
                return node
    return None


def operator_edit(
    program: Program, file: str, statement: ast.AugAssign, operator: str
) -> Edit | None:
    """The edit that gives an augmented assignment another operator, written out whole."""
    source = Source(program.files[file])
    start, end = source.extent(statement.target)[1], source.extent(statement.value)[0]
    between = source.text[start:end]
    at = between.find("=")
    if at < 1:
        return None
    old = len(between[:at].rstrip("*/<>@&|^%+-"))
    new = f"{between[:old]}{operator}{between[at + 1 :]}"
    target, value = source.segment(statement.target), source.segment(statement.value)
    return Edit(source.span(file, statement), f"{target}{new}{value}")


def swapped_error(program: Program, span: SourceSpan) -> Edit | None:
    """``a - b`` for ``b - a`` where output and label are subtracted."""
    node = node_at(program, span)
    source = Source(program.files[span.file])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        left, right = source.segment(node.left), source.segment(node.right)
        if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Add | ast.Sub):
            left = f"({left})"
        return replacement(program, span, f"{right} - {left}")
    if isinstance(node, ast.Call) and len(node.args) == 2:
        function = source.segment(node.func)
        first, second = (source.segment(a) for a in node.args)
        return replacement(program, span, f"{function}({second}, {first})")
    return None
