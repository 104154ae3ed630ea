"""Plain NumPy as a careful person writes it: every array made once, every operation in place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.task import Array, Task


def sigmoid(z: Array) -> None:
    """The logistic function, in place."""
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    np.reciprocal(z, out=z)


class Trainer:
    """Forward, backward and update of one mini-batch over buffers that are made once."""

    def __init__(self, task: Task) -> None:
        recipe = task.recipe
        self.recipe = recipe
        self.W = [W.copy() for W in task.weights[::2]]
        self.b = [b.copy() for b in task.weights[1::2]]
        self.parameters = self.W + self.b
        self.dW = [np.empty_like(W) for W in self.W]
        self.db = [np.empty_like(b) for b in self.b]
        self.gradients = self.dW + self.db
        self.scratch = [np.empty_like(p) for p in self.parameters]
        self.first = [np.zeros_like(p) for p in self.parameters]  # velocity, or Adam's m
        self.second = [np.zeros_like(p) for p in self.parameters]  # Adam's v
        self.buffers = {
            n: [np.empty((n, size), np.float32) for size in recipe.sizes]
            for n in {recipe.batch_size, len(task.order) % recipe.batch_size}
        }
        self.deltas = {n: [np.empty_like(a) for a in b] for n, b in self.buffers.items()}
        self.step = 0

    def update(self, X: Array, y: Array, batch: Array) -> None:
        """One step on the samples ``batch``."""
        a, delta = self.buffers[len(batch)], self.deltas[len(batch)]
        np.take(X, batch, axis=0, out=a[0])
        last = len(self.W)
        for i in range(1, last + 1):
            np.matmul(a[i - 1], self.W[i - 1], out=a[i])
            a[i] += self.b[i - 1]
            if i < last:
                np.maximum(a[i], 0, out=a[i]) if self.recipe.hidden == "relu" else sigmoid(a[i])
        d = delta[last]  # (batch, classes): softmax minus one-hot, over the batch size
        np.subtract(a[last], a[last].max(axis=1, keepdims=True), out=d)
        np.exp(d, out=d)
        d /= d.sum(axis=1, keepdims=True)
        d[np.arange(len(batch)), y[batch]] -= 1
        d /= len(batch)
        for i in range(last, 0, -1):
            np.matmul(a[i - 1].T, delta[i], out=self.dW[i - 1])
            np.sum(delta[i], axis=0, out=self.db[i - 1])
            if i > 1:
                np.matmul(delta[i], self.W[i - 1].T, out=delta[i - 1])
                if self.recipe.hidden == "relu":
                    delta[i - 1] *= a[i - 1] > 0
                else:
                    delta[i - 1] *= a[i - 1]
                    np.subtract(1, a[i - 1], out=a[i - 1])
                    delta[i - 1] *= a[i - 1]
        self.step += 1
        self.adam() if self.recipe.optimizer == "adam" else self.sgd()

    def sgd(self) -> None:
        """The velocity is momentum v + g; the step, learning_rate v."""
        rate, momentum = self.recipe.learning_rate, self.recipe.momentum
        arrays = zip(self.parameters, self.gradients, self.first, strict=True)
        for p, g, v in arrays:
            if momentum:
                v *= momentum
                v += g
                np.multiply(v, rate, out=g)
            else:
                g *= rate
            p -= g

    def adam(self) -> None:
        """Adam with the bias corrections drawn into the learning rate and epsilon."""
        root = np.sqrt(1 - 0.999**self.step)
        rate = self.recipe.learning_rate * root / (1 - 0.9**self.step)
        arrays = zip(
            *(self.parameters, self.gradients, self.first, self.second, self.scratch), strict=True
        )
        for p, g, m, v, s in arrays:
            m *= 0.9
            np.multiply(g, 0.1, out=s)
            m += s
            v *= 0.999
            np.multiply(g, g, out=s)
            s *= 0.001
            v += s
            np.sqrt(v, out=s)
            s += 1e-8 * root
            np.divide(m, s, out=s)
            s *= rate
            p -= s


def train(task: Task) -> Callable[[], list[Array]]:
    """One pass."""

    def run() -> list[Array]:
        trainer = Trainer(task)
        for batch in task.batches():
            trainer.update(task.X, task.y, batch)
        pairs = zip(trainer.W, trainer.b, strict=True)
        return [array for pair in pairs for array in pair]

    return run


def predict(task: Task) -> Callable[[Array], int]:
    """One sample's class."""
    W, b = task.weights[::2], task.weights[1::2]

    def run(x: Array) -> int:
        a = x[0]
        for i in range(len(W) - 1):
            a = a @ W[i] + b[i]
            np.maximum(a, 0, out=a)
        return int((a @ W[-1] + b[-1]).argmax())

    return run
