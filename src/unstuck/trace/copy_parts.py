"""What can be said of one value that is to be copied: its plain form, its name, its memory."""

from __future__ import annotations

import base64
import copyreg
import io
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


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
    return getattr(kind, "__new__", None) is object.__new__


def object_reduction(value: Any) -> Any:
    """What `copy` would do with it."""
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
