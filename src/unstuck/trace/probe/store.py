"""Numbers on disk: a JSON file that tells where each array lies in a binary file beside it.

Arrays that share memory share it there too, so views cost nothing. Nothing is pickled: what reads
the file runs no code of the program.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from .values import NUMBERS, Other, Ref, address, is_array, root_of

ALIGNED = 64
SCALAR = "scalar"


class Store:
    """Collects values, then writes them."""

    def __init__(self) -> None:
        self.places: list[Any] = []  # of each value: dtype, shape, strides, offset
        self.size = 0
        self.chunks: list[tuple[int, Any]] = []
        self.seen: dict[tuple[Any, ...], int] = {}
        self.roots: dict[int, tuple[int, Any]] = {}
        self.looked: dict[int, int] = {}  # bytes of all views, by root

    def expect(self, value: Any) -> None:
        """To be told of all arrays beforehand: few small views are not worth a whole root."""
        if isinstance(value, np.ndarray):
            root = id(root_of(value))
            self.looked[root] = self.looked.get(root, 0) + value.nbytes

    # ------------------------------------------------------------------------------ values
    def encode(self, value: Any) -> Any:
        """A structure as JSON."""
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if kind is Ref:
            return {"r": value.index}
        if kind is tuple:
            return {"t": [self.encode(x) for x in value]}
        if kind is list:
            return [self.encode(x) for x in value]
        if kind is dict:
            return {"d": {str(key): self.encode(x) for key, x in value.items()}}
        if kind is slice:
            return {"s": [self.encode(x) for x in (value.start, value.stop, value.step)]}
        if kind is complex:
            return {"c": [value.real, value.imag]}
        if value is Ellipsis:
            return {"e": 0}
        if isinstance(value, np.dtype):
            return {"y": value.str}
        if is_array(value):
            return {"v": self.array(value)}
        if kind in NUMBERS or kind is np.bool_:
            return {"v": self.scalar(value)}
        return {"o": value.text if isinstance(value, Other) else kind.__name__}

    def scalar(self, value: Any) -> int:
        """One of NumPy's numbers."""
        array = np.asarray(value)
        self.places.append([array.dtype.str, SCALAR, [], self.put(array)])
        return len(self.places) - 1

    def array(self, value: Any) -> int:
        """The number of an array."""
        value = np.asarray(value)
        key = (address(value), value.shape, value.strides, value.dtype.str)
        found = self.seen.get(key)
        if found is None:
            root = root_of(value)
            if root.nbytes > 2 * self.looked.get(id(root), 0) or memory_of(root) is None:
                value = value.copy(order="K")
                offset = self.put(value)
            else:
                offset = self.root(root) + address(value) - address(root)
            self.places.append([value.dtype.str, list(value.shape), list(value.strides), offset])
            found = len(self.places) - 1
            if root is not value:
                self.seen[key] = found
        return found

    def root(self, root: Any) -> int:
        """Where a buffer lies in the file."""
        found = self.roots.get(id(root))
        if found is None:
            found = self.roots[id(root)] = (self.put(root), root)
        return found[0]

    def put(self, array: Any) -> int:
        """Add bytes."""
        offset = -(-self.size // ALIGNED) * ALIGNED
        self.chunks.append((offset, array))
        self.size = offset + array.nbytes
        return offset

    # ------------------------------------------------------------------------------- files
    def write(self, out: str, name: str, content: dict[str, Any]) -> None:
        """Write both files; the JSON last, so that one that is there is whole."""
        with open(os.path.join(out, name + ".bin"), "wb") as file:
            for offset, array in self.chunks:
                file.seek(offset)
                memory = memory_of(array)
                file.write(memory if memory is not None else array.tobytes())
            file.truncate(self.size)
        write_json(out, name + ".json", {**content, "values": self.places, "size": self.size})


def memory_of(array: Any) -> Any:
    """The bytes of an array in the order in which they lie; None if they have gaps."""
    flat = np.ravel(array, order="K")
    if flat.size and address(flat) != address(array):
        return None
    content: Any = flat.view(np.uint8)
    return memoryview(content) if flat.size else memoryview(b"")


def write_json(out: str, name: str, content: Any) -> None:
    """Write a JSON file so that it is there as a whole or not at all."""
    path = os.path.join(out, name)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(path + ".part", path)
