"""Activations by what they compute: the few operations between two values, as a function.

What lies between a pre-activation and an activation is a small program of its own. Taken out of the
tape it can be evaluated at any numbers, so an activation is known by its values, whatever it is
called and however it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from unstuck.trace.adjoint import adjoints, slots_of
from unstuck.trace.operations import OPERATIONS, NoRule
from unstuck.trace.replay import CannotReplay, replay
from unstuck.trace.tape import LEAF, UNKNOWN, Node, Ref, Structure, Tape

Function = Callable[[Any], Any]
IDENTITIES = frozenset(  # what leaves every number what it is
    {"positive", "copy", "astype", "float", "float32", "float64", "asarray", "asanyarray"}
    | {"ascontiguousarray", "array", "item", "real", "squeeze", "reshape", "ravel"}
)
ON_NUMBERS = {"builtin_max": "maximum", "builtin_min": "minimum", "int": "trunc"}
AT_EACH_NUMBER = frozenset({"elementwise", "compare", "none"})
NOT_AT_EACH_NUMBER = frozenset(  # of the kinds above, what looks at more than one number
    {"argmax", "argmin", "nanargmax", "nanargmin", "argsort", "argpartition", "nonzero"}
    | {"flatnonzero", "argwhere", "count_nonzero", "any", "all", "searchsorted", "bincount"}
    | {"unique", "digitize", "histogram", "shape", "size", "ndim", "allclose", "array_equal"}
    | {"isin", "bool"}
)
MOST_NODES = 200


class Pointwise(NamedTuple):
    """A function of one number and its derivative, both for arrays of any shape."""

    phi: Function
    dphi: Function


class _NotPointwiseError(Exception):
    """Something other than single numbers goes into a value."""


def pointwise(tape: Tape, z: int, a: int) -> Pointwise | None:
    """What makes node ``a`` of node ``z``, if each number of it depends on its own number only.

    Constants may take part; arrays of constants only where all their numbers are equal. Boolean
    masks are understood, also as places to write to (``a[z < 0] = 0``).

    Returns
    -------
    Pointwise or None
        ``phi(values)`` and ``dphi(values)`` in float64; None if more than that is computed.
    """
    path = _between(tape, z, a)
    if path is None:
        return None
    small = Tape([], [Node(0, UNKNOWN, LEAF, (), {}, 0.5, ())])
    places = {z: 0}
    shape = np.shape(tape[z].value)
    try:
        for index in path:
            places[index] = _take_over(tape, tape[index], places, small, shape)
    except _NotPointwiseError:
        return None
    functions = _functions(small, places[a])
    try:
        functions.dphi(functions.phi(np.array([-0.5, 0.25, 1.5])))
    except (CannotReplay, NoRule):
        return None
    return functions


def _between(tape: Tape, z: int, a: int) -> list[int] | None:
    """The nodes that depend on z and that a is made from, in order; None if there is no way."""
    seen: set[int] = set()
    waiting = [a]
    while waiting:
        index = waiting.pop()
        if index <= z or index in seen:
            continue
        seen.add(index)
        if len(seen) > MOST_NODES:
            return None
        waiting.extend(tape[index].parents)
    reached = {z}
    for index in sorted(seen):
        if not reached.isdisjoint(tape[index].parents):
            reached.add(index)
    return sorted(reached - {z}) if a in reached else None


def _take_over(
    tape: Tape, node: Node, places: dict[int, int], small: Tape, shape: tuple[int, ...]
) -> int:
    """Append a node to the small tape, if it works on single numbers; its place there."""
    operation = OPERATIONS.get(node.op)
    if operation is None or np.size(node.value) > int(np.prod(shape)):
        raise _NotPointwiseError
    if operation.kind == "create":
        return _constant(small, node)
    op, args = _on_single_numbers(tape, node, places, small, shape)
    kwargs = {} if node.op in IDENTITIES else node.kwargs
    if "where" not in kwargs:
        kwargs = {key: item for key, item in kwargs.items() if key != "out"}
    change = _translator(tape, places)
    return _append(small, op, change(args), {key: change(item) for key, item in kwargs.items()})


def _on_single_numbers(
    tape: Tape, node: Node, places: dict[int, int], small: Tape, shape: tuple[int, ...]
) -> tuple[str, tuple[Structure, ...]]:
    """The operation and its arguments, as they are for single numbers."""
    op, args = node.op, node.args
    if op in IDENTITIES:
        if not isinstance(args[0], Ref) or np.asarray(node.value).dtype.kind != "f":
            raise _NotPointwiseError
        return "multiply", (args[0], 1.0)  # a truth value becomes 0 or 1
    if op in ON_NUMBERS and shape == ():
        args = tuple(args[0]) if len(args) == 1 and isinstance(args[0], (list, tuple)) else args
        if len(args) > 2:
            raise _NotPointwiseError
        return ON_NUMBERS[op], args
    if op in {"getitem", "setitem"}:
        if not _by_mask(node, places, tape, shape):
            raise _NotPointwiseError
        base = args[0]
        if isinstance(base, Ref) and base.index not in places:  # np.zeros(...), then written to
            places[base.index] = _constant(small, tape[base.index])
    elif OPERATIONS[op].kind not in AT_EACH_NUMBER or op in NOT_AT_EACH_NUMBER:
        raise _NotPointwiseError
    return op, args


def _constant(small: Tape, node: Node) -> int:
    """An array that is one number everywhere, in the shape of what the function is given."""
    filler = float("nan") if node.op in {"empty", "empty_like"} else _uniform(node.value)
    return _append(small, "full_like", (Ref(0), filler), {"dtype": float})


def _by_mask(node: Node, places: dict[int, int], tape: Tape, shape: tuple[int, ...]) -> bool:
    """True if an item is read or written where a condition on the same numbers holds."""
    index = node.args[1]
    return (
        isinstance(index, Ref)
        and index.index in places
        and np.asarray(tape[index.index].value).dtype == bool
        and np.shape(tape[index.index].value) == shape != ()
    )


def _uniform(value: Any) -> float | bool:
    """The one number that an array of constants holds."""
    flat = np.ravel(value)
    if flat.size == 0 or flat.dtype.kind not in "fiub" or not np.all(flat == flat[0]):
        raise _NotPointwiseError
    item: float | bool = flat[0].item()
    return item


def _translator(tape: Tape, places: dict[int, int]) -> Callable[[Structure], Any]:
    """References to the small tape for those to the large one; constants as numbers."""

    def change(item: Structure) -> Any:
        if isinstance(item, Ref):
            if item.index in places:
                return Ref(places[item.index])
            return _uniform(tape[item.index].value)
        if isinstance(item, np.ndarray):
            return _uniform(item)
        if isinstance(item, (list, tuple)) and item and not isinstance(item[0], str):
            return type(item)(change(part) for part in item)
        return item

    return change


def _append(small: Tape, op: str, args: Any, kwargs: dict[str, Any]) -> int:
    node = Node(len(small), UNKNOWN, op, args, kwargs, 0.5, ())
    node.parents = tuple(dict.fromkeys(index for _, _, index in slots_of(node)))
    small.nodes.append(node)
    return node.index


def _functions(small: Tape, end: int) -> Pointwise:
    """The two functions that a small tape stands for."""
    last = len(small)

    def values_at(numbers: Any) -> Any:
        return replay(small, {0: np.array(numbers, dtype=float)}, first=1, last=last)

    def phi(numbers: Any) -> Any:
        return np.array(
            np.broadcast_to(values_at(numbers).value(end), np.shape(numbers)), dtype=float
        )

    def dphi(numbers: Any) -> Any:
        values = values_at(numbers)
        found = adjoints(small, {end: np.ones(np.shape(values.value(end)))}, values=values)
        return np.array(np.broadcast_to(found.get(0, 0.0), np.shape(numbers)), dtype=float)

    return Pointwise(phi, dphi)


# ------------------------------------------------------------------------------------------ names
GRID = np.linspace(-6.15, 6.15, 83)  # without 0, where functions with a kink may differ
GELU_TANH = float(np.sqrt(2.0 / np.pi))


def _logistic(x: Any) -> Any:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def _gelu(x: Any) -> Any:
    return np.asarray(OPERATIONS["erf"].value((x / np.sqrt(2.0),), {})) * x / 2.0 + x / 2.0


KNOWN: dict[str, Function] = {
    "identity": lambda x: x,
    "sigmoid": _logistic,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "relu6": lambda x: np.clip(x, 0.0, 6.0),
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "softsign": lambda x: x / (1.0 + np.abs(x)),
    "silu": lambda x: x * _logistic(x),
    "gelu": _gelu,
    "scaled_tanh": lambda x: 1.7159 * np.tanh(x * 2.0 / 3.0),
    "hard_tanh": lambda x: np.clip(x, -1.0, 1.0),
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0.0, 1.0),
    "step": lambda x: (x > 0).astype(float),
    "sign": np.sign,
    "sin": np.sin,
    "cos": np.cos,
    "exp": np.exp,
    "square": np.square,
    "absolute": np.abs,
    "gaussian": lambda x: np.exp(-x * x),
    "arctan": np.arctan,
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
}
APPROXIMATE: dict[str, Function] = {  # written with rounded constants: looser
    "gelu": lambda x: 0.5 * x * (1.0 + np.tanh(GELU_TANH * (x + 0.044715 * x**3))),
    "scaled_tanh": lambda x: 1.7159 * np.tanh(0.6667 * x),
    "hard_sigmoid": lambda x: np.clip(x / 6.0 + 0.5, 0.0, 1.0),
}


def activation_name(phi: Function) -> str:
    """What a function of one number is called, by its values; ``"custom"`` if it has no name."""
    values = _on_grid(phi)
    if values is None:
        return "custom"
    with np.errstate(all="ignore"):
        for name, known in KNOWN.items():
            if np.allclose(values, known(GRID), rtol=1e-5, atol=1e-6):
                return name
        for name, known in APPROXIMATE.items():
            if np.allclose(values, known(GRID), rtol=2e-3, atol=2e-3):
                return name
    if negative_slope(phi) is not None:
        return "leaky_relu"
    scale = -values[0] / -np.expm1(GRID[0])
    if scale > 0 and np.allclose(
        values, np.where(GRID > 0, GRID, -scale * -np.expm1(GRID)), rtol=1e-4, atol=1e-6
    ):
        return "elu"
    return "custom"


def negative_slope(phi: Function) -> float | None:
    """The slope of a leaky ReLU below zero; None if the function is none."""
    values = _on_grid(phi)
    if values is None:
        return None
    slope = float(values[0] / GRID[0])
    leaky = np.where(GRID > 0, GRID, slope * GRID)
    # A slope of 0 is a ReLU, of 1 the identity, of -1 the absolute value.
    if slope in {0.0, 1.0, -1.0} or not np.allclose(values, leaky, rtol=1e-5, atol=1e-6):
        return None
    return slope


def _on_grid(phi: Function) -> Any:
    """The values on the grid; None where the function fails or is not finite."""
    try:
        with np.errstate(all="ignore"):
            values = np.asarray(phi(GRID), dtype=float)
    except (CannotReplay, ArithmeticError, ValueError, TypeError):
        return None
    return values if values.shape == GRID.shape and np.all(np.isfinite(values)) else None
