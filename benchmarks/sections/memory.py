"""Memory: what training takes over the interpreter with its imports, in memory and mapped.

What counts is anonymous resident memory (RssAnon of ``/proc/PID/status``): pages of a mapped file
can be dropped at any time and are not counted. The child trains a handful of rows first, so that
everything that is imported late is in; then its memory is noted, and watched while it trains.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.data import SKIPPED, mnist
from benchmarks.race import ROOT
from benchmarks.report import Bar, Section, number
from benchmarks.sections import Options
from benchmarks.task import Array

LIMIT = 250.0  # MB over the interpreter with its imports
TIMES = 40  # the mapped set is so many times as large
SLACK = 1.05  # "within the same peak": two runs of the same differ by some MB
CHILD = """
import sys
import numpy as np
from unstuck import InputScaling, Network, Trainer

def train(X, y):
    scaling = InputScaling.fit(X[:1000], "unit")
    net = Network.mlp([784, 128, 128, 10], dtype="float32", random_state=0, scaling=scaling)
    Trainer(net, "sgd", learning_rate=0.02, batch_size=64, epochs=1, random_state=0).fit(X, y)

images, labels, how = sys.argv[1:]
train(np.load(images, mmap_mode="r")[:640].copy(), np.load(labels)[:640])
print("ready", flush=True)
sys.stdin.readline()
X = np.load(images, mmap_mode="r" if how == "mapped" else None)
train(X, np.load(labels))
print("done", flush=True)
"""


def measure(options: Options) -> Section:
    """Peak over the start, for MNIST in memory and for a mapped set many times as large."""
    section = Section(
        "memory",
        "Anonymous memory while training 784-128-128-10 from uint8, over the imports",
        ("", "samples", "peak MB", "seconds", "bar", "verdict"),
    )
    data = mnist()
    if data is None or not Path("/proc/self/status").exists():
        section.notes.append(SKIPPED if data is None else "skipped: no /proc/PID/status here")
        return section
    times = 4 if options.quick else TIMES
    with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as name:
        folder = Path(name)
        write(folder, "once", data[0], data[1], 1)
        write(folder, "many", data[0], data[1], times)
        options.tell("training in memory")
        once, once_seconds = peak(folder, "once", "loaded")
        options.tell(f"training on a mapped set {times} x as large")
        many, many_seconds = peak(folder, "many", "mapped")
    bars = (
        Bar("MNIST in memory", LIMIT, once, "MB", at_most=True),
        Bar(f"mapped, {times} x", once * SLACK, many, "MB", at_most=True),
    )
    sizes, seconds = (len(data[0]), len(data[0]) * times), (once_seconds, many_seconds)
    for bar, samples, took in zip(bars, sizes, seconds, strict=True):
        section.rows.append(
            (
                *(bar.what, str(samples), number(bar.measured), number(took)),
                *(f"<= {number(bar.promised)} MB", bar.verdict),
            )
        )
        section.raw.append({"what": bar.what, "samples": samples, "peak_mb": bar.measured})
    section.bars += bars
    section.notes.append(
        "In memory, the 47 MB of the images are part of the peak; the mapped set may take as much "
        f"as that run did, and {SLACK - 1:.0%} for the difference between two runs."
    )
    return section


def write(folder: Path, name: str, X: Array, y: Array, times: int) -> None:
    """The set repeated ``times`` times, as a pair of NPY files, never whole in memory."""
    shape = (len(X) * times, X.shape[1])
    images = np.lib.format.open_memmap(folder / f"{name}-images.npy", "w+", np.uint8, shape)
    for i in range(times):
        images[i * len(X) : (i + 1) * len(X)] = X
    images.flush()
    np.save(folder / f"{name}-labels.npy", np.tile(y, times))


def peak(folder: Path, name: str, how: str) -> tuple[float, float]:
    """Most MB over the start while the child trains, and the seconds it took."""
    files = [str(folder / f"{name}-{part}.npy") for part in ("images", "labels")]
    child = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", CHILD, *files, how],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    before = most = anonymous(child.pid)
    start = time.perf_counter()
    child.stdin.write("go\n")
    child.stdin.flush()
    while child.poll() is None:
        most = max(most, anonymous(child.pid))
        time.sleep(0.005)
    assert child.returncode == 0, f"training ended with exit code {child.returncode}"
    return most - before, time.perf_counter() - start


def anonymous(pid: int) -> float:
    """RssAnon of a process, in MB; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    found = [line for line in lines if line.startswith("RssAnon")]
    return int(found[0].split()[1]) / 1000 if found else 0.0
