"""A run killed with SIGKILL goes on bit for bit; one stopped with Ctrl-C keeps what it learned."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from unstuck.base.optional import available
from unstuck.training.runs import CHECKPOINT, MODEL, Run

ENGINES = [
    "numpy",
    pytest.param(
        "compiled", marks=pytest.mark.skipif(not available("numba"), reason="needs numba")
    ),
]
WORDS = [
    "train",
    "--hidden",
    "12",
    "--schedule",
    "cosine",
    "--validation-fraction",
    "0.2",
    "--patience",
    "1000",
    "--no-pictures",
    "--quiet",
]

posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def start(folder, *words):
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "unstuck", *WORDS, *words, "--out", "run"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for(process, path, seconds=60):
    end = time.monotonic() + seconds
    while not path.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    assert path.exists(), process.communicate(timeout=10)


@posix
@pytest.mark.parametrize("engine", ENGINES)
def test_a_killed_run_goes_on_bit_for_bit(unstuck, tmp_path, engine):
    dropout = "0.1" if engine == "numpy" else "0"  # whose masks the compiled engine does not draw
    words = ["--epochs", "150", "--checkpoint-every", "1", "--engine", engine, "--seed", "3"]
    words += ["--dropout", dropout]
    with start(tmp_path, *words) as process:
        wait_for(process, tmp_path / "run" / CHECKPOINT)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "run" / MODEL).exists(), "it had finished: nothing was tested"
    answer = unstuck("train", "--resume", "run", "--no-pictures", "--quiet")
    assert (answer.code, answer.err) == (0, "")
    assert unstuck(*WORDS, *words, "--out", "whole").code == 0
    assert (tmp_path / "run" / MODEL).read_bytes() == (tmp_path / "whole" / MODEL).read_bytes()
    resumed, whole = Run.load("run"), Run.load("whole")
    for name in whole.history.columns:
        if name != "seconds":
            assert np.array_equal(resumed.history[name], whole.history[name], equal_nan=True), name
    for name, series in whole.record.series.items():
        assert np.array_equal(resumed.record[name], series, equal_nan=True), name
    same = ("test_accuracy", "cost", "epochs", "iterations", "best_epoch", "engine", "threads")
    assert [resumed.results[k] for k in same] == [whole.results[k] for k in same]
    assert whole.results["engine"] == engine


@posix
def test_a_finished_run_may_be_resumed_and_stays_what_it_is(unstuck, tmp_path):
    unstuck(*WORDS, "--epochs", "4", "--checkpoint-every", "2", "--out", "run")
    before = (tmp_path / "run" / MODEL).read_bytes()
    assert unstuck("train", "--resume", "run", "--no-pictures", "--quiet").code == 0
    assert (tmp_path / "run" / MODEL).read_bytes() == before
    assert Run.load("run").results["epochs"] == 4


@posix
def test_ctrl_c_keeps_what_was_learned(tmp_path):
    with start(tmp_path, "--epochs", "100000", "--json", "--checkpoint-every", "1") as process:
        wait_for(process, tmp_path / "run" / CHECKPOINT)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    run = Run.load(tmp_path / "run")
    assert run.description["status"] == "interrupted"
    assert run.results["test_accuracy"] > 0.05
    assert f'"run": "{run.folder}"'.encode() in out
    assert b"Traceback" not in err


def test_values_are_standardised_the_same_way_when_resumed(unstuck, houses, tmp_path):
    words = ["--epochs", "6", "--checkpoint-every", "1", "--no-pictures", "--quiet"]
    unstuck("train", houses, *words, "--out", "run")
    before = (tmp_path / "run" / MODEL).read_bytes()
    (tmp_path / "run" / MODEL).unlink()
    assert unstuck("train", "--resume", "run", "--no-pictures", "--quiet").code == 0
    assert (tmp_path / "run" / MODEL).read_bytes() == before
