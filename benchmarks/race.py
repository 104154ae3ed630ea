"""Contestants run in turn, round after round, so that a drifting machine drifts for all alike.

Each lives in its own process (see `worker`), made ready one after the other and then asked for one
run at a time: while one runs, the others sleep.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS

PAUSE = 0.2  # seconds; threads of the last contestant may spin a while before they sleep
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Entry:
    """Who runs, on how many threads and samples; its time is scaled up to ``whole`` samples."""

    peer: str
    threads: int
    samples: int
    whole: int


@dataclass(slots=True)
class Outcome:
    """What an entry's process said of itself, and its time (scaled to ``whole``) in each round."""

    entry: Entry
    ready: dict[str, Any]
    seconds: list[float] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Median over the rounds, in seconds."""
        return statistics.median(self.seconds)


def environment(entry: Entry) -> dict[str, str]:
    """The variables that hold every library here to a number of threads, set before it loads.

    With ``threads`` 0 nothing is limited: the contestant chooses for itself.
    """
    limits = {"JAX_PLATFORMS": "cpu", **PEERS[entry.peer].environment}
    if entry.threads:
        names = ("OMP", "OPENBLAS", "MKL", "NUMBA")
        limits |= {f"{name}_NUM_THREADS": str(entry.threads) for name in names}
        limits["NPROC"] = str(entry.threads)  # XLA's thread pool
    if entry.threads == 1:
        limits["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return {**os.environ, **limits}


class Contestant:
    """A worker process: made ready on entering, ended on leaving."""

    def __init__(self, entry: Entry, mode: str, folder: Path, checked: int) -> None:
        self.entry = entry
        numbers = ["--samples", str(entry.samples), "--checked", str(checked)]
        self.process = subprocess.Popen(  # noqa: S603 - our own worker
            [sys.executable, "-m", "benchmarks.worker", entry.peer, mode, str(folder), *numbers],
            env=environment(entry),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.outcome = Outcome(entry, self.answer())
        except BaseException:
            self.close()
            raise

    def answer(self) -> dict[str, Any]:
        """Wait for the worker's next line."""
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise RuntimeError(f"{self.entry} ended with exit code {self.process.wait()}")
        return dict(json.loads(line))

    def run(self, number: int) -> None:
        """One timed run; ``number`` is the round, for recipes that take it as their seed."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        answer = self.answer()
        self.outcome.answers.append(answer)
        self.outcome.seconds.append(answer["seconds"] * self.entry.whole / self.entry.samples)

    def close(self) -> None:
        """End the worker: at the end of its input it goes by itself, or is made to."""
        with self.process:  # closes the pipes, and waits
            try:
                self.process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()


def race(
    entries: Sequence[Entry],
    mode: str,
    folder: Path,
    rounds: int,
    checked: int,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Outcome]:
    """Run every entry once a round, each round beginning with another entry."""
    contestants: list[Contestant] = []
    try:
        for entry in entries:
            tell(f"preparing {entry.peer} on {entry.threads} thread(s)")
            contestants.append(Contestant(entry, mode, folder, checked))
        for number in range(rounds):
            shift = number % len(contestants)
            for contestant in contestants[shift:] + contestants[:shift]:
                time.sleep(PAUSE)
                tell(f"round {number + 1} of {rounds}: {contestant.entry.peer}")
                contestant.run(number)
    finally:
        for contestant in contestants:
            contestant.close()
    return [contestant.outcome for contestant in contestants]
