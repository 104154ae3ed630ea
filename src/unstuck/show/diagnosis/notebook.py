"""A diagnosis in a notebook: the same words as in the terminal, foldable, in light and dark.

Everything of the program's own is escaped. Styles stand inline, since notebooks drop style sheets;
colours are chosen to be read on white and on black.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from unstuck.doctor.diagnosis import Diagnosis, Finding, Repair
from unstuck.doctor.schema import finding_name
from unstuck.show.diagnosis.characters import harmless, source_lines
from unstuck.show.diagnosis.numbers import blocks, evidence_rows
from unstuck.show.diagnosis.page import already_said, diff_lines
from unstuck.show.diagnosis.quote import Quoted, quote
from unstuck.show.diagnosis.words import (
    as_sentence,
    how_measured,
    ordered,
    place,
    repair_numbers,
    summary,
    verdict_line,
)

COLUMNS = 100  # of a source line
RED, AMBER, BLUE, GREEN = "#d1242f", "#b7791f", "#3182ce", "#2f9e44"
COLOURS = {
    "cause": RED,
    "fault": AMBER,
    "note": BLUE,
    "stuck": RED,
    "learns": GREEN,
    "crashed": RED,
    "unknown": AMBER,
    "added": GREEN,
    "removed": RED,
    "hunk": BLUE,
    "heading": "inherit",
    "": "inherit",
}
MONO = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:90%;line-height:1.4"
BLOCK = f"{MONO};margin:.4em 0;padding:.4em .7em;overflow-x:auto;background:rgba(128,128,128,.1)"
CELL = "text-align:right;padding:0 .7em 0 0;border:0;background:none"
FAINT = "opacity:.7"


def notebook_html(diagnosis: Diagnosis) -> str:
    """The whole diagnosis as one block of HTML."""
    colour = COLOURS[diagnosis.verdict]
    said = [f'<b style="color:{colour}">{text(verdict_line(diagnosis))}</b>']
    reason = as_sentence(diagnosis.reason)
    if diagnosis.reason in verdict_line(diagnosis):
        reason = ""
    said += [text(line) for line in (summary(diagnosis), reason) if line]
    parts = [f'<div style="margin:.3em 0">{"<br>".join(said)}</div>']
    parts += [_finding(finding, diagnosis) for finding in ordered(diagnosis.findings)]
    if diagnosis.repair is not None:
        parts.append(_repair(diagnosis.repair, diagnosis))
    clean = [(entry.check, entry.what) for entry in diagnosis.clean]
    not_checked = [(entry.check, entry.why) for entry in diagnosis.unchecked]
    parts += [_list("clean", GREEN, clean), _list("could not check", AMBER, not_checked)]
    return f'<div style="max-width:60em;line-height:1.45">{"".join(parts)}</div>'


def text(value: str) -> str:
    """Any text as harmless HTML."""
    return escape(harmless(value))


def prose(value: str) -> str:
    """A sentence as HTML, with what stands in backticks set as code."""
    code = rf'<code style="{MONO};background:none">\1</code>'
    return re.sub(r"`([^`]+)`", code, text(value))


def _finding(finding: Finding, diagnosis: Diagnosis) -> str:
    colour = COLOURS[finding.severity]
    title = f"{text(finding.code)}: {text(finding_name(finding.code))}"
    quoted = quote(diagnosis.sources, finding.span, COLUMNS, finding.cell)
    parts = [
        f'<div><b style="color:{colour}">{finding.severity}</b> <b>{title}</b> ',
        f'<span style="{FAINT}">{text(place(finding))}</span></div>',
        _excerpt(quoted, colour),
        f"<div>{prose(finding.message)}</div>",
        _instead(finding.replacement),
        _evidence(finding, quoted),
    ]
    style = f"margin:.8em 0;border-left:3px solid {colour};padding-left:.8em"
    return f'<div style="{style}">{"".join(parts)}</div>'


def _excerpt(quoted: Iterable[Quoted], colour: str) -> str:
    mark = f"text-decoration:underline 2px {colour};text-underline-offset:3px;font-weight:bold"
    rows = [
        f'<span style="{FAINT}">{"..." if line.number is None else line.number}</span>  '
        f'{escape(line.before)}<span style="{mark}">{escape(line.marked)}</span>'
        + escape(line.after)
        for line in quoted
    ]
    return f'<pre style="{BLOCK}">{chr(10).join(rows)}</pre>' if rows else ""


def _instead(replacement: str | None) -> str:
    if replacement is None:
        return ""
    if not replacement.strip():
        return "<div>instead: nothing (take it out)</div>"
    rows = [text(line) for line in source_lines(replacement.strip("\r\n"))]
    code = f'<code style="{MONO};color:{GREEN};white-space:pre;background:none">'
    between = "<br>" if len(rows) > 1 else ""
    return f"<div>instead: {between}{code}{chr(10).join(rows)}</code></div>"


def _evidence(finding: Finding, quoted: list[Quoted]) -> str:
    lines: list[str] = []
    found = blocks(evidence_rows(finding.evidence, already_said(finding, quoted)))
    widest = max((len(row.values) for block in found for row in block), default=1)
    for block in found:
        if block[0].heads:
            lines.append(_row("", block[0].heads))
        lines += [_row(row.label, row.values, widest) for row in block]
    if not lines:
        return ""
    style = f"{FAINT};border-collapse:collapse;margin:.4em 0;font-size:90%"
    return f'<table style="{style}">{"".join(lines)}</table>'


def _row(label: str, values: Sequence[str], columns: int = 1) -> str:
    """A row; one value beside rows of several takes their place, and pushes none aside."""
    left = CELL.replace("right", "left")
    if len(values) == 1 and columns > 1:
        cells = f'<td colspan="{columns}" style="{left}">{escape(values[0])}</td>'
    else:
        cells = "".join(f'<td style="{CELL}">{escape(value)}</td>' for value in values)
    return f'<tr style="background:none"><td style="{left}">{escape(label)}</td>{cells}</tr>'


def _repair(repair: Repair, diagnosis: Diagnosis) -> str:
    colour = GREEN if repair.verified else AMBER
    numbers = f": {repair_numbers(diagnosis)}" if repair.runs else ""
    rows = [
        f'<span style="color:{COLOURS[style]}">{escape(line)}</span>'
        for parts in diff_lines(repair.diff)
        for line, style in parts
    ]
    return (
        f'<details open><summary><b style="color:{colour}">repair{text(numbers)}</b> '
        f'<span style="{FAINT}">{text(how_measured(repair))}</span></summary>'
        f'<pre style="{BLOCK}">{chr(10).join(rows)}</pre></details>'
    )


def _list(heading: str, colour: str, entries: list[tuple[str, str]]) -> str:
    if not entries:
        return ""
    rows = "".join(f"<li><b>{text(name)}</b>: {text(said)}</li>" for name, said in entries)
    return (
        f'<details><summary><b style="color:{colour}">{heading}</b> '
        f'<span style="{FAINT}">{len(entries)}</span></summary><ul>{rows}</ul></details>'
    )
