"""Holding back a fraction of the rows, for testing or validation, every class in both parts.

Both parts keep the order of the original rows (the trainer shuffles), so reading a part of a
memory-mapped array runs forward through its file.
"""

from __future__ import annotations

import tempfile

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import InvalidInputError
from unstuck.base.rng import RandomState, generator
from unstuck.data.checks import row_blocks

IN_MEMORY_BYTES = 256 << 20


def split(
    X: AnyArray,
    y: AnyArray,
    fraction: float,
    random_state: RandomState = 0,
    *,
    stratify: bool | None = None,
) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    """Return ``X, y`` of the rest and ``X, y`` of the held-out fraction, as four arrays.

    ``stratify`` keeps the shares of the classes in ``y``; None does so for integer labels.

    >>> X, y = np.arange(8).reshape(8, 1), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> X_rest, y_rest, X_held, y_held = split(X, y, 0.25, random_state=0)
    >>> y_rest, y_held
    (array([0, 0, 0, 1, 1, 1]), array([0, 1]))
    """
    rest, held = split_indices(y, fraction, random_state, stratify=stratify)
    return take_rows(X, rest), y[rest], take_rows(X, held), y[held]


def split_indices(
    y: AnyArray,
    fraction: float,
    random_state: RandomState = 0,
    *,
    stratify: bool | None = None,
) -> tuple[AnyArray, AnyArray]:
    """Ascending row indices of the rest and of the held-out ``fraction``, of which both are filled.

    Stratified, a class gives up its share rounded to whole samples, so that the shares add up to
    the fraction of all; a class with one sample keeps it in the rest, where it can be learned.

    Raises InvalidInputError: ``fraction`` is not strictly between 0 and 1, or there are fewer than
    two samples.
    """
    n_samples = len(y)
    if isinstance(fraction, bool) or not 0.0 < fraction < 1.0:
        raise InvalidInputError(
            f"a fraction of the samples to hold out lies between 0 and 1, both excluded; got "
            f"{fraction!r}. Write 0.25 for a quarter."
        )
    if n_samples < 2:
        raise InvalidInputError(f"{n_samples} sample cannot be split; at least 2 are needed.")
    rng = generator(random_state)
    n_held = min(max(round(fraction * n_samples), 1), n_samples - 1)
    if stratify is None:
        stratify = y.ndim == 1 and y.dtype.kind in "iu"
    held = _stratified(y, n_held, rng) if stratify else rng.permutation(n_samples)[:n_held]
    mask = np.zeros(n_samples, dtype=bool)
    mask[held] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def take_rows(array: AnyArray, rows: AnyArray) -> AnyArray:
    """``array[rows]``; of a large memory-mapped array as a temporary file, not in memory.

    The file has no name (or loses it at once) and vanishes with the array.
    """
    row_bytes = array.nbytes // max(1, len(array))
    if not isinstance(array, np.memmap) or row_bytes * len(rows) <= IN_MEMORY_BYTES:
        return np.asarray(array[rows])
    with tempfile.TemporaryFile(prefix="unstuck-") as file:
        # numpy keeps its own handle of the file, so closing ours leaves the array alive
        part = np.memmap(file, array.dtype, "w+", shape=(len(rows), *array.shape[1:]))
    for start, block in row_blocks(part):
        block[...] = array[rows[start : start + len(block)]]
    return part


def _stratified(y: AnyArray, n_held: int, rng: np.random.Generator) -> AnyArray:
    """The held-out row indices: shares by largest remainder, each class keeping one sample."""
    _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    share = counts * (n_held / len(y))
    take = share.astype(np.int64)  # rounded down, so always less than the class has
    order = np.lexsort((rng.permutation(len(y)), codes))  # by class, at random within a class
    by_remainder = np.lexsort((rng.random(len(counts)), take - share))  # largest first
    missing = n_held - int(take.sum())
    while missing > 0 and (take < counts - 1).any():
        able = by_remainder[(take < counts - 1)[by_remainder]][:missing]
        take[able] += 1
        missing -= len(able)
    if not take.any():
        raise InvalidInputError(
            f"{len(y)} samples of {len(counts)} classes leave none to hold out: each class must "
            "keep one sample to learn from. Add samples, or write stratify=False."
        )
    starts = np.cumsum(counts) - counts
    return np.concatenate([order[start : start + n] for start, n in zip(starts, take, strict=True)])
