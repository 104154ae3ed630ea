"""A run that is forked is the run that would have started from nothing, and it is cleaned up."""

import os
import sys
import textwrap
import time
from pathlib import Path

import pytest

from unstuck.trace import sandbox as sandboxes
from unstuck.trace.nursery import Nursery, NurseryError, can_fork, libraries
from unstuck.trace.program import Program
from unstuck.trace.request import Limits, Request
from unstuck.trace.sandbox import Sandbox

pytestmark = pytest.mark.skipif(not can_fork(), reason="processes are forked on Linux only")

DRAWS = """
import os, random, sys, tempfile
import numpy as np
from numpy.random import default_rng
from sklearn.datasets import load_digits
from sklearn.utils import check_random_state
from sklearn.model_selection import train_test_split
X, y = load_digits(return_X_y=True)
print(train_test_split(X, y)[0].sum(), check_random_state(None).rand(), np.random.rand(2))
print(default_rng(1).random(), np.random.default_rng(2).random())
print(random.Random(3).random(), np.random.RandomState(3).rand())
print(hash("text"), sys.argv, __name__, os.environ["TMPDIR"] == tempfile.gettempdir())
print(os.getcwd() == os.path.dirname(os.path.abspath(__file__)), sys.path[0] == os.getcwd())
print(sys.flags.hash_randomization, sorted(os.environ) == sorted(set(os.environ)), __file__)
"""


def program(text, **files):
    files = {f"{name}.py": textwrap.dedent(body) for name, body in files.items()}
    return Program({"main.py": textwrap.dedent(text), **files}, "main.py")


UNSEEDED = """
import random
import numpy as np
from sklearn.utils import check_random_state
print(np.random.default_rng().random(), np.random.RandomState().rand(), random.Random().random())
"""


def test_generators_without_a_seed_draw_the_same_in_every_run():
    # What they draw may differ from a run from nothing: the libraries made generators, too.
    with Sandbox() as sandbox:
        first, again = (sandbox.run(program(UNSEEDED), Request("tally")) for _ in range(2))
    assert first.stdout == again.stdout
    assert any("without one" in note for note in first.notes)


@pytest.mark.parametrize("seed", [None, 7])
def test_a_forked_run_draws_and_sees_what_a_run_from_nothing_does(monkeypatch, seed):
    request = Request("tally", seed=seed)
    with Sandbox() as sandbox:
        first, again = (sandbox.run(program(DRAWS), request) for _ in range(2))
        assert sandbox._nursery is not None
    monkeypatch.setattr(sandboxes, "can_fork", lambda: False)
    with Sandbox() as sandbox:
        plain = sandbox.run(program(DRAWS), request)
        assert sandbox._nursery is None
    assert first.status == plain.status == "finished", first.stderr
    # The folder of each sandbox has its own name; all else is equal.
    assert first.stdout == again.stdout == plain.stdout


def test_one_run_leaves_nothing_behind_for_the_next():
    text = """
    import numpy as np, os, sys
    print(getattr(np, "mark", None), os.environ.get("MARK"), np.geterr()["over"])
    np.mark, os.environ["MARK"] = 1, "1"
    np.seterr(over="ignore")
    """
    with Sandbox() as sandbox:
        outcomes = [sandbox.run(program(text), Request("tally")) for _ in range(2)]
    assert [outcome.stdout for outcome in outcomes] == ["None None warn\n"] * 2


def test_several_runs_at_a_time_are_kept_apart():
    text = "import numpy, time\nfor i in range(20):\n    time.sleep(0.01)\nprint(MARK)\n"
    jobs = [(program(text.replace("MARK", str(i))), Request("tally")) for i in range(6)]
    with Sandbox() as sandbox:
        outcomes = sandbox.run_all(jobs, workers=3)
    assert [outcome.stdout for outcome in outcomes] == [f"{i}\n" for i in range(6)]


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("import sys\nsys.exit(3)", "exited", 3),
        ("raise ValueError('no')", "raised", 1),
        ("import os\nos._exit(5)", "exited", 5),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "killed", None),
        ("import atexit\natexit.register(print, 'end')", "finished", 0),
    ],
)
def test_how_it_ended_is_known(text, status, code):
    with Sandbox() as sandbox:
        outcome = sandbox.run(program(text), Request("tally"))
    assert (outcome.status, outcome.exit_code) == (status, code), outcome
    assert outcome.stdout == ("end\n" if "atexit" in text else "")


def test_a_process_that_hides_in_a_session_of_its_own_ends_with_its_run():
    text = """
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            print(os.getpid(), flush=True)
            time.sleep(600)
        os._exit(0)
    time.sleep(0.3)
    """
    with Sandbox() as sandbox:
        began = time.monotonic()
        outcome = sandbox.run(program(text), Request("tally"))
        assert time.monotonic() - began < 10
        hidden = int(outcome.stdout)
        assert not Path(f"/proc/{hidden}").exists() or _is_dead(hidden)
    assert "left 1 other processes running" in outcome.notes[0]


def _is_dead(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"


def test_where_the_nurse_is_gone_runs_start_from_nothing():
    with Sandbox() as sandbox:
        assert sandbox.run(program("print(1)"), Request("tally")).stdout == "1\n"
        sandbox._nursery.process.kill()
        sandbox._nursery.process.wait()
        assert sandbox.run(program("print(2)"), Request("tally")).stdout == "2\n"


def test_a_run_is_stopped_at_its_limits():
    with Sandbox() as sandbox:
        slow = sandbox.run(program("while True: pass"), Request("tally"), Limits(seconds=1.0))
        large = sandbox.run(
            program("import numpy as np\nx = np.ones(10**9)"),
            Request("tally"),
            Limits(memory_bytes=500_000_000),
        )
    assert (slow.status, large.status) == ("timeout", "memory")


def test_a_nurse_that_does_not_come_up_says_so(tmp_path):
    nursery = Nursery([sys.executable, "-c", "pass"], tmp_path, dict(os.environ))
    with pytest.raises(NurseryError):
        nursery.fork({})
    nursery.close()


def test_a_module_of_the_program_is_never_taken_for_a_library():
    mine = program("import sklearn\nprint(sklearn.mine)", sklearn="mine = 1")
    assert libraries(mine) == []
    with Sandbox() as sandbox:
        assert sandbox.run(mine, Request("tally")).stdout == "1\n"


def test_only_libraries_that_are_safe_to_fork_are_imported_before():
    text = "import torch, os\nimport pandas as pd\nfrom matplotlib.pylab import *"
    assert libraries(program(text)) == ["pandas"]
