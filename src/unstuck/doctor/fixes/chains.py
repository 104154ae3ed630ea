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
SAMPLED = 24  # entries on which a product is screened
LARGEST = 30_000_000  # multiplications for one trial product


@dataclass(frozen=True, slots=True)
class Value:
    """A text and what it means at the first instance."""

    text: str
    value: Any
    near: float  # 0 (written here) to 1


@dataclass(frozen=True, slots=True)
class Screen:
    """Some entries of the true value, and of every derivative that could be a factor."""

    shape: tuple[int, ...]
    places: tuple[Any, ...]
    true: Any
    slopes: list[tuple[Slope, Any]]

    def entries(self, value: Any) -> Any:
        """The same entries of a value that can be broadcast to the shape."""
        return np.broadcast_to(value, self.shape)[self.places]

    def factors(self, entries: Any) -> Iterator[Slope | None]:
        """What makes entries right: nothing more (None), or a derivative.

        Where a derivative hardly varies both may seem so; the other instances decide.
        """
        if _proportional(entries, self.true):
            yield None
            if _proportional(entries, self.true, 1e-7):
                return
        for slope, values in self.slopes:
            if _proportional(entries * values, self.true):
                yield slope


def screen(bench: Bench, pool: list[Slope]) -> Screen:
    """The screen of a bench's first instance."""
    true = np.asarray(bench.instances[0].true, dtype=float)
    flat = true.ravel()
    some, zeros = np.flatnonzero(flat), np.flatnonzero(flat == 0)
    chosen = np.concatenate(
        [some[:: max(1, some.size // SAMPLED)][:SAMPLED], zeros[:: max(1, zeros.size // 6)][:6]]
    )
    places = np.unravel_index(chosen, true.shape) if true.ndim else ()
    found = Screen(true.shape, places, true[places], [])
    for slope in pool[:MOST_SLOPES]:
        value = bench.value_or_none(slope.tree)
        if value is not None and _into(np.shape(value), true.shape):
            found.slopes.append((slope, found.entries(np.asarray(value, dtype=float))))
    return found


def _proportional(values: Any, true: Any, tolerance: float = 1e-3) -> bool:
    found = ratio(values, true, tolerance)
    return found is not None and not np.isnan(found)


def values(bench: Bench) -> list[Value]:
    """The values in scope that may take part."""
    texts = bench.texts[:MOST_VALUES]
    return [
        Value(text, np.asarray(bench.first(text), dtype=float), k / max(1, len(texts)))
        for k, text in enumerate(texts)
        if np.asarray(bench.first(text)).dtype.kind in "fiub"
    ]


def sums_of_products(bench: Bench, seen: Screen) -> Iterator[Variant]:
    """A product of two arrays in scope (either one transposed), perhaps times a derivative."""
    if not seen.shape:
        return
    for text, value, cost in _products(bench, seen.shape):
        yield from _with_factors(bench, seen, text, seen.entries(value), cost)


def _with_factors(
    bench: Bench, seen: Screen, text: str, entries: Any, cost: float
) -> Iterator[Variant]:
    for slope in seen.factors(entries):
        if slope is None:
            yield from _as_variant(bench, text, cost)
        else:
            whole = f"{bracketed(text, PRODUCT)} * {factor_text(slope.text)}"
            yield from _as_variant(bench, whole, cost + 0.5 * slope.cost)


def _products(bench: Bench, shape: tuple[int, ...]) -> Iterator[tuple[str, Any, float]]:
    turned = [t for v in values(bench) for t in _turned(v)]
    for left in turned:
        for right in turned:
            if left.text.removesuffix(".T") == right.text.removesuffix(".T"):
                continue
            text = _outer(bench, left, right, shape)
            if text is None:
                text = _matrix(bench, left, right, shape)
            if text is None:
                continue
            multiply = np.outer if ".outer(" in text else np.dot
            with np.errstate(all="ignore"):
                value = multiply(left.value, right.value)
            yield text, value, 2.0 + 0.3 * (left.near + right.near)


def _turned(value: Value) -> list[Value]:
    if np.ndim(value.value) != 2:
        return [value] if np.ndim(value.value) == 1 else []
    turned = Value(f"{bracketed(value.text, ATOM)}.T", value.value.T, value.near + 0.1)
    return [value, turned]


def _matrix(bench: Bench, left: Value, right: Value, true: tuple[int, ...]) -> str | None:
    a, b = left.value, right.value
    if a.shape[-1] != (b.shape[0] if b.ndim == 1 else b.shape[-2]):
        return None
    shape = (*a.shape[:-1], *b.shape[1:])
    if shape != true or a.size * (b.size // max(1, b.shape[0])) > LARGEST:
        return None
    return write_product(bench, left.text, right.text)


def _outer(bench: Bench, left: Value, right: Value, true: tuple[int, ...]) -> str | None:
    numpy = bench.alias("numpy")
    if left.value.ndim == right.value.ndim == 1 and numpy is not None:
        if true == (left.value.size, right.value.size):
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


def products(bench: Bench, seen: Screen) -> Iterator[Variant]:
    """Values in scope multiplied one by one: two of them, a difference, each times a derivative."""
    near = [
        (v, seen.entries(v.value)) for v in values(bench) if _into(np.shape(v.value), seen.shape)
    ]
    for v, entries in near:
        if v.value.shape == seen.shape:
            yield from _with_factors(bench, seen, v.text, entries, 1.6 + 0.3 * v.near)
    same = [(v, entries) for v, entries in near if v.value.shape == seen.shape][:16]
    for a, first in same:
        for b, second in same:
            if a is not b:
                cost = 2.2 + 0.3 * (a.near + b.near)
                text = f"{a.text} - {b.text}"
                yield from _with_factors(bench, seen, text, first - second, cost)
    for k, (a, first) in enumerate(near[:24]):
        for b, second in near[k + 1 : 24]:
            if _together(a.value, b.value, seen.shape):
                cost = 2.2 + 0.3 * (a.near + b.near)
                text = f"{_factor(a.text)} * {_factor(b.text)}"
                yield from _with_factors(bench, seen, text, first * second, cost)


def _factor(text: str) -> str:
    return bracketed(text, PRODUCT)


def _into(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, whole) == whole
    except ValueError:
        return False


def _together(a: Any, b: Any, shape: tuple[int, ...]) -> bool:
    try:
        return bool(np.broadcast_shapes(a.shape, b.shape) == shape)
    except ValueError:
        return False


def _as_variant(bench: Bench, text: str, cost: float) -> Iterator[Variant]:
    found = swap(bench, bench.tree, text, "chain", cost)
    if found is not None:
        yield found


def operand_products(bench: Bench, seen: Screen) -> Iterator[Variant]:
    """The expression times another value in scope."""
    value = bench.value_or_none(bench.tree)
    if value is None or isinstance(bench.tree, ast.Name):
        return
    value = np.asarray(value, dtype=float)
    body = bracketed(bench.source.segment(bench.tree), PRODUCT)
    for each in values(bench):
        if _together(value, each.value, seen.shape):
            entries = seen.entries(value) * seen.entries(each.value)
            if _proportional(entries, seen.true):
                text = f"{body} * {_factor(each.text)}"
                yield from _as_variant(bench, text, 1.7 + 0.3 * each.near)
