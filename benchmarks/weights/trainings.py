"""What a cell means in code: its data, its network, one training, one question to the adviser."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from benchmarks.weights.cells import Cell
from unstuck.base.arrays import AnyArray
from unstuck.base.errors import DivergenceError, InvalidInputError
from unstuck.base.optional import available
from unstuck.base.threads import limit_blas_threads
from unstuck.core.network import Network
from unstuck.core.optimizers import Optimizer, get_optimizer
from unstuck.core.scaling import InputScaling
from unstuck.data.load import load
from unstuck.data.split import split_indices
from unstuck.training.evaluate import evaluate
from unstuck.training.trainer import Trainer
from unstuck.weights import WeightAdvice, advise
from unstuck.weights.candidates import PRESENT, plans
from unstuck.weights.measure import SAMPLE_ROWS
from unstuck.weights.recipe import Rule, begin
from unstuck.weights.setting import look_around

Rules = tuple[Rule, ...]
ENGINE = "compiled" if available("numba") else "auto"  # small networks gain most


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows to train on and rows to judge by, raw."""

    X: AnyArray
    y: AnyArray
    X_test: AnyArray
    y_test: AnyArray


@lru_cache(maxsize=3)
def parts(data: str, part: str) -> Parts:
    """The data of a cell. To tune, a quarter of the training part is held out to judge by."""
    found = load(data)
    X, y = found.X_train, found.y_train
    if part == "tune":
        train, held = split_indices(y, 0.25, np.random.default_rng(77), stratify=True)
        return Parts(X[train], y[train], X[held], y[held])
    if found.X_test is None or found.y_test is None:
        raise InvalidInputError(f"{data} has no test part; allowed: a data set that has one.")
    return Parts(X, y, found.X_test, found.y_test)


@lru_cache(maxsize=6)
def scaling(data: str, part: str, inputs: str) -> InputScaling:
    """The inputs as the cell wants them: standardised, 0..1 or 0..255."""
    X = parts(data, part).X
    if inputs == "standard":
        return InputScaling.fit(X, "standard")
    unit = InputScaling.fit(X, "unit")
    return unit if inputs == "unit" else InputScaling("unit", 0.0, 255 * unit.scale)


def network(cell: Cell, seed: int) -> Network:
    """The cell's network, with the library's own initial weights."""
    X = parts(cell.data, cell.part).X
    return Network.mlp(
        [X.shape[1], *[cell.width] * cell.depth, 10],
        hidden_activation=cell.activation,
        random_state=seed,
        scaling=scaling(cell.data, cell.part, cell.inputs),
        dtype="float32",
    )


def optimizer(cell: Cell) -> Optimizer:
    """Adam, or gradient descent with momentum 0.9."""
    if cell.optimizer == "momentum":
        return get_optimizer("sgd", momentum=0.9, learning_rate=cell.learning_rate)
    return get_optimizer(cell.optimizer, learning_rate=cell.learning_rate)


def some(cell: Cell, seed: int) -> Any:
    """Scaled inputs for rules that look at data: other rows at every seed."""
    X = parts(cell.data, cell.part).X
    rows = np.random.default_rng(seed).permutation(len(X))[:SAMPLE_ROWS]
    return network(cell, 0).prepare(X[np.sort(rows)])


def entered(cell: Cell, seed: int) -> dict[str, Rules | None]:
    """Every candidate that applies to the cell, and the library's own weights."""
    rules = plans(look_around(network(cell, 0), some(cell, seed)))
    return {**rules, PRESENT: None}


def train(cell: Cell, candidate: str, seed: int) -> float:
    """Test accuracy after a whole training of a candidate; 0 where it diverged.

    The weights come from (candidate, seed); the batches from the seed alone.
    """
    data, net = parts(cell.data, cell.part), network(cell, seed)
    rng = np.random.default_rng([seed, *candidate.encode()])
    with np.errstate(all="ignore"), limit_blas_threads(1):
        try:
            rules = entered(cell, seed)[candidate]
            if rules is not None:
                begin(net, rules, some(cell, seed), rng)
            Trainer(
                net,
                optimizer(cell),
                batch_size=cell.batch_size,
                epochs=cell.epochs,
                random_state=seed,
                engine=ENGINE,
                threads=1,
                record=False,
            ).fit(data.X, data.y)
            score = float(evaluate(net, data.X_test, data.y_test).score)
        except (DivergenceError, InvalidInputError, FloatingPointError, np.linalg.LinAlgError):
            return 0.0
    return score if math.isfinite(score) else 0.0


def ask(cell: Cell, seed: int, jobs: int) -> tuple[WeightAdvice, float]:
    """The adviser's answer to what a user would say of the cell, and the seconds it took."""
    data = parts(cell.data, cell.part)
    started = time.perf_counter()
    advice = advise(
        network(cell, seed),
        data.X,
        data.y,
        learning_rate=cell.learning_rate,
        optimizer=optimizer(cell),
        batch_size=cell.batch_size,
        steps=cell.steps,
        n_jobs=jobs,
        random_state=seed,
    )
    return advice, time.perf_counter() - started
