"""Joining: several arrays become one, and each gets its own part of the gradient back.

As in `shaping`, the operation is applied to the places of the numbers, all pieces counted through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unstuck.trace.operations.rule import Operation, operation, shape_of, unbroadcast
from unstuck.trace.operations.shaping import returned


def _pieces_back(function: Callable[..., Any]) -> Callable[..., Any]:
    """The adjoint of a list of arrays."""

    def rule(g: Any, y: Any, pieces: Any, *args: Any, **kwargs: Any) -> Any:
        shapes = [shape_of(piece) for piece in pieces]
        sizes = [int(np.prod(shape, dtype=int)) for shape in shapes]
        ends = np.cumsum(sizes)
        places = [
            np.arange(end - size + 1, end + 1).reshape(shape)
            for end, size, shape in zip(ends, sizes, shapes, strict=True)
        ]
        kwargs = {key: item for key, item in kwargs.items() if key == "axis"}
        back = returned(g, function(places, *args[:1], **kwargs), int(ends[-1]))
        return [
            part.reshape(shape)
            for part, shape in zip(np.split(back, ends[:-1]), shapes, strict=True)
        ]

    return rule


def _concatenate_rule(g: Any, y: Any, arrays: Any, axis: Any = 0, **kwargs: Any) -> Any:
    if axis is None:
        ends = np.cumsum([np.size(piece) for piece in arrays])
        parts = np.split(g, ends[:-1])
        return [part.reshape(shape_of(x)) for part, x in zip(parts, arrays, strict=True)]
    ends = np.cumsum([shape_of(piece)[axis] for piece in arrays])
    return np.split(g, ends[:-1], axis)


def _stack_rule(g: Any, y: Any, arrays: Any, axis: Any = 0, **kwargs: Any) -> Any:
    return np.moveaxis(g, axis, 0)


def _array(a: Any, *args: Any, **kwargs: Any) -> Any:
    kwargs.pop("copy", None)
    return np.array(a, *args, **kwargs)


def _array_rule(g: Any, y: Any, a: Any, *args: Any, **kwargs: Any) -> Any:
    """``g`` can be indexed as the nested list can; a float became an array without axes."""
    return g if isinstance(a, (list, tuple)) and not kwargs.get("ndmin") else g.reshape(shape_of(a))


def _append_base(g: Any, y: Any, arr: Any, values: Any, axis: Any = None) -> Any:
    if axis is None:
        return g[: np.size(arr)].reshape(shape_of(arr))
    return np.split(g, [shape_of(arr)[axis]], axis)[0]


def _append_values(g: Any, y: Any, arr: Any, values: Any, axis: Any = None) -> Any:
    if axis is None:
        return g[np.size(arr) :].reshape(shape_of(values))
    return np.split(g, [shape_of(arr)[axis]], axis)[1]


def _insert_base(g: Any, y: Any, arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    places = np.arange(1, np.size(arr) + 1).reshape(shape_of(arr))
    came_from = np.insert(places, obj, 0, axis)
    return returned(g, came_from, np.size(arr)).reshape(shape_of(arr))


def _insert_values(g: Any, y: Any, arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    nothing = np.zeros(shape_of(arr), dtype=int)
    places = np.arange(1, np.size(values) + 1).reshape(shape_of(values))
    return returned(g, np.insert(nothing, obj, places, axis), places.size).reshape(places.shape)


def _copy_to_rule(g: Any, y: Any, base: Any, source: Any, *args: Any, **kwargs: Any) -> Any:
    where = kwargs.get("where", args[1] if len(args) > 1 else True)
    return np.where(where, 0.0, g)


def _copy_to_source(g: Any, y: Any, base: Any, source: Any, *args: Any, **kwargs: Any) -> Any:
    where = kwargs.get("where", args[1] if len(args) > 1 else True)
    return unbroadcast(np.where(where, g, 0.0), source)


def _copy_to(base: Any, source: Any, *args: Any, **kwargs: Any) -> Any:
    result = np.array(base)
    np.copyto(result, source, *args, **kwargs)
    return result


def _copy(a: Any, *args: Any, **kwargs: Any) -> Any:
    return np.array(a)


def _contiguous(a: Any, *args: Any, **kwargs: Any) -> Any:
    return np.ascontiguousarray(a, *args, **kwargs)


def _astype(a: Any, dtype: Any, *args: Any, **kwargs: Any) -> Any:
    return np.asarray(a).astype(dtype)


def _float(a: Any = 0.0) -> Any:
    return (
        np.float64(a) if isinstance(a, np.ndarray) and a.size != 1 else float(np.asarray(a).item())
    )


def _float32(a: Any) -> Any:
    return np.float32(a)


def _item(a: Any, *index: Any) -> Any:
    return np.asarray(a).item(*index)


def _item_rule(g: Any, y: Any, a: Any, *index: Any) -> Any:
    d = np.zeros(shape_of(a))
    places = index[0] if len(index) == 1 else index or 0
    if isinstance(places, tuple):
        d[places] = g
    else:
        d.reshape(-1)[places] = g
    return d


def _same(g: Any, y: Any, a: Any, *args: Any, **kwargs: Any) -> Any:
    return g.reshape(shape_of(a))


JOINING: tuple[Operation, ...] = (
    operation("concatenate", "shape", np.concatenate, _concatenate_rule),
    operation("stack", "shape", np.stack, _stack_rule),
    operation("vstack", "shape", np.vstack, _pieces_back(np.vstack)),
    operation("row_stack", "shape", np.vstack, _pieces_back(np.vstack)),
    operation("hstack", "shape", np.hstack, _pieces_back(np.hstack)),
    operation("column_stack", "shape", np.column_stack, _pieces_back(np.column_stack)),
    operation("dstack", "shape", np.dstack, _pieces_back(np.dstack)),
    operation("append", "shape", np.append, _append_base, _append_values),
    operation("insert", "shape", np.insert, _insert_base, None, _insert_values),
    operation("copyto", "index", _copy_to, _copy_to_rule, _copy_to_source),
    operation("array", "shape", _array, _array_rule),
    operation("asarray", "shape", _array, _array_rule),
    operation("asanyarray", "shape", _array, _array_rule),
    operation("asfarray", "shape", lambda a, *rest: np.array(a, dtype=float), _array_rule),
    operation("ascontiguousarray", "shape", _contiguous, _array_rule),
    operation("asfortranarray", "shape", np.asfortranarray, _array_rule),
    operation("copy", "shape", _copy, _same),
    operation("astype", "shape", _astype, _same),
    operation("float", "shape", _float, _same),
    operation("float64", "shape", np.float64, _same),
    operation("float32", "shape", _float32, _same),
    operation("item", "index", _item, _item_rule),
)
