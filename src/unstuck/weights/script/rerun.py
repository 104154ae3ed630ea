"""The program as it is and with its replacements, run side by side to the same update.

What decides is not the race in our trainer but the program itself: how far it gets, by its own
outputs against its own labels, and whether it runs at all (a wrong shape shows here).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unstuck.base.errors import InvalidInputError
from unstuck.trace.program import Program
from unstuck.trace.progress import Eye, Measured, measure
from unstuck.trace.request import Limits, Outcome, Request
from unstuck.trace.sandbox import Sandbox
from unstuck.trace.traced import Traced
from unstuck.weights.script.answer import Place, Rerun
from unstuck.weights.script.network import stretch_of
from unstuck.weights.script.source import spliced

RAN = {"finished", "stopped", "timeout"}
SHARE = 0.7  # of the limit that a cut run is planned to take


def changed_program(program: Program, places: Sequence[Place]) -> Program:
    """The program with the replacements in it."""
    return spliced(
        program,
        [
            (p.span, p.replacement if p.written else f"; {p.replacement}")  # lines keep their place
            for p in places
            if p.span is not None
        ],
    )


def rerun(
    sandbox: Sandbox, program: Program, traced: Traced, places: Sequence[Place], seconds: float
) -> Rerun:
    """Run both to the same iteration of the training loop, as far as ``seconds`` allow."""
    programs = [program]
    if places:
        try:
            programs.append(changed_program(program, places))
        except InvalidInputError as error:
            return Rerun(ran=False, error=str(error))
    loop, eye = traced.loop, _eye(traced)
    stop = None
    if loop.seconds > SHARE * seconds:
        stop = max(2, int(loop.iterations * SHARE * seconds / loop.seconds))
    request = Request(
        "watch",
        watch=() if eye is None else (eye.key,),
        stop_loop=None if stop is None else loop.key,
        stop_after=stop,
    )
    runs = [(p, request) for p in programs]
    outcomes = sandbox.run_all(runs, Limits(seconds=seconds + 5.0))
    seen = [_seen(outcome, eye) for outcome in outcomes]
    last = outcomes[-1]
    ran = last.status in RAN or last.status == outcomes[0].status
    before, after = seen[0], seen[-1] if len(seen) > 1 else None
    known = before or after
    return Rerun(
        ran=ran,
        error="" if ran or last.error is None else f"{last.error.type}: {last.error.message}",
        classes=known is not None and known.has_classes,
        before=_numbers(before),
        after=_numbers(after),
        gained_before=float("nan") if before is None else before.gained,
        gained_after=float("nan") if after is None else after.gained,
        updates=0 if known is None else known.updates,
    )


def _eye(traced: Traced) -> Eye | None:
    """Where progress is seen; loops around the updates that were cut make no update longer."""
    eye = traced.eye()
    if eye is None or stretch_of(traced) > 1.0:
        return eye
    return replace(eye, per_update=max(1, round(eye.per_update / max(1.0, traced.stretch))))


def _seen(outcome: Outcome, eye: Eye | None) -> Measured | None:
    if eye is None or outcome.status not in RAN:
        return None
    watched = next((w for w in outcome.watched if w.key == eye.key), None)
    return measure(watched, eye)


def _numbers(seen: Measured | None) -> tuple[float, float, float] | None:
    if seen is None:
        return None
    return seen.accuracy if seen.has_classes else seen.loss
