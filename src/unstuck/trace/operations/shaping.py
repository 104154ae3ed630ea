"""Shaping: the same numbers in another order or form, so the gradient is ordered back.

One idea serves every operation for which no shorter way is written: apply it to the places
1, 2, 3, ... instead of to the numbers, and the result says where each of its numbers came from
(0: from nowhere, as in padding).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from unstuck.trace.operations.rule import (
    NoRule,
    Operation,
    operation,
    shape_of,
    unbroadcast,
)

Function = Callable[..., Any]


def by_place(
    name: str, function: Function, kind: Any = "shape", places: Function | None = None
) -> Operation:
    """An operation on one array, differentiated by asking where each number came from."""
    moving = function if places is None else places

    def rule(g: Any, y: Any, a: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs.pop("out", None)
        shape = shape_of(a)
        size = int(np.prod(shape, dtype=int))
        came_from = moving(np.arange(1, size + 1).reshape(shape), *args, **kwargs)
        return returned(g, came_from, size).reshape(shape)

    return operation(name, kind, function, rule)


def returned(g: Any, came_from: Any, size: int) -> Any:
    """Add each number of ``g`` at the place (from 1) that its number came from."""
    sums = np.bincount(np.ravel(came_from), np.ravel(g), minlength=size + 1)
    return sums[1:]


def _reshaped(g: Any, y: Any, a: Any, *args: Any, **kwargs: Any) -> Any:
    return g.reshape(shape_of(a))


def _ordered(function: Function, places: Function | None = None) -> Function:
    """Reading in Fortran's order is not a plain reshape; everything else is."""
    slow = by_place("", function).vjp

    def rule(g: Any, y: Any, a: Any, *args: Any, **kwargs: Any) -> Any:
        order = kwargs.get("order") or next((x for x in args if isinstance(x, str)), "C")
        if order == "C":
            return g.reshape(shape_of(a))
        return slow(g, y, (a, *args), kwargs, 0) if slow is not None else None

    return rule


def reshape(a: Any, *shape: Any, **kwargs: Any) -> Any:
    """``np.reshape(a, shape, order)`` and ``a.reshape(2, 3)``."""
    if shape and isinstance(shape[-1], str) and len(shape) == 2:
        return np.reshape(a, shape[0], order=shape[1])
    if "newshape" in kwargs:
        kwargs["shape"] = kwargs.pop("newshape")
    if "shape" in kwargs:
        return np.asarray(a).reshape(kwargs.pop("shape"), **kwargs)
    return np.asarray(a).reshape(*shape, **kwargs)


def transpose(a: Any, *axes: Any, **kwargs: Any) -> Any:
    """``np.transpose(a, axes)``, ``a.transpose(1, 0)`` and ``a.T``."""
    return np.asarray(a).transpose(*axes, **kwargs) if not kwargs else np.transpose(a, **kwargs)


def _transposed(g: Any, y: Any, a: Any, *axes: Any, **kwargs: Any) -> Any:
    order = kwargs.get("axes", axes[0] if len(axes) == 1 else axes or None)
    if order is None:
        return g.T
    order = [order] if np.ndim(order) == 0 else order
    return g.transpose(np.argsort([i % g.ndim for i in order]))


def _swapped(g: Any, y: Any, a: Any, axis1: Any, axis2: Any) -> Any:
    return np.swapaxes(g, axis1, axis2)


def _moved(g: Any, y: Any, a: Any, source: Any, destination: Any) -> Any:
    return np.moveaxis(g, destination, source)


def _flipped(g: Any, y: Any, m: Any, axis: Any = None) -> Any:
    return np.flip(g, axis)


def _rolled(g: Any, y: Any, a: Any, shift: Any, axis: Any = None) -> Any:
    return np.roll(g, -np.asarray(shift), axis)


def _lower(g: Any, y: Any, m: Any, k: Any = 0) -> Any:
    return np.tril(g, k)


def _upper(g: Any, y: Any, m: Any, k: Any = 0) -> Any:
    return np.triu(g, k)


def _broadcast(g: Any, y: Any, array: Any, *args: Any, **kwargs: Any) -> Any:
    return unbroadcast(g, array)


def _pad_places(places: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    if mode in {"mean", "maximum", "minimum", "median", "linear_ramp"} or callable(mode):
        raise NoRule(f"pad(mode={mode!r})")
    kwargs.pop("constant_values", None)
    return np.pad(places, pad_width, mode, **kwargs)


def _diff_rule(g: Any, y: Any, a: Any, n: Any = 1, axis: Any = -1) -> Any:
    for _ in range(n):
        nothing = np.zeros_like(np.take(g, [0], axis))
        g = np.concatenate([nothing, g], axis) - np.concatenate([g, nothing], axis)
    return g


def _trace_rule(
    g: Any,
    y: Any,
    a: Any,
    offset: Any = 0,
    axis1: Any = 0,
    axis2: Any = 1,
    *rest: Any,
    **kwargs: Any,
) -> Any:
    shape = shape_of(a)
    places = np.arange(1, int(np.prod(shape, dtype=int)) + 1).reshape(shape)
    read = np.diagonal(places, offset, axis1, axis2)
    return returned(np.broadcast_to(g[..., None], read.shape), read, places.size).reshape(shape)


def _flatten(a: Any, *args: Any, **kwargs: Any) -> Any:
    return np.asarray(a).flatten(*args, **kwargs)


SHAPING = (
    operation("reshape", "shape", reshape, _ordered(reshape)),
    operation("ravel", "shape", np.ravel, _ordered(np.ravel)),
    operation("flatten", "shape", _flatten, _ordered(_flatten)),
    operation("transpose", "shape", transpose, _transposed),
    operation(
        "matrix_transpose",
        "shape",
        lambda a: np.swapaxes(a, -1, -2),
        lambda g, y, a: np.swapaxes(g, -1, -2),
    ),
    operation("swapaxes", "shape", np.swapaxes, _swapped),
    operation("moveaxis", "shape", np.moveaxis, _moved),
    by_place("rollaxis", np.rollaxis),
    operation("squeeze", "shape", np.squeeze, _reshaped),
    operation("expand_dims", "shape", np.expand_dims, _reshaped),
    operation("atleast_1d", "shape", np.atleast_1d, _reshaped),
    operation("atleast_2d", "shape", np.atleast_2d, _reshaped),
    operation("atleast_3d", "shape", np.atleast_3d, _reshaped),
    operation("broadcast_to", "shape", np.broadcast_to, _broadcast),
    operation("flip", "shape", np.flip, _flipped),
    operation("fliplr", "shape", np.fliplr, lambda g, y, m: g[:, ::-1]),
    operation("flipud", "shape", np.flipud, lambda g, y, m: g[::-1]),
    operation("roll", "shape", np.roll, _rolled),
    operation("tril", "shape", np.tril, _lower),
    operation("triu", "shape", np.triu, _upper),
    operation("trace", "reduction", np.trace, _trace_rule),
    operation("diff", "linear", np.diff, _diff_rule),
    by_place("rot90", np.rot90),
    by_place("tile", np.tile),
    by_place("repeat", np.repeat),
    by_place("resize", np.resize),
    by_place("pad", np.pad, places=_pad_places),
    by_place("diag", np.diag),
    by_place("diagflat", np.diagflat),
    by_place("diagonal", np.diagonal),
    by_place("lib.stride_tricks.sliding_window_view", sliding_window_view),
    by_place("sliding_window_view", sliding_window_view),
    by_place("delete", np.delete),
)
