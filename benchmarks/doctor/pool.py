"""Which mutants are asked about: drawn, run, and chosen so that no code and no program prevails.

The choice is written to ``benchmarks/results/doctor-mutants.json`` and kept, so that every doctor
is asked the same. To make it anew: ``python -m benchmarks.doctor plant``; with ``--sample N`` a
smaller one is made, that stands in as long as there is no other.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.doctor import subjects
from benchmarks.doctor.codes import right_codes
from benchmarks.doctor.exported import exported
from benchmarks.doctor.harm import Harm
from benchmarks.doctor.metrics import DIGITS, METRICS, Metric
from benchmarks.doctor.mutations import Mutant, drawn, mutants, pair
from benchmarks.doctor.plant.fault import Fault
from benchmarks.doctor.programs import beside
from benchmarks.doctor.source import Edit
from benchmarks.doctor.store import SCRATCH, digest
from benchmarks.doctor.subjects import Subject, Truth
from unstuck.base.files import write_json

CHOICE = Path(__file__).resolve().parents[1] / "results" / "doctor-mutants.json"
SAMPLE = SCRATCH / "doctor-mutants.json"  # a smaller choice, for a first look
SHARE = 0.1  # of all harmful mutants, for one code or one program
MOST = {"tune": (22, 2), "report": (36, 3)}  # drawn of a program; of one code in it
WANTED = {"harmful": 340, "harmless": 100, "pairs": 200}


def originals(name: str) -> dict[str, Subject]:
    """The healthy programs of a set: ``tune`` (our own, exported) or ``report`` (the cases)."""
    if name == "tune":
        found = subjects.healthy() + exported()
    else:
        found = [replace(s, name=s.name.split()[0]) for s in subjects.twins()]
        found += [s for s in subjects.cases() if s.kind == "healthy"]
    return {s.name: s for s in found}


def metric(program: str) -> Metric:
    """What a program's number means."""
    return DIGITS if program.startswith("exported") else METRICS[program]


def judged(
    name: str,
    harm: Harm,
    tell: Callable[[str], None],
    only: Sequence[str] = (),
    sample: int | None = None,
) -> Iterator[tuple[Mutant, dict[str, Any]]]:
    """The drawn mutants of a set (at most ``sample`` a program), each with what it does."""
    most, each = MOST[name]
    most = most if sample is None else min(most, sample)
    for program, subject in originals(name).items():
        if only and not any(part in program for part in only):
            continue
        every = mutants(program, subject.path.read_text("utf-8"))
        counts: Counter[str] = Counter()
        for mutant in drawn(every, most, each):
            found = harm.of(mutant, subject.path, metric(program))
            counts[found["status"]] += 1
            yield mutant, found
        tell(
            f"{program}: {len(every)} mutants; " + ", ".join(f"{v} {k}" for k, v in counts.items())
        )


def chosen(found: Sequence[tuple[Mutant, dict[str, Any]]], status: str, most: int) -> list[Mutant]:
    """As many as are wanted, program by program in turn, no code or program over its share."""
    rng = random.Random(0)  # noqa: S311 - a draw
    queues: dict[str, list[Mutant]] = {}
    for mutant, what in found:
        if what["status"] == status:
            queues.setdefault(mutant.program, []).append(mutant)
    for queue in queues.values():
        rng.shuffle(queue)
    limit = max(1, int(SHARE * most)) if len(queues) >= 1 / SHARE else most
    codes: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    result: list[Mutant] = []
    while queues and len(result) < most:
        for program in list(queues):
            queue = [m for m in queues[program] if codes[m.code] < limit]
            queue.sort(key=lambda m: codes[m.code])  # rare codes first
            if not queue or taken[program] >= limit or len(result) >= most:
                queues.pop(program)
                continue
            mutant = queue[0]
            queues[program].remove(mutant)
            codes[mutant.code] += 1
            taken[program] += 1
            result.append(mutant)
    return result


