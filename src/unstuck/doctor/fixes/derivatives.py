"""Derivatives of activations, as a person would write them with what is in scope.

The program's own helpers come first (``dtanh(z)``, ``sigmoid(a, deriv=True)``), then printed
formulas. Which of them is meant, the recorded values decide.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unstuck.doctor.fixes.bench import Bench
from unstuck.doctor.fixes.functions import Own
from unstuck.doctor.fixes.interpret import CannotEvaluate
from unstuck.doctor.fixes.places import ATOM, POWER, bracketed, expression
from unstuck.doctor.fixes.variants import (
    Variant,
    factors,
    in_derivative,
    leaves,
    put,
    replace_all,
    segment,
    swap,
)

MOST = 400  # derivatives of one shape
MOST_HELPERS = 24


@dataclass(frozen=True, slots=True)
class Derivative:
    """A text that may stand for the derivative of an activation, and its shape."""

    text: str
    shape: tuple[int, ...]
    cost: float


def derivatives(bench: Bench) -> list[Derivative]:
    """Every derivative that can be written with the values in scope, cheapest first."""
    found: list[Derivative] = []
    calls = helper_calls(bench)
    single = _scalar_site(bench)
    for number, text in enumerate(bench.texts):
        value = bench.first(text)
        if np.ndim(value) == 0 and not single:
            continue
        near = 0.2 * number / max(1, len(bench.texts))
        found += [
            Derivative(call.format(text), np.shape(value), cost + near) for call, cost in calls
        ]
        found += [
            Derivative(each, np.shape(value), cost + near) for each, cost in printed(bench, text)
        ]
    found = [d for d in found if _is_factor(bench, d)]
    return sorted(found, key=lambda d: d.cost)[:MOST]


def _scalar_site(bench: Bench) -> bool:
    return np.size(bench.instances[0].true) == 1


def _is_factor(bench: Bench, derivative: Derivative) -> bool:
    """True if it can be evaluated, keeps the shape, and is not constant."""
    try:
        value = np.asarray(bench.value(expression(derivative.text), bench.instances[0]))
    except (CannotEvaluate, SyntaxError):
        return False
    return value.shape == derivative.shape and value.dtype.kind in "fbiu"


def helper_calls(bench: Bench) -> list[tuple[str, float]]:
    """Templates that call the program's own functions of one value, with their cost."""
    found: list[tuple[str, float]] = []
    for name in bench.interpreter.helpers(bench.file, bench.site.function)[:MOST_HELPERS]:
        own = bench.interpreter.function(name, bench.file, bench.site.function)
        if own is None or not own.positional or own.required > 2:
            continue
        flag = _flag(own)
        if own.required <= 1:
            found.append((f"{name}({{0}})", 0.9))
        if flag is not None:
            found.append((f"{name}({{0}}, {flag}=True)", 0.9))
        elif own.required == 2 and not _is_activation_word(own):
            continue
        elif own.required == 2:
            word = _written_word(bench)
            if word is not None:
                found.append((f"{name}({{0}}, {word})", 0.95))
    return found


def _flag(own: Own) -> str | None:
    """The name of a switch: a further argument whose default is False, or that reads as one."""
    names = own.positional
    defaults = own.node.args.defaults
    for name, default in zip(reversed(names[1:]), reversed(defaults), strict=False):
        if isinstance(default, ast.Constant) and default.value is False:
            return name
    if own.required == 2 and len(names) == 2 and names[1][:3] in {"der", "pri", "gra", "bac"}:
        return names[1]
    return None


def _is_activation_word(own: Own) -> bool:
    return len(own.positional) == 2 and own.required == 2


def _written_word(bench: Bench) -> str | None:
    """A text that the expression hands on as a second argument (``activation``)."""
    for part in bench.nodes():
        if isinstance(part, ast.Call) and len(part.args) == 2:
            last = part.args[1]
            if isinstance(last, ast.Name | ast.Attribute) and segment(bench, last) not in bench.texts:
                return segment(bench, last)
            if isinstance(last, ast.Constant) and isinstance(last.value, str):
                return segment(bench, last)
    return None


def printed(bench: Bench, text: str) -> list[tuple[str, float]]:
    """The formulas for the derivatives of sigmoid, tanh and ReLU, by output and by input."""
    atom = bracketed(text, ATOM)
    base = bracketed(text, POWER + 1)
    found = [
        (f"({atom} * (1 - {atom}))", 1.2),
        (f"(1 - {base} ** 2)", 1.25),
        (f"({text} > 0)", 1.3),
    ]
    numpy = bench.alias("numpy")
    if numpy is not None:
        found += [
            (f"(1 - {numpy}.tanh({text}) ** 2)", 1.4),
            (f"({numpy}.exp(-{atom}) / (1 + {numpy}.exp(-{atom})) ** 2)", 1.5),
        ]
    elif (math := bench.alias("math")) is not None:
        found.append((f"(1 - {math}.tanh({text}) ** 2)", 1.4))
    return found


