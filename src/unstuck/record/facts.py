"""An array in a few numbers: what the evidence keeps of inputs, targets, outputs, parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.record.evidence import ArrayFacts
from unstuck.record.run_record import SourceSpan

DISTINCT = 1000  # different values are counted up to here
COUNTED = 100_000  # entries that are looked at for that
WIDEST = 2000  # columns: wider arrays are not searched for copies


def array_facts(
    values: Any, *, axis: int | None = None, name: str = "", source: SourceSpan | None = None
) -> ArrayFacts:
    """The statistics of one array; those of its finite entries where some are not.

    Parameters
    ----------
    values : array_like
        Of any shape and number type.
    axis : {0, 1}, optional
        The axis along which samples are counted, of a matrix.

    Examples
    --------
    >>> facts = array_facts([[1.0, 0.0, 1.0], [1.0, 2.0, 1.0]], axis=0)
    >>> facts.mean, facts.constant, facts.distinct
    (1.0, 2, 3)
    """
    array = np.asarray(values)
    flat = array.ravel() if array.dtype.kind in "fiub" else np.empty(0)
    if flat.dtype.kind != "f" or flat.dtype.itemsize < 4:
        flat = flat.astype(np.float64)
    finite = flat if np.isfinite(flat).all() else flat[np.isfinite(flat)]
    constant, duplicated = columns(array, axis)
    with np.errstate(over="ignore", invalid="ignore"):  # the entries may be of any size
        mean = float(finite.mean(dtype=np.float64)) if finite.size else math.nan
        std = float(finite.std(dtype=np.float64)) if finite.size else math.nan
    return ArrayFacts(
        shape=array.shape,
        dtype=str(array.dtype),
        mean=mean,
        std=std,
        low=float(finite.min()) if finite.size else math.nan,
        high=float(finite.max()) if finite.size else math.nan,
        distinct=min(DISTINCT, len(np.unique(finite[:COUNTED]))),
        finite=finite.size == flat.size,
        axis=axis,
        constant=constant,
        duplicated=duplicated,
        name=name,
        source=source,
    )


def columns(array: AnyArray, axis: int | None) -> tuple[int, int]:
    """(features that never change, features that change but are equal to an earlier one)."""
    if axis is None or array.ndim != 2 or array.shape[axis] < 2:
        return 0, 0
    rows = array if axis == 0 else array.T
    same = (rows == rows[:1]).all(axis=0)
    varying = rows[:, ~same]
    if not 1 < varying.shape[1] <= WIDEST:
        return int(same.sum()), 0
    return int(same.sum()), varying.shape[1] - len(np.unique(varying.T, axis=0))


def has_twins(weights: AnyArray) -> bool:
    """True if all units (columns) of a weight matrix (fan_in, fan_out) start alike.

    >>> has_twins(np.ones((3, 2))), has_twins(np.ones((3, 1)))
    (True, False)
    """
    return bool(weights.shape[1] > 1 and (weights == weights[:, :1]).all())
