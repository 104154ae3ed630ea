"""Where runs are born in a moment: one process has imported the program's libraries, and forks.

A diagnosis runs a program some ten times, and most of a small run would be the start of Python and
the import of scikit-learn or pandas. One process does both once; every run is a fork of it.

    sandbox ── birth (JSON, two pipes) ──> nurse ── fork ──> the run
            <── born 123, ended 123 ──────

Linux only: elsewhere, and where anything about it fails, a run starts from nothing as before.
What the nurse does stands in ``nurse.py``, beside the probe, since it runs in the child.
"""

from __future__ import annotations

import ast
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from unstuck.trace import processes
from unstuck.trace.follow_imports import parse
from unstuck.trace.program import Program

READY_SECONDS = 30.0  # for the imports; more, and runs start from nothing
BIRTH_SECONDS = 5.0
# Libraries that start no thread and open nothing when they are imported: safe to fork.
PRELOADED = ("matplotlib", "numpy", "pandas", "scipy", "sklearn")


class NurseryError(Exception):
    """The nursery cannot do it; start the run from nothing."""


def can_fork() -> bool:
    """True where a process can be forked and everything that it needs can be handed over."""
    return sys.platform.startswith("linux") and hasattr(socket, "send_fds")


def libraries(program: Program) -> list[str]:
    r"""The modules of `PRELOADED` libraries that the program imports, anywhere in its files.

    ``from sklearn import datasets`` may name a module or a function, so both are listed; what
    is none is not found, and nothing happens.

    >>> libraries(Program({"a.py": "import numpy as np\nfrom sklearn import datasets"}, "a.py"))
    ['numpy', 'sklearn', 'sklearn.datasets']
    """
    found: set[str] = set()
    for text in program.files.values():
        tree = parse(text)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
    own = {part.removesuffix(".py") for file in program.files for part in file.split("/")}
    return sorted(
        name
        for name in found
        if name.split(".")[0] in PRELOADED
        and name.split(".")[0] not in own
        and "pylab" not in name  # it takes over names before they can be changed for a run
        and not name.endswith("*")
    )


class Forked:
    """A run that the nurse bore; what `subprocess.Popen` is for others."""

    def __init__(
        self, nursery: Nursery, pid: int, ended: Future[int], out: IO[bytes], err: IO[bytes]
    ) -> None:
        self.pid = pid
        self.stdout: IO[bytes] | None = out
        self.stderr: IO[bytes] | None = err
        self._nursery = nursery
        self._ended = ended

    def await_end(self) -> None:
        """Return once it has ended; its process id stays its own until `wait`."""
        self._ended.result()

    def kill(self) -> None:
        """End it at once."""
        if not self._ended.done():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)

    def kill_orphans(self) -> int:
        """End what runs left behind that have ended; how many there were.

        A process that went into a session of its own is not seen to be of this run any more,
        but once its parents are gone, it is the nurse who inherits it.
        """
        return self._nursery.kill_orphans()

    def wait(self) -> int:
        """How it ended: its exit code, or minus the signal. Gives its process id back."""
        code = self._ended.result()
        self._nursery.bury(self.pid)
        return code


class Nursery:
    """The process that forks, and the line to it.

    Raises
    ------
    NurseryError
        When it does not come up, from `start` on.
    """

    def __init__(
        self, command: Sequence[str], directory: Path, environment: Mapping[str, str]
    ) -> None:
        self._lock = threading.Lock()
        self._born: Future[int] = Future()
        self._ends: dict[int, Future[int]] = {}
        ours, theirs = socket.socketpair()
        with theirs:
            self._line = ours
            self.process = subprocess.Popen(  # noqa: S603 - our own text
                [*command, str(theirs.fileno())],
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._ready = False

    def fork(self, birth: Mapping[str, Any]) -> Forked:
        """A run that begins now, as ``birth`` says (see ``nurse.py``)."""
        with self._lock:
            self._await_ready()
            out, out_end = _pipe()
            err, err_end = _pipe()
            self._born = Future()
            try:
                message = json.dumps(dict(birth)).encode()
                header = len(message).to_bytes(4, "big")
                socket.send_fds(self._line, [header], [out_end, err_end])
                self._line.sendall(message)
                pid = self._born.result(BIRTH_SECONDS)
            except (OSError, TimeoutError) as error:
                out.close()
                err.close()
                raise NurseryError("it does not answer") from error
            finally:
                os.close(out_end)
                os.close(err_end)
            return Forked(self, pid, self._end_of(pid), out, err)

    def bury(self, pid: int) -> None:
        """A run that has ended may be forgotten."""
        with suppress(OSError), self._lock:
            message = json.dumps({"bury": pid}).encode()
            self._line.sendall(len(message).to_bytes(4, "big") + message)
        self._ends.pop(pid, None)

    def kill_orphans(self) -> int:
        """End the children of the nurse that she did not bear."""
        with self._lock:  # no child is born meanwhile
            return processes.kill_children(self.process.pid, self._ends)

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()

    def _await_ready(self) -> None:
        """Wait for the imports to be done, the first time; then have a thread listen."""
        if self.process.poll() is not None:
            raise NurseryError("it has ended")
        if self._ready:
            return
        readable, _, _ = select.select([self._line], [], [], READY_SECONDS)
        if not readable or self._line.recv(1) != b"\n":
            raise NurseryError("it did not come up")
        self._ready = True
        threading.Thread(target=self._listen, name="unstuck nursery", daemon=True).start()

    def _listen(self) -> None:
        """Take in what the nurse tells: births and ends."""
        with suppress(OSError, ValueError), self._line.makefile("rb") as lines:
            for line in lines:
                what, pid, code = line.split()
                if what == b"born":
                    self._born.set_result(int(pid))
                else:
                    self._end_of(int(pid)).set_result(int(code))
        with suppress(Exception):  # whoever waits for a birth is told that there is none
            self._born.set_exception(TimeoutError())
        for ended in list(self._ends.values()):
            if not ended.done():
                ended.set_result(-int(signal.SIGKILL))  # they end with their nurse

    def _end_of(self, pid: int) -> Future[int]:
        return self._ends.setdefault(pid, Future())


def _pipe() -> tuple[IO[bytes], int]:
    """A pipe: its end to read from, and the descriptor to write to."""
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb", buffering=0), writing
