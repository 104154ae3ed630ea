"""Faults of the products and sums of the backward pass: operand, axis, error not sent back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from benchmarks.doctor.plant.fault import Fault
from benchmarks.doctor.roles import DERIVATIVE, GRADIENT, RATE, Roles
from benchmarks.doctor.source import binary, called, last_name, root_name


def bare(node: ast.expr) -> ast.expr:
    """An operand without ``.T``, ``.ravel()``, ``np.transpose(...)`` around it."""
    while True:
        if isinstance(node, ast.Attribute) and node.attr == "T":
            node = node.value
        elif called(node) in {"ravel", "transpose", "reshape"} and isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and last_name(node.func.value) != "np":
                node = node.func.value
            elif node.args:
                node = node.args[0]
            else:
                return node
        else:
            return node


def is_named(node: ast.expr) -> bool:
    """A name, attribute or item."""
    return isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and bool(last_name(node))


def is_delta(node: ast.expr) -> bool:
    """An operand that is called like a gradient."""
    node = bare(node)
    return is_named(node) and bool(
        GRADIENT.match(last_name(node)) or GRADIENT.match(root_name(node)) or root_name(node) == "d"
    )


def activations(roles: Roles) -> Iterator[ast.expr]:
    """Operands of gradient products that are neither a delta nor a weight."""
    seen = set()
    for node in roles.within_gradients(ast.AST):
        pair = roles.products(node)
        if pair is None and binary(node, ast.Mult) and isinstance(node, ast.BinOp):
            if is_delta(node.left) or binary(node.left, ast.Mult):
                pair = (node.left, node.right)
        if pair is None:
            continue
        operands = [bare(p) for p in pair]
        sent_back = any(is_named(o) and roles.is_weight(o) for o in operands)
        if sent_back or not any(is_delta(p) or not is_named(bare(p)) for p in pair):
            continue
        for operand in operands:
            name = last_name(operand)
            plain = is_named(operand) and not is_delta(operand) and not RATE.match(name)
            if plain and not DERIVATIVE.search(name) and id(operand) not in seen:
                if len(name) > 1 or name in "xXahA" or isinstance(operand, ast.Subscript):
                    seen.add(id(operand))
                    yield operand


def swapped(roles: Roles) -> Iterator[Fault]:
    """Another layer's activation in the place of the right one."""
    source = roles.source
    operands = list(activations(roles))
    for operand in operands:
        here = source.function(operand)
        text = source.code(operand)
        others = {
            source.code(o)
            for o in operands
            if source.function(o) is here and source.code(o) != text
        }
        for number in re.findall(r"\d", text)[:1]:
            for step in (1, -1):
                other = text.replace(number, str(int(number) + step), 1)
                if re.search(rf"(?<!\w){re.escape(other)}\b", source.text):
                    others.add(other)
        for other in sorted(others)[:3]:
            edit = source.replace(operand, other)
            yield Fault("G104", (edit,), f"{other} stands where {text} belongs")


def shifted(roles: Roles) -> Iterator[Fault]:
    """An index that is one off: the next layer's activation."""
    source = roles.source
    for operand in activations(roles):
        if not isinstance(operand, ast.Subscript):
            continue
        index = operand.slice
        if isinstance(index, ast.UnaryOp) and isinstance(index.operand, ast.Constant):
            number = index.operand.value
            forms = [f"-{number - 1}"] if isinstance(number, int) and number > 1 else []
        elif binary(index, ast.Sub):
            forms = [source.halves(index)[0]]
        elif binary(index, ast.Add) and called(index.right) == "str":
            inner = index.right.args[0]
            forms = [
                source.code(index).replace(
                    source.code(inner),
                    source.halves(inner)[0]
                    if binary(inner, ast.Sub)
                    else f"{source.code(inner)} + 1",
                )
            ]
        elif isinstance(index, ast.Name) and index.id in {"i", "k", "l", "layer"}:
            forms = [f"{index.id} + 1"]
        else:
            continue
        for form in forms:
            what = f"{source.code(operand)} became [{form}]"
            yield Fault("G104", (source.replace(index, form),), what)


def axis(roles: Roles) -> Iterator[Fault]:
    """A sum or mean over the wrong axis, over all axes, or a mean for a sum."""
    source = roles.source
    for node in roles.within_gradients(ast.Call):
        if called(node) not in {"sum", "mean"} or not isinstance(node, ast.Call):
            continue
        is_method = not (
            isinstance(node.func, ast.Attribute) and last_name(node.func.value) == "np"
        )
        given = [k.value for k in node.keywords if k.arg == "axis"]
        rest = node.args if is_method else node.args[1:]
        given += [a for a in rest if isinstance(a, ast.Constant)]
        for place in given[:1]:
            if isinstance(place, ast.Constant) and place.value in {0, 1}:
                new = str(1 - place.value)
                edit = source.replace(place, new)
                yield Fault("G105", (edit,), f"the sum runs over axis {new}")
        if given:
            keep = ", keepdims=True" if "keepdims" in source.code(node) else ""
            inner = source.code(node.func.value) if is_method else source.code(node.args[0])
            form = f"np.{called(node)}({inner})"
            if keep:
                yield Fault("G105", (source.replace(node, form),), "the sum runs over everything")


def not_propagated(roles: Roles) -> Iterator[Fault]:
    """The error goes back without the weights."""
    source = roles.source
    for node in roles.within_gradients(ast.AST):
        pair = roles.products(node)
        if pair is None or not isinstance(node, ast.expr) or called(node) == "outer":
            continue
        for weight, delta, side in ((pair[0], pair[1], 0), (pair[1], pair[0], 1)):
            if not (is_named(bare(weight)) and roles.is_weight(bare(weight)) and is_delta(delta)):
                continue
            text = source.code(delta)
            for form in (text, f"np.sum({text}, axis={side}, keepdims=True)"):
                what = f"{source.code(node)} became {form}"
                yield Fault("G106", (source.replace(node, form),), what)


def not_propagated_in_loop(roles: Roles) -> Iterator[Fault]:
    """In loops over single numbers: the weight is left out of the sum of errors."""
    source = roles.source
    for node in roles.within_gradients(ast.BinOp):
        if not binary(node, ast.Mult) or not isinstance(node, ast.BinOp):
            continue
        for weight, delta in ((node.left, node.right), (node.right, node.left)):
            if not isinstance(weight, ast.Subscript) or not roles.is_weight(weight):
                continue
            if is_delta(delta):
                form = source.code(delta)
                what = f"{source.code(node)} became {form}"
                yield Fault("G106", (source.replace(node, form),), what)
