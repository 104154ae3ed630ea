"""What is timed: the training workloads, who runs each and on how many samples, and the bars.

A bar is the least ratio "time of the peer / time of unstuck" that we promise. A share says on how
many of the samples a slow peer is timed; single-sample training is linear in the samples, so its
time is scaled up to the whole epoch, and the table says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.task import Recipe

SHARE = 6_000
QUICK = 10  # --quick trains on a tenth


@dataclass(frozen=True, slots=True)
class Workload:
    """One line of training races: a recipe on MNIST scaled in one way."""

    letter: str
    title: str
    recipe: Recipe
    scaling: str  # "unit" or "standard"
    bars: dict[str, float]  # peer -> least ratio
    contestants: tuple[str, ...]
    shares: dict[str, int] = field(default_factory=dict)  # peer -> samples, where not all
    checked: int = 6_000  # losses are compared after so many samples


SLOW = {"pytorch": SHARE, "scikit_learn": SHARE, "handwritten": SHARE}
SINGLE = (784, 64, 64, 10)
EVERYBODY = ("unstuck", "jax_scan", "pytorch", "scikit_learn", "handwritten")
LIMITS = ("products", "products_avx512")

WORKLOADS = {
    workload.letter: workload
    for workload in (
        Workload(
            "A",
            "784-128-128-10 ReLU, batch 64, SGD with momentum 0.9",
            Recipe((784, 128, 128, 10), "relu", 64, "sgd", 0.02, 0.9),
            "unit",
            {"jax_scan": 1.0, "pytorch": 3.0, "scikit_learn": 3.0, "products": 0.75},
            (*EVERYBODY, "pytorch_fused", *LIMITS),
        ),
        Workload(
            "B",
            "784-64-64-10 sigmoid, one sample at a time, SGD; pixels 0..1",
            Recipe(SINGLE, "sigmoid", 1, "sgd", 0.1),
            "unit",
            {"jax_scan": 3.0, "pytorch": 50.0, "scikit_learn": 25.0, "handwritten": 25.0},
            EVERYBODY,
            SLOW,
        ),
        Workload(
            "B2",
            "784-64-64-10 sigmoid, one sample at a time, SGD; standardised, no input is 0",
            Recipe(SINGLE, "sigmoid", 1, "sgd", 0.02),
            "standard",
            {"jax_scan": 1.5, "pytorch": 25.0},
            EVERYBODY,
            SLOW,
        ),
        Workload(
            "C",
            "784-800-800-10 ReLU, batch 1024, SGD with momentum 0.9",
            Recipe((784, 800, 800, 10), "relu", 1024, "sgd", 0.05, 0.9),
            "unit",
            {"jax_scan": 1.1, "pytorch": 1.1},
            (*EVERYBODY, *LIMITS),
            checked=20_480,
        ),
        Workload(
            "D",
            "784-512-512-10 ReLU, batch 128, Adam",
            Recipe((784, 512, 512, 10), "relu", 128, "adam", 0.001),
            "unit",
            {"jax_scan": 1.5, "pytorch": 1.1, "scikit_learn": 3.0},
            (*EVERYBODY, "pytorch_fused", *LIMITS),
        ),
    )
}
