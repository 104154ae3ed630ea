"""Run programs as anyone would, read the number that they print, and ask the doctor about them."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+|nan|inf)(?![\w])", re.IGNORECASE
)
SEEDED = Path(__file__).with_name("seeded.py")
QUIET = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONWARNINGS": "ignore",
}


@dataclass(frozen=True, slots=True)
class Run:
    """What a program did: ``"finished"``, ``"raised"`` or ``"timeout"``, and what it printed."""

    status: str
    stdout: str
    stderr: str
    seconds: float

    def metric(self, label: str = "") -> float:
        """The first number of the last line that begins with ``label``; NaN without one."""
        return metric_of(self.stdout, label)


def metric_of(text: str, label: str = "") -> float:
    r"""The first number after ``label`` on the last line that has both.

    >>> metric_of("cost: 3\ntest accuracy: 0.5 after 7 epochs\\n")
    0.5
    >>> metric_of("rmse: 0.1 accuracy: 1.0\nbye", "rmse")
    0.1
    """
    for line in reversed(re.split(r"[\r\n]+", text)):
        place = line.find(label)
        if place < 0 or not line.strip():
            continue
        number = NUMBER.search(line, place + len(label))
        if number:
            return float(number.group())
    return math.nan


def finish(command: Sequence[str], timeout: float, cwd: Path) -> Run:
    """Run a command to its end, or end it and everything that it started."""
    started = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own arguments
        command,
        cwd=cwd,
        env={**os.environ, **QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=timeout)
            status = "finished" if process.returncode == 0 else "raised"
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            status = "timeout"
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return Run(status, out, err[-4000:], time.perf_counter() - started)


def plain(path: Path, seed: int | None = None, timeout: float = 120.0) -> Run:
    """Run a program with its own seeds (None) or another draw, in an empty folder."""
    start = [sys.executable] if seed is None else [sys.executable, str(SEEDED), str(seed)]
    with tempfile.TemporaryDirectory(prefix="bench-doctor-") as folder:
        return finish([*start, str(path)], timeout, Path(folder))


def beside(source: Path, text: str, folder: Path, name: str = "program.py") -> Path:
    """``text`` as a program in ``folder``, with the modules beside ``source`` that it imports."""
    for module in re.findall(r"^\s*(?:import|from) (\w+)", text, re.MULTILINE):
        other = source.parent / f"{module}.py"
        if other.is_file() and other != source:
            shutil.copy(other, folder / other.name)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True)
class Answer:
    """What the doctor said, the program that it wrote (None: none), and its time in seconds.

    ``error`` says why there is no answer: a traceback, a time-out, something that is no JSON.
    """

    diagnosis: dict[str, Any]
    fixed: str | None
    seconds: float
    error: str = ""
    modules: dict[str, str] = field(default_factory=dict)  # the repaired program's other files


def ask(path: Path, budget: float, extra: Sequence[str] = ()) -> Answer:
    """Ask the doctor about one program, as a person would, from the command line."""
    with tempfile.TemporaryDirectory(prefix="bench-doctor-") as name:
        folder = Path(name)
        fix = folder / "fixed.py"
        command = [sys.executable, "-m", "unstuck", "doctor", str(path), "--format", "json"]
        command += ["--write-fix", str(fix), "--budget", f"{budget:g}", *extra]
        run = finish(command, 2 * budget + 60, folder)
        fixed, modules = written(fix, path.name)
    if run.status == "timeout":
        return Answer({}, fixed, run.seconds, "no answer in twice the budget and a minute")
    try:
        found = json.loads(run.stdout)
    except json.JSONDecodeError:
        last = (run.stderr.strip() or run.stdout.strip() or "nothing").splitlines()[-1]
        return Answer({}, fixed, run.seconds, f"no JSON: {last[:300]}")
    return Answer(found, fixed, run.seconds, modules=modules)


def written(fix: Path, entry: str) -> tuple[str | None, dict[str, str]]:
    """The program that was written: its entry, and its other files where it is a folder."""
    if fix.is_file():
        return fix.read_text(encoding="utf-8"), {}
    if not fix.is_dir():
        return None, {}
    files = {p.name: p.read_text(encoding="utf-8") for p in sorted(fix.glob("*.py"))}
    return files.pop(entry, None), files
