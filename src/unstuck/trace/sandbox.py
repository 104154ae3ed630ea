"""Run a program in a child process, over a scratch copy, within limits; bring back what it did.

The program has the person's own rights: a scratch copy protects the files of its folder, not
those that it names by an absolute path. On macOS the memory limit is not enforced by the system,
and a helper process that leaves its group escapes; on Windows there is no memory limit at all.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from unstuck.base.errors import InvalidInputError
from unstuck.trace import processes
from unstuck.trace.interpreter import Interpreter, find_interpreter
from unstuck.trace.nursery import Nursery, NurseryError, can_fork, libraries
from unstuck.trace.program import Program
from unstuck.trace.report import make_outcome
from unstuck.trace.request import Limits, Outcome, ProgramError, Request
from unstuck.trace.scratch import Scratch, WorkingCopy
from unstuck.trace.supervise import Child

HERE = Path(__file__).parent
PROBE = HERE / "probe"
THREAD_VARIABLES = (
    "BLIS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
OURS = {
    **dict.fromkeys(THREAD_VARIABLES, "1"),  # sums are split the same way; two runs, two cores
    "MPLBACKEND": "Agg",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONIOENCODING": "utf-8",
}
DROPPED = ("PYTHONINSPECT", "PYTHONSTARTUP", "PYTHONUNBUFFERED")
DEFAULT_LIMITS = Limits()
Birth: TypeAlias = dict[str, Any]
CPU_SLACK = 60  # seconds of processor time above four times the limit, should we be gone


def run(
    program: Program,
    request: Request,
    limits: Limits = DEFAULT_LIMITS,
    *,
    python: str | None = None,
) -> Outcome:
    r"""Run a program once; see `Sandbox` for several runs.

    Raises
    ------
    InvalidInputError
        When there is no room for a scratch copy.

    Examples
    --------
    >>> outcome = run(Program({"a.py": "print(1 + 1)"}, "a.py"), Request("tally"))
    >>> outcome.status, outcome.stdout
    ('finished', '2\n')
    """
    with Sandbox(python) as sandbox:
        return sandbox.run(program, request, limits)


class Sandbox:
    """A scratch folder and an interpreter for the runs of one diagnosis; a context manager.

    Runs may go on at the same time, from several threads or by `run_all`: each has a working
    copy of its own. Leaving the block, also by Ctrl-C, kills what runs and removes the scratch.

    Parameters
    ----------
    python : str or None
        The interpreter that has the program's libraries, by path or name; None is this one.
    """

    def __init__(self, python: str | None = None) -> None:
        self.python = python
        self.scratch = Scratch()
        self._name = f"UNSTUCK_RUN_{uuid.uuid4().hex[:12]}"
        self._lock = threading.Lock()
        self._children: set[Child] = set()
        self._started = 0
        self._stops = 0
        self._closed = False
        self._interpreter: Interpreter | None = None
        self._nursery: Nursery | None = None
        self._nursery_modules: list[str] | None = None  # what it was to import

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End what runs and remove the scratch folder."""
        self._closed = True
        self.stop()
        if self._nursery is not None:
            processes.kill_all(self._nursery.process.pid, f"{self._name}_")
            self._nursery.close()
        if self._started and processes.can_list():
            processes.kill_all(0, f"{self._name}_")
        self.scratch.close()

    def stop(self) -> None:
        """Kill the programs that run now; their outcomes have the status "killed"."""
        with self._lock:
            children = list(self._children)
            self._stops += 1
        for child in children:
            child.stop()

    def run(self, program: Program, request: Request, limits: Limits = DEFAULT_LIMITS) -> Outcome:
        """Run a program once, in a copy of its folder that is as new."""
        try:
            tools = self._tools()
            interpreter = self._checked(tools)
            if interpreter.problem:
                error = ProgramError("InterpreterError", interpreter.problem, None)
                return Outcome(status="interpreter", seconds=0.0, error=error)
            with self.scratch.working_copy(program) as copy:
                return self._run(program, request, limits, interpreter, copy, tools)
        except OSError as error:
            raise InvalidInputError(
                f"cannot make a scratch copy of {program.name}: {error.strerror or error}. "
                "Free some space, or set TMPDIR to a folder that has some."
            ) from error

    def run_all(
        self,
        jobs: Iterable[tuple[Program, Request]],
        limits: Limits = DEFAULT_LIMITS,
        *,
        workers: int = 2,
    ) -> list[Outcome]:
        """Run several programs, ``workers`` at a time; outcomes in the order of the jobs.

        Ctrl-C kills those that run and starts no further one.
        """
        pool = ThreadPoolExecutor(workers, thread_name_prefix="unstuck run")
        try:
            futures = [pool.submit(self.run, program, request, limits) for program, request in jobs]
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            self.stop()
            raise
        finally:
            pool.shutdown(wait=True)

    def _run(
        self,
        program: Program,
        request: Request,
        limits: Limits,
        interpreter: Interpreter,
        copy: WorkingCopy,
        tools: Path,
    ) -> Outcome:
        asked = copy.out / "request.json"
        asked.write_text(json.dumps(_as_json(program, request, limits, copy)), encoding="utf-8")
        birth = _birth(asked, copy, program, limits)
        nursery = self._nursery_of(program, interpreter, tools)
        child = self._start(birth, nursery, interpreter, tools)
        try:
            ended = child.watch(limits)
        finally:
            with self._lock:
                self._children.discard(child)
        outcome = make_outcome(program, copy, ended, limits.memory_bytes)
        return _with_recording(outcome, request, copy)

    def _start(
        self, birth: Birth, nursery: Nursery | None, interpreter: Interpreter, tools: Path
    ) -> Child:
        with self._lock:
            if self._closed:
                raise InvalidInputError("this sandbox is closed; make a new one.")
            self._started += 1
            stops = self._stops
            marker = f"{self._name}_{self._started}"
        child = _forked(birth, nursery, marker) if nursery is not None else None
        if child is None:
            text = _start_text(tools, birth)
            directory, environment = Path(birth["directory"]), birth["environment"]
            child = Child.start([interpreter.path, "-c", text], directory, environment, marker)
        with self._lock:
            self._children.add(child)
            if self._stops != stops:  # meanwhile
                child.stop()
        return child

    def _nursery_of(
        self, program: Program, interpreter: Interpreter, tools: Path
    ) -> Nursery | None:
        """The process that forks runs of this program; None where runs start from nothing."""
        if not can_fork():
            return None
        modules = libraries(program)
        with self._lock:
            if self._closed or self._nursery_modules not in (None, modules):
                return None  # another program than the one that it was made for
            if self._nursery is None and self._nursery_modules is None:
                self._nursery_modules = modules
                text = _nurse_text(tools, self.scratch.open(), modules)
                with suppress(OSError):
                    command = [interpreter.path, "-c", text]
                    self._nursery = Nursery(command, tools, _environment(None))
            return self._nursery

    def _tools(self) -> Path:
        """The folder with the probe in it, copied there once."""
        tools = self.scratch.open() / "tools"
        with self._lock:
            if not tools.exists():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(PROBE, tools / "_unstuck_probe", ignore=ignore)
                for name in ("launch", "nurse"):
                    shutil.copyfile(HERE / f"{name}.py", tools / f"_unstuck_{name}.py")
        return tools

    def _checked(self, tools: Path) -> Interpreter:
        with self._lock:
            if self._interpreter is None:
                self._interpreter = find_interpreter(
                    self.python, _environment(None), f"{self._name}_0", tools
                )
            return self._interpreter


