"""Replay: the same program with other numbers, by computing anew only what depends on them.

A node keeps the operation and the arguments that it was made from, and values are never changed
afterwards (a write in place made a new node). So one pass forward over the tape is the program
again - without its prints, its loops, or its Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from unstuck.trace.operations import OPERATIONS
from unstuck.trace.tape import Node, Ref, Structure, Tape

Get = Callable[[int], Any]


class CannotReplay(Exception):  # noqa: N818 - callers report it among what could not be checked
    """A node depends on what was changed, and how it was made is not known.

    Attributes
    ----------
    node : Node
        The first such node.
    """

    def __init__(self, node: Node, why: str = "") -> None:
        super().__init__(f"{node.op!r} cannot be computed anew" + (f": {why}" if why else ""))
        self.node = node


class NoValue(Exception):  # noqa: N818 - the same
    """An operation was to be computed of which only the name is known."""


def evaluate(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None) -> Any:
    """The value of one operation.

    Raises
    ------
    NoValue
        If the operation is unknown, or drawn at random.
    """
    operation = OPERATIONS.get(op)
    if operation is None or operation.kind == "random":
        raise NoValue(op)
    with np.errstate(all="ignore"):
        return operation.value(args, kwargs or {})


def fill(structure: Structure, get: Get) -> Any:
    """Arguments with values in place of their references."""
    kind = type(structure)
    if kind is Ref:
        return get(structure.index)
    if kind is tuple or kind is list:
        return kind([fill(item, get) for item in structure])
    if kind is dict:
        return {key: fill(item, get) for key, item in structure.items()}
    if kind is slice:
        return slice(
            fill(structure.start, get), fill(structure.stop, get), fill(structure.step, get)
        )
    return structure


def filled(node: Node, get: Get) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a node as it got them, with the values that ``get`` gives."""
    args = tuple([get(item.index) if type(item) is Ref else fill(item, get) for item in node.args])
    kwargs = {key: fill(item, get) for key, item in node.kwargs.items()} if node.kwargs else {}
    return args, kwargs


def value_of(node: Node, get: Get) -> Any:
    """The value of a node, from the values that ``get`` gives for the nodes it refers to.

    Raises
    ------
    CannotReplay
        If its operation is unknown, or cannot take these values.
    """
    operation = OPERATIONS.get(node.op)
    if operation is None or operation.kind == "random":
        raise CannotReplay(node)
    args, kwargs = filled(node, get)
    try:
        value = operation.value(args, kwargs)
    except Exception as error:
        raise CannotReplay(node, str(error)) from error
    if node.inplace:
        return _as_written(node.value, value)
    return value


def _as_written(before: Any, value: Any) -> Any:
    """What is written in place takes the precision of the array that it is written into."""
    kept, new = getattr(before, "dtype", None), getattr(value, "dtype", None)
    if kept is not None and new is not None and kept != new and kept.kind == new.kind == "f":
        return value.astype(kept)
    return value


class Replayed(Mapping[int, Any]):
    """The values that differ from the tape's, by node; `value` gives those of all others too."""

    __slots__ = ("_base", "_tape", "_values")

    def __init__(
        self, tape: Tape, values: dict[int, Any], base: Mapping[int, Any] | None = None
    ) -> None:
        self._tape = tape
        self._values = values
        self._base = {} if base is None else base

    def __getitem__(self, index: int) -> Any:
        return self._values[index]

    def __iter__(self) -> Iterator[int]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def value(self, index: int) -> Any:
        """The value of any node: as it was computed anew, else as it was recorded."""
        found = self._values
        if index in found:
            return found[index]
        return self._base[index] if index in self._base else self._tape.nodes[index].value


def replay(
    tape: Tape,
    changed: Mapping[int, Any],
    *,
    first: int,
    last: int,
    base: Mapping[int, Any] | None = None,
    overrides: Mapping[int, Callable[[Get], Any]] | None = None,
    needed: Iterable[int] | None = None,
) -> Replayed:
    """Compute anew what depends on changed values.

    Parameters
    ----------
    tape : Tape
    changed : mapping of int to value
        Values given for some nodes. They may stand before ``first``.
    first, last : int
        The nodes that may be computed anew: ``first <= index < last``.
    base : mapping of int to value, optional
        Values that stand in place of the tape's to begin with: of an earlier replay.
    overrides : mapping of int to callable, optional
        Nodes that are to be computed in another way: ``overrides[i](get)`` is the value of node i,
        where ``get(j)`` is the new value of an earlier node j.
    needed : iterable of int, optional
        Only these nodes and what they are made from are computed. Without it: every dependant.

    Returns
    -------
    Replayed
        The changed values and those computed anew.

    Raises
    ------
    CannotReplay
        If a node that is to be computed depends on a change and its operation is unknown.
    """
    nodes = tape.nodes
    values: dict[int, Any] = dict(changed)
    result = Replayed(tape, values, base)
    special = overrides or {}
    wanted = None if needed is None else _ancestors(tape, needed, first, values, special)
    get = result.value
    with np.errstate(all="ignore"):
        for index in range(first, min(last, len(nodes))):
            if index in changed or (wanted is not None and index not in wanted):
                continue
            if index in special:
                values[index] = special[index](get)
                continue
            node = nodes[index]
            for parent in node.parents:
                if parent in values:
                    values[index] = value_of(node, get)
                    break
    return result


def _ancestors(
    tape: Tape,
    needed: Iterable[int],
    first: int,
    given: Mapping[int, Any],
    special: Mapping[int, Any],
) -> set[int]:
    """The needed nodes and all that they are made from, from ``first`` on.

    What an override asks for is not known beforehand: with one that is needed, all before it is.
    """
    wanted: set[int] = set()
    waiting = [index for index in needed if index >= first]
    while waiting:
        index = waiting.pop()
        if index in wanted or index in given:
            continue
        wanted.add(index)
        if index in special:
            waiting.extend(range(first, index))
        else:
            waiting.extend(p for p in tape.nodes[index].parents if p >= first)
    return wanted
