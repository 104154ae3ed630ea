"""Workloads A to D: one epoch of the identical training, by us and by everybody else."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.data import SKIPPED, mnist, scaled
from benchmarks.peers import PEERS, missing
from benchmarks.race import Entry, Outcome, race
from benchmarks.report import Bar, Section, Spread, number, ratios, spread
from benchmarks.sections import Options
from benchmarks.task import make_task
from benchmarks.workloads import QUICK, WORKLOADS, Workload

HEADER = ("", "threads", "seconds", "on", "early loss", "final loss", "x ours", "bar", "verdict")
# Relative. SGD agrees to about 1e-6; scikit-learn's Adam adds its epsilon before the correction of
# the bias, not after, which makes 0.5 % after 50 updates.
EQUAL = 1e-2


def measure(letter: str, options: Options) -> Section:
    """The race of one workload."""
    workload = WORKLOADS[letter]
    section = Section(letter, f"{workload.title}: one epoch", HEADER)
    data = mnist()
    if data is None:
        section.notes.append(SKIPPED)
        return section
    section.notes += [note for name in workload.contestants if (note := missing(name))]
    X, y, *_ = data
    entries = entries_of(workload, len(X), quick=options.quick)
    checked = min([workload.checked, *(entry.samples for entry in entries)])
    with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as name:
        folder = Path(name)
        make_task(workload.recipe, scaled(X, workload.scaling), y.astype(np.int64)).save(folder)
        outcomes = race(entries, "train", folder, options.rounds, checked, options.tell)
    fill(section, outcomes, workload.bars, checked)
    return section


def entries_of(workload: Workload, whole: int, *, quick: bool) -> list[Entry]:
    """Who runs, on how many threads and samples."""
    entries = []
    for name in workload.contestants:
        if missing(name):
            continue
        samples = workload.shares.get(name, whole)
        if quick:
            samples = samples // QUICK
        entries += [Entry(name, threads, samples, whole) for threads in PEERS[name].threads]
    return entries


def better(outcomes: Sequence[Outcome]) -> dict[str, Outcome]:
    """Of each contestant the thread count with the lower median."""
    best: dict[str, Outcome] = {}
    for outcome in outcomes:
        peer = outcome.entry.peer
        if peer not in best or outcome.median < best[peer].median:
            best[peer] = outcome
    return best


def fill(
    section: Section, outcomes: Sequence[Outcome], bars: dict[str, float], checked: int
) -> None:
    """Turn outcomes into rows, bars and notes."""
    best = better(outcomes)
    ours = best["unstuck"]
    for name, outcome in best.items():
        ratio = ratios(outcome.seconds, ours.seconds)
        bar = Bar(PEERS[name].title, bars[name], ratio.median) if name in bars else None
        if bar is not None:
            section.bars.append(bar)
        section.rows.append(row(outcome, ratio, bar))
        section.versions.update(outcome.ready["versions"])
    whole = ours.entry.whole
    if any(outcome.entry.samples != whole for outcome in outcomes):
        section.notes.append(f"Times are scaled up to {whole} samples from those they were run on.")
    section.notes.append(f"Early loss: after {checked} samples, before chaos amplifies rounding.")
    section.notes += differing(best)
    section.raw += [raw(outcome) for outcome in outcomes]


def row(outcome: Outcome, ratio: Spread, bar: Bar | None) -> tuple[str, ...]:
    """One contestant's line."""
    entry, ready = outcome.entry, outcome.ready
    return (
        PEERS[entry.peer].title,
        ready["choice"] or str(entry.threads),
        spread(Spread.of(outcome.seconds)),
        "all" if entry.samples == entry.whole else str(entry.samples),
        *("-" if loss is None else f"{loss:.5f}" for loss in (ready["loss"], ready["final_loss"])),
        "" if entry.peer == "unstuck" else spread(ratio),
        bar.promise if bar else "",
        bar.verdict if bar else "",
    )


def differing(best: dict[str, Outcome]) -> list[str]:
    """A note for every contestant whose training was not the same as ours."""
    ours = best["unstuck"].ready["loss"]
    notes = []
    for name, outcome in best.items():
        loss = outcome.ready["loss"]
        if loss is not None and not abs(loss - ours) <= EQUAL * abs(ours):
            notes.append(
                f"NOT THE SAME TRAINING: {PEERS[name].title} ends at {number(loss)}, we at "
                f"{number(ours)}; its ratio means nothing."
            )
    return notes


def raw(outcome: Outcome) -> dict[str, object]:
    """Everything measured of one entry, for the JSON."""
    entry = outcome.entry
    return {
        "contestant": entry.peer,
        "threads": entry.threads or "its own choice",
        "samples": entry.samples,
        "scaled_to": entry.whole,
        "seconds": outcome.seconds,
        **{k: v for k, v in outcome.ready.items() if k != "versions"},
    }
