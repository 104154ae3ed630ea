"""Findings as GitHub shows them: an annotation at its line of the pull request.

One line a finding in the form of workflow commands, ``::error file=...,line=...::message``.
GitHub reads them from standard output, whichever program printed them.
"""

from __future__ import annotations

from collections.abc import Mapping

from unstuck.doctor.diagnosis import Diagnosis, Finding
from unstuck.doctor.schema import finding_name
from unstuck.show.diagnosis.characters import LINE_END, harmless
from unstuck.show.diagnosis.numbers import evidence_rows
from unstuck.show.diagnosis.words import ordered, path_of, summary, verdict_line

NO_LINES: Mapping[tuple[int, int], int] = {}
LEVELS = {"cause": "error", "fault": "error", "note": "notice"}
OF_WHOLE = {"stuck": "error", "learns": "notice", "crashed": "error", "unknown": "warning"}


def github_text(
    diagnosis: Diagnosis,
    folder: str = "",
    lines_of_file: Mapping[tuple[int, int], int] = NO_LINES,
) -> str:
    """The verdict and every finding as workflow commands; paths are given from ``folder``.

    ``lines_of_file`` has for the cells of a notebook, and the lines in them, where they stand in
    its file: that is what a pull request shows.
    """
    said = " ".join(filter(None, (verdict_line(diagnosis), summary(diagnosis))))
    lines = [command(OF_WHOLE[diagnosis.verdict], {"title": "unstuck doctor"}, said)]
    lines += [
        annotation(finding, diagnosis, folder, lines_of_file)
        for finding in ordered(diagnosis.findings)
    ]
    return "\n".join(lines)


def annotation(
    finding: Finding,
    diagnosis: Diagnosis,
    folder: str = "",
    lines_of_file: Mapping[tuple[int, int], int] = NO_LINES,
) -> str:
    """One finding; a fault of a program that learns is a warning."""
    level = LEVELS[finding.severity]
    if finding.severity == "fault" and diagnosis.verdict == "learns":
        level = "warning"
    properties: dict[str, object] = {}
    span = finding.span
    where = ""
    if span is not None and finding.cell is not None:
        ends = [lines_of_file.get((finding.cell, line)) for line in (span.line, span.end_line)]
        known = {"line": ends[0], "endLine": ends[1]} if None not in ends else {}
        properties = {"file": path_of(finding, folder), **known}
        where = f", cell {finding.cell}, line {span.line}"
    elif span is not None:
        properties = {"file": path_of(finding, folder), "line": span.line}
        if span.end_line == span.line:  # GitHub takes columns within one line only
            properties |= {"col": span.column + 1, "endColumn": max(span.end_column, 1)}
        properties["endLine"] = span.end_line
    properties["title"] = f"{finding.code} {finding_name(finding.code)}{where}"
    return command(level, properties, _message(finding))


def _message(finding: Finding) -> str:
    lines = [finding.message]
    lines += [
        f"{row.label}: "
        + ", ".join(
            " ".join(filter(None, pair))
            for pair in zip(row.heads or [""] * len(row.values), row.values, strict=True)
        )
        for row in evidence_rows(finding.evidence, finding.message)
    ]
    if finding.replacement is not None:
        lines.append(f"instead: {finding.replacement.strip() or 'nothing (take it out)'}")
    return "\n".join(lines)


def command(level: str, properties: dict[str, object], message: str) -> str:
    """One workflow command, with everything escaped that GitHub would read otherwise.

    >>> command("error", {"file": "a,b.py", "line": 3}, "100 % wrong")
    '::error file=a%2Cb.py,line=3::100 %25 wrong'
    """
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {listed}::{_data(message)}"


def _data(text: object) -> str:
    lines = LINE_END.split(str(text).replace("%", "%25"))
    return "%0A".join(harmless(line) for line in lines)


def _property(value: object) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
