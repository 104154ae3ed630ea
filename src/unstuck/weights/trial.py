"""One short training of the race: its numbers follow from its own seeds alone.

Where it runs, beside what, and in which order changes nothing: a trial that a lost worker took
with it is simply run again.
"""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import DivergenceError, InvalidInputError
from unstuck.base.threads import limit_blas_threads
from unstuck.core.network import Network
from unstuck.core.optimizers import Optimizer
from unstuck.data.split import split_indices
from unstuck.training.evaluate import evaluate
from unstuck.training.trainer import Trainer
from unstuck.weights.recipe import Rule, begin

WEIGHTS, BATCHES, HELD = 0, 1, 2  # purposes of a seed
HELD_MOST = 2000  # samples held out; so many tell candidates apart, whichever they are

Parts = tuple[AnyArray, AnyArray, AnyArray, AnyArray]


@dataclass(frozen=True, slots=True)
class Track:
    """What all trials share: the network to fill, the data, how a training goes."""

    network: Network
    X: AnyArray
    y: AnyArray
    X_held: AnyArray
    y_held: AnyArray
    batch: Array  # scaled inputs, for rules that look at data
    optimizer: Optimizer
    batch_size: int
    segment: int  # updates between two looks at the held-out part
    engine: str
    entropy: int


@dataclass(frozen=True, slots=True)
class Trial:
    """One start: a candidate (rules None: the weights as they are), a learning rate, a seed."""

    name: str
    index: int
    rules: tuple[Rule, ...] | None
    learning_rate: float
    seed: int


@dataclass(frozen=True, slots=True)
class Run:
    """Held-out loss and score after 0, 1, 2, ... segments; inf and -inf when diverged."""

    losses: tuple[float, ...]
    scores: tuple[float, ...]


def run_trial(track: Track, trial: Trial, segments: int) -> Run:
    """Train for so many segments from the start.

    The weights are drawn from (candidate, seed); batches and held-out samples follow from the seed
    alone, so at one seed all candidates see the same.
    """
    network = deepcopy(track.network)
    X, y, X_held, y_held = parts(track, trial.seed)
    seen: list[tuple[float, float]] = []
    with limit_blas_threads(1), np.errstate(all="ignore"):
        try:
            if trial.rules is not None:
                begin(network, trial.rules, track.batch, _stream(track, trial, WEIGHTS))
            trainer = Trainer(
                network,
                track.optimizer,
                learning_rate=trial.learning_rate,
                batch_size=track.batch_size,
                iterations=track.segment,
                random_state=_stream(track, trial, BATCHES),
                engine=track.engine,
                threads=1,
                record=False,
            )
            seen.append(_judge(network, X_held, y_held))
            for done in range(segments):
                history = trainer.fit(X, y, keep_optimizer=done > 0)
                if history.stopped == "interrupted":
                    raise KeyboardInterrupt
                seen.append(_judge(network, X_held, y_held))
        except (DivergenceError, InvalidInputError, FloatingPointError):
            seen += [(math.inf, -math.inf)] * (segments + 1 - len(seen))
    losses, scores = zip(*seen, strict=True)
    return Run(tuple(loss if math.isfinite(loss) else math.inf for loss in losses), scores)


def parts(track: Track, seed: int) -> Parts:
    """What a seed trains on, and what it is judged by: inputs and targets of both.

    Where few samples can be held out, chance has a say in which they are, so every seed has its
    own.
    """
    held = len(track.y_held)
    if seed == 0 or held >= HELD_MOST:
        return track.X, track.y, track.X_held, track.y_held
    X, y = np.concatenate((track.X, track.X_held)), np.concatenate((track.y, track.y_held))
    rng = np.random.default_rng(np.random.SeedSequence(track.entropy, spawn_key=(HELD, seed)))
    rest, out = divide(y, held / len(y), track.network.task, rng)
    return X[rest], y[rest], X[out], y[out]


def divide(
    y: AnyArray, fraction: float, task: str, rng: np.random.Generator
) -> tuple[AnyArray, AnyArray]:
    """Rows to train on and rows held out, both ascending; of every class its share, if it can be.

    >>> divide(np.array([0, 0, 1, 1]), 0.5, "classification", np.random.default_rng(0))
    (array([0, 3]), array([1, 2]))
    """
    try:
        return split_indices(y, fraction, rng, stratify=task == "classification" and y.ndim == 1)
    except InvalidInputError:  # too few of a class
        return split_indices(y, fraction, rng, stratify=False)


def _stream(track: Track, trial: Trial, purpose: int) -> np.random.Generator:
    key = (purpose, trial.seed, trial.index) if purpose == WEIGHTS else (purpose, trial.seed)
    return np.random.default_rng(np.random.SeedSequence(track.entropy, spawn_key=key))


def _judge(network: Network, X_held: AnyArray, y_held: AnyArray) -> tuple[float, float]:
    """Loss and score of the held-out part: accuracy, or minus the root mean square error."""
    if network.task != "regression":
        seen = evaluate(network, X_held, y_held)
        return seen.cost, seen.score
    seen = evaluate(network, X_held, y_held, keep_outputs=True)
    if seen.outputs is None:
        return seen.cost, math.nan
    wrong = seen.outputs - network.encode(y_held)
    return seen.cost, -float(np.sqrt(np.mean(wrong.astype(np.float64) ** 2)))
