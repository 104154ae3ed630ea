"""What an array must be before anything is learned from it, said in the caller's own terms.

The rows are walked in blocks of a few megabytes, so a memory-mapped array far larger than memory
is checked without ever being loaded.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import InvalidInputError

BLOCK_BYTES = 8 << 20
SMALLEST_IMAGE = 64  # pixels: fewer integer columns than an 8 x 8 image are a table
TASKS = ("classification", "regression")


def row_blocks(array: AnyArray, block_bytes: int = BLOCK_BYTES) -> Iterator[tuple[int, AnyArray]]:
    """Pairs (index of first row, block of rows) that cover ``array`` in order, without copying."""
    row_bytes = max(1, array.nbytes // max(1, len(array)))
    step = max(1, block_bytes // row_bytes)
    for start in range(0, len(array), step):
        yield start, array[start : start + step]


def check_arrays(
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    task: str | None = None,
    n_features: int | None = None,
    names: tuple[str, str] = ("X", "y"),
) -> tuple[AnyArray, AnyArray | None]:
    """Return ``X`` (samples, features) and ``y`` as arrays to learn from, or say why not.

    Integers, bytes, float32, float64 and memory-mapped arrays stay what they are. ``task`` may be
    ``"classification"`` (at least two classes are wanted), ``"regression"`` (y must be finite
    numbers) or None (y may be either). ``n_features`` is the width that is expected, if known.

    Raises InvalidInputError: wrong number of dimensions, empty data, text or objects for numbers,
    NaN or infinity (with its row and column), lengths that differ, one class only, wrong width.

    >>> check_arrays([[0.0, 1.0], [2.0, float("nan")]])
    Traceback (most recent call last):
    ...
    unstuck.base.errors.InvalidInputError: X holds nan at row 1, column 1 (counted from 0); every \
value must be a finite number. Remove the row or fill the value in.
    """
    features = _as_array(X, names[0])
    check_features(features, names[0], n_features)
    if y is None:
        return features, None
    target = _as_array(y, names[1])
    check_target(target, len(features), task, names)
    return features, target


def check_features(X: AnyArray, name: str = "X", n_features: int | None = None) -> None:
    """Raise InvalidInputError unless ``X`` is a finite, non-empty (samples, features) array."""
    if X.ndim != 2:
        hint = (
            "For one sample write X.reshape(1, -1); for one feature X.reshape(-1, 1)."
            if X.ndim < 2
            else "Flatten each sample: X.reshape(len(X), -1)."
        )
        raise InvalidInputError(
            f"{name} must have two dimensions (samples, features); got shape {X.shape}. {hint}"
        )
    if 0 in X.shape:
        raise InvalidInputError(
            f"{name} is empty: shape {X.shape}. At least one sample with one feature is needed."
        )
    if n_features is not None and X.shape[1] != n_features:
        raise InvalidInputError(
            f"{name} has {X.shape[1]} features a sample (shape {X.shape}); {n_features} are "
            "expected. Give the columns in the same order as in training."
        )
    _refuse_non_numbers(X, name)
    _refuse_non_finite(X, name)


def check_target(
    y: AnyArray,
    n_samples: int,
    task: str | None = None,
    names: tuple[str, str] = ("X", "y"),
) -> None:
    """Raise InvalidInputError unless ``y`` can be the target of ``n_samples`` samples."""
    name = names[1]
    if task is not None and task not in TASKS:
        raise InvalidInputError(f"unknown task {task!r}; allowed: {', '.join(TASKS)}.")
    if y.ndim not in (1, 2):
        raise InvalidInputError(
            f"{name} must have one dimension, one value for each sample, or two (samples, "
            f"outputs); got shape {y.shape}."
        )
    if len(y) != n_samples:
        raise InvalidInputError(
            f"{names[0]} and {name} differ in length: {n_samples} samples in {names[0]}, {len(y)} "
            f"in {name}. Each row of {names[0]} needs exactly one entry in {name}."
        )
    if y.dtype.kind not in "US" or task == "regression":
        _refuse_non_numbers(y, name)
        _refuse_non_finite(y, name)
    if task == "classification" and y.ndim == 1:
        check_classes(y, name)


def check_classes(y: AnyArray, name: str = "y") -> None:
    """Raise InvalidInputError when the labels ``y`` (samples,) hold fewer than two classes."""
    if (y == y[0]).all():
        raise InvalidInputError(
            f"{name} holds one class only: {y[0].item()!r} in all {len(y)} samples. At least two "
            "classes are needed; check that the right column or array is the target."
        )


def _as_array(values: ArrayLike, name: str) -> AnyArray:
    if isinstance(values, np.ndarray):
        return values
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise InvalidInputError(
            f"{name} is a sparse matrix ({type(values).__name__}); dense arrays are needed. "
            f"Convert it with {name}.toarray()."
        )
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InvalidInputError(
            f"{name} cannot be made an array: {error}. Its rows must all have the same length."
        ) from error


def _refuse_non_numbers(array: AnyArray, name: str) -> None:
    if array.dtype.kind in "biuf":
        return
    kind = {"O": "Python objects", "U": "text", "S": "bytes of text", "c": "complex numbers"}
    raise InvalidInputError(
        f"{name} holds {kind.get(array.dtype.kind, 'something else')} (dtype {array.dtype}); "
        f"numbers are needed: integers, float32 or float64. "
        f"Encode or convert it first, for example {name}.astype('float32')."
    )


def _refuse_non_finite(array: AnyArray, name: str) -> None:
    if array.dtype.kind != "f":
        return
    for start, block in row_blocks(array):
        if _square_is_finite(block):
            continue
        finite = np.isfinite(block)
        if finite.all():  # only so large that the sum of their squares overflowed
            continue
        where = np.argwhere(~finite)[0]
        value = block[tuple(where)]
        column = f", column {where[1]}" if array.ndim > 1 else ""
        raise InvalidInputError(
            f"{name} holds {value} at row {start + where[0]}{column} (counted from 0); every "
            "value must be a finite number. Remove the row or fill the value in."
        )


def _square_is_finite(block: AnyArray) -> bool:
    """True if the sum of squares is finite, which it is not where an entry is not.

    It reads the block once; `numpy.isfinite` also writes and reads a block of booleans, and takes
    twice as long.
    """
    flat = block.ravel()
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(flat @ flat))
