"""Which processes belong to a run, and which are never touched: on process tables made by hand.

Nothing here ends a process: what would kill only writes down whom.
"""

import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from unstuck.trace import processes
from unstuck.trace.processes import Process

MARKER = "UNSTUCK_RUN_abc_1="
ME, SHELL, TERMINAL = 500, 400, 300  # this process, what started it, and what started that
LEADER = 600

linux = pytest.mark.skipif(not processes.can_list(), reason="there is no /proc here")


class Table:
    """A process table; ``marked`` have the run's variable in their environment."""

    def __init__(self, monkeypatch):
        self.processes = {}
        self.marked = set()
        self.killed = []
        self.immortal = set()
        for pid, parent in ((1, 0), (2, 0), (TERMINAL, 1), (SHELL, TERMINAL), (ME, SHELL)):
            self.add(pid, parent, group=0 if pid == 2 else pid, began=pid)
        # A module without os.kill, so that nothing can end even if it should go wrong.
        table = SimpleNamespace(getpid=lambda: ME, getppid=lambda: SHELL, kill=self.kill)
        monkeypatch.setattr(processes, "os", table)
        monkeypatch.setattr(processes, "can_list", lambda: True)
        monkeypatch.setattr(processes, "time", SimpleNamespace(sleep=lambda _: None))
        monkeypatch.setattr(processes, "_all_processes", lambda: list(self.processes.values()))
        monkeypatch.setattr(processes, "_has_variable", self.has_variable)

    def add(self, pid, parent, *, group=None, session=None, began=None, state="S", marked=False):
        group = pid if group is None else group
        session = group if session is None else session
        began = pid if began is None else began
        self.processes[pid] = Process(pid, state, parent, group, session, began)
        if marked:
            self.marked.add(pid)

    def has_variable(self, pid, marker):
        return pid in self.marked and MARKER.startswith(marker)

    def kill(self, pid, sign):
        assert sign == signal.SIGKILL
        if pid not in self.processes:
            raise ProcessLookupError(pid)
        self.killed.append(pid)
        if pid not in self.immortal:
            del self.processes[pid]

    def members(self, leader=LEADER, marker=MARKER):
        return sorted(processes.members(leader, marker))


@pytest.fixture
def table(monkeypatch):
    return Table(monkeypatch)


# --------------------------------------------------------------------- by the variable only: 0


def test_leader_0_takes_nobody_without_the_variable(table):
    for pid in (700, 701):
        table.add(pid, 1)
    table.add(800, ME)  # an own child that is no run
    table.add(3, 2, group=0, session=0)  # the system's own are of group and session 0
    assert table.members(leader=0) == []
    assert processes.kill_all(0, MARKER) == 0
    assert table.killed == []


def test_leader_0_takes_those_with_the_variable_and_their_children(table):
    table.add(700, 1, marked=True)  # orphaned, in a session of its own
    table.add(701, 700)  # its child cleared its environment
    table.add(702, 701)
    table.add(703, 1)  # a stranger
    assert table.members(leader=0) == [700, 701, 702]
    assert processes.kill_all(0, MARKER) == 3
    assert sorted(table.killed) == [700, 701, 702]
    assert 703 in table.processes


def test_leader_0_and_a_part_of_the_variable_takes_every_run_of_a_sandbox(table):
    table.add(700, 1, marked=True)
    assert table.members(leader=0, marker="UNSTUCK_RUN_abc_") == [700]
    assert table.members(leader=0, marker="UNSTUCK_RUN_abd_") == []


@pytest.mark.parametrize("leader", [0, LEADER])
@pytest.mark.parametrize("above", [SHELL, TERMINAL, 1])
def test_what_started_us_is_never_taken(table, leader, above):
    """Not even with the variable: the doctor may itself run within an examined program."""
    table.marked |= {above, ME}
    table.add(LEADER, ME, marked=True)
    found = table.members(leader=leader)
    assert LEADER in found
    assert not {0, 1, ME, SHELL, TERMINAL} & set(found)
    processes.kill_all(leader, MARKER)
    assert {1, ME, SHELL, TERMINAL} <= set(table.processes)


