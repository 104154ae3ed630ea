"""Rewriting: the program again, with its loops counted and nothing else changed.

The names that the rewritten program calls live in `builtins`, so that no namespace of the program
shows them. Places in the source stay what they were, so tracebacks do too.
"""

from __future__ import annotations

import ast
from typing import Any

PREFIX = "_unstuck_"


def name(hook: str) -> ast.Name:
    """A hook, as an expression."""
    return ast.Name(PREFIX + hook, ast.Load())


def call(hook: str, *arguments: Any) -> ast.Call:
    """A call of a hook; what is no syntax tree becomes a constant."""
    return ast.Call(name(hook), [as_tree(x) for x in arguments], [])


def as_tree(x: Any) -> Any:
    """A constant, or the tree that it is already."""
    return x if isinstance(x, ast.AST) else ast.Constant(x)


def statement(expression: ast.expr) -> ast.Expr:
    """An expression as a statement."""
    return ast.Expr(expression)


def put(new: Any, old: Any) -> Any:
    """Give all new nodes of a tree the place of an old one."""
    for node in ast.walk(new):
        if not hasattr(node, "lineno") and isinstance(node, (ast.stmt, ast.expr)):
            ast.copy_location(node, old)
    return new


def ticking(node: Any) -> Any:
    """The line that counts an iteration: cheaper inline than any call."""
    place = ast.Subscript(name("count"), ast.Constant(node.site), ast.Store())
    return ast.AugAssign(place, ast.Add(), ast.Constant(1))


class LoopRewriter(ast.NodeTransformer):
    """Counts loops, and calls a hook in those that somebody waits for.

    ``waited`` are the loops whose every iteration is reported, for stopping or for starting;
    ``shortened`` those that are left after some iterations.
    """

    def __init__(self, waited: frozenset[int], shortened: frozenset[int]) -> None:
        self.waited = waited
        self.shortened = shortened
        self.generators = [False]

    def scope(self, node: Any) -> Any:
        """Visit a function; loops that yield are counted without a clock."""
        self.generators.append(is_generator(node))
        self.inside(node)
        self.generators.pop()
        return node

    def inside(self, node: Any) -> None:
        """Visit what is in a function."""
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        return self.scope(node)

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        return self.scope(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        return node

    def first(self, node: Any) -> list[Any]:
        """What comes before the first line of the body."""
        lines = [ticking(node)]
        if node.site in self.shortened:
            lines.insert(0, ast.If(call("enough", node.site), [ast.Break()], []))
        if node.site in self.waited:
            lines.append(statement(call("tick", node.site)))
        return lines

    def loop(self, node: Any) -> Any:
        """Count entries, iterations and time."""
        node.body = [*(put(line, node) for line in self.first(node)), *node.body]
        quiet = self.generators[-1] and any(
            isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in ast.walk(node)
        )
        if quiet:
            return [put(statement(call("passed", node.site)), node), node]
        enter = statement(call("enter_loop", node.site))
        leave = ast.Try([node], [], [], [statement(call("leave_loop", node.site))])
        return [put(enter, node), put(leave, node)]

    def visit_For(self, node: ast.For) -> Any:
        self.generic_visit(node)
        return self.loop(node)

    def visit_While(self, node: ast.While) -> Any:
        self.generic_visit(node)
        return self.loop(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> Any:
        """The probe's own end of the program passes through `except:`."""
        self.generic_visit(node)
        node.body = [put(statement(call("caught")), node.body[0]), *node.body]
        return node


def is_generator(function: Any) -> bool:
    """True if a function yields itself (not only a function within it)."""
    waiting = list(function.body) if isinstance(function.body, list) else [function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))
    return False
