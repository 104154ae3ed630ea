"""From accuracies to regret: what a recommendation loses against the best candidate."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.report import Bar

POINT = 0.01  # of accuracy that may be lost
LEARNS = 0.3  # accuracy from which a candidate is said to learn; guessing gives 0.1
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}  # 97.5 % quantile of t for so many seeds
BASELINES = ("he", "glorot", "pytorch", "scikit-learn")
ADVISER = "the adviser"


@dataclass(frozen=True, slots=True)
class Row:
    """One cell: the recommendation, and the test accuracies of every candidate, one a seed."""

    cell: str
    best: str
    seconds: float
    scores: dict[str, tuple[float, ...]]

    @property
    def top(self) -> str:
        """The candidate with the highest mean: of as many seeds as any has."""
        most = max(len(scores) for scores in self.scores.values())
        full = [name for name, scores in self.scores.items() if len(scores) == most]
        return max(full, key=self.mean)

    def mean(self, name: str) -> float:
        """Mean accuracy of a candidate; the recommended one goes by `ADVISER`, too."""
        return statistics.fmean(self.scores[self.best if name == ADVISER else name])

    def regret(self, name: str) -> float:
        """What a candidate loses against the best one."""
        return self.mean(self.top) - self.mean(name)

    def good(self, name: str) -> bool:
        """Within a point of the best candidate, or inside its 95 % interval."""
        return self.regret(name) <= max(POINT, half_width(self.scores[self.top])) + 1e-12

    def learns(self, name: str) -> bool:
        """True unless some candidate learns and this one does not."""
        return self.mean(name) >= LEARNS or self.mean(self.top) < LEARNS

    def as_json(self) -> dict[str, Any]:
        """For the result file."""
        return {**asdict(self), "top": self.top, "regret": round(self.regret(ADVISER), 5)}


def half_width(scores: Sequence[float]) -> float:
    """Half of the 95 % interval of a mean, by Student's t.

    >>> round(half_width([0.90, 0.91, 0.92, 0.93, 0.94]), 4)
    0.0196
    """
    n = len(scores)
    return STUDENT[n] * statistics.stdev(scores) / math.sqrt(n) if n > 1 else math.inf


def bars(rows: Sequence[Row]) -> list[Bar]:
    """The promises."""
    good = sum(row.good(ADVISER) for row in rows) / len(rows)
    return [
        Bar("as good as the best candidate", 0.9, good, "of cells"),
        Bar("cells where only it does not learn", 0, failures(rows, ADVISER), "", at_most=True),
    ]


def failures(rows: Sequence[Row], name: str) -> int:
    """Cells where some candidate learns and this one does not."""
    return sum(not row.learns(name) for row in rows)


def figures(rows: Sequence[Row], name: str) -> dict[str, float]:
    """How a way to choose does over all cells."""
    losses = [row.regret(name) for row in rows]
    return {
        "good": sum(row.good(name) for row in rows) / len(rows),
        "mean": statistics.fmean(losses),
        "median": statistics.median(losses),
        "worst": max(losses),
        "failures": failures(rows, name),
    }


def hopeless(scores: Mapping[str, Sequence[float]], behind: float) -> set[str]:
    """Candidates whose first seeds are so far behind the best that more would change nothing."""
    best = max(statistics.fmean(found) for found in scores.values())
    return {name for name, found in scores.items() if statistics.fmean(found) < best - behind}
