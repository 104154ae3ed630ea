"""Values of a notebook made again in the child, from what ``trace/copies.py`` wrote for it.

First every object is made, empty where it can be filled later; then all are filled. So circles
close, and nothing recurses however deep a structure is.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import mmap
import os
import sys
import threading
from collections import deque
from typing import Any

import numpy as np

SMALL = 1_000_000  # bytes of an array that owns its memory; a larger one is mapped
ORDER = {"instance": 0, "list": 1, "deque": 1, "objects": 1, "dict": 2, "set": 3}  # of filling


class NotCopied:
    """Stands where something could not be copied; whoever uses it is told."""

    __slots__ = ("_why",)

    def __init__(self, why: str) -> None:
        object.__setattr__(self, "_why", why)

    def __getattr__(self, name: str) -> Any:
        raise NotCopiedError(object.__getattribute__(self, "_why"))

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise NotCopiedError(object.__getattribute__(self, "_why"))

    __call__ = __iter__ = __next__ = __len__ = __getitem__ = __setitem__ = __setattr__ = _refuse
    __enter__ = __add__ = __radd__ = __mul__ = __rmul__ = __sub__ = __rsub__ = _refuse
    __truediv__ = __rtruediv__ = __matmul__ = __rmatmul__ = __bool__ = __float__ = _refuse
    __exit__ = _refuse


class NotCopiedError(RuntimeError):
    """The cell needs something of the notebook that could not be copied."""


class Copies:
    """The values in a file; ``names`` holds what each name stands for."""

    def __init__(self, path: str, own: dict[str, Any]) -> None:
        with open(path, encoding="utf-8", errors="surrogatepass") as file:
            content = json.load(file)
        self.entries: list[Any] = content["objects"]
        self.names: dict[str, Any] = content["names"]
        self.own = own
        self.made: list[Any] = [None] * len(self.entries)
        self.is_made = [False] * len(self.entries)
        self.roots: dict[int, Any] = {}
        self.is_filled = [False] * len(self.entries)
        self.begun: set[int] = set()  # being made
        with open(os.path.splitext(path)[0] + ".bin", "rb") as file:
            size = os.fstat(file.fileno()).st_size
            self.memory: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) if size else b""

    def value(self, reference: Any) -> Any:
        """What a reference stands for: itself, or an object."""
        if type(reference) is dict:
            number = reference["#"]
            if not self.is_made[number]:
                self.make(number)
            return self.made[number]
        return reference

    def values(self, names: Any) -> dict[str, Any]:
        """Some names and what they stand for, with everything that hangs on them."""
        wanted = {name: self.names[name] for name in names if name in self.names}
        self.complete(wanted.values())
        return {name: self.value(reference) for name, reference in wanted.items()}

    # -------------------------------------------------------------------------------- making
    def make(self, number: int) -> None:
        """Make an object and, before it, what it cannot be made without."""
        stack = [number]
        while stack:
            here = stack[-1]
            missing = [n for n in self.needed(here) if not self.is_made[n]]
            if missing and here not in self.begun:
                self.begun.add(here)
                stack += missing
                continue
            stack.pop()
            if self.is_made[here]:
                continue
            self.begun.add(here)
            try:
                made = self.built(self.entries[here])
            except Exception as error:  # noqa: BLE001 - its own code may raise anything
                made = NotCopied(f"a value of the notebook could not be made again ({error!r})")
                self.entries[here] = ["missing", ""]
            self.made[here], self.is_made[here] = made, True
            self.begun.discard(here)

    def complete(self, references: Any) -> None:
        """Make objects and fill them, and all that hangs on them."""
        todo = [x["#"] for x in references if type(x) is dict and x["#"] not in self.begun]
        seen = set(todo)
        for number in todo:  # which grows
            self.value({"#": number})
            inner = [x["#"] for x in self.held(number) if type(x) is dict]
            for other in (*self.needed(number), *inner):
                if other not in seen and other not in self.begun:
                    seen.add(other)
                    todo.append(other)
        self.fill([n for n in todo if not self.is_filled[n]])

    def needed(self, number: int) -> list[int]:
        """The objects that must exist before one can be made."""
        kind, *rest = self.entries[number]
        found: list[Any] = []
        if kind in ("tuple", "frozenset"):
            found = rest[0]
        elif kind in ("method", "instance", "member"):
            found = rest[:1]
        elif kind == "made":
            found = [rest[0], *rest[1]]
        return [x["#"] for x in found if type(x) is dict]

    def built(self, entry: Any) -> Any:
        """One object, empty if it is filled later."""
        kind, *rest = entry
        return MAKERS[kind](self, *rest)

    def scalar(self, dtype: Any, text: str) -> Any:
        """One of NumPy's numbers."""
        return np.frombuffer(base64.b64decode(text), as_dtype(dtype))[0]

    def called(self, function: Any, arguments: Any, *_: Any) -> Any:
        """What a function makes of complete arguments: it may look into them."""
        self.complete(arguments)
        return self.value(function)(*[self.value(x) for x in arguments])

    def array(
        self, dtype: Any, shape: Any, strides: Any, at: int, writeable: bool, shared: Any
    ) -> Any:
        """An array, as a view of the one that owns its memory where there is more than it."""
        offset, size = shared
        dtype = as_dtype(dtype)
        if offset not in self.roots:
            if size > SMALL:
                self.roots[offset] = np.ndarray(size, np.uint8, self.memory, offset)
            else:
                part = self.memory[offset : offset + size]
                self.roots[offset] = np.frombuffer(part, np.uint8).copy()
        root = self.roots[offset]
        if size and at == 0 and dtype.itemsize * int(np.prod(shape)) == size:
            root = self.owner(offset, dtype, shape, strides, size)
            if (root.shape, root.strides, root.dtype) == (tuple(shape), tuple(strides), dtype):
                made = root
            else:
                made = np.ndarray(tuple(shape), dtype, root, at, tuple(strides))
        elif size:
            made = np.ndarray(tuple(shape), dtype, root, at, tuple(strides))
        else:
            made = np.empty(tuple(shape), dtype)
        if not writeable:
            made.flags.writeable = False
        return made

    def owner(self, offset: int, dtype: Any, shape: Any, strides: Any, size: int) -> Any:
        """The array that is all of its memory: its own, where nobody made one of it before."""
        root = self.roots[offset]
        if root.dtype != np.uint8 or root.ndim != 1 or (root.base is not None and size <= SMALL):
            return root
        if size > SMALL:
            made = np.ndarray(tuple(shape), dtype, self.memory, offset, tuple(strides))
        else:
            lying = np.ndarray(tuple(shape), dtype, root, 0, tuple(strides))
            made = lying.copy(order="K")
            if made.strides != tuple(strides):
                return root
        self.roots[offset] = made
        return made

    # ------------------------------------------------------------------------------- filling
    def fill(self, todo: list[int]) -> None:
        """Put into every object what it holds: keys before what they are keys of.

        Last come those that take in their state by code of their own, the innermost first.
        """
        kinds = self.entries
        inner_first = [n for n in reversed(todo) if kinds[n][0] == "made"]
        todo = sorted((n for n in todo if kinds[n][0] in ORDER), key=lambda n: ORDER[kinds[n][0]])
        for number in (*todo, *inner_first):
            held = [x["#"] for x in self.held(number) if type(x) is dict]
            if self.is_filled[number] or not self.begun.isdisjoint(held):
                continue  # a circle through something that is being made: when that is there
            self.is_filled[number] = True
            self.filled(self.made[number], self.entries[number])

    def held(self, number: int) -> list[Any]:
        """The references in an object that are filled in."""
        kind, *rest = self.entries[number]
        if kind in ("list", "set", "deque"):
            return list(rest[0])
        if kind == "objects":
            return list(rest[1])
        if kind == "dict":
            return [x for pair in rest[0] for x in pair]
        if kind == "instance":
            return [x for _, x in (*rest[1], *rest[2])]
        if kind == "made":
            found = [*state_parts(rest[2]), *(rest[3] or ())]
            return found + [x for pair in rest[4] or () for x in pair]
        return []

    def filled(self, made: Any, entry: Any) -> None:
        """Put into one object what it holds."""
        kind, *rest = entry
        if kind in ("list", "deque"):
            made.extend(self.value(x) for x in rest[0])
        elif kind == "set":
            made.update(self.value(x) for x in rest[0])
        elif kind == "dict":
            made.update((self.value(key), self.value(x)) for key, x in rest[0])
        elif kind == "objects":
            for place, x in enumerate(rest[1]):
                made.flat[place] = self.value(x)
        elif kind == "instance":
            if rest[1]:
                made.__dict__.update((key, self.value(x)) for key, x in rest[1])
            for key, x in rest[2]:
                object.__setattr__(made, key, self.value(x))
        elif kind == "made":
            self.state(made, rest[2])
            if rest[3] is not None:
                made.extend(self.value(x) for x in rest[3])
            for key, x in rest[4] or ():
                made[self.value(key)] = self.value(x)

    def state(self, made: Any, written: Any) -> None:
        """What `pickle` does with a state."""
        if type(written) is dict and "=" in written:
            state: Any = {key: self.value(x) for key, x in written["="]}
        else:
            state = self.value(written)
        if state is None:
            return
        setter = getattr(made, "__setstate__", None)
        if setter is not None:
            setter(state)
            return
        slots = None
        if isinstance(state, tuple) and len(state) == 2:
            state, slots = state
        if state:
            made.__dict__.update(state)
        for key, x in (slots or {}).items():
            setattr(made, key, x)


