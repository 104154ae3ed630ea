"""Replacements built from the chain rule: products of values in scope, times a derivative."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.doctor.fixes.bench import Bench, ratio
from unstuck.doctor.fixes.derivatives import Slope, factor_text
from unstuck.doctor.fixes.interpret import CannotEvaluate
from unstuck.doctor.fixes.places import ATOM, PRODUCT, bracketed, expression
from unstuck.doctor.fixes.variants import Variant, swap

SAMPLED = 24  # entries on which a product is screened
MOST_PRODUCTS = 240
MOST_VALUES = 30


@dataclass(frozen=True, slots=True)
class Term:
    """A product of values in scope: text, tree, value at the first instance, cost."""

    text: str
    tree: ast.expr
    value: Any
    cost: float


def chains(bench: Bench, pool: list[Slope]) -> Iterator[Variant]:
    """Values in scope, products of two of them and sums of one, times a derivative or not."""
    true = np.asarray(bench.instances[0].true, dtype=float)
    places = _entries(true)
    wanted = true.ravel()[places]
    slopes = [(slope, _sampled(bench, slope.tree, places)) for slope in pool]
    for term in _terms(bench, true.shape):
        values = _flat(term.value, places)
        if values is None:
            continue
        if _proportional(values, wanted):
            yield from _variant(bench, term.text, term.cost)
        for slope, factors in slopes:
            if factors is not None and _proportional(values * factors, wanted):
                text = f"{bracketed(term.text, PRODUCT)} * {factor_text(slope.text)}"
                yield from _variant(bench, text, term.cost + slope.cost)


def _variant(bench: Bench, text: str, cost: float) -> Iterator[Variant]:
    found = swap(bench, bench.tree, text, "chain", cost)
    if found is not None:
        yield found


def _entries(true: Any) -> Any:
    """Places of some entries, zeros and others."""
    flat = true.ravel()
    if flat.size <= SAMPLED:
        return np.arange(flat.size)
    some = np.flatnonzero(flat)
    spread = some[:: max(1, some.size // (SAMPLED - 6))][: SAMPLED - 6]
    zeros = np.flatnonzero(flat == 0)
    return np.concatenate([spread, zeros[:: max(1, zeros.size // 6)][:6]])


def _sampled(bench: Bench, tree: ast.expr, places: Any) -> Any:
    try:
        return _flat(bench.value(tree, bench.instances[0]), places)
    except CannotEvaluate:
        return None


def _flat(value: Any, places: Any) -> Any:
    try:
        flat = np.asarray(value, dtype=float).ravel()
    except (TypeError, ValueError):
        return None
    return flat[places] if flat.size > places.max(initial=-1) else None


def _proportional(values: Any, wanted: Any) -> bool:
    with np.errstate(all="ignore"):
        found = ratio(values, wanted, 1e-3)
    return found is not None and not np.isnan(found)


def _terms(bench: Bench, shape: tuple[int, ...]) -> Iterator[Term]:
    values = _values(bench)
    for number, (text, value) in enumerate(values):
        if np.shape(value) == shape:
            yield Term(text, expression(text), value, 1.4 + 0.01 * number)
    yield from _sums(bench, values, shape)
    count = 0
    for term in _products(bench, values, shape):
        count += 1
        if count > MOST_PRODUCTS:
            return
        yield term


def _values(bench: Bench) -> list[tuple[str, Any]]:
    found = [(text, bench.first(text)) for text in bench.texts]
    return [
        (text, value)
        for text, value in found
        if not isinstance(value, bool | int | np.integer) and np.size(value)
    ][:MOST_VALUES]


def _sums(bench: Bench, values: list[tuple[str, Any]], shape: tuple[int, ...]) -> Iterator[Term]:
    numpy = bench.alias("numpy")
    if numpy is None:
        return
    for number, (text, value) in enumerate(values):
        for axis in range(np.ndim(value)):
            for options in (f"axis={axis}", f"axis={axis}, keepdims=True"):
                summed = np.sum(np.asarray(value, dtype=float), axis, keepdims="keep" in options)
                if np.shape(summed) == shape and np.size(value) > np.size(summed):
                    call = f"{numpy}.sum({text}, {options})"
                    yield Term(call, expression(call), summed, 1.6 + 0.01 * number)


def _products(
    bench: Bench, values: list[tuple[str, Any]], shape: tuple[int, ...]
) -> Iterator[Term]:
    """Products whose shape is the wanted one, nearest operands first."""
    template = product_style(bench)
    count = range(len(values))
    for i, j in sorted(((i, j) for i in count for j in count), key=sum):
        (first, a), (second, b) = values[i], values[j]
        cost = 1.8 + 0.01 * (i + j)
        if i < j and np.shape(a) == shape == np.shape(b):
            text = f"{bracketed(first, PRODUCT)} * {bracketed(second, PRODUCT)}"
            yield from _made(bench, text, cost)
        if template is None or i == j or not np.ndim(a) or not np.ndim(b):
            continue
        for left, right, result in _shapes(first, second, np.shape(a), np.shape(b)):
            if result == shape:
                yield from _made(bench, in_style(template, left, right), cost)
        if np.ndim(a) == np.ndim(b) == 1 and (np.size(a), np.size(b)) == shape:
            numpy = bench.alias("numpy")
            yield from _made(bench, f"{numpy}.outer({first}, {second})", cost)


def _made(bench: Bench, text: str, cost: float) -> Iterator[Term]:
    tree = expression(text)
    try:
        yield Term(text, tree, bench.value(tree, bench.instances[0]), cost)
    except CannotEvaluate:
        return


def _shapes(
    first: str, second: str, a: tuple[int, ...], b: tuple[int, ...]
) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Products of two values, transposed or not, that exist, with their shapes."""
    if len(a) > 2 or len(b) > 2:
        return
    for left, p in _turned(first, a):
        for right, q in _turned(second, b):
            if p[-1] == (q[-2] if len(q) == 2 else q[0]):
                yield left, right, (*p[:-1], *(q[1:] if len(q) == 2 else ()))


def _turned(text: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield text, shape
    if len(shape) == 2:
        yield f"{bracketed(text, ATOM)}.T", shape[::-1]


def product_style(bench: Bench) -> str | None:
    """How the program multiplies matrices, None where it has no NumPy."""
    numpy = bench.alias("numpy")
    if numpy is None:
        return None
    text = "\n".join(bench.program.files.values())
    counts = {
        "{0} @ {1}": len(re.findall(r"\s@\s", text)),
        f"{numpy}.dot({{0}}, {{1}})": text.count(f"{numpy}.dot("),
        f"{numpy}.matmul({{0}}, {{1}})": text.count(f"{numpy}.matmul("),
        "{0}.dot({1})": text.count(".dot(") - text.count(f"{numpy}.dot("),
    }
    best = max(counts, key=lambda style: counts[style])
    return best if counts[best] else f"{numpy}.dot({{0}}, {{1}})"


def in_style(template: str, left: str, right: str) -> str:
    """Two texts multiplied as a style has it."""
    if template.startswith("{0}."):
        left = bracketed(left, ATOM)
    elif "@" in template:
        left, right = bracketed(left, PRODUCT), bracketed(right, PRODUCT + 1)
    return template.format(left, right)
