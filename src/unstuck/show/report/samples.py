"""Which of the judged samples a page holds: every mistake and some 500 others, as far as they fit.

A network that is wrong nine times out of ten would make a page that no browser opens, so the
samples share a budget of bytes. What has to go is chosen evenly over the cells of the confusion
matrix, for each of them opens what is behind it, and the page says what was done.
"""

from __future__ import annotations

import zlib

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.show.images import certainty
from unstuck.show.report.contents import Samples

OTHERS = 500  # samples that were decided rightly
FEWEST = 40  # kept however large a sample is
BUDGET = 1_300_000  # bytes of page for all samples together
PROBED = 64  # samples whose packed size is measured
BYTES_AN_OUTPUT, BYTES_A_SAMPLE = 8, 20  # a probability; index, truth and guess, as JSON
VALUES = 1500  # samples of a regression
SHUFFLE = 5  # seed: which of the many right ones


def judged_samples(
    part: str,
    X: AnyArray,
    y: AnyArray,
    outputs: Array,
    decisions: AnyArray | None,
    class_names: tuple[str, ...] | None,
    image_shape: tuple[int, int] | None,
    budget: int = BUDGET,
) -> Samples:
    """What a page takes of one judged part of the data.

    Parameters
    ----------
    X : array, shape (n, n_features)
        As it is in the data set.
    y, decisions : arrays, shape (n,)
        Classes; for values ``y`` is (n,) or (n, n_outputs) and ``decisions`` None.
    outputs : array, shape (n, n_outputs)

    Examples
    --------
    >>> X, y = np.arange(12.0).reshape(6, 2), np.array([0, 0, 0, 1, 1, 1])
    >>> outputs = np.eye(2)[[0, 0, 1, 1, 1, 1]]
    >>> found = judged_samples("test", X, y, outputs, outputs.argmax(axis=1), ("a", "b"), None)
    >>> found.said, found.counts.tolist()
    ('the only mistake and all 5 other test samples', [[2, 1], [0, 3]])
    """
    n = len(X)
    room = max(FEWEST, int(budget / bytes_each(X, outputs, image_shape)))
    if class_names is None or decisions is None:
        rows = farthest(y, outputs, min(VALUES, room))
        said = f"all {n:,}" if len(rows) == n else f"{len(rows):,} of the {n:,}"
        return Samples(
            part, n, 0, f"{said} {part} samples", X[rows], rows, y[rows], None, outputs[rows],
            None, image_shape,
        )  # fmt: skip
    wrong = decisions != y
    others = spread_out(y, np.flatnonzero(~wrong))[: min(OTHERS, max(FEWEST // 2, room // 2))]
    sure = certainty(outputs, decisions)
    mistakes = by_cell(y, decisions, sure, np.flatnonzero(wrong))[: max(room - len(others), 1)]
    mistakes = mistakes[np.argsort(-sure[mistakes], kind="stable")]
    rows = np.concatenate([mistakes, np.sort(others)])
    return Samples(
        part,
        n,
        int(wrong.sum()),
        in_words(int(wrong.sum()), len(mistakes), n, len(others), part),
        X[rows],
        rows,
        y[rows],
        decisions[rows],
        outputs[rows],
        class_names,
        image_shape,
        confusion(y, decisions, len(class_names)),
        tuple(range(len(mistakes))),
    )


def bytes_each(X: AnyArray, outputs: Array, image_shape: tuple[int, int] | None) -> float:
    """About how many bytes of page one sample takes; its pixels only where it is a picture."""
    numbers = BYTES_AN_OUTPUT * outputs.shape[1] + BYTES_A_SAMPLE
    if image_shape is None or not len(X):
        return float(numbers)
    some = X[np.linspace(0, len(X) - 1, min(len(X), PROBED)).astype(int)]
    kind = np.uint8 if X.dtype.kind in "uib" else np.float32
    packed = len(zlib.compress(np.ascontiguousarray(some.astype(kind)).tobytes(), 6))
    return float(numbers + packed / len(some) * 4 / 3)  # base64


def spread_out(y: AnyArray, rows: AnyArray) -> AnyArray:
    """``rows`` in an order of which every beginning has all classes about equally."""
    shuffled = np.random.default_rng(SHUFFLE).permutation(rows)
    return shuffled[np.argsort(rank_within(y[shuffled]), kind="stable")]


def by_cell(y: AnyArray, decisions: AnyArray, sure: Array, rows: AnyArray) -> AnyArray:
    """``rows`` in an order of which every beginning has the surest of each cell of the matrix."""
    surest = rows[np.argsort(-sure[rows], kind="stable")]
    cell = y[surest].astype(np.int64) * (int(decisions.max(initial=0)) + 1) + decisions[surest]
    return surest[np.argsort(rank_within(cell), kind="stable")]


def rank_within(groups: AnyArray) -> AnyArray:
    """How many of the same group stand before each entry.

    >>> rank_within(np.array([7, 7, 2, 7, 2]))
    array([0, 1, 0, 2, 1])
    """
    order = np.argsort(groups, kind="stable")
    grouped = groups[order]
    first = np.searchsorted(grouped, grouped)
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - first
    return ranks


def farthest(y: AnyArray, outputs: Array, most: int) -> AnyArray:
    """Rows of a regression: the largest errors, and others at even distances, in order."""
    n = len(outputs)
    if n <= most:
        return np.arange(n)
    off = np.abs(outputs - y.reshape(n, -1)).max(axis=1)
    worst = np.argsort(-off, kind="stable")[: most // 4]
    rest = np.setdiff1d(np.arange(n), worst)
    even = rest[np.linspace(0, len(rest) - 1, most - len(worst)).astype(int)]
    return np.union1d(worst, even)


def confusion(y: AnyArray, decisions: AnyArray, k: int) -> AnyArray:
    """How many samples of each class (row) were taken for which (column), (k, k)."""
    flat = np.bincount(y.astype(np.int64) * k + decisions, minlength=k * k)
    counts: AnyArray = flat.reshape(k, k)
    return counts


def in_words(wrong: int, kept: int, n: int, others: int, part: str) -> str:
    """Which samples a page holds.

    >>> in_words(213, 213, 10_000, 500, "test")
    'every mistake (213) and 500 of the 9,787 other test samples'
    """
    right = n - wrong
    rest = f"all {right:,}" if others == right else f"{others:,} of the {right:,}"
    if wrong == 0:
        return f"{rest} {part} samples"
    if kept < wrong:
        which = f"{kept:,} of the {wrong:,} mistakes (all would make the page too large)"
    else:
        which = "the only mistake" if wrong == 1 else f"every mistake ({wrong:,})"
    return f"{which} and {rest} other {part} samples" if right else which
