"""The limit of the machine: the matrix products of training and nothing else.

Forward, gradient of the weights and gradient of the activations, by OpenBLAS's sgemm through NumPy,
into arrays made once, on batches that already lie in a row. No activation, loss, update or gather;
what comes out is not a trained network, so no loss is reported.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.task import Array, Task


def train(task: Task) -> Callable[[], list[Array]]:
    """The products of one pass."""
    recipe = task.recipe
    X = np.ascontiguousarray(task.X[task.order])
    W = task.weights[::2]
    dW = [np.empty_like(w) for w in W]
    sizes = {recipe.batch_size, len(X) % recipe.batch_size}
    rng = np.random.default_rng(0)
    arrays = {
        n: [rng.standard_normal((n, size), np.float32) for size in recipe.sizes] for n in sizes
    }

    def run() -> list[Array]:
        for start in range(0, len(X), recipe.batch_size):
            batch = X[start : start + recipe.batch_size]
            a = [batch, *arrays[len(batch)][1:]]
            for i, w in enumerate(W):
                np.matmul(a[i], w, out=a[i + 1])
            for i in range(len(W) - 1, -1, -1):
                np.matmul(a[i].T, a[i + 1], out=dW[i])
                if i > 0:
                    np.matmul(a[i + 1], W[i].T, out=a[i])
        return []

    return run
