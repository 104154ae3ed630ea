"""One answer of the doctor held against the truth: verdict, code, line, repair, precision.

Nothing here runs a doctor's idea of progress: a repair is measured by the first number that the
program itself prints on its metric's line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.doctor.programs import Answer, Run
from benchmarks.doctor.subjects import Subject, Truth

REPAIRED = 0.9  # of the way from the broken metric to the twin's


@dataclass(slots=True)
class Row:
    """How one subject went; None where a question does not apply."""

    name: str
    kind: str
    program: str
    code: str
    expected: str
    verdict: str
    right_verdict: bool
    named: bool | None = None
    placed: bool | None = None
    repaired: bool | None = None
    both: bool | None = None  # of a pair: both faults named
    metrics: dict[str, float | None] = field(default_factory=dict)
    causes: list[str] = field(default_factory=list)  # code:line of all
    right_causes: int = 0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    missed: list[str] = field(default_factory=list)  # in words
    error: str = ""

    @property
    def good(self) -> bool:
        """Nothing that was asked is wrong."""
        asked = (self.named, self.placed, self.repaired, self.both)
        return self.right_verdict and False not in asked and not self.missed

    def as_json(self) -> dict[str, Any]:
        """For the result file."""
        return asdict(self)


def findings(answer: Answer, *severities: str) -> list[dict[str, Any]]:
    """The findings of these severities."""
    every = answer.diagnosis.get("findings") or []
    return [f for f in every if f.get("severity") in severities]


def tag(finding: dict[str, Any]) -> str:
    """``G103:46``."""
    return f"{finding.get('code')}:{finding.get('line')}"


def way(broken: float, fixed: float, twin: float) -> float:
    """How much of the way from broken to its twin a repair went.

    A metric that is not finite goes nowhere; from one that is not finite, arriving within a tenth
    of the twin is the whole way.

    >>> way(0.1, 0.9, 0.9), way(float("nan"), 1.0, 1.0), way(0.1, float("nan"), 0.9)
    (1.0, 1.0, 0.0)
    """
    if not math.isfinite(fixed):
        return 0.0
    if not math.isfinite(broken):
        return float(abs(fixed - twin) <= 0.1 * max(abs(twin), 1e-3))
    if twin == broken:
        return float(fixed == twin)
    return (fixed - broken) / (twin - broken)


def truth_is_found(truth: Truth, answer: Answer, *, in_repair: bool) -> str:
    """Nothing if it is found, otherwise what is missing, in words."""
    where = f"{'/'.join(sorted(truth.codes))} at line {truth.lines[0]} ({truth.what})"
    named = [f for f in findings(answer, "cause", "fault", "note") if truth.named_by(f)]
    if any(truth.placed_by(f) for f in named):
        return ""
    if truth.after is not None and in_repair:
        return ""
    if named:
        return f"misplaced: {where}, said {', '.join(map(tag, named))}"
    return f"not found: {where}"


def begin(subject: Subject, answer: Answer) -> Row:
    """What is the same for all kinds."""
    verdict = str(answer.diagnosis.get("verdict", "none"))
    return Row(
        name=subject.name,
        kind=subject.kind,
        program=subject.program,
        code=subject.code,
        expected=subject.verdict,
        verdict=verdict,
        right_verdict=verdict == subject.verdict,
        causes=[tag(f) for f in findings(answer, "cause")],
        faults=[tag(f) for f in findings(answer, "fault")],
        notes=[tag(f) for f in findings(answer, "note")],
        seconds=round(answer.seconds, 2),
        error=answer.error or str(answer.diagnosis.get("reason") or ""),
    )


def right_causes(answer: Answer, truths: Sequence[Truth], *, repaired: bool) -> int:
    """Causes that are the fault, or part of a repair that works."""
    parts = set((answer.diagnosis.get("repair") or {}).get("findings") or ())
    count = 0
    for found in findings(answer, "cause"):
        is_truth = any(t.named_by(found) and t.placed_by(found) for t in truths)
        count += is_truth or (repaired and found["code"] in parts)
    return count


def score_stuck(subject: Subject, answer: Answer, broken: float, fixed: float, twin: float) -> Row:
    """A program that does not learn: the five questions.

    Any primary truth that is named counts; of a pair, both must be named.
    """
    row = begin(subject, answer)
    asked = [t for t in subject.truths if t.primary] or list(subject.truths)
    named = [t for t in asked if any(t.named_by(f) for f in findings(answer, "cause", "fault"))]
    placed = [
        t
        for t in asked
        if any(t.named_by(f) and t.placed_by(f) for f in findings(answer, "cause", "fault"))
    ]
    row.named, row.placed = bool(named), bool(placed)
    share = way(broken, fixed, twin) if answer.fixed is not None else 0.0
    row.repaired = share >= REPAIRED
    row.metrics = {
        "broken": number(broken),
        "fixed": number(fixed),
        "twin": number(twin),
        "way": number(share),
    }
    row.right_causes = right_causes(answer, subject.truths, repaired=row.repaired)
    if subject.kind == "pair":
        row.both = len(named) == len(asked)
        row.named = row.placed = None
    return row


def score_seed(subject: Subject, answer: Answer, broken: float, fixed: float, longer: float) -> Row:
    """A seed: every mistake found, its clean list, and a repair that reaches the bar."""
    row = begin(subject, answer)
    reached = max((v for v in (fixed, longer) if math.isfinite(v)), default=math.nan)
    row.repaired = subject.bar is not None and reached >= subject.bar
    row.metrics = {"broken": number(broken), "fixed": number(fixed), "bar": subject.bar}
    if math.isfinite(longer):
        row.metrics["fixed, longer"] = number(longer)
    row.missed = [
        gap
        for t in subject.truths
        if (gap := truth_is_found(t, answer, in_repair=bool(row.repaired)))
    ]
    said = " ".join(
        f"{c.get('check')} {c.get('what')}" for c in answer.diagnosis.get("clean") or []
    ).lower()
    row.missed += [f"not in the clean list: {word}" for word in subject.clean if word not in said]
    if len(row.causes) < subject.least_repairs:
        row.missed.append(f"causes: {len(row.causes)}, expected {subject.least_repairs} or more")
    row.right_causes = right_causes(answer, subject.truths, repaired=bool(row.repaired))
    return row


def score_healthy(subject: Subject, answer: Answer) -> Row:
    """A healthy program: it learns, and there is neither a cause nor a fault."""
    row = begin(subject, answer)
    if subject.kind == "healthy":
        row.missed = [f"false alarm: {t}" for t in row.causes + row.faults]
    return row


def number(value: float) -> float | None:
    """For JSON, which knows no NaN."""
    return round(value, 6) if math.isfinite(value) else None


Measure = Callable[[str], Run]
