"""The state of one training run, and the loop over its epochs, chunks and updates.

    epoch    an order of the samples, the updates over it, one row of the history
    chunk    some updates that an engine does without coming back, about 1/25 s
    update   one batch: forward, backward, step

Where a chunk ends changes nothing but when callbacks, Ctrl-C and the progress bar get their turn.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.interrupt import Interrupt
from unstuck.core.network import Network
from unstuck.core.optimizers import Optimizer
from unstuck.core.schedules import PlateauState, ReduceOnPlateau, Schedule
from unstuck.record.run_record import RecordBuilder
from unstuck.training.callbacks import Callback
from unstuck.training.diverged import divergence_error
from unstuck.training.engines.protocol import Engine, Progress
from unstuck.training.evaluate import score_targets
from unstuck.training.evidence import last_evidence
from unstuck.training.history import History
from unstuck.training.observe import Observer
from unstuck.training.samples import Samples
from unstuck.training.stopping import BestKeeper

CHUNK_SECONDS = 0.04


@dataclass(slots=True)
class Streams:
    """The random streams of a run, one a purpose, so that none disturbs another."""

    order: np.random.Generator
    masks: np.random.Generator
    augment: np.random.Generator


@dataclass(slots=True)
class EpochTotals:
    """What the updates of one epoch add up to; independent of where chunks end."""

    costs: list[Array] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)
    correct: int = 0
    samples: int = 0

    def add(self, progress: Progress) -> None:
        """Take in a chunk."""
        self.costs.append(progress.costs)
        self.weights.append(progress.weights)
        self.correct += progress.correct
        self.samples += progress.samples

    @property
    def cost(self) -> float:
        """Mean data cost over the epoch's samples so far, by weight."""
        if not self.costs:
            return math.nan
        costs, weights = np.concatenate(self.costs), np.concatenate(self.weights)
        total = float(weights.sum())
        return float(np.sum(costs * weights) / total) if total > 0.0 else math.nan


