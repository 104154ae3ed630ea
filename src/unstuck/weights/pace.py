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
from unstuck.data.split import split_indices, take_rows
from unstuck.training.engines.choose import WORTH_COMPILING_SECONDS, numpy_seconds
from unstuck.training.engines.plan import unsupported
from unstuck.training.engines.protocol import Job
from unstuck.training.trainer import Trainer
from unstuck.weights.race import SEGMENTS, workers
from unstuck.weights.trial import Track

HELD_SHARE, HELD_MOST = 0.2, 2000  # of the samples, for judging
EPOCHS_MOST, STEPS_MOST, STEPS_LEAST = 30, 6000, 45
SPENT = 0.8  # of the budget is planned for; processes must start, and machines get busy
TIMED_STEPS, TIMED_SECONDS = 10, 0.5
STARTING_SECONDS = 3.0  # of worker processes, with what they import


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the pace follows from; ``segments`` is the length of the whole race, in segments."""

    optimizer: Optimizer
    batch_size: int | str
    steps: int | None
    budget: float
    segments: int
    n_jobs: int | None


@dataclass(frozen=True, slots=True)
class Pace:
    """The track, the updates of a full training, and what the whole race will take.

    ``spent`` are the seconds that timing took. ``hurried`` is True where the budget allows less
    than half of the updates that a full training should have.
    """

    track: Track
    steps: int
    seconds_per_step: float
    seconds: float
    notes: tuple[str, ...]
    spent: float
    hurried: bool


def plan_race(
    network: Network, data: tuple[AnyArray, AnyArray], batch: Array, wishes: Wishes, entropy: int
) -> Pace:
    """Hold out a part, time some updates, decide how many there are."""
    started = time.perf_counter()
    train, held = _parts(data[1], network.task, entropy)
    whole = wishes.batch_size == "all"
    batch_size = len(train) if whole else min(int(wishes.batch_size), len(train))
    per_epoch = math.ceil(len(train) / batch_size)
    longest = max(STEPS_LEAST, min(STEPS_MOST, EPOCHS_MOST * per_epoch))
    guess = wishes.steps or longest
    rows = train if whole else train[: guess * batch_size]  # no more than can be seen
    rows, held = np.sort(rows), np.sort(held)
    X, y = take_rows(data[0], rows), take_rows(data[1], rows)
    engine = _engine(network, wishes, X, batch_size, guess)
    track = Track(
        network,
        X,
        y,
        take_rows(data[0], held),
        take_rows(data[1], held),
        batch,
        wishes.optimizer,
        batch_size,
        1,
        engine,
        entropy,
    )
    pace = time_steps(track)
    jobs = workers(wishes.n_jobs, math.inf) or 1
    jobs = max(1, jobs if jobs > 0 else 2)
    steps, notes = wishes.steps, []
    if steps is None:
        left = max(SPENT * wishes.budget - STARTING_SECONDS, 0.3 * wishes.budget)
        steps = int(left * jobs / (wishes.segments * pace) * SEGMENTS)
        if steps < STEPS_LEAST:
            notes.append(
                f"The budget of {wishes.budget:g} s allows {max(steps, 0)} updates a training; "
                f"{STEPS_LEAST} are done, and that is little. Give more time."
            )
        steps = min(max(steps, STEPS_LEAST), longest)
    hurried = wishes.steps is None and steps < longest / 2
    segment = math.ceil(steps / SEGMENTS)
    seconds = wishes.segments * segment * pace / jobs
    spent = time.perf_counter() - started
    track = replace(track, segment=segment)
    return Pace(track, segment * SEGMENTS, pace, seconds, tuple(notes), spent, hurried)


def _parts(y: AnyArray, task: str, entropy: int) -> tuple[AnyArray, AnyArray]:
    """Rows to train on, in random order, and rows held out."""
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(2,)))
    n = len(y)
    if n < 2:
        raise InvalidInputError(f"{n} sample cannot be raced on; give more, or quick=True.")
    fraction = min(HELD_SHARE, HELD_MOST / n)
    try:
        stratify = task == "classification" and y.ndim == 1
        train, held = split_indices(y, fraction, rng, stratify=stratify)
    except InvalidInputError:  # too few of a class
        train, held = split_indices(y, fraction, rng, stratify=False)
    return rng.permutation(train), held


def _engine(network: Network, wishes: Wishes, X: AnyArray, batch_size: int, steps: int) -> str:
    """The compiled engine where it can do the job and the whole race is worth loading it."""
    buffers: dict[str, Array] = {}
    job = Job(
        network, wishes.optimizer, buffers, X, X, None, batch_size, total_steps=steps, threads=1
    )
    if unsupported(job) is not None:
        return "numpy"
    race_seconds = numpy_seconds(job) * wishes.segments / SEGMENTS
    if race_seconds > WORTH_COMPILING_SECONDS:
        return "compiled"
    return "numpy"


def time_steps(track: Track) -> float:
    """Seconds an update takes, with nothing else going on."""
    rate = track.optimizer.learning_rate * 1e-3
    trainer = Trainer(
        deepcopy(track.network),
        track.optimizer,
        learning_rate=rate,
        batch_size=track.batch_size,
        iterations=1,
        random_state=0,
        engine=track.engine,
        threads=1,
        record=False,
    )
    with limit_blas_threads(1), np.errstate(all="ignore"):
        try:
            trainer.fit(track.X, track.y)  # compiles, loads, warms up
            trainer.iterations = TIMED_STEPS
            started = time.perf_counter()
            done = 0
            while done == 0 or time.perf_counter() - started < TIMED_SECONDS / 2:
                trainer.fit(track.X, track.y)
                done += TIMED_STEPS
        except (DivergenceError, InvalidInputError):
            return numpy_guess(track)
    return (time.perf_counter() - started) / done


def numpy_guess(track: Track) -> float:
    """Seconds an update should take, where timing it failed."""
    return numpy_seconds(
        Job(
            track.network,
            track.optimizer,
            {},
            track.X,
            track.X,
            None,
            track.batch_size,
            total_steps=1,
        )
    )