# ----------------------------------------------------------------------- where they are put


def multiplied(bench: Bench, known: list[Derivative]) -> Iterator[Variant]:
    """The expression, or one operand of its products, times a derivative."""
    places = [bench.tree, *_operands_of_products(bench)]
    for number, hole in enumerate(places):
        shape = _shape(bench, hole)
        if shape is None:
            continue
        for each in known:
            if not _fits_shape(each.shape, shape):
                continue
            body = segment(bench, hole)
            text = f"{bracketed_node(hole, body)} * {each.text}"
            found = swap(bench, hole, text, "factor_missing", each.cost + 0.1 + 0.3 * (number > 0))
            if found is not None:
                yield Variant(
                    put(bench, hole, ast.BinOp(hole, ast.Mult(), expression(each.text))),
                    found.pieces,
                    found.kind,
                    found.cost,
                )


def bracketed_node(node: ast.expr, text: str) -> str:
    """A text in parentheses where it could not stand before ``*``."""
    return text if not isinstance(node, ast.BinOp) or _is_factor_op(node) else f"({text})"


def _is_factor_op(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.Mult | ast.Div | ast.Pow | ast.MatMult)


def replaced(bench: Bench, known: list[Derivative]) -> Iterator[Variant]:
    """Another derivative in the place of a factor, or of the two that make one (``a * (1 - a)``)."""
    every = [f for f in factors(bench) if f is not bench.tree]
    for hole in every:
        yield from _instead(bench, hole, known, [])
    for first, second in zip(every, every[1:], strict=False):
        if in_derivative(bench, first) and in_derivative(bench, second):
            yield from _instead(bench, first, known, [second])
    for hole in _inner_derivatives(bench, every):
        yield from _instead(bench, hole, known, [])


def _inner_derivatives(bench: Bench, every: list[ast.expr]) -> Iterator[ast.expr]:
    """Calls and products inside an operand (``np.dot(dz * (1 - a ** 2), w)``)."""
    known = {id(each) for each in every}
    for part in bench.nodes():
        if part is bench.tree or id(part) in known:
            continue
        parent = bench.parents.get(id(part))
        if parent is not None and isinstance(parent[0], ast.BinOp):
            if isinstance(parent[0].op, ast.Mult) and not isinstance(part, ast.Constant):
                yield part


def _instead(
    bench: Bench, hole: ast.expr, known: list[Derivative], without: list[ast.expr]
) -> Iterator[Variant]:
    shape = _shape(bench, hole)
    if shape is None:
        return
    written = segment(bench, hole)
    kind = "factor_wrong"
    for each in known:
        if not _fits_shape(each.shape, shape) or each.text == written:
            continue
        found = swap(bench, hole, each.text, kind, each.cost + 0.1 * len(without))
        if found is None:
            continue
        for other in without:
            found = _dropped(bench, found, other)
        yield found


def _dropped(bench: Bench, variant: Variant, other: ast.expr) -> Variant:
    """The same variant with a factor on the right of another left out."""
    parent, _, _ = bench.parents[id(other)]
    if not (isinstance(parent, ast.BinOp) and parent.right is other):
        return Variant(
            _with_one(variant.tree, other), variant.pieces, variant.kind, variant.cost + 0.5
        )
    start = bench.source.extent(parent.left)[1]
    text = bench.source.text
    while text[start : start + 1] not in {"*", ""}:  # closing parentheses of the left side
        start += 1
    end = bench.source.extent(parent)[1]
    while text[start - 1 : start] == " ":
        start -= 1
    pieces = (*variant.pieces, (start, end, ""))
    return Variant(_with_one(variant.tree, other), pieces, variant.kind, variant.cost)


def _with_one(tree: ast.expr, other: ast.expr) -> ast.expr:
    return replace_all(tree, {id(other)}, expression("1"))


def _operands_of_products(bench: Bench) -> Iterator[ast.expr]:
    """Leaves that are multiplied as arrays with something else."""
    for leaf in leaves(bench):
        if leaf is not bench.tree and isinstance(bench.value_or_none(leaf), np.ndarray):
            yield leaf


def _shape(bench: Bench, node: ast.expr) -> tuple[int, ...] | None:
    value = bench.value_or_none(node)
    return None if value is None else np.shape(value)


def _fits_shape(derivative: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    if derivative == shape:
        return True
    try:
        return np.broadcast_shapes(derivative, shape) in {derivative, shape}
    except ValueError:
        return False