def paired(single: Sequence[Mutant], sources: dict[str, Subject], harm: Harm) -> Iterator[Mutant]:
    """Harmful pairs of harmful mutants of one program."""
    rng = random.Random(1)  # noqa: S311 - a draw
    groups: dict[str, list[Mutant]] = {}
    for mutant in single:
        groups.setdefault(mutant.program, []).append(mutant)
    tries = {p: [(a, b) for i, a in enumerate(g) for b in g[:i]] for p, g in groups.items()}
    for candidates in tries.values():
        rng.shuffle(candidates)
    while any(tries.values()):
        for program, candidates in tries.items():
            while candidates:
                both = pair(*candidates.pop())
                if both is None:
                    continue
                found = harm.of(both, sources[program].path, metric(program))
                if found["status"] == "harmful":
                    yield both
                    break


def plant(
    name: str,
    tell: Callable[[str], None],
    only: Sequence[str] = (),
    sample: int | None = None,
) -> dict[str, Any]:
    """Draw, run and choose a set's mutants, and keep the choice."""
    harm = Harm()
    sources = originals(name)
    found = list(judged(name, harm, tell, only, sample))
    harmful = chosen(found, "harmful", WANTED["harmful"])
    harmless = chosen(found, "harmless", WANTED["harmless"])
    most = WANTED["pairs"] if sample is None else 2 * sample
    pairs = [both for both, _ in zip(paired(harmful, sources, harm), range(most), strict=False)]
    harm.nursery.close()
    choice = {
        "drawn": dict(Counter(what["status"] for _, what in found)),
        "harmful": [as_json(m) for m in harmful],
        "harmless": [as_json(m) for m in harmless],
        "pairs": [as_json(m) for m in pairs],
    }
    if not only:
        where = CHOICE if sample is None else SAMPLE
        stored = json.loads(where.read_text("utf-8")) if where.exists() else {}
        write_json(where, {**stored, name: choice})
    return choice


def as_json(mutant: Mutant) -> dict[str, Any]:
    """A mutant by what it changes."""
    return {
        "program": mutant.program,
        "of": digest(mutant.text),
        "faults": [
            {"code": f.code, "what": f.what, "edits": [[e.start, e.end, e.text] for e in f.edits]}
            for f in mutant.faults
        ],
    }


def from_json(stored: dict[str, Any], source: Subject) -> Mutant:
    """The mutant again."""
    faults = tuple(
        Fault(f["code"], tuple(Edit(*e) for e in f["edits"]), f["what"]) for f in stored["faults"]
    )
    text = source.path.read_text("utf-8")
    if stored["of"] != digest(text):
        raise ValueError(f"{source.path} has changed: run `python -m benchmarks.doctor plant` anew")
    return Mutant(stored["program"], text, faults)


def planted(name: str, kind: str) -> list[Subject]:
    """The chosen mutants of a set as subjects, each in a folder with what it imports."""
    where = CHOICE if CHOICE.exists() else SAMPLE
    if not where.exists():
        raise FileNotFoundError(f"no {CHOICE}: run `python -m benchmarks.doctor plant` first")
    choice = json.loads(where.read_text("utf-8")).get(name, {})
    sources = originals(name)
    return [
        subject_of(from_json(stored, sources[stored["program"]]), sources[stored["program"]], kind)
        for stored in choice.get(kind, [])
    ]


def subject_of(mutant: Mutant, source: Subject, kind: str) -> Subject:
    """A mutant as a subject on disk."""
    folder = SCRATCH / "mutants" / digest(mutant.program, mutant.source)
    if not (folder / "program.py").exists():
        folder.mkdir(parents=True, exist_ok=True)
        beside(source.path, mutant.source, folder)
    truths = tuple(
        Truth(f.what, right_codes(f.code), lines)
        for f, lines in zip(mutant.faults, mutant.lines, strict=True)
    )
    return Subject(
        name=mutant.name,
        kind={"harmful": "mutant", "harmless": "harmless", "pairs": "pair"}[kind],
        path=folder / "program.py",
        verdict="learns" if kind == "harmless" else "stuck",
        truths=truths,
        twin=source.path,
        label=metric(mutant.program).label,
        program=mutant.program,
        code=mutant.code,
    )
