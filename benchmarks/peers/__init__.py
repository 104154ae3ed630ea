"""The contestants: one file each, and in it up to four functions, all of the same form.

    train(task)                     -> run()       -> weights    one pass over the task's order
    reach(X, y, X_test, y_test)     -> run(seed)   -> accuracy   98 % on MNIST, from scratch
    predict(task)                   -> run(x)      -> class      one sample, a (1, features) array
    estimate(task)                  -> run(x)      -> class      the same by an estimator

What a function does before it returns is preparation and is not timed; what ``run`` does is. Every
``run`` starts again from the task's initial weights and an empty optimiser.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Peer:
    """A contestant: its module, its name in the tables, and what else it needs.

    ``packages`` are those whose versions matter; ``threads`` the counts it is tried with (0: its
    own choice); ``environment`` what must be set before its process starts;
    ``processor_flag`` what the processor must be able to do.
    """

    module: str
    title: str
    packages: tuple[str, ...]
    threads: tuple[int, ...] = (1, 2)
    environment: dict[str, str] = field(default_factory=dict)
    processor_flag: str = ""


PEERS: dict[str, Peer] = {
    "unstuck": Peer("benchmarks.ours", "unstuck", ("unstuck", "numpy", "numba"), (0,)),
    "jax_scan": Peer("benchmarks.peers.jax_scan", "JAX, epoch in one scan", ("jax", "optax")),
    "pytorch": Peer("benchmarks.peers.pytorch", "PyTorch eager", ("torch",)),
    "pytorch_fused": Peer(
        "benchmarks.peers.pytorch_fused", "PyTorch, fused optimiser", ("torch",), (2,)
    ),
    "scikit_learn": Peer("benchmarks.peers.scikit_learn", "scikit-learn", ("scikit-learn",)),
    "handwritten": Peer("benchmarks.peers.handwritten", "NumPy by hand", ("numpy",)),
    "products": Peer("benchmarks.peers.products", "the products alone", ("numpy",)),
    # OpenBLAS goes by the name of the processor, which a virtual machine may hide from it.
    "products_avx512": Peer(
        "benchmarks.peers.products",
        "the products, AVX-512 forced",
        ("numpy",),
        environment={"OPENBLAS_CORETYPE": "SkylakeX"},
        processor_flag="avx512f",
    ),
}


def versions(peer: str) -> dict[str, str]:
    """Versions of the packages that matter to a contestant; "absent" where one is missing."""
    found = {}
    for package in PEERS[peer].packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def missing(peer: str) -> str:
    """Why a contestant cannot run here, as a note for the table; "" if it can."""
    title = PEERS[peer].title
    absent = [name for name, v in versions(peer).items() if v == "absent" and name != "numba"]
    if absent:
        return f"{title}: skipped, {', '.join(absent)} not installed (pip install '.[bench]')."
    flag = PEERS[peer].processor_flag
    if flag and flag not in processor_flags():
        return f"{title}: skipped, this processor has no {flag}."
    return ""


def processor_flags() -> set[str]:
    """What Linux says that the processor can do; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return set(next((line for line in lines if line.startswith("flags")), "").split())
