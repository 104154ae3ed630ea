"""What a mutant does: harmful, harmless or between, by the number it prints, over three seeds.

Harmful is a mutant with under half of its original's progress, harmless one with at least 95 %. One
that crashes or takes much longer is neither, and so is one whose fault is only in what it reports:
a program whose network learns well is not stuck because it prints a wrong accuracy.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.doctor.metrics import Metric
from benchmarks.doctor.mutations import Mutant
from benchmarks.doctor.programs import QUIET, beside, metric_of
from benchmarks.doctor.store import ROOT, SCRATCH, Store, digest

SEEDS: tuple[int | None, ...] = (None, 1, 2)  # None: the program's own
HARMFUL, HARMLESS = 0.5, 0.95
REPORT_ONLY = {"O505"}


class Nursery:
    """One process that runs programs, one at a time, for any thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[str] | None = None

    def run(self, path: Path, seed: int | None, timeout: float) -> dict[str, Any]:
        """Run a program; ``status``, ``stdout`` and ``seconds``."""
        job = json.dumps({"path": str(path), "seed": seed, "timeout": timeout})
        with self.lock:
            for _ in range(3):
                answer = self.asked(job)
                if answer:
                    return dict(json.loads(answer))
        raise RuntimeError(f"the process that runs programs ended three times, over {path}")

    def asked(self, job: str) -> str:
        """The answer's line; empty if the process has ended (the system was short of memory)."""
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.doctor.nursery"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **QUIET},
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(job + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return ""
        answer = self.process.stdout.readline()
        if not answer:
            self.process.wait()
        return answer

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.communicate()
            self.process = None


@dataclass(slots=True)
class Harm:
    """Runs originals and mutants, once each, and says what the mutants do."""

    store: Store = field(default_factory=lambda: Store(SCRATCH / "doctor-harm.jsonl"))
    nursery: Nursery = field(default_factory=Nursery)

    def values(
        self,
        source: Path,
        text: str,
        label: str,
        limit: float,
        decided: Callable[[list[float | None]], bool] = lambda _: False,
    ) -> dict[str, Any]:
        """The printed numbers under the seeds, NaN as None; and the longest time.

        Seeds that can change nothing any more, once it is ``decided``, are left out.
        """
        key = digest("values", source.name, source.parent.name, text, label)
        known = self.store.get(key)
        if known is not None:
            return dict(known)
        numbers: list[float | None] = []
        status, longest = "finished", 0.0
        with tempfile.TemporaryDirectory(prefix="bench-doctor-") as folder:
            path = beside(source, text, Path(folder))
            for seed in SEEDS:
                run = self.nursery.run(path, seed, limit)
                longest = max(longest, run["seconds"])
                if run["status"] != "finished":
                    status = run["status"]
                    break
                value = metric_of(run["stdout"], label)
                numbers.append(value if math.isfinite(value) else None)
                if decided(numbers):
                    break
        found = {"status": status, "values": numbers, "seconds": longest}
        self.store.put(key, found)
        return found

    def of(self, mutant: Mutant, source: Path, metric: Metric) -> dict[str, Any]:
        """``status`` (harmful, harmless, between, crashes, slow, report) and the share left."""
        original = self.values(source, mutant.text, metric.label, 120.0)
        limit = max(10.0, 8 * original["seconds"])
        whole = max(progress(metric, original["values"]), 1e-9)

        def decided(numbers: list[float | None]) -> bool:
            low = sum(metric.progress(math.nan if v is None else v) for v in numbers)
            high = low + len(SEEDS) - len(numbers)
            shares = [v / len(SEEDS) / whole for v in (low, high)]
            harmful = shares[1] < HARMFUL
            return harmful or (shares[0] >= HARMFUL and shares[1] < HARMLESS)

        found = self.values(source, mutant.source, metric.label, limit, decided)
        if found["status"] != "finished":
            return {"status": "slow" if found["status"] == "timeout" else "crashes"}
        share = progress(metric, found["values"]) / whole
        status = "between"
        if share < HARMFUL:
            status = "harmful"
        elif share >= HARMLESS:
            status = "harmless"
        if set(mutant.code.split("+")) & REPORT_ONLY:
            status = "report"
        return {"status": status, "share": round(share, 3), "values": found["values"]}


def progress(metric: Metric, values: Sequence[float | None]) -> float:
    """Mean progress over the seeds that were run."""
    return sum(metric.progress(math.nan if v is None else v) for v in values) / len(values)