def test_this_process_is_not_taken_though_it_has_the_variable(table):
    table.marked.add(ME)
    assert table.members(leader=0) == []


# -------------------------------------------------------------------------------- by the leader


def test_a_leader_takes_its_group_its_session_and_its_descendants(table):
    table.add(LEADER, ME, marked=True)
    table.add(610, LEADER, group=LEADER)
    table.add(611, 1, group=611, session=LEADER)  # orphaned, of a group of its own
    table.add(612, 610, group=612)  # a session of its own, but a descendant
    table.add(613, 1, marked=True)  # hidden from all of these, but for the variable
    table.add(614, 1)
    assert table.members() == [LEADER, 610, 611, 612, 613]
    assert processes.kill_all(LEADER, MARKER) == 4  # besides the leader


def test_a_process_that_began_before_the_leader_is_another(table):
    """Process numbers are used again: an old session may carry the leader's number."""
    table.add(LEADER, ME, began=1000)
    table.add(610, 1, group=LEADER, began=999)
    table.add(611, 1, group=LEADER, began=1000)
    assert table.members() == [LEADER, 611]


def test_a_leader_that_is_gone_is_found_by_what_it_left(table):
    table.add(611, 1, group=LEADER)
    table.add(612, 1, marked=True)
    assert table.members() == [611, 612]


@pytest.mark.parametrize("state", ["Z", "X"])
def test_the_dead_are_not_killed_but_their_children_are(table, state):
    table.add(LEADER, ME, state=state)
    table.add(610, LEADER, group=610)
    assert table.members() == [610]


def test_what_is_started_meanwhile_is_ended_too(table):
    table.add(700, 1, marked=True)
    before = table.kill
    born = iter([701, 702])

    def kill(pid, sign):
        before(pid, sign)
        new = next(born, None)
        if new is not None:
            table.add(new, 1, marked=True)

    processes.os.kill = kill
    assert processes.kill_all(0, MARKER) == 3
    assert table.killed == [700, 701, 702]


def test_killing_gives_up_on_what_cannot_be_killed(table):
    table.add(700, 1, marked=True)
    table.immortal.add(700)
    assert processes.kill_all(0, MARKER) == 1
    assert len(table.killed) == processes.ROUNDS


def test_what_may_not_be_killed_stops_nothing(table):
    table.add(700, 1, marked=True)
    table.add(701, 1, marked=True)
    before = table.kill

    def kill(pid, sign):
        if pid == 700:
            raise PermissionError(pid)
        if pid in table.processes:
            before(pid, sign)

    processes.os.kill = kill
    processes.kill_all(0, MARKER)
    assert table.killed == [701]


# ------------------------------------------------------------------------------- what is read


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        (b"PATH=/bin\0UNSTUCK_RUN_abc_1=1\0HOME=/\0", True),
        (b"UNSTUCK_RUN_abc_1=1\0", True),
        (b"PATH=/bin\0UNSTUCK_RUN_abc_10=1\0", False),
        (b"PATH=UNSTUCK_RUN_abc_1=1\0", False),  # within another variable's value
        (b"", False),
        (None, False),
    ],
)
def test_the_variable_is_found_whole(monkeypatch, tmp_path, environment, found):
    monkeypatch.setattr(processes, "PROC", tmp_path)
    (tmp_path / "7").mkdir()
    if environment is not None:
        (tmp_path / "7" / "environ").write_bytes(environment)
    assert processes._has_variable(7, MARKER) is found


@linux
def test_a_name_with_parentheses_and_spaces_hides_nothing():
    code = (
        "open('/proc/self/comm', 'w').write('a) R 1 1 1'); print(flush=True); "
        "import sys; sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        found = {p.pid: p for p in processes._all_processes()}
        child.stdin.close()
    assert found[child.pid].parent == os.getpid()
    assert found[child.pid].group == os.getpgid(0)
    assert found[child.pid].began >= found[os.getpid()].began
