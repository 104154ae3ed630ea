"""Run and record a program, measure how far it gets, and ask every check what may be wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from unstuck.doctor.activations import with_activations
from unstuck.doctor.alignment import misaligned
from unstuck.doctor.apart import by_heart, numbered_rows
from unstuck.doctor.broadcast import broadcast_errors
from unstuck.doctor.case import MENDED, Case, original_key, original_place
from unstuck.doctor.crashes import crash_suspects
from unstuck.doctor.diagnosis import Unchecked
from unstuck.doctor.early import proved_again
from unstuck.doctor.fixes.patch import apply
from unstuck.doctor.fixes.verify import Trials
from unstuck.doctor.gather import exhibits_of
from unstuck.doctor.gradient import GradientFindings, judge_gradients_of
from unstuck.doctor.judge import judge
from unstuck.doctor.linear import with_hidden_activations
from unstuck.doctor.lost import lost_steps
from unstuck.doctor.outputs import softmax_of_one, wrong_softmax_axis
from unstuck.doctor.overflow import overflows
from unstuck.doctor.own_loss import by_own_loss
from unstuck.doctor.redrawn import redrawn
from unstuck.doctor.rules import RULES
from unstuck.doctor.rules.statements import useless_statements
from unstuck.doctor.shared import each_step, shared_state
from unstuck.doctor.soft import broken_data, soft_suspects
from unstuck.doctor.stray import stray_factors
from unstuck.doctor.suspect import Suspect
from unstuck.doctor.truncated import truncated_inputs, truncated_steps
from unstuck.doctor.unmoved import empty_update_loops, idle_loops, never_moved, nothing_moves
from unstuck.doctor.unreset import never_reset
from unstuck.trace.facts import build_record
from unstuck.trace.program import Program
from unstuck.trace.request import Limits, Outcome, Request
from unstuck.trace.tape import Tape
from unstuck.trace.traced import Traced, trace

GLANCE = 0.07  # of the budget: a program that runs longer is counted so far
BASELINE_SHARE = 0.22  # of the budget, that one run of the program as it is may take
TRIAL_SHARE = 0.08  # of the budget, that a re-run may take: longer programs are compared early
T = TypeVar("T")


def look(case: Case, *, first: bool) -> list[Suspect]:
    """Run and record the program as it now is; everything that may be wrong with it."""
    case.say("running the program as it is" if first else "examining the repaired program")
    outcome = case.ahead or tally(case, GLANCE)
    case.ahead = None
    if first:
        case.outcome = outcome
        source_findings(case)
    if outcome.status in {"syntax", "interpreter", "input", "output"}:
        broken = crash_suspects(case.current, outcome) if outcome.status == "syntax" else []
        return reported(case, broken)
    crash = crash_suspects(case.current, outcome) if outcome.status == "raised" else []
    if not first and any(s.options for s in crash):  # it came no further than that
        case.traced = None
        return reported(case, crash)
    traced, why, tapes = traced_from(case, outcome)
    lost = untraced(case, tapes, outcome) if traced is None else []
    if outcome.status == "timeout" and traced is None and not lost:  # not come to its training?
        outcome = tally(case, BASELINE_SHARE)
        traced, why, tapes = traced_from(case, outcome)
        lost = untraced(case, tapes, outcome) if traced is None else []
        crash = crash_suspects(case.current, outcome) if outcome.status == "raised" else []
        if first:
            case.outcome = outcome
    if outcome.status == "timeout" and case.stop is None:
        cut_short(case, outcome)
    case.traced, case.before, case.edits = traced, case.current, ()
    case.first = traced if first else case.first
    if traced is None:
        case.why = case.why or why
        if first:
            case.unchecked.append(Unchecked("gradient", why))
        if outcome.status == "memory":
            crash = crash_suspects(case.current, outcome)
        return reported(case, [*crash, *lost])
    if case.measured is None:
        watch_baseline(case, traced)
        if case.current is not case.program:
            watch_repaired(case, traced)
        elif case.outcome is not None:
            outcome = case.outcome
    return reported(case, judged(case, traced, outcome))


def untraced(case: Case, tapes: Sequence[Tape], outcome: Outcome) -> list[Suspect]:
    """What may be wrong where nothing was seen to learn, by the first loop that tells."""
    program = case.current
    found = empty_update_loops(program, outcome) + idle_loops(program, outcome)
    for tape in tapes:
        found += redrawn(program, None, tape, outcome.loops) + lost_steps(program, None, tape)
        found += checked(case, "data", partial(truncated_steps, program, tape), [])
        found = found or checked(case, "update", partial(nothing_moves, program, tape), [])
        if found:
            break
    return found


def judged(case: Case, traced: Traced, outcome: Outcome) -> list[Suspect]:
    """All checks of a program whose training was recorded."""
    suspects = crash_suspects(case.current, outcome) if outcome.status == "raised" else []
    case.say("checking the gradients")
    program = case.current
    forward: list[Suspect] = []
    forward += checked(case, "output", lambda: wrong_softmax_axis(program, traced), [])
    forward += checked(case, "output", lambda: softmax_of_one(program, traced), [])
    forward += checked(case, "gradient", lambda: broadcast_errors(program, traced), [])
    forward += checked(case, "data", lambda: misaligned(program, traced), [])
    forward += checked(case, "data", lambda: numbered_rows(traced), [])
    forward += case.apart if program is case.program else []
    suspects += forward
    gradients = GradientFindings([], [], [])
    blind = any(
        s.code in {"O501", "G105"} for s in forward
    )  # no gradient can agree with such an output
    if not blind:
        seconds = max(2.0, 0.25 * (case.deadline - time.monotonic()))
        gradients = checked(
            case, "gradient", lambda: judge_gradients_of(program, traced, seconds), gradients
        )
        gradients = checked(
            case, "gradient", lambda: by_own_loss(traced, case.measured, gradients), gradients
        )
        gradients.suspects = [seen_to_help(case, s) for s in gradients.suspects]
        suspects += with_activations(program, traced, gradients.suspects)
    suspects += checked(case, "output", lambda: overflows(program, traced), [])
    suspects += checked(case, "update", lambda: again_and_again(case, traced, outcome), [])
    suspects += checked(case, "update", lambda: lost_steps(program, traced, traced.tape), [])
    suspects += checked(case, "update", lambda: never_reset(program, traced), [])
    suspects += checked(case, "update", lambda: never_moved(program, traced), [])
    return by_record(case, traced, outcome, suspects, gradients, blind=blind)


def by_record(
    case: Case,
    traced: Traced,
    outcome: Outcome,
    suspects: list[Suspect],
    gradients: GradientFindings,
    *,
    blind: bool,
) -> list[Suspect]:
    """What is known to be wrong, and what the rules and the state of the training add to it."""
    program = case.current
    record = build_record(
        traced.tape, traced.steps, traced.anatomy, traced.judgement, traced.layers, case.measured
    )
    findings, clean, unchecked = judge(record)
    explained = blind or any(s.code in {"O502", "O503"} for s in suspects)
    if any((f.code, f.severity) == ("D403", "fault") for f in findings):
        # No gradient belongs to such targets; what has a repair is wrong all the same.
        suspects = [s for s in suspects if s.code != "G199" or s.options]
        explained = True
    taken = {s.code[0] for s in suspects} | ({"G"} if explained else set())
    rest = [f for f in findings if f.code[0] not in "GU" or f.code[0] not in taken]
    if any(s.code == "O504" for s in suspects):  # that is where NaN comes from
        rest = [f for f in rest if f.code not in {"O504", "T606"}]
    rest = broken_data(traced, rest)
    stuck = case.measured is None or max(case.measured.gained, case.after) < 0.5
    if stuck:
        suspects += shared_state(program, each_step(program, traced))
        suspects += idle_loops(program, outcome)
    if any(s.finding.evidence.get("numbered") for s in suspects):
        stuck, rest = False, []  # such targets cannot be learned, whatever else is changed
    soft = soft_suspects(case.current, traced, rest, record, stuck=stuck)
    behind = case.measured is None or max(case.measured.gained, case.after) < MENDED
    if behind and case.rerun and not any(s.exact for s in suspects):
        soft = checked(case, "output", lambda: activated(case, traced, outcome, soft), soft)
    suspects += soft
    suspects += checked(case, "data", lambda: truncated_inputs(program, traced), [])
    suspects += checked(case, "data", lambda: truncated_steps(program, traced.tape), [])
    suspects += checked(case, "gradient", lambda: stray_factors(program, traced), [])
    if not case.checked:
        case.checked = True
        case.exhibits = exhibits_of(traced, record, patched=case.current is not case.program)
        case.clean += [*gradients.clean, *clean]
        case.unchecked = [*gradients.unchecked, *unchecked]
    return suspects


def seen_to_help(case: Case, suspect: Suspect) -> Suspect:
    """Statements in another order: only if the gradients of the changed program are right."""
    if suspect.code != "G108" or not suspect.options or case.outcome is None:
        return suspect
    changed = apply(case.current, suspect.options[0].edits)
    outcome = case.sandbox.run(changed, Request("tally"), tally_limits(case, GLANCE))
    traced, *_ = traced_from(case, outcome, changed)
    return proved_again(suspect, traced)


def activated(
    case: Case, traced: Traced, outcome: Outcome, suspects: list[Suspect]
) -> list[Suspect]:
    """Linear hidden layers with the activations that may mend them, found by recording anew."""

    def retrace(program: Program) -> Traced | None:
        case.runs += 1
        found, _, _ = trace(
            lambda r: case.sandbox.run(program, r), outcome.loops, lambda text: None
        )
        return found

    seconds = 0.25 * (case.deadline - time.monotonic())
    return with_hidden_activations(case.current, traced, suspects, retrace, seconds)


def again_and_again(case: Case, traced: Traced, outcome: Outcome) -> list[Suspect]:
    """Weights drawn anew; what a loop around the training draws, only where little is learned."""
    found = redrawn(case.current, traced, traced.tape, outcome.loops)
    nearly = case.measured is not None and max(case.measured.gained, case.after) > MENDED
    return [s for s in found if not (s.speculative and nearly)]


def tally(case: Case, share: float) -> Outcome:
    """Run the program as it now is, counting its loops."""
    return case.sandbox.run(case.current, Request("tally"), tally_limits(case, share))


def tally_limits(case: Case, share: float) -> Limits:
    """The time that a counting run may take."""
    seconds = min(share * case.budget, case.deadline - time.monotonic())
    return Limits(seconds=max(0.5, seconds))


def traced_from(
    case: Case, outcome: Outcome, changed: Program | None = None
) -> tuple[Traced | None, str, list[Tape]]:
    """Record the program as it now is (or a changed one); or why that cannot be done."""
    return trace(
        lambda request: case.sandbox.run(
            changed or case.current,
            request,
            Limits(seconds=max(2.0, min(20.0, 0.4 * (case.deadline - time.monotonic())))),
        ),
        outcome.loops,
        case.say,
        case.current.line_name,
    )


def checked(case: Case, what: str, check: Callable[[], T], otherwise: T) -> T:
    """The answer of a check; one that breaks is said to be open, and stops nothing else."""
    try:
        return check()
    except Exception as error:
        if os.environ.get("UNSTUCK_DEBUG"):
            raise
        why = f"the check itself broke on this program ({type(error).__name__}: {error})"
        case.unchecked.append(Unchecked(what, why))
        return otherwise


def reported(case: Case, suspects: list[Suspect]) -> list[Suspect]:
    """Keep the findings for the answer, in terms of the program as it was given.

    Of a program that is repaired in part, only those count that a change was needed for.
    """
    for suspect in suspects:
        later = case.current is not case.program and suspect.finding.severity != "note"
        if suspect.speculative or later:
            continue
        finding = original_place(case, suspect.finding)
        if not suspect.exact:
            case.soft.add(finding.code)
        if all((f.code, f.span) != (finding.code, finding.span) for f in case.findings):
            case.findings.append(finding)
    return suspects


def source_findings(case: Case) -> None:
    """What can be seen without running: statements without effect."""
    program = case.program
    for file, text in program.files.items():
        notebook = program.notebook if file == program.entry else None
        cells = program.cells if file == program.entry else ()
        for span, what in useless_statements(file, text, cells=cells):
            if notebook is None or not notebook.is_timed(span.line):
                case.findings.append(RULES["P704"]().finding("note", span, what=what))


def cut_short(case: Case, outcome: Outcome) -> None:
    """A program that trains for long is re-run for as many iterations as there is time for."""
    loops = [loop for loop in outcome.loops if loop.parent is None and loop.iterations >= 2]
    if not loops:
        return
    longest = max(loops, key=lambda loop: loop.seconds)
    share = case.budget * TRIAL_SHARE / max(1e-3, longest.seconds)
    case.stop = (longest.key, max(2, int(longest.iterations * share)))
    case.cut = (
        f"to fit the budget, runs were compared after {case.stop[1]:,} iterations of the loop in "
        f"{case.current.line_name(*longest.key[:2])}"
    )


def watch_baseline(case: Case, traced: Traced) -> None:
    """How far the program gets as it was given."""
    case.say("measuring how far it gets")
    watch_whole(case, traced)
    checked(case, "progress", lambda: by_heart(case), None)


def watch_whole(case: Case, traced: Traced) -> None:
    """The same, by the outputs and labels of its updates."""
    eye = traced.eye()
    if eye is not None and case.current is not case.program:
        key = original_key(case, eye.key)
        eye = None if key is None else replace(eye, key=key)
    stop = case.stop
    if stop is not None and case.current is not case.program:
        loop = original_key(case, stop[0])
        stop = None if loop is None else (loop, stop[1])
    trials = Trials(case.sandbox, case.program, eye, case.deadline, stop)
    seconds = max(2.0, case.budget * BASELINE_SHARE)
    if stop is None:
        (trial,) = trials.run([(case.program, ())], limit=seconds)
        case.measured = case.compared = trial.measured
        return
    cut, whole = trials.run([(case.program, ())] * 2, stops=[stop, None], limit=seconds)
    case.compared = cut.measured
    case.measured = cut.measured
    if cut.outcome.status == "finished":  # not that long, after all
        case.stop, case.cut = None, ""
    if whole.outcome.status not in {"timeout", "memory", "killed"}:
        case.measured = whole.measured or cut.measured
        if case.current is case.program:
            case.outcome = replace(whole.outcome, loops=case.outcome.loops if case.outcome else ())


def watch_repaired(case: Case, traced: Traced) -> None:
    """How far a program gets that was repaired before its training could be seen."""
    trials = Trials(case.sandbox, case.current, traced.eye(), case.deadline, case.stop)
    (trial,) = trials.run([(case.current, ())], limit=case.budget * BASELINE_SHARE)
    case.runs += 1
    if trial.ran and trial.measured is not None:
        case.after, case.after_measured = trial.gained, trial.measured
