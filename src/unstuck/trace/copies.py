"""Values of a running notebook as plain JSON and bytes, for a child that makes them again.

Every object is written once and named by its number, so what was one list under two names is one
again, a view looks into its array, and circles close. What has no plain form is taken apart as
`copy` does (``__reduce_ex__``); the child, which is ours, puts it together from importable parts.
Nothing of the notebook is changed, and nothing is read that another process wrote
(docs/decisions/0015-the-notebook.md).
"""

from __future__ import annotations

import base64
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
    def written(self, number: int, value: Any, way: str) -> Any:  # noqa: PLR0911 - a table
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

    def special(self, value: Any, way: str) -> Any:  # noqa: PLR0911 - a table
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
            return stand_in[0]
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
        function, arguments, state, items, entries, *_ = (*parts, None, None, None)
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


# ------------------------------------------------------------------------------------ small parts


def encoded(value: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(value).decode("ascii")


PLAIN: Mapping[type, Callable[[Any], Any]] = {
    bytes: lambda x: ["bytes", encoded(x)],
    bytearray: lambda x: ["bytearray", encoded(bytes(x))],
    complex: lambda x: ["complex", [x.real, x.imag]],
    range: lambda x: ["range", [x.start, x.stop, x.step]],
    type(Ellipsis): lambda _: ["ellipsis"],
    type(NotImplemented): lambda _: ["not implemented"],
}
NAMED = (
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.BuiltinMethodType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    np.ufunc,
)


def plain_instance(kind: type) -> bool:
    """True for a class whose instances are nothing but their attributes."""
    return kind.__new__ is object.__new__


def object_reduction(value: Any) -> Any:
    """What `copy` would do with it."""
    import copyreg

    kind = type(value)
    reduce = copyreg.dispatch_table.get(kind)
    if reduce is not None:
        return reduce(value)
    return value.__reduce_ex__(4)


def importable(value: Any, qualname: str = "") -> tuple[str, str] | None:
    """Module and name under which a library's function or class is found."""
    name = qualname or getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    modules = [getattr(value, "__module__", None), "numpy" if isinstance(value, np.ufunc) else None]
    owner = getattr(value, "__self__", None)
    if isinstance(owner, types.ModuleType):
        modules.append(owner.__name__)
    for module in modules:
        if not module or module == "__main__" or not name:
            continue
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is value or (found is not None and found == value):
            return module, name
    return None


def stand_in_of(value: Any) -> tuple[Any, str] | None:
    """What is put in the place of something that lives outside of the program, and why."""
    import io

    kind = type(value).__name__
    for stream in ("stdout", "stderr"):
        if value is getattr(sys, stream):
            return ["stream", stream], ""
    if isinstance(value, io.IOBase):
        name = getattr(value, "name", "")
        if isinstance(value, io.StringIO | io.BytesIO):
            return None
        text = isinstance(value, io.TextIOBase)
        try:
            writes = value.writable()
        except ValueError:  # closed
            return ["missing", "a closed file"], "a closed file; it is not copied"
        if writes:
            return (
                ["sink", text],
                f"the open file {name!r}; what the cell writes to it was thrown away",
            )
        return ["missing", f"the open file {name!r}"], f"the open file {name!r}; it is not copied"
    if type(value).__module__ == "_thread" and kind in {"lock", "RLock"}:
        return ["lock", kind], "a lock; a free one stood in its place"
    if isinstance(value, types.GeneratorType):
        return (
            ["missing", f"the generator {value.__name__}"],
            f"the running generator `{value.__name__}`; it is not copied",
        )
    return None


def kind_of(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, types.FunctionType):
        return "a lambda" if value.__name__ == "<lambda>" else f"the function {value.__name__}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"


def short(value: Any) -> str:
    """A value or error in a few words."""
    text = " ".join(str(value).split()) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def slots_of(kind: type) -> list[str]:
    """The names in ``__slots__`` of one class, as they are stored."""
    slots = kind.__dict__.get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [
        f"_{kind.__name__.lstrip('_')}{name}" if name[:2] == "__" != name[-2:] else name
        for name in names
        if name not in ("__dict__", "__weakref__")
    ]


def root_of(array: Any) -> Any:
    """The array that owns the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def address(array: Any) -> int:
    """Where its first number lies."""
    return int(array.__array_interface__["data"][0])


def memory_of(array: Any) -> Any:
    """The bytes of an array in the order in which they lie; None if they have gaps."""
    if array.dtype.hasobject:
        return None
    flat = np.ravel(array, order="K")
    if flat.size and address(flat) != address(array):
        return None
    if not flat.size or not array.itemsize:
        return memoryview(b"")
    content: Any = np.asarray(flat).view(np.uint8)
    return memoryview(content)

