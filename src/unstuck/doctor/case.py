"""One diagnosis while it is being made: what is known, and the program as it now stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from unstuck.doctor.diagnosis import Clean, Finding, Unchecked
from unstuck.doctor.exhibits import Exhibits
from unstuck.doctor.fixes.moves import moved_key
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.judge import STUCK
from unstuck.doctor.suspect import Suspect
from unstuck.trace.program import Program
from unstuck.trace.progress import Eye, Measured
from unstuck.trace.request import Key, Outcome, Request
from unstuck.trace.sandbox import Sandbox
from unstuck.trace.traced import Traced

MENDED = 0.85  # progress from which on nothing else can be amiss
Say = Callable[[str], None]


@dataclass(slots=True)
class Case:
    """One diagnosis while it is being made.

    ``program`` is as it was given, ``current`` as it is examined: with what was accepted so far.
    ``needed`` are the findings that the accepted changes mend, ``after`` the progress with them.
    """

    program: Program
    sandbox: Sandbox
    deadline: float
    budget: float
    rerun: bool
    say: Say
    current: Program
    outcome: Outcome | None = None
    first: Traced | None = None  # of the program as it was given
    traced: Traced | None = None  # of the program as it now stands
    measured: Measured | None = None  # of the program as it was given
    compared: Measured | None = None  # the same at the update at which runs are compared
    stop: tuple[Key, int] | None = None  # that update in `current`; None: the end
    before: Program | None = None  # the program that was traced last ...
    edits: tuple[Edit, ...] = ()  # ... and what was changed since
    ahead: Outcome | None = None  # of `current`, where it was counted already
    ended: tuple[Request, Outcome] | None = None  # its last update and its end, recorded
    held: Eye | None = None  # the count on other data in which it only guesses ...
    known: Measured | None = None  # ... how it does on the data of its training ...
    apart: list[Suspect] = field(default_factory=list)  # ... and what sets the others apart
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
    exhibits: Exhibits | None = None  # of the first look at its training
    soft: set[str] = field(default_factory=set)  # codes of findings that depend on the data


def learned(case: Case) -> bool:
    """True if the accepted changes made it learn."""
    return case.after_measured is not None and case.after > STUCK


def need(case: Case, finding: Finding) -> None:
    """Remember that the change for a finding is part of the repair."""
    case.needed.append(finding)
    if all((f.code, f.span) != (finding.code, finding.span) for f in case.findings):
        case.findings.append(finding)


def follow(case: Case, program: Program, edits: Sequence[Edit]) -> None:
    """The program that has these changes is the one that is examined from now on."""
    if case.stop is not None:
        case.stop = (moved_key(case.stop[0], edits, case.current, program), case.stop[1])
    case.current, case.edits = program, tuple(edits)


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


def original_key(case: Case, key: Key) -> Key | None:
    """Where a watched expression stood before the change: in the line that reads so."""
    return same_place(key, case.current, case.program)


def same_place(key: Key, here: Program, there: Program) -> Key | None:
    """An expression of one program in another that has the same line; the nearest of several."""
    text = here.files[key[0]].splitlines()[key[1] - 1]
    same = [n for n, line in enumerate(there.files[key[0]].splitlines(), 1) if line == text]
    if not same:
        return None
    moved = min(same, key=lambda n: abs(n - key[1])) - key[1]
    return (key[0], key[1] + moved, key[2], key[3] + moved, key[4], key[5])


def eye_of(case: Case, program: Program) -> Eye | None:
    """What to watch in the program that was recorded last."""
    if case.held is not None:
        key = same_place(case.held.key, case.program, program)
        return None if key is None else replace(case.held, key=key)
    return case.traced.eye() if case.traced is not None else None
