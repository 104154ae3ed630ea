"""How long the race is, on which rows, and with which engine: settled before it starts.

A few updates are timed, and the budget says how many a full training may have. All trials then run
the same updates with the same engine, wherever they run.
"""

from __future__ import annotations

import math
import time
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import DivergenceError, InvalidInputError
from unstuck.base.threads import limit_blas_threads
from unstuck.core.network import Network
from unstuck.core.optimizers import Optimizer
from unstuck.data.split import take_rows
from unstuck.training.engines.choose import numpy_seconds
from unstuck.training.engines.plan import unsupported
from unstuck.training.engines.protocol import Job
from unstuck.training.evaluate import evaluate
from unstuck.training.trainer import Trainer
from unstuck.weights.race import SEGMENTS, workers
from unstuck.weights.trial import HELD, HELD_MOST, Track, divide

HELD_SHARE = 0.2  # of the samples at most, for judging
EPOCHS_MOST, STEPS_MOST, STEPS_LEAST = 30, 6000, 45
SPENT = 0.8  # of the budget is planned for; processes must start, and machines get busy
TIMED_BATCHES, TIMED_SECONDS = 256, 0.2  # until one of them is reached
WORTH_COMPILING = (
    3.0  # seconds that NumPy would take; fixed, so that equal calls take equal engines
)
STARTING_SECONDS = 3.0  # of worker processes, with what they import


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the pace follows from; ``segments`` is the length of the whole race, in segments.

    It is ``with_more`` of them at more seeds in the last round, for which there may be time.
    """

    optimizer: Optimizer
    batch_size: int | str
    steps: int | None
    budget: float
    segments: int
    with_more: int
    n_jobs: int | None


@dataclass(frozen=True, slots=True)
class Pace:
    """The track, the updates of a full training, and what the whole race will take.

    ``spent`` are the seconds that timing took. ``hurried`` is True where the budget allows less
    than half of the updates that a full training should have. ``more_seeds`` is True where there
    is time for more of them in the last round.
    """

    track: Track
    steps: int
    seconds_per_step: float
    seconds: float
    notes: tuple[str, ...]
    spent: float
    hurried: bool
    more_seeds: bool


def plan_race(
    network: Network, data: tuple[AnyArray, AnyArray], batch: Array, wishes: Wishes, entropy: int
) -> Pace:
    """Hold out a part, time some updates, decide how many there are."""
    started = time.perf_counter()
    train, held = _parts(data[1], network.task, entropy)
    whole = wishes.batch_size == "all"
    batch_size = len(train) if whole else min(int(wishes.batch_size), len(train))
    longest = max(STEPS_LEAST, min(STEPS_MOST, EPOCHS_MOST * math.ceil(len(train) / batch_size)))
    some = np.sort(train if whole else train[: TIMED_BATCHES * batch_size])
    track = Track(
        network,
        take_rows(data[0], some),
        take_rows(data[1], some),
        take_rows(data[0], np.sort(held)),
        take_rows(data[1], np.sort(held)),
        batch,
        wishes.optimizer,
        batch_size,
        1,
        "numpy",
        entropy,
    )
    track = replace(track, engine=_engine(track, wishes, wishes.steps or longest))
    pace, extra = time_steps(track)
    jobs = _jobs(wishes.n_jobs)
    steps, notes = wishes.steps, []
    segments = wishes.with_more
    if steps is None:
        left = max(SPENT * wishes.budget - STARTING_SECONDS, 0.3 * wishes.budget)
        steps = int((left * jobs / segments - extra) / pace * SEGMENTS)
        if steps < longest:
            segments = wishes.segments
            steps = int((left * jobs / segments - extra) / pace * SEGMENTS)
        if steps < STEPS_LEAST:
            notes.append(
                f"The budget of {wishes.budget:g} s allows {max(steps, 0)} updates a training; "
                f"{STEPS_LEAST} are done, and that is little. Give more time."
            )
        steps = min(max(steps, STEPS_LEAST), longest)
    segment = math.ceil(steps / SEGMENTS)
    rows = np.sort(train if whole else train[: segment * SEGMENTS * batch_size])
    track = replace(track, X=take_rows(data[0], rows), y=take_rows(data[1], rows), segment=segment)
    return Pace(
        track,
        segment * SEGMENTS,
        pace,
        segments * (segment * pace + extra) / jobs,
        tuple(notes),
        time.perf_counter() - started,
        hurried=wishes.steps is None and steps < longest / 2,
        more_seeds=segments == wishes.with_more,
    )


def _jobs(n_jobs: int | None) -> int:
    """Trainings at once, by joblib's own count."""
    from joblib import effective_n_jobs

    return max(1, int(effective_n_jobs(workers(n_jobs, math.inf))))


def _parts(y: AnyArray, task: str, entropy: int) -> tuple[AnyArray, AnyArray]:
    """Rows to train on, in random order, and rows held out."""
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(HELD,)))
    n = len(y)
    if n < 2:
        raise InvalidInputError(f"{n} sample cannot be raced on; give more, or quick=True.")
    train, held = divide(y, min(HELD_SHARE, HELD_MOST / n), task, rng)
    return rng.permutation(train), held


def _engine(track: Track, wishes: Wishes, steps: int) -> str:
    """The compiled engine where it can do the job and the whole race is worth loading it."""
    job = _job(track, steps)
    if unsupported(job) is not None:
        return "numpy"
    race_seconds = numpy_seconds(job) * wishes.segments / SEGMENTS
    return "compiled" if race_seconds > WORTH_COMPILING else "numpy"


def _job(track: Track, steps: int) -> Job:
    """So many updates, as the engines count them; nothing is run."""
    return Job(
        track.network,
        track.optimizer,
        {},
        track.X,
        track.X,
        None,
        track.batch_size,
        total_steps=steps,
    )


def time_steps(track: Track) -> tuple[float, float]:
    """Seconds that an update takes, and that a segment takes beside them."""
    trainer = Trainer(
        deepcopy(track.network),
        track.optimizer,
        learning_rate=track.optimizer.learning_rate * 1e-3,
        batch_size=track.batch_size,
        iterations=1,
        random_state=0,
        engine=track.engine,
        threads=1,
        record=False,
    )

    def timed(steps: int) -> float:
        trainer.iterations = steps
        started = time.perf_counter()
        trainer.fit(track.X, track.y)
        return time.perf_counter() - started

    with limit_blas_threads(1), np.errstate(all="ignore"):
        try:
            timed(1)  # compiles, loads, warms up
            single, steps, several = timed(1), 1, 0.0
            while several < TIMED_SECONDS and steps < TIMED_BATCHES:
                steps = min(4 * steps, TIMED_BATCHES)
                several = timed(steps)
            started = time.perf_counter()
            evaluate(trainer.network, track.X_held, track.y_held)
            judged = time.perf_counter() - started
        except (DivergenceError, InvalidInputError):
            return numpy_seconds(_job(track, 1)), 0.0
    pace = max((several - single) / (steps - 1), several / steps / 4)
    return pace, max(single - pace, 0.0) + judged
