"""A trained network shows, scores, predicts and is written out."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from unstuck.training.runs import Run


@pytest.fixture
def run(unstuck, flowers):
    """The folder of a run that tells flowers apart."""
    words = ["--epochs", "20", "--no-pictures", "--quiet", "--out", "run"]
    assert unstuck("train", flowers, *words).code == 0
    return "run"


def test_show(unstuck, run):
    answer = unstuck("show", run)
    assert answer.code == 0
    for word in ("relu", "W1 (2, 64)", "Cost", "Accuracy", "epoch", "setosa", "test accuracy"):
        assert word in answer.out
    assert max(len(line.rstrip()) for line in answer.out.splitlines()) <= 80
    assert json.loads(unstuck("show", run, "--json").out)["data"]["name"] == "flowers.csv"


def test_evaluate_agrees_with_training(unstuck, run, flowers, tmp_path):
    answer = unstuck("evaluate", run, flowers, "--json")
    assert answer.code == 0, answer.err
    result = json.loads(answer.out)
    assert result["samples"] == 120
    trained = Run.load(run).results
    right = 90 * trained["train_accuracy"] + 30 * trained["test_accuracy"]
    assert result["accuracy"] == pytest.approx(right / 120)
    assert "accuracy" in unstuck("evaluate", run, flowers).out
    model = tmp_path / "run" / "model.safetensors"
    assert json.loads(unstuck("evaluate", model, flowers, "--json").out) == result


def test_evaluate_digits_takes_the_test_part(unstuck):
    unstuck("train", "--epochs", "5", "--no-pictures", "--quiet", "--out", "d")
    result = json.loads(unstuck("evaluate", "d", "digits", "--json").out)
    assert result["samples"] == 449
    assert result["accuracy"] == Run.load("d").results["test_accuracy"]


def test_evaluate_values(unstuck, houses):
    unstuck("train", houses, "--epochs", "30", "--no-pictures", "--quiet", "--out", "h")
    result = json.loads(unstuck("evaluate", "h", houses, "--json").out)
    assert result["r2"] > 0.8
    assert "root mean square" in unstuck("evaluate", "h", houses).out


def test_evaluate_refuses_what_it_cannot_judge(unstuck, run, flowers, tmp_path):
    flowers.write_text(flowers.read_text().replace("virginica", "tulip"))
    answer = unstuck("evaluate", run, flowers)
    assert answer.code == 2
    assert "label 'tulip'" in answer.err
    (tmp_path / "bare.csv").write_text("length,width\n1,2\n3,4\n")
    answer = unstuck("evaluate", run, "bare.csv")
    assert answer.code == 2
    assert "no target" in answer.err


def test_predict_with_and_without_the_target(unstuck, run, flowers, tmp_path):
    answer = unstuck("predict", run, flowers)
    assert answer.code == 0, answer.err
    rows = list(csv.DictReader(answer.out.splitlines()))
    assert len(rows) == 120
    assert [row["prediction"] for row in rows[:3]] == ["setosa", "versicolor", "virginica"]
    assert all(1 / 3 <= float(row["confidence"]) <= 1 for row in rows)
    bare = "\n".join(line.rpartition(",")[0] for line in flowers.read_text().splitlines())
    (tmp_path / "bare.csv").write_text(bare + "\n")
    assert unstuck("predict", run, "bare.csv").out == answer.out


def test_predict_probabilities_json_and_to_a_file(unstuck, run, flowers, tmp_path):
    rows = json.loads(unstuck("predict", run, flowers, "--proba", "--json").out)
    names = ["setosa", "versicolor", "virginica"]
    assert sum(rows[0][name] for name in names) == pytest.approx(1, abs=1e-5)
    assert unstuck("predict", run, flowers, "-o", "p.csv").out == ""
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 121


def test_predict_values(unstuck, houses):
    unstuck("train", houses, "--epochs", "30", "--no-pictures", "--quiet", "--out", "h")
    rows = list(csv.DictReader(unstuck("predict", "h", houses).out.splitlines()))
    assert 100_000 < np.mean([float(row["prediction"]) for row in rows]) < 300_000


def test_predict_refuses_another_width(unstuck, run, tmp_path):
    (tmp_path / "wide.csv").write_text("a,b,c,d,e\n1,2,3,4,5\n")
    answer = unstuck("predict", run, "wide.csv")
    assert answer.code == 2
    assert "the network was trained on 2" in answer.err


def test_a_damaged_model_is_one_line(unstuck, run, flowers, tmp_path):
    model = tmp_path / "run" / "model.safetensors"
    model.write_bytes(model.read_bytes()[:50])
    for words in (["show", run], ["predict", run, flowers], ["evaluate", run, flowers]):
        answer = unstuck(*words)
        assert answer.code == 2
        assert len(answer.err.splitlines()) == 1
        assert "damaged" in answer.err


def test_exported_programs_run_without_unstuck(unstuck, run, tmp_path):
    answer = unstuck("export", run, "--to", "numpy")
    assert answer.code == 0, answer.err
    program, weights = answer.out.split()
    assert (program, weights) == ("run/predict.py", "run/predict.npz")
    assert "unstuck" not in (tmp_path / program).read_text().replace("without unstuck", "")
    trained = unstuck("export", run, "--training", "-o", "mine.py")
    assert trained.out == "mine.py\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "mine.py"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_streams_that_know_no_braille(unstuck, run, tmp_path):
    shown = subprocess.run(
        [sys.executable, "-m", "unstuck", "show", run],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert b"???" in shown.stdout


def test_a_reader_that_goes_away(unstuck, run, tmp_path):
    if os.name != "posix":
        pytest.skip("pipes of POSIX")
    with subprocess.Popen(
        [sys.executable, "-m", "unstuck", "predict", run, "flowers.csv"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 1)  # click says 1


def test_the_installed_command(tmp_path):
    """The one test that goes the whole way from outside: its own process, its own folder."""
    done = subprocess.run(
        [sys.executable, "-m", "unstuck", "train", "--json", "--epochs", "2", "--no-pictures"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    shown = subprocess.run(
        [sys.executable, "-m", "unstuck", "show", result["run"]],
        capture_output=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 0
    assert "Accuracy" in shown.stdout.decode()
