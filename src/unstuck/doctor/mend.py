"""Find the change that helps by running programs that have it, and make it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from unstuck.doctor.case import Case, eye_of, follow, learned, need, original_place
from unstuck.doctor.crashes import crash_suspects
from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.fixes.choose import Choice, Chooser
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.verify import Trials
from unstuck.doctor.look import GLANCE, TRIAL_SHARE
from unstuck.doctor.suspect import Suspect
from unstuck.trace.request import Limits, Request


def mend(case: Case, suspects: Sequence[Suspect]) -> bool:
    """Find the set of changes that helps; True if there is one, then ``current`` has it."""
    if case.traced is None:
        return run_on(case, suspects)
    eye = eye_of(case, case.current)
    trials = Trials(case.sandbox, case.current, eye, case.deadline, case.stop)
    trials.longest = case.budget * 1.2 * TRIAL_SHARE
    if case.stop is None and case.outcome is not None:
        trials.longest = case.outcome.seconds
    trials.usual = trials.longest
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
        own = original_place(case, member.suspect.finding)
        # One change may mend several places (all layers' weights), or mend at another place.
        also = [
            other
            for other in case.findings
            if other.code == own.code and touched(other, member.option.edits)
        ]
        elsewhere = "other_place" in own.evidence and not touched(own, member.option.edits)
        for finding in also if elsewhere and also else [own, *also]:
            need(case, finding)
    case.after = trial.gained
    case.after_measured = trial.measured
    for index, finding in enumerate(case.findings):
        for member in choice.members:
            own = original_place(case, member.suspect.finding)
            if (finding.code, finding.span) == (own.code, own.span) and member.option.edits:
                text = finding.replacement or member.option.edits[0].text.strip()
                case.findings[index] = replace(finding, replacement=text, proved=True)
    follow(case, trial.program, trial.edits)


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
    trials = Trials(case.sandbox, case.before, eye_of(case, case.before), case.deadline)
    (trial,) = trials.run([(case.current, case.edits)], limit=seconds)
    case.runs += 1
    if trial.measured is not None and trial.ran:
        case.after, case.after_measured, case.compared = trial.gained, trial.measured, case.measured
        case.cut = ""
