"""A diagnosis as a page of text: verdict, findings at their places, the repair, three lists.

What a tired person needs stands first: does it learn, why not, what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from unstuck.doctor.diagnosis import Diagnosis, Finding, Repair
from unstuck.doctor.schema import finding_name
from unstuck.show.diagnosis.characters import (
    cells,
    harmless,
    pad,
    sentence,
    source_lines,
    wrap,
)
from unstuck.show.diagnosis.numbers import Row, blocks, evidence_rows, table_lines
from unstuck.show.diagnosis.quote import Quoted, quote
from unstuck.show.diagnosis.styled import Line, plain_text
from unstuck.show.diagnosis.words import (
    as_sentence,
    how_measured,
    ordered,
    place,
    repair_numbers,
    summary,
    verdict_line,
)

WIDTH = 80
INDENT = "  "
LONGEST_LABEL = 30
BLANK: Line = ()
DIFF_STYLES = {"+": "added", "-": "removed", "@": "hunk"}


def diagnosis_text(diagnosis: Diagnosis) -> str:
    """The whole page as plain text of `WIDTH` columns; only the diff may be wider."""
    return plain_text(diagnosis_lines(diagnosis))


def diagnosis_lines(
    diagnosis: Diagnosis, *, width: int = WIDTH, folder: str = "", next_steps: Sequence[str] = ()
) -> list[Line]:
    """The whole page; places are given from ``folder``, ``next_steps`` are commands at its end."""
    lines = _opening(diagnosis, width)
    for finding in ordered(diagnosis.findings):
        lines += [BLANK, *finding_lines(finding, diagnosis, width, folder)]
    if diagnosis.repair is not None:
        lines += [BLANK, *_repair(diagnosis.repair, diagnosis, width)]
    not_checked = [(entry.check, entry.why) for entry in diagnosis.unchecked]
    clean = [(entry.check, entry.what) for entry in diagnosis.clean]
    for heading, style, entries in (
        ("clean", "learns", clean),
        ("could not check", "unknown", not_checked),
    ):
        if entries:
            lines += [BLANK, ((heading, style),), *_list(entries, width)]
    if next_steps:
        lines += [BLANK, (("next", "heading"),)]
        lines += [((f"{INDENT}{harmless(step)}", ""),) for step in next_steps]
    return lines


def _opening(diagnosis: Diagnosis, width: int) -> list[Line]:
    said, colon, numbers = verdict_line(diagnosis).partition(":")
    first, *rest = wrap(f"{said}{colon}{numbers}", width)
    lines: list[Line] = [((first[: len(said)], diagnosis.verdict), (first[len(said) :], "heading"))]
    lines += [((line, "heading"),) for line in rest]
    reason = "" if diagnosis.reason in numbers else as_sentence(diagnosis.reason)
    for text in (summary(diagnosis), reason):
        if text:
            lines += [((line, ""),) for line in wrap(text, width)]
    return lines


# ------------------------------------------------------------------------------------- findings


def finding_lines(finding: Finding, diagnosis: Diagnosis, width: int, folder: str) -> list[Line]:
    """One finding: its name, its place, what is wrong, the numbers, what to write instead."""
    title = f" {finding.code}: {finding_name(finding.code)}"
    lines: list[Line] = [((finding.severity, finding.severity), (title, "heading"))]
    where = harmless(place(finding, folder))
    if where:
        lines.append(((f"{'':>{_gutter(finding)}}--> ", "quiet"), (where, "")))
    room = width - _gutter(finding) - 3
    quoted = quote(diagnosis.sources, finding.span, room, finding.cell)
    instead = _instead(finding)
    lines += _excerpt(quoted, finding, instead, width)
    lines += [((INDENT + line, ""),) for line in wrap(finding.message, width - len(INDENT))]
    if instead and not _fits_under(quoted, instead, finding, width):
        lines += _replacement(finding, width)
    rows = evidence_rows(finding.evidence, already_said(finding, quoted))
    if rows:
        lines += [BLANK, *_evidence(rows, width)]
    return lines


def already_said(finding: Finding, quoted: Sequence[Quoted]) -> str:
    """Every word of a finding that is seen without its evidence."""
    marked = (line.marked for line in quoted)
    return "\n".join((finding.message, *marked, finding.replacement or ""))


def _gutter(finding: Finding) -> int:
    return 0 if finding.span is None else len(str(finding.span.end_line))


def _excerpt(quoted: list[Quoted], finding: Finding, instead: str, width: int) -> list[Line]:
    if not quoted:
        return []
    gutter = _gutter(finding)
    bar = f"{'':>{gutter}} | "
    lines: list[Line] = [((bar.rstrip(), "quiet"),)]
    for line in quoted:
        number = "..." if line.number is None else str(line.number)
        if line.number is None:
            lines.append(((f"{number:>{gutter}}", "quiet"),))
            continue
        lines.append(
            (
                (f"{number:>{gutter}} | ", "quiet"),
                (line.before, ""),
                (line.marked, finding.severity),
                (line.after, ""),
            )
        )
        lines.append(((bar, "quiet"), (line.under, finding.severity)))
    if instead and _fits_under(quoted, instead, finding, width):
        lines[-1] += ((f" {instead}", "good"),)
    return [*lines, BLANK]


def _instead(finding: Finding) -> str:
    """The replacement as it stands beside the marks, when it is one line."""
    if finding.replacement is None:
        return ""
    text = finding.replacement.strip()
    if not text:
        return "instead: nothing (take it out)"
    return f"instead: {harmless(text)}"


def _fits_under(quoted: list[Quoted], instead: str, finding: Finding, width: int) -> bool:
    room = width - _gutter(finding) - 4
    return bool(quoted) and cells(quoted[-1].under) + cells(instead) <= room


def _replacement(finding: Finding, width: int) -> list[Line]:
    """The replacement in lines of its own."""
    text = finding.replacement or ""
    if not text.strip():
        return [BLANK, ((INDENT + _instead(finding), "good"),)]
    rows = [harmless(row.rstrip()) for row in source_lines(text.strip("\r\n"))]
    if len(rows) == 1 and cells(rows[0]) + len(INDENT) + len("instead: ") <= width:
        return [BLANK, ((f"{INDENT}instead: {rows[0].strip()}", "good"),)]
    return [
        BLANK,
        ((f"{INDENT}instead:", "good"),),
        *(((INDENT * 2 + row, "good"),) for row in rows),
    ]


def _evidence(rows: list[Row], width: int) -> list[Line]:
    room = width - 2 * len(INDENT)
    label = min(max(cells(row.label) for row in rows), LONGEST_LABEL)
    lines: list[str] = []
    for block in blocks(rows):
        table = table_lines(block, label) if len(block[0].values) > 1 or block[0].heads else []
        if table and max(map(cells, table)) <= room and _short(block, label):
            lines += table
            continue
        for row in block:
            named = zip(row.heads, row.values, strict=True) if row.heads else ()
            value = ", ".join([f"{h} {v}".strip() for h, v in named] or row.values)
            lines += _entry(row.label, value, label, room)
    return [((INDENT * 2 + line, "quiet"),) for line in lines]


def _short(block: Iterable[Row], label: int) -> bool:
    return all(cells(row.label) <= label for row in block)


def _entry(name: str, value: str, name_width: int, width: int) -> list[str]:
    """A name, and what there is to say of it in a column of its own."""
    if cells(name) > name_width:
        rest = wrap(value, width - len(INDENT))
        return [*wrap(name, width), *(INDENT + line for line in rest)]
    first, *rest = wrap(value, width - name_width - len(INDENT))
    return [
        pad(name, name_width) + INDENT + first,
        *(" " * (name_width + len(INDENT)) + line for line in rest),
    ]


# --------------------------------------------------------------------------- repair and the lists


def _repair(repair: Repair, diagnosis: Diagnosis, width: int) -> list[Line]:
    numbers = repair_numbers(diagnosis)
    said = f"repair: {numbers}" if repair.runs else "repair"
    lines: list[Line] = [((said, "learns" if repair.verified else "unknown"),)]
    about = how_measured(repair)
    if repair.findings:
        about = f"{about}; mends {', '.join(dict.fromkeys(repair.findings))}"
    lines += [((INDENT + line, ""),) for line in wrap(about, width - len(INDENT))]
    return [*lines, BLANK, *diff_lines(repair.diff)]


def diff_lines(diff: str) -> list[Line]:
    """A unified diff, neither wrapped nor cut, so that it can be copied."""
    lines: list[Line] = []
    for line in source_lines(diff.rstrip("\r\n")):
        heading = line.startswith(("--- ", "+++ "))
        style = "heading" if heading else DIFF_STYLES.get(line[:1], "")
        lines.append((("\t".join(map(harmless, line.split("\t"))), style),))
    return lines


def _list(entries: Sequence[tuple[str, str]], width: int) -> list[Line]:
    """Name and text of each entry, in lines that hang under the name."""
    lines: list[Line] = []
    for check, said in entries:
        name = f"{sentence(check)}:"
        first, *rest = wrap(f"{name} {said}", width - 3 * len(INDENT))
        lines.append(((INDENT + first[: len(name)], "name"), (first[len(name) :], "")))
        lines += [((INDENT * 3 + line, ""),) for line in rest]
    return lines
