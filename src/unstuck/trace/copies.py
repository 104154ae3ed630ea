"""Values of a running notebook as plain JSON and bytes, for a child that makes them again.

Every object is written once and named by its number, so what was one list under two names is one
again, a view looks into its array, and circles close. What has no plain form is taken apart as
`copy` does (``__reduce_ex__``); the child, which is ours, puts it together from importable parts.
Nothing of the notebook is changed, and nothing is read that another process wrote
(docs/decisions/0015-the-notebook.md).
"""

from __future__ import annotations

import enum
import json
import sys
import types
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.trace.copy_parts import (
    NAMED,
    PLAIN,
    address,
    encoded,
    importable,
    kind_of,
    memory_of,
    object_reduction,
    plain_instance,
    root_of,
    short,
    slots_of,
    stand_in_of,
)

INLINE = (bool, int, float, str)
ALIGNED = 64
LARGE = 8_000_000  # bytes of an array of which only a part is looked at
MOST_OBJECTS = 3_000_000
MOST_BYTES = 4_000_000_000


class TooMuch(Exception):  # noqa: N818 - it is not the program's error
    """More than is worth copying."""


@dataclass(slots=True)
class Copies:
    """What was written: the content of the JSON file, the arrays, and what could not be copied.

    Attributes
    ----------
    missing : dict of str to str
        What could not be copied, by the way to it (``net.log``): what it is and what stands there.
    own : set of str
        Functions and classes of the notebook that must exist under these names.
    """

    names: dict[str, Any] = field(default_factory=dict)
    objects: list[Any] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    size: int = 0
    chunks: list[tuple[int, Any]] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Write both files; returns the JSON."""
        with (folder / "values.bin").open("wb") as file:
            for offset, memory in self.chunks:
                file.seek(offset)
                file.write(memory)
            file.truncate(self.size)
        path = folder / "values.json"
        content = {"names": self.names, "objects": self.objects}
        path.write_text(json.dumps(content), encoding="utf-8", errors="surrogatepass")
        return path


def copy_values(values: Mapping[str, Any], own: Callable[[Any], str]) -> Copies:
    """Copies of everything that is reached from ``values``.

    Parameters
    ----------
    values : mapping of str to object
        By name.
    own : callable
        The name of a function or class that the notebook defines, or "" for any other; it raises
        `LookupError`, with what is to be said, for one whose source is not known.

    Raises
    ------
    TooMuch
        When there are too many objects, or too many bytes.

    Examples
    --------
    >>> shared = [1, 2]
    >>> copies = copy_values({"a": shared, "b": shared}, lambda _: "")
    >>> copies.names["a"] == copies.names["b"], copies.objects
    (True, [['list', [1, 2]]])
    """
    writer = _Writer(own)
    for name, value in values.items():
        writer.copies.names[name] = writer.reference(value, name)
    writer.work()
    writer.lay_out()
    return writer.copies


class _Writer:
    """Writes objects one after the other; what they hold is written later, without recursion."""

    def __init__(self, own: Callable[[Any], str]) -> None:
        self.own = own
        self.copies = Copies()
        self.numbers: dict[int, int] = {}
        self.held: list[Any] = []  # so that identities stay what they are
        self.waiting: deque[tuple[int, Any, str]] = deque()
        self.arrays: list[tuple[int, Any]] = []

    def reference(self, value: Any, way: str) -> Any:
        """A plain value as it is, or the number of an object."""
        if value is None or type(value) in INLINE:
            return value
        number = self.numbers.get(id(value))
        if number is None:
            number = len(self.copies.objects)
            if number >= MOST_OBJECTS:
                raise TooMuch(f"more than {MOST_OBJECTS:,} objects")
            self.numbers[id(value)] = number
            self.held.append(value)
            self.copies.objects.append(None)
            self.waiting.append((number, value, way))
        return {"#": number}

    def work(self) -> None:
        """Write what waits, until nothing does."""
        while self.waiting:
            number, value, way = self.waiting.popleft()
            try:
                written = self.written(number, value, way)
            except TooMuch:
                raise
            except LookupError as error:
                written = self.lost(way, str(error.args[0] if error.args else error))
            except Exception as error:  # noqa: BLE001 - whatever the object's own code raises
                written = self.lost(way, f"{kind_of(value)} cannot be copied ({short(error)})")
            self.copies.objects[number] = written

    def lost(self, way: str, why: str) -> Any:
        """Something that cannot be copied."""
        self.copies.missing[way] = why
        return ["missing", f"`{way}` is {why}" if why.startswith(("a ", "an ")) else why]

    # ------------------------------------------------------------------------------- objects
    def written(self, number: int, value: Any, way: str) -> Any:
        kind = type(value)
        plain = PLAIN.get(kind)
        if plain is not None:
            return plain(value)
        if kind in (list, tuple, set, frozenset, deque):
            items = [self.reference(x, f"{way}[{k}]") for k, x in enumerate(value)]
            return [kind.__name__, items, value.maxlen] if kind is deque else [kind.__name__, items]
        if kind is dict:
            return ["dict", self.pairs(value.items(), way)]
        if isinstance(value, np.ndarray) and kind in (np.ndarray, np.memmap):
            return self.array(number, value, way)
        if isinstance(value, np.generic) and not value.dtype.hasobject:
            return ["scalar", self.dtype(value.dtype), encoded(np.asarray(value).tobytes())]
        special = self.special(value, way)
        if special is not None:
            return special
        return self.taken_apart(value, way)

    def pairs(self, items: Iterable[tuple[Any, Any]], way: str) -> list[Any]:
        """Keys and values."""
        return [
            [self.reference(key, f"{way}[...]"), self.reference(x, f"{way}[{short(key)}]")]
            for key, x in items
        ]

    def array(self, number: int, value: Any, way: str) -> Any:
        """An array of numbers is laid out at the end; one of objects is a list of them."""
        if value.dtype.hasobject:
            if value.dtype.kind != "O":
                raise LookupError("an array of records with objects in them")
            items = [self.reference(x, f"{way}[{k}]") for k, x in enumerate(value.ravel())]
            return ["objects", list(value.shape), items]
        self.arrays.append((number, value))
        return ["array", self.dtype(value.dtype)]

    def dtype(self, dtype: Any) -> Any:
        """A type by its name; one of records by its parts."""
        if dtype.fields is None and dtype.subdtype is None and dtype.kind in "biufcSUmMV":
            return dtype.str
        return {"fields": np.lib.format.dtype_to_descr(dtype)}

    def special(self, value: Any, way: str) -> Any:
        """What is found again by its name, or has a stand-in."""
        if isinstance(value, types.ModuleType):
            return self.module(value)
        if isinstance(value, type | types.FunctionType):
            name = self.own(value)
            if name:
                self.copies.own.add(name)
                return ["own", name]
        if isinstance(value, types.MethodType):
            return ["method", self.reference(value.__self__, way), value.__func__.__name__]
        if isinstance(value, NAMED):
            return self.named(value)
        if isinstance(value, enum.Enum):
            return ["member", self.reference(type(value), way), value.name]
        stand_in = stand_in_of(value)
        if stand_in:
            if stand_in[1]:
                self.copies.missing[way] = stand_in[1]
            entry = stand_in[0]
            return ["missing", f"`{way}` is {entry[1]}"] if entry[0] == "missing" else entry
        return None

    def module(self, value: types.ModuleType) -> Any:
        if sys.modules.get(value.__name__) is not value:
            raise LookupError("a module that cannot be imported by its name")
        return ["module", value.__name__]

    def named(self, value: Any) -> Any:
        """A function or class of a library."""
        owner = getattr(value, "__self__", None)
        if isinstance(value, types.BuiltinMethodType) and not isinstance(
            owner, types.ModuleType | type | None
        ):
            return ["method", self.reference(owner, ""), value.__name__]
        place = importable(value)
        if place is None:
            raise LookupError(f"{kind_of(value)} that cannot be found by its name")
        return ["named", *place]

    def taken_apart(self, value: Any, way: str) -> Any:
        """An instance: of a class of the notebook by its attributes, of another as it says."""
        kind = type(value)
        name = self.own(kind)
        if name and isinstance(value, kind) and plain_instance(kind):
            return ["instance", self.reference(kind, way), *self.attributes(value, way)]
        # What `copy.copy` asks, so an object that can be copied can be sent.
        parts = object_reduction(value)
        if isinstance(parts, str):
            place = importable(value, parts)
            if place is None:
                raise LookupError(f"{kind_of(value)} that cannot be found by its name")
            return ["named", *place]
        function, arguments, state, items, entries = (list(parts) + [None] * 3)[:5]
        return [
            "made",
            self.reference(function, way),
            [self.reference(x, way) for x in arguments],
            self.state(state, way),
            None if items is None else [self.reference(x, f"{way}[...]") for x in items],
            None if entries is None else self.pairs(entries, way),
        ]

    def state(self, state: Any, way: str) -> Any:
        """Attributes by their own ways, so that one that cannot be copied is named."""
        if type(state) is dict:
            return {"=": [[key, self.reference(x, f"{way}.{key}")] for key, x in state.items()]}
        return self.reference(state, way)

    def attributes(self, value: Any, way: str) -> tuple[Any, Any]:
        """What stands in an instance: its dictionary, and its slots."""
        own = getattr(value, "__dict__", None) or {}
        slots = {
            name: getattr(value, name)
            for base in type(value).__mro__
            for name in slots_of(base)
            if hasattr(value, name)
        }
        return (
            [[key, self.reference(x, f"{way}.{key}")] for key, x in own.items()],
            [[key, self.reference(x, f"{way}.{key}")] for key, x in slots.items()],
        )

    # -------------------------------------------------------------------------------- memory
    def lay_out(self) -> None:
        """Arrays that share memory share it in the file, unless little of it is looked at."""
        looked: dict[int, int] = {}
        for _, array in self.arrays:
            root = root_of(array)
            looked[id(root)] = looked.get(id(root), 0) + array.nbytes
        places: dict[int, int] = {}
        for number, array in self.arrays:
            root = root_of(array)
            memory = memory_of(root)
            if memory is None or (root.nbytes > LARGE and root.nbytes > 4 * looked[id(root)]):
                root = array = array.copy(order="K")
                memory = memory_of(root)
            if id(root) not in places:
                places[id(root)] = self.put(memory)
                self.held.append(root)
            shared = [places[id(root)], root.nbytes]
            at = address(array) - address(root)
            writeable = bool(array.flags.writeable)
            entry = self.copies.objects[number]
            entry += [list(array.shape), list(array.strides), at, writeable, shared]

    def put(self, memory: Any) -> int:
        offset = -(-self.copies.size // ALIGNED) * ALIGNED
        self.copies.chunks.append((offset, memory))
        self.copies.size = offset + max(1, len(memory))  # so that no two begin at one place
        if self.copies.size > MOST_BYTES:
            raise TooMuch(f"more than {MOST_BYTES / 1e9:.0f} GB of arrays")
        return offset
