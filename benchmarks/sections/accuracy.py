"""Workload E: from nothing to 98 % of MNIST's test set, each with its own best-known recipe.

Every recipe fixes its number of epochs beforehand; a round is a seed. What is timed is training
alone, the data being in memory as float32, with the judgement on the test set at the end.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.data import SKIPPED, mnist, scaled
from benchmarks.peers import PEERS, missing
from benchmarks.race import Entry, race
from benchmarks.report import Bar, Section, Spread, ratios, spread
from benchmarks.sections import Options
from benchmarks.sections.training import better, raw

BARS = {"pytorch": 2.0, "scikit_learn": 6.0}
WANTED = 98.0  # per cent, as the median over the seeds


def measure(options: Options) -> Section:
    """The race to 98 %."""
    header = ("", "threads", "seconds", "test accuracy %", "x ours", "bar", "verdict")
    section = Section("E", "98 % of MNIST's test set from nothing, one seed a round", header)
    data = mnist()
    if data is None:
        section.notes.append(SKIPPED)
        return section
    X, y, X_test, y_test = data
    contestants = ("unstuck", *BARS)
    section.notes += [note for name in contestants if (note := missing(name))]
    entries = [
        Entry(name, threads, 1, 1)
        for name in contestants
        if not missing(name)
        for threads in PEERS[name].threads
    ]
    with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as name:
        folder = Path(name)
        np.savez(
            folder / "reach.npz",
            X=scaled(X, "unit"),
            y=y.astype(np.int64),
            X_test=scaled(X_test, "unit"),
            y_test=y_test.astype(np.int64),
        )
        best = better(race(entries, "reach", folder, options.rounds, 0, options.tell))
    ours = best["unstuck"]
    for name, outcome in best.items():
        accuracy = Spread.of([100 * answer["accuracy"] for answer in outcome.answers])
        ratio = ratios(outcome.seconds, ours.seconds)
        title = PEERS[name].title
        bar = Bar(title, BARS[name], ratio.median) if name in BARS else None
        section.rows.append(
            (
                title,
                outcome.ready["choice"] or str(outcome.entry.threads),
                spread(Spread.of(outcome.seconds)),
                f"{accuracy.median:.2f} ({accuracy.low:.2f}-{accuracy.high:.2f})",
                spread(ratio) if bar else "",
                bar.promise if bar else "",
                bar.verdict if bar else "",
            )
        )
        if bar is not None:
            section.bars.append(bar)
        else:
            section.bars.append(Bar("our own median accuracy", WANTED, accuracy.median, "%"))
        section.raw.append({**raw(outcome), "answers": outcome.answers})
        section.versions.update(outcome.ready["versions"])
    return section
