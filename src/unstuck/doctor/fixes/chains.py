"""What the chain rule may ask for: a product of values in scope, perhaps times a derivative.

Products of arrays are tried on their shapes first and on the first instance next; only what fits
there becomes an expression.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.doctor.fixes.bench import Bench, ratio
from unstuck.doctor.fixes.derivatives import Slope, factor_text
from unstuck.doctor.fixes.places import ATOM, PRODUCT, UNARY, bracketed
from unstuck.doctor.fixes.variants import Variant, swap

MOST_VALUES = 40
MOST_SLOPES = 200
LARGEST = 30_000_000  # multiplications for one trial product


@dataclass(frozen=True, slots=True)
class Value:
    """A text and what it means at the first instance."""

    text: str
    value: Any
    near: float  # 0 (written here) to 1


def values(bench: Bench) -> list[Value]:
    """The values in scope that may take part."""
    texts = bench.texts[:MOST_VALUES]
    return [
        Value(text, np.asarray(bench.first(text), dtype=float), k / max(1, len(texts)))
        for k, text in enumerate(texts)
        if np.asarray(bench.first(text)).dtype.kind in "fiub"
    ]


def sums_of_products(bench: Bench, known: list[Slope]) -> Iterator[Variant]:
    """A product of two arrays in scope (either one transposed), perhaps times a derivative."""
    true = np.asarray(bench.instances[0].true, dtype=float)
    if true.ndim == 0:
        return
    factors = _derivative_values(bench, known)
    for text, value, cost in _products(bench, true):
        if ratio(value, true, bench.tolerance) is not None:
            yield from _as_variant(bench, text, cost)
            continue
        for derivative, factor in factors:
            if ratio(value * factor, true, bench.tolerance) is not None:
                whole = f"{bracketed(text, PRODUCT)} * {factor_text(derivative.text)}"
                yield from _as_variant(bench, whole, cost + 0.5 * derivative.cost)


def _products(bench: Bench, true: Any) -> Iterator[tuple[str, Any, float]]:
    turned = [t for v in values(bench) for t in _turned(v)]
    for left in turned:
        for right in turned:
            if left.text.removesuffix(".T") == right.text.removesuffix(".T"):
                continue
            text = _outer(bench, left, right, true)
            if text is None:
                text = _matrix(bench, left, right, true)
            if text is None:
                continue
            try:
                with np.errstate(all="ignore"):
                    value = (
                        np.outer(left.value, right.value)
                        if ".outer(" in text
                        else np.dot(left.value, right.value)
                    )
            except ValueError:
                continue
            cost = 2.0 + 0.3 * (left.near + right.near)
            yield text, value, cost


def _turned(value: Value) -> list[Value]:
    if np.ndim(value.value) != 2:
        return [value] if np.ndim(value.value) == 1 else []
    turned = Value(f"{bracketed(value.text, ATOM)}.T", value.value.T, value.near + 0.1)
    return [value, turned]


def _matrix(bench: Bench, left: Value, right: Value, true: Any) -> str | None:
    a, b = left.value, right.value
    if a.shape[-1] != (b.shape[0] if b.ndim == 1 else b.shape[-2]):
        return None
    shape = (*a.shape[:-1], *b.shape[1:])
    if shape != true.shape or a.size * (b.size // max(1, b.shape[0])) > LARGEST:
        return None
    return write_product(bench, left.text, right.text)


def _outer(bench: Bench, left: Value, right: Value, true: Any) -> str | None:
    numpy = bench.alias("numpy")
    if left.value.ndim == right.value.ndim == 1 and true.ndim == 2 and numpy is not None:
        if true.shape == (left.value.size, right.value.size):
            return f"{numpy}.outer({left.text}, {right.text})"
    return None


def write_product(bench: Bench, left: str, right: str) -> str:
    """A product of arrays in the style that the expression, or else the file, is written in."""
    text, numpy = bench.site.text, bench.alias("numpy")
    whole = bench.program.files[bench.file]
    for source in (text, whole):
        if " @ " in source:
            return f"{bracketed(left, PRODUCT)} @ {bracketed(right, UNARY)}"
        if numpy is not None and f"{numpy}.dot(" in source:
            return f"{numpy}.dot({left}, {right})"
        if numpy is not None and f"{numpy}.matmul(" in source:
            return f"{numpy}.matmul({left}, {right})"
        if ".dot(" in source:
            return f"{bracketed(left, ATOM)}.dot({right})"
        if "matmul(" in source and numpy is None:
            return f"matmul({left}, {right})"
        if "dot(" in source and numpy is None:
            return f"dot({left}, {right})"
    return f"{bracketed(left, PRODUCT)} @ {bracketed(right, UNARY)}"


def products(bench: Bench, known: list[Slope]) -> Iterator[Variant]:
    """Values in scope multiplied one by one: two of them, a difference, each times a derivative."""
    true = np.asarray(bench.instances[0].true, dtype=float)
    factors = _derivative_values(bench, known)
    near = [v for v in values(bench) if _into(np.shape(v.value), true.shape)]
    terms: list[tuple[str, Any, float]] = [(v.text, v.value, 1.6 + 0.3 * v.near) for v in near]
    same = [v for v in near if v.value.shape == true.shape][:16]
    terms += [
        (f"{a.text} - {b.text}", a.value - b.value, 2.2 + 0.3 * (a.near + b.near))
        for a in same
        for b in same
        if a is not b
    ]
    terms += [
        (f"{_factor(a.text)} * {_factor(b.text)}", a.value * b.value, 2.2 + 0.3 * (a.near + b.near))
        for k, a in enumerate(near[:24])
        for b in near[k + 1 : 24]
        if _together(a.value, b.value, true.shape)
    ]
    for text, value, cost in terms:
        if np.shape(value) == true.shape and ratio(value, true, bench.tolerance) is not None:
            yield from _as_variant(bench, text, cost)
            continue
        for derivative, factor in factors:
            if ratio(value * factor, true, bench.tolerance) is not None:
                whole = f"{_factor(text)} * {factor_text(derivative.text)}"
                yield from _as_variant(bench, whole, cost + 0.5 * derivative.cost)


def _factor(text: str) -> str:
    return bracketed(text, PRODUCT)


def _into(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, whole) == whole
    except ValueError:
        return False


def _together(a: Any, b: Any, shape: tuple[int, ...]) -> bool:
    return bool(np.broadcast_shapes(a.shape, b.shape) == shape)


def _derivative_values(bench: Bench, known: list[Slope]) -> list[tuple[Slope, Any]]:
    found = []
    for each in known[:MOST_SLOPES]:
        value = bench.value_or_none(each.tree)
        if value is not None:
            found.append((each, np.asarray(value, dtype=float)))
    return found


def _as_variant(bench: Bench, text: str, cost: float) -> Iterator[Variant]:
    found = swap(bench, bench.tree, text, "chain", cost)
    if found is not None:
        yield found


def operand_products(bench: Bench, known: list[Slope]) -> Iterator[Variant]:
    """One value of the expression times another value in scope, or divided by it."""
    true = np.asarray(bench.instances[0].true, dtype=float)
    value = bench.value_or_none(bench.tree)
    if value is None or isinstance(bench.tree, ast.Name):
        return
    value = np.asarray(value, dtype=float)
    body = f"({bench.source.segment(bench.tree)})"
    if isinstance(bench.tree, ast.Call) or _binds(bench.tree):
        body = body[1:-1]
    for each in values(bench):
        for sign, result in ((" * ", value * each.value if _ok(value, each) else None),):
            if result is None or result.shape != true.shape:
                continue
            if ratio(result, true, bench.tolerance) is not None:
                whole = f"{body}{sign}{_factor(each.text)}"
                yield from _as_variant(bench, whole, 1.7 + 0.3 * each.near)


def _binds(tree: ast.expr) -> bool:
    return isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult | ast.MatMult)


def _ok(value: Any, other: Value) -> bool:
    try:
        np.broadcast_shapes(value.shape, other.value.shape)
    except ValueError:
        return False
    return True
