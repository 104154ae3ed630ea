"""A run folder holds everything, comes back whole, and is refused with a reason when it cannot."""

import json
import os

import numpy as np
import pytest

from unstuck.base.errors import CheckpointError, DataFormatError, InvalidInputError
from unstuck.core.network import Network
from unstuck.training.history import COLUMNS
from unstuck.training.runs import (
    DESCRIPTION,
    HISTORY,
    MODEL,
    RECORD,
    Run,
    default_folder,
    finite,
    new_folder,
    read_history,
    save_run,
    write_description,
)
from unstuck.training.trainer import Trainer

rng = np.random.default_rng(0)
X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)


@pytest.fixture(scope="module")
def trained():
    network = Network.mlp([4, 5, 3], random_state=0)
    trainer = Trainer(network, epochs=4, batch_size=8, validation_fraction=0.2, patience=3,
                      random_state=0)  # fmt: skip
    return network, trainer.fit(X, y)


@pytest.fixture
def folder(tmp_path, trained):
    network, history = trained
    description = {
        "status": "finished",
        "options": {"seed": 0, "hidden": (5,)},
        "data": {"name": "toy"},
        "results": {"engine": "numpy", "threads": 1, "cost": np.nan, "best_epoch": 4},
    }
    path = new_folder(tmp_path / "run")
    save_run(path, network, history, description)
    return path


def test_a_run_comes_back_whole(folder, trained):
    network, history = trained
    run = Run.load(folder)
    assert (run.network.theta == network.theta).all()
    for name in COLUMNS:
        assert np.array_equal(run.history[name], history[name], equal_nan=True), name
    assert (run.record["cost"] == history.record["cost"]).all()
    assert run.history.record is run.record
    assert run.options == {"seed": 0, "hidden": [5]}
    assert run.data["name"] == "toy"
    assert (run.history.stopped, run.history.engine, run.history.best_epoch) == (
        "finished", "numpy", 4,
    )  # fmt: skip
    assert {"python", "numpy", "unstuck"} <= set(run.description["versions"])


def test_a_file_in_the_folder_names_the_run(folder):
    assert Run.load(folder / MODEL).folder == folder


def test_run_json_is_strict_json(folder):
    def refuse(word):
        raise AssertionError(word)

    stored = json.loads((folder / DESCRIPTION).read_text(), parse_constant=refuse)
    assert stored["results"]["cost"] is None


def test_not_finite_numbers_become_null_at_any_depth():
    assert finite({"a": (1, [np.inf, {"b": np.nan}])}) == {"a": [1, [None, {"b": None}]]}


def test_a_folder_with_a_run_is_not_written_over(folder):
    with pytest.raises(InvalidInputError, match=r"already holds a run.*--out"):
        new_folder(folder)


def test_a_folder_without_a_model_may_be_used_again(tmp_path):
    write_description(tmp_path, {"status": "diverged"})
    assert new_folder(tmp_path) == tmp_path


def test_default_folders_never_meet(tmp_path):
    made = {default_folder("data/my set.csv", tmp_path / "runs") for _ in range(5)}
    assert len(made) == 5
    assert all(path.name.startswith("my-set-") and path.is_dir() for path in made)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("make", [new_folder, lambda path: default_folder("x", path)])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path, make):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidInputError, match=r"cannot write to the folder.*--out"):
        make(tmp_path / "file" / "run")


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="does not exist"):
        Run.load(tmp_path / "none")
    with pytest.raises(InvalidInputError, match="holds no run"):
        Run.load(tmp_path)


@pytest.mark.parametrize(
    ("has_checkpoint", "advice"), [(True, "unstuck train --resume"), (False, "Train again")]
)
def test_an_unfinished_run_says_how_to_go_on(tmp_path, has_checkpoint, advice):
    write_description(tmp_path, {"status": "running"})
    if has_checkpoint:
        (tmp_path / "checkpoint.npz").write_bytes(b"")
    with pytest.raises(InvalidInputError, match=rf"running\).*{advice}"):
        Run.load(tmp_path)


@pytest.mark.parametrize("name", [MODEL, DESCRIPTION, RECORD, HISTORY])
def test_a_damaged_file_is_named(folder, name):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2].replace(b"epoch,", b"epohc,"))
    with pytest.raises(DataFormatError, match=name):
        Run.load(folder)


def test_deeply_nested_json_is_refused(folder):
    (folder / DESCRIPTION).write_text("[" * 100_000)
    with pytest.raises(DataFormatError, match=DESCRIPTION):
        Run.load(folder)


def test_a_missing_history_is_named(tmp_path):
    with pytest.raises(InvalidInputError, match=r"there is no .*history\.csv"):
        read_history(tmp_path / "history.csv")


def test_a_full_disk_keeps_the_last_good_files(folder, trained, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CheckpointError, match="No space left"):
        save_run(folder, *trained, {"status": "finished"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_run_without_network_keeps_its_record(tmp_path, trained):
    save_run(tmp_path, None, trained[1], {"status": "diverged"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [HISTORY, RECORD, DESCRIPTION]
