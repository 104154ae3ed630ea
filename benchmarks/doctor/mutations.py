"""Plant one fault, at every place where it can be, into healthy programs: the mutants.

Each differs from its original in exactly the characters of its fault. What a mutant does is not
known here: `benchmarks.doctor.harm` runs it.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.doctor.plant import PLANTERS
from benchmarks.doctor.plant.fault import Fault
from benchmarks.doctor.roles import Roles
from benchmarks.doctor.source import Source, changed_lines, splice


@dataclass(frozen=True, slots=True)
class Mutant:
    """A program with one planted fault, or two."""

    program: str
    text: str
    faults: tuple[Fault, ...]

    @property
    def name(self) -> str:
        """The program, its codes and where they stand."""
        marks = "+".join(
            f"{f.code}:{lines[0]}" for f, lines in zip(self.faults, self.lines, strict=True)
        )
        return f"{self.program} {marks}"

    @property
    def code(self) -> str:
        """``G101``, or ``G101+W302``."""
        return "+".join(f.code for f in self.faults)

    @property
    def source(self) -> str:
        """The text with its faults."""
        return splice(self.text, [e for f in self.faults for e in f.edits])

    @property
    def lines(self) -> tuple[tuple[int, ...], ...]:
        """For each fault the lines on which it stands."""
        every = [e for f in self.faults for e in f.edits]
        return tuple(changed_lines(self.text, every, f.edits) for f in self.faults)


def mutants(program: str, text: str) -> list[Mutant]:
    """Every mutant of a program that parses and differs, each once."""
    roles = Roles(Source(text))
    found: dict[str, Mutant] = {}
    for plant in PLANTERS:
        for fault in plant(roles):
            mutant = Mutant(program, text, (fault,))
            source = mutant.source
            if source == text or source in found or not parses(source):
                continue
            found[source] = mutant
    return list(found.values())


def parses(text: str) -> bool:
    """Whether Python accepts a text."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def drawn(every: Sequence[Mutant], most: int, each: int, seed: int = 0) -> list[Mutant]:
    """At most ``most`` of a program's mutants, and at most ``each`` of one code, in turn."""
    rng = random.Random(seed)  # noqa: S311 - a draw
    by_code: dict[str, list[Mutant]] = {}
    for mutant in every:
        by_code.setdefault(mutant.code, []).append(mutant)
    for group in by_code.values():
        rng.shuffle(group)
    codes = sorted(by_code)
    rng.shuffle(codes)
    rounds = [by_code[c][i] for i in range(each) for c in codes if i < len(by_code[c])]
    return rounds[:most]


def pair(one: Mutant, two: Mutant) -> Mutant | None:
    """Both faults in one program; None where they would touch each other's lines."""
    both = Mutant(one.program, one.text, (*one.faults, *two.faults))
    rows = [{row(one.text, e.start) for e in m.faults[0].edits} for m in (one, two)]
    if one.text != two.text or one.code == two.code:
        return None
    near = any(abs(a - b) <= 1 for a in rows[0] for b in rows[1])
    return None if near or not parses(both.source) else both


def row(text: str, place: int) -> int:
    """The line of a place."""
    return text.count("\n", 0, place)
