"""Histories, records and networks to be shown, made without training where that will do."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from unstuck.core.network import Network
from unstuck.training.history import History
from unstuck.training.trainer import Trainer


def make_history(epochs=20, *, validation=False, accuracy=True, fall=0.6):
    """Costs that fall by a factor each epoch."""
    history = History()
    for e in range(1, epochs + 1):
        row = {"epoch": e, "iterations": 10 * e, "cost": 2.3 * fall**e, "seconds": 0.01}
        row["penalty"] = 0.0
        if accuracy:
            row["accuracy"] = 1 - 0.9 * fall**e
        if validation:
            row["validation_cost"] = 2.3 * fall**e + 0.05
            row["validation_score"] = 1 - 0.95 * fall**e
        history.append(row)
    history.stopped = "finished"
    return history


@pytest.fixture(name="make_history")
def _make_history():
    return make_history


@pytest.fixture(scope="session")
def trained():
    """A small network, trained a little, with its history and record."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 16)), rng.integers(0, 3, 90)
    network = Network.mlp([16, 6, 5, 3], random_state=0, image_shape=(4, 4))
    return network, Trainer(network, epochs=3, batch_size=10, random_state=0).fit(X, y)


@pytest.fixture(scope="session")
def diagnoses():
    """The module of diagnoses made by hand."""
    spec = importlib.util.spec_from_file_location(
        "diagnoses", Path(__file__).with_name("diagnoses.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
