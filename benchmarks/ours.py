"""unstuck as a contestant: the public Trainer with its own defaults, its RunRecord on.

The engine and the number of threads are the library's own choice, as a user gets them.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import numpy as np

from benchmarks.task import Array, Recipe, Task
from unstuck import Callback, History, InputScaling, Network, Trainer, load
from unstuck.app import plan
from unstuck.core.optimizers import SGD
from unstuck.training.loop import Loop

SEED = 0


class Peek(Callback):
    """Sees the order that the first epoch will take, without disturbing it."""

    def on_start(self, loop: Loop) -> None:
        """Draw the order, put the stream back to where it was, and let training end."""
        untouched = copy.deepcopy(loop.streams)
        self.order = loop.order()
        loop.streams = untouched
        loop.stop("peeked")


def network(task: Task) -> Network:
    """The task's network with its initial weights."""
    net = Network.mlp(
        task.recipe.sizes, hidden_activation=task.recipe.hidden, dtype="float32", random_state=SEED
    )
    for i, array in enumerate(task.weights):
        net["Wb"[i % 2] + str(i // 2 + 1)][...] = array
    return net


def trainer(
    net: Network, recipe: Recipe, callbacks: tuple[Callback, ...] = (), epochs: int = 1
) -> Trainer:
    """The recipe's training in the compiled engine, everything else at its default.

    By itself the library leaves a job of half a second to NumPy, since loading the kernels would
    take as long; what is compared here is the training of long runs, with everyone warmed up.
    """
    return Trainer(
        net,
        SGD(momentum=recipe.momentum) if recipe.optimizer == "sgd" else recipe.optimizer,
        learning_rate=recipe.learning_rate,
        batch_size=recipe.batch_size,
        epochs=epochs,
        random_state=SEED,
        callbacks=callbacks,
        engine="compiled",
    )


def laid_out(task: Task) -> tuple[Array, Array]:
    """``X`` and ``y`` so arranged that the Trainer's own shuffle brings them into the order."""
    n = len(task.order)
    X, y = np.empty((n, task.X.shape[1]), np.float32), np.empty(n, np.int64)
    X[:], y[:] = task.X[task.order], task.y[task.order]
    peek = Peek()
    trainer(network(task), task.recipe, (peek,)).fit(X, y)
    X[peek.order], y[peek.order] = task.X[task.order], task.y[task.order]
    return X, y


class OneEpoch:
    """One call of ``fit``, which shuffles, trains and keeps its record."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.X, self.y = laid_out(task)
        self.choice = ""  # what the library chose for itself

    def __call__(self) -> list[Array]:
        """Train from the initial weights."""
        net = network(self.task)
        history = trainer(net, self.task.recipe).fit(self.X, self.y)
        assert history.record is not None
        self.choice = f"{history.engine}, {history.threads}"
        return [net[name] for name in net]


def train(task: Task) -> OneEpoch:
    """One pass."""
    return OneEpoch(task)


class Reach:
    """What ``unstuck train mnist`` trains by default, from bytes, judged on the test set."""

    def __init__(self) -> None:
        self.data = load("mnist")
        self.choice = ""

    def __call__(self, seed: int) -> float:
        """Train from another seed; test accuracy."""
        options = plan.resolve({"seed": seed}, self.data)
        net = plan.build_network(options, self.data)
        history = plan.build_trainer(options, net).fit(self.data.X_train, self.data.y_train)
        self.choice = f"{history.engine}, {history.threads}"
        return float(np.mean(net.predict(self.data.X_test) == self.data.y_test))


def reach(X: Array, y: Array, X_test: Array, y_test: Array) -> Reach:
    """Takes the images as bytes from their files, not the floats made of them."""
    return Reach()


def predict(task: Task) -> Callable[[Array], int]:
    """One sample's class from ``Network.predict``, which checks and scales raw data."""
    net = network(task)
    return lambda x: int(net.predict(x)[0])


def fit(recipe: Recipe, X: Array, y: Array, epochs: int) -> tuple[float, History]:
    """Seconds of one call of ``fit`` on raw pixels, and its history."""
    scaling = InputScaling("unit", 0.0, 1 / 255)
    net = Network.mlp(
        recipe.sizes, recipe.hidden, dtype="float32", random_state=SEED, scaling=scaling
    )
    start = time.perf_counter()
    history = trainer(net, recipe, epochs=epochs).fit(X, y)
    return time.perf_counter() - start, history


def estimate(task: Task) -> Callable[[Array], int]:
    """The same from ``MLPClassifier.predict``, with scikit-learn's checks of the input."""
    from unstuck.estimators.classifier import MLPClassifier

    sizes = task.recipe.sizes
    model = MLPClassifier(sizes[1:-1], activation=task.recipe.hidden, random_state=SEED)
    model.partial_fit(task.X[:1], task.y[:1], classes=np.arange(sizes[-1]))
    model.coefs_, model.intercepts_ = task.weights[::2], task.weights[1::2]
    return lambda x: int(model.predict(x)[0])
