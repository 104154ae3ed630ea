"""Edits are texts for exact spans: everything else of a program stays as its author wrote it."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from unstuck.base.errors import InvalidInputError
from unstuck.doctor.fixes.places import Source, children, expression, parse, wrapped
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program


@dataclass(frozen=True, slots=True)
class Edit:
    """``text`` in the place of ``span``; an empty span is an insertion."""

    span: SourceSpan
    text: str


def apply(program: Program, edits: Iterable[Edit]) -> Program:
    """The program with every edit made.

    Two equal edits count once; insertions at one place are made in the order given.

    Raises
    ------
    InvalidInputError
        Two edits overlap, a span lies outside its file, or the result is not Python.
    """
    changed = program
    edits = list(dict.fromkeys(edits))
    for file in dict.fromkeys(edit.span.file for edit in edits):
        if file not in program.files:
            raise InvalidInputError(f"cannot change {file}: the program has no such file")
        source = Source(program.files[file])
        text = _spliced(source, [edit for edit in edits if edit.span.file == file])
        try:
            parse(text)
        except (SyntaxError, ValueError) as error:
            raise InvalidInputError(f"the change of {file} is not valid Python: {error}") from None
        changed = changed.with_file(file, text)
    return changed


def _spliced(source: Source, edits: list[Edit]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, edit in sorted(
        ((*_offsets(source, edit.span), edit) for edit in edits), key=lambda found: found[:2]
    ):
        if start < done:
            raise InvalidInputError(
                f"two changes overlap at {edit.span.file}:{edit.span.line}; apply one at a time"
            )
        pieces += [source.text[done:start], edit.text]
        done = end
    return "".join([*pieces, source.text[done:]])


def _offsets(source: Source, span: SourceSpan) -> tuple[int, int]:
    last = len(source.lines) + 1
    if not (1 <= span.line <= span.end_line <= last):
        raise InvalidInputError(f"{span.file} has no line {span.end_line} to change")
    start = source.offset(span.line, span.column)
    end = source.offset(span.end_line, span.end_column)
    if not 0 <= start <= end <= len(source.text):
        raise InvalidInputError(f"a change ends outside {span.file}: {span}")
    return start, end


def unified_diff(before: Program, after: Program) -> str:
    """What changed, as ``diff -u`` prints it; empty where nothing did."""
    parts: list[str] = []
    for file in sorted({*before.files, *after.files}):
        old, new = before.files.get(file), after.files.get(file)
        if old == new:
            continue
        lines = difflib.unified_diff(
            _diff_lines(old or ""),
            _diff_lines(new or ""),
            "/dev/null" if old is None else f"a/{file}",
            "/dev/null" if new is None else f"b/{file}",
        )
        parts.extend(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in lines
        )
    return "".join(parts)


def _diff_lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def node_at(program: Program, span: SourceSpan) -> ast.expr | None:
    """The outermost expression that fills a span exactly."""
    found = _find(program, span)
    return found[0] if found else None


OPERATIONS = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Attribute, ast.Subscript)  # around a group


def replacement(program: Program, span: SourceSpan, text: str) -> Edit:
    """The edit that puts an expression in the place of another, in parentheses where needed."""
    found = _find(program, span)
    if found is None:
        return Edit(span, text)
    _, parent, field = found
    source = Source(program.files[span.file])
    first, last = _offsets(source, span)
    before, behind = source.text[:first].rstrip(" \t"), source.text[last:].lstrip(" \t")
    if isinstance(parent, OPERATIONS) and before.endswith("(") and behind.startswith(")"):
        return Edit(span, text)  # it stands in parentheses already
    return Edit(span, wrapped(text, expression(text), parent, field))


def _find(program: Program, span: SourceSpan) -> tuple[ast.expr, ast.AST, str] | None:
    source = Source(program.files[span.file])
    wanted = _offsets(source, span)
    level: list[ast.AST] = [source.tree]
    while level:
        below: list[ast.AST] = []
        for parent in level:
            for field, _, node in children(parent):
                if not hasattr(node, "lineno"):
                    below.append(node)
                    continue
                start, end = source.extent(node)
                if isinstance(node, ast.expr) and (start, end) == wanted:
                    return node, parent, field
                if _reach(source, node, start) <= wanted[0] and wanted[1] <= end:
                    below.append(node)
        level = below
    return None


def _reach(source: Source, node: ast.AST, start: int) -> int:
    """Where a node begins, its decorators included."""
    decorators = getattr(node, "decorator_list", [])
    return min([start, *(source.extent(each)[0] for each in decorators)])
