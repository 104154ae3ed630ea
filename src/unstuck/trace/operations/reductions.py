"""Reductions: fewer numbers come out than went in, and each that went in gets its share back."""

from __future__ import annotations

from collections.abc import Callable
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
)


def _count(shape: tuple[int, ...], axis: Any) -> int:
    """How many numbers went into one of the result."""
    if axis is None:
        return int(np.prod(shape, dtype=int))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([shape[i] for i in axes], dtype=int))


def _only(where: Any, g: Any) -> Any:
    return g if where is True or where is np._NoValue else np.where(where, g, 0.0)


def _sum(
    g: Any,
    y: Any,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = 0,
    where: Any = True,
) -> Any:
    return _only(where, spread(g, shape_of(a), axis, keepdims))


def _nansum(
    g: Any,
    y: Any,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    **extra: Any,
) -> Any:
    return np.where(np.isnan(a), 0.0, spread(g, shape_of(a), axis, keepdims))


def _mean(
    g: Any,
    y: Any,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    *,
    where: Any = True,
) -> Any:
    shape = shape_of(a)
    if where is True:
        return spread(g / _count(shape, axis), shape, axis, keepdims)
    mask = np.broadcast_to(where, shape)
    return _only(
        mask, spread(g / mask.sum(axis=axis, keepdims=bool(keepdims)), shape, axis, keepdims)
    )


def _nanmean(
    g: Any,
    y: Any,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    **extra: Any,
) -> Any:
    return _mean(g, y, a, axis, dtype, out, keepdims, where=~np.isnan(a))


def _centred(a: Any, axis: Any, ddof: Any, where: Any) -> Any:
    """Deviations from the mean over the count: half the derivative of the variance."""
    a = np.asarray(a, dtype=float)
    mask = np.broadcast_to(where, a.shape)
    count = mask.sum(axis=axis, keepdims=True)
    mean = np.where(mask, a, 0.0).sum(axis=axis, keepdims=True) / count
    return np.where(mask, a - mean, 0.0) / (count - ddof)


