"""scikit-learn's ``MLPClassifier``, one ``partial_fit`` an epoch.

It insists on shuffling for itself (or not at all, which would spare it a cost that all others pay).
So it gets the samples laid out such that its own shuffle brings them into the task's order.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.utils import shuffle

from benchmarks.task import Array, Task

SEED = 0
EPOCHS_TO_98 = 8


def laid_out(task: Task) -> tuple[Array, Array]:
    """``X`` and ``y`` so arranged that ``shuffle(..., random_state=SEED)`` yields the order."""
    place = shuffle(np.arange(len(task.order)), random_state=SEED)
    X = np.empty((len(task.order), task.X.shape[1]), np.float32)
    y = np.empty(len(task.order), np.int64)
    X[place], y[place] = task.X[task.order], task.y[task.order]
    return X, y


def build(task: Task) -> MLPClassifier:
    """A classifier of the task's architecture, brought to life by one sample."""
    recipe = task.recipe
    model = MLPClassifier(
        hidden_layer_sizes=recipe.sizes[1:-1],
        activation={"relu": "relu", "sigmoid": "logistic"}[recipe.hidden],
        solver=recipe.optimizer,
        alpha=0.0,
        batch_size=recipe.batch_size,
        learning_rate_init=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterovs_momentum=False,
        random_state=SEED,
    )
    classes = np.arange(recipe.sizes[-1])
    model.set_params(batch_size=1).partial_fit(task.X[:1], task.y[:1], classes=classes)
    return model.set_params(batch_size=recipe.batch_size)


def reset(model: MLPClassifier, task: Task) -> None:
    """Back to the task's initial weights, with an optimiser that has seen nothing."""
    model.coefs_ = [W.copy() for W in task.weights[::2]]
    model.intercepts_ = [b.copy() for b in task.weights[1::2]]
    model.__dict__.pop("_optimizer", None)  # partial_fit makes a new one
    model.t_ = 0


def train(task: Task) -> Callable[[], list[Array]]:
    """One pass: one call of ``partial_fit``."""
    X, y = laid_out(task)
    model = build(task)

    def run() -> list[Array]:
        reset(model, task)
        model.partial_fit(X, y)
        pairs = zip(model.coefs_, model.intercepts_, strict=True)
        return [array for pair in pairs for array in pair]

    return run


def reach(X: Array, y: Array, X_test: Array, y_test: Array) -> Callable[[int], float]:
    """784-256-256-10, Adam, batch 200, for 8 epochs.

    Looking at the test set after every epoch, seeds 0 to 4 first touch 98 % after 5, 8, 8, 10 and
    12 epochs; the median of the five stays above it only from 14. We count 8, in its favour.
    """

    def run(seed: int) -> float:
        model = MLPClassifier((256, 256), batch_size=200, random_state=seed, max_iter=EPOCHS_TO_98)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 8 epochs are what we want
            model.fit(X, y)
        return float(model.score(X_test, y_test))

    return run


def predict(task: Task) -> Callable[[Array], int]:
    """One sample's class, input checks included: there is no way round them."""
    model = build(task)
    reset(model, task)
    return lambda x: int(model.predict(x)[0])


estimate = predict  # here the two are the same
