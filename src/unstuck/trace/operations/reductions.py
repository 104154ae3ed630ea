"""Reductions: fewer numbers come out than went in, and each that went in gets its share back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from unstuck.trace.operations.rule import (
    Args,
    Kwargs,
    NoRule,
    Operation,
    Position,
    no_gradient,
    operation,
    shape_of,
    spread,
    unbroadcast,
    without_rule,
)

Options = Mapping[str, Any]
Rule = Callable[[Any, Any, Any, Any, Any, Options], Any]


def reduction(name: str, function: Callable[..., Any], rule: Rule, signature: str) -> Operation:
    """An entry from a rule ``(g, result, a, axis, keepdims, all arguments)``.

    ``signature`` has the names of the function's leading arguments, the array first.
    """
    names = signature.split()
    array = names[0]

    def vjp(g: Any, y: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
        if position not in {0, array}:
            return None
        given = dict(zip(names, args, strict=False))
        given.update(kwargs)
        return rule(g, y, given[array], given.get("axis"), given.get("keepdims", False), given)

    # Only the value is taken from here: it drops out=.
    return Operation(name, no_gradient(name, "reduction", function).value, vjp, "reduction")


def _where(given: Options, d: Any) -> Any:
    """Nothing for the numbers that ``where=`` left out."""
    where = given.get("where", True)
    return d if where is True else np.where(where, d, 0.0)


def _count(given: Options, shape: tuple[int, ...], axis: Any) -> Any:
    """How many numbers went into each of the result; a reduced axis has length 1."""
    where = given.get("where", True)
    if where is not True:
        return np.broadcast_to(where, shape).sum(axis=axis, keepdims=True)
    if axis is None:
        return int(np.prod(shape, dtype=int))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([shape[i] for i in axes], dtype=int))


# ------------------------------------------------------------------------------ sums and moments
def _sum(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    return _where(given, spread(g, shape_of(a), axis, keepdims))


def _mean(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    shape = shape_of(a)
    return _where(given, spread(g, shape, axis, keepdims) / _count(given, shape, axis))


def _nansum(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    return np.where(np.isnan(a), 0.0, spread(g, shape_of(a), axis, keepdims))


def _nanmean(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    return _mean(g, y, a, axis, keepdims, {"where": ~np.isnan(a)})


def _centred(a: Any, axis: Any, given: Options) -> Any:
    """Deviations from the mean, over the degrees of freedom: half the derivative of a variance."""
    a = np.asarray(a, dtype=float)
    count = _count(given, a.shape, axis)
    mean = _where(given, a).sum(axis=axis, keepdims=True) / count
    freedom = count - given.get("ddof", 0) - given.get("correction", 0)
    return _where(given, a - mean) / freedom


def _var(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    return 2.0 * spread(g, shape_of(a), axis, keepdims) * _centred(a, axis, given)


def _std(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    # At a deviation of zero the derivative does not exist; zero is its subgradient of least norm.
    g = np.where(np.equal(y, 0), 0.0, g / np.where(np.equal(y, 0), 1.0, y))
    return spread(g, shape_of(a), axis, keepdims) * _centred(a, axis, given)


def _weights(a: Any, axis: Any, weights: Any) -> Any:
    """Weights in the shape of ``a`` (one axis of weights may stand for all)."""
    shape, weights = shape_of(a), np.asarray(weights, dtype=float)
    if weights.shape != shape and axis is not None:
        others = tuple(i for i in range(len(shape)) if i != axis % len(shape))
        weights = np.expand_dims(weights, others)
    return np.broadcast_to(weights, shape)


def _average(g: Any, y: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
    given = dict(zip(("a", "axis", "weights", "returned"), args, strict=False))
    given.update(kwargs)
    a, axis, keepdims = given["a"], given.get("axis"), given.get("keepdims", False)
    weights = given.get("weights")
    if weights is None:
        return _mean(g, y, a, axis, keepdims, {})
    w = _weights(a, axis, weights)
    g = spread(g, w.shape, axis, keepdims) / w.sum(axis=axis, keepdims=True)
    if position in {0, "a"}:
        return g * w
    d = g * (np.asarray(a, dtype=float) - spread(np.asarray(y), w.shape, axis, keepdims))
    if shape_of(weights) != w.shape:
        d = d.sum(axis=tuple(i for i in range(d.ndim) if i != axis % d.ndim))
    return d


def _norm(g: Any, y: Any, x: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    shape, order = shape_of(x), given.get("ord")
    matrix = (len(shape) == 2 and axis is None) or (isinstance(axis, tuple) and len(axis) == 2)
    if matrix and order not in {None, "fro"}:
        raise NoRule(f"linalg.norm(ord={order!r}) of a matrix")
    wide, g = spread(np.asarray(y), shape, axis, keepdims), spread(g, shape, axis, keepdims)
    if order in {None, "fro", 2}:
        return np.where(wide == 0, 0.0, g * x / np.where(wide == 0, 1.0, wide))
    if order in {np.inf, -np.inf}:
        at = np.equal(np.abs(x), wide).astype(float)
        return g * np.sign(x) * at / at.sum(axis=axis, keepdims=True)
    if order == 0:
        return np.zeros(shape)
    ratio = np.abs(x) / np.where(wide == 0, 1.0, wide)
    return g * np.sign(x) * np.where(ratio == 0, float(order == 1), ratio ** (order - 1.0))


# ---------------------------------------------------------------------------------- along an axis
def lines_of(a: Any, axis: Any) -> tuple[Any, Callable[[Any], Any]]:
    """``a`` with the reduced axes as its last one, and the way back."""
    a = np.asarray(a, dtype=float)
    if axis is None:
        return a.reshape(-1), lambda d: d.reshape(a.shape)
    axes = tuple(i % a.ndim for i in (axis if isinstance(axis, tuple) else (axis,)))
    rest = tuple(i for i in range(a.ndim) if i not in axes)
    moved = a.transpose(rest + axes)
    back = np.argsort(rest + axes)
    flat = moved.reshape((*moved.shape[: len(rest)], -1))
    return flat, lambda d: d.reshape(moved.shape).transpose(back)


def beside_lines(g: Any, axis: Any, keepdims: Any) -> Any:
    """``g`` with one number for each line, and a last axis of one."""
    if axis is None:
        return g.reshape(1)
    return (np.squeeze(g, axis) if keepdims else g)[..., None]


def products_of_others(lines: Any) -> Any:
    """For each number the product of all others on its line; zeros are no trouble."""
    ones = np.ones((*lines.shape[:-1], 1))
    left = np.cumprod(np.concatenate([ones, lines[..., :-1]], axis=-1), axis=-1)
    right = np.cumprod(np.concatenate([ones, lines[..., :0:-1]], axis=-1), axis=-1)
    return left * right[..., ::-1]


def _prod(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    a = np.where(given.get("where", True), a, 1.0)
    lines, back = lines_of(a, axis)
    others = products_of_others(lines) * given.get("initial", 1)
    return _where(given, back(beside_lines(g, axis, keepdims) * others))


def _cumsum(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    if axis is None:
        return np.cumsum(g[::-1])[::-1].reshape(shape_of(a))
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis)


def _accumulated(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    return _cumsum(g, y, a, axis or 0, keepdims, given)


def _cumprod(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    lines, back = lines_of(a, axis)
    flat = g.reshape(lines.shape) if axis is None else np.moveaxis(g, axis, -1)
    d = np.zeros_like(lines)
    for end in range(lines.shape[-1]):
        upto = lines[..., : end + 1]
        d[..., : end + 1] += flat[..., end, None] * products_of_others(upto)
    return back(d)


# ------------------------------------------------------------------------------------ exponentials
def _logsumexp(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    shape, b = shape_of(a), given.get("b")
    share = np.exp(a - spread(np.asarray(y), shape, axis, keepdims))
    d = spread(g, shape, axis, keepdims) * share
    return d if b is None else d * b


def _softmax(g: Any, y: Any, x: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    return y * (g - np.sum(g * y, axis=axis, keepdims=True))


def _log_softmax(g: Any, y: Any, x: Any, axis: Any, keepdims: Any, given: Options) -> Any:
    return g - np.exp(y) * np.sum(g, axis=axis, keepdims=True)


def special(name: str) -> Callable[..., Any]:
    """A function of scipy.special, imported when it is needed."""

    def function(*args: Any, **kwargs: Any) -> Any:
        import scipy.special

        return getattr(scipy.special, name)(*args, **kwargs)

    return function


# ----------------------------------------------------------------------------------- Python's own
def _builtin_sum(g: Any, y: Any, values: Any, start: Any = 0) -> Any:
    if isinstance(values, np.ndarray):
        return np.array(np.broadcast_to(g, values.shape))
    return [unbroadcast(g, item) for item in values]


REDUCTIONS = (
    reduction("sum", np.sum, _sum, "a axis dtype out keepdims initial where"),
    reduction("nansum", np.nansum, _nansum, "a axis dtype out keepdims"),
    reduction("mean", np.mean, _mean, "a axis dtype out keepdims"),
    reduction("nanmean", np.nanmean, _nanmean, "a axis dtype out keepdims"),
    reduction("var", np.var, _var, "a axis dtype out ddof keepdims"),
    reduction("std", np.std, _std, "a axis dtype out ddof keepdims"),
    reduction("prod", np.prod, _prod, "a axis dtype out keepdims initial where"),
    reduction("cumsum", np.cumsum, _cumsum, "a axis dtype out"),
    reduction("cumprod", np.cumprod, _cumprod, "a axis dtype out"),
    reduction("linalg.norm", np.linalg.norm, _norm, "x ord axis keepdims"),
    reduction("logsumexp", special("logsumexp"), _logsumexp, "a axis b keepdims"),
    reduction("softmax", special("softmax"), _softmax, "x axis"),
    reduction("log_softmax", special("log_softmax"), _log_softmax, "x axis"),
    Operation("average", lambda args, kwargs: np.average(*args, **kwargs), _average, "reduction"),
    reduction("add.accumulate", np.add.accumulate, _accumulated, "array axis dtype out"),
    *(
        without_rule(function.__name__, "reduction", function)
        for function in (np.percentile, np.quantile, np.cov, np.corrcoef, np.interp, np.polyval)
    ),
    *(
        without_rule(name, "reduction", function)
        for name, function in (("nanmax", np.nanmax), ("nanmin", np.nanmin), ("nanstd", np.nanstd))
    ),
    without_rule("nanvar", "reduction", np.nanvar),
    without_rule("gradient", "linear", np.gradient),
    operation(
        "builtin_sum",
        "reduction",
        lambda values, start=0: sum(values, start),
        _builtin_sum,
        lambda g, y, values, start=0: unbroadcast(g, start),
    ),
)
