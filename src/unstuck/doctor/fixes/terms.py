"""Operands that are no names: a value for a whole call, and what was to be subtracted from one.

``X.T @ predict(X)`` becomes ``X.T @ error`` where that is in scope, or ``X.T @ (predict(X) - y)``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from unstuck.doctor.fixes.bench import Bench
from unstuck.doctor.fixes.places import PRODUCT, bracketed
from unstuck.doctor.fixes.variants import Variant, in_derivative, leaves, segment, swap

ARRAYS_OF_NUMPY = {"dot", "matmul", "outer", "inner", "einsum", "tensordot", "multiply", "sum"}


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
            if np.shape(bench.first(text)) == shape and text != segment(bench, part):
                cost = 1.3 + 0.3 * number / len(bench.texts)
                new = f"{own} - {bracketed(text, PRODUCT)}"
                if (found := swap(bench, part, new, "operand", cost)) is not None:
                    yield found


def _calls(bench: Bench) -> Iterator[ast.Call]:
    """Calls within the expression that are no products of arrays."""
    for part in bench.nodes():
        if not isinstance(part, ast.Call) or part is bench.tree:
            continue
        name = getattr(part.func, "attr", None) or getattr(part.func, "id", "")
        if name not in ARRAYS_OF_NUMPY:
            yield part
