"""What the doctor found: the source with notes at its lines, the evidence, the repair, lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from unstuck.doctor.diagnosis import Diagnosis, Finding, Repair
from unstuck.doctor.exhibits import Exhibits
from unstuck.doctor.schema import finding_name
from unstuck.show.diagnosis.characters import harmless, sentence, source_lines
from unstuck.show.diagnosis.numbers import Row, blocks, evidence_rows
from unstuck.show.diagnosis.page import already_said, diff_lines
from unstuck.show.diagnosis.quote import quote
from unstuck.show.diagnosis.words import (
    as_sentence,
    how_measured,
    ordered,
    place,
    repair_numbers,
    summary,
    verdict_line,
)
from unstuck.show.report.contents import Contents, Section
from unstuck.show.report.drawings import Drawing, layers_drawings, run_drawing
from unstuck.show.report.evidence import Pictures
from unstuck.show.report.source import listings

COLUMNS = 100  # of a quoted line
WORDS = {"cause": "cause", "fault": "mistake", "note": "note"}
Words = list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Note:
    """One finding as it is told at its line; ``open`` where it is read without a click."""

    key: str
    kind: str
    badge: str
    title: str
    place: str
    message: Words
    instead: tuple[str, ...] | None
    evidence: list[list[Row]]
    drawings: list[Drawing]
    open: bool


def section(contents: Contents) -> Section | None:
    """None where nothing was diagnosed."""
    diagnosis = contents.diagnosis
    if diagnosis is None:
        return None
    findings = ordered(diagnosis.findings)
    files, nowhere = listings(diagnosis, findings)
    exhibits = diagnosis.exhibits or Exhibits()
    verdict, reason = (sentence(said) for said in (verdict_line(diagnosis), diagnosis.reason))
    pictures = Pictures.of(exhibits)
    steps, values = pictures.gallery()
    context = {
        "said": "" if verdict in contents.outcome.sentence else verdict,
        "summary": summary(diagnosis),
        "reason": "" if reason in verdict else as_sentence(reason),
        "verdict": diagnosis.verdict,
        "notes": [note_of(n, f, diagnosis, pictures) for n, f in enumerate(findings)],
        "files": files,
        "nowhere": nowhere,
        "steps": steps,
        "signals": values,
        "layers": [] if exhibits.record is None else layers_drawings(exhibits.record),
        "loss": harmless(exhibits.loss.replace("_", " ")),
        "patched": exhibits.patched,
        "repair": None if diagnosis.repair is None else repair_of(diagnosis.repair, diagnosis),
        "runs": runs_of(exhibits),
        "clean": [(sentence(c.check), prose(sentence(c.what))) for c in diagnosis.clean],
        "unchecked": [(sentence(u.check), prose(sentence(u.why))) for u in diagnosis.unchecked],
    }
    return Section("diagnosis", "What the doctor found", context, {"notes": len(findings)})


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding in the list at the top of the page."""

    key: str
    kind: str
    badge: str
    title: str
    place: str


def index_of(diagnosis: Diagnosis) -> list[Entry]:
    """All findings, the causes first, with the ids of their notes."""
    return [
        Entry(key_of(n), finding.severity, WORDS[finding.severity], title_of(finding),
              harmless(place(finding)))
        for n, finding in enumerate(ordered(diagnosis.findings))
    ]  # fmt: skip


def key_of(number: int) -> str:
    """The id of a note."""
    return f"finding-{number + 1}"


def title_of(finding: Finding) -> str:
    """Code and name."""
    return f"{harmless(finding.code)}: {harmless(finding_name(finding.code))}"


