"""The command line run in this process, in a folder of its own."""

import importlib.util
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from unstuck.app.cli import run as run_command


class Answer(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def unstuck(tmp_path, monkeypatch, capfd):
    """Call it with the words of a command line; the working folder is empty at first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNSTUCK_DATA", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    capfd.readouterr()

    def call(*words):
        code = run_command([str(word) for word in words])
        seen = capfd.readouterr()
        return Answer(code, seen.out, seen.err)

    return call


@pytest.fixture
def flowers(tmp_path):
    """A CSV file of three classes that lie well apart."""
    rng = np.random.default_rng(0)
    names = ["setosa", "versicolor", "virginica"]
    lines = ["length,width,species"]
    for k in range(120):
        x = rng.normal(3.0 * (k % 3), 0.3, 2)
        lines.append(f"{x[0]:.4f},{x[1]:.4f},{names[k % 3]}")
    path = tmp_path / "flowers.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def houses(tmp_path):
    """A CSV file whose target is a large number."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 3))
    price = 200_000 + 40_000 * X[:, 0] - 30_000 * X[:, 1] * X[:, 2]
    rows = [f"{a:.5f},{b:.5f},{c:.5f},{p:.1f}" for (a, b, c), p in zip(X, price, strict=True)]
    path = tmp_path / "houses.csv"
    path.write_text("a,b,c,price\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="session")
def diagnoses():
    """The module of diagnoses made by hand."""
    path = Path(__file__).resolve().parents[1] / "show" / "diagnoses.py"
    spec = importlib.util.spec_from_file_location("diagnoses", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
