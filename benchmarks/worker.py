"""A contestant's own process: it prepares, warms up, and then runs once for every line it is sent.

Thread counts can only be set before NumPy, PyTorch or JAX is imported, so each pair of contestant
and thread count lives in its own process, and the race lets one after the other run. Answers are
JSON, one object a line; whatever else a library prints goes to standard error.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from benchmarks.peers import PEERS
from benchmarks.task import Task, mean_loss

Answer = dict[str, Any]


def training(module: Any, folder: Path, samples: int, checked: int) -> tuple[Answer, Callable]:
    """Train on the first ``samples``; the warm-up reports the loss after the first ``checked``."""
    task = Task.load(folder)
    weights = module.train(task.first(checked))()
    ready = {"loss": mean_loss(task, weights) if weights else None, "samples": samples}
    run = module.train(task.first(samples))
    run()  # warm: compiled, memory touched

    def timed(_: int) -> Answer:
        start = time.perf_counter()
        run()
        return {"seconds": time.perf_counter() - start}

    return ready, timed


def reaching(module: Any, folder: Path, samples: int, checked: int) -> tuple[Answer, Callable]:
    """Train the contestant's own recipe for 98 % from another seed each time."""
    with np.load(folder / "reach.npz") as stored:
        arrays = [stored[name] for name in ("X", "y", "X_test", "y_test")]
    run = module.reach(*arrays)
    run(1000)

    def timed(seed: int) -> Answer:
        start = time.perf_counter()
        accuracy = run(seed)
        return {"seconds": time.perf_counter() - start, "accuracy": accuracy}

    return {}, timed


def predicting(module: Any, folder: Path, samples: int, checked: int) -> tuple[Answer, Callable]:
    """Predict single samples, one call each; the answer is the median time of a call."""
    task = Task.load(folder)
    run = module.predict(task)
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


MODES = {"train": training, "reach": reaching, "predict": predicting}


def serve(answers: TextIO) -> None:
    """Prepare as the command line says, then answer each line on standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--checked", type=int, required=True)
    options = parser.parse_args()
    peer = PEERS[options.peer]
    module = importlib.import_module(peer.module)
    ready, timed = MODES[options.mode](module, options.folder, options.samples, options.checked)
    ready["versions"] = {name: importlib.metadata.version(name) for name in peer.packages}
    print(json.dumps(ready), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(timed(int(line))), file=answers, flush=True)


if __name__ == "__main__":
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(channel)