MAKERS: dict[str, Any] = {
    "array": Copies.array,
    "bytearray": lambda _, text: bytearray(base64.b64decode(text)),
    "bytes": lambda _, text: base64.b64decode(text),
    "complex": lambda _, parts: complex(*parts),
    "deque": lambda _, __, longest: deque(maxlen=longest),
    "dict": lambda *_: {},
    "ellipsis": lambda _: Ellipsis,
    "frozenset": lambda own, items: frozenset(own.value(x) for x in items),
    "instance": lambda own, kind, *_: object.__new__(own.value(kind)),
    "list": lambda *_: [],
    "lock": lambda _, kind: threading.RLock() if kind == "RLock" else threading.Lock(),
    "made": Copies.called,
    "member": lambda own, kind, name: getattr(own.value(kind), name),
    "method": lambda own, owner, name: getattr(own.value(owner), name),
    "missing": lambda _, why: NotCopied(why),
    "module": lambda _, name: importlib.import_module(name),
    "named": lambda _, module, name: found_by_name(module, name),
    "not implemented": lambda _: NotImplemented,
    "objects": lambda _, shape, __: np.empty(tuple(shape), dtype=object),
    "own": lambda own, name: own.own[name],
    "range": lambda _, parts: range(*parts),
    "scalar": Copies.scalar,
    "set": lambda *_: set(),
    "sink": lambda _, text: io.StringIO() if text else io.BytesIO(),
    "stream": lambda _, name: getattr(sys, name),
    "tuple": lambda own, items: tuple(own.value(x) for x in items),
}


def state_parts(written: Any) -> list[Any]:
    """The references in a state."""
    if type(written) is dict and "=" in written:
        return [x for _, x in written["="]]
    return [written]


def as_dtype(written: Any) -> Any:
    """A type of numbers; one of records by its fields."""
    if type(written) is not dict:
        return np.dtype(written)
    return np.dtype([tuple(tuples(part) for part in field) for field in written["fields"]])


def tuples(part: Any) -> Any:
    """JSON has no tuples: a shape, or fields within a field."""
    if type(part) is not list:
        return part
    if part and all(type(x) is list for x in part):
        return [tuple(tuples(x) for x in field) for field in part]
    return tuple(part)


def found_by_name(module: str, name: str) -> Any:
    """A function or class of a library."""
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found
