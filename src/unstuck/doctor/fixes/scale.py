"""An expression that is right but for a number: the text of that number, if the place has one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from unstuck.doctor.fixes.bench import Bench
from unstuck.doctor.fixes.interpret import CannotEvaluate
from unstuck.doctor.fixes.places import ATOM, PRODUCT, bracketed, expression
from unstuck.doctor.fixes.variants import Variant, segment, swap

PLAIN = (2.0, 0.5, 4.0, 0.25, 3.0)


def rescaled(bench: Bench, tree: ast.expr, factor: float) -> Iterator[Variant]:
    """The whole times or over a number in scope, so that its factor becomes the wanted one."""
    wanted = 1.0 if bench.factor is None else bench.factor
    share = wanted / factor
    if share <= 0 or abs(share - 1) < 1e-6:
        return
    base = segment(bench, tree)
    for number, (text, value) in enumerate(numbers_in_scope(bench)):
        for symbol, times in (("/", 1 / value), ("*", value)):
            if abs(times / share - 1) < 1e-6:
                operand = bracketed(text, ATOM if symbol == "/" else PRODUCT + 1)
                changed = f"{bracketed(base, PRODUCT)} {symbol} {operand}"
                found = swap(bench, tree, changed, "scale", 1.0 + 0.02 * number)
                if found is not None:
                    yield found


def numbers_in_scope(bench: Bench) -> Iterator[tuple[str, float]]:
    """Numbers that can be written at the place: names, lengths of arrays, small numbers."""
    first = bench.instances[0]
    shapes: list[tuple[str, int]] = []
    for text in dict.fromkeys([*first.numbers, *bench.texts]):
        value: Any = bench.first(text)
        if np.ndim(value) == 0:
            if _usable(value):
                yield text, float(value)
        else:
            base = bracketed(text, ATOM)
            shapes += [(f"{base}.shape[{axis}]", size) for axis, size in enumerate(value.shape)]
    for text in bench.interpreter.names[bench.file].constants:
        try:
            value = bench.value(expression(text), first)
        except CannotEvaluate:
            continue
        if np.ndim(value) == 0 and _usable(value):
            yield text, float(value)
    yield from ((text, float(size)) for text, size in shapes if size > 1)
    yield from ((f"{number:g}", number) for number in PLAIN)


def _usable(value: Any) -> bool:
    if isinstance(value, bool | str) or not isinstance(value, int | float | np.number | np.ndarray):
        return False
    return not np.iscomplexobj(value) and bool(np.isfinite(value)) and float(value) != 0.0
