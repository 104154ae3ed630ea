"""The race: many short trainings, of which the losers stop early (successive halving).

Every candidate starts at every learning rate with the same seeds and batches. After a ninth and a
third of the way only the best go on, and those are chosen WITHIN each learning rate: with deep
networks a large rate leads at first and falls apart later, so it must not push out a small one.
The last round is run to its end, which is as long as the time allows.

Jamieson and Talwalkar (2016), Non-stochastic best arm identification, arXiv:1502.07943.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import current_process

import numpy as np

from unstuck.base.threads import available_cores, limit_blas_threads
from unstuck.weights.advice import Curve, RaceResult
from unstuck.weights.recipe import Rule
from unstuck.weights.trial import Run, Track, Trial, run_trial

SEGMENTS = 9  # looks at the held-out part in a full training
ROUNDS = (1, 3, 9)  # segments that each round runs to
KEEP_SHARE = (1 / 3, 1 / 2)  # who goes on after the first and second round
KEEP_SHARE_ONE_RATE = (1 / 2, 1 / 2)  # there is time for more
KEEP_LEAST = (3, 2)
SMALL_SECONDS = 2.0  # a race shorter than that is not worth starting processes for

Progress = Callable[[int, int, str], None]
"""``progress(done, total, what)``: called as trials end."""

Entry = tuple[str, float]  # candidate and learning rate


@dataclass(slots=True)
class Standing:
    """What the race has brought so far: for each entry its runs, one a seed, the longest yet.

    ``completed`` are the segments of the last round that all entries of it came through.
    """

    runs: dict[Entry, dict[int, Run]] = field(default_factory=dict)
    interrupted: bool = False
    completed: int = 0

    def put(self, trial: Trial, run: Run) -> None:
        """Keep a run; a longer one replaces a shorter one of the same start."""
        self.runs.setdefault((trial.name, trial.learning_rate), {})[trial.seed] = run

    def loss(self, entry: Entry, segments: int) -> float:
        """Mean loss after so many segments, over the seeds that got there; inf without any."""
        found = [
            run.losses[segments]
            for run in self.runs.get(entry, {}).values()
            if len(run.losses) > segments
        ]
        return float(np.mean(found)) if found else math.inf


def race(
    track: Track,
    plans: dict[str, tuple[Rule, ...] | None],
    learning_rates: Sequence[float],
    seeds: int,
    *,
    more_seeds: int = 0,
    index: dict[str, int],
    n_jobs: int | None = None,
    seconds: float = math.inf,
    limit: float = math.inf,
    progress: Progress | None = None,
) -> Standing:
    """Run the rounds. ``plans`` maps names to rules; ``index`` numbers them for their seeds.

    The last round has ``more_seeds`` than those before, for there the choice is made.
    ``seconds`` is what all of it is expected to take. Where the machine turns out to be slower,
    the last round is cut short so that ``limit`` seconds are kept to, as far as it can be. Ctrl-C
    ends the race with what there is.
    """
    standing = Standing()
    alive = [(name, rate) for rate in learning_rates for name in plans]
    total, done = planned(len(plans), len(learning_rates), seeds, more_seeds), 0
    jobs, started = workers(n_jobs, seconds), time.perf_counter()
    try:
        for number, planned_segments in enumerate(ROUNDS):
            segments, drawn = planned_segments, seeds
            if number + 1 == len(ROUNDS) and done:
                drawn += more_seeds
                left = limit - (time.perf_counter() - started)
                segments = affordable(left, time.perf_counter() - started, done, len(alive) * drawn)
            trials = [
                Trial(name, index[name], plans[name], rate, seed)
                for seed in range(drawn)
                for name, rate in alive
            ]
            what = f"round {number + 1} of {len(ROUNDS)}"
            for at, run in run_all(track, trials, segments, jobs):
                standing.put(trials[at], run)
                done += planned_segments
                if progress is not None:
                    progress(done, total, what)
            standing.completed = segments
            if number + 1 < len(ROUNDS):
                alive = survivors(standing, alive, segments, number)
    except KeyboardInterrupt:
        standing.interrupted = True
    return standing


def affordable(left: float, spent: float, done: int, trials: int) -> int:
    """Segments of the last round for which there is time, judged by those that were ``done``."""
    if not math.isfinite(left):
        return ROUNDS[-1]
    could = int(left / (spent / done * trials))
    return min(max(could, ROUNDS[-2] + 1), ROUNDS[-1])


def run_all(
    track: Track, trials: Sequence[Trial], segments: int, jobs: int | None
) -> Iterator[tuple[int, Run]]:
    """(place, run) of every trial, as they end; through joblib, whatever its backend is."""
    from joblib import Parallel, delayed
    from joblib.parallel import get_active_backend

    streams = get_active_backend()[0].supports_return_generator
    calls = [delayed(_numbered)(at, track, trial, segments) for at, trial in enumerate(trials)]
    with limit_blas_threads(1):  # in threads, each trial's own limit ends when another's does
        yield from Parallel(jobs, return_as="generator_unordered" if streams else "list")(calls)


def _numbered(at: int, track: Track, trial: Trial, segments: int) -> tuple[int, Run]:
    own = current_process().name.startswith("LokyProcess")
    if own and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who ends this one
    return at, run_trial(track, trial, segments)


def workers(n_jobs: int | None, seconds: float) -> int | None:
    """How many trials at once: as asked for, as joblib was configured (None), else one a core."""
    from joblib.parallel import get_active_backend

    backend, configured = get_active_backend()
    if n_jobs is not None or configured is not None or type(backend).__name__ != "LokyBackend":
        return n_jobs
    return 1 if seconds < SMALL_SECONDS else available_cores()


def survivors(
    standing: Standing, alive: Sequence[Entry], segments: int, number: int
) -> list[Entry]:
    """The entries that go on, in the same order: the best ones of each learning rate."""
    going: set[Entry] = set()
    rates = dict.fromkeys(rate for _, rate in alive)
    for rate in rates:
        here = [entry for entry in alive if entry[1] == rate]
        keep = kept(len(here), len(rates), number)
        ranked = sorted(here, key=lambda entry: standing.loss(entry, segments))
        going.update(ranked[:keep])
    return [entry for entry in alive if entry in going]


def planned(candidates: int, rates: int, seeds: int = 1, more_seeds: int = 0) -> int:
    """Segments that a race runs; in its last round at so many more seeds."""
    total, n = 0, candidates
    for number, segments in enumerate(ROUNDS):
        last = number + 1 == len(ROUNDS)
        total += n * rates * segments * (seeds + more_seeds * last)
        n = n if last else kept(n, rates, number)
    return total


def kept(candidates: int, rates: int, number: int) -> int:
    """How many of so many candidates go on after a round, at each learning rate."""
    share = (KEEP_SHARE if rates > 1 else KEEP_SHARE_ONE_RATE)[number]
    return min(candidates, max(KEEP_LEAST[number], math.ceil(share * candidates)))


def results(standing: Standing, segment: int) -> dict[str, list[RaceResult]]:
    """For every candidate its results, one a learning rate, the furthest and best first.

    After an interruption only completed rounds count, where there is one: whoever happened to be
    ahead in time is not ahead in the race.
    """
    most = standing.completed or ROUNDS[-1]
    longest = max(
        (min(len(r.losses), most + 1) for runs in standing.runs.values() for r in runs.values()),
        default=1,
    )
    found: dict[str, list[RaceResult]] = {}
    for (name, rate), runs in standing.runs.items():
        points = min(longest, *(len(run.losses) for run in runs.values()))
        found.setdefault(name, []).append(
            _result(
                [runs[seed] for seed in sorted(runs)],
                points,
                rate,
                segment,
                stopped_early=points < longest,
            )
        )
    for entries in found.values():
        entries.sort(key=lambda result: (-result.steps, result.mean))
    return found


def _result(
    runs: Sequence[Run], points: int, rate: float, segment: int, *, stopped_early: bool
) -> RaceResult:
    """What the runs of one entry came to, at so many looks."""
    table = np.array([run.losses[:points] for run in runs])  # (seeds, points)
    last = table[:, -1]
    finite = bool(np.isfinite(last).all())
    with np.errstate(invalid="ignore"):
        curve = Curve(
            tuple(k * segment for k in range(points)),
            tuple(table.mean(axis=0).tolist()),
            tuple(table.min(axis=0).tolist()),
            tuple(table.max(axis=0).tolist()),
        )
    return RaceResult(
        tuple(last.tolist()),
        tuple(run.scores[points - 1] for run in runs),
        float(last.mean()) if finite else math.inf,
        float(last.std(ddof=1)) if finite and len(last) > 1 else math.nan,
        (points - 1) * segment,
        curve,
        rate,
        stopped_early=stopped_early,
    )
