"""Growth: time per sample must not depend on how many samples or epochs there are.

And, for information, time per parameter over the network's width, beside the products alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.data import SKIPPED, mnist, scaled
from benchmarks.peers import PEERS
from benchmarks.race import Entry, race
from benchmarks.report import Bar, Section, Spread, number, ratios, spread
from benchmarks.sections import Options
from benchmarks.sections.training import better
from benchmarks.task import Array, make_task
from benchmarks.workloads import WORKLOADS

WITHIN = 1.15
SIZES = (6_000, 60_000, 600_000)
VISITS = 60_000  # samples trained on in one run, at least
EPOCHS = 60
WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024)
PER_WIDTH = 12_000  # samples
RECIPE = WORKLOADS["A"].recipe


def measure(options: Options) -> Section:
    """All three, workload A's recipe throughout."""
    header = ("", "time", "x least", "bar", "verdict")
    section = Section("growth", "Time per sample, per epoch, per parameter (A's recipe)", header)
    data = mnist()
    if data is None:
        section.notes.append(SKIPPED)
        return section
    X, y = data[0], data[1].astype(np.int64)
    over_samples(section, X, y, options)
    over_epochs(section, X, y, options)
    over_widths(section, X, y, options)
    return section


def over_samples(section: Section, X: Array, y: Array, options: Options) -> None:
    """Whole calls of ``fit`` from uint8, sizes in turn; small sets for more epochs."""
    from benchmarks import ours

    sizes = SIZES[:-1] if options.quick else SIZES
    times = -(-max(sizes) // len(X))
    X, y = np.tile(X, (times, 1)), np.tile(y, times)
    seconds: dict[int, list[float]] = {size: [] for size in sizes}
    for number_ in range(options.rounds + 1):  # the first round warms up
        for size in sizes:
            options.tell(f"round {number_} of {options.rounds}: {size} samples")
            epochs = max(1, VISITS // size)
            took, _ = ours.fit(RECIPE, X[:size], y[:size], epochs)
            if number_:
                seconds[size].append(took / size / epochs)
    names = {size: f"{size} samples" for size in sizes}
    compare(section, {names[size]: seconds[size] for size in sizes}, "samples", "us a sample")


def over_epochs(section: Section, X: Array, y: Array, options: Options) -> None:
    """The seconds of each epoch of one long run: first third beside last."""
    from benchmarks import ours

    options.tell(f"{EPOCHS} epochs")
    size = SIZES[0]
    _, history = ours.fit(RECIPE, X[:size], y[:size], EPOCHS)
    third = EPOCHS // 3
    per_sample = [seconds / size for seconds in history["seconds"]]
    parts = {
        f"epochs 2 to {third}": per_sample[1:third],
        f"epochs {EPOCHS - third + 1} to {EPOCHS}": per_sample[-third:],
    }
    compare(section, parts, "epochs", "us a sample")


def compare(
    section: Section, measured: Mapping[str, Sequence[float]], over: str, unit: str
) -> None:
    """One row each; the bar is on the slowest median over the fastest."""
    medians = {name: Spread.of(values).median for name, values in measured.items()}
    least = min(medians.values())
    bar = Bar(
        f"over {over}, slowest to fastest", WITHIN, max(medians.values()) / least, "x", at_most=True
    )
    slowest = max(medians, key=medians.__getitem__)
    for name, values in measured.items():
        judged = (bar.promise, bar.verdict) if name == slowest else ("", "")
        time = f"{spread(Spread.of(values), 1e6)} {unit}"
        section.rows.append((name, time, number(medians[name] / least), *judged))
        section.raw.append({"over": over, "what": name, "seconds_per_sample": list(values)})
    section.bars.append(bar)


def over_widths(section: Section, X: Array, y: Array, options: Options) -> None:
    """784-w-w-10 for growing w: time per parameter and sample, beside the products alone."""
    widths = WIDTHS[::3] if options.quick else WIDTHS
    inputs = scaled(X[:PER_WIDTH], "unit")
    n = len(inputs)
    names = ("unstuck", "products")
    entries = [Entry(name, t, n, n) for name in names for t in PEERS[name].threads]
    for width in widths:
        recipe = replace(RECIPE, sizes=(784, width, width, 10))
        task = make_task(recipe, inputs, y[:n])
        with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as name:
            task.save(Path(name))
            best = better(race(entries, "train", Path(name), options.rounds, n, options.tell))
        ours, products = best["unstuck"], best["products"]
        parameters = sum(w.size for w in task.weights)
        per = Spread.of([s / n / parameters for s in ours.seconds])
        share = ratios(products.seconds, ours.seconds)
        section.rows.append(
            (
                f"width {width}",
                f"{spread(per, 1e12)} ps a parameter and sample",
                *("", "", f"{share.median:.0%} of the products' speed"),
            )
        )
        section.raw.append(
            {"over": "widths", "what": width, "parameters": parameters, "samples": n}
            | {"seconds": ours.seconds, "products_seconds": products.seconds}
        )
