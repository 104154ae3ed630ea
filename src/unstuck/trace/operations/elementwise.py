"""Elementwise operations: the gradient is multiplied by the derivative at each number.

A rule gets ``(g, y, *operands)`` and returns the product before broadcasting is undone. Operands
may be Python floats, so a rule never divides one by another: ``g`` stands first, and is NumPy's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from unstuck.trace.operations.rule import (
    Args,
    Kwargs,
    Operation,
    Position,
    unbroadcast,
)

Rule = Callable[..., Any]
SEQUENCES = (list, tuple)


def elementwise(name: str, function: Callable[..., Any], *rules: Rule) -> Operation:
    """An entry from a function and one rule for each operand."""
    arity = len(rules)

    def value(args: Args, kwargs: Kwargs) -> Any:
        if kwargs or len(args) > arity:
            return _masked_value(function, arity, args, kwargs)
        return function(*args)

    def vjp(g: Any, y: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
        if kwargs and kwargs.get("where", True) is not True:
            mask = np.asarray(kwargs["where"], dtype=bool)
            if position == "out":
                return np.where(mask, 0.0, g)
            g = np.where(mask, g, 0.0)
        if isinstance(position, str) or position >= arity:
            return None
        operands = args[:arity]
        for x in operands:
            if isinstance(x, SEQUENCES):
                operands = tuple(map(np.asarray, operands))
                break
        return unbroadcast(rules[position](g, y, *operands), operands[position])

    return Operation(name, value, vjp, "elementwise")


def _masked_value(function: Callable[..., Any], arity: int, args: Args, kwargs: Kwargs) -> Any:
    """With ``where=``, what is not written keeps the number that ``out`` had."""
    extra = {key: item for key, item in kwargs.items() if key not in {"out", "where"}}
    where = kwargs.get("where", True)
    if where is True:
        return function(*args[:arity], **extra)
    out = kwargs.get("out", args[arity] if len(args) > arity else None)
    out = out[0] if isinstance(out, tuple) else out
    shape = np.broadcast_shapes(*map(np.shape, args[:arity]), np.shape(where))
    out = np.zeros(shape) if out is None else np.array(out)
    return function(*args[:arity], out=out, where=where, **extra)


def _plain(quick: Callable[[Any, Any], Any], ufunc: Callable[..., Any]) -> Callable[..., Any]:
    """Python's operator (ten times faster on floats), or NumPy where Python would refuse."""

    def function(a: Any, b: Any, **extra: Any) -> Any:
        if extra or isinstance(a, SEQUENCES) or isinstance(b, SEQUENCES):
            return ufunc(a, b, **extra)
        try:
            result = quick(a, b)
        except ArithmeticError:
            return ufunc(np.float64(a), np.float64(b))
        if type(result) is complex and type(a) is not complex and type(b) is not complex:
            return float("nan")  # (-8.0) ** 0.5
        return result

    return function


# ------------------------------------------------------------------------------------- arithmetic
def _power_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if b.ndim == 0:  # the usual case: one exponent
        return g * (2.0 * a) if b == 2 else g * (b * np.power(a, b - 1.0) if b else 0.0 * a)
    return g * np.where(b == 0, 0.0, b * np.power(a, np.where(b == 0, 1.0, b - 1.0)))


def _power_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    a = np.asarray(a, dtype=float)
    return g * np.where(a == 0, 0.0, y * np.log(np.where(a == 0, 1.0, a)))


def _at_larger(g: Any, y: Any, a: Any, b: Any) -> Any:
    """Ties share, as in PyTorch's maximum."""
    return g * (0.5 * np.add(np.greater_equal(a, b), np.greater(a, b), dtype=float))


def _at_smaller(g: Any, y: Any, a: Any, b: Any) -> Any:
    return g * (0.5 * np.add(np.less_equal(a, b), np.less(a, b), dtype=float))


def _logaddexp(g: Any, y: Any, a: Any, b: Any) -> Any:
    return g * np.exp(np.subtract(a, y))


ARITHMETIC = (
    elementwise(
        "add",
        _plain(operator.add, np.add),
        lambda g, y, a, b: g,
        lambda g, y, a, b: g,
    ),
    elementwise(
        "subtract",
        _plain(operator.sub, np.subtract),
        lambda g, y, a, b: g,
        lambda g, y, a, b: -g,
    ),
    elementwise(
        "multiply",
        _plain(operator.mul, np.multiply),
        lambda g, y, a, b: g * b,
        lambda g, y, a, b: g * a,
    ),
    elementwise(
        "true_divide",
        _plain(operator.truediv, np.true_divide),
        lambda g, y, a, b: g / b,
        lambda g, y, a, b: -(g * y) / b,
    ),
    elementwise("power", _plain(operator.pow, np.power), _power_base, _power_exponent),
    elementwise(
        "remainder",
        _plain(operator.mod, np.remainder),
        lambda g, y, a, b: g,
        lambda g, y, a, b: -g * np.floor_divide(a, b),
    ),
    elementwise(
        "fmod",
        np.fmod,
        lambda g, y, a, b: g,
        lambda g, y, a, b: -g * np.trunc(np.true_divide(a, b)),
    ),
    elementwise("maximum", np.maximum, _at_larger, lambda g, y, a, b: _at_larger(g, y, b, a)),
    elementwise("minimum", np.minimum, _at_smaller, lambda g, y, a, b: _at_smaller(g, y, b, a)),
    elementwise("fmax", np.fmax, _at_larger, lambda g, y, a, b: _at_larger(g, y, b, a)),
    elementwise("fmin", np.fmin, _at_smaller, lambda g, y, a, b: _at_smaller(g, y, b, a)),
    elementwise(
        "arctan2",
        np.arctan2,
        lambda g, y, a, b: g * b / (np.square(a) + np.square(b)),
        lambda g, y, a, b: -g * a / (np.square(a) + np.square(b)),
    ),
    elementwise("hypot", np.hypot, lambda g, y, a, b: g * a / y, lambda g, y, a, b: g * b / y),
    elementwise("logaddexp", np.logaddexp, _logaddexp, lambda g, y, a, b: _logaddexp(g, y, b, a)),
)
