"""Faults of the forward pass: softmax's axis, activations, overflow, bias, and the metric."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from benchmarks.doctor.plant.fault import Fault
from benchmarks.doctor.roles import BIAS, GRADIENT, Roles
from benchmarks.doctor.source import Source, binary, called, last_name

SQUASH = re.compile(
    r"^_*(tanh|sigmoid|sig|relu|ReLU|maximum|nonlin|leaky_relu|softplus|transfer|dsigmoid|where)$"
)
LAST = re.compile(r"^_*(softmax|Softmax|sigmoid|sig|nonlin|tanh|transfer)$")


def axis_of(node: ast.AST) -> ast.Constant | None:
    """The axis that a sum or a maximum is told."""
    if not isinstance(node, ast.Call):
        return None
    given = [k.value for k in node.keywords if k.arg == "axis"]
    given += [a for a in node.args if isinstance(a, ast.Constant)]
    found = given[0] if given else None
    return found if isinstance(found, ast.Constant) and found.value in {0, 1, -1} else None


def softmax_axis(roles: Roles) -> Iterator[Fault]:
    """Probabilities that add up over the batch."""
    source = roles.source
    for node in source.nodes:
        if binary(node, ast.Div) and isinstance(node, ast.BinOp):
            below = node.right
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
            below = node.value
        else:
            continue
        for call in ast.walk(below):
            place = axis_of(call)
            if called(call) == "sum" and place is not None:
                new = "0" if place.value != 0 else "1"
                edit = source.replace(place, new)
                yield Fault("O501", (edit,), f"the softmax runs over axis {new}")
                if source.text[source.span(node)[1] :].startswith("[:, None]"):
                    break


def squashing(roles: Roles) -> Iterator[tuple[ast.Call, ast.expr, bool]]:
    """Calls of activations in the forward pass, their argument, and whether they are the last."""
    source = roles.source
    outputs = {last_name(side) for e in roles.errors for side in (e.left, e.right)}
    for node in source.nodes:
        if not isinstance(node, ast.Call) or not (
            SQUASH.match(called(node)) or LAST.match(called(node))
        ):
            continue
        statement = source.statement(node)
        function = source.function(node)
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if target is None or GRADIENT.match(last_name(target)) or len(node.keywords) > 0:
            continue
        if function and re.search(r"back|grad|prime|deriv|_dx|softmax|sigmoid|relu", function.name):
            continue
        value = statement.value
        if value is not node and not (isinstance(value, ast.IfExp) and node in ast.walk(value)):
            continue
        arguments = [a for a in node.args if not isinstance(a, ast.Constant)]
        if len(arguments) == 1 and len(node.args) <= 2:
            last = last_name(target) in outputs or called(node).lower().endswith("softmax")
            yield node, arguments[0], last


def wrong_activation(roles: Roles) -> Iterator[Fault]:
    """Another output activation, while the delta stays."""
    source = roles.source
    for node, argument, last in squashing(roles):
        if not last or not LAST.match(called(node)):
            continue
        text = source.code(argument)
        forms = [f"np.tanh({text})", f"np.maximum({text}, 0)"]
        for form in forms:
            if called(node) not in form:
                yield Fault("O502", (source.replace(node, form),), f"the output is {form}")


def hidden_activation(roles: Roles) -> Iterator[Fault]:
    """No hidden activation, or a softmax."""
    source = roles.source
    own = [n.name for n in source.nodes if isinstance(n, ast.FunctionDef)]
    softmax = next((n for n in own if n.lower() == "softmax"), "")
    for node, argument, last in squashing(roles):
        if last:
            continue
        text = source.code(argument)
        if not isinstance(argument, ast.Call):
            yield Fault("O503", (source.replace(node, text),), "the hidden layer is linear")
        if softmax:
            form = f"{softmax}({text})"
            yield Fault("O503", (source.replace(node, form),), "the hidden layer is a softmax")


def no_shift(roles: Roles) -> Iterator[Fault]:
    """Softmax without its shift."""
    source = roles.source
    for node in source.nodes:
        if binary(node, ast.Sub) and isinstance(node, ast.BinOp):
            right = source.code(node.right)
            if "max(" in right and "min" not in right:
                edit = source.replace(node, source.halves(node)[0])
                yield Fault("O504", (edit,), "no maximum is subtracted before exp")
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub):
            if "max(" in source.code(node.value) and source.alone(node):
                edit = source.delete(node)
                yield Fault("O504", (edit,), "no maximum is subtracted before exp")


def metric_axis(roles: Roles) -> Iterator[Fault]:
    """The reported accuracy takes its largest output along the wrong axis."""
    source = roles.source
    for node in source.nodes:
        place = axis_of(node)
        if called(node) == "argmax" and place is not None:
            new = "0" if place.value != 0 else "1"
            edit = source.replace(place, new)
            yield Fault("O505", (edit,), f"the largest output along axis {new}")


def bias_dropped(roles: Roles) -> Iterator[Fault]:
    """A layer without its bias."""
    source = roles.source
    for node in source.nodes:
        if not binary(node, ast.Add) or not isinstance(node, ast.BinOp):
            continue
        bias = node.right
        while isinstance(bias, ast.Attribute) and bias.attr == "T":
            bias = bias.value
        if BIAS.match(last_name(bias)) and contains_product(source, roles, node.left):
            edit = source.replace(node, source.halves(node)[0])
            yield Fault("O507", (edit,), f"without {source.code(node.right)}")


def contains_product(source: Source, roles: Roles, node: ast.expr) -> bool:
    """Whether a sum's other side is a layer."""
    return any(roles.products(n) for n in ast.walk(node)) or called(node) in {"sum", "reshape"}
