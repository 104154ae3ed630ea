"""Re-runs decide: a change is believed when the program that has it was run and learned more.

Every trial runs the changed program in the sandbox and watches its outputs and labels, at equal
updates with the program as it was. What counts is how much of the way to the best answer is gone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from unstuck.base.errors import InvalidInputError
from unstuck.doctor.fixes.moves import moved_eye, moved_key
from unstuck.doctor.fixes.patch import Edit, apply
from unstuck.trace.program import Program
from unstuck.trace.progress import Eye, Measured, measure
from unstuck.trace.request import Key, Limits, Outcome, Request
from unstuck.trace.sandbox import Sandbox

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|\bnan\b|\binf\b", re.IGNORECASE)
RISING = re.compile(r"acc|score|r2|correct|right|precision|recall|f1", re.IGNORECASE)
FALLING = re.compile(r"loss|cost|err|mse|mae|rms|diff", re.IGNORECASE)
PATIENCE, SHORT = 12.0, 5.0  # a changed program may take so many times as long, so many seconds
LINES = 5  # with numbers at the end, of which one must say how good the program is
EVEN = 0.5  # what guessing reaches, where the labels were not seen
MOST_SAMPLES = 60  # of the whole batches that a full-batch program evaluates


@dataclass(frozen=True, slots=True)
class Trial:
    """One re-run: the program with some edits, and how far it got."""

    program: Program
    edits: tuple[Edit, ...]
    outcome: Outcome
    measured: Measured | None

    @property
    def ran(self) -> bool:
        """True if the program ran to its end, or as far as it might."""
        return self.outcome.status in {"finished", "stopped", "exited", "timeout"}

    @property
    def gained(self) -> float:
        """Progress between 0 (chance) and 1; -1 for a run that broke or could not be measured."""
        if not self.ran or self.measured is None:
            return -1.0
        return self.measured.gained

    @property
    def score(self) -> float:
        """Progress, with the loss to tell equal accuracies apart."""
        if not self.ran or self.measured is None:
            return -2.0
        return self.measured.gained + 0.1 * max(-1.0, self.measured.loss_gained)


class Trials:
    """Runs changed programs and measures them, as long as there is time."""

    def __init__(
        self,
        sandbox: Sandbox,
        program: Program,
        eye: Eye | None,
        deadline: float,
        stop: tuple[Key, int] | None = None,
    ) -> None:
        self.sandbox, self.program, self.eye = sandbox, program, eye
        self.deadline, self.stop = deadline, stop
        self.count = 0
        self.longest = 0.0
        self.usual = float("inf")  # seconds of the program as it was

    def has_time(self, share: float = 1.2) -> bool:
        """True if a re-run as long as the longest so far fits before the deadline."""
        return time.monotonic() + share * self.longest < self.deadline

    def run(
        self,
        jobs: Sequence[tuple[Program, Sequence[Edit]]],
        seed: int | None = None,
        *,
        stops: Sequence[tuple[Key, int] | None] | None = None,
        limit: float = float("inf"),
    ) -> list[Trial]:
        """Run programs (each with the edits that made it), two at a time.

        ``stops`` says where each ends, instead of where all of these trials do; no run takes
        longer than ``limit`` seconds.
        """
        if not jobs:
            return []
        stops = [self.stop] * len(jobs) if stops is None else stops
        eyes = [self._eye(program, edits) for program, edits in jobs]
        requests = [
            (program, self._request(program, edits, seed, stop, eye))
            for (program, edits), stop, eye in zip(jobs, stops, eyes, strict=True)
        ]
        # Ten times as many updates are worth waiting for, a hundred only where they are cheap.
        left = min(limit, max(SHORT, PATIENCE * self.usual), self.deadline - time.monotonic())
        started = time.monotonic()
        outcomes = self.sandbox.run_all(requests, Limits(seconds=max(1.0, left)))
        self.count += len(jobs)
        rounds = -(-len(jobs) // 2)
        self.longest = max(self.longest, (time.monotonic() - started) / rounds)
        return [
            Trial(program, tuple(edits), outcome, measured_by(eye, outcome))
            for (program, edits), outcome, eye in zip(jobs, outcomes, eyes, strict=True)
        ]

    def with_edits(self, edits: Sequence[Edit]) -> Program | None:
        """The program with edits made; None where they do not fit together."""
        try:
            return apply(self.program, edits)
        except InvalidInputError:
            return None

    def _eye(self, program: Program, edits: Sequence[Edit]) -> Eye | None:
        """What to watch in a changed program."""
        if self.eye is None or not edits:
            return self.eye
        return moved_eye(self.eye, edits, self.program, program)

    def _request(
        self,
        program: Program,
        edits: Sequence[Edit],
        seed: int | None,
        stop: tuple[Key, int] | None,
        eye: Eye | None,
    ) -> Request:
        many = eye is not None and eye.per_update <= 1
        request = Request("watch", seed=seed, grid=MOST_SAMPLES if many else 200)
        if eye is not None:
            request = replace(request, watch=(eye.key,))
        if stop is not None:
            loop, after = stop
            key = moved_key(loop, edits, self.program, program) if edits else loop
            request = replace(request, stop_loop=key, stop_after=after)
        return request


def measured_by(eye: Eye | None, outcome: Outcome) -> Measured | None:
    """Progress by what was watched; by what was printed, where nothing could be."""
    if eye is None:
        return printed(outcome.stdout)
    watched = outcome.watched[0] if outcome.watched else None
    return measure(watched, eye)


def printed(text: str) -> Measured | None:
    """Progress by what a program prints, where its outputs could not be watched.

    One of its last lines with a number must call it an accuracy, or else a loss. A loss is compared
    with the first one that was printed, where there are several.
    """
    lines = [line for line in text.splitlines() if NUMBER.search(line)]
    nan = float("nan")
    for word, rising in ((RISING, True), (FALLING, False)):
        if not any(word.search(line) for line in lines[-LINES:]):
            continue
        values = [v for line in lines if (v := number_after(word, line)) is not None]
        if not values:
            continue
        if rising:
            shares = [v / 100.0 if values[-1] > 1.0 else v for v in values]
            return Measured(0, (nan, shares[-1], EVEN), (nan, nan, nan))
        end = values[-1]
        chance = max(1.0, 2.0 * abs(end)) if len(values) == 1 else values[0]
        return Measured(0, (nan, nan, nan), (values[0], end, chance))
    return None


def number_after(word: re.Pattern[str], line: str) -> float | None:
    """The first number behind a word; where there is none behind it, the last one of the line.

    >>> number_after(FALLING, "step 20 loss 0.71 (best 0.7)"), number_after(RISING, "98 % correct")
    (0.71, 98.0)
    """
    found = word.search(line)
    if found is None:
        return None
    numbers = NUMBER.findall(line, found.end())[:1] or NUMBER.findall(line)[-1:]
    return float(numbers[0]) if numbers else None
