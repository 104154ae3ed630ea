"""The process that has imported the program's libraries and forks a child for every run.

It is copied beside the probe and run by the program's own interpreter: standard library and NumPy
only, Python 3.8 and later. `nursery` is its other end and says what it is for.

A message is four bytes of length and that many of JSON: a birth, with the two descriptors for
what the run prints, or ``{"bury": pid}``. The answers are lines: ``born 123 0``, ``ended 123 1``.
"""

from __future__ import annotations

import array
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
import threading
from contextlib import suppress
from typing import Any

Birth = dict[str, Any]


def attend(line: int, modules: list[str]) -> Birth | None:
    """Import ``modules``, then fork on demand. Returns in the children, with what they were told.

    The nurse herself stays until the line is closed, and then returns None.
    """
    for name in modules:
        with suppress(Exception):  # what is missing is missing for the program, too
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page
    own = socket.socket(fileno=line)
    if threading.active_count() > 1:  # not safe to fork
        return None
    return Nurse(own).work()


class Nurse:
    """The line to the parent, and the children that are still to be buried."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.waking, self.woken = os.pipe()
        os.set_blocking(self.woken, False)
        os.set_blocking(self.waking, False)
        self.living: set[int] = set()

    def work(self) -> Birth | None:
        """Wait for births and deaths."""
        signal.set_wakeup_fd(self.woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.line.sendall(b"\n")
        while True:
            line = self.line.fileno()
            readable, _, _ = select.select([line, self.waking], [], [])
            if self.waking in readable:
                with suppress(BlockingIOError):
                    os.read(self.waking, 4096)
                self.tell_ends()
            if line in readable:
                message, descriptors = self.receive()
                if message is None:
                    return None
                if "bury" in message:
                    with suppress(ChildProcessError):
                        os.waitpid(message["bury"], 0)
                elif self.fork(descriptors):
                    return message

    def receive(self) -> tuple[Birth | None, list[int]]:
        """The next message, and the descriptors that came with it."""
        fds = array.array("i")
        header, extra, _, _ = self.line.recvmsg(4, socket.CMSG_LEN(2 * fds.itemsize))
        for level, kind, data in extra:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        size, text = int.from_bytes(header, "big"), b""
        while header and len(text) < size:
            more = self.line.recv(size - len(text))
            if not more:
                return None, []
            text += more
        return (json.loads(text) if text else None), list(fds)

    def fork(self, descriptors: list[int]) -> bool:
        """Bear one child; True in the child."""
        pid = os.fork()
        if pid:
            for descriptor in descriptors:
                os.close(descriptor)
            self.living.add(pid)
            self.line.sendall(b"born %d 0\n" % pid)
            return False
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for descriptor, standard in zip(descriptors, (1, 2)):  # noqa: B905 - Python 3.8
            os.dup2(descriptor, standard)
            os.close(descriptor)
        os.close(self.waking)
        os.close(self.woken)
        self.line.close()
        return True

    def tell_ends(self) -> None:
        """Say who has ended; they keep their number until they are buried."""
        for pid in sorted(self.living):
            with suppress(ChildProcessError):
                known = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
                if known is None:
                    continue
                code = known.si_status if known.si_code == os.CLD_EXITED else -known.si_status
                self.line.sendall(b"ended %d %d\n" % (pid, code))
            self.living.discard(pid)


def settle(birth: Birth) -> None:
    """In a new child: the folder and the environment of its run."""
    os.chdir(birth["directory"])
    os.environ.clear()
    os.environ.update(birth["environment"])
    tempfile.tempdir = None  # it was found under another environment
    sys.path_importer_cache.clear()
