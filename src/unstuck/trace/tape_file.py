"""From the files that the probe wrote to a `Tape` and samples: only data, every size checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from unstuck.record.run_record import SourceSpan
from unstuck.trace.request import Key, Sample, Watched
from unstuck.trace.tape import Binding, Frame, Node, Ref, Site, Structure, Tape

T = TypeVar("T")
KINDS = "biufc"  # of numbers; anything else is refused
SCALAR = "scalar"


class DamagedFile(Exception):  # noqa: N818 - the loaders answer with nothing instead
    """A file says something that cannot be."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stands in arguments for something that is no number: a function, say."""

    text: str


def load_tape(folder: Path) -> Tape | None:
    """The tape that a recording left in ``folder``; None if there is none, or not a whole one."""
    return _load(folder, "tape", _tape)


def load_watched(folder: Path) -> tuple[Watched, ...]:
    """What a watching run left in ``folder``; empty if there is nothing, or nothing whole."""
    return _load(folder, "watch", _watched) or ()


def _load(folder: Path, name: str, read: Callable[[dict[str, Any], Reader], T]) -> T | None:
    try:
        content = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        memory = np.fromfile(folder / f"{name}.bin", dtype=np.uint8)
        return read(content, Reader(content, memory))
    except (OSError, ValueError, TypeError, KeyError, IndexError, DamagedFile):
        return None


class Reader:
    """Values by number, in one piece of memory that nobody can write to."""

    def __init__(self, content: dict[str, Any], memory: Any) -> None:
        self.memory = memory
        self.memory.setflags(write=False)
        if memory.size != content["size"]:
            raise DamagedFile("the numbers are not all there")
        self.places = content["values"]
        self.made: dict[int, Any] = {}

    def value(self, number: int) -> Any:
        """An array, or one of NumPy's numbers."""
        if number not in self.made:
            self.made[number] = self._make(*self.places[number])
        return self.made[number]

    def _make(self, code: str, shape: Any, strides: list[int], offset: int) -> Any:
        dtype = np.dtype(code)
        if dtype.kind not in KINDS:
            raise DamagedFile(f"{code} are no numbers")
        if shape == SCALAR:
            self._check(offset, offset + dtype.itemsize)
            return np.ndarray((), dtype, self.memory.data, offset)[()]
        if len(shape) != len(strides) or any(n < 0 for n in shape):
            raise DamagedFile("an impossible shape")
        if 0 in shape:
            return np.zeros(shape, dtype)
        steps = [(n - 1) * stride for n, stride in zip(shape, strides, strict=True)]
        low = offset + sum(step for step in steps if step < 0)
        self._check(low, offset + sum(step for step in steps if step > 0) + dtype.itemsize)
        return np.ndarray(shape, dtype, self.memory.data, offset, strides)

    def _check(self, low: int, high: int) -> None:
        if low < 0 or high > self.memory.size:
            raise DamagedFile("a value lies outside of the file")

    def structure(self, x: Any) -> Structure:
        """What was written, again."""
        if isinstance(x, list):
            return [self.structure(item) for item in x]
        if not isinstance(x, dict):
            return x
        ((kind, content),) = x.items()
        return _MADE[kind](self, content)


_MADE: dict[str, Callable[[Reader, Any], Structure]] = {
    "r": lambda reader, x: Ref(x),
    "t": lambda reader, x: tuple(reader.structure(item) for item in x),
    "d": lambda reader, x: {key: reader.structure(item) for key, item in x.items()},
    "s": lambda reader, x: slice(*(reader.structure(item) for item in x)),
    "c": lambda reader, x: complex(*x),
    "e": lambda reader, x: Ellipsis,
    "y": lambda reader, x: np.dtype(x),
    "v": lambda reader, x: reader.value(x),
    "o": lambda reader, x: Unknown(x),
}


def _tape(content: dict[str, Any], reader: Reader) -> Tape:
    nodes = [_node(index, entry, reader) for index, entry in enumerate(content["nodes"])]
    return Tape(
        sites=[_site(number, *entry) for number, entry in enumerate(content["sites"])],
        nodes=nodes,
        frames=[Frame(*entry) for entry in content["frames"]],
        bindings=[Binding(*entry) for entry in content["bindings"]],
        start=content["start"],
        stopped=content["stopped"],
    )


def _node(index: int, entry: list[Any], reader: Reader) -> Node:
    site, op, args, kwargs, value, parents, frame, inplace = entry
    if any(not 0 <= parent < index for parent in parents):
        raise DamagedFile("a value made from a later one")
    return Node(
        index,
        site,
        op,
        tuple(reader.structure(x) for x in args),
        {key: reader.structure(x) for key, x in kwargs.items()},
        reader.structure(value),
        tuple(parents),
        frame,
        bool(inplace),
    )


def _site(
    number: int,
    file: str,
    span: list[int],
    kind: str,
    text: str,
    function: str,
    statement: list[int],
    targets: list[str],
    loops: list[int],
) -> Site:
    line, column, end_line, end_column = span
    return Site(
        number,
        SourceSpan(file, line, column, end_line, end_column),
        kind,
        text,
        function,
        (statement[0], statement[1]),
        tuple(targets),
        tuple(loops),
    )


def _watched(content: dict[str, Any], reader: Reader) -> tuple[Watched, ...]:
    return tuple(
        Watched(
            _key(entry["key"]),
            entry["op"],
            entry["count"],
            tuple(
                Sample(at, tuple(reader.structure(x) for x in operands), reader.structure(result))
                for at, operands, result in entry["samples"]
            ),
        )
        for entry in content["watched"]
    )


def _key(entry: list[Any]) -> Key:
    file, line, column, end_line, end_column, kind = entry
    return (file, line, column, end_line, end_column, kind)
