"""Adjoints: one pass backward over the tape is the chain rule.

The sweep knows no derivative; the table of operations knows no tape. A node's adjoint is complete
when the sweep reaches it, because everything made from it stands after it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

import numpy as np

from unstuck.trace.operations import OPERATIONS, NoRule
from unstuck.trace.operations.rule import Position
from unstuck.trace.replay import filled
from unstuck.trace.tape import Node, Ref, Structure, Tape

Slot = tuple[Position, tuple[int, ...], int]  # argument, where in it, and whose value stood there


def adjoints(
    tape: Tape,
    seeds: Mapping[int, Any],
    *,
    first: int = 0,
    allowed: Container[int] | Callable[[int], bool] | None = None,
    values: Mapping[int, Any] | None = None,
    stop: Container[int] = (),
    through_integers: bool = False,
) -> dict[int, Any]:
    """Derivatives of ``sum(seed * node)``, summed over the seeds, by every node below them.

    Parameters
    ----------
    tape : Tape
    seeds : mapping of int to array
        Where the sweep begins: an adjoint for some nodes, in their shape.
    first : int
        Nodes before it pass nothing on (they still get their adjoint).
    allowed : set of int or callable
        The nodes that may get an adjoint. None: all.
    values : mapping of int to value
        Values that stand in for the tape's (of a replay).
    stop : set of int
        Nodes that get their adjoint and pass nothing on.
    through_integers : bool
        True: whole numbers are taken as real ones. Truth values never get an adjoint.

    Returns
    -------
    dict of int to numpy.ndarray or numpy.float64
        In float64 and in the node's shape. A node that is missing has no influence.

    Raises
    ------
    NoRule
        If an adjoint would have to pass through an operation without a known derivative.
    """
    nodes = tape.nodes
    overlay = values if values is not None else {}
    admits = _admission(allowed)
    numeric = "fiu" if through_integers else "f"

    def get(index: int) -> Any:
        return overlay[index] if index in overlay else nodes[index].value

    found: dict[int, Any] = {i: np.array(g, dtype=float)[()] for i, g in seeds.items()}
    owned: set[int] = set(found)
    with np.errstate(all="ignore"):
        for index in range(max(found, default=-1), max(first, 0) - 1, -1):
            g = found.get(index)
            if g is None or index in stop:
                continue
            node = nodes[index]
            slots = [
                slot
                for slot in slots_of(node)
                if admits(slot[2]) and _kind(get(slot[2])) in numeric
            ]
            if slots:
                _pass_on(node, g, slots, get, found, owned)
    return found


def _admission(
    allowed: Container[int] | Callable[[int], bool] | None,
) -> Callable[[int], bool]:
    if allowed is None:
        return lambda index: True
    return allowed if callable(allowed) else allowed.__contains__


def _kind(value: Any) -> str:
    """The kind of number: f, i, u, b or c as NumPy has it."""
    if type(value) is float:
        return "f"
    dtype = getattr(value, "dtype", None)
    if dtype is not None:
        return str(dtype.kind)
    return "b" if isinstance(value, bool) else "i" if isinstance(value, int) else "O"


def slots_of(node: Node) -> list[Slot]:
    """Every place in the arguments of a node where another node's value stood."""
    found: list[Slot] = []
    for position, item in enumerate(node.args):
        kind = type(item)
        if kind is Ref:
            found.append((position, (), item.index))
        elif kind is list or kind is tuple:
            found.extend((position, path, index) for path, index in _within(item))
    for name, item in node.kwargs.items():
        if type(item) is Ref:
            found.append((name, (), item.index))
        elif isinstance(item, (list, tuple)):
            found.extend((name, path, index) for path, index in _within(item))
    return found


def _within(structure: Structure) -> Iterator[tuple[tuple[int, ...], int]]:
    """The references in nested lists, with their paths, in order."""
    waiting: list[tuple[tuple[int, ...], Structure]] = [((), structure)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, Ref):
            yield path, item.index
        elif isinstance(item, (list, tuple)):
            waiting.extend(((*path, i), item[i]) for i in reversed(range(len(item))))


def _pass_on(
    node: Node,
    g: Any,
    slots: list[Slot],
    get: Callable[[int], Any],
    found: dict[int, Any],
    owned: set[int],
) -> None:
    """Add to each parent what comes back to it through one node."""
    operation = OPERATIONS.get(node.op)
    if operation is None or operation.kind == "random":
        raise NoRule(node.op, node.index)
    vjp = operation.vjp
    if vjp is None:
        return
    args, kwargs = filled(node, get)
    result = get(node.index)
    last: Position | None = None
    whole: Any = None
    for position, path, parent in slots:
        if position == 0 and not path and operation.add_to is not None:
            operation.add_to(_owned(parent, args[0], found, owned), g, args, kwargs)
            continue
        if position != last:
            try:
                whole = vjp(g, result, args, kwargs, position)
            except NoRule as error:
                raise NoRule(error.op, node.index) from None
            last = position
        if whole is not None:
            _add(_at(whole, path) if path else whole, parent, found, owned)


def _at(whole: Any, path: tuple[int, ...]) -> Any:
    """The part of an argument's adjoint that belongs to one value in a nested list."""
    if isinstance(whole, np.ndarray):
        return whole[path]
    for key in path:
        whole = whole[key]
    return whole


def _add(part: Any, parent: int, found: dict[int, Any], owned: set[int]) -> None:
    """Add to a parent's adjoint; in place only where nothing else refers to the array."""
    if parent not in found:
        found[parent] = part
    elif parent in owned and isinstance(part, np.ndarray):
        found[parent] += part
    else:
        found[parent] = found[parent] + part
        owned.add(parent)


def _owned(parent: int, like: Any, found: dict[int, Any], owned: set[int]) -> Any:
    """The parent's adjoint as an array that nothing else refers to."""
    if parent not in found:
        found[parent] = np.zeros(np.shape(like))
    elif parent not in owned:
        found[parent] = np.array(found[parent])
    owned.add(parent)
    return found[parent]