def _var(
    g: Any,
    y: Any,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    ddof = ddof if correction is None else correction
    return 2.0 * spread(g, shape_of(a), axis, keepdims) * _centred(a, axis, ddof, where)


def _std(
    g: Any,
    y: Any,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    ddof = ddof if correction is None else correction
    # At a deviation of zero the derivative does not exist; zero is its subgradient of least norm.
    g = np.where(np.equal(y, 0), 0.0, g / np.where(np.equal(y, 0), 1.0, y))
    return spread(g, shape_of(a), axis, keepdims) * _centred(a, axis, ddof, where)


def _extremum(
    g: Any,
    y: Any,
    a: Any,
    axis: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Ties share, as in PyTorch's amax."""
    shape = shape_of(a)
    at = _only(where, np.equal(a, spread(np.asarray(y), shape, axis, keepdims)).astype(float))
    ties = np.sum(at, axis=axis, keepdims=True)
    return at / np.where(ties == 0, 1.0, ties) * spread(g, shape, axis, keepdims)


def _ptp(g: Any, y: Any, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    high, low = np.max(a, axis, keepdims=True), np.min(a, axis, keepdims=True)
    return _share(g, high, a, axis, keepdims) - _share(g, low, a, axis, keepdims)


def _share(g: Any, y: Any, a: Any, axis: Any, keepdims: Any) -> Any:
    at = np.equal(a, y).astype(float)
    return at / at.sum(axis=axis, keepdims=True) * spread(g, shape_of(a), axis, keepdims)


def _lines(a: Any, axis: Any) -> tuple[Any, Callable[[Any], Any]]:
    """``a`` with the reduced axes as its last one, and the way back."""
    a = np.asarray(a, dtype=float)
    if axis is None:
        return a.reshape(-1), lambda d: d.reshape(a.shape)
    axes = tuple(i % a.ndim for i in (axis if isinstance(axis, tuple) else (axis,)))
    rest = tuple(i for i in range(a.ndim) if i not in axes)
    moved = a.transpose(rest + axes)
    flat = moved.reshape(moved.shape[: len(rest)] + (-1,))
    back = np.argsort(rest + axes)
    return flat, lambda d: d.reshape(moved.shape).transpose(back)


def _flat_g(g: Any, axis: Any, keepdims: Any) -> Any:
    """``g`` beside lines: one number a line, with a last axis of one."""
    if axis is None:
        return g.reshape(1)
    return (np.squeeze(g, axis) if keepdims else g)[..., None]


def _prod(
    g: Any,
    y: Any,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = 1,
    where: Any = True,
) -> Any:
    if where is not True:
        raise NoRule("prod(where=)")
    lines, back = _lines(a, axis)
    ones = np.ones((*lines.shape[:-1], 1))
    left = np.cumprod(np.concatenate([ones, lines[..., :-1]], axis=-1), axis=-1)
    right = np.cumprod(np.concatenate([ones, lines[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return back(_flat_g(g, axis, keepdims) * left * right * initial)


def _median(
    g: Any,
    y: Any,
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: Any = False,
    keepdims: Any = False,
) -> Any:
    lines, back = _lines(a, axis)
    n = lines.shape[-1]
    middle = np.argsort(lines, axis=-1)[..., (n - 1) // 2 : n // 2 + 1]
    share = np.zeros_like(lines)
    np.put_along_axis(share, middle, 1.0 / middle.shape[-1], axis=-1)
    return back(share * _flat_g(g, axis, keepdims))


def _weights(a: Any, axis: Any, weights: Any) -> Any:
    """Weights in the shape of ``a`` (one axis of weights may stand for all)."""
    shape, weights = shape_of(a), np.asarray(weights, dtype=float)
    if weights.shape != shape and axis is not None:
        weights = np.expand_dims(
            weights, tuple(i for i in range(len(shape)) if i != axis % len(shape))
        )
    return np.broadcast_to(weights, shape)


def _average(
    g: Any,
    y: Any,
    a: Any,
    axis: Any = None,
    weights: Any = None,
    returned: Any = False,
    *,
    keepdims: Any = False,
) -> Any:
    if weights is None:
        return _mean(g, y, a, axis, None, None, keepdims)
    w = _weights(a, axis, weights)
    return spread(g, w.shape, axis, keepdims) * w / w.sum(axis=axis, keepdims=True)


def _average_weights(
    g: Any,
    y: Any,
    a: Any,
    axis: Any = None,
    weights: Any = None,
    returned: Any = False,
    *,
    keepdims: Any = False,
) -> Any:
    w = _weights(a, axis, weights)
    deviation = np.asarray(a, dtype=float) - spread(np.asarray(y), w.shape, axis, keepdims)
    d = spread(g, w.shape, axis, keepdims) * deviation / w.sum(axis=axis, keepdims=True)
    if shape_of(weights) != w.shape:
        d = d.sum(axis=tuple(i for i in range(d.ndim) if i != axis % d.ndim))
    return d


def _norm(
    g: Any,
    y: Any,
    x: Any,
    ord: Any = None,
    axis: Any = None,
    keepdims: Any = False,  # noqa: A002
) -> Any:
    shape = shape_of(x)
    matrix = (len(shape) == 2 and axis is None) or (isinstance(axis, tuple) and len(axis) == 2)
    if matrix and ord not in {None, "fro"}:
        raise NoRule(f"linalg.norm(ord={ord!r}) of a matrix")
    wide = spread(np.asarray(y), shape, axis, keepdims)
    g = spread(g, shape, axis, keepdims)
    if ord in {None, "fro", 2}:
        return np.where(wide == 0, 0.0, g * x / np.where(wide == 0, 1.0, wide))
    if ord in {np.inf, -np.inf}:
        at = np.equal(np.abs(x), wide).astype(float)
        return g * np.sign(x) * at / at.sum(axis=axis, keepdims=True)
    if ord == 0:
        return np.zeros(shape)
    ratio = np.abs(x) / np.where(wide == 0, 1.0, wide)
    return g * np.sign(x) * np.where(ratio == 0, float(ord == 1), ratio ** (ord - 1.0))


def _logsumexp(
    g: Any, y: Any, a: Any, axis: Any = None, b: Any = None, keepdims: Any = False, **extra: Any
) -> Any:
    shape = shape_of(a)
    share = np.exp(a - spread(np.asarray(y), shape, axis, keepdims))
    return spread(g, shape, axis, keepdims) * share * (1.0 if b is None else b)


def _softmax(g: Any, y: Any, x: Any, axis: Any = None) -> Any:
    return y * (g - np.sum(g * y, axis=axis, keepdims=True))


def _log_softmax(g: Any, y: Any, x: Any, axis: Any = None) -> Any:
    return g - np.exp(y) * np.sum(g, axis=axis, keepdims=True)


def _cumsum(g: Any, y: Any, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    if axis is None:
        return np.cumsum(g[::-1])[::-1].reshape(shape_of(a))
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis)


def _special(name: str) -> Callable[..., Any]:
    """A function of scipy.special, imported when it is needed."""

    def function(*args: Any, **kwargs: Any) -> Any:
        import scipy.special

        return getattr(scipy.special, name)(*args, **kwargs)

    return function


# ----------------------------------------------------------------------------------- Python's own
def _builtin_sum(values: Any, start: Any = 0) -> Any:
    return sum(values, start)


def _builtin_sum_items(g: Any, y: Any, values: Any, start: Any = 0) -> Any:
    if isinstance(values, np.ndarray):
        return np.broadcast_to(g, values.shape)
    return [unbroadcast(g, item) for item in values]


def _builtin_sum_start(g: Any, y: Any, values: Any, start: Any = 0) -> Any:
    return unbroadcast(g, start)


def _chosen(g: Any, y: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
    """max(list) or max(a, b, ...): ties share, as in maximum."""
    items = args if len(args) > 1 else args[0]
    ties = sum(bool(item == y) for item in items)
    if len(args) > 1:
        return g * (float(args[int(position)] == y) / ties)
    return [g * (float(item == y) / ties) for item in items]


REDUCTIONS = (
    operation("sum", "reduction", np.sum, _sum),
    operation("nansum", "reduction", np.nansum, _nansum),
    operation("mean", "reduction", np.mean, _mean),
    operation("nanmean", "reduction", np.nanmean, _nanmean),
    operation("prod", "reduction", np.prod, _prod),
    operation("average", "reduction", np.average, _average, None, _average_weights),
    operation("var", "reduction", np.var, _var),
    operation("std", "reduction", np.std, _std),
    operation("max", "reduction", np.max, _extremum),
    operation("amax", "reduction", np.max, _extremum),
    operation("min", "reduction", np.min, _extremum),
    operation("amin", "reduction", np.min, _extremum),
    operation("ptp", "reduction", np.ptp, _ptp),
    operation("median", "reduction", np.median, _median),
    operation("linalg.norm", "reduction", np.linalg.norm, _norm),
    operation("logsumexp", "reduction", _special("logsumexp"), _logsumexp),
    operation("softmax", "reduction", _special("softmax"), _softmax),
    operation("log_softmax", "reduction", _special("log_softmax"), _log_softmax),
    operation("cumsum", "reduction", np.cumsum, _cumsum),
    operation("builtin_sum", "reduction", _builtin_sum, _builtin_sum_items, _builtin_sum_start),
    Operation("builtin_max", lambda args, kwargs: max(*args), _chosen, "reduction"),
    Operation("builtin_min", lambda args, kwargs: min(*args), _chosen, "reduction"),
    *(
        no_gradient(function.__name__, "none", function)
        for function in (
            np.argmax,
            np.argmin,
            np.argsort,
            np.nonzero,
            np.flatnonzero,
            np.argwhere,
            np.count_nonzero,
            np.any,
            np.all,
            np.searchsorted,
            np.bincount,
            np.unique,
            np.digitize,
            np.histogram,
            np.shape,
            np.size,
            np.ndim,
        )
    ),
)
