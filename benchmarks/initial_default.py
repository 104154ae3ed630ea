"""How networks begin in the estimators: the fixed formula, the default, and "auto", side by side.

`python benchmarks/initial_default.py` prints test scores, means of five splits, inputs as they are.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from unstuck import MLPClassifier, MLPRegressor
from unstuck.core.mlp import DEFAULT_INITIALIZERS, OTHERWISE

SETS = {
    "digits, 0..16": load_digits,
    "iris": load_iris,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "diabetes, R2": load_diabetes,
}
EPOCHS, SPLITS = 60, 5


def main() -> None:
    """One line a set, activation and network."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{'':16}{'':10}{'':10}{'formula':>9}{'default':>9}{'auto':>9}  given up")
    for name, load in SETS.items():
        X, y = load(return_X_y=True)
        kind = MLPRegressor if load is load_diabetes else MLPClassifier
        for activation in ("relu", "tanh", "sigmoid"):
            for hidden in ((100,), (64, 64)):
                scores, given_up = compare(kind, X, y, activation, hidden)
                shown = "".join(f"{score:9.3f}" for score in scores)
                widths = ",".join(map(str, hidden))
                print(f"{name:16}{activation:10}{widths:10}{shown}  {given_up} of {SPLITS}")


def compare(
    kind: Any, X: Any, y: Any, activation: str, hidden: tuple[int, ...]
) -> tuple[list[float], int]:
    """Mean scores of the three, and how often the default gave the formula up."""
    formula = DEFAULT_INITIALIZERS.get(activation, OTHERWISE)
    scores: list[list[float]] = [[], [], []]
    given_up = 0
    for split in range(SPLITS):
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=split)
        for k, initializer in enumerate((formula, None, "auto")):
            model = kind(
                hidden_layer_sizes=hidden,
                activation=activation,
                initializer=initializer,
                max_iter=EPOCHS,
                random_state=split,
                threads=1,
            ).fit(X_train, y_train)
            scores[k].append(model.score(X_test, y_test))
            given_up += initializer is None and model.start_ is not None
    return [float(np.mean(column)) for column in scores], given_up


if __name__ == "__main__":
    main()
