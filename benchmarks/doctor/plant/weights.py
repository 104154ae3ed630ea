"""Faults of the initial weights: all alike, all positive, too small, too large."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from benchmarks.doctor.plant.fault import Fault
from benchmarks.doctor.roles import BIAS, INPUT, TARGET, Roles
from benchmarks.doctor.source import Edit, Source, binary, called, last_name

DRAWS = {"randn", "rand", "random", "normal", "uniform", "standard_normal", "gauss"}
NOISE = re.compile(r"^(x|X|y|Y|t|ix|img|data|points|price|size|age|marks|labels|A1|D1|mask\d)$")


def drawing(roles: Roles) -> list[ast.Call]:
    """Calls that draw initial weights, not data."""
    source = roles.source
    found = []
    for node in source.nodes:
        if not isinstance(node, ast.Call) or called(node) not in DRAWS:
            if not (called(node) == "rand" and isinstance(node, ast.Call)):
                continue
        statement = source.statement(node)
        if isinstance(statement, ast.FunctionDef) or not isinstance(
            statement, (ast.Assign, ast.Expr)
        ):
            continue
        in_loop = any(loop for loop in source.loops(node) if roles.trains(loop))
        name = name_of(source, node)
        if in_loop or NOISE.match(name) or (BIAS.match(name) and name not in roles.parameters):
            continue
        known = name in roles.parameters
        looks = re.match(
            r"^(W\w*|w|w\d|w_\w+|weights?\w*|syn\d|theta|kernels|filters|dense|emb|"
            r"wi|wo|u|v|network|params|parameters)$",
            name,
        )
        if (known or looks) and not (INPUT.match(name) or TARGET.match(name)):
            if not BIAS.match(name) or (name in {"a", "b", "c", "d"} and called(node) == "randn"):
                found.append(node)
    return found


def name_of(source: Source, node: ast.expr) -> str:
    """What the drawn value is called: its target, or its key in a dictionary."""
    for parent in source.ancestors(node):
        if isinstance(parent, ast.Dict):
            for key, value in zip(parent.keys, parent.values, strict=True):
                if any(n is node for n in ast.walk(value)):
                    return str(getattr(key, "value", ""))
        if isinstance(parent, ast.Assign):
            target = parent.targets[0]
            if isinstance(target, ast.Tuple) and isinstance(parent.value, ast.Tuple):
                for part, value in zip(target.elts, parent.value.elts, strict=False):
                    if any(n is node for n in ast.walk(value)):
                        return last_name(part)
            return last_name(target)
        if isinstance(parent, ast.Expr) and called(parent.value) == "append":
            owner = parent.value.func
            return last_name(owner.value) if isinstance(owner, ast.Attribute) else ""
    return ""


def whole(source: Source, node: ast.expr) -> ast.expr:
    """The arithmetic around a draw: ``randn(3, 2) * 0.1`` for ``randn(3, 2)``."""
    while True:
        parent = source.parents[node]
        if isinstance(parent, (ast.BinOp, ast.Attribute)) or called(parent) == "astype":
            node = parent
        else:
            return node


def shape(source: Source, node: ast.Call) -> str:
    """The shape that is drawn, as text; empty for single numbers."""
    name = called(node)
    for keyword in node.keywords:
        if keyword.arg == "size":
            return source.code(keyword.value)
    if name in {"randn", "rand"} and node.args:
        texts = [source.code(a) for a in node.args]
        return f"({', '.join(texts)})" if len(texts) > 1 else texts[0]
    if name in {"random", "standard_normal"} and node.args:
        return source.code(node.args[0])
    if name in {"normal", "uniform"} and len(node.args) > 2:
        return source.code(node.args[2])
    return ""


def each_and_all(code: str, edits: list[Edit], what: str) -> Iterator[Fault]:
    """One fault a place, and all places at once."""
    for edit in edits:
        yield Fault(code, (edit,), f"{what}: {edit.text}")
    if len(edits) > 1:
        yield Fault(code, tuple(edits), f"{what}, everywhere")


def constant(roles: Roles) -> Iterator[Fault]:
    """Every unit begins alike."""
    source = roles.source
    zeros, halves = [], []
    for node in drawing(roles):
        size = shape(source, node)
        outer = whole(source, node)
        if size:
            zeros.append(source.replace(outer, f"np.zeros({size})"))
            halves.append(source.replace(outer, f"0.5 * np.ones({size})"))
        elif not node.args or called(node) in {"uniform", "gauss", "rand"}:
            zeros.append(source.replace(outer, "0.0"))
    yield from each_and_all("W301", zeros, "zeros")
    if len(halves) > 1:
        yield Fault("W301", tuple(halves), "every weight is 0.5")


def positive(roles: Roles) -> Iterator[Fault]:
    """The weights have no mean of zero."""
    edits = []
    for node in drawing(roles):
        edit = positive_edit(roles.source, node)
        if edit:
            edits.append(edit)
    yield from each_and_all("W302", edits, "no negative weights")


def positive_edit(source: Source, node: ast.Call) -> Edit | None:
    """One draw without negative numbers."""
    name, text = called(node), source.code(node)
    if name == "randn":
        return source.replace(node, text.replace("randn", "rand"))
    if name == "standard_normal":
        return source.replace(node, text.replace("standard_normal", "random"))
    if name == "normal" and "loc" not in text:
        if node.args and isinstance(node.args[0], ast.Constant):
            return source.replace(node, text.replace("normal", "uniform"))
        return source.replace(node, f"np.abs({text})")
    if name in {"uniform", "rand"} and len(node.args) >= 2:
        low = node.args[0]
        if source.code(low).startswith("-"):
            return source.replace(low, "0")
    outer = source.parents[node]
    if binary(outer, ast.Mult):
        outer = source.parents[outer]
    if binary(outer, ast.Sub) and isinstance(outer, ast.BinOp):
        return source.replace(outer, source.halves(outer)[0])
    return None


def scaled(roles: Roles) -> Iterator[Fault]:
    """A thousandth of the weights, and fifty times as much."""
    source = roles.source
    for code, factor, what in (("W303", "0.001", "tiny weights"), ("W304", "50", "huge weights")):
        edits = []
        for node in drawing(roles):
            outer = whole(source, node)
            text = source.code(outer)
            safe = f"({text})" if binary(outer, ast.Add, ast.Sub) else text
            edits.append(source.replace(outer, f"{safe} * {factor}"))
        yield from each_and_all(code, edits, what)
