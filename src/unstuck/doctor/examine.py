"""From a program to its diagnosis: run, record, judge, suspect, mend, re-run, say.

Each stage stands in a module of its own; here they are put in order and given their share of the
time. A repaired program that still does not learn is examined again: one fault hides another.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from unstuck.doctor.alignment import misaligned
from unstuck.doctor.crashes import crash_suspects
from unstuck.doctor.diagnosis import (
    Clean,
    Diagnosis,
    Finding,
    Progress,
    Repair,
    Severity,
    Unchecked,
    Verdict,
)
from unstuck.doctor.fixes.choose import LEAST, Choice, Chooser
from unstuck.doctor.fixes.moves import moved_key, moved_span
from unstuck.doctor.fixes.patch import Edit, unified_diff
from unstuck.doctor.fixes.verify import Trials
from unstuck.doctor.gradient import GradientFindings, judge_gradients_of
from unstuck.doctor.judge import STUCK, judge
from unstuck.doctor.rules import RULES
from unstuck.doctor.rules.statements import useless_statements
from unstuck.doctor.soft import soft_suspects, wrong_softmax_axis
from unstuck.doctor.stray import stray_factors
from unstuck.doctor.suspect import Suspect
from unstuck.doctor.updates import update_suspects
from unstuck.trace.facts import build_record
from unstuck.trace.program import Program
from unstuck.trace.progress import Measured
from unstuck.trace.request import Key, Limits, Outcome, Request
from unstuck.trace.sandbox import Sandbox
from unstuck.trace.tape import Tape
from unstuck.trace.traced import Traced, trace

BUDGET = 60.0
GLANCE = 0.07  # of the budget: a program that runs longer is counted so far
BASELINE_SHARE = 0.22  # of the budget, that one run of the program as it is may take
TRIAL_SHARE = 0.08  # of the budget, that a re-run may take: longer programs are compared early
ROUNDS = 6  # of examining a repaired program again
MENDED = 0.85  # progress from which on nothing else can be amiss
SYMPTOMS = {"O508", "T601", "T602", "T603", "T604", "T605", "T606", "U205"}
CLOSES = 0.5  # of the gap, that a repair must close for the program to be called stuck
T = TypeVar("T")
NOTHING_MOVES = "no value evolves"
Say = Callable[[str], None]


@dataclass(slots=True)
class Case:
    """One diagnosis while it is being made."""

    program: Program
    sandbox: Sandbox
    deadline: float
    budget: float
    rerun: bool
    say: Say
    current: Program
    outcome: Outcome | None = None
    traced: Traced | None = None  # of the program as it now stands
    measured: Measured | None = None  # of the program as it was given
    compared: Measured | None = None  # the same at the update at which runs are compared
    stop: tuple[Key, int] | None = None  # that update in `current`; None: the end
    before: Program | None = None  # the program that was traced last ...
    edits: tuple[Edit, ...] = ()  # ... and what was changed since
    ahead: Outcome | None = None  # of `current`, where it was counted already
    findings: list[Finding] = field(default_factory=list)
    clean: list[Clean] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    needed: list[Finding] = field(default_factory=list)
    after: float = float("nan")
    after_measured: Measured | None = None
    runs: int = 0
    checked: bool = False  # the rules were asked
    why: str = ""
    cut: str = ""
    interrupted: bool = False
    soft: set[str] = field(default_factory=set)  # codes of findings that depend on the data


def examine(
    program: Program,
    *,
    budget: float = BUDGET,
    python: str | None = None,
    rerun: bool = True,
    say: Say | None = None,
) -> Diagnosis:
    """Run a program, find what keeps it from learning, and the change that makes it learn.

    Parameters
    ----------
    program : Program
    budget : float
        Seconds for everything.
    python : str, optional
        The interpreter that has the program's libraries.
    rerun : bool
        False: nothing is changed and re-run; then nothing is called a cause.
    say : callable, optional
        Called with what is being done, in a few words.

    Returns
    -------
    Diagnosis
        Also after Ctrl-C: what is known so far.
    """
    started = time.monotonic()
    with Sandbox(python) as sandbox:
        case = Case(
            program, sandbox, started + 0.92 * budget, budget, rerun, say or (lambda text: None),
            program,
        )  # fmt: skip
        try:
            with np.errstate(all="ignore"):  # what overflows in the program does so here, too
                work(case)
        except KeyboardInterrupt:
            case.interrupted = True
        return concluded(case, time.monotonic() - started)


def work(case: Case) -> None:
    """All stages, in rounds."""
    for number in range(ROUNDS):
        suspects = look(case, first=number == 0)
        if not case.rerun or not suspects:
            break
        if number and learned(case) and case.after > MENDED:
            break
        if not mend(case, suspects):
            break
        if time.monotonic() > case.deadline - 2.0:
            case.cut = (
                case.cut or "the budget ran out before the repaired program was examined again"
            )
            break
        if number and learned(case):
            break
        if learned(case) and case.after > MENDED:
            break
    confirm(case)


def confirm(case: Case) -> None:
    """A repair that was compared early is run to the end, if there is time for that."""
    if case.stop is None or case.traced is None or not learned(case) or case.outcome is None:
        return
    if case.before is None:
        return
    seconds = case.deadline - time.monotonic()
    if case.outcome.status != "finished" or 1.3 * case.outcome.seconds > seconds:
        return
    case.say("running the repaired program to its end")
    trials = Trials(case.sandbox, case.before, case.traced.eye(), case.deadline)
    (trial,) = trials.run([(case.current, case.edits)], limit=seconds)
    case.runs += 1
    if trial.measured is not None and trial.ran:
        case.after, case.after_measured, case.compared = trial.gained, trial.measured, case.measured
        case.cut = ""


# ------------------------------------------------------------------------------------- look


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
    traced, why, tape = traced_from(case, outcome)
    lost = update_suspects(case.current, None, tape, outcome) if traced is None else []
    if outcome.status == "timeout" and traced is None and not lost:  # not come to its training?
        outcome = tally(case, BASELINE_SHARE)
        traced, why, tape = traced_from(case, outcome)
        lost = update_suspects(case.current, None, tape, outcome) if traced is None else []
        crash = crash_suspects(case.current, outcome) if outcome.status == "raised" else []
        if first:
            case.outcome = outcome
    if outcome.status == "timeout" and case.stop is None:
        cut_short(case, outcome)
    case.traced, case.before, case.edits = traced, case.current, ()
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


def judged(case: Case, traced: Traced, outcome: Outcome) -> list[Suspect]:
    """All checks of a program whose training was recorded."""
    suspects = crash_suspects(case.current, outcome) if outcome.status == "raised" else []
    case.say("checking the gradients")
    program = case.current
    forward: list[Suspect] = []
    forward += checked(case, "output", lambda: wrong_softmax_axis(program, traced), [])
    forward += checked(case, "data", lambda: misaligned(program, traced), [])
    suspects += forward
    gradients = GradientFindings([], [], [])
    blind = any(s.code == "O501" for s in forward)  # no gradient can agree with such an output
    if not blind:
        seconds = max(2.0, 0.25 * (case.deadline - time.monotonic()))
        gradients = checked(
            case, "gradient", lambda: judge_gradients_of(program, traced, seconds), gradients
        )
        suspects += gradients.suspects
    suspects += checked(
        case, "update", lambda: update_suspects(program, traced, traced.tape, outcome), []
    )
    record = build_record(
        traced.tape, traced.steps, traced.anatomy, traced.judgement, traced.layers, case.measured
    )
    findings, clean, unchecked = judge(record)
    taken = {s.code[0] for s in suspects} | ({"G"} if blind else set())
    rest = [f for f in findings if f.code[0] not in "GU" or f.code[0] not in taken]
    stuck = case.measured is None or max(case.measured.gained, case.after) < 0.5
    suspects += soft_suspects(case.current, traced, rest, record, stuck=stuck)
    suspects += checked(case, "gradient", lambda: stray_factors(program, traced), [])
    if not case.checked:
        case.checked = True
        case.clean += [*gradients.clean, *clean]
        case.unchecked = [*gradients.unchecked, *unchecked]
    return suspects


def tally(case: Case, share: float) -> Outcome:
    """Run the program as it now is, counting its loops."""
    seconds = min(share * case.budget, case.deadline - time.monotonic())
    return case.sandbox.run(case.current, Request("tally"), Limits(seconds=max(0.5, seconds)))


def traced_from(case: Case, outcome: Outcome) -> tuple[Traced | None, str, Tape | None]:
    """Record the program as it now is; or why that cannot be done."""
    return trace(
        lambda request: case.sandbox.run(
            case.current,
            request,
            Limits(seconds=max(2.0, min(20.0, 0.4 * (case.deadline - time.monotonic())))),
        ),
        outcome.loops,
        case.say,
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


def original_place(case: Case, finding: Finding) -> Finding:
    """A finding in a repaired program, at the line that it has in the original."""
    if finding.span is None or case.current is case.program:
        return finding
    file = finding.span.file
    old = case.program.files.get(file, "").splitlines()
    new = case.current.files.get(file, "").splitlines()
    if len(old) == len(new) or not old:
        return finding
    text = new[finding.span.line - 1] if finding.span.line <= len(new) else ""
    same = [n for n, line in enumerate(old, 1) if line == text]
    if not same:
        return finding
    line = min(same, key=lambda n: abs(n - finding.span.line))  # type: ignore[union-attr]
    moved = line - finding.span.line
    span = replace(finding.span, line=line, end_line=finding.span.end_line + moved)
    return replace(finding, span=span)


def source_findings(case: Case) -> None:
    """What can be seen without running: statements without effect."""
    for file, text in case.program.files.items():
        for span, what in useless_statements(file, text):
            rule = RULES["P704"]()
            case.findings.append(rule.finding("note", span, what=what))


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
        f"line {longest.key[1]}"
    )


def watch_baseline(case: Case, traced: Traced) -> None:
    """How far the program gets as it was given."""
    case.say("measuring how far it gets")
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


def original_key(case: Case, key: Key) -> Key | None:
    """Where a watched expression stood before the change: in the line that reads so."""
    old = case.program.files[key[0]].splitlines()
    new = case.current.files[key[0]].splitlines()
    same = [n for n, line in enumerate(old, 1) if line == new[key[1] - 1]]
    if not same:
        return None
    moved = min(same, key=lambda n: abs(n - key[1])) - key[1]
    return (key[0], key[1] + moved, key[2], key[3] + moved, key[4], key[5])


# ------------------------------------------------------------------------------------- mend


def mend(case: Case, suspects: Sequence[Suspect]) -> bool:
    """Find the set of changes that helps; True if there is one, then ``current`` has it."""
    if case.traced is None:
        return run_on(case, suspects)
    eye = case.traced.eye()
    trials = Trials(case.sandbox, case.current, eye, case.deadline, case.stop)
    trials.longest = case.budget * 1.2 * TRIAL_SHARE
    if case.stop is None and case.outcome is not None:
        trials.longest = case.outcome.seconds
    baseline = progress_now(case)
    choice = Chooser(trials, baseline, suspects, case.say).run()
    case.runs += trials.count
    if choice.cut:
        case.cut = case.cut or "not every change could be tried within the budget"
    if choice.trial is None:
        return advance(case, suspects, trials)
    accept(case, choice)
    return True


def run_on(case: Case, suspects: Sequence[Suspect]) -> bool:
    """A program in which no training was seen: the change after which it comes furthest."""
    exact = [s for s in suspects if s.exact and s.options]
    if not exact:
        return False
    sets = [[s.options[0] for s in exact]]
    for number, suspect in enumerate(exact):
        sets += [
            [*sets[0][:number], option, *sets[0][number + 1 :]] for option in suspect.options[1:]
        ]
    trials = Trials(case.sandbox, case.current, None, case.deadline)
    case.say(f"re-running with {'1 change' if len(exact) == 1 else f'{len(exact)} changes'}")
    crashed = {s.finding.span for s in exact if s.code == "P701"}
    for start in range(0, len(sets), 2):
        programs = []
        for options in sets[start : start + 2]:
            edits = [edit for option in options for edit in option.edits]
            program = trials.with_edits(edits)
            if program is not None:
                programs.append((program, edits))
        seconds = min(GLANCE * case.budget, case.deadline - time.monotonic())
        outcomes = case.sandbox.run_all(
            [(program, Request("tally")) for program, _ in programs],
            Limits(seconds=max(0.5, seconds)),
        )
        case.runs += len(programs)
        for (program, edits), outcome in zip(programs, outcomes, strict=True):
            again = crash_suspects(program, outcome) if outcome.status == "raised" else []
            if not crashed.isdisjoint(s.finding.span for s in again):
                continue
            for suspect in exact:
                need(case, original_place(case, with_text(suspect, edits)))
            follow(case, program, edits)
            case.ahead = outcome
            return True
    return False


def with_text(suspect: Suspect, edits: Sequence[Edit]) -> Finding:
    """The finding with what is written in its place."""
    own = [e for o in suspect.options for e in o.edits if e in edits]
    text = own[0].text.strip() if own else suspect.finding.replacement
    return replace(suspect.finding, replacement=text)


def advance(case: Case, suspects: Sequence[Suspect], trials: Trials) -> bool:
    """No change makes it learn yet; one that lets it run past a crash is a step all the same."""
    exact = [s for s in suspects if s.exact and s.options]
    if not exact or (
        case.measured is not None and case.outcome is not None and case.outcome.status == "finished"
    ):
        return False
    edits = [edit for s in exact for edit in s.options[0].edits]
    program = trials.with_edits(edits)
    if program is None:
        return False
    for suspect in exact:
        need(case, original_place(case, suspect.finding))
    follow(case, program, edits)
    return True


def follow(case: Case, program: Program, edits: Sequence[Edit]) -> None:
    """The program that has these changes is the one that is examined from now on."""
    if case.stop is not None:
        case.stop = (moved_key(case.stop[0], edits, case.current, program), case.stop[1])
    case.current, case.edits = program, tuple(edits)


def accept(case: Case, choice: Choice) -> None:
    """Make the chosen changes and remember what they were for."""
    trial = choice.trial
    if trial is None:
        return
    made: set[Edit] = set()
    for member in sorted(choice.members, key=lambda m: m.suspect.speculative):
        if made.issuperset(member.option.edits):  # the same change under another name
            continue
        made.update(member.option.edits)
        need(case, original_place(case, member.suspect.finding))
        for other in case.findings:  # one change may mend several places: all layers' weights
            if other.code == member.suspect.code and touched(other, member.option.edits):
                need(case, other)
    case.after = trial.gained
    case.after_measured = trial.measured
    for index, finding in enumerate(case.findings):
        for member in choice.members:
            own = original_place(case, member.suspect.finding)
            if (finding.code, finding.span) == (own.code, own.span) and member.option.edits:
                text = finding.replacement or member.option.edits[0].text.strip()
                case.findings[index] = replace(finding, replacement=text, proved=True)
    follow(case, trial.program, trial.edits)


def need(case: Case, finding: Finding) -> None:
    """Remember that the change for a finding is part of the repair."""
    case.needed.append(finding)
    if all((f.code, f.span) != (finding.code, finding.span) for f in case.findings):
        case.findings.append(finding)


def touched(finding: Finding, edits: Sequence[Edit]) -> bool:
    """True if one of the edits is made in the line of a finding."""
    at = finding.span
    return at is not None and any((e.span.file, e.span.line) == (at.file, at.line) for e in edits)


def progress_now(case: Case) -> float:
    """Progress of the program as it now stands."""
    measured = case.after_measured or case.compared
    if measured is None:
        return -1.0
    return measured.gained + 0.1 * max(-1.0, measured.loss_gained)


def learned(case: Case) -> bool:
    """True if the accepted changes made it learn."""
    return case.after_measured is not None and case.after > STUCK


# -------------------------------------------------------------------------------- conclude


def concluded(case: Case, seconds: float) -> Diagnosis:
    """Verdict, severities and repair."""
    verdict, reason = verdict_of(case)
    needed = (
        {(f.code, f.span) for f in case.needed} if learned(case) or case.after_measured else set()
    )
    findings = []
    for finding in case.findings:
        mended = (
            learned(case) and case.after > MENDED and (finding.code, finding.span) not in needed
        )
        if mended and finding.code in SYMPTOMS:
            continue  # it learns, and that was not changed
        severity: Severity = finding.severity
        if (finding.code, finding.span) in needed and verdict in {"stuck", "crashed"}:
            severity = "cause"
        elif finding.code in case.soft and (verdict in {"learns", "unknown"} or needed):
            severity = "note"  # it learns without that being changed
        findings.append(replace(finding, severity=severity))
    order = {"cause": 0, "fault": 1, "note": 2}
    findings.sort(key=lambda f: order[f.severity])
    return Diagnosis(
        program=case.program.name,
        verdict=verdict,
        progress=progress_of(case.measured),
        findings=tuple(findings),
        clean=tuple(case.clean),
        unchecked=tuple(case.unchecked),
        repair=repair_of(case),
        reason="; ".join(r for r in (reason, case.cut) if r),
        sources=dict(case.program.files),
        seconds=seconds,
    )


def verdict_of(case: Case) -> tuple[Verdict, str]:
    """Stuck, learns, crashed or unknown - and why, for the last two."""
    interrupted = "interrupted: this is what was known by then" if case.interrupted else ""
    outcome = case.outcome
    if outcome is None:
        return "unknown", interrupted or "the program was not run"
    if outcome.status in {"syntax", "raised", "memory", "interpreter"} and case.measured is None:
        return "crashed", outcome.error.message if outcome.error else outcome.status
    measured = case.measured
    lost = any(f.code in {"U201", "U202", "U204"} for f in case.findings)
    if measured is None and case.why == NOTHING_MOVES and lost and outcome.status == "finished":
        return "stuck", interrupted or "no parameter ever changes"
    if measured is None:
        return "unknown", interrupted or how_it_ended(outcome, case.why)
    gap_before = 1.0 - max(0.0, measured.gained)
    closed = 0.0
    if case.after_measured is not None and gap_before > 0.02:
        closed = (case.after - max(0.0, measured.gained)) / gap_before
    if measured.has_classes and measured.accuracy[2] > 0.999:
        return "unknown", interrupted or "all labels that were seen are of one class"
    if measured.gained <= STUCK or closed >= CLOSES:
        return "stuck", interrupted
    if outcome.status == "raised":
        return "crashed", outcome.error.message if outcome.error else ""
    return "learns", interrupted


def how_it_ended(outcome: Outcome, why: str) -> str:
    """Why nothing could be said of a program."""
    told = {
        "input": "it asks for input, and nobody answers here; write what it asks for into it",
        "timeout": f"it was still running when its time was up ({why})",
    }
    if outcome.status in told:
        return told[outcome.status]
    if outcome.status == "exited":
        return f"it ended itself with exit code {outcome.exit_code} ({why})"
    if outcome.status not in {"finished", "stopped"} and outcome.error is not None:
        return outcome.error.message
    return why or outcome.status


def progress_of(measured: Measured | None) -> Progress | None:
    """The published form."""
    if measured is None:
        return None
    if measured.has_classes:
        start, end, chance = measured.accuracy
        return Progress("accuracy", start, end, chance, measured.updates)
    start, end, chance = measured.loss
    return Progress("loss", start, end, chance, measured.updates)


def repair_of(case: Case) -> Repair | None:
    """The change that was made, with its numbers."""
    if case.current is case.program or case.after_measured is None:
        return None
    before = progress_of(case.measured)
    after = progress_of(case.after_measured)
    changed = {f: t for f, t in case.current.files.items() if case.program.files.get(f) != t}
    return Repair(
        findings=tuple(dict.fromkeys(f.code for f in case.needed)),
        diff=unified_diff(case.program, case.current),
        before=before.end if before else float("nan"),
        after=after.end if after else float("nan"),
        seeds=(0,),
        runs=case.runs,
        verified=case.after > (max(0.0, case.measured.gained) if case.measured else 0.0) + LEAST,
        files=changed,
    )


def edits_at(edits: Sequence[Edit], before: Program, after: Program) -> list[Edit]:
    """Edits that were written for one program, for another that has some of them already."""
    return [replace(e, span=moved_span(e.span, (), before, after)) for e in edits]
