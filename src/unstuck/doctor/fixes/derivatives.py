"""The derivative of an activation, as the program at hand could write it.

Its own helper functions come first (``dtanh(z)``, ``sigmoid(a, deriv=True)``), applied to every
value in scope; then printed formulas. Which of them is meant, the recorded values decide.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from unstuck.doctor.fixes.bench import Bench
from unstuck.doctor.fixes.functions import Own
from unstuck.doctor.fixes.interpret import CannotEvaluate
from unstuck.doctor.fixes.places import ATOM, PRODUCT, UNARY, bracketed, expression
from unstuck.doctor.fixes.variants import (
    Variant,
    factors,
    leaves,
    put,
    replace_all,
    segment,
    swap,
)

MOST_VALUES = 14
# {v}: the value; {m}, {u}, {a}: the same as an operand of a product, a sign, a power.
FORMULAS: tuple[tuple[str, float], ...] = (
    ("{m} * (1 - {m})", 1.0),
    ("1 - {a} ** 2", 1.0),
    ("{v} > 0", 1.0),
    ("1 - {np}.tanh({v}) ** 2", 1.2),
    ("{np}.exp(-{u}) / (1 + {np}.exp(-{u})) ** 2", 1.4),
    ("{np}.where({v} > 0, 1, 0.01)", 1.3),
    ("{np}.where({v} > 0, 1, 0.1)", 1.4),
    ("{np}.where({v} > 0, 1, 0.2)", 1.4),
    ("{np}.where({v} > 0, 1, {np}.exp({v}))", 1.4),
    ("1 / (1 + {np}.exp(-{u}))", 1.4),
    ("{np}.cos({v})", 1.4),
    ("{np}.exp({v})", 1.4),
    ("2 * {m}", 1.4),
    ("1 - {m}", 1.5),
)
HELPED = (("{h} * (1 - {h})", 1.3), ("1 - {h} ** 2", 1.3))


@dataclass(frozen=True, slots=True)
class Slope:
    """One possible derivative: its text, its tree and how far-fetched it is."""

    text: str
    tree: ast.expr
    cost: float


def slopes(bench: Bench, shape: tuple[int, ...]) -> list[Slope]:
    """Expressions of the wanted shape that could be an activation's derivative."""
    found: list[Slope] = []
    helpers = _helpers(bench)
    module = bench.alias("numpy") or bench.alias("math")
    for number, text in enumerate(_values(bench, shape)):
        near = 0.02 * number
        names = {
            "v": text,
            "u": bracketed(text, UNARY),
            "m": bracketed(text, PRODUCT),
            "a": bracketed(text, ATOM),
            "np": module or "",
        }
        for call, cost in helpers:
            applied = call.format(text)
            found.append(_slope(applied, 0.8 + cost + near))
            for pattern, extra in HELPED:
                found.append(_slope(pattern.format(h=applied), extra + near))
        for pattern, cost in FORMULAS:
            if "{np}" in pattern and (module is None or ("where" in pattern and module == "math")):
                continue
            found.append(_slope(pattern.format(**names), cost + near))
    return [slope for slope in found if _shaped(bench, slope, shape)]


@lru_cache(maxsize=4096)
def _slope(text: str, cost: float) -> Slope:
    return Slope(text, expression(text), cost)


def _values(bench: Bench, shape: tuple[int, ...]) -> list[str]:
    """Texts of values of a shape, or of its transpose."""
    found: list[str] = []
    for text in bench.texts:
        value = bench.first(text)
        if isinstance(value, bool | int | np.integer):
            continue
        if np.shape(value) == shape:
            found.append(text)
        if len(shape) == 2 and np.shape(value) == shape[::-1] and np.size(value) > 1:
            found.append(f"{bracketed(text, ATOM)}.T")
    return found[:MOST_VALUES]


def _helpers(bench: Bench) -> list[tuple[str, float]]:
    """Calls of own functions with one array left open, and their extra cost."""
    found: list[tuple[str, float]] = []
    around = bench.site.function.split(".")
    for name in bench.interpreter.helpers(bench.file, bench.site.function):
        own = bench.interpreter.function(name, bench.file, bench.site.function)
        if own is None or own.name in around or own.required > 2 or not own.positional:
            continue
        if own.required <= 1:
            found.append((f"{name}({{0}})", 0.0))
        found += [(f"{name}({{0}}, {text})", 0.01) for text in _options(bench, own)]
    return found[:24]


def _options(bench: Bench, own: Own) -> list[str]:
    """Second arguments that switch a helper over: as the program gives them, or by their name."""
    found = dict.fromkeys([*_written(bench), *_seen_options(bench, own.name)][:5])
    spec = own.node.args
    arguments = spec.args[len(spec.args) - len(spec.defaults) :]
    if not any("True" in text for text in found):
        found |= {
            f"{argument.arg}=True": None
            for argument, default in zip(arguments, spec.defaults, strict=True)
            if isinstance(default, ast.Constant) and default.value is False
        }
    return list(found) if len(own.positional) > 1 else []


