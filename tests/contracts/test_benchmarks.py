"""The benchmarks say what they found, plainly, and compare only what is the same training.

No time is asserted here, and neither PyTorch nor JAX is imported.
"""

import doctest
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # benchmarks/ is a program beside src/, not installed

from benchmarks import __main__ as program  # noqa: E402
from benchmarks import ours, peers, report  # noqa: E402
from benchmarks.peers import handwritten, scikit_learn  # noqa: E402
from benchmarks.race import Entry, Outcome, environment, race  # noqa: E402
from benchmarks.report import Bar, Section, Spread, ratios, summary, table  # noqa: E402
from benchmarks.sections import training  # noqa: E402
from benchmarks.task import Recipe, Task, make_task, mean_loss  # noqa: E402
from benchmarks.workloads import WORKLOADS  # noqa: E402


def small_task(optimizer="sgd", batch_size=16, hidden="relu", samples=200):
    rng = np.random.default_rng(0)
    X = rng.random((samples, 12), np.float32)
    y = (X[:, :3].argmax(axis=1)).astype(np.int64)
    recipe = Recipe((12, 8, 6, 3), hidden, batch_size, optimizer, 0.05, 0.9)
    return make_task(recipe, X, y, seed=1)


# ------------------------------------------------------------------------------ numbers and bars


def test_the_docstring_examples_of_the_report_hold():
    assert doctest.testmod(report).failed == 0


def test_ratios_pair_the_rounds():
    # the machine was twice as slow in the second round: the ratio does not notice
    assert ratios([3.0, 6.0], [1.0, 2.0]) == Spread(3.0, 3.0, 3.0)


def test_ratios_refuse_rounds_that_do_not_pair():
    with pytest.raises(ValueError, match="argument 2"):
        ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("bar", "met", "verdict"),
    [
        (Bar("a", 3.0, 3.0), True, "met"),
        (Bar("a", 3.0, 2.99), False, "MISSED by 0.0100 x"),
        (Bar("a", 0.1, 0.1, "s", at_most=True), True, "met"),
        (Bar("a", 0.1, 0.35, "s", at_most=True), False, "MISSED by 0.250 s"),
        (Bar("a", 3.0, float("nan")), False, "MISSED by nan x"),
    ],
)
def test_a_bar_is_met_or_missed_by_so_much(bar, met, verdict):
    assert bar.met is met
    assert bar.verdict == verdict


