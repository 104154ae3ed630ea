"""Every process of a run, however it hides, and its end.

A program may fork, start helpers in sessions of their own and let them be orphaned. On Linux
they are found in ``/proc``: by session and process group, by ancestry, and by a variable in their
environment that they all inherit. Elsewhere the process group is all there is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
ROUNDS = 200  # of killing what was started meanwhile
PAUSE = 0.005  # seconds between them


@dataclass(frozen=True, slots=True)
class Process:
    """One line of ``/proc``: who it is, whose it is, when it began (in ticks since boot)."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    began: int


def can_list() -> bool:
    """True where every process of a run can be found, not only its process group."""
    return sys.platform.startswith("linux") and (PROC / "self" / "stat").is_file()


def members(leader: int, marker: str) -> list[int]:
    """The living processes of the run that ``leader`` began, itself among them.

    ``marker`` is the start of the variable that the run's environment holds. A ``leader`` of 0
    means that only the variable tells: 0 is the group and session of the system's own processes.
    """
    mine = os.getpid()
    processes = {p.pid: p for p in _all_processes() if p.pid != mine}
    first = processes[leader].began if leader in processes else 0
    found = {
        p.pid
        for p in processes.values()
        if p.began >= first
        and ((leader > 0 and leader in {p.pid, p.group, p.session}) or _has_variable(p.pid, marker))
    }
    grew = True
    while grew:
        children = {p.pid for p in processes.values() if p.parent in found} - found
        found |= children
        grew = bool(children)
    return [pid for pid in found - _above(processes) if processes[pid].state not in "ZX"]


def _above(processes: Mapping[int, Process]) -> set[int]:
    """The processes that this one was started by: whatever is looked for, they are not it."""
    found = {0, 1}
    pid = os.getppid()
    while pid in processes and pid not in found:
        found.add(pid)
        pid = processes[pid].parent
    return found


def kill_all(leader: int, marker: str) -> int:
    """End the run that ``leader`` began, at once; how many processes besides it were alive."""
    if not can_list():
        _kill_group(leader)
        return 0
    return len(_kill_until_gone(lambda: members(leader, marker)) - {leader})


def kill_children(parent: int, spared: Container[int]) -> int:
    """End what ``parent`` is the parent of, and what thereby becomes so; how many were alive."""

    def children() -> list[int]:
        return [
            p.pid
            for p in _all_processes()
            if p.parent == parent and p.state not in "ZX" and p.pid not in spared
        ]

    return len(_kill_until_gone(children))


def _kill_until_gone(find: Callable[[], list[int]]) -> set[int]:
    """Kill what is found until nothing is found any more; all that were."""
    killed: set[int] = set()
    for _ in range(ROUNDS):
        found = find()
        if not found:
            break
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed.update(found)
        time.sleep(PAUSE)
    return killed


def resident_bytes(pids: list[int]) -> int:
    """Memory that these processes hold for themselves, shared pages counted once in all."""
    rough = sum(_private_bytes(pid) for pid in pids)
    return rough if len(pids) < 2 else min(rough, sum(_proportional_bytes(pid) for pid in pids))


def _private_bytes(pid: int) -> int:
    try:
        fields = (PROC / str(pid) / "statm").read_text().split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def _proportional_bytes(pid: int) -> int:
    """Resident memory, each page divided by the number of processes that share it."""
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return _private_bytes(pid)


def _all_processes() -> Iterator[Process]:
    # Plain strings: a look takes 1 ms for 100 processes, and twice as long with pathlib.
    for name in os.listdir("/proc"):  # noqa: PTH208
        if not name.isdecimal():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                # The command stands in parentheses and may hold spaces and parentheses itself.
                fields = file.read().rpartition(b")")[2].split()
        except OSError:  # gone meanwhile
            continue
        yield Process(
            pid=int(name),
            state=fields[0].decode(),
            parent=int(fields[1]),
            group=int(fields[2]),
            session=int(fields[3]),
            began=int(fields[19]),
        )


def _has_variable(pid: int, marker: str) -> bool:
    try:
        environment = (PROC / str(pid) / "environ").read_bytes()
    except OSError:  # gone, or another user's
        return False
    return environment.startswith(marker.encode()) or b"\0" + marker.encode() in environment


def _kill_group(leader: int) -> None:
    if sys.platform == "win32":
        subprocess.run(  # noqa: S603 - our own argument
            ["taskkill", "/T", "/F", "/PID", str(leader)],  # noqa: S607 - where Windows has it
            capture_output=True,
            check=False,
        )
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
