"""Wrong updates: reversed, lost, overwritten, never made - and what to write instead."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from unstuck.doctor.fixes.patch import Edit, node_at, replacement
from unstuck.doctor.fixes.places import Source
from unstuck.record.run_record import SourceSpan
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
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        left, right = ast.unparse(node.left), ast.unparse(node.right)
        if isinstance(node.op, ast.Add):
            if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Add | ast.Sub):
                right = f"({right})"
            return replacement(program, span, f"{left} - {right}")
        return replacement(program, span, f"{left} + {right}")
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in FUNCTIONS:
            function = ast.unparse(node.func)
            other = function[: len(function) - len(name)] + FUNCTIONS[name]
            arguments = ", ".join(ast.unparse(a) for a in [*node.args, *node.keywords])
            return replacement(program, span, f"{other}({arguments})")
    statement = augmented_at(program, span)
    if statement is not None and type(statement.op) in FLIPPED:
        return operator_edit(program, span.file, statement, FLIPPED[type(statement.op)])
    return None


def augmented_at(program: Program, span: SourceSpan) -> ast.AugAssign | None:
    """The augmented assignment that begins where a span begins."""
    source = Source(program.files[span.file])
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AugAssign) and node.lineno == span.line:
            start = source.offset(span.line, span.column)
            if source.offset(*source.position(node)[:2]) == start:
                return node
    return None


def assignment_at(program: Program, file: str, line: int) -> ast.stmt | None:
    """The innermost statement that covers a line."""
    best: ast.stmt | None = None
    for node in ast.walk(Source(program.files[file]).tree):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            if best is None or node.lineno >= best.lineno:
                best = node
    return best


def operator_edit(program: Program, file: str, statement: ast.AugAssign, operator: str) -> Edit | None:
    """The edit that gives an augmented assignment another operator."""
    source = Source(program.files[file])
    target, value = source.position(statement.target), source.position(statement.value)
    start, end = source.offset(target[2], target[3]), source.offset(value[0], value[1])
    between = source.text[start:end]
    at = between.find("=")
    if at < 1:
        return None
    begin = at - 1
    while begin > 0 and between[begin - 1] in "*/<>@&|^%+-":
        begin -= 1
    from unstuck.doctor.fixes.moves import span_at

    return Edit(span_at(source, file, start + begin, start + at + 1), operator)


def added_instead(program: Program, span: SourceSpan) -> list[Edit]:
    """``w += step`` and ``w -= step`` for an update ``w = step`` that loses the old value."""
    statement = assignment_at(program, span.file, span.line)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return []
    source = Source(program.files[span.file])
    target = source.position(statement.targets[0])
    value = source.position(statement.value)
    start, end = source.offset(target[2], target[3]), source.offset(value[0], value[1])
    from unstuck.doctor.fixes.moves import span_at

    place = span_at(source, span.file, start, end)
    return [Edit(place, " += "), Edit(place, " -= ")]
