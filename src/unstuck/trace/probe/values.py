"""Values that the tape is about, and where in their buffers arrays lie."""

from __future__ import annotations

from typing import Any

import numpy as np

KINDS = "biufc"
SCALARS = {
    *(np.float16, np.float32, np.float64, np.longdouble),
    *(np.int8, np.int16, np.int32, np.int64, np.longlong, np.intp),
    *(np.uint8, np.uint16, np.uint32, np.uint64, np.ulonglong, np.uintp),
    *(np.complex64, np.complex128),
}
NUMBERS = frozenset([float, complex, *SCALARS])  # one number each, known by its identity


class Ref:
    """Stands in arguments where a recorded value stood."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


class Other:
    """Stands in arguments for something that is no number, text or structure of those."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def is_array(value: Any) -> bool:
    """True for an array of numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind in KINDS


def is_recorded(value: Any) -> bool:
    """True for what gets a node: arrays of numbers, floats, NumPy's and complex numbers."""
    kind = type(value)
    if kind is np.ndarray:
        return value.dtype.kind in KINDS
    return kind in NUMBERS or is_array(value)


def root_of(array: Any) -> Any:
    """The array that owns the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def address(array: Any) -> int:
    """Where its first number lies."""
    return int(array.__array_interface__["data"][0])


def places_in(root: Any, view: Any) -> Any:
    """For each number of a view, its place in the flat (C) order of the root; None if unclear."""
    size = root.itemsize
    if view.dtype != root.dtype or size == 0 or root.size == 0:
        return None
    offset = address(view) - address(root)
    if offset % size or any(step % size for step in view.strides):
        return None
    order = np.empty_like(root, dtype=np.int64, subok=False)  # the same layout in memory
    if [s // 8 for s in order.strides] != [s // size for s in root.strides]:
        return None
    order[...] = np.arange(root.size).reshape(root.shape)
    flat = np.ravel(order, order="K")
    strides = tuple(step // size * 8 for step in view.strides)
    try:
        return np.ndarray(view.shape, np.int64, flat, offset // size * 8, strides).copy()
    except (ValueError, TypeError):
        return None


def same_view(root: Any, copy: Any, view: Any) -> Any:
    """The view of a copy (same layout in memory) that corresponds to a view of the original."""
    if view is root:
        return copy
    offset = address(view) - address(root)
    if copy.strides != root.strides:
        return view.copy()
    try:
        memory = np.ravel(copy, order="K")
        return np.ndarray(view.shape, view.dtype, memory, offset, view.strides)
    except (ValueError, TypeError):
        return view.copy()
