"""Programs that no doctor wishes for: each gets a clear answer, and leaves nothing behind.

Every program is really run, in the sandbox. Afterwards its folder is as it was, no process of it
lives, and no scratch folder is left.
"""

import re
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec

import pytest

import unstuck
import unstuck.doctor.examine
from unstuck.base.errors import InvalidInputError
from unstuck.trace import processes
from unstuck.trace.sandbox import Sandbox

BUDGET = 30.0  # seconds; a program that ends takes as long as it takes
SHORT = 6.0  # for programs that never end by themselves
SLACK = 3.0  # times the budget

TRAINING = """
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
y = (X @ np.array([[1.0], [-2.0], [0.5]]) > 0).astype(float)
W = rng.normal(size=(3, 1)) * 0.1
b = np.zeros((1, 1))
for epoch in range(200):
    p = 1 / (1 + np.exp(-(X @ W + b)))
    d = (p - y) / len(X)
    W -= 3.0 * X.T @ d
    b -= 3.0 * d.sum(axis=0, keepdims=True)
"""
LOOP = "for epoch in range(200):\n"
HELPER = "import numpy as np\n\n\ndef sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n"
WITH_HELPER = TRAINING.replace("1 / (1 + np.exp(-(X @ W + b)))", "sigmoid(X @ W + b)")


@dataclass(frozen=True)
class Hard:
    """A program, the verdict on it, and what its reason must say."""

    files: dict[str, str]
    verdict: str
    says: str = ""
    start: str = "program.py"
    budget: float = BUDGET


def script(text, verdict, says="", budget=BUDGET):
    return Hard({"program.py": text}, verdict, says, budget=budget)


def within(line, at=100):
    """The training program with a line in its loop, at one iteration."""
    return TRAINING.replace(LOOP, f"{LOOP}    if epoch == {at}:\n        {line}\n")


PROGRAMS = {
    "syntax error": script("for x in range(3)\n    print(x)\n", "crashed", "':'"),
    "crash before training": script(
        "raise ValueError('no data today')\n" + TRAINING, "crashed", "no data today"
    ),
    "crash during training": script(within("X @ np.ones(7)", 3), "crashed", "matmul"),
    "crash after training": script(TRAINING + "print(1 / 0)\n", "crashed", "division by zero"),
    "missing file": script(
        "import numpy as np\nX = np.loadtxt('no/data.csv')\n", "crashed", r"no/data\.csv"
    ),
    "unknown library": script("import no_such_library_xyz\n", "crashed", "no_such_library_xyz"),
    "asks for input": script("n = int(input('epochs? '))\n" + TRAINING, "unknown", "input"),
    "reads standard input": script("import sys\nn = int(sys.stdin.readline())\n", "crashed", "int"),
    "endless loop": script("n = 0\nwhile True:\n    n += 1\n", "unknown", budget=SHORT),
    "waits for ever": script(
        "import threading\nthreading.Event().wait()\n", "unknown", "no loop", budget=SHORT
    ),
    "no training": script("print(sum(range(10)))\n", "unknown", "no loop"),
    "only comments": script("# nothing here\n", "unknown", "no loop"),
    "prints a gigabyte": script(
        "line = 'x' * 1_000_000\nfor _ in range(1000):\n    print(line)\n", "unknown", "print"
    ),
    "prints a gigabyte while it trains": script(
        within("[print('x' * 10_000_000) for _ in range(100)]", 5), "unknown", "print"
    ),
    "allocates too much at once": script(
        "import numpy as np\nX = np.ones((200_000, 200_000))\n", "crashed", "allocate|memory"
    ),
    "allocates more and more": script(
        "import numpy as np\nkept = []\nwhile True:\n    kept.append(np.zeros((10_000, 10_000)))\n",
        "crashed",
        "allocate|memory",
    ),
    "sys.exit(0) before training": script(
        "import sys\nsys.exit(0)\n" + TRAINING, "unknown", "no loop"
    ),
    "sys.exit(3) before training": script(
        "import sys\nsys.exit(3)\n" + TRAINING, "unknown", "no loop"
    ),
    "sys.exit(3) after training": script(TRAINING + "import sys\nsys.exit(3)\n", "learns"),
    "ends itself by a signal": script(
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "unknown"
    ),
    "recursion without end": script("def f(x):\n    return f(x)\nf(1)\n", "crashed", "recursion"),
    "raises in a thread, and sys.exit(0) after training": script(
        "import threading, sys\n"
        "t = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()\n"
        + TRAINING
        + "sys.exit(0)\n",
        "learns",
    ),
    "multiprocessing": script(
        "import multiprocessing\n\n"
        "def square(x):\n    return x * x\n\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.Pool(2) as pool:\n"
        "        print(pool.map(square, range(4)))\n" + TRAINING.replace("\n", "\n    "),
        "learns",
    ),
    "a fork and a helper that stay, each in a session of its own": script(
        "import os, subprocess, sys, time\n"
        "if os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\n    os._exit(0)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],\n"
        "                 start_new_session=True)\n" + TRAINING,
        "learns",
    ),
    "writes, deletes and renames": script(
        "import os\n"
        "open('new.txt', 'w').write('x')\nopen('data.txt', 'a').write('more')\n"
        "os.remove('other.txt')\nos.rename('data.txt', 'moved.txt')\n" + TRAINING,
        "learns",
    ),
    "several modules": Hard(
        {
            "program.py": "from net.layers import sigmoid\n" + WITH_HELPER,
            "net/__init__.py": "",
            "net/layers.py": HELPER,
        },
        "learns",
    ),
    "a package": Hard(
        {
            "pack/__main__.py": "from .layers import sigmoid\n" + WITH_HELPER,
            "pack/__init__.py": "",
            "pack/layers.py": HELPER,
        },
        "learns",
        start="pack",
    ),
}
if find_spec("matplotlib"):
    PROGRAMS["shows plots"] = script(
        "import matplotlib.pyplot as plt\n"
        "plt.plot([1, 2]); plt.show()\n" + TRAINING + "plt.plot(p); plt.show(block=True)\n",
        "learns",
        budget=60.0,
    )


