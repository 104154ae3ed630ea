"""Choosing: the largest, the smallest, the middle one; and the places where they stand.

Where several are the largest, they share the gradient, as in PyTorch's amax. A place has none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unstuck.trace.operations.reductions import Options, beside_lines, lines_of, reduction
from unstuck.trace.operations.rule import (
    Args,
    Kwargs,
    Operation,
    Position,
    no_gradient,
    shape_of,
    spread,
)


def _shared(g: Any, chosen: Any, a: Any, axis: Any, keepdims: Any) -> Any:
    """``g`` among the numbers that equal the chosen one (which has axes of length 1)."""
    at = np.equal(a, chosen).astype(float)
    ties = at.sum(axis=axis, keepdims=True)
    return at / np.where(ties == 0, 1.0, ties) * spread(g, shape_of(a), axis, keepdims)


def _extremum(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    if given.get("where", True) is not True:
        a = np.where(given["where"], a, np.nan)
    return _shared(g, spread(np.asarray(y), shape_of(a), axis, keepdims), a, axis, keepdims)


def _peak_to_peak(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    high, low = np.max(a, axis, keepdims=True), np.min(a, axis, keepdims=True)
    return _shared(g, high, a, axis, keepdims) - _shared(g, low, a, axis, keepdims)


def _median(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    lines, back = lines_of(a, axis)
    n = lines.shape[-1]
    middle = np.argsort(lines, axis=-1)[..., (n - 1) // 2 : n // 2 + 1]
    share = np.zeros_like(lines)
    np.put_along_axis(share, middle, 1.0 / middle.shape[-1], axis=-1)
    return back(share * beside_lines(g, axis, keepdims))


def _builtin(g: Any, y: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
    """Python's max(list) and max(a, b, ...)."""
    items = args if len(args) > 1 else args[0]
    ties = sum(bool(item == y) for item in items) or 1
    if len(args) > 1:
        return g * (float(args[int(position)] == y) / ties)
    shares = [g * (float(item == y) / ties) for item in items]
    return np.array(shares) if isinstance(items, np.ndarray) else shares


CHOOSING = (
    reduction("max", np.max, _extremum, "a axis out keepdims initial where"),
    reduction("amax", np.max, _extremum, "a axis out keepdims initial where"),
    reduction("min", np.min, _extremum, "a axis out keepdims initial where"),
    reduction("amin", np.min, _extremum, "a axis out keepdims initial where"),
    reduction("ptp", np.ptp, _peak_to_peak, "a axis out keepdims"),
    reduction("median", np.median, _median, "a axis out overwrite_input keepdims"),
    Operation("builtin_max", lambda args, kwargs: max(*args, **kwargs), _builtin, "reduction"),
    Operation("builtin_min", lambda args, kwargs: min(*args, **kwargs), _builtin, "reduction"),
    *(
        no_gradient(function.__name__, "none", function)
        for function in (
            np.argmax,
            np.argmin,
            np.nanargmax,
            np.nanargmin,
            np.argsort,
            np.argpartition,
            np.nonzero,
            np.flatnonzero,
            np.argwhere,
            np.count_nonzero,
            np.any,
            np.all,
            np.searchsorted,
            np.bincount,
            np.unique,
            np.digitize,
            np.histogram,
            np.shape,
            np.size,
            np.ndim,
        )
    ),
)
