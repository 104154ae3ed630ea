"""A number changed where it is written down: behind names, arguments, defaults and attributes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from unstuck.doctor.fixes.patch import Edit, node_at, replacement
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.suspect import Option
from unstuck.record.run_record import SourceSpan
from unstuck.trace.draws import name_of_call
from unstuck.trace.program import Program

DEPTH = 8  # how often a name is followed to another
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def change_number(program: Program, span: SourceSpan, file: str, *, factor: float) -> Option | None:
    """The number that an expression comes to, times ``factor``, at the literal behind it.

    Where no literal is found the expression itself is multiplied.
    """
    node = node_at(program, span)
    if node is None:
        return None
    found = literal_behind(program, file, node, DEPTH)
    if found is not None:
        where, constant = found
        source = Source(program.files[where])
        old_value = numeric(constant)
        text = written(old_value * factor)
        if isinstance(constant.value, int) and (old_value * factor).is_integer():
            text = str(int(old_value * factor))
        label = f"{written(old_value)} -> {text}"
        return Option((Edit(source.span(where, constant), text),), label)
    old = Source(program.files[file]).segment(node)
    bare = isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.Constant)
    text = f"{old if bare else f'({old})'} * {written(factor)}"
    return Option((replacement(program, span, text),), f"times {written(factor)}")


def written(value: float) -> str:
    """A number as a person writes it.

    >>> written(0.1 * 0.01), written(30.0), written(1e-7), written(0.0)
    ('0.001', '30.0', '1e-07', '0.0')
    """
    return repr(float(f"{value:.6g}"))


def literal_behind(
    program: Program, file: str, node: ast.expr, depth: int
) -> tuple[str, ast.Constant] | None:
    """The file and the literal of the number that an expression comes to; products by a factor."""
    if depth <= 0:
        return None
    if isinstance(node, ast.Constant):
        number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        return (file, node) if number else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        sides = [node.left, node.right] if isinstance(node.op, ast.Mult) else [node.left]
        named = sorted(sides, key=lambda side: isinstance(side, ast.Constant))
        for side in named:
            found = literal_behind(program, file, side, depth - 1)
            if found is not None and not is_one(found[1]):
                return found
        return None
    if isinstance(node, ast.UnaryOp):
        return literal_behind(program, file, node.operand, depth - 1)
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        for where, value in values_of(program, file, node):
            found = literal_behind(program, where, value, depth - 1)
            if found is not None:
                return found
    return None


def numeric(constant: ast.Constant) -> float:
    """The number of a literal that is one."""
    return float(constant.value) if isinstance(constant.value, int | float) else float("nan")


def is_one(constant: ast.Constant) -> bool:
    """True for the 1 of ``1 / m``."""
    return constant.value == 1


def values_of(program: Program, file: str, node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Expressions that a name, an attribute or an item may stand for, nearest first."""
    tree = Source(program.files[file]).tree
    text = ast.unparse(node)
    functions = around(tree, node.lineno) if isinstance(node, ast.Name) else []
    for scope in functions:  # innermost first: a closure sees the names of those around it
        yield from ((file, value) for value in assigned(scope, text))
        yield from arguments_of(program, file, tree, scope, text)
    yield from ((file, value) for value in assigned(tree, text))
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        yield from ((file, value) for value in keyed(tree, node.slice.value))
    if isinstance(node, ast.Attribute):  # `self.rate`, written in the body of the class
        for owner in ast.walk(tree):
            if isinstance(owner, ast.ClassDef):
                body = ast.Module(owner.body, [])
                yield from ((file, value) for value in assigned(body, node.attr))


def assigned(scope: ast.AST, text: str) -> Iterator[ast.expr]:
    """What is assigned to a name (or whatever else stands on the left) within a scope."""
    for statement in ast.walk(scope):
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from matched(target, statement.value, text)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            if ast.unparse(statement.target) == text:
                yield statement.value


def keyed(tree: ast.AST, key: object) -> Iterator[ast.expr]:
    """What stands beside a key in the dictionaries that are written out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for own, value in zip(node.keys, node.values, strict=True):
                if isinstance(own, ast.Constant) and own.value == key:
                    yield value


def matched(target: ast.expr, value: ast.expr, text: str) -> Iterator[ast.expr]:
    """The value that a target of an assignment gets, if it is the one looked for."""
    if ast.unparse(target) == text:
        yield value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for part, own in zip(target.elts, value.elts, strict=False):
            yield from matched(part, own, text)


def around(tree: ast.AST, line: int) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions around a line, innermost first."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, FUNCTIONS) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return sorted(found, key=lambda node: -node.lineno)


def arguments_of(
    program: Program,
    file: str,
    tree: ast.AST,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    name: str,
) -> Iterator[tuple[str, ast.expr]]:
    """What a parameter is given: at the calls of its function, else its default."""
    arguments = function.args
    names = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
    keywords = [a.arg for a in arguments.kwonlyargs]
    if name not in names and name not in keywords:
        return
    owner = next(
        (c for c in ast.walk(tree) if isinstance(c, ast.ClassDef) and function in c.body), None
    )
    called = owner.name if owner is not None and function.name == "__init__" else function.name
    position = names.index(name) - (1 if owner is not None else 0) if name in names else -1
    for where, text in program.files.items():
        for call in ast.walk(Source(text).tree):
            if not isinstance(call, ast.Call) or name_of_call(call) != called:
                continue
            for keyword in call.keywords:
                if keyword.arg == name:
                    yield where, keyword.value
            if 0 <= position < len(call.args):
                yield where, call.args[position]
    defaults = dict(
        zip(names[len(names) - len(arguments.defaults) :], arguments.defaults, strict=True)
    )
    defaults |= {
        k: d for k, d in zip(keywords, arguments.kw_defaults, strict=True) if d is not None
    }
    if name in defaults:
        yield file, defaults[name]
