"""Where an expression stands after edits were made around it, and where it stood before."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source, enclosed, expression
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.progress import Eye
from unstuck.trace.request import Key


def moved_span(
    span: SourceSpan, edits: Sequence[Edit], before: Program, after: Program
) -> SourceSpan:
    """The span that an expression of ``before`` has in ``after``.

    An edit inside the expression stretches it; one that ends where it begins pushes it on. In one
    that replaces what is around it, it is where its text comes again.
    """
    old, new = Source(before.files[span.file]), Source(after.files[span.file])
    start = old.offset(span.line, span.column)
    end = old.offset(span.end_line, span.end_column)
    new_start, new_end = start, end
    text = old.text[start:end]
    for edit in edits:
        if edit.span.file != span.file:
            continue
        first = old.offset(edit.span.line, edit.span.column)
        last = old.offset(edit.span.end_line, edit.span.end_column)
        grown = len(edit.text) - (last - first)
        if (first, last) == (start, end) and start < end and enclosed(edit.text):
            inner = edit.text[1:-1]  # an expression begins behind its parentheses
            new_start += 1 + len(inner) - len(inner.lstrip())
            new_end = new_start + len(inner.strip())
            continue
        if first <= start < end <= last and (first, last) != (start, end) and text in edit.text:
            new_start += edit.text.index(text) - (start - first)
            new_end = new_start + len(text)
            continue
        if last <= start and not (first == last == start and start == end):
            new_start += grown
            new_end += grown
        elif first < end or (first == start and last == end):
            new_end += grown
    return span_at(new, span.file, new_start, new_end)


def span_at(source: Source, file: str, start: int, end: int) -> SourceSpan:
    """The span between two offsets of a text."""
    return SourceSpan(file, *source.place(start), *source.place(end))


def moved_key(key: Key, edits: Sequence[Edit], before: Program, after: Program) -> Key:
    """The same for the key of a watched expression."""
    file, line, column, end_line, end_column, kind = key
    span = moved_span(SourceSpan(file, line, column, end_line, end_column), edits, before, after)
    return (file, span.line, span.column, span.end_line, span.end_column, kind)


def moved_eye(eye: Eye, edits: Sequence[Edit], before: Program, after: Program) -> Eye:
    """What to watch in the changed program; an edit may exchange output and label."""
    moved = replace(eye, key=moved_key(eye.key, edits, before, after))
    for edit in edits:
        at = edit.span
        place = (at.file, at.line, at.column, at.end_line, at.end_column)
        if place == eye.key[:5] and exchanged(before.text(at), edit.text):
            return replace(moved, output=eye.label, label=eye.output)
    return moved


def exchanged(old: str, new: str) -> bool:
    """True if two expressions are one with its two operands the other way round.

    >>> exchanged("y - p", "(p - y)"), exchanged("np.subtract(y, p)", "np.subtract(p, y)")
    (True, True)
    >>> exchanged("y - p", "y - q")
    False
    """
    try:
        pairs = [_operands(expression(text.strip())) for text in (old, new)]
    except SyntaxError:
        return False
    return bool(pairs[0]) and pairs[0] == pairs[1][::-1]


def _operands(node: ast.expr) -> list[str]:
    if isinstance(node, ast.BinOp):
        return [ast.dump(node.left), ast.dump(node.right)]
    if isinstance(node, ast.Call) and len(node.args) == 2:
        return [ast.dump(argument) for argument in node.args]
    return []
