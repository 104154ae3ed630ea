"""The place in the source: its lines, with the exact expression marked in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unstuck.doctor.diagnosis import source_name
from unstuck.record.run_record import SourceSpan
from unstuck.show.diagnosis.characters import CUT, cells, harmless, head, source_lines, tail

MOST_LINES, FIRST, LAST = 6, 3, 2  # of a longer expression the first and last lines are shown
LEAST_CONTEXT = 16  # columns beside a marked expression that fills the line


@dataclass(frozen=True, slots=True)
class Quoted:
    """One line of source, harmless and cut to the width: what is marked, what stands around it.

    ``number`` is None for the gap in a long expression.
    """

    number: int | None
    before: str
    marked: str
    after: str

    @property
    def under(self) -> str:
        """The carets that mark it in plain text."""
        return " " * cells(self.before) + "^" * max(1, cells(self.marked))


def quote(
    sources: Mapping[str, str], span: SourceSpan | None, width: int, cell: int | None = None
) -> list[Quoted]:
    """The lines of a span, at most ``width`` columns each; none where the source is not known."""
    if span is None:
        return []
    source = sources.get(source_name(span.file, cell))
    if source is None:
        return []
    lines = source_lines(source)
    if not 1 <= span.line <= len(lines):
        return []
    last = min(max(span.end_line, span.line), len(lines))
    numbers: list[int | None] = list(range(span.line, last + 1))
    if len(numbers) > MOST_LINES:
        numbers = [*numbers[:FIRST], None, *numbers[-LAST:]]
    return [
        Quoted(None, "", CUT, "") if n is None else _quoted(n, lines[n - 1], span, width)
        for n in numbers
    ]


def _quoted(number: int, line: str, span: SourceSpan, width: int) -> Quoted:
    indent = len(line) - len(line.lstrip())
    start = span.column if number == span.line else indent
    end = span.end_column if number == span.end_line else len(line.rstrip())
    start = min(max(start, 0), len(line))
    end = min(max(end, start), len(line))
    return _cut(
        number,
        harmless(line[:start]),
        harmless(line[start:end]),
        harmless(line[end:].rstrip()),
        width,
    )


def _cut(number: int, before: str, marked: str, after: str, width: int) -> Quoted:
    """Take away what does not fit, as far from the marked expression as possible."""
    if cells(before) + cells(marked) + cells(after) <= width:
        return Quoted(number, before, marked, after)
    most = max(width - LEAST_CONTEXT, LEAST_CONTEXT)
    if cells(marked) > most:
        marked = head(marked, most - len(CUT)) + CUT
        after = ""
    room = width - cells(marked)
    behind = min(cells(after), max(room // 2, room - cells(before)))
    ahead = room - behind
    if cells(before) > ahead:
        before = CUT + tail(before, ahead - len(CUT))
    if cells(after) > behind:
        after = head(after, behind - len(CUT)) + CUT if behind >= len(CUT) else ""
    return Quoted(number, before, marked, after)