@pytest.fixture
def sandboxes(monkeypatch, tmp_path):
    """The sandboxes that are made, with their scratch in a folder that is empty at first."""
    made = []

    class Noted(Sandbox):
        def __init__(self, python=None):
            super().__init__(python)
            made.append(self)

    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    monkeypatch.setattr(unstuck.doctor.examine, "Sandbox", Noted)
    return made


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "data.txt").write_bytes(b"\x00data\xff")
    (folder / "other.txt").write_text("other\n")


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def assert_nothing_is_left(sandboxes, tmp_path):
    assert len(sandboxes) == 1
    for sandbox in sandboxes:
        assert sandbox._started > 0
        assert not processes.can_list() or processes.members(0, f"{sandbox._name}_") == []
    assert list((tmp_path / "scratch").iterdir()) == []


KNOWN = {}  # what was said of a program, so that it need not be asked again


@pytest.fixture
def examined(sandboxes, tmp_path):
    """The diagnosis of a program, once it is certain that nothing is left of its runs."""

    def examine(hard):
        folder = tmp_path / "program"
        folder.mkdir()
        write(folder, hard.files)
        before = contents(folder)
        began = time.monotonic()
        seen = unstuck.diagnose(folder / hard.start, budget=hard.budget)
        assert time.monotonic() - began < SLACK * hard.budget
        assert contents(folder) == before
        assert_nothing_is_left(sandboxes, tmp_path)
        return seen

    return examine


@pytest.mark.parametrize("name", ["no training", "only comments"])
def test_a_program_without_training_is_told_so(name, examined):
    (note,) = examined(PROGRAMS[name]).findings
    assert (note.code, note.severity) == ("P702", "note")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_clear_answer_and_nothing_left(name, examined):
    hard = PROGRAMS[name]
    seen = KNOWN[name] = examined(hard)
    page = str(seen)
    assert seen.verdict == hard.verdict, page
    assert re.search(hard.says, seen.reason), seen.reason
    assert "_unstuck" not in page
    if seen.verdict == "learns":
        assert seen.progress.end > 0.9
        assert not any(f.severity in {"cause", "fault"} for f in seen.findings), page
    else:
        assert seen.reason
        assert seen.reason in " ".join(page.split()), page
        assert seen.repair is None


