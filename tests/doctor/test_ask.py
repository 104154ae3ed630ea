"""`diagnose` takes what people have, and says what it takes when it is given something else."""

import math

import numpy as np
import pytest

import unstuck
from unstuck.base.errors import InvalidInputError
from unstuck.doctor.ask import diagnose, diagnose_record
from unstuck.record.evidence import Evidence
from unstuck.record.run_record import RunRecord
from unstuck.training.runs import new_folder, save_run


@pytest.fixture(scope="module")
def trained():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    network = unstuck.Network.mlp([4, 8, 2], random_state=0)
    trainer = unstuck.Trainer(network, epochs=20, random_state=0)
    return network, trainer.fit(X, (X[:, 0] > 0).astype(int))


def test_a_history_and_its_record_give_the_same(trained):
    _, history = trained
    one, two = diagnose(history), diagnose(history.record)
    assert (one.program, two.program) == ("History", "record")
    assert one.verdict == two.verdict == "learns"
    assert one.findings == two.findings
    assert one.progress.metric == "accuracy"
    assert one.progress.updates == history.iterations[-1]


def test_a_run_folder(trained, tmp_path):
    network, history = trained
    folder = new_folder(tmp_path / "run")
    save_run(folder, network, history, {"status": "finished"})
    assert diagnose(folder).verdict == diagnose(str(folder)).verdict == "learns"
    (folder / "record.npz").unlink()
    with pytest.raises(InvalidInputError, match=r"has no record\.npz"):
        diagnose(folder)


def test_regression_is_measured_by_its_loss():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    model = unstuck.MLPRegressor(early_stopping=True, random_state=0).fit(X, X[:, 0])
    seen = diagnose(model)
    assert seen.program == "MLPRegressor"
    assert seen.progress.metric == "loss"


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        (Evidence(), "unknown"),
        (None, "unknown"),
        (Evidence(loss_start=1.0, loss_end=math.inf, loss_chance=1.0), "stuck"),
        (Evidence(loss_start=1.0, loss_end=math.nan, loss_chance=1.0), "stuck"),
        (Evidence(loss_start=1.0, loss_end=0.99, loss_chance=1.0), "stuck"),
        (Evidence(loss_start=1.0, loss_end=0.1, loss_chance=1.0), "learns"),
        (Evidence(accuracy_start=0.1, accuracy_end=0.12, accuracy_chance=0.1), "stuck"),
        (Evidence(accuracy_start=0.1, accuracy_end=0.9, accuracy_chance=0.1), "learns"),
    ],
)
def test_the_verdict_of_a_record(evidence, verdict):
    record = RunRecord("test", (), {"step": np.array([0, 1])}, evidence=evidence)
    seen = diagnose_record(record)
    assert seen.verdict == verdict
    diverged = (
        evidence is not None
        and math.isfinite(evidence.loss_start)
        and not math.isfinite(evidence.loss_end)
    )
    assert bool(seen.reason) == (verdict == "unknown" or diverged)
    assert str(seen)


@pytest.mark.parametrize("thing", [None, 3, np.zeros(3), unstuck.MLPClassifier(), [1]])
def test_what_cannot_be_diagnosed_is_refused(thing):
    with pytest.raises(InvalidInputError, match="cannot be diagnosed; allowed: the path"):
        diagnose(thing)


def test_a_path_to_nothing(tmp_path):
    with pytest.raises(InvalidInputError, match="there is no file"):
        diagnose(tmp_path / "nosuch.py")
