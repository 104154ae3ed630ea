"""Changes of an index that the tape cannot judge, because it does not know what a list holds.

They are proposed only where some recorded value, put in the item's place, would be right.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from unstuck.doctor.fixes.bench import Bench, Instance, ratio
from unstuck.doctor.fixes.interpret import CannotEvaluate
from unstuck.doctor.fixes.places import expression
from unstuck.doctor.fixes.variants import Variant, leaves, put, segment, swap

MOST_NODES = 600


def shifted(bench: Bench) -> Iterator[Variant]:
    """Items of lists and dictionaries at the neighbouring index."""
    for leaf in leaves(bench):
        if not isinstance(leaf, ast.Subscript) or isinstance(leaf.slice, ast.Slice | ast.Tuple):
            continue
        texts = list(_indices(bench, leaf.slice))
        if not texts or not _could_be(bench, leaf):
            continue
        for number, text in enumerate(texts):
            found = swap(bench, leaf.slice, text, "operand", 1.0 + 0.1 * number)
            if found is not None:
                yield found


def _indices(bench: Bench, index: ast.expr) -> Iterator[str]:
    """The index one less and one more; the same counted from the end."""
    match index:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=ast.Constant(value=1)):
            base = segment(bench, left)
            yield base
            yield f"{base} {'-' if isinstance(op, ast.Add) else '+'} 1"
        case ast.Name() | ast.Attribute() | ast.BinOp():
            base = segment(bench, index)
            yield f"{base} - 1"
            yield f"{base} + 1"
            yield f"-{base}" if isinstance(index, ast.Name) else f"-({base})"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            base = segment(bench, operand)
            yield f"-{base} - 1"
            yield f"-{base} + 1"
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            yield str(value - 1)
            yield str(value + 1)


def _could_be(bench: Bench, leaf: ast.expr) -> bool:
    """True if at every instance some value on the tape makes the expression right there."""
    stand_in = expression("__value__")
    tree = put(bench, leaf, stand_in)
    return all(_some_value(bench, tree, instance) for instance in bench.instances[:3])


def _some_value(bench: Bench, tree: ast.expr, instance: Instance) -> bool:
    shape = np.shape(instance.true)
    tried: set[int] = set()
    env = instance.env
    names = env.names
    for index in range(instance.node.index - 1, max(-1, instance.node.index - MOST_NODES), -1):
        value = instance.of(index, bench.tape)
        if np.ndim(value) > 2 or id(value) in tried or not _related(np.shape(value), shape):
            continue
        tried.add(id(value))
        env.names = {**names, "__value__": value}
        try:
            found = ratio(bench.value(tree, instance), instance.true, bench.tolerance)
        except CannotEvaluate:
            found = None
        finally:
            env.names = names
        if found is not None and not np.isnan(found):
            return True
    return False


def _related(shape: tuple[int, ...], true: tuple[int, ...]) -> bool:
    return not true or bool(set(shape) & set(true)) or not shape
