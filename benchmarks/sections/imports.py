"""Workload G: what a user waits for before anything happens: imports, and ``unstuck --help``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.peers import missing
from benchmarks.report import Bar, Section, Spread, spread
from benchmarks.sections import Options

IMPORTS = {  # what is imported: whose presence it needs
    "numpy": "handwritten",
    "unstuck": "unstuck",
    "sklearn.neural_network": "scikit_learn",
    "torch": "pytorch",
    "jax": "jax_scan",
}
OVER_NUMPY, HELP = 0.10, 0.4  # seconds


def measure(options: Options) -> Section:
    """Whole processes in turn, from start to end."""
    section = Section("G", "Imports and help, whole processes", ("", "seconds", "bar", "verdict"))
    statements = [f"import {name}" for name, peer in IMPORTS.items() if not missing(peer)]
    statements.append("from unstuck import Network, Trainer")  # names are imported on first use
    commands = {statement: [sys.executable, "-c", statement] for statement in statements}
    beside = Path(sys.executable).parent / "unstuck"
    program = str(beside) if beside.exists() else shutil.which("unstuck")
    if program:
        commands["unstuck --help"] = [program, "--help"]
    else:
        section.notes.append("unstuck --help: skipped, the command is not installed.")
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(options.rounds + 1):  # the first round brings the files into memory
        for name, command in commands.items():
            options.tell(f"round {number} of {options.rounds}: {name}")
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
            if number:
                seconds[name].append(time.perf_counter() - start)
    pairs = zip(seconds["import unstuck"], seconds["import numpy"], strict=True)
    over = Spread.of([ours - numpy for ours, numpy in pairs])
    bars = {
        "import unstuck": Bar("import over NumPy's", OVER_NUMPY, over.median, "s", at_most=True)
    }
    if program:
        median = Spread.of(seconds["unstuck --help"]).median
        bars["unstuck --help"] = Bar("unstuck --help", HELP, median, "s", at_most=True)
    for name, times in seconds.items():
        bar = bars.get(name)
        promise = "" if bar is None else bar.promise
        if name == "import unstuck":
            promise += " over numpy"
        verdict = "" if bar is None else bar.verdict
        section.rows.append((name, spread(Spread.of(times)), promise, verdict))
        section.raw.append({"command": name, "seconds": times})
    section.bars += bars.values()
    section.notes.append(f"import unstuck over import numpy: {spread(over)} s.")
    return section
