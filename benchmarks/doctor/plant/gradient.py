"""Faults of the delta: its sign, its derivative, the error it begins with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.doctor.plant.fault import Fault
from benchmarks.doctor.roles import ACTIVATION, DERIVATIVE, GRADIENT, Roles
from benchmarks.doctor.source import Edit, Source, binary, called, last_name, names, same


@dataclass(frozen=True, slots=True)
class Factor:
    """A derivative that a product is multiplied by: ``whole`` without it is ``rest``."""

    whole: ast.expr
    rest: str
    factor: ast.expr


def sign(roles: Roles) -> Iterator[Fault]:
    """``-=`` becomes ``+=``: one parameter, and all of them."""
    every = []
    for update in roles.updates:
        other = "+" if update.sign == "-" else "-"
        source = roles.source
        if update.sum is not None:
            edit = source.change_sign(update.sum, other)
        elif isinstance(update.statement, ast.AugAssign):
            _, end = source.span(update.target)
            start, _ = source.span(update.statement.value)
            place = end + source.text[end:start].index(update.sign + "=")
            edit = Edit(place, place + 1, other)
        else:
            text = source.code(update.statement)
            name = "subtract" if update.sign == "-" else "add"
            new = "add" if update.sign == "-" else "subtract"
            place = source.span(update.statement)[0] + text.index(name)
            edit = Edit(place, place + len(name), new)
        every.append(edit)
        yield Fault("G101", (edit,), f"the update has the sign {other}")
    if len(every) > 1:
        yield Fault("G101", tuple(every), "every update has the wrong sign")


def reversed_error(roles: Roles) -> Iterator[Fault]:
    """``a - y`` becomes ``y - a``."""
    for node in roles.errors:
        left, right, _, _ = roles.source.halves(node)
        text = f"{right} - {left}"
        yield Fault("G101", (roles.source.replace(node, text),), f"the error is {text}")


# ----------------------------------------------------------------------------- derivatives


def is_derivative(source: Source, node: ast.expr) -> bool:
    """Whether a factor is an activation's derivative, by its shape or its name."""
    if isinstance(node, ast.Compare):
        return isinstance(node.comparators[0], ast.Constant) and node.comparators[0].value == 0
    if isinstance(node, ast.Call):
        if called(node) == "astype" and isinstance(node.func, ast.Attribute):
            return is_derivative(source, node.func.value)
        flags = [k for k in node.keywords if k.arg == "deriv"]
        last = node.args[-1] if node.args else None
        told = isinstance(last, ast.Constant) and last.value is True
        return bool(DERIVATIVE.search(called(node))) or bool(flags) or told
    if binary(node, ast.Sub) and is_one(node.left):
        return is_square(node.right)
    if binary(node, ast.Mult):
        return is_logistic(node.left, node.right)
    if isinstance(node, ast.Name):
        return any(
            isinstance(s, ast.Assign)
            and last_name(s.targets[0]) == node.id
            and not isinstance(s.value, ast.Name)
            and is_derivative(source, s.value)
            for s in source.statements
        )
    return False


def is_one(node: ast.expr) -> bool:
    """The number one."""
    return isinstance(node, ast.Constant) and node.value == 1


def is_square(node: ast.expr) -> bool:
    """``a ** 2``, ``a * a``, ``np.power(a, 2)``, ``np.square(a)``."""
    if binary(node, ast.Pow):
        return isinstance(node.right, ast.Constant) and node.right.value == 2
    if binary(node, ast.Mult):
        return same(node.left, node.right)
    return called(node) in {"power", "square"}


def is_logistic(a: ast.expr, b: ast.expr) -> bool:
    """``a`` and ``1 - a``."""
    return binary(b, ast.Sub) and is_one(b.left) and same(b.right, a)


