"""What keeping a record of the run costs: the same training with it and without, in pairs."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.data import SKIPPED, mnist
from benchmarks.report import Bar, Section, Spread, spread
from benchmarks.sections import Options
from unstuck.core.network import Network
from unstuck.core.optimizers import SGD
from unstuck.core.scaling import InputScaling
from unstuck.data.load import load
from unstuck.training.trainer import Trainer

MOST = 1.05  # times the training without
MOMENTUM = SGD(0.02, momentum=0.9)
RUNS: dict[str, tuple[str, tuple[int, ...], Any, int, str, int, str]] = {
    # data, sizes, optimiser, batch size, hidden activation, epochs, engine
    "digits 64-128-128-10, Adam": ("digits", (64, 128, 128, 10), "adam", 32, "relu", 40, "numpy"),
    "A 784-128-128-10": ("mnist", (784, 128, 128, 10), MOMENTUM, 64, "relu", 5, "compiled"),
    "A in the NumPy engine": ("mnist", (784, 128, 128, 10), MOMENTUM, 64, "relu", 1, "numpy"),
    "B 784-64-64-10, one by one": ("mnist", (784, 64, 64, 10), SGD(0.02), 1, "tanh", 3, "compiled"),
    "D 784-512-512-10, Adam": ("mnist", (784, 512, 512, 10), "adam", 128, "relu", 1, "compiled"),
}


def measure(options: Options) -> Section:
    """Each run with and without, in turn; the ratio pair by pair."""
    header = ("", "looks", "seconds without", "with / without", "bar", "verdict")
    section = Section("record", "The RunRecord's share of training time", header)
    for name, run in RUNS.items():
        if run[0] == "mnist" and mnist() is None:
            section.notes.append(f"{name}: {SKIPPED}")
            continue
        options.tell(name)
        seconds: dict[bool, list[float]] = {True: [], False: []}
        looks = 0
        for number in range(options.rounds + 1):  # the first round warms up
            for record in (True, False) if number % 2 else (False, True):
                spent, seen = train(run, record=record)
                looks = max(looks, seen)
                if number:
                    seconds[record].append(spent)
        pairs = zip(seconds[True], seconds[False], strict=True)
        ratio = Spread.of([a / b for a, b in pairs])
        bar = Bar(f"record, {name}", MOST, ratio.median, "x", at_most=True)
        without = spread(Spread.of(seconds[False]))
        row = (name, str(looks), without, spread(ratio), bar.promise, bar.verdict)
        section.rows.append(row)
        section.bars.append(bar)
        section.raw.append({"run": name, "with": seconds[True], "without": seconds[False]})
    return section


def train(run: Any, *, record: bool) -> tuple[float, int]:
    """Seconds of one training, and how often it was looked at."""
    name, sizes, optimizer, batch_size, hidden, epochs, engine = run
    data = load(name)
    net = Network.mlp(
        sizes,
        hidden,
        dtype="float32",
        random_state=0,
        scaling=InputScaling.fit(data.X_train, "unit"),
    )
    trainer = Trainer(
        net,
        optimizer,
        batch_size=batch_size,
        epochs=epochs,
        random_state=0,
        engine=engine,
        record=record,
        threads=1,
    )
    start = time.perf_counter()
    history = trainer.fit(data.X_train, np.asarray(data.y_train))
    seconds = time.perf_counter() - start
    return seconds, 0 if history.record is None else len(history.record)
