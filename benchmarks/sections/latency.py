"""Workload F: how long one prediction of one sample takes, from the call to the class."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.peers import PEERS, missing
from benchmarks.race import Entry, race
from benchmarks.report import Bar, Section, Spread, ratios, spread
from benchmarks.sections import Options
from benchmarks.task import Recipe, make_task

RECIPE = Recipe((784, 128, 128, 10), "relu", 1, "sgd", 0.1)
CALLS = 2_000
RACES = (  # mode, whom we race, the least ratio
    ("predict", {"pytorch": 2.0, "handwritten": None}),
    ("estimate", {"scikit_learn": 2.0}),
)
WHAT = {"predict": "Network.predict", "estimate": "MLPClassifier.predict"}


def measure(options: Options) -> Section:
    """Both races, one thread each, a median of many calls a round."""
    header = ("", "microseconds", "x ours", "bar", "verdict")
    section = Section("F", "Predict one sample, 784-128-128-10, one thread", header)
    rng = np.random.default_rng(0)
    X = rng.random((CALLS // 10 if options.quick else CALLS, 784), np.float32)
    with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as name:
        folder = Path(name)
        make_task(RECIPE, X, np.zeros(len(X), np.int64)).save(folder)
        for mode, bars in RACES:
            one_race(section, mode, bars, folder, len(X), options)
    section.notes.append(f"Each round's time is the median of {len(X)} calls.")
    return section


def one_race(
    section: Section,
    mode: str,
    bars: Mapping[str, float | None],
    folder: Path,
    calls: int,
    options: Options,
) -> None:
    """Race one of our two ways to predict; the same classes must come out."""
    section.notes += [note for peer in bars if (note := missing(peer))]
    names = ("unstuck", *(peer for peer in bars if not missing(peer)))
    entries = [Entry(peer, 1, calls, calls) for peer in names]
    ours, *others = race(entries, mode, folder, options.rounds, 0, options.tell)
    title = WHAT[mode]
    section.rows.append((f"unstuck, {title}", spread(Spread.of(ours.seconds), 1e6), "", "", ""))
    for outcome in (ours, *others):
        section.versions.update(outcome.ready["versions"])
        section.raw.append(
            {"contestant": outcome.entry.peer, "mode": mode, "seconds": outcome.seconds}
        )
    for outcome in others:
        peer = outcome.entry.peer
        ratio = ratios(outcome.seconds, ours.seconds)
        promised = bars[peer]
        bar = Bar(f"{title} to {PEERS[peer].title}", promised, ratio.median) if promised else None
        row = (PEERS[peer].title, spread(Spread.of(outcome.seconds), 1e6), spread(ratio))
        section.rows.append((*row, bar.promise, bar.verdict) if bar else (*row, "", ""))
        if bar:
            section.bars.append(bar)
        if outcome.ready["classes"] != ours.ready["classes"]:
            section.notes.append(f"NOT THE SAME CLASSES: {PEERS[peer].title} and {title}.")