def prose(text: str) -> Words:
    """A sentence in parts: what stands in backticks is code.

    >>> prose("Draw `W` anew.")
    [('Draw ', False), ('W', True), (' anew.', False)]
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one of them is alone
        return [(text, False)]
    return [(part, bool(n % 2)) for n, part in enumerate(parts) if part]


# ---------------------------------------------------------------------------------- the notes


def note_of(number: int, finding: Finding, diagnosis: Diagnosis, pictures: Pictures) -> Note:
    """A finding with everything that is known of it."""
    quoted = quote(diagnosis.sources, finding.span, COLUMNS, finding.cell)
    rows = evidence_rows(finding.evidence, already_said(finding, quoted))
    return Note(
        key=key_of(number),
        kind=finding.severity,
        badge=WORDS[finding.severity],
        title=title_of(finding),
        place=harmless(place(finding)),
        message=prose(sentence(finding.message)),
        instead=instead_of(finding),
        evidence=tables_of(rows),
        drawings=pictures.of_finding(finding),
        open=finding.severity != "note",
    )


def tables_of(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that share their columns as one table; those of a single number are one, too."""
    tables: list[list[Row]] = []
    for block in blocks(rows):
        single = len(block[0].values) == 1 and not block[0].heads
        last = tables[-1][-1] if tables else None
        if single and last is not None and len(last.values) == 1 and not last.heads:
            tables[-1].extend(block)
        else:
            tables.append(block)
    return tables


def instead_of(finding: Finding) -> tuple[str, ...] | None:
    """The lines that should stand there; an empty tuple: nothing should; None: not known."""
    text = finding.replacement
    if text is None:
        return None
    return tuple(harmless(row.rstrip()) for row in source_lines(text.strip("\r\n")) if row.strip())


# ---------------------------------------------------------------------------------- the repair


def repair_of(repair: Repair, diagnosis: Diagnosis) -> dict[str, Any]:
    """The change, what it brought, and what that rests on."""
    return {
        "numbers": repair_numbers(diagnosis) if repair.runs else "",
        "how": how_measured(repair),
        "mends": [harmless(code) for code in dict.fromkeys(repair.findings)],
        "verified": repair.verified,
        "diff": diff_rows(repair.diff),
    }


def diff_rows(diff: str) -> list[tuple[str, str]]:
    """Every line of a diff with its style."""
    return [
        ("".join(text for text, _ in parts), parts[0][1] if parts else "")
        for parts in diff_lines(diff)
    ]


def runs_of(exhibits: Exhibits) -> list[Drawing]:
    """The run as it is and with the repair, drawn; nothing without a repair."""
    if exhibits.after is None:
        return []
    drawn: Iterable[Drawing | None] = (
        run_drawing(title, exhibits.before, exhibits.after, key, chance)
        for title, key, chance in (
            ("Accuracy", "accuracy", exhibits.chance_accuracy),
            ("Mean squared error", "cost", exhibits.chance_cost),
        )
    )
    return [one for one in drawn if one is not None]


def runs_data(exhibits: Exhibits | None) -> dict[str, Any] | None:
    """The same for the page's curves: both runs on one axis of updates."""
    import numpy as np

    from unstuck.show.report.numbers import rounded

    named = [] if exhibits is None else [
        (name, run)
        for name, run in (("as it is", exhibits.before), ("with the repair", exhibits.after))
        if run is not None
    ]  # fmt: skip
    if not named:
        return None
    x = np.unique(np.concatenate([run.updates for _, run in named]))
    if len(x) < 2:
        return None
    panels = []
    for title, key, share in (
        ("Accuracy", "accuracy", True),
        ("Mean squared error", "cost", False),
    ):
        series = [
            {"name": name, "values": rounded(on_axis(x, run.updates, getattr(run, key)))}
            for name, run in named
            if getattr(run, key) is not None
        ]
        if series:
            panels.append(
                {"title": title, "percent": share, "log": not share, "series": series, "marks": []}
            )
    return {"x": {"name": "update", "values": rounded(x)}, "panels": panels}


def on_axis(x: Any, at: Sequence[float] | Any, values: Any) -> Any:
    """A curve read off at other places; NaN where it does not reach."""
    import numpy as np

    if len(at) < 2:
        return np.where(x == at[0], values[0], np.nan)
    return np.interp(x, at, values, left=np.nan, right=np.nan)
