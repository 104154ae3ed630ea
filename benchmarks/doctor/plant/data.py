"""Faults of the data: scale, targets, encoding, alignment, missing numbers, truncation, order."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from benchmarks.doctor.plant.fault import Fault
from benchmarks.doctor.roles import INPUT, TARGET, Roles
from benchmarks.doctor.source import Source, binary, called, last_name

DATA = re.compile(r"^(X\w*|x|x_all|data|images|imgs|features|input_array|train_X|x_train|marks)$")
LABELS = re.compile(r"^(y|Y|t|T|targets?|labels?|Y_\w+|y_\w+|T_\w+|train_Y|output_array)$")
ORDER = re.compile(r"^(perm|order|idx|index|keep|shuffle|rows|batch|p|indices)$")


def at_the_top(source: Source, statement: ast.stmt) -> bool:
    """Outside every loop, in the module's body or a function that loads data."""
    function = source.function(statement)
    loads = function is None or bool(re.search(r"load|data|demo|GetInput|__init__", function.name))
    return loads and not source.loops(statement)


def preparations(roles: Roles) -> Iterator[tuple[ast.Assign, ast.expr]]:
    """Statements that make inputs, with the name they get."""
    for statement in roles.source.statements:
        if not isinstance(statement, ast.Assign) or not at_the_top(roles.source, statement):
            continue
        target = statement.targets[0]
        first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
        if DATA.match(last_name(first)) and isinstance(first, (ast.Name, ast.Attribute)):
            yield statement, first


def unscaled(roles: Roles) -> Iterator[Fault]:
    """Inputs as they came, or 255 times as large."""
    source = roles.source
    found = False
    for statement in source.statements:
        if not at_the_top(source, statement):
            continue
        is_input = isinstance(statement, (ast.Assign, ast.Return))
        for node in ast.walk(statement) if is_input else ():
            if binary(node, ast.Div) and isinstance(node, ast.BinOp):
                if scales_inputs(roles, statement, node):
                    found = True
                    left = source.halves(node)[0]
                    raw = source.replace(node, standard(source, node) or left)
                    yield Fault("D401", (raw,), "the inputs are not scaled")
                    if not standard(source, node):
                        large = source.replace(node, f"{left} * 255")
                        yield Fault("D401", (large,), "the inputs are multiplied by 255")
    if found:
        return
    seen = set()
    for statement, name in preparations(roles):
        text = source.code(name)
        if text in seen or called(statement.value) in {"load_digits", "load_iris", "load_wine"}:
            continue
        if isinstance(statement.targets[0], ast.Tuple) and not called(statement.value):
            continue
        seen.add(text)
        edit = source.after(statement, f"{text} = {text} * 255")
        yield Fault("D401", (edit,), "the inputs are multiplied by 255")


def scales_inputs(roles: Roles, statement: ast.stmt, node: ast.BinOp) -> bool:
    """Whether a division scales the inputs."""
    if isinstance(statement, ast.Assign):
        names = statement.targets[0]
        first = names.elts[0] if isinstance(names, ast.Tuple) else names
        if not (DATA.match(last_name(first)) or INPUT.match(last_name(first))):
            return False
    elif not re.search(r"load|data", getattr(roles.source.function(statement), "name", "")):
        return False
    if standard(roles.source, node):
        return True
    number = isinstance(node.right, ast.Constant) and node.right.value in {8.0, 16, 90.0, 255, 2}
    return number and not binary(node.left, ast.Mult)


def standard(source: Source, node: ast.BinOp) -> str:
    """``X`` for ``(X - X.mean()) / X.std()``."""
    if binary(node.left, ast.Sub) and (
        "std" in source.code(node.right) or last_name(node.right) == "std"
    ):
        return source.code(node.left.left)
    return ""


def targets_scaled(roles: Roles) -> Iterator[Fault]:
    """Targets that the output cannot reach."""
    source = roles.source
    for statement in source.statements:
        value = getattr(statement, "value", None)
        if not isinstance(statement, ast.Assign) or value is None:
            continue
        target = statement.targets[0]
        one_hot = isinstance(value, ast.Subscript) and called(value.value) == "eye"
        if one_hot and LABELS.match(last_name(target)):
            text = source.code(value)
            for form in (f"{text} * 10", f"{text} * 10 - 5"):
                yield Fault("D402", (source.replace(value, form),), f"targets {form}")
        elif is_one_hot_write(statement):
            for form in ("10", "-5"):
                yield Fault("D402", (source.replace(value, form),), f"the true class is {form}")
    for statement in source.statements:
        if not isinstance(statement, ast.Assign) or not at_the_top(source, statement):
            continue
        name = last_name(statement.targets[0])
        if re.match(r"^(y|Y|train_Y|output_array|t|parity)$", name) and isinstance(
            statement.targets[0], ast.Name
        ):
            if (
                isinstance(statement.value, ast.Subscript)
                and called(statement.value.value) == "eye"
            ):
                continue
            if "np.zeros" in source.code(statement.value):
                continue
            edit = source.after(statement, f"{name} = {name} * 5 + 3")
            yield Fault("D402", (edit,), "targets from another range")


