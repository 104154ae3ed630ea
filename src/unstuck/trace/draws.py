"""The call in a source that makes the first values of a parameter, and its shape as text."""

from __future__ import annotations

import ast
from collections.abc import Callable

SPREAD = {"rand", "randn"}  # the shape is given number by number
SIZED = {"random", "random_sample", "standard_normal", "sample"}  # the shape comes first
DRAWN = {"uniform", "normal", "truncnorm"}  # the shape comes third, or by name
FILLED = {"zeros", "ones", "full", "empty"}

Segment = Callable[[ast.expr], str]  # the text of an expression


def the_draw(node: ast.expr) -> ast.Call | None:
    """The one call that makes the numbers of an expression of sums, products and single numbers."""
    found: list[ast.Call] = []
    pending: list[ast.expr] = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.BinOp):
            pending += [part.left, part.right]
        elif isinstance(part, ast.UnaryOp):
            pending.append(part.operand)
        elif isinstance(part, ast.Call):
            name = name_of_call(part)
            if name in SPREAD | SIZED | DRAWN | FILLED:
                found.append(part)
            elif name == "astype" and isinstance(part.func, ast.Attribute):
                pending.append(part.func.value)
            elif name not in {"sqrt", "float", "len"}:
                return None
        elif not isinstance(part, ast.Constant | ast.Name | ast.Attribute | ast.Subscript):
            return None
    return found[0] if len(found) == 1 else None


def name_of_call(call: ast.Call) -> str:
    """The last part of what is called: ``randn`` of ``np.random.randn(3)``."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return str(getattr(call.func, "id", ""))


def shape_texts(segment: Segment, call: ast.Call, name: str) -> list[str] | None:
    """The texts of the dimensions; None where a call has no shape."""
    if name in SPREAD:
        return [segment(a) for a in call.args] if call.args and not starred(call) else None
    given = next((k.value for k in call.keywords if k.arg in {"size", "shape"}), None)
    if given is None and name in SIZED | FILLED and call.args:
        given = call.args[0]
    if given is None and name in DRAWN and len(call.args) > 2:
        given = call.args[2]
    if given is None:
        return None
    if isinstance(given, ast.Tuple | ast.List):
        return [segment(e) for e in given.elts]
    if isinstance(given, ast.Constant | ast.Name):
        return [segment(given)]
    return None


def starred(call: ast.Call) -> bool:
    """True for ``randn(*shape)``."""
    return any(isinstance(a, ast.Starred) for a in call.args)
