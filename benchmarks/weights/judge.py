"""From a cell to its row: train every candidate on fresh seeds, ask the adviser, compare.

All that took long is kept as soon as it is known. Trainings count as long as data, network and
trainer are the same; answers only for the very sources of the adviser that gave them, or of any
(``resume``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from joblib import Parallel, delayed

from benchmarks.doctor.store import ROOT, SCRATCH, Store, digest, fingerprint
from benchmarks.weights.cells import Cell
from benchmarks.weights.score import Row, hopeless
from benchmarks.weights.trainings import Rules, ask, entered, train
from unstuck.weights import WeightAdvice
from unstuck.weights.candidates import PRESENT

SEEDS = {"report": (1001, 1002, 1003, 1004, 1005), "tune": (2001, 2002, 2003, 2004, 2005)}
ASKED = {"report": 0, "tune": 7}  # the adviser's own seed
FIRST, BEHIND = 2, 0.1  # who is so far behind after so many seeds is trained no more
SOURCES = ("core", "training")  # what a training depends on, beside the rules themselves

Start = tuple[Cell, str, int]


@dataclass(slots=True)
class Judge:
    """Holds what is already known."""

    jobs: int = 1
    resume: bool = False
    runs: Store = field(default_factory=lambda: Store(SCRATCH / "weights-runs.jsonl"))
    answers: Store = field(default_factory=lambda: Store(SCRATCH / "weights-answers.jsonl"))
    trainer: str = field(
        default_factory=lambda: digest(*(fingerprint(ROOT / "src/unstuck" / s) for s in SOURCES))
    )
    adviser: str = field(default_factory=lambda: fingerprint(ROOT / "src/unstuck/weights"))

    def row(self, cell: Cell) -> Row:
        """The cell's row."""
        answer = self.answer(cell)
        seeds = SEEDS[cell.part]
        rules = entered(cell, 0)
        names = [n for n in rules if n != PRESENT or answer["best"] == PRESENT]
        scores = self.scores(cell, rules, names, seeds[:FIRST])
        out = hopeless(scores, BEHIND) - {answer["best"]}
        going = [name for name in names if name not in out]
        scores |= self.scores(cell, rules, going, seeds)
        return Row(cell.name, answer["best"], answer["seconds"], scores)

    def knows(self, cell: Cell) -> bool:
        """True if the cell's row takes no training any more."""
        answer, seeds, rules = self.kept(cell), SEEDS[cell.part], entered(cell, 0)
        if answer is None:
            return False
        missing = {
            name: [self.known(self.key(cell, name, rule, seed)) is None for seed in seeds]
            for name, rule in rules.items()
            if name != PRESENT or answer["best"] == PRESENT
        }
        if any(any(gaps[:FIRST]) for gaps in missing.values()):
            return False
        first = self.scores(cell, rules, missing, seeds[:FIRST])
        out = hopeless(first, BEHIND) - {answer["best"]}
        return not any(any(gaps) for name, gaps in missing.items() if name not in out)

    def scores(
        self, cell: Cell, rules: dict[str, Rules | None], names: Iterable[str], seeds: Iterable[int]
    ) -> dict[str, tuple[float, ...]]:
        """Test accuracies; what is not known is trained, ``jobs`` at a time."""
        starts = {(cell, n, s): self.key(cell, n, rules[n], s) for n in names for s in seeds}
        unknown = {start: key for start, key in starts.items() if self.known(key) is None}
        for start, score in trained(unknown, self.jobs):
            self.runs.put(unknown[start], {"score": round(score, 5), "of": self.trainer})
        found: dict[str, tuple[float, ...]] = {}
        for (_, name, _), key in starts.items():
            found[name] = (*found.get(name, ()), self.known(key) or 0.0)
        return found

    def known(self, key: str) -> float | None:
        """A kept accuracy."""
        kept = self.runs.get(key)
        usable = kept is not None and (self.resume or kept["of"] == self.trainer)
        return float(kept["score"]) if usable else None

    def key(self, cell: Cell, name: str, rules: Rules | None, seed: int) -> str:
        """What a training depends on. The adviser's choice is no part of it."""
        return digest(cell, name, rules, seed)

    def answer(self, cell: Cell) -> dict[str, Any]:
        """What the adviser recommends, and the race that it held."""
        kept = self.kept(cell)
        if kept is None:
            advice, seconds = ask(cell, ASKED[cell.part], self.jobs)
            kept = {"of": self.adviser, "seconds": round(seconds, 2), **told(advice)}
            self.answers.put(digest("answer", cell, ASKED[cell.part]), kept)
        return kept

    def kept(self, cell: Cell) -> dict[str, Any] | None:
        """A kept answer."""
        kept = self.answers.get(digest("answer", cell, ASKED[cell.part]))
        usable = kept is not None and (self.resume or kept["of"] == self.adviser)
        return dict(kept) if usable else None


def told(advice: WeightAdvice) -> dict[str, Any]:
    """The answer as JSON: the recommendation, and every candidate's losses and scores."""
    races = {
        c.name: {
            "steps": c.race.steps,
            "losses": c.race.losses,
            "scores": c.race.scores,
            "curve": c.race.curve.mean,
        }
        for c in advice.candidates
        if c.race is not None
    }
    return {"best": advice.best, "reason": advice.reason, "races": races}


def trained(starts: Iterable[Start], jobs: int) -> Iterator[tuple[Start, float]]:
    """Accuracies, as the trainings end."""
    calls = [delayed(_one)(start) for start in starts]
    yield from Parallel(jobs, return_as="generator_unordered")(calls)


def _one(start: Start) -> tuple[Start, float]:
    return start, train(*start)
