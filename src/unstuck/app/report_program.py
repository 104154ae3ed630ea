"""From a program that the doctor examined to what its page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from unstuck.app.report_file import write_page
from unstuck.app.report_run import folder_contents
from unstuck.app.screen import Screen
from unstuck.base.errors import UnstuckError
from unstuck.doctor.diagnosis import Diagnosis
from unstuck.record.run_record import RunRecord
from unstuck.show.diagnosis.characters import harmless, sentence
from unstuck.show.diagnosis.numbers import measured, number
from unstuck.show.diagnosis.words import counted, repair_numbers, summary, verdict_line
from unstuck.show.progress import seconds_text
from unstuck.show.report.contents import Contents, Provenance, Statement, Tone
from unstuck.trace.program import Program
from unstuck.training.runs import versions

TONES: dict[str, Tone] = {"stuck": "bad", "crashed": "bad", "learns": "good", "unknown": "plain"}
FEWEST = 3  # recorded updates that make a picture over time
KNOWN_LATER = ("step", "update_ratio", "weight_mean", "weight_std")


def program_contents(
    target: str, screen: Screen, *, budget: float, arguments: Sequence[str] = ()
) -> Contents:
    """Run the doctor on a program or a notebook; what its page shows.

    Raises InvalidInputError where there is no program to run.
    """
    from unstuck.doctor.ask import diagnose
    from unstuck.show.diagnosis.progress import Trying
    from unstuck.trace.load_program import load_program

    program = load_program(target, arguments)
    with Trying(screen.err, budget) as say:
        diagnosis = diagnose(program, budget=budget, say=say)
    return diagnosis_contents(diagnosis, again(target, arguments, budget))


def again(program: str, arguments: Sequence[str], budget: float) -> list[str]:
    """What is typed for the same page, without ``unstuck``.

    >>> again("digits.py", ["--fast"], 60.0)
    ['report', 'digits.py', '--budget', '60', '--', '--fast']
    """
    behind = ["--", *arguments] if arguments else []
    return ["report", program, "--budget", f"{budget:g}", *behind]


def write_diagnosis(
    screen: Screen,
    path: Path,
    diagnosis: Diagnosis,
    examined: Program | str,
    command: Sequence[str],
) -> None:
    """Write the page of a diagnosis that is there, and say so; a failure takes nothing from it."""
    try:
        if isinstance(examined, Program):
            contents = diagnosis_contents(diagnosis, command)
        else:
            contents = replace(folder_contents(examined, screen), diagnosis=diagnosis)
        size = write_page(path, contents)
    except (OSError, UnstuckError) as error:
        screen.warn(f"The page could not be written: {error}")
        return
    screen.note(f"Wrote {path} ({size / 1e6:.1f} MB): the page that shows it.")


def diagnosis_contents(diagnosis: Diagnosis, command: Sequence[str] = ()) -> Contents:
    """What the page of a diagnosis shows; ``command`` is what gives it again."""
    exhibits = diagnosis.exhibits
    # Of a program that had to be repaired before it trained, steps would seem to be its own.
    as_given = exhibits is not None and not exhibits.patched
    record = over_time(exhibits.record) if exhibits is not None and as_given else None
    return Contents(
        title=harmless(diagnosis.program),
        outcome=statement(diagnosis),
        record=record,
        diagnosis=diagnosis,
        provenance=Provenance(
            command=tuple(command),
            versions=versions(),
            notes=("A program that draws numbers without a seed gives somewhat others each time.",),
        ),
        missing=missing(diagnosis),
    )


def missing(diagnosis: Diagnosis) -> dict[str, str]:
    """Why a picture is not there."""
    exhibits = diagnosis.exhibits
    found = {}
    if exhibits is None or exhibits.record is None:
        found["layers"] = (
            "Layers, steps and activations: no training was seen that could be recorded."
        )
    if exhibits is None or exhibits.before is None:
        found["curves"] = "Curves: the run could not be measured, so there is nothing to draw."
    return found


def over_time(record: RunRecord | None) -> RunRecord | None:
    """The part of a program's record that is known at every update; None where there are too few.

    Signals and gradients are known of the first update alone: they are drawn by layer instead.
    """
    if record is None or len(record) < FEWEST:
        return None
    known = {name: record.series[name] for name in KNOWN_LATER if name in record.series}
    return replace(record, series=known)


def statement(diagnosis: Diagnosis) -> Statement:
    """Whether it learns, what to make of that, and the numbers."""
    tone = TONES[diagnosis.verdict]
    wrong = any(finding.severity != "note" for finding in diagnosis.findings)
    if diagnosis.verdict == "learns" and wrong:
        tone = "fair"
    name = harmless(PurePath(diagnosis.program).name)
    between = ": " if diagnosis.verdict == "unknown" else " "  # it is the doctor who cannot tell
    said = sentence(f"{name}{between}{verdict_line(diagnosis)}")
    return Statement(said, tone, tuple(filter(None, (summary(diagnosis),))), facts(diagnosis))


def facts(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """The numbers below the sentence."""
    rows = []
    progress, repair = diagnosis.progress, diagnosis.repair
    if progress is not None:
        values = (measured(progress.metric, v) for v in (progress.start, progress.end))
        rows.append((f"{progress.metric} at start and end", " → ".join(values)))
        rows.append(("best constant answer", measured(progress.metric, progress.chance)))
        rows.append(("updates", number(progress.updates)))
    if repair is not None and repair.runs:
        rows.append(("with the repair", repair_numbers(diagnosis).replace("->", "→")))
        rows.append(("resting on", counted(repair.runs, "re-run")))
    rows.append(("examined in", seconds_text(diagnosis.seconds)))
    return tuple((name, value) for name, value in rows if "nan" not in value)
