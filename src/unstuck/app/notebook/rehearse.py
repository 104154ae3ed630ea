"""Which values come out as the notebook has them when the statements that made them run again.

One run of the head alone, in the sandbox, before the diagnosis. What comes out the same is made
again in every run; what does not is copied into each.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unstuck.app.notebook.context import Context, token
from unstuck.trace.program import Program
from unstuck.trace.request import Limits, Outcome, Request
from unstuck.trace.sandbox import Sandbox

SHARE = 0.1  # of the budget, for all rehearsals
LONGEST = 0.03  # of the budget, that the head may take in every run
TRIES = 5


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Names by what becomes of them.

    ``copied`` are set to copies; ``anew`` are made again though the notebook has other numbers,
    since it is the cell itself that changed them; ``uncopied`` since they cannot be copied.
    """

    copied: tuple[str, ...]
    anew: tuple[str, ...] = ()
    uncopied: tuple[str, ...] = ()


def rehearse(
    context: Context,
    folder: Path,
    path: Path,
    sandbox: Sandbox,
    budget: float,
    say: Callable[[str], None],
) -> Rehearsed:
    """Run the head until it runs through, each time without what broke it or took too long."""
    deadline = time.monotonic() + SHARE * budget
    for _ in range(TRIES):
        repeated = [s for s in context.slices.ordered if not s.defines]
        if not repeated:
            return Rehearsed(tuple(context.values))
        say("looking at what the earlier cells made")
        word = token()
        program = without_cell(context, folder, path, word)
        left = max(0.5, deadline - time.monotonic())
        outcome = sandbox.run(program, Request("tally"), Limits(seconds=left))
        answer = answer_in(outcome, word)
        if answer is not None and outcome.seconds <= max(0.5, LONGEST * budget):
            return judged(context, answer)
        if answer is not None:  # right, but too slow to be done in every run
            break
        broken = broken_statement(context, program, outcome)
        if broken is None or time.monotonic() > deadline:
            break
        context.skipped.add(broken)
        context.gather()
        context.copies.write(path.parent)
    context.skipped |= {s.position for s in context.slices.ordered if not s.defines}
    context.gather()
    context.copies.write(path.parent)
    return Rehearsed(tuple(context.values))


def without_cell(context: Context, folder: Path, path: Path, word: str) -> Program:
    """The head alone; it tells how its values compare."""
    program = context.program(folder, path, tuple(context.values), compare=word)
    text = program.files[program.entry]
    marker = str(program.namespace["marker"])
    head = text[: text.index(f"{marker}\n") + len(marker) + 1]
    return program.with_file(program.entry, head)


def answer_in(outcome: Outcome, word: str) -> dict[str, str] | None:
    """What the run said of the values."""
    for line in reversed(outcome.stdout.split("\n")):
        if line.startswith(word):
            found: dict[str, str] = json.loads(line[len(word) :])
            return found
    return None


def broken_statement(context: Context, program: Program, outcome: Outcome) -> int | None:
    """The statement in which a run of the head ended."""
    span = outcome.error.span if outcome.error is not None else None
    if span is None or span.file != program.entry or program.notebook is None:
        return None
    cell, line = program.notebook.located(span.line)
    inside = [
        s
        for s in context.slices.ordered
        if s.cell == cell and not s.defines and s.lines[0] <= line <= s.lines[1]
    ]
    if inside:
        return inside[0].position
    # Inside of a function: the last statement that calls anything of it is not known.
    repeated = [s for s in context.slices.ordered if not s.defines]
    return repeated[-1].position if repeated else None


def judged(context: Context, answer: dict[str, str]) -> Rehearsed:
    """What is copied, after one comparison."""
    copied, anew, uncopied = set(), set(), set()
    for name in context.values:
        how = answer.get(name, "")
        complete = name in context.slices.made and name not in context.slices.incomplete
        made_in = max((s.cell for s in context.slices.kept.values() if name in s.binds), default=0)
        ran_since = any(number > made_in for number in context.earlier)
        if how == "same":
            continue
        if complete and how == "unknown":
            uncopied.add(name)
            continue
        if complete and how == "alike" and ran_since:
            anew.add(name)
        else:
            copied.add(name)
    for group in together(context):  # what shares an object is all copied, or not at all
        if not copied.isdisjoint(group):
            copied |= group - uncopied
            anew -= group
    return Rehearsed(*(tuple(sorted(names)) for names in (copied, anew, uncopied)))


def together(context: Context) -> list[set[str]]:
    """Names whose values share something that can be changed."""
    copies = context.copies
    owner: dict[object, str] = {}
    group: dict[str, set[str]] = {name: {name} for name in context.values}
    for name in context.values:
        waiting = [copies.names[name]]
        seen: set[int] = set()
        while waiting:
            reference = waiting.pop()
            if type(reference) is not dict:
                continue
            if "#" not in reference:
                waiting += [x for pair in reference.get("=", ()) for x in pair]
                continue
            number = reference["#"]
            if number in seen:
                continue
            seen.add(number)
            entry = copies.objects[number]
            if entry[0] in SHARED_FREELY:
                continue
            key = ("memory", entry[6][0]) if entry[0] == "array" else number
            other = owner.setdefault(key, name)
            if group[other] is not group[name]:
                merged = group[other] | group[name]
                for each in merged:
                    group[each] = merged
            waiting += inner(entry[1:])
    return list(group.values())


SHARED_FREELY = {
    "bytes", "complex", "ellipsis", "member", "missing", "module", "named", "not implemented",
    "own", "range", "scalar", "stream",
}  # fmt: skip


def inner(parts: Sequence[object]) -> list[object]:
    """All references in an entry."""
    found: list[object] = []
    waiting: list[object] = list(parts)
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            found.append(part)
    return found
