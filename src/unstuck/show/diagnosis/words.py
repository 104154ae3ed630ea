"""The words of the verdict: one line with its numbers, and one that says what to make of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from unstuck.doctor.diagnosis import (
    Diagnosis,
    Finding,
    Progress,
    Repair,
    Severity,
    source_name,
)
from unstuck.show.diagnosis.numbers import measured

VERDICTS = {
    "stuck": "does not learn",
    "learns": "learns",
    "crashed": "crashes",
    "unknown": "could not tell whether it learns",
}
ORDER: dict[str, int] = {"cause": 0, "fault": 1, "note": 2}
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six")


def verdict_line(diagnosis: Diagnosis) -> str:
    """The verdict and how far the run got.

    >>> seen = Progress("accuracy", 0.099, 0.101, 0.1, 120)
    >>> verdict_line(Diagnosis("digits.py", "stuck", seen))
    'does not learn: accuracy 0.099 -> 0.101 over 120 updates, chance 0.100'
    """
    said = VERDICTS[diagnosis.verdict]
    more = "" if diagnosis.progress is None else progress_text(diagnosis.progress)
    if diagnosis.verdict in ("crashed", "unknown"):
        more = diagnosis.reason or more
    return f"{said}: {more}" if more else said


def progress_text(progress: Progress) -> str:
    """From where to where, in how many updates, and what the best constant answer reaches."""
    start, end, chance = (
        measured(progress.metric, v) for v in (progress.start, progress.end, progress.chance)
    )
    if "nan" in (start, end) and progress.metric == "accuracy":
        known = [v for v in (start, end) if v != "nan"]
        if not known:
            return ""
        said = f"{progress.metric} {known[0]}"
    else:
        said = f"{progress.metric} {start} -> {end}"
    said += f" over {progress.updates:,} update{'s' * (progress.updates != 1)}"
    return said if chance == "nan" else f"{said}, chance {chance}"


def summary(diagnosis: Diagnosis) -> str:
    """What to make of the verdict, in a sentence or two."""
    causes = of_severity(diagnosis.findings, "cause")
    faults = of_severity(diagnosis.findings, "fault")
    if causes:  # the other place of the same mistake is no second one
        faults = [finding for finding in faults if "other_place" not in finding.evidence]
    said = _causes(len(causes), diagnosis)
    if faults and diagnosis.verdict == "learns":
        said.append(f"It learns in spite of {counted(len(faults), 'mistake')}.")
    elif faults and causes:
        said.append(
            f"{in_words(len(faults), 'more mistake')} "
            f"{'is' if len(faults) == 1 else 'are'} real, but not the reason."
        )
    elif faults:
        said.append(f"{in_words(len(faults), 'mistake')} found.")
    if diagnosis.verdict == "learns" and not faults and not causes:
        said.append("No mistake found.")
    if diagnosis.verdict == "stuck" and not faults and not causes:
        said.append("Nothing that was checked explains it.")
    return " ".join(said)


def _causes(count: int, diagnosis: Diagnosis) -> list[str]:
    if not count:
        return []
    said = in_words(count, "cause")
    if diagnosis.repair is None or not diagnosis.repair.verified:
        return [f"{said} found."] if diagnosis.verdict == "stuck" else []
    each = "With it mended" if count == 1 else f"With {'both' if count == 2 else 'all'} mended"
    return [f"{said}. {each} it learns: {repair_numbers(diagnosis)}."]


def repair_numbers(diagnosis: Diagnosis) -> str:
    """The metric before and after the repair."""
    repair = diagnosis.repair
    if repair is None:
        return ""
    metric = "" if diagnosis.progress is None else diagnosis.progress.metric
    before, after = measured(metric, repair.before), measured(metric, repair.after)
    return f"{metric} {before} -> {after}".strip()


def how_measured(repair: Repair) -> str:
    """What the numbers of a repair rest on."""
    if not repair.runs:
        return "not re-run: whether it makes the program learn is not known"
    said = f"{counted(repair.runs, 're-run')} at equal updates"
    if repair.seeds:
        said += f", seed{'s' * (len(repair.seeds) != 1)} {', '.join(map(str, repair.seeds))}"
    return said if repair.verified else f"{said}; better, but not enough to call it learning"


def as_sentence(text: str) -> str:
    """Clauses as a sentence of their own.

    >>> as_sentence("interrupted; two seeds were left out")
    'Interrupted; two seeds were left out.'
    """
    text = text.strip()
    return text if not text else f"{text[0].upper()}{text[1:].rstrip('.')}."


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Causes, then faults, then notes; within each as they came."""
    return sorted(findings, key=lambda finding: ORDER.get(finding.severity, len(ORDER)))


def of_severity(findings: Iterable[Finding], severity: Severity) -> list[Finding]:
    """The findings of one severity."""
    return [finding for finding in findings if finding.severity == severity]


def place(finding: Finding, folder: str = "") -> str:
    """``file:line:column`` as editors open it, both counted from 1; empty without a place.

    In a notebook it is the cell, counted among those with code, and the line in it.
    """
    span = finding.span
    if span is None:
        return ""
    path = path_of(finding, folder)
    if finding.cell is not None:
        return f"{source_name(path, finding.cell)}, line {span.line}, column {span.column + 1}"
    return f"{path}:{span.line}:{span.column + 1}"


def path_of(finding: Finding, folder: str = "") -> str:
    """The file of a finding, given from ``folder``; with slashes, as editors and GitHub take it."""
    file = "" if finding.span is None else finding.span.file
    return (PurePath(folder) / file).as_posix() if folder else file


def counted(count: int, noun: str) -> str:
    """A number and its noun.

    >>> counted(1, "re-run"), counted(12, "re-run")
    ('1 re-run', '12 re-runs')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def in_words(count: int, noun: str) -> str:
    """The same at the beginning of a sentence: small numbers in words."""
    number = NUMBERS[count] if count < len(NUMBERS) else str(count)
    return f"{number} {noun}{'s' * (count != 1)}"
