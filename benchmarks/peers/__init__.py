"""The contestants. One file each, and in it up to three functions, all of the same form.

    train(task)       -> run()          -> weights     one pass over the task's order
    reach(X, y, X_test, y_test) -> run(seed) -> accuracy    98 % on MNIST, from scratch
    predict(task)     -> run(x)         -> class       one sample, given as a (1, features) array

What a function does before it returns is preparation and is not timed; what ``run`` does is. Every
``run`` starts again from the task's initial weights and an empty optimiser.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peer:
    """A contestant: its module, its name in the tables, and the packages whose versions matter."""

    module: str
    title: str
    packages: tuple[str, ...]


PEERS: dict[str, Peer] = {
    "unstuck": Peer("benchmarks.ours", "unstuck", ("unstuck", "numpy", "numba")),
    "jax_scan": Peer("benchmarks.peers.jax_scan", "JAX, epoch in one scan", ("jax", "optax")),
    "pytorch": Peer("benchmarks.peers.pytorch", "PyTorch eager", ("torch",)),
    "scikit_learn": Peer("benchmarks.peers.scikit_learn", "scikit-learn", ("scikit-learn",)),
    "handwritten": Peer("benchmarks.peers.handwritten", "NumPy by hand", ("numpy",)),
    "products": Peer("benchmarks.peers.products", "the products alone", ("numpy",)),
}
