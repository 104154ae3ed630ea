"""Products: each is linear in either factor, so a gradient meets the other factor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from unstuck.trace.operations.einsum import einsum_value, einsum_vjp
from unstuck.trace.operations.rule import (
    NoRule,
    Operation,
    operation,
    shape_of,
    unbroadcast,
    without_rule,
)

# ------------------------------------------------------------------------------------ dot, matmul


def _dot_left(g: Any, y: Any, a: Any, b: Any, out: Any = None) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim == 0 or b.ndim == 0:
        return unbroadcast(g * b, a)
    if b.ndim == 1:
        return g[..., None] * b  # y[.., ] = sum_k a[.., k] b[k]
    if a.ndim <= 2 and b.ndim == 2:
        return g @ b.T
    rest = tuple(i for i in range(b.ndim) if i != b.ndim - 2)
    return np.tensordot(g, b, (tuple(range(a.ndim - 1, g.ndim)), rest))


def _dot_right(g: Any, y: Any, a: Any, b: Any, out: Any = None) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim == 0 or b.ndim == 0:
        return unbroadcast(g * a, b)
    if a.ndim == 1:
        return g * a if b.ndim == 1 else np.moveaxis(np.multiply.outer(a, g), 0, -2)
    if a.ndim == 2 and b.ndim <= 2:
        return a.T @ g
    rows = tuple(range(a.ndim - 1))
    back = np.tensordot(a, g, (rows, rows))  # (k, ...)
    return back if b.ndim == 1 else np.moveaxis(back, 0, -2)


def _matmul_left(g: Any, y: Any, a: Any, b: Any, out: Any = None) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim <= 2 and b.ndim <= 2:
        return _dot_left(g, y, a, b)
    g, wide, b = _as_matrices(g, a, b)
    return unbroadcast(g @ np.swapaxes(b, -1, -2), wide).reshape(a.shape)


def _matmul_right(g: Any, y: Any, a: Any, b: Any, out: Any = None) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim <= 2 and b.ndim <= 2:
        return _dot_right(g, y, a, b)
    shape = b.shape
    g, a, wide = _as_matrices(g, a, b)
    return unbroadcast(np.swapaxes(a, -1, -2) @ g, wide).reshape(shape)


def _as_matrices(g: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """A vector on the left of matmul is one row, on the right one column."""
    if b.ndim == 1:
        b, g = b[:, None], g[..., None]
    if a.ndim == 1:
        a, g = a[None, :], np.expand_dims(g, -2)
    return g, a, b


# ------------------------------------------------------------------------------- other products


def _inner_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim == 0 or b.ndim == 0:
        return unbroadcast(g * b, a)
    last = tuple(range(a.ndim - 1, g.ndim))
    return np.tensordot(g, b, (last, tuple(range(b.ndim - 1))))


def _inner_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim == 0 or b.ndim == 0:
        return unbroadcast(g * a, b)
    rows = tuple(range(a.ndim - 1))
    return np.tensordot(g, a, (rows, rows))


def _outer_left(g: Any, y: Any, a: Any, b: Any, out: Any = None) -> Any:
    return (g @ np.ravel(b)).reshape(shape_of(a))


def _outer_right(g: Any, y: Any, a: Any, b: Any, out: Any = None) -> Any:
    return (np.ravel(a) @ g).reshape(shape_of(b))


def _contracted(a: Any, b: Any, axes: Any) -> tuple[list[int], list[int]]:
    if isinstance(axes, (int, np.integer)):
        return list(range(a.ndim - axes, a.ndim)), list(range(axes))
    first, second = axes
    first = [first] if np.ndim(first) == 0 else list(first)
    second = [second] if np.ndim(second) == 0 else list(second)
    return [i % a.ndim for i in first], [i % b.ndim for i in second]


def _tensordot_left(g: Any, y: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    of_a, of_b = _contracted(a, b, axes)
    free_a = [i for i in range(a.ndim) if i not in of_a]
    free_b = [i for i in range(b.ndim) if i not in of_b]
    back = np.tensordot(g, b, (list(range(len(free_a), g.ndim)), free_b))
    # The contracted axes of b come out in b's order: put each where a has it.
    order = free_a + [of_a[of_b.index(i)] for i in sorted(of_b)]
    return back.transpose(np.argsort(order))


def _tensordot_right(g: Any, y: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    of_a, of_b = _contracted(a, b, axes)
    free_a = [i for i in range(a.ndim) if i not in of_a]
    free_b = [i for i in range(b.ndim) if i not in of_b]
    back = np.tensordot(a, g, (free_a, list(range(len(free_a)))))
    order = [of_b[of_a.index(i)] for i in sorted(of_a)] + free_b
    return back.transpose(np.argsort(order))


def _kron_blocks(g: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """``g`` with two axes for each of the result: a's and b's."""
    a, b = np.asarray(a), np.asarray(b)
    n = max(a.ndim, b.ndim)
    a = a.reshape((1,) * (n - a.ndim) + a.shape)
    b = b.reshape((1,) * (n - b.ndim) + b.shape)
    pairs = tuple(k for pair in zip(a.shape, b.shape, strict=True) for k in pair)
    return g.reshape(pairs), a, b


def _kron_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    blocks, _, wide = _kron_blocks(g, a, b)
    other = wide.reshape(tuple(k for size in wide.shape for k in (1, size)))
    return (blocks * other).sum(axis=tuple(range(1, blocks.ndim, 2))).reshape(shape_of(a))


def _kron_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    blocks, wide, _ = _kron_blocks(g, a, b)
    other = wide.reshape(tuple(k for size in wide.shape for k in (size, 1)))
    return (blocks * other).sum(axis=tuple(range(0, blocks.ndim, 2))).reshape(shape_of(b))


def _whole(g: Any, a: Any, v: Any, mode: Any) -> Any:
    """The gradient of the full convolution, of which the mode kept a part."""
    longer, shorter = max(len(a), len(v)), min(len(a), len(v))
    full = np.zeros(longer + shorter - 1)
    start = {"full": 0, "same": (shorter - 1) // 2, "valid": shorter - 1}[mode]
    full[start : start + len(g)] = g
    return full


def _convolve_left(g: Any, y: Any, a: Any, v: Any, mode: Any = "full") -> Any:
    return sliding_window_view(_whole(g, a, v, mode), len(v)) @ v


def _convolve_right(g: Any, y: Any, a: Any, v: Any, mode: Any = "full") -> Any:
    return sliding_window_view(_whole(g, a, v, mode), len(a)) @ a


def _correlate_left(g: Any, y: Any, a: Any, v: Any, mode: Any = "valid") -> Any:
    if len(v) > len(a):
        raise NoRule("correlate with the longer operand second")
    return _convolve_left(g, y, a, np.asarray(v)[::-1], mode)


def _correlate_right(g: Any, y: Any, a: Any, v: Any, mode: Any = "valid") -> Any:
    if len(v) > len(a):
        raise NoRule("correlate with the longer operand second")
    return _convolve_right(g, y, a, v, mode)[::-1]


def _cross(g: Any, y: Any, a: Any, b: Any, *axes: Any, **named: Any) -> Any:
    if axes or named or shape_of(a)[-1:] != (3,) or shape_of(b)[-1:] != (3,):
        raise NoRule("cross but of vectors of three along the last axis")
    return unbroadcast(np.cross(b, g), a)


def _cross_right(g: Any, y: Any, a: Any, b: Any, *axes: Any, **named: Any) -> Any:
    return _cross(-g, y, b, a, *axes, **named)


# ------------------------------------------------------------------------------- linear systems


def _inverse(g: Any, y: Any, a: Any) -> Any:
    turned = np.swapaxes(y, -1, -2)
    return -(turned @ g @ turned)


def _solve_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    return np.linalg.solve(np.swapaxes(a, -1, -2), g)


def _solve_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    if shape_of(b)[:-1] != shape_of(a)[:-1] and np.ndim(b) != 1:
        raise NoRule("linalg.solve with broadcasting")
    back = _solve_right(g, y, a, b)
    if np.ndim(b) == 1:
        return -np.multiply.outer(back, y)
    return -back @ np.swapaxes(y, -1, -2)


def _determinant(g: Any, y: Any, a: Any) -> Any:
    return (g * y)[..., None, None] * np.swapaxes(np.linalg.inv(a), -1, -2)


def _table_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    return (g * b).sum(axis=tuple(range(np.ndim(a), g.ndim)))


def _table_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    rows = tuple(range(np.ndim(a)))
    return np.tensordot(a, g, (rows, rows))


def _chain(g: Any, y: Any, arrays: Any, *, out: Any = None) -> Any:
    """multi_dot: each factor between what stands on its left and on its right."""
    found = []
    for k in range(len(arrays)):
        left = np.linalg.multi_dot(arrays[:k]) if k > 1 else arrays[0] if k else None
        after = arrays[k + 1 :]
        right = np.linalg.multi_dot(after) if len(after) > 1 else after[0] if after else None
        d = g
        if right is not None:
            d = _dot_left(d, y, arrays[k] if left is None else left @ arrays[k], right)
        found.append(d if left is None else _dot_right(d, y, left, arrays[k]))
    return found


PRODUCTS = (
    operation("dot", "linear", np.dot, _dot_left, _dot_right),
    operation("matmul", "linear", np.matmul, _matmul_left, _matmul_right),
    operation("inner", "linear", np.inner, _inner_left, _inner_right),
    operation("outer", "linear", np.outer, _outer_left, _outer_right),
    operation(
        "vdot",
        "linear",
        np.vdot,
        lambda g, y, a, b: (g * np.ravel(b)).reshape(shape_of(a)),
        lambda g, y, a, b: (g * np.ravel(a)).reshape(shape_of(b)),
    ),
    operation("tensordot", "linear", np.tensordot, _tensordot_left, _tensordot_right),
    Operation("einsum", einsum_value, einsum_vjp, "linear"),
    operation("kron", "linear", np.kron, _kron_left, _kron_right),
    operation("cross", "linear", np.cross, _cross, _cross_right),
    operation("convolve", "linear", np.convolve, _convolve_left, _convolve_right),
    operation("correlate", "linear", np.correlate, _correlate_left, _correlate_right),
    operation("linalg.multi_dot", "linear", np.linalg.multi_dot, _chain),
    operation("linalg.inv", "linear", np.linalg.inv, _inverse),
    operation("linalg.solve", "linear", np.linalg.solve, _solve_left, _solve_right),
    operation("linalg.det", "linear", np.linalg.det, _determinant),
    operation("multiply.outer", "linear", np.multiply.outer, _table_left, _table_right),
    *(
        without_rule(f"linalg.{function.__name__}", "linear", function)
        for function in (
            np.linalg.pinv,
            np.linalg.matrix_power,
            np.linalg.matrix_rank,
            np.linalg.cond,
            np.linalg.cholesky,
            np.linalg.eigvals,
            np.linalg.eigvalsh,
        )
    ),
)
