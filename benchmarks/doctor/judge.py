"""From a subject to its row: run it, ask the doctor, run what the doctor wrote, score."""

from __future__ import annotations

import math
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.doctor.programs import Answer, ask, beside, metric_of, plain
from benchmarks.doctor.score import Row, score_healthy, score_seed, score_stuck
from benchmarks.doctor.store import SCRATCH, Store, digest, fingerprint
from benchmarks.doctor.subjects import Subject


@dataclass(slots=True)
class Judge:
    """Holds what is already known.

    ``resume`` takes an answer of an earlier doctor for granted, so that an interrupted round goes
    on; otherwise an answer counts only for the very sources that gave it.
    """

    budget: float = 60.0
    resume: bool = False
    runs: Store = field(default_factory=lambda: Store(SCRATCH / "doctor-runs.jsonl"))
    answers: Store = field(default_factory=lambda: Store(SCRATCH / "doctor-answers.jsonl"))
    doctor: str = field(default_factory=fingerprint)

    def printed(self, source: Path, text: str, modules: dict[str, str] | None = None) -> str:
        """What a program prints; nothing if it does not end by itself."""
        key = digest("run", source.parent.name, text, sorted((modules or {}).items()))
        known = self.runs.get(key)
        if known is None:
            with tempfile.TemporaryDirectory(prefix="bench-doctor-") as folder:
                program = beside(source, text, Path(folder))
                for name, other in (modules or {}).items():
                    (Path(folder) / name).write_text(other, encoding="utf-8")
                run = plain(program)
            tail = run.stdout[-1000:]
            known = {"status": run.status, "stdout": tail, "seconds": round(run.seconds, 2)}
            self.runs.put(key, known)
        return str(known["stdout"]) if known["status"] == "finished" else ""

    def knows(self, subject: Subject) -> bool:
        """True if the doctor was asked about this one already."""
        return self.kept(subject, subject.path.read_text("utf-8")) is not None

    def kept(self, subject: Subject, text: str) -> Answer | None:
        """The answer of this doctor (or, to resume, of any), if there is one."""
        own, anyone = self.keys(subject, text)
        known = self.answers.get(own) or (self.answers.get(anyone) if self.resume else None)
        return Answer(**known) if known else None

    def keys(self, subject: Subject, text: str) -> tuple[str, str]:
        """Under what an answer is kept: as this doctor's, and as any doctor's."""
        asked = digest("answer", subject.path.parent.name, subject.path.name, text, self.budget)
        return digest(asked, self.doctor), asked

    def answer(self, subject: Subject, text: str) -> Answer:
        """The doctor's answer, asked for once."""
        known = self.kept(subject, text)
        if known is not None:
            return known
        found = ask(subject.path, self.budget)
        for key in self.keys(subject, text):
            self.answers.put(key, asdict(found))
        return found

    def row(self, subject: Subject) -> Row:
        """Everything about one subject."""
        text = subject.path.read_text("utf-8")
        answer = self.answer(subject, text)
        if subject.verdict == "learns":
            return score_healthy(subject, answer)
        broken = metric_of(self.printed(subject.path, text), subject.label)
        fixed = longer = math.nan
        if answer.fixed is not None:
            fixed = metric_of(
                self.printed(subject.path, answer.fixed, answer.modules), subject.label
            )
        if subject.kind == "seed":
            if subject.more_updates and answer.fixed and not fixed >= (subject.bar or 0):
                more = answer.fixed.replace(*subject.more_updates)
                longer = metric_of(self.printed(subject.path, more, answer.modules), subject.label)
            return score_seed(subject, answer, broken, fixed, longer)
        if subject.twin is None:
            raise ValueError(f"{subject.name} has no repaired twin to measure against")
        healthy = self.printed(subject.twin, subject.twin.read_text("utf-8"))
        twin = metric_of(healthy, subject.label)
        return score_stuck(subject, answer, broken, fixed, twin)
