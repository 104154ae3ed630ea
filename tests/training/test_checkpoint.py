"""A run that is killed goes on as if nothing had happened; a damaged file is told."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unstuck.base.errors import CheckpointError, DataFormatError, InvalidInputError
from unstuck.core.network import Network
from unstuck.core.schedules import ReduceOnPlateau
from unstuck.data.load import load
from unstuck.training.trainer import Trainer

PROGRAM = """
import sys
import numpy as np
from unstuck.core.network import Network
from unstuck.data.load import load
from unstuck.training.trainer import Trainer

engine, checkpoint, out, slow = sys.argv[1:5]
data = load("digits")
dropout = 0.2 if engine == "numpy" else 0.0
net = Network.mlp([64, 16, 10], dropout=dropout, dtype="float32", random_state=1)


def wait(row):
    if slow == "slow":
        import time
        time.sleep(0.05)
        print("epoch", row["epoch"], flush=True)


trainer = Trainer(
    net, "adam", epochs=12, batch_size=16, schedule="cosine", validation_fraction=0.2,
    patience=8, random_state=7, engine=engine, callbacks=[wait],
    checkpoint=checkpoint or None, checkpoint_every=2,
)
resume = checkpoint if slow == "resume" else None
history = trainer.fit(data.X_train / 16, data.y_train, resume=resume)
record = history.record
np.savez(out, theta=net.theta, cost=history.cost, best=history.best_epoch,
         steps=record["step"], update_ratio=record["update_ratio"])
"""


def run(*arguments: str, **options: Any) -> Any:
    return subprocess.run([sys.executable, "-c", PROGRAM, *arguments], check=True, **options)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_a_killed_run_resumes_bit_for_bit(engine: str, tmp_path: Path) -> None:
    if engine == "compiled":
        pytest.importorskip("numba")
    whole, resumed = tmp_path / "whole.npz", tmp_path / "resumed.npz"
    checkpoint = str(tmp_path / "checkpoint.npz")
    run(engine, "", str(whole), "fast")
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, engine, checkpoint, str(tmp_path / "x.npz"), "slow"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "epoch 5":
            break
    time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not (tmp_path / "x.npz").exists()
    run(engine, checkpoint, str(resumed), "resume")
    with np.load(whole) as one, np.load(resumed) as two:
        for name in one.files:
            assert np.array_equal(one[name], two[name], equal_nan=True), name


def small_run(path: Path, **options: Any) -> tuple[Trainer, Any, Any]:
    data = load("digits")
    X, y = data.X_train[:200] / 16, data.y_train[:200]
    net = Network.mlp([64, 8, 10], random_state=0)
    options = {"epochs": 4, "random_state": 0, "engine": "numpy", **options}
    return Trainer(net, "adam", checkpoint=path, **options), X, y


def test_plateau_state_and_record_survive(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    schedule = ReduceOnPlateau(factor=0.5, patience=1)
    trainer, X, y = small_run(path, schedule=schedule, learning_rate=1e-9, epochs=6)
    whole = trainer.fit(X, y)
    stopped, _, _ = small_run(
        path,
        schedule=schedule,
        learning_rate=1e-9,
        epochs=6,
        callbacks=[lambda row: row["epoch"] == 3],
    )
    stopped.fit(X, y)
    again, _, _ = small_run(path, schedule=schedule, learning_rate=1e-9, epochs=6)
    # that a callback stopped the run is no reason to stop it again
    history = again.fit(X, y, resume=path)
    assert history.learning_rate.tolist() == whole.learning_rate.tolist()
    assert np.array_equal(again.network.theta, trainer.network.theta)


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    trainer, X, y = small_run(path)
    trainer.fit(X, y)
    for options, what in (
        ({"batch_size": 7}, "batch size"),
        ({"learning_rate": 0.5}, "optimizer|learning rate"),
        ({"epochs": 9}, "total updates"),
    ):
        other, _, _ = small_run(tmp_path / "d.npz", **options)
        with pytest.raises(InvalidInputError, match=what):
            other.fit(X, y, resume=path)
    with pytest.raises(InvalidInputError, match="targets"):
        small_run(path)[0].fit(X, np.roll(y, 1), resume=path)


def test_missing_and_damaged_checkpoints_are_told(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    trainer, X, y = small_run(path)
    with pytest.raises(CheckpointError, match="no checkpoint"):
        trainer.fit(X, y, resume=tmp_path / "none.npz")
    trainer.fit(X, y)
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"PK\x03\x04 nonsense", b"\x80\x04K\x01."):
        path.write_bytes(damaged)
        with pytest.raises(DataFormatError, match="not a checkpoint"):
            trainer.fit(X, y, resume=path)


def test_a_full_disk_keeps_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.npz"
    trainer, X, y = small_run(path)
    trainer.fit(X, y)
    good = path.read_bytes()

    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("unstuck.base.files.os.fsync", full)
    with pytest.raises(CheckpointError, match="No space left"):
        trainer.fit(X, y)
    assert path.read_bytes() == good
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.npz"]
