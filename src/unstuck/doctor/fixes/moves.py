"""Where an expression stands after edits were made around it, and where it stood before."""

from __future__ import annotations

from collections.abc import Sequence

from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
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
