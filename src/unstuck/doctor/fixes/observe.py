"""What the tape itself tells of an expression's parts: the arguments of the operation it became.

An item of a list or a loop's counter is on no list of names, but the operation that used it kept
its value.
"""

from __future__ import annotations

import ast
from typing import Any

from unstuck.doctor.fixes.interpret import place
from unstuck.doctor.fixes.places import key
from unstuck.trace.tape import Node, Ref, Site, Tape

Found = list[tuple[ast.expr, Any]]  # a tree, and the `Ref` or the plain value that it was
_PLAIN = (int, float, str, bool)


def observed(
    tape: Tape, site: Site, tree: ast.expr, node: Node
) -> tuple[Found, dict[str, int], dict[str, Any]]:
    """Parts of a site's expression at one instance: trees, nodes by text, plain values by text."""
    trees: Found = []
    if site.kind in {"binop", "unary", "compare", "call", "method", "attribute", "subscript"}:
        todo: list[tuple[ast.expr, Node]] = [(tree, node)]
        while todo:
            part, made = todo.pop()
            for child, argument in _arguments(part, made):
                trees.append((child, argument))
                if isinstance(argument, Ref) and _made_here(tape, child, argument.index):
                    todo.append((child, tape[argument.index]))
    names: dict[str, int] = {}
    numbers: dict[str, Any] = {}
    for part, argument in trees:
        text = place(part)
        if text is not None and isinstance(argument, Ref):
            names.setdefault(text, argument.index)
        elif text is not None and isinstance(argument, _PLAIN):
            numbers.setdefault(text, argument)
    return trees, names, numbers


def _made_here(tape: Tape, tree: ast.expr, index: int) -> bool:
    """True if a node was made by the very expression that stands there."""
    site = tape.site_of(index)
    return site is not None and key(site.text) == ast.unparse(tree)


def _arguments(tree: ast.expr, node: Node) -> list[tuple[ast.expr, Any]]:
    """The operands of a tree beside what the node says they were."""
    operands = _operands(tree, node)
    if operands is None or len(operands) != len(node.args):
        return []
    found = [
        (operand, argument)
        for operand, argument in zip(operands, node.args, strict=True)
        if isinstance(argument, (Ref, *_PLAIN))
    ]
    if isinstance(tree, ast.Call):
        words = {word.arg: word.value for word in tree.keywords}
        found += [
            (words[name], argument)
            for name, argument in node.kwargs.items()
            if name in words and isinstance(argument, (Ref, *_PLAIN))
        ]
    return found


def _operands(tree: ast.expr, node: Node) -> list[ast.expr] | None:
    match tree:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Compare(left=left, comparators=[right]):
            return [left, right]
        case ast.Attribute(value=value, attr="T"):
            return [value]
        case ast.Subscript(value=value, slice=index) if node.op == "getitem":
            return [value, index]
        case ast.Call(func=ast.Attribute(value=value), args=args):
            return list(args) if len(args) == len(node.args) else [value, *args]
        case ast.Call(args=args):
            return list(args)
    return None