def is_one_hot_write(statement: ast.stmt) -> bool:
    """``out[np.arange(n), y] = 1``."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Constant):
        return False
    target = statement.targets[0]
    return (
        statement.value.value == 1
        and isinstance(target, ast.Subscript)
        and (isinstance(target.slice, (ast.Tuple, ast.Subscript, ast.Call)))
    )


def wrong_encoding(roles: Roles) -> Iterator[Fault]:
    """Targets that stand for the place of a sample, not for its class."""
    source = roles.source
    for node in source.nodes:
        if isinstance(node, ast.Subscript) and called(node.value) == "eye":
            labels = node.slice
            classes = source.code(node.value.args[0])
            vector = isinstance(labels, (ast.Name, ast.Attribute)) or (
                isinstance(labels, ast.Subscript) and not isinstance(labels.slice, ast.Name)
            )
            if vector and isinstance(node.value, ast.Call):
                form = f"np.arange(len({source.code(labels)})) % {classes}"
                yield Fault(
                    "D403", (source.replace(labels, form),), "the class is the row's number"
                )
    for statement in source.statements:
        if not is_one_hot_write(statement) or not isinstance(statement, ast.Assign):
            continue
        place = statement.targets[0].slice
        if isinstance(place, ast.Tuple) and len(place.elts) == 2:
            for element in place.elts:
                if isinstance(element, (ast.Name, ast.Subscript)) and TARGET.match(
                    last_name(element)
                ):
                    yield Fault("D403", (source.replace(element, "0"),), "every class is class 0")
        elif isinstance(place, ast.Subscript):
            yield Fault("D403", (source.replace(place, "0"),), "every class is class 0")


def misaligned(roles: Roles) -> Iterator[Fault]:
    """The labels keep their order while the inputs are shuffled."""
    source = roles.source
    for statement in source.statements:
        value = getattr(statement, "value", None)
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        for part in parts:
            if not isinstance(part, ast.Subscript) or not isinstance(
                statement, (ast.Assign, ast.Return)
            ):
                continue
            index = part.slice
            if not (isinstance(index, ast.Name) and ORDER.match(index.id)):
                continue
            if not (LABELS.match(last_name(part.value)) or last_name(part.value) == "labels"):
                continue
            whole = source.loops(statement) and not re.search(r"shuf|perm", source.code(statement))
            base = source.code(part.value)
            form = f"{base}[:len({index.id})]" if whole else base
            edit = source.replace(part, form)
            yield Fault("D404", (edit,), f"{source.code(part)} became {form}")


def not_a_number(roles: Roles) -> Iterator[Fault]:
    """One missing number among the inputs."""
    source = roles.source
    done = set()
    for statement, name in preparations(roles):
        text = source.code(name)
        code = source.code(statement.value)
        if text in done or ("load_" in code and "return_X_y" not in code):
            continue
        if (text == "data" and "data.data" in source.text) or ":" in code.split("#")[0][-12:]:
            continue
        done.add(text)
        edit = source.after(statement, f"{text}[3] = np.nan")
        if "import numpy as np" in source.text:
            yield Fault("D405", (edit,), "a row without numbers")


def truncated(roles: Roles) -> Iterator[Fault]:
    """Fractions cut away."""
    source = roles.source
    for statement in source.statements:
        if not at_the_top(source, statement) or not isinstance(statement, (ast.Assign, ast.Return)):
            continue
        for node in ast.walk(statement):
            if binary(node, ast.Div) and isinstance(node, ast.BinOp):
                if scales_inputs(roles, statement, node):
                    if standard(source, node):
                        text = source.code(node)
                        form = f"({text}).astype(int)"
                        yield Fault(
                            "D407", (source.replace(node, form),), "inputs are cut to integers"
                        )
                    else:
                        edit = source.change_sign(node, "//")
                        yield Fault("D407", (edit,), "inputs are cut to integers")
    for statement, name in preparations(roles):
        text = source.code(name)
        if called(statement.value) in {"uniform", "make_moons", "make_circles", "linspace"}:
            edit = source.after(statement, f"{text} = {text}.astype(int)")
            yield Fault("D407", (edit,), "inputs are cut to integers")


def sorted_by_class(roles: Roles) -> Iterator[Fault]:
    """One class after the other."""
    source = roles.source
    for statement in source.statements:
        if not isinstance(statement, ast.Assign) or called(statement.value) != "permutation":
            continue
        labels = next(
            (
                n
                for n in ("labels", "y_train", "ytr", "y", "target", "iris.target", "topics")
                if re.search(
                    rf"(?<![\w.]){re.escape(n)}\b", source.text[: source.span(statement)[0]]
                )
            ),
            "",
        )
        if labels and isinstance(statement.targets[0], ast.Name):
            edit = source.replace(statement.value, f"np.argsort({labels})")
            yield Fault("D408", (edit,), "the samples stand class by class")