def factors(roles: Roles) -> Iterator[Factor]:
    """Every derivative that a gradient is multiplied by."""
    source = roles.source
    for node in roles.within_gradients(ast.AST):
        if binary(node, ast.Mult):
            left, right, _, _ = source.halves(node)
            if is_derivative(source, node.right):
                yield Factor(node, left, node.right)
            elif binary(node.left, ast.Mult) and is_logistic(node.left.right, node.right):
                rest, _, _, _ = source.halves(node.left)
                yield Factor(node, rest, node.right)
            elif is_derivative(source, node.left) and not is_logistic(node.left, node.right):
                yield Factor(node, right, node.left)
        elif called(node) == "multiply" and isinstance(node, ast.Call):
            a, b = node.args
            if is_derivative(source, b):
                yield Factor(node, source.code(a), b)
            elif is_derivative(source, a):
                yield Factor(node, source.code(b), a)


def masks(roles: Roles) -> Iterator[tuple[ast.Assign, ast.Compare]]:
    """``dhidden[hidden <= 0] = 0``."""
    for statement in roles.source.statements:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        target = statement.targets[0]
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Compare):
            if GRADIENT.match(last_name(target)):
                yield statement, target.slice


def missing_derivative(roles: Roles) -> Iterator[Fault]:
    """The delta without its derivative."""
    for part in factors(roles):
        gone = roles.source.code(part.factor)
        edit = roles.source.replace(part.whole, part.rest)
        yield Fault("G102", (edit,), f"the derivative {gone} is missing")
    for statement, _ in masks(roles):
        edit = roles.source.delete(statement)
        yield Fault("G102", (edit,), f"gone: {roles.source.code(statement)}")


def wrong_derivative(roles: Roles) -> Iterator[Fault]:
    """The derivative of another function, or of another value."""
    source = roles.source
    for part in factors(roles):
        for text in wrong_forms(roles, part):
            edit = source.replace(part.factor, text)
            yield Fault("G103", (edit,), f"{source.code(part.factor)} became {text}")
    for _, test in masks(roles):
        op = test.ops[0]
        text = source.code(test)
        sign = "<=" if isinstance(op, ast.LtE) else "==" if isinstance(op, ast.Eq) else "<"
        other = {"<=": ">", "<": ">", "==": ">"}[sign]
        edit = source.replace(test, text.replace(sign, other))
        yield Fault("G103", (edit,), "the mask of the rectifier is inverted")


def wrong_forms(roles: Roles, part: Factor) -> Iterator[str]:
    """What could stand in the place of a right derivative."""
    source, node = roles.source, part.factor
    text = source.code(node)
    if isinstance(node, ast.Compare):
        yield text.replace(">", "<", 1)
    elif binary(node, ast.Sub):
        square = node.right
        if is_one(node.left) and is_square(square):
            inner = square.args[0] if isinstance(square, ast.Call) else square.left
            left, _, _, _ = source.halves(node)
            yield f"{left} - {source.code(inner)}"
            yield source.code(square)
        else:
            yield source.code(node.right)  # of a * (1 - a) only the last factor was replaced
    elif isinstance(node, ast.Call) and node.args:
        argument = node.args[0]
        other = counterpart(roles, argument)
        if other:
            yield text.replace(source.code(argument), other, 1)
        plain = plain_function(roles, called(node))
        if plain:
            yield text.replace(called(node), plain, 1)
        if len(node.args) > 1 or node.keywords:
            yield f"{source.code(node.func)}({source.code(argument)})"


def counterpart(roles: Roles, node: ast.expr) -> str:
    """``a1`` for ``z1`` and back, where the program has both."""
    text = roles.source.code(node)
    pairs = [("zs[", "activations["), ("z", "a"), ("Z", "A")]
    for one, two in [*pairs, *((b, a) for a, b in pairs)]:
        pattern = rf"(?<![A-Za-z]){re.escape(one)}(?=[\d\[_]|$)"
        other = re.sub(pattern, two, text, count=1)
        if other != text and re.search(
            rf"(?<![A-Za-z]){re.escape(other.split('[')[0])}\b", roles.source.text
        ):
            return other
    return ""


