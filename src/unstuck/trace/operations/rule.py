"""An operation is how a value was made and how a gradient goes back through it.

An entry of the table knows nothing of tapes: it gets plain values. The adjoint of an argument that
is a list of values can be indexed as the list is, so lists need no rule of their own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

Kind = Literal[
    "elementwise",  # each number of the result from the numbers at its place
    "linear",  # products and other sums of products
    "reduction",  # fewer numbers than came in
    "shape",  # the same numbers, ordered otherwise or joined
    "index",  # some of the numbers, or others put in their place
    "create",  # made from a shape; what it is made from does not change the numbers
    "compare",  # true or false
    "random",  # drawn
    "none",  # piecewise constant or an index: no gradient, and that is right
]
Args = tuple[Any, ...]
Kwargs = Mapping[str, Any]
Position = int | str
Value = Callable[[Args, Kwargs], Any]
Vjp = Callable[[Any, Any, Args, Kwargs, Position], Any]
AddTo = Callable[[Any, Any, Args, Kwargs], None]


class NoRule(Exception):  # noqa: N818 - it says what is missing, and callers report it
    """A gradient would have to go through an operation for which there is no rule.

    Attributes
    ----------
    op : str
        The operation, with what of its arguments is not covered.
    index : int or None
        The node of the tape at which the sweep stood.
    """

    def __init__(self, op: str, index: int | None = None) -> None:
        super().__init__(f"no derivative is known for {op!r}")
        self.op = op
        self.index = index


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of the table.

    Attributes
    ----------
    name : str
        Its canonical name, the key of the table.
    value : callable
        ``value(args, kwargs)``: what NumPy gives. Never writes into its arguments.
    vjp : callable or None
        ``vjp(g, result, args, kwargs, position)``: the adjoint of ``args[position]`` (or of
        ``kwargs[position]``), in the shape of that argument; a list of adjoints where a list was
        given, or an array that is indexed like it. None: nothing goes to that argument. The
        attribute itself is None where the operation has no gradient at all, by its nature.
    kind : str
        The family.
    add_to : callable or None
        ``add_to(target, g, args, kwargs)``: adds the adjoint of the first argument to ``target``
        in place, where that is far cheaper than making it whole (one item of a large array).
    """

    name: str
    value: Value
    vjp: Vjp | None
    kind: Kind
    add_to: AddTo | None = None


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an argument, whatever it is."""
    return x.shape if isinstance(x, np.ndarray) else np.shape(x)


def unbroadcast(g: Any, x: Any) -> Any:
    """Sum ``g`` over what was broadcast, so that it has the shape of ``x``."""
    shape = shape_of(x)
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    if extra > 0:
        g = g.sum(axis=tuple(range(extra)))
    elif extra < 0:  # x[0] = value of shape (1, n)
        g = g.reshape((1,) * -extra + g.shape)
    ones = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=ones, keepdims=True) if ones else g


def spread(g: Any, shape: tuple[int, ...], axis: Any, keepdims: Any) -> Any:
    """Undo a reduction: ``g`` once for each number that went into it."""
    out = np.empty(shape)
    if axis is not None and not keepdims and g.ndim < len(shape):
        g = np.expand_dims(g, axis)
    elif axis is None and g.ndim:
        g = g.reshape(())
    out[...] = g
    return out


def no_gradient(name: str, kind: Kind, function: Callable[..., Any]) -> Operation:
    """An operation through which nothing goes back."""
    return Operation(name, partial(_call, function), None, kind)


def without_rule(name: str, kind: Kind, function: Callable[..., Any]) -> Operation:
    """An operation that can be computed anew, and whose derivative is not written here."""

    def vjp(g: Any, result: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
        raise NoRule(name)

    return Operation(name, partial(_call, function), vjp, kind)


def operation(
    name: str,
    kind: Kind,
    function: Callable[..., Any],
    *rules: Callable[..., Any] | None,
    add_to: AddTo | None = None,
) -> Operation:
    """An entry from a function and one rule for each leading argument.

    A rule is called as ``rule(g, result, *args, **kwargs)``, so its signature is the function's.
    None in place of a rule: that argument has no gradient.
    """
    names = _parameters(rules)

    def vjp(g: Any, result: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
        place = names.get(position, len(rules)) if isinstance(position, str) else position
        rule = rules[place] if place < len(rules) else None
        return None if rule is None else rule(g, result, *args, **kwargs)

    return Operation(name, partial(_call, function), vjp, kind, add_to)


def _call(function: Callable[..., Any], args: Args, kwargs: Kwargs) -> Any:
    if "out" in kwargs:
        kwargs = {key: item for key, item in kwargs.items() if key != "out"}
    return function(*args, **kwargs)


def _parameters(rules: tuple[Callable[..., Any] | None, ...]) -> dict[str, int]:
    """Where an argument stands that was given by its name."""
    rule = next(rule for rule in rules if rule is not None)
    return {name: i - 2 for i, name in enumerate(inspect.signature(rule).parameters)}
