"""Indexing: some of the numbers are read, or others are put in their place.

A write makes a new version: ``setitem(base, index, value)`` is the base with some of its numbers
replaced, so what was overwritten gets no gradient. ``gather`` and ``scatter`` are the same for a
view and the buffer it looks into, by places in the buffer's flat order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unstuck.trace.operations.rule import (
    Args,
    Kwargs,
    NoRule,
    Operation,
    operation,
    shape_of,
    unbroadcast,
)
from unstuck.trace.operations.shaping import by_place, returned


def repeats(index: Any) -> bool:
    """True if an index may name the same place twice: an array or list of integers."""
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, list) or (isinstance(part, np.ndarray) and part.ndim):
            kind = np.asarray(part).dtype.kind
            if kind != "b":
                return True
    return False


# ------------------------------------------------------------------------------------------ items
def _getitem(base: Any, index: Any) -> Any:
    return base[index]


def _getitem_add(target: Any, g: Any, args: Args, kwargs: Kwargs) -> None:
    index = args[1]
    if repeats(index):
        np.add.at(target, index, g)
    else:
        target[index] += g


def _getitem_rule(g: Any, y: Any, base: Any, index: Any) -> Any:
    if not isinstance(base, np.ndarray):
        raise NoRule("getitem of a list")
    d = np.zeros(base.shape)
    if repeats(index):
        np.add.at(d, index, g)
    else:
        d[index] = g
    return d


def _setitem(base: Any, index: Any, value: Any) -> Any:
    result = np.array(base)
    result[index] = value
    return result


def _setitem_base(g: Any, y: Any, base: Any, index: Any, value: Any) -> Any:
    d = np.array(g)
    d[index] = 0.0
    return d


def _setitem_value(g: Any, y: Any, base: Any, index: Any, value: Any) -> Any:
    if not isinstance(base, np.ndarray) or base.dtype.kind not in "fc":
        return None  # what is put into integers is cut off
    part = np.asarray(g[index])
    if repeats(index):  # of several writes to one place the last one stays
        order = np.arange(1, part.size + 1).reshape(part.shape)
        last = np.zeros(base.shape, dtype=int)
        last[index] = order
        part = part * (last[index] == order)
    return unbroadcast(part, value)


def _add_at(base: Any, index: Any, value: Any) -> Any:
    result = np.array(base)
    np.add.at(result, index, value)
    return result


def _add_at_base(g: Any, y: Any, base: Any, index: Any, value: Any) -> Any:
    return g


def _add_at_value(g: Any, y: Any, base: Any, index: Any, value: Any) -> Any:
    return unbroadcast(np.asarray(g[index]), value)


def _subtract_at(base: Any, index: Any, value: Any) -> Any:
    result = np.array(base)
    np.subtract.at(result, index, value)
    return result


def _subtract_at_value(g: Any, y: Any, base: Any, index: Any, value: Any) -> Any:
    return -unbroadcast(np.asarray(g[index]), value)


def _where_true(base: Any, mask: Any, values: Any) -> Any:
    result = np.array(base)
    np.place(result, mask, values)
    return result


def _put_mask(base: Any, mask: Any, values: Any) -> Any:
    result = np.array(base)
    np.putmask(result, mask, values)
    return result


def _put(base: Any, places: Any, values: Any) -> Any:
    result = np.array(base, order="C")
    np.put(result, places, values)
    return result


def _put_along(base: Any, indices: Any, values: Any, axis: Any) -> Any:
    result = np.array(base)
    np.put_along_axis(result, indices, values, axis)
    return result


def by_write(name: str, write: Callable[..., Any]) -> Operation:
    """A write into the first argument, differentiated by writing places instead of numbers."""

    def base_rule(g: Any, y: Any, base: Any, where: Any, values: Any, *rest: Any) -> Any:
        kept = write(np.ones(shape_of(base)), where, np.zeros(shape_of(values)), *rest)
        return g * kept

    def values_rule(g: Any, y: Any, base: Any, where: Any, values: Any, *rest: Any) -> Any:
        shape = shape_of(values)
        size = int(np.prod(shape, dtype=int))
        places = np.arange(1, size + 1).reshape(shape)
        came_from = write(np.zeros(shape_of(base), dtype=int), where, places, *rest)
        return returned(g, came_from, size).reshape(shape)

    return operation(name, "index", write, base_rule, None, values_rule)


# ------------------------------------------------------------------------------------------ views
def _gather(base: Any, places: Any, shape: Any = None) -> Any:
    read = np.ravel(base)[places]
    return read if shape is None else np.reshape(read, shape)


def _gather_add(target: Any, g: Any, args: Args, kwargs: Kwargs) -> None:
    np.add.at(target.reshape(-1), np.ravel(args[1]), np.ravel(g))


def _gather_rule(g: Any, y: Any, base: Any, places: Any, shape: Any = None) -> Any:
    shape = shape_of(base)
    size = int(np.prod(shape, dtype=int))
    return np.bincount(np.ravel(places), np.ravel(g), minlength=size).reshape(shape)


def _scatter(base: Any, places: Any, view: Any) -> Any:
    result = np.array(base, order="C")
    result.reshape(-1)[np.ravel(places)] = np.ravel(view)
    return result


def _scatter_base(g: Any, y: Any, base: Any, places: Any, view: Any) -> Any:
    d = np.array(g, order="C")
    d.reshape(-1)[np.ravel(places)] = 0.0
    return d


def _scatter_view(g: Any, y: Any, base: Any, places: Any, view: Any) -> Any:
    return np.ravel(g)[np.ravel(places)].reshape(shape_of(view))


# ------------------------------------------------------------------------------------- functions
def _extract_rule(g: Any, y: Any, condition: Any, arr: Any) -> Any:
    d = np.zeros(shape_of(arr))
    np.place(d, condition, g)
    return d


def _take_along_places(places: Any, indices: Any, axis: Any = -1) -> Any:
    return np.take_along_axis(places, np.asarray(indices), axis)


def _take(a: Any, *args: Any, **kwargs: Any) -> Any:
    return np.take(a, *args, **kwargs)


def _sort(a: Any, axis: Any = -1, *args: Any, **kwargs: Any) -> Any:
    return np.sort(a, axis, *args, **kwargs)


def _sort_rule(g: Any, y: Any, a: Any, axis: Any = -1, *args: Any, **kwargs: Any) -> Any:
    shape = shape_of(a)
    order = np.argsort(a, axis=axis, kind="stable")
    places = np.arange(1, order.size + 1).reshape(shape)
    if axis is None:
        return returned(g, places.reshape(-1)[order], order.size).reshape(shape)
    came_from = np.take_along_axis(places, order, axis)
    return returned(g, came_from, order.size).reshape(shape)


def _fill_diagonal(base: Any, value: Any) -> Any:
    result = np.array(base)
    np.fill_diagonal(result, value)
    return result


def _fill_diagonal_base(g: Any, y: Any, base: Any, value: Any) -> Any:
    return _fill_diagonal(g, 0.0)


def _fill_diagonal_value(g: Any, y: Any, base: Any, value: Any) -> Any:
    if np.ndim(value):
        raise NoRule("fill_diagonal with an array")
    diagonal = np.arange(min(g.shape))
    return g[(diagonal,) * g.ndim].sum()


INDEXING: tuple[Operation, ...] = (
    operation("getitem", "index", _getitem, _getitem_rule, add_to=_getitem_add),
    operation("setitem", "index", _setitem, _setitem_base, None, _setitem_value),
    operation("add.at", "index", _add_at, _add_at_base, None, _add_at_value),
    operation("subtract.at", "index", _subtract_at, _add_at_base, None, _subtract_at_value),
    operation("gather", "index", _gather, _gather_rule, add_to=_gather_add),
    operation("scatter", "index", _scatter, _scatter_base, None, _scatter_view),
    operation("sort", "index", _sort, _sort_rule),
    operation("fill_diagonal", "index", _fill_diagonal, _fill_diagonal_base, _fill_diagonal_value),
    by_write("place", _where_true),
    by_write("putmask", _put_mask),
    by_write("put", _put),
    by_write("put_along_axis", _put_along),
    by_place("take", _take, "index"),
    by_place("take_along_axis", _take_along_places, "index"),
    operation("extract", "index", np.extract, None, _extract_rule),
)
