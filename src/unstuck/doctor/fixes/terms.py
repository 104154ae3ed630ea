"""Operands that are no names: a value for a whole call, a difference for another operation.

``X.T @ predict(X)`` becomes ``X.T @ error`` where that is in scope, or ``X.T @ (predict(X) - y)``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import permutations

import numpy as np

from unstuck.doctor.fixes.bench import Bench
from unstuck.doctor.fixes.places import PRODUCT, SUM, bracketed
from unstuck.doctor.fixes.variants import Variant, in_derivative, leaves, segment, swap

ARRAYS_OF_NUMPY = {"dot", "matmul", "outer", "inner", "einsum", "tensordot", "multiply", "sum"}

MOST_OPERANDS = 12


def instead_of_calls(bench: Bench) -> Iterator[Variant]:
    """A value in scope for a call that makes one."""
    for call in _calls(bench):
        kind = "factor_wrong" if in_derivative(bench, call) else "operand"
        for number, text in enumerate(bench.texts):
            cost = 1.1 + 0.3 * number / len(bench.texts)
            if (found := swap(bench, call, text, kind, cost)) is not None:
                yield found


def differences(bench: Bench) -> Iterator[Variant]:
    """A value less another of its shape: an output whose label was left out."""
    for part in [*leaves(bench), *_calls(bench)]:
        value = bench.value_or_none(part)
        if not isinstance(value, np.ndarray | np.generic | float):
            continue
        shape = np.shape(value)
        own = bracketed(segment(bench, part), PRODUCT)
        for number, text in enumerate(bench.texts):
            if _is_as_large(bench.first(text), shape) and text != segment(bench, part):
                cost = 1.3 + 0.3 * number / len(bench.texts)
                new = f"{own} - {bracketed(text, PRODUCT)}"
                if (found := swap(bench, part, new, "operand", cost)) is not None:
                    yield found


def errors(bench: Bench) -> Iterator[Variant]:
    """A difference of two values as large as what is wanted: most deltas of an output are one."""
    shape = np.shape(bench.instances[0].true)
    parts = [bench.source.segment(part) for part in bench.nodes() if part is not bench.tree]
    values = [part for part in bench.nodes() if part is not bench.tree]
    inner = [
        text
        for text, part in zip(parts, values, strict=True)
        if _is_as_large(bench.value_or_none(part), shape)
    ]
    outer = [text for text in bench.texts if _is_as_large(bench.first(text), shape)]
    pool = list(dict.fromkeys([*inner, *outer]))[:MOST_OPERANDS]
    for first, second in permutations(pool, 2):
        text = f"{bracketed(first, SUM)} - {bracketed(second, PRODUCT)}"
        cost = 1.6 + 0.02 * (pool.index(first) + pool.index(second))
        if (found := swap(bench, bench.tree, text, "delta", cost)) is not None:
            yield found


def _is_as_large(value: object, shape: tuple[int, ...]) -> bool:
    """True for numbers of a shape; a list of arrays has none."""
    return isinstance(value, np.ndarray | np.generic | float) and np.shape(value) == shape


def _calls(bench: Bench) -> Iterator[ast.Call]:
    """Calls within the expression that are no products of arrays."""
    for part in bench.nodes():
        if not isinstance(part, ast.Call) or part is bench.tree:
            continue
        name = getattr(part.func, "attr", None) or getattr(part.func, "id", "")
        if name not in ARRAYS_OF_NUMPY:
            yield part
