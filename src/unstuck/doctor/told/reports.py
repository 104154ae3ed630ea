"""Whether what a program reports is so: its last update and its end are recorded and judged.

The network may have learned long ago while the number that is printed says otherwise, or the
other way round. What is found here is a fault: it keeps nothing from learning.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from unstuck.base.errors import InvalidInputError
from unstuck.doctor.case import Case
from unstuck.doctor.fixes.moves import moved_key
from unstuck.doctor.fixes.patch import Edit, apply
from unstuck.doctor.rules import RULES
from unstuck.doctor.suspect import Suspect
from unstuck.doctor.told.formula import wrong_losses
from unstuck.doctor.told.metric import wrong_metrics
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.request import Limits, Outcome, Request
from unstuck.trace.told import last_request, lineages, step_keys, told_at_first, told_at_last

SHARE = 0.2  # of the budget, that recording the end of a program may take
SLOWER = 6.0  # times, that pure Python runs while it is ready to be recorded
LEAST = 2.0  # seconds
CAME_THROUGH = {"finished", "exited"}
NUMBERS = ("reported", "actual")


def check_reports(case: Case) -> None:
    """Judge what the program as it was given reports; what is wrong becomes a finding."""
    traced, end = case.first, the_end(case)
    if traced is None or end is None or case.interrupted:
        return
    case.say("checking what it reports")
    request, outcome = end
    seconds = time_for_it(case)
    suspects = judged(case, case.program, outcome, ()) or []
    if any(key == traced.loop.key for key, _ in request.shorten):
        suspects = [without_numbers(s) for s in suspects]  # nobody ever saw these
    proof = proved(case, request, suspects, seconds) if case.rerun else set()
    case.findings += [
        replace(s.finding, proved=bool(s.options) and s.code in proof) for s in suspects
    ]


def the_end(case: Case) -> tuple[Request, Outcome] | None:
    """The last update and the end of the program as it was given, recorded once."""
    if case.ended is None and case.first is not None and case.outcome is not None:
        seconds = time_for_it(case)
        if seconds >= LEAST and not case.interrupted:
            request = last_request(case.first, case.outcome.loops, seconds / SLOWER)
            case.ended = request, case.sandbox.run(case.program, request, Limits(seconds=seconds))
    return case.ended


def time_for_it(case: Case) -> float:
    """The seconds that recording an end may take."""
    return min(SHARE * case.budget, case.deadline - time.monotonic() - LEAST)


def judged(
    case: Case, program: Program, outcome: Outcome, edits: Sequence[Edit]
) -> list[Suspect] | None:
    """Ask the checks about the recorded end of a program; None for a change that does not run."""
    traced = case.first
    if traced is None or outcome.tape is None or (edits and outcome.status not in CAME_THROUGH):
        return None
    keys = {moved_key(key, edits, case.program, program) for key in step_keys(traced)}
    tapes = [told_at_last(outcome.tape, keys, lineages(traced))]
    if program is case.program:
        tapes.append(told_at_first(traced))
    labels = case.measured.labels if case.measured is not None else []
    suspects = [s for told in tapes for s in wrong_metrics(program, told, outcome.loops)]
    suspects += wrong_losses(program, traced, tapes, labels)
    found: dict[tuple[str, SourceSpan | None], Suspect] = {}
    for suspect in suspects:
        found.setdefault((suspect.code, suspect.finding.span), suspect)
    return list(found.values())


def without_numbers(suspect: Suspect) -> Suspect:
    """The same where the training was cut short."""
    finding = suspect.finding
    evidence = {key: x for key, x in finding.evidence.items() if key not in NUMBERS}
    message = RULES[finding.code]().message(**evidence)
    return replace(suspect, finding=replace(finding, evidence=evidence, message=message))


def proved(case: Case, request: Request, suspects: Sequence[Suspect], seconds: float) -> set[str]:
    """The codes of which nothing is left when all are mended and the program is run again."""
    mended = [s for s in suspects if s.options]
    edits = [edit for s in mended for edit in s.options[0].edits]
    left = case.deadline - time.monotonic()
    if not edits or left < LEAST:
        return set()
    try:
        program = apply(case.program, edits)
    except InvalidInputError:
        return set()
    loop = request.loop and moved_key(request.loop, edits, case.program, program)
    shorten = tuple(
        (moved_key(key, edits, case.program, program), most) for key, most in request.shorten
    )
    case.runs += 1
    again = replace(request, loop=loop, shorten=shorten)
    outcome = case.sandbox.run(program, again, Limits(seconds=min(seconds, left)))
    rest = judged(case, program, outcome, edits)
    return set() if rest is None else {s.code for s in mended} - {s.code for s in rest}