def test_table_columns_are_aligned():
    lines = table(("who", "seconds"), [("unstuck", "0.2"), ("a peer", "12.25")]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[1].startswith("  unstuck")


def test_the_summary_lists_every_missed_bar():
    section = Section("A", "title", ("", "x"))
    section.bars += [Bar("fast peer", 2.0, 1.5), Bar("slow peer", 2.0, 8.0)]
    text = summary([section])
    assert text.startswith("1 of 2 bars met.")
    assert "A, fast peer: promised >= 2 x, measured 1.50 x: MISSED by 0.500 x" in text
    assert "slow peer" not in text


# --------------------------------------------------------------------------------------- tables


def outcome(peer, threads, seconds, loss=0.5):
    ready = {"loss": loss, "final_loss": loss, "choice": "", "versions": {}}
    return Outcome(Entry(peer, threads, 100, 100), ready, list(seconds))


def test_every_peer_counts_with_its_better_number_of_threads():
    fast, slow = outcome("pytorch", 2, [1.0, 1.0, 9.0]), outcome("pytorch", 1, [2.0, 2.0, 2.0])
    best = training.better([slow, fast, outcome("unstuck", 0, [1.0])])
    assert best["pytorch"] is fast


def test_a_slower_line_stands_as_plainly_as_a_faster_one():
    section = Section("A", "title", training.HEADER)
    outcomes = [
        outcome("unstuck", 0, [1.0, 1.0]),
        outcome("pytorch", 1, [4.0, 4.0]),
        outcome("jax_scan", 1, [0.5, 0.5]),
    ]
    training.fill(section, outcomes, {"pytorch": 3.0, "jax_scan": 1.0}, checked=100)
    text = section.text()
    assert "4.00 (4.00-4.00)" in text
    assert "MISSED by 0.500 x" in text
    assert [bar.met for bar in section.bars] == [True, False]
    json.dumps(section.as_json(), allow_nan=False)


@pytest.mark.parametrize("loss", [0.51, float("nan")])
def test_training_that_is_not_the_same_is_called_so(loss):
    section = Section("A", "title", training.HEADER)
    outcomes = [outcome("unstuck", 0, [1.0]), outcome("pytorch", 1, [4.0], loss)]
    training.fill(section, outcomes, {"pytorch": 3.0}, checked=100)
    assert "NOT THE SAME TRAINING: PyTorch" in section.text()


def test_slow_peers_run_a_share_and_the_table_says_so(monkeypatch):
    monkeypatch.setattr(training, "missing", lambda peer: "")
    entries = training.entries_of(WORKLOADS["B"], 60_000, quick=False)
    assert {e.samples for e in entries if e.peer == "pytorch"} == {6_000}
    assert {e.samples for e in entries if e.peer in ("unstuck", "jax_scan")} == {60_000}
    assert all(e.whole == 60_000 for e in entries)


def test_a_peer_that_is_not_installed_is_a_note_and_no_error(monkeypatch):
    monkeypatch.setattr(peers, "versions", lambda peer: {"torch": "absent", "numba": "absent"})
    assert peers.missing("pytorch").startswith("PyTorch eager: skipped, torch not installed")


def test_without_mnist_the_table_says_what_to_set(monkeypatch):
    monkeypatch.delenv("UNSTUCK_DATA", raising=False)
    section = training.measure("A", program.Options(1, quick=True))
    assert "set UNSTUCK_DATA" in section.text()


# ------------------------------------------------------------------------------ the same training


def test_a_task_comes_back_from_its_folder_as_it_was(tmp_path):
    task = small_task()
    task.save(tmp_path)
    back = Task.load(tmp_path)
    assert back.recipe == task.recipe
    for name in ("X", "y", "order"):
        np.testing.assert_array_equal(getattr(back, name), getattr(task, name))
    assert all(np.array_equal(a, b) for a, b in zip(back.weights, task.weights, strict=True))


@pytest.mark.parametrize(
    ("optimizer", "batch_size", "hidden"),
    [("sgd", 16, "relu"), ("adam", 16, "relu"), ("sgd", 1, "sigmoid")],
)
def test_contestants_train_the_same(optimizer, batch_size, hidden):
    task = small_task(optimizer, batch_size, hidden)  # 200 samples: a smaller last batch
    losses = [mean_loss(task, peer.train(task)()) for peer in (ours, handwritten, scikit_learn)]
    assert abs(losses[0] - mean_loss(task, task.weights)) > 0.01  # the weights moved
    np.testing.assert_allclose(losses, losses[0], rtol=1e-4)


def test_a_second_run_starts_from_the_beginning():
    task = small_task()
    for peer in (ours, handwritten, scikit_learn):
        run = peer.train(task)
        first = [w.copy() for w in run()]
        assert all(np.array_equal(a, b) for a, b in zip(first, run(), strict=True))


def test_contestants_predict_the_same():
    task = small_task()
    runs = (ours.predict, ours.estimate, handwritten.predict, scikit_learn.estimate)
    classes = {tuple(run(x[None]) for x in task.X) for run in (make(task) for make in runs)}
    assert len(classes) == 1
    assert len(set(*classes)) > 1  # not always the same class


# ------------------------------------------------------------------------------------- the race


def test_a_race_runs_every_entry_once_a_round(tmp_path):
    small_task().save(tmp_path)
    entries = [Entry("handwritten", 1, 100, 200), Entry("products", 1, 200, 200)]
    outcomes = race(entries, "train", tmp_path, rounds=2, checked=50)
    assert [len(o.seconds) for o in outcomes] == [2, 2]
    assert outcomes[0].seconds[0] == 2 * outcomes[0].answers[0]["seconds"]  # scaled to the whole
    assert outcomes[0].ready["loss"] > 0.0
    assert outcomes[1].ready["loss"] is None  # the products train nothing


def test_a_contestant_that_dies_is_named(tmp_path, capfd):
    with pytest.raises(RuntimeError, match=r"handwritten.*exit code 1"):
        race([Entry("handwritten", 1, 1, 1)], "train", tmp_path / "nothing", 1, 1)
    assert "FileNotFoundError" in capfd.readouterr().err


def test_threads_are_limited_before_a_library_loads():
    limited = environment(Entry("pytorch", 1, 1, 1))
    assert limited["OMP_NUM_THREADS"] == limited["NPROC"] == "1"


def test_our_own_entry_is_not_told_how_many_threads(monkeypatch):
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    assert "NUMBA_NUM_THREADS" not in environment(Entry("unstuck", 0, 1, 1))


# ---------------------------------------------------------------------------------- the program


def fake_section(options):
    section = Section("A", "a race", ("", "x"), rows=[("we", "1")])
    section.bars.append(Bar("peer", 2.0, 1.0))
    return section


def test_the_program_prints_and_stores_and_a_missed_bar_is_no_error(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(program, "SECTIONS", {"A": fake_section})
    where = tmp_path / "deep" / "result.json"
    assert program.main(["A", "--repeat", "3", "--json", str(where)]) == 0
    printed = capsys.readouterr().out
    assert "rounds: 3" in printed
    assert "A, peer: promised >= 2 x, measured 1.00 x: MISSED by 1.00 x" in printed
    stored = json.loads(where.read_text())
    assert stored["sections"]["A"]["bars"][0]["met"] is False


def test_an_unknown_name_is_answered_with_those_there_are(capsys):
    with pytest.raises(SystemExit) as ended:
        program.main(["H"])
    assert ended.value.code == 2
    assert "allowed: A, B, B2, C, D, E, F, G, memory, growth" in capsys.readouterr().err


def test_results_are_named_after_what_was_measured():
    assert program.file_name(list(program.SECTIONS), quick=False) == "all"
    assert program.file_name(program.expand(["memory", "B"]), quick=True) == "B-B2-memory-quick"


def test_neither_pytorch_nor_jax_is_loaded_into_the_program_itself():
    code = "import benchmarks.__main__, sys; print(sorted({'torch', 'jax'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
