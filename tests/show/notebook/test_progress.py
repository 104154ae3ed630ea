"""Progress under a cell: one output, few messages, nothing but text left behind."""

import sys
import time
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from unstuck.core.network import Network
from unstuck.show.notebook import progress as board_module
from unstuck.show.notebook.progress import (
    PAUSE,
    Board,
    NotebookCounting,
    NotebookTrying,
    NotebookWatch,
    bundle,
    in_notebook,
)
from unstuck.show.terminal import counting, progress, trying
from unstuck.training.trainer import Trainer

X = np.random.default_rng(0).normal(size=(40, 3))
y = (X[:, 0] > 0).astype(int)


@pytest.fixture
def messages(monkeypatch):
    """What a kernel would be sent."""
    sent = []

    def display(data, *, raw, display_id):
        assert raw
        assert display_id
        sent.append(data)
        return SimpleNamespace(update=lambda data, raw: sent.append(data))

    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    return sent


@pytest.fixture
def clock(monkeypatch):
    """A clock that is moved by hand."""
    now = SimpleNamespace(now=100.0)
    monkeypatch.setattr(
        board_module, "time", SimpleNamespace(monotonic=lambda: now.now, sleep=time.sleep)
    )
    return now


def test_there_is_no_kernel_here():
    assert not in_notebook()
    assert not isinstance(progress(), NotebookWatch)
    assert not isinstance(counting(), NotebookCounting)
    assert not isinstance(trying(3.0), NotebookTrying)


def test_in_a_kernel_there_is_a_board(monkeypatch):
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert in_notebook()
    assert isinstance(progress(), NotebookWatch)
    assert isinstance(counting(), NotebookCounting)
    assert isinstance(trying(3.0), NotebookTrying)


def test_few_messages_a_second(messages, clock):
    board = Board()
    for step in range(1000):  # two seconds of work
        board.bar(step, 1000, f"step {step}")
        clock.now += 0.002
    assert len(messages) <= 2 / PAUSE + 1
    assert len(messages) >= 2 / PAUSE - 1
    board.close()
    assert messages[-1] == {"text/plain": "", "text/html": "<div></div>"}
    sent = len(messages)
    board.close()
    assert len(messages) == sent, "the same is not sent twice"


def test_nothing_is_left_of_nothing(messages):
    Board().close()
    assert messages == []


def test_training_leaves_its_lines(messages):
    watch = NotebookWatch()
    trainer = Trainer(Network.mlp([3, 2], random_state=0), epochs=100, callbacks=[watch])
    trainer.fit(X, y)
    last = messages[-1]
    lines = last["text/plain"].splitlines()
    assert [line.split()[1] for line in lines] == [
        "1/100",
        *(f"{k}/100" for k in range(10, 101, 10)),
    ]
    assert "<progress" not in last["text/html"]
    assert len(watch.history) == 100


def test_the_bar_goes_when_training_diverges(messages):
    network = Network.mlp([3, 4, 1], loss="squared_error", random_state=0)
    watch = NotebookWatch()
    trainer = Trainer(network, "sgd", learning_rate=1e30, epochs=50, callbacks=[watch])
    with pytest.raises(ArithmeticError):
        trainer.fit(X, X[:, 0])
    assert all("<progress" not in m["text/html"] for m in messages[-1:])


def test_a_race_is_counted(messages, clock):
    with NotebookCounting() as count:
        for done in range(5):
            count(done + 1, 5, "round <1>")
            clock.now += 1.0
    assert "race: round &lt;1&gt;" in messages[0]["text/html"]
    assert messages[-1]["text/plain"].startswith("race: 5 short trainings in 5.")


def test_the_doctor_says_what_it_tries(messages, clock):
    with NotebookTrying(10.0) as say:
        say("running <b>")
        clock.now += 5.0
        say("trying a change")
    assert "&lt;b&gt;" in messages[0]["text/html"]
    assert " 52%" in messages[1]["text/plain"] or " 50%" in messages[1]["text/plain"]
    assert messages[-1]["text/plain"].startswith("examined in 5.")


def test_a_bar_is_never_over_full():
    plain, html = bundle(["<i>"], 1.7, "x")
    assert "[########################] 100%  x" in plain
    assert 'value="1.000"' in html
    assert "&lt;i&gt;" in html


CELLS = (
    """import unstuck, numpy as np
X = np.random.default_rng(0).normal(size=(300, 5))
y = (X[:, 0] > 0).astype(int)
network = unstuck.Network.mlp([5, 4, 2], random_state=0)
history = unstuck.Trainer(network, epochs=30, random_state=0, verbose=True).fit(X, y)""",
    """unstuck.MLPClassifier(
    (4,), max_iter=20, n_iter_no_change=99, random_state=0, verbose=True, early_stopping=True
).fit(X, y);""",
    "advice = unstuck.advise(network, X, y, steps=10, seeds=1, n_jobs=1, progress=True)",
    """open("program.py", "w").write("print(1)")
diagnosis = unstuck.diagnose("program.py", budget=20, say=True)""",
    "history",
    "import sys; assert 'ipywidgets' not in sys.modules",
)


def test_in_a_real_kernel(tmp_path):
    """One output a cell, plain text in it, and no widget: what JupyterLab and VS Code both show."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    for cell in notebook.cells[:4]:
        shown = [o for o in cell.outputs if o.output_type != "stream"]
        assert len(shown) == 1
        data = shown[0].data
        assert set(data) == {"text/plain", "text/html"}
        assert data["text/plain"]
        assert "\x1b" not in data["text/plain"]
        assert "<progress" not in data["text/html"]
        assert "".join(o.text for o in cell.outputs if o.output_type == "stream" and
                       o.name == "stderr" and "Convergence" not in o.text) == ""  # fmt: skip
    assert notebook.cells[0].outputs[0].data["text/plain"].count("epoch") == 7
    assert set(notebook.cells[4].outputs[0].data) == {"text/plain", "text/html"}
