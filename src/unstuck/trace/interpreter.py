"""Whether a Python can run a program for us: it is there, starts, is new enough, has NumPy."""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from unstuck.trace.request import Limits
from unstuck.trace.supervise import Child

OLDEST_PYTHON = (3, 8)
OLDEST_NUMPY = (1, 20)
CHECK_LIMITS = Limits(seconds=60.0, memory_bytes=None, output_bytes=100_000)
# Runs on any Python from 2.6 on; it only tells, the judgement is made here.
QUESTION = """
import json, sys
known = {"python": list(sys.version_info[:3])}
try:
    import numpy
    known["numpy"] = numpy.__version__
except Exception:
    error = sys.exc_info()[1]
    known["why"] = "%s: %s" % (type(error).__name__, str(error).strip().split("\\n")[0])
print("unstuck " + json.dumps(known))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter by its path, or why it cannot be used."""

    path: str
    problem: str = ""


def find_interpreter(
    named: str | None, environment: dict[str, str], marker: str, folder: Path
) -> Interpreter:
    """The interpreter that was named (this one if none was), checked by asking it.

    ``folder`` is any folder to start it in; ``environment`` and ``marker`` are those of a run.
    """
    if named is None or named == sys.executable:
        # It is running this, with NumPy.
        return Interpreter(sys.executable, "" if sys.executable else _UNKNOWN)
    path = shutil.which(named)
    if path is None:
        there = Path(named).is_file()
        return Interpreter(
            named,
            f"{named} is not executable. Name a Python interpreter with --python."
            if there
            else f"there is no interpreter {named}. Name one by its path, "
            "such as --python .venv/bin/python.",
        )
    path = str(Path(path).absolute())  # not resolved: an environment is found by its own path
    try:
        ended = Child.start([path, "-c", QUESTION], folder, environment, marker).watch(CHECK_LIMITS)
    except OSError as error:
        return Interpreter(path, f"{path} cannot be started: {error.strerror or error}.")
    answer = re.search(r"^unstuck (\{.*\})", ended.stdout, re.MULTILINE)
    if answer is None:
        return Interpreter(
            path, f"{path} does not answer as a Python interpreter does{_said(ended.stderr)}."
        )
    return Interpreter(path, _judge(path, json.loads(answer[1])))


_UNKNOWN = "Python does not know where it is itself. Name an interpreter with --python."


def _judge(path: str, known: dict[str, object]) -> str:
    python = known.get("python")
    version = tuple(python) if isinstance(python, list) else ()
    if version < OLDEST_PYTHON:
        return (
            f"{path} is Python {_dotted(version)}; programs can be watched from Python "
            f"{_dotted(OLDEST_PYTHON)} on. Name a newer one with --python."
        )
    if "numpy" not in known:
        return (
            f"{path} cannot import NumPy ({known.get('why')}). Name the interpreter that runs your "
            f"program with --python, or install NumPy for it: {path} -m pip install numpy."
        )
    numpy = tuple(int(part) for part in re.findall(r"\d+", str(known["numpy"]))[:2])
    if numpy < OLDEST_NUMPY:
        return (
            f"{path} has NumPy {known['numpy']}; programs can be watched from NumPy "
            f"{_dotted(OLDEST_NUMPY)} on. Update it, or name another interpreter with --python."
        )
    return ""


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _said(text: str) -> str:
    lines = text.strip().splitlines()
    return f" (it says: {lines[-1].strip()[:200]})" if lines else ""