@dataclass(slots=True)
class Loop:
    """One running training: what it works on, and how far it has come."""

    network: Network
    optimizer: Optimizer
    buffers: dict[str, Array]
    engine: Engine
    samples: Samples
    validation: Samples | None
    streams: Streams
    batch_size: int
    shuffle: bool
    epochs: int
    total_steps: int
    learning_rate: float
    schedule: Schedule | ReduceOnPlateau
    best: BestKeeper | None
    builder: RecordBuilder | None
    observer: Observer | None
    callbacks: Sequence[Callback]
    augment: Callable[[AnyArray, AnyArray, np.random.Generator], object] | None = None
    source: AnyArray | None = None  # the rows that augment reads; samples.X is what it writes
    history: History = field(default_factory=History)
    plateau: PlateauState = field(default_factory=PlateauState)
    epoch: int = 0
    step: int = 0
    totals: EpochTotals = field(default_factory=EpochTotals)
    stopped: str = ""
    chunk: int = 1
    offset: int = 0  # updates that the optimiser had done before this run
    in_order: AnyArray | None = None

    # ------------------------------------------------------------------ for callbacks

    def stop(self, reason: str) -> None:
        """Ask training to end after the present epoch."""
        self.stopped = self.stopped or reason

    @property
    def running_cost(self) -> float:
        """Mean data cost over the present epoch so far."""
        return self.totals.cost

    @property
    def running_accuracy(self) -> float:
        """Share classified right over the present epoch so far; NaN for regression."""
        if not self.samples.labelled or not self.totals.samples:
            return math.nan
        return self.totals.correct / self.totals.samples

    # ------------------------------------------------------------------ the loop

    def run(self, interrupt: Interrupt, save: Callable[[Loop], None] | None) -> None:
        """Train to the end, or until stopped, interrupted or diverged."""
        self.start()
        try:
            while self.step < self.total_steps and self.epoch < self.epochs and not self.stopped:
                self.run_epoch(interrupt)
                if save is not None and not interrupt:
                    save(self)
        finally:
            self.end()

    def start(self) -> None:
        """Before the first update."""
        for callback in self.callbacks:
            callback.on_start(self)

    def end(self) -> None:
        """After the last update, however training ended: best weights, record, callbacks."""
        if self.best is not None:
            self.history.best_epoch = self.best.restore()
        self.history.stopped = self.stopped or "finished"
        if self.builder is not None:
            self.look_once_more()
            if self.builder.evidence is not None:
                self.builder.evidence = last_evidence(self, self.builder.evidence)
            self.history.record = self.builder.build()
        for callback in self.callbacks:
            callback.on_end(self)

    def look_once_more(self) -> None:
        """The state that training ended in; no update follows, so its ratio is NaN."""
        if self.builder is None or self.observer is None:
            return
        if self.builder.rows and self.builder.rows[-1].step == self.step:
            return
        seen = self.observer.look()
        row = self.observer.finish(seen, self.step, math.nan)
        row.update_ratio.fill(math.nan)
        self.builder.add(row)

    def run_epoch(self, interrupt: Interrupt) -> None:
        """One pass over the samples (cut short by the last iteration or Ctrl-C), one row."""
        self.totals = EpochTotals()
        started = time.perf_counter()
        if self.augment is not None and self.source is not None:
            self.augment(self.source, self.samples.X, self.streams.augment)
        order = self.order()
        steps = min(-(-len(order) // self.batch_size), self.total_steps - self.step)
        rates = self.rates(steps)
        done = 0
        while done < steps and not interrupt:
            done += self.advance(order, rates, done, steps)
            for callback in self.callbacks:
                callback.on_chunk(self)
        if interrupt:
            self.stop("interrupted")
        if done:  # else Ctrl-C came before the first update, and there is nothing to report
            self.close_epoch(time.perf_counter() - started, float(rates[done - 1]))

    def advance(self, order: Array, rates: Array, done: int, steps: int) -> int:
        """A chunk of updates, or one update that is observed; returns how many were done."""
        until = min(steps, done + self.chunk)
        if self.builder is not None and self.observer is not None:
            wait = self.builder.next_due(self.step) - self.step
            if wait == 0:
                seen = self.observer.look()
                self.updates(order, rates, done, done + 1)
                row = self.observer.finish(seen, self.step - 1, float(rates[done]))
                self.builder.add(row)
                return 1
            until = min(until, done + wait)
        started = time.perf_counter()
        self.updates(order, rates, done, until)
        elapsed = max(time.perf_counter() - started, 1e-6)
        pace = (until - done) * CHUNK_SECONDS / elapsed
        self.chunk = max(1, int(min(pace, 4 * self.chunk)))
        return until - done

    def updates(self, order: Array, rates: Array, start: int, stop: int) -> None:
        """Let the engine do updates ``start`` to ``stop`` of the epoch."""
        whole = start == 0 and stop * self.batch_size >= len(order)
        rows = order if whole else order[start * self.batch_size : stop * self.batch_size]
        progress = self.engine.run(rows, rates[start:stop], self.offset + self.step)
        self.step += progress.steps
        self.totals.add(progress)
        if not progress.finite:
            self.stop("diverged")
            at = start + progress.steps
            bad = order[at * self.batch_size : (at + 1) * self.batch_size]
            raise divergence_error(self.network, self.samples, bad, self.step + 1, float(rates[at]))

    def order(self) -> AnyArray:
        """The rows in the order of this epoch. One full batch has no order."""
        n = len(self.samples)
        if not self.shuffle or self.batch_size >= n:
            if self.in_order is None:
                self.in_order = np.arange(n)
            return self.in_order
        return self.streams.order.permutation(n)

    def rates(self, steps: int) -> Array:
        """Learning rate of each update of this epoch."""
        if isinstance(self.schedule, ReduceOnPlateau):
            return np.full(steps, self.learning_rate * self.plateau.factor)
        return self.schedule.rates(self.step, steps, self.total_steps, self.learning_rate)

    def close_epoch(self, seconds: float, rate: float) -> None:
        """Validate, write the epoch's row, ask the best-keeper and the plateau schedule."""
        self.epoch += 1
        seen = self.builder.rows[-1] if self.builder is not None and self.builder.rows else None
        row = {
            "epoch": self.epoch,
            "iterations": self.step,
            "cost": self.totals.cost,
            "penalty": self.network.penalty(),
            "accuracy": self.running_accuracy,
            "learning_rate": rate,
            "gradient_norm": math.nan if seen is None else seen.gradient_norm,
            "seconds": seconds,
        }
        if self.validation is not None:
            held = self.validation
            scored = score_targets(self.network, held.X, held.targets, held.weight)
            row["validation_cost"], row["validation_score"] = scored.cost, scored.score
        self.history.append(row)
        if self.best is not None and self.best.update(row):
            self.stop("early stopping")
        if isinstance(self.schedule, ReduceOnPlateau):
            watched = row.get("validation_cost", row["cost"])
            self.schedule.update(watched, self.plateau)
        for callback in self.callbacks:
            callback.on_epoch(self, row)