def plain_function(roles: Roles, derivative: str) -> str:
    """The activation that a derivative belongs to, if the program defines it."""
    own = [n.name for n in roles.source.nodes if isinstance(n, ast.FunctionDef)]
    fits = [n for n in own if ACTIVATION.match(n) and n.strip("_").lower() in derivative.lower()]
    return max(fits, key=len, default="")


def wrong_helper(roles: Roles) -> Iterator[Fault]:
    """The derivative's own definition is wrong."""
    source = roles.source
    for statement in source.statements:
        function = source.function(statement)
        value = getattr(statement, "value", None)
        if function is None or not isinstance(statement, (ast.Return, ast.Assign)):
            continue
        is_helper = DERIVATIVE.search(function.name) or "deriv" in [
            a.arg for a in function.args.args
        ]
        if not is_helper or value is None or len(function.args.args) > 2:
            continue
        if binary(value, ast.Mult) and is_logistic(value.left, value.right):
            left, right = source.code(value.left), source.halves(value)[1]
            argument = function.args.args[-1 if len(function.args.args) == 1 else 0].arg
            yield helper(source, value, right)
            if called(value.left):
                yield helper(source, value, f"{argument} * (1 - {argument})")
            elif left == argument and (name := plain_function(roles, function.name)):
                yield helper(source, value, f"{name}({left}) * (1 - {name}({left}))")
        elif binary(value, ast.Sub) and is_one(value.left) and is_square(value.right):
            square = value.right
            base = square.args[0] if isinstance(square, ast.Call) else square.left
            left, _, _, _ = source.halves(value)
            yield helper(source, value, f"{left} - {source.code(base)}")
            if called(base) == "tanh" and isinstance(base, ast.Call):
                yield helper(source, value, f"{left} - {source.code(base.args[0])} ** 2")
        elif compare := next((n for n in ast.walk(value) if isinstance(n, ast.Compare)), None):
            if not source.code(compare).endswith("True") and ">" in source.code(compare):
                yield helper(source, compare, source.code(compare).replace(">", "<", 1))


def helper(source: Source, node: ast.expr, text: str) -> Fault:
    """One wrong definition."""
    return Fault("G103", (source.replace(node, text),), f"{source.code(node)} became {text}")


# --------------------------------------------------------------------------- output delta


def output_delta(roles: Roles) -> Iterator[Fault]:
    """The output's delta is another loss's, or nobody's."""
    source = roles.source
    for node in roles.errors:
        text = source.code(node)
        prediction = source.halves(node)[0]
        other = node.left
        if TARGET_SIDE.match(last_name(node.left)) and last_name(node.right):
            prediction, other = source.halves(node)[1], node.right
        forms = [f"np.abs({text})", f"({text}) ** 2"]
        if not names(other) & {"exp"} and isinstance(other, (ast.Name, ast.Attribute)):
            forms.append(f"({text}) * {prediction}")
            forms.append(f"({text}) * {prediction} * (1 - {prediction})")
        for form in forms:
            if "np." in form and "import numpy as np" not in source.text:
                continue
            yield Fault("G107", (source.replace(node, parenthesised(source, node, form)),), form)


def parenthesised(source: Source, node: ast.expr, form: str) -> str:
    """A form that can stand where the node stood."""
    parent = source.parents[node]
    safe = form.startswith("np.abs") or not isinstance(parent, (ast.BinOp, ast.Attribute))
    start, end = source.span(node)
    enclosed = source.text[start - 1 : start] == "(" and source.text[end : end + 1] == ")"
    return form if safe or enclosed else f"({form})"


TARGET_SIDE = re.compile(r"^(Y|y|t|T|target\w*|label\w*|desired|expected|output_array|tb|yb)$")
