"""One child process from its start to its end: watched, limited, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, TypeAlias

from unstuck.trace import processes
from unstuck.trace.nursery import Forked
from unstuck.trace.output import Kept, keep_reading
from unstuck.trace.request import Limits

Process: TypeAlias = "subprocess.Popen[bytes] | Forked"
Reason = Literal["", "timeout", "memory", "output", "stopped", "processes"]
# Seconds between the wish that it end and its end, to write down what it knows.
GRACE: Mapping[Reason, float] = {"timeout": 3.0, "output": 3.0, "memory": 0.5, "processes": 0.0}
SLOWEST_LOOK = 0.25  # seconds between two looks at the memory of a run
LOOK_SHARE = 0.02  # of the time may be spent looking
DRAIN = 2.0  # seconds to wait for the last of the output
MOST_PROCESSES = 1000


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. ``reason`` is why it was made to, "" if it ended by itself."""

    reason: Reason
    returncode: int
    seconds: float
    stdout: str
    stderr: str
    truncated: bool
    peak_bytes: int  # as seen from outside now and then; 0 if never looked
    orphans: int  # processes that it left running


class Child:
    """A running process, its output and its descendants."""

    def __init__(self, process: Process, marker: str) -> None:
        self.marker = f"{marker}="  # so that run 1 is not taken for run 10
        self.peak_bytes = 0
        self.began = time.monotonic()
        self.process = process
        self._wake = threading.Event()
        self._exited = self._flooded = self._stopped = False

    @classmethod
    def start(
        cls, command: Sequence[str], directory: Path, environment: Mapping[str, str], marker: str
    ) -> Self:
        """A new process, ``marker`` a variable in its environment."""
        flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        process = subprocess.Popen(  # noqa: S603 - running the user's program is the point
            list(command),
            cwd=directory,
            env={**environment, marker: "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            creationflags=flags,
        )
        return cls(process, marker)

    def stop(self) -> None:
        """Have it killed; may be called from any thread."""
        self._stopped = True
        self._wake.set()

    def watch(self, limits: Limits) -> Ended:
        """Wait for its end, or bring it about when a limit is reached."""
        kept = [Kept(limits.output_bytes), Kept(limits.output_bytes)]
        readers: list[threading.Thread] = []
        reason: Reason = "stopped"
        try:
            for pipe, one in zip((self.process.stdout, self.process.stderr), kept, strict=True):
                if pipe is not None:
                    readers.append(keep_reading(pipe, one, self._flood))
            threading.Thread(target=self._await_exit, name="unstuck wait", daemon=True).start()
            reason = self._until(limits)
            seconds = time.monotonic() - self.began
            if reason and reason != "stopped":
                self._ask_to_end(GRACE[reason])
        finally:
            orphans = processes.kill_all(self.process.pid, self.marker)
            self.process.kill()
            if isinstance(self.process, Forked):
                self.process.await_end()
                orphans += self.process.kill_orphans()
            returncode = self.process.wait()
            for reader in readers:
                reader.join(DRAIN)
            self._close_pipes(readers)
        return Ended(
            reason=reason,
            returncode=returncode,
            seconds=seconds,
            stdout=kept[0].text(),
            stderr=kept[1].text(),
            truncated=any(one.truncated for one in kept),
            peak_bytes=self.peak_bytes,
            orphans=orphans,
        )

    def _until(self, limits: Limits) -> Reason:
        """Wait until it ends ("") or something says that it must."""
        deadline = self.began + limits.seconds
        pause = SLOWEST_LOOK / 2
        looking = processes.can_list()
        while True:
            now = time.monotonic()
            self._wake.wait(max(0.0, min(deadline - now, pause) if looking else deadline - now))
            if self._stopped:
                return "stopped"
            if self._exited:
                return ""
            if self._flooded:
                return "output"
            now = time.monotonic()
            if now >= deadline:
                return "timeout"
            if looking:
                found = processes.members(self.process.pid, self.marker)
                self.peak_bytes = max(self.peak_bytes, processes.resident_bytes(found))
                if limits.memory_bytes is not None and self.peak_bytes > limits.memory_bytes:
                    return "memory"
                if len(found) > MOST_PROCESSES:
                    return "processes"
                pause = max(SLOWEST_LOOK, (time.monotonic() - now) / LOOK_SHARE)

    def _ask_to_end(self, grace: float) -> None:
        """SIGUSR2 for where it is, SIGTERM so that it writes down what it knows; then wait."""
        if sys.platform == "win32":
            return
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.process.pid, signal.SIGUSR2)
            time.sleep(0.02)
            os.kill(self.process.pid, signal.SIGTERM)
        end = time.monotonic() + grace
        while not self._over() and time.monotonic() < end:
            self._wake.clear()
            if not self._over():
                self._wake.wait(end - time.monotonic())

    def _over(self) -> bool:
        return self._exited or self._stopped

    def _flood(self) -> None:
        self._flooded = True
        self._wake.set()

    def _await_exit(self) -> None:
        """Notice the end without reaping, so that the process id stays ours until all are gone."""
        try:
            if isinstance(self.process, Forked):
                self.process.await_end()
            elif hasattr(os, "waitid"):
                os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
            else:
                self.process.wait()
        except ChildProcessError:  # reaped by someone else
            pass
        self._exited = True
        self._wake.set()

    def _close_pipes(self, readers: Sequence[threading.Thread]) -> None:
        """Close what is no longer read; a pipe that an escaped process holds is left to it."""
        for pipe, reader in zip((self.process.stdout, self.process.stderr), readers, strict=False):
            if pipe is not None and not reader.is_alive():
                pipe.close()