def _written(bench: Bench) -> list[str]:
    """What the expression itself hands on as a second argument (``activation``)."""
    return [
        segment(bench, part.args[1])
        for part in bench.nodes()
        if isinstance(part, ast.Call)
        and len(part.args) == 2
        and not isinstance(part.args[0], ast.Constant)
        and segment(bench, part.args[1]) not in bench.texts
        and bench.interpreter.function(segment(bench, part.func), bench.file, bench.site.function)
    ]


def _seen_options(bench: Bench, name: str) -> list[str]:
    found: dict[str, None] = {}
    for node in bench.calls():
        called = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
        rest = [*node.args[1:2], *(word.value for word in node.keywords[:1])]
        if called == name and len(rest) == 1 and isinstance(rest[0], ast.Constant):
            word = f"{node.keywords[0].arg}=" if node.keywords else ""
            found[f"{word}{ast.unparse(rest[0])}"] = None
    return list(found)


def _shaped(bench: Bench, slope: Slope, shape: tuple[int, ...]) -> bool:
    """True if it can be evaluated at the first instance, and has the right shape."""
    bench.keep(slope.tree)
    try:
        value = bench.value(slope.tree, bench.instances[0])
    except CannotEvaluate:
        return False
    if not isinstance(value, np.ndarray | np.generic | float | int) or np.shape(value) != shape:
        return False
    return np.size(value) == 1 or bool(np.ptp(np.asarray(value, dtype=float)) > 0)


def with_slopes(bench: Bench, pool: list[Slope]) -> Iterator[Variant]:
    """A derivative multiplied to the whole, or in the place of one or two factors."""
    for slope in pool:
        yield from _times(bench, bench.tree, slope, slope.cost)
    parts = factors(bench)
    if len(parts) > 1:
        for part in parts:
            for slope in pool:
                yield from _instead(bench, part, slope, slope.cost + 0.1)
        for first, second in pairwise(parts):
            for slope in pool:
                found = _pair(bench, first, second, slope)
                if found is not None:
                    yield found
    yield from _inside(bench, pool)


def _inside(bench: Bench, pool: list[Slope]) -> Iterator[Variant]:
    """The same in an operand of a product of arrays or of a sum: ``np.dot(dz * (1 - a), w.T)``."""
    pools: dict[tuple[int, ...], list[Slope]] = {np.shape(bench.instances[0].true): pool}
    outer = {id(part) for part in factors(bench)} | {id(bench.tree)}
    places = [(part, "instead") for part in _inner_factors(bench) if id(part) not in outer]
    places += [(leaf, "times") for leaf in leaves(bench) if leaf is not bench.tree]
    for part, how in places:
        value = bench.value_or_none(part)
        if not isinstance(value, np.ndarray | np.generic | float):
            continue
        shape = np.shape(value)
        if shape not in pools:
            pools[shape] = slopes(bench, shape)
        for slope in pools[shape]:
            if how == "instead":
                yield from _instead(bench, part, slope, slope.cost + 0.3)
            else:
                yield from _times(bench, part, slope, slope.cost + 0.5)


def _inner_factors(bench: Bench) -> Iterator[ast.expr]:
    for part in bench.nodes():
        parent, _, _ = bench.parents.get(id(part), (None, "", None))
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mult):
            if not isinstance(part, ast.Constant):
                yield part


def _times(bench: Bench, part: ast.expr, slope: Slope, cost: float) -> Iterator[Variant]:
    text = f"{bracketed(segment(bench, part), PRODUCT)} * {factor_text(slope.text)}"
    found = swap(bench, part, text, "factor_missing", cost)
    if found is not None:
        tree = put(bench, part, ast.BinOp(part, ast.Mult(), slope.tree))
        yield Variant(tree, found.pieces, found.kind, found.cost)


def _instead(bench: Bench, part: ast.expr, slope: Slope, cost: float) -> Iterator[Variant]:
    found = swap(bench, part, slope.text, "factor_wrong", cost)
    if found is not None:
        yield Variant(put(bench, part, slope.tree), found.pieces, found.kind, found.cost)


def _pair(bench: Bench, first: ast.expr, second: ast.expr, slope: Slope) -> Variant | None:
    """One derivative in the place of two factors: the first replaced, the second left out."""
    above = bench.parents.get(id(second))
    if above is None or above[1] != "right":
        return None
    product = above[0]
    if not (isinstance(product, ast.BinOp) and isinstance(product.op, ast.Mult)):
        return None
    one = swap(bench, first, factor_text(slope.text), "factor_wrong", slope.cost + 0.3)
    if one is None:
        return None
    tree = replace_all(put(bench, product, product.left), {id(first)}, slope.tree)
    start, end, text = one.pieces[0]
    stop = bench.source.extent(product)[1]
    if not start < end <= stop:
        return None
    return Variant(tree, ((start, stop, text),), "factor_wrong", one.cost)


def factor_text(text: str) -> str:
    """A derivative as a factor: products stay as they are, sums get parentheses."""
    return bracketed(text, PRODUCT)
