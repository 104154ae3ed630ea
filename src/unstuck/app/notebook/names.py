"""Which names a piece of Python needs from outside, which it gives, and which it may change.

Read off the syntax tree, in the order in which statements run; nothing is executed. Where that is
not certain (a branch, a loop that may not run) a name counts as needed: what is copied in vain
costs a moment, what is missing breaks the run.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Sequence

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def needed(body: Sequence[ast.stmt]) -> set[str]:
    r"""Names that statements take from outside when they run in this order.

    >>> sorted(needed(ast.parse("a = x\nb = a + y\ndef f(z): return z + w").body))
    ['w', 'x', 'y']
    """
    reader = _Reader()
    reader.run(body)
    return reader.found - set(dir(builtins))


def bound(statement: ast.stmt) -> set[str]:
    """Names that a statement gives a meaning in its own scope.

    >>> sorted(bound(ast.parse("a, (b, c.d) = 1, (2, 3)").body[0]))
    ['a', 'b']
    """
    found: set[str] = set()
    for node in in_scope([statement]):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update((a.asname or a.name).split(".")[0] for a in node.names)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
    return found


def changed(statement: ast.stmt) -> set[str]:
    r"""Names whose value a statement may change, not binding them: written into, handed over.

    >>> (
    ...     sorted(changed(ast.parse("x[0] = 1\n").body[0])),
    ...     sorted(changed(ast.parse("f(y)").body[0])),
    ... )
    (['x'], ['y'])
    """
    found: set[str] = set()
    for node in in_scope([statement]):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(root_of(node))
        elif isinstance(node, ast.Call) and not is_harmless(node.func):
            found.add(root_of(node.func) if isinstance(node.func, ast.Attribute) else "")
            inner = [*node.args, *(k.value for k in node.keywords)]
            found.update(x.id for arg in inner for x in ast.walk(arg) if isinstance(x, ast.Name))
    return found - {""}


def is_harmless(function: ast.expr) -> bool:
    """True for what is known to leave its arguments alone: `print`, `len`."""
    return isinstance(function, ast.Name) and function.id in {
        "print", "display", "len", "range", "zip", "enumerate", "isinstance", "type", "id", "repr",
        "str", "int", "float", "abs", "round", "min", "max", "sum", "sorted", "list", "dict", "set",
        "tuple",
    }  # fmt: skip


def root_of(node: ast.AST) -> str:
    """The name that a chain of attributes and items begins with, or nothing."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def in_scope(statements: Iterable[ast.AST]) -> Iterable[ast.AST]:
    """Every node that runs in the scope of the statements: not what is inside of functions."""
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += node.decorator_list
        elif isinstance(node, COMPREHENSIONS):
            waiting += [g.iter for g in node.generators[:1]]
        elif not isinstance(node, ast.Lambda):
            waiting += ast.iter_child_nodes(node)


class _Reader(ast.NodeVisitor):
    """Goes through statements as they run; keeps what is bound for certain."""

    def __init__(self, certain: set[str] | None = None) -> None:
        self.certain = set(certain or ())
        self.found: set[str] = set()

    def run(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def perhaps(self, nodes: Iterable[ast.AST]) -> set[str]:
        """Visit what may not run; returns what is bound after it."""
        before = set(self.certain)
        self.run(nodes)
        after, self.certain = self.certain, before
        return after

    # ----------------------------------------------------------------------------- names
    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.certain.add(node.id)
        elif node.id not in self.certain:
            self.found.add(node.id)

    def visit_Import(self, node: ast.Import) -> None:
        self.certain |= bound(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.certain |= bound(node)

    # ------------------------------------------------------------------- values before targets
    def visit_Assign(self, node: ast.Assign) -> None:
        self.run([node.value, *node.targets])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.run([node.annotation, node.value])
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name) and node.target.id not in self.certain:
            self.found.add(node.target.id)
        self.run([node.value, node.target])

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.run([node.value, node.target])

    # --------------------------------------------------------------------------- compound
    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self.perhaps([node.target, *node.body])
        self.perhaps(node.orelse)

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self.perhaps(node.body)
        self.perhaps(node.orelse)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self.certain |= self.perhaps(node.body) & self.perhaps(node.orelse)

    def visit_Try(self, node: ast.Try) -> None:
        self.perhaps([*node.body, *node.orelse])
        for handler in node.handlers:
            self.perhaps([handler])
        self.run(node.finalbody)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.run([node.type])
        if node.name:
            self.certain.add(node.name)
        self.run(node.body)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            self.run([item.context_expr, item.optional_vars])
        self.run(node.body)

    # ----------------------------------------------------------------------------- scopes
    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.run([*node.decorator_list, *node.args.defaults, *node.args.kw_defaults])
        self.certain.add(node.name)
        self.found |= free_names(node) - self.certain

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.run([*node.args.defaults, *node.args.kw_defaults])
        self.found |= free_names(node) - self.certain

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.run([*node.decorator_list, *node.bases, *node.keywords])
        inner = _Reader(self.certain)
        inner.run(node.body)
        self.found |= inner.found - {node.name}
        self.certain.add(node.name)

    def _comprehension(self, node: ast.AST) -> None:
        inner = _Reader(self.certain)
        for generator in getattr(node, "generators", ()):
            inner.run([generator.iter, generator.target, *generator.ifs])
        parts = ("key", "value") if isinstance(node, ast.DictComp) else ("elt",)
        inner.run(getattr(node, part) for part in parts)
        self.found |= inner.found

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815


def free_names(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """Names that a function's body takes from around it, those that it declares global too."""
    arguments = function.args
    own = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    own |= {a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None}
    body = function.body if isinstance(function.body, list) else [function.body]
    declared: set[str] = set()
    for node in in_scope(body):
        if isinstance(node, ast.Global | ast.Nonlocal):
            declared.update(node.names)
    for statement in body:
        own |= bound(statement) if isinstance(statement, ast.stmt) else set()
    reader = _Reader(own - declared)
    reader.run(body)
    return (reader.found | declared) - (own - declared)