def _as_json(
    program: Program, request: Request, limits: Limits, copy: WorkingCopy
) -> dict[str, Any]:
    """What the probe is told."""
    return {
        **asdict(request),
        "entry": program.entry,
        "files": dict(program.files),
        "root": str(copy.root),
        "package": program.package,
        "notebook": program.notebook is not None,
        "namespace": dict(program.namespace),
        "arguments": list(program.arguments),
        "out": str(copy.out),
        "seconds": limits.seconds,
    }


def _birth(asked: Path, copy: WorkingCopy, program: Program, limits: Limits) -> Birth:
    """What a process must know to become a run."""
    return {
        "asked": str(asked),
        "out": str(copy.out),
        "directory": str(copy.root / program.directory),
        "environment": _environment(copy),
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": int(4 * limits.seconds) + CPU_SLACK,
        "guarded": str(program.folder) if copy.contents.linked else None,
    }


def _forked(birth: Birth, nursery: Nursery, marker: str) -> Child | None:
    """A run forked from the nurse; None if she cannot."""
    environment = {**birth["environment"], marker: "1"}
    try:
        return Child(nursery.fork({**birth, "environment": environment}), marker)
    except NurseryError:
        nursery.close()
        return None


def _start_text(tools: Path, birth: Birth) -> str:
    """The program that becomes a run by itself."""
    out = birth["out"]
    return (
        f"import sys; sys.path.insert(0, {str(tools)!r}); import _unstuck_launch as launch; "
        f"launch.prepare({out!r}, {os.getpid()}, {birth['memory_bytes']!r}, "
        f"{birth['cpu_seconds']}, {birth['guarded']!r}); "
        f"launch.load_probe({out!r})({birth['asked']!r})"
    )


def _nurse_text(tools: Path, out: Path, modules: list[str]) -> str:
    """The program that forks runs; the line to it comes as its argument."""
    return (
        f"import sys; sys.path[:] = [{str(tools)!r}] + [p for p in sys.path if p]; "
        "import _unstuck_launch as launch; "
        f"launch.nurse(int(sys.argv[1]), {str(out)!r}, {os.getpid()}, {modules!r})"
    )


def _environment(copy: WorkingCopy | None) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name not in DROPPED}
    environment.update(OURS)
    if copy is not None:
        for name in ("TMPDIR", "TEMP", "TMP") if os.name == "nt" else ("TMPDIR",):
            environment[name] = str(copy.temporary)
    return environment


def _with_recording(outcome: Outcome, request: Request, copy: WorkingCopy) -> Outcome:
    """The outcome with what the probe wrote to files of their own: the tape, the samples."""
    from unstuck.trace.tape_file import load_tape, load_watched

    tape = load_tape(copy.out) if request.mode == "record" else None
    watched = load_watched(copy.out) if request.mode == "watch" else ()
    return replace(outcome, tape=tape, watched=watched)
