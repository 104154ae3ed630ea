"""The source of a program as it stands on the page: marked, with notes at its lines, folded.

Lines far from every finding are folded away; they are in the page all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from unstuck.doctor.diagnosis import Diagnosis, Finding, source_name
from unstuck.show.diagnosis.characters import CUT, harmless, source_lines
from unstuck.show.diagnosis.words import ORDER

NEAR = 5  # lines around a finding that are seen
WORTH_A_FOLD = 10  # lines; fewer are shown
LONGEST = 2000  # characters of one line


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line; ``kind`` is the severity of the finding that it belongs to, or empty."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line: its number, its pieces, and the numbers of the findings that are told below it."""

    number: int
    pieces: tuple[Piece, ...]
    kind: str = ""
    findings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines one after the other; ``folded`` where none of them matters."""

    lines: tuple[SourceLine, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """One file (or one cell of a notebook) with its findings."""

    key: str
    name: str
    stretches: tuple[Stretch, ...]
    count: int


def listings(diagnosis: Diagnosis, findings: Sequence[Finding]) -> tuple[list[Listing], list[int]]:
    """Every file that has findings, and the numbers of the findings that stand in none.

    ``findings`` are numbered from 0 in their order here.
    """
    where: dict[str, list[int]] = {}
    nowhere = []
    for n, finding in enumerate(findings):
        name = home_of(finding, diagnosis)
        if name is None:
            nowhere.append(n)
        else:
            where.setdefault(name, []).append(n)
    found = []
    for k, name in enumerate([n for n in diagnosis.sources if n in where]):
        lines = lines_of(diagnosis.sources[name], {n: findings[n] for n in where[name]})
        found.append(Listing(f"file-{k + 1}", harmless(name), folded(lines), len(lines)))
    return found, nowhere


def home_of(finding: Finding, diagnosis: Diagnosis) -> str | None:
    """The name of the source in which a finding's line is; None where there is no such line."""
    span = finding.span
    if span is None:
        return None
    name = source_name(span.file, finding.cell)
    known = diagnosis.sources.get(name)
    return name if known is not None and 1 <= span.line <= len(source_lines(known)) else None


def lines_of(source: str, findings: dict[int, Finding]) -> list[SourceLine]:
    """All lines, marked; what a finding says stands below its last line."""
    texts = source_lines(source)
    if len(texts) > 1 and not texts[-1]:
        texts.pop()
    below: dict[int, list[int]] = {}
    marks: dict[int, list[tuple[int, int, str]]] = {}
    for n, finding in findings.items():
        span = finding.span
        if span is None:  # pragma: no cover - `home_of` has looked
            continue
        last = min(max(span.end_line, span.line), len(texts))
        below.setdefault(last, []).append(n)
        for number in range(span.line, last + 1):
            line = texts[number - 1]
            start = span.column if number == span.line else len(line) - len(line.lstrip())
            end = span.end_column if number == span.end_line else len(line.rstrip())
            if end > start:
                marks.setdefault(number, []).append((start, end, finding.severity))
    return [
        SourceLine(
            number,
            pieces_of(line, marks.get(number, [])),
            worst([findings[n].severity for n in below.get(number, [])]),
            tuple(below.get(number, ())),
        )
        for number, line in enumerate(texts, 1)
    ]


def pieces_of(line: str, marks: Sequence[tuple[int, int, str]]) -> tuple[Piece, ...]:
    """A line cut where a mark begins or ends; where marks overlap the worst one is seen.

    >>> [(p.text, p.kind) for p in pieces_of("w -= dw", [(5, 7, "cause")])]
    [('w -= ', ''), ('dw', 'cause')]
    """
    cut = CUT if len(line) > LONGEST else ""
    line = line[:LONGEST]
    bounds = sorted({0, len(line), *(min(max(b, 0), len(line)) for m in marks for b in m[:2])})
    found = []
    for start, end in pairwise(bounds):
        kinds = [kind for first, last, kind in marks if first <= start and end <= last]
        found.append(Piece(harmless(line[start:end]), worst(kinds)))
    return (*found, Piece(cut)) if cut else tuple(found)


def worst(kinds: Sequence[str]) -> str:
    """The gravest of some severities; empty for none."""
    return min(kinds, key=lambda kind: ORDER.get(kind, len(ORDER)), default="")


def folded(lines: Sequence[SourceLine]) -> tuple[Stretch, ...]:
    """Lines near a finding, and the folds between them."""
    near = {
        number
        for line in lines
        if line.findings or any(piece.kind for piece in line.pieces)
        for number in range(line.number - NEAR, line.number + NEAR + 1)
    }
    stretches: list[tuple[bool, list[SourceLine]]] = []
    for line in lines:
        far = line.number not in near
        if not stretches or stretches[-1][0] != far:
            stretches.append((far, []))
        stretches[-1][1].append(line)
    joined: list[tuple[bool, list[SourceLine]]] = []
    for far, own in stretches:
        fold = far and len(own) >= WORTH_A_FOLD
        if joined and not fold and not joined[-1][0]:
            joined[-1][1].extend(own)
        else:
            joined.append((fold, list(own)))
    return tuple(Stretch(tuple(own), fold) for fold, own in joined)
