"""A contestant's own process: it prepares, warms up, and then runs once for every line it is sent.

Thread counts can only be set before NumPy, PyTorch or JAX is imported, so each pair of contestant
and thread count lives in its own process, and the race lets one after the other run. Answers are
JSON, one object a line; whatever else a library prints goes to standard error.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from benchmarks.peers import PEERS, versions
from benchmarks.task import Array, Task, mean_loss

Answer = dict[str, Any]
Timed = Callable[[int], Answer]  # given the round, runs once
SHORT = 1.0  # seconds; a shorter run is repeated once untimed, its caches being cold after others


def training(module: Any, folder: Path, samples: int, checked: int) -> tuple[Answer, Timed]:
    """Train on the first ``samples``; the warm-up reports the loss after the first ``checked``."""
    task = Task.load(folder)
    early = loss_of(task, module.train(task.first(checked))())
    run = module.train(task.first(samples))
    run()  # compiled, its memory touched
    start = time.perf_counter()
    final = loss_of(task, run())
    short = time.perf_counter() - start < SHORT
    ready = {"loss": early, "final_loss": final, "choice": getattr(run, "choice", "")}

    def timed(_: int) -> Answer:
        if short:
            run()
        start = time.perf_counter()
        run()
        return {"seconds": time.perf_counter() - start}

    return ready, timed


def loss_of(task: Task, weights: list[Array]) -> float | None:
    """Mean loss of trained weights; None for a contestant that only multiplies."""
    return mean_loss(task, weights) if weights else None


def reaching(module: Any, folder: Path, samples: int, checked: int) -> tuple[Answer, Timed]:
    """Train the contestant's own recipe for 98 % from another seed each time."""
    with np.load(folder / "reach.npz") as stored:
        arrays = [stored[name] for name in ("X", "y", "X_test", "y_test")]
    run = module.reach(*arrays)
    run(1000)  # warm
    ready = {"choice": getattr(run, "choice", "")}

    def timed(seed: int) -> Answer:
        start = time.perf_counter()
        accuracy = run(seed)
        return {"seconds": time.perf_counter() - start, "accuracy": accuracy}

    return ready, timed


def single(
    make: Callable[[Task], Callable[[Array], int]], folder: Path, samples: int
) -> tuple[Answer, Timed]:
    """Predict single samples, one call each; the answer is the median time of a call."""
    task = Task.load(folder)
    run = make(task)
    inputs = [task.X[i : i + 1] for i in range(samples)]
    for x in inputs:
        run(x)

    def timed(_: int) -> Answer:
        times = []
        for x in inputs:
            start = time.perf_counter()
            run(x)
            times.append(time.perf_counter() - start)
        return {"seconds": float(np.median(times))}

    return {"classes": [run(x) for x in inputs[:200]]}, timed


def predicting(module: Any, folder: Path, samples: int, checked: int) -> tuple[Answer, Timed]:
    """The contestant's quickest way to one sample's class."""
    return single(module.predict, folder, samples)


def estimating(module: Any, folder: Path, samples: int, checked: int) -> tuple[Answer, Timed]:
    """The same asked of an estimator with scikit-learn's input checks."""
    return single(module.estimate, folder, samples)


MODES = {"train": training, "reach": reaching, "predict": predicting, "estimate": estimating}


def serve(answers: TextIO) -> None:
    """Prepare as the command line says, then answer each line on standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--checked", type=int, required=True)
    options = parser.parse_args()
    module = importlib.import_module(PEERS[options.peer].module)
    ready, timed = MODES[options.mode](module, options.folder, options.samples, options.checked)
    ready["versions"] = versions(options.peer)
    print(json.dumps(ready), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(timed(int(line))), file=answers, flush=True)


if __name__ == "__main__":
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(channel)
