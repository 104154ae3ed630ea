"""Measure the three programs: as they were asked about, repair by repair, and in the library.

    python examples/measure.py                  all three, 5 seeds each (a quarter of an hour)
    python examples/measure.py curve            one of: mnist, in-place, curve
    python examples/measure.py mnist --long     five epochs of the author's own class as well

Prints the tables of docs/the-three-programs.md. The numbers are the median and the range over the
seeds; every repair is a change in the author's text (repairs.py).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
sys.path.insert(0, str(Path(__file__).parent))

import digits_accuracy_in_place
import digits_cost_curve
import mnist_one_sample_at_a_time
import repairs
from repairs import Repair, repaired
from sklearn.datasets import load_digits

from unstuck import load

Array = np.ndarray[Any, np.dtype[Any]]
Row = tuple[str, Callable[[int], float]]  # what was measured, and a score by seed

PIXELS, UNIT, STANDARD = "0..255 or 0..16", "0..1", "mean 0, spread 1"


# --------------------------------------------------------------------------------------- mnist


def author_mnist(
    seed: int, scale: float, penalty: float, fixes: Sequence[Repair], n: int = 10_000
) -> float:
    """The author's class, 64 units, learning rate 0.1, on ``n`` samples; its test accuracy."""
    data = load("mnist")
    if data.X_test is None or data.y_test is None:
        raise RuntimeError("MNIST comes with a test part")
    np.random.seed(seed)  # noqa: NPY002 - the author's program draws from the global generator
    names = repaired("per_sample_class.py", fixes)
    network = names["ANN"](784, 10, 64, penalty, 0.1)
    targets = np.eye(10)
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.permutation(60_000) for _ in range(-(-n // 60_000))])[:n]
    with np.errstate(over="ignore"):
        for i in rows:
            network.train(data.X_train[i] * scale, targets[data.y_train[i]])
        right = [
            network.classify(x * scale, targets[y]).argmax() == y
            for x, y in zip(data.X_test, data.y_test, strict=True)
        ]
    return float(np.mean(right))


def mnist_rows(*, long: bool) -> Iterator[Row]:
    """Every row of the first table."""
    unit, zero = 1 / 255, [repairs.AROUND_ZERO]
    for what, scale, penalty, fixes in (
        ("as asked, pixels 0..255", 1.0, 0.0, []),
        ("weights around 0, pixels 0..255", 1.0, 0.0, zero),
        ("pixels 0..1", unit, 0.0, []),
        ("pixels 0..1, Lambda 0.1", unit, 0.1, []),
        ("pixels 0..1, Lambda 0.1, weights around 0", unit, 0.1, zero),
        ("pixels 0..1, weights around 0", unit, 0.0, zero),
        ("pixels 0..1, weights around 0, Lambda 0.00001", unit, 1e-5, zero),
    ):
        yield what, lambda s, a=scale, b=penalty, c=fixes: author_mnist(s, a, b, c)
    if long:
        what = "the last one, five epochs of 60,000 samples"
        yield what, lambda s: author_mnist(s, unit, 1e-5, zero, n=300_000)
    for activation in mnist_one_sample_at_a_time.LEARNING_RATES:
        what = f"the library's example, {activation}, five epochs"
        yield what, lambda s, a=activation: mnist_one_sample_at_a_time.learn(a, s)


# ------------------------------------------------------------------------------------ in place


def inputs(X: Array, how: str) -> Array:
    """The pixels as they are, between 0 and 1, or each with mean 0 and spread 1."""
    if how == UNIT:
        return X / 16
    if how == STANDARD:
        spread = X.std(axis=0)
        return (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return X


def author_in_place(seed: int, how: str, fixes: Sequence[Repair]) -> float:
    """The author's functions on all digits, rate 0.1, 120 iterations; the training accuracy."""
    X, y = load_digits(return_X_y=True)
    X = inputs(X, how)
    np.random.seed(seed)  # noqa: NPY002 - the author's program draws from the global generator
    names = repaired("summed_gradients.py", fixes)
    w1, b1, w2, b2 = names["gradient_descent"](X, y, 120, 0.1)
    outputs = [names["forward_prop"](w1, b1, w2, b2, x.reshape(-1, 1))[-1] for x in X]
    return float(np.mean([a.argmax() == label for a, label in zip(outputs, y, strict=True)]))


def in_place_rows(*, long: bool) -> Iterator[Row]:
    """Every row of the second table."""
    slope, softmax = repairs.DERIVATIVE, repairs.SOFTMAX
    weights, targets = repairs.WEIGHTS, repairs.TARGETS
    for what, how, fixes in (
        ("as asked", PIXELS, []),
        ("dtanh", PIXELS, [slope]),
        ("softmax and cross-entropy (the published answer)", PIXELS, [softmax]),
        ("weights around 0", PIXELS, [weights]),
        ("pixels / 16", UNIT, []),
        ("dtanh, weights around 0", PIXELS, [slope, weights]),
        ("dtanh, pixels / 16", UNIT, [slope]),
        ("dtanh, weights around 0, pixels / 16", UNIT, [slope, weights]),
        ("softmax, weights around 0, pixels / 16", UNIT, [softmax, weights]),
        ("dtanh, weights around 0, pixels / 16, targets -1, +1", UNIT, [slope, weights, targets]),
        ("dtanh, weights around 0, standardised, targets", STANDARD, [slope, weights, targets]),
        ("softmax, weights around 0, standardised", STANDARD, [softmax, weights]),
    ):
        yield what, lambda s, a=how, b=fixes: author_in_place(s, a, b)
    for output in digits_accuracy_in_place.LOSSES:
        what = f"the library's example, {output}, 1000 iterations"
        yield what, lambda s, a=output: digits_accuracy_in_place.learn(a, s)


# --------------------------------------------------------------------------------------- curve


def author_curve(seed: int, how: str, fixes: Sequence[Repair]) -> float:
    """The author's model on the author's split; the test accuracy after 2000 iterations."""
    np.random.seed(seed)  # noqa: NPY002 - the author's program draws from the global generator
    names = repaired("two_layer_model.py", [*fixes, repairs.NO_PICTURE])
    X, X_test = names["x_train"], names["x_test"]
    if how == UNIT:
        X, X_test = X / 16, X_test / 16
    elif how == STANDARD:
        mean, spread = X.mean(axis=0), X.std(axis=0)
        spread[spread == 0] = 1
        X, X_test = (X - mean) / spread, (X_test - mean) / spread
    with np.errstate(all="ignore"):
        p = names["two_layer_model"](X.T, names["y_train1"], (64, 20, 10))
        forward = names["propa_avant_activ"]
        hidden, _ = forward(X_test.T, p["W1"], p["b1"], activation="relu")
        output, _ = forward(hidden, p["W2"], p["b2"], activation="sigmoid")
    return float((output.argmax(axis=0) == names["y_test"]).mean())


def curve_rows(*, long: bool) -> Iterator[Row]:
    """Every row of the third table."""
    update, half, he = repairs.UPDATE, repairs.HALF, repairs.HE
    for what, how, fixes in (
        ("as asked", PIXELS, []),
        ("update", PIXELS, [update]),
        ("update, no 1/2", PIXELS, [update, half]),
        ("update, He's weights", PIXELS, [update, he]),
        ("update, no 1/2, He's weights", PIXELS, [update, half, he]),
        ("update, no 1/2, pixels / 16", UNIT, [update, half]),
        ("update, no 1/2, He's weights, pixels / 16", UNIT, [update, half, he]),
        ("update, no 1/2, standardised", STANDARD, [update, half]),
        ("update, no 1/2, He's weights, standardised", STANDARD, [update, half, he]),
    ):
        yield what, lambda s, a=how, b=fixes: author_curve(s, a, b)
    for scale in ("none", "unit", "standard"):
        what = f"the library's example, scaling {scale!r}"
        yield what, lambda s, a=scale: digits_cost_curve.learn(s, a)[0]


# --------------------------------------------------------------------------------------- tables

TABLES: dict[str, Callable[..., Iterator[Row]]] = {
    "mnist": mnist_rows,
    "in-place": in_place_rows,
    "curve": curve_rows,
}


def table(name: str, seeds: int, *, long: bool) -> None:
    """Print one table in Markdown, row by row as it is measured."""
    print(f"\n{name}, {seeds} seeds\n\n| | median | lowest | highest |\n|---|---|---|---|")
    for what, measure in TABLES[name](long=long):
        scores = []
        for seed in range(seeds):
            with contextlib.redirect_stdout(io.StringIO()):
                scores.append(measure(seed))
        print(
            f"| {what} | {median(scores):.3f} | {min(scores):.3f} | {max(scores):.3f} |", flush=True
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the three programs.")
    parser.add_argument(
        "names",
        nargs="*",
        choices=[[], *TABLES],  # argparse holds the default itself against the choices
        default=[],
        metavar="NAME",
        help="mnist, in-place or curve; default: all three",
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--long", action="store_true", help="the slow rows as well")
    arguments = parser.parse_args()
    for wanted in arguments.names or TABLES:
        table(wanted, arguments.seeds, long=arguments.long)
