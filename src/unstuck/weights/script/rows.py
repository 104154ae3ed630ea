"""Recorded values as matrices with samples in rows, whichever way round the program keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from unstuck.base.arrays import Array
from unstuck.trace.tape import Tape

CLOSE = 1e-4  # relative: float32 programs, summed in another order


class NotRead(Exception):  # noqa: N818 - an answer, said among what could not be checked
    """The program's network is none of ours; the message says in which way."""


def values(tape: Tape, nodes: Sequence[int]) -> list[Array]:
    """The numbers of some nodes as float64 arrays."""
    return [np.asarray(tape[i].value, dtype=float) for i in nodes]


def layouts(arrays: Sequence[Array], width: int) -> Iterator[Array]:
    """Every way to see arrays as rows of ``width`` numbers: samples in rows, in columns, one each.

    >>> [rows.tolist() for rows in layouts([np.array([[1.0, 2.0]])], 1)]
    [[[1.0], [2.0]]]
    """
    found = [list(_each(array, width)) for array in arrays]
    if not found or any(not ways for ways in found):
        return
    for way in range(max(map(len, found))):
        yield np.concatenate([ways[min(way, len(ways) - 1)] for ways in found])


def _each(array: Array, width: int) -> Iterator[Array]:
    if array.ndim <= 1:
        if array.size == width:
            yield array.reshape(1, width)
        elif width == 1:
            yield array.reshape(-1, 1)
    elif array.ndim == 2:
        if array.shape[1] == width:
            yield array
        if array.shape[0] == width:
            yield array.T


def close(a: Array, b: Array) -> bool:
    """True if two matrices are the same up to rounding; what is not finite must be so in both."""
    if a.shape != b.shape:
        return False
    size = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    return bool(np.allclose(a, b, rtol=CLOSE, atol=CLOSE * max(size, 1e-12), equal_nan=True))


def softmax(Z: Array) -> Array:
    """Along rows.

    >>> softmax(np.zeros((1, 2))).tolist()
    [[0.5, 0.5]]
    """
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    result: Array = e / e.sum(axis=1, keepdims=True)
    return result