def span_of(seen):
    assert seen.verdict == "crashed"
    (finding,) = [f for f in seen.findings if f.code == "P701"]
    return finding.span.file, finding.span.line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1\nprint(x + unheard)\n" + TRAINING, 2),
        (within("X @ np.ones(7)", 3), 10),
        (TRAINING + "\n\nprint(1 / 0)\n", 15),
        ("import no_such_library_xyz\n", 1),
        ("def f(x):\n    return x[9]\n\n\nf([1])\n", 2),
        ("x = 1\nfor x in range(3)\n    print(x)\n", 2),
        ("import numpy as np\nX = np.ones((200_000, 200_000))\n", 2),
    ],
)
def test_the_line_of_a_crash_is_found(text, line, examined):
    assert span_of(examined(script(text, "crashed"))) == ("program.py", line)


def test_a_crash_after_a_while_is_a_crash(examined):
    """Longer than a glance, and without a loop: data that take their time to load."""
    text = f"import time\ntime.sleep({0.1 * SHORT})\nint('x')\n"
    assert span_of(examined(script(text, "crashed", budget=SHORT))) == ("program.py", 3)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("asks for input", "asks for|asked for"),
        ("prints a gigabyte", "print"),
        ("ends itself by a signal", "SIGSEGV"),
        ("sys.exit(3) before training", "exit"),
        ("waits for ever", "running|ended|seconds|budget"),
    ],
)
def test_the_reason_says_how_it_ended(name, says, examined):
    seen = KNOWN.get(name) or examined(PROGRAMS[name])
    assert re.search(says, seen.reason), seen.reason
    assert " " in seen.reason


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \n\n\t\n", "empty"),
        (bytes(range(256)) * 40, "binary"),
        (b"\x7fELF\x02\x01\x01" + bytes(100), "binary"),
        (b"x = '\xff\xfe'\n", "UTF-8|utf-8"),
    ],
)
def test_what_is_no_program_is_refused_before_anything_runs(content, says, sandboxes, tmp_path):
    path = tmp_path / "program.py"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=says):
        unstuck.diagnose(path)
    assert sandboxes == []
    assert path.read_bytes() == content


def test_a_folder_without_a_main_is_refused(sandboxes, tmp_path):
    (tmp_path / "train.py").write_text("x = 1\n")
    with pytest.raises(InvalidInputError, match=r"__main__\.py.*train\.py"):
        unstuck.diagnose(tmp_path)
    assert sandboxes == []


def test_an_interpreter_that_is_none(sandboxes, tmp_path):
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "program.py").write_text(TRAINING)
    (folder / "python").write_text("#!/bin/sh\necho no python\n")
    (folder / "python").chmod(0o755)
    seen = unstuck.diagnose(folder / "program.py", budget=SHORT, python=str(folder / "python"))
    assert seen.verdict == "crashed"
    assert "python" in seen.reason
    assert list((tmp_path / "scratch").iterdir()) == []


def test_an_hour_of_training_gets_its_verdict(examined):
    """Each iteration takes at least a hundredth of a second, and there are a million."""
    text = TRAINING.replace("range(200)", "range(1_000_000)").replace(
        "    d = ", "    time.sleep(0.01)\n    d = "
    )
    seen = examined(script("import time\n" + text, "learns", budget=9.0))
    assert seen.verdict == "learns"
    assert "budget" in seen.reason
    assert [f.severity for f in seen.findings if f.code == "P703"] == ["note"]


def test_a_thread_that_never_ends(examined):
    """The training is over, but Python waits for the thread: the run is ended, not the answer."""
    seen = examined(
        script(
            "import threading\nthreading.Thread(target=threading.Event().wait).start()\n"
            + TRAINING,
            "learns",
            budget=9.0,
        )
    )
    assert seen.verdict == "learns"
    assert seen.progress.end > 0.9
