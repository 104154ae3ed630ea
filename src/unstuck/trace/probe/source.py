"""Sites: every expression and loop of the program gets a number, the same in every mode.

A numbering is made from the sources alone, before anything runs, so a site that one run found
interesting can be asked for in the next.
"""

from __future__ import annotations

import ast
from typing import Any

LOADED_QUIETLY = {"shape", "dtype", "ndim", "size"}  # numbers about an array, never one of its own
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPARISONS = (ast.Gt, ast.GtE, ast.Lt, ast.LtE, ast.Eq, ast.NotEq)
UNWATCHED = {"super", "locals", "globals", "vars", "dir", "eval", "exec", "breakpoint", "input"}
UNWATCHED |= {"__import__", "type", "isinstance", "range", "len", "print"}


class Site:
    """One numbered place; the fields are those of `unstuck.trace.tape.Site`."""

    __slots__ = (
        *("file", "function", "id", "kind", "loops", "owner", "span", "statement", "targets"),
        *("text", "updates"),
    )

    def __init__(self, number: int, file: str, kind: str, span: tuple[int, int, int, int]) -> None:
        self.id = number
        self.file = file
        self.kind = kind
        self.span = span
        self.text = ""
        self.function = "<module>"
        self.statement = (span[0], span[2])
        self.targets: tuple[str, ...] = ()
        self.loops: tuple[int, ...] = ()
        self.owner = ""  # of an item that is written: the name that it is an item of
        self.updates = 0  # of a loop: assignments in it, not in loops within it

    @property
    def key(self) -> tuple[Any, ...]:
        """What names this site from outside."""
        return (self.file, *self.span, self.kind)


class Text:
    """The characters of one file, found by the byte columns that the parser counts in."""

    def __init__(self, text: str) -> None:
        self.lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def column(self, line: int, offset: int) -> int:
        """A column in characters."""
        content = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        if content.isascii():
            return offset
        return len(content.encode("utf-8")[:offset].decode("utf-8", "ignore"))

    def span(self, node: Any, end: Any = None) -> tuple[int, int, int, int]:
        """Line, column, end line, end column."""
        end = node if end is None else end
        return (
            node.lineno,
            self.column(node.lineno, node.col_offset),
            end.end_lineno,
            self.column(end.end_lineno, end.end_col_offset),
        )

    def within(self, span: tuple[int, int, int, int]) -> str:
        """The text of a span."""
        line, column, end_line, end_column = span
        lines = self.lines[line - 1 : end_line]
        if not lines:
            return ""
        lines[-1] = lines[-1][:end_column]
        lines[0] = lines[0][column:]
        return "\n".join(lines)


class Numbering(ast.NodeVisitor):
    """Goes through one file in source order and puts ``.site`` on what is a site."""

    def __init__(
        self, file: str, text: str, tree: ast.Module, sites: list[Site], own: set[str]
    ) -> None:
        self.file = file
        self.text = Text(text)
        self.sites = sites
        self.modules, self.foreign = imported(tree, own)
        self.functions: list[str] = []
        self.loops: list[int] = []
        self.statement = (1, 1)
        self.whole: tuple[Any, tuple[str, ...]] = (None, ())  # an expression and who takes it
        self.quoted: Any = None  # the f-string that we are in: columns are unsure there
        self.visit(tree)

    def add(self, node: Any, kind: str, end: Any = None) -> Site:
        """Number a node."""
        span = self.text.span(node, end)
        text = self.text.within(span)
        if self.quoted is not None and not same_expression(text, node):
            span = self.text.span(self.quoted)
            text = source_of(node)
        site = Site(len(self.sites), self.file, kind, span)
        site.text = text
        site.function = ".".join(self.functions) or "<module>"
        site.statement = self.statement
        site.loops = tuple(self.loops)
        if self.whole[0] is node:
            site.targets = self.whole[1]
        self.sites.append(site)
        node.site = site.id
        return site

    def written(self, node: Any) -> str:
        """The source text of an expression."""
        return self.text.within(self.text.span(node))

    def owner(self, node: ast.Subscript) -> str:
        """The text of what an item is written into, if that is a plain name."""
        return self.written(node.value) if root_of(node.value) else ""

    def visit(self, node: Any) -> Any:
        """Keep track of the statement that we are in."""
        if not isinstance(node, ast.stmt):
            return super().visit(node)
        before, self.statement = self.statement, lines_of(node)
        if self.loops and isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            self.sites[self.loops[-1]].updates += 1
        super().visit(node)
        self.statement = before
        return None

    def all(self, *nodes: Any) -> None:
        """Visit nodes and lists of nodes in turn."""
        for node in nodes:
            if isinstance(node, list):
                self.all(*node)
            elif node is not None:
                self.visit(node)

    # ------------------------------------------------------------------------------- scopes
    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        arguments = node.args
        self.all(node.decorator_list, arguments.defaults, arguments.kw_defaults)
        self.scope(node.name, node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """Left as it is."""

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.all(node.args.defaults, node.args.kw_defaults)
        self.scope("<lambda>", [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.all(node.decorator_list, node.bases, node.keywords)
        self.scope(node.name, node.body)

    def scope(self, name: str, body: list[Any]) -> None:
        """The body of a function or class."""
        loops, self.loops = self.loops, []
        self.functions.append(name)
        self.all(body)
        self.functions.pop()
        self.loops = loops

    # --------------------------------------------------------------------------- statements
    def visit_For(self, node: ast.For) -> None:
        self.add(node, "loop", node.iter)
        self.add(node.iter, "iterate").targets = (self.written(node.target),)
        node.iterated = node.iter.site  # type: ignore[attr-defined]
        self.visit(node.iter)
        self.loops.append(node.site)  # type: ignore[attr-defined]
        self.all(node.target, node.body)
        self.loops.pop()
        self.all(node.orelse)

    def visit_While(self, node: ast.While) -> None:
        self.add(node, "loop", node.test)
        self.loops.append(node.site)  # type: ignore[attr-defined]
        self.all(node.test, node.body)
        self.loops.pop()
        self.all(node.orelse)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.add(node.iter, "iterate").targets = (self.written(node.target),)
        node.iterated = node.iter.site  # type: ignore[attr-defined]
        self.all(node.iter, node.target, node.ifs)

    def visit_ListComp(self, node: Any) -> None:
        self.all(node.generators, node.elt)

    visit_SetComp = visit_GeneratorExp = visit_ListComp  # noqa: N815

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self.all(node.generators, node.key, node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.whole = (node.value, tuple(self.written(target) for target in node.targets))
        self.all(node.value, node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.whole = (node.value, (self.written(node.target),))
            self.all(node.value, node.target)

    def visit_NamedExpr(self, node: Any) -> None:
        self.whole = (node.value, (node.target.id,))
        self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        site = self.add(node, "augmented")
        site.targets = (self.written(node.target),)
        if isinstance(node.target, ast.Subscript):
            site.owner = self.owner(node.target)
            self.all(node.target.value, node.target.slice)
        elif isinstance(node.target, ast.Attribute):
            self.visit(node.target.value)
        self.visit(node.value)

    # -------------------------------------------------------------------------- expressions
    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        before, self.quoted = self.quoted, node
        self.generic_visit(node)
        self.quoted = before

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if not is_text(node.left):
            self.add(node, "binop")
        self.all(node.left, node.right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if not isinstance(node.op, ast.Not) and not isinstance(node.operand, ast.Constant):
            self.add(node, "unary")
        self.visit(node.operand)

    def visit_Compare(self, node: ast.Compare) -> None:
        if len(node.ops) == 1 and isinstance(node.ops[0], COMPARISONS):
            self.add(node, "compare")
        self.all(node.left, node.comparators)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load):
            self.add(node, "subscript")
        elif isinstance(node.ctx, ast.Store):
            self.add(node, "setitem").owner = self.owner(node)
        self.all(node.value, node.slice)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        loads = isinstance(node.ctx, ast.Load) and node.attr not in LOADED_QUIETLY
        if loads and root_of(node) not in self.foreign:
            self.add(node, "attribute")
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        if not (isinstance(function, ast.Name) and function.id in UNWATCHED):
            method = isinstance(function, ast.Attribute) and root_of(function) not in self.modules
            self.add(node, "method" if method else "call")
        # The function's own name is no value of interest; what it is looked up in may be.
        self.visit(function.value if isinstance(function, ast.Attribute) else function)
        self.all(node.args, node.keywords)

    def visit_match_case(self, node: Any) -> None:
        """Patterns are no expressions."""
        self.all(node.guard, node.body)


def imported(tree: ast.Module, own: set[str]) -> tuple[set[str], set[str]]:
    """Names that an import binds, and those of them that are modules of someone else.

    `np.pi` is looked up in a module, not in a value.
    """
    names, foreign = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for a in node.names:
                names.add((a.asname or a.name).split(".")[0])
                if a.name.split(".")[0] not in own:
                    foreign.add((a.asname or a.name).split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            names.update(a.asname or a.name for a in node.names)
    return names, foreign


def root_of(node: Any) -> str:
    """The name that a chain of attributes begins with, or nothing."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def lines_of(statement: Any) -> tuple[int, int]:
    """First and last line of a statement; of a compound one, of its head."""
    body = getattr(statement, "body", None)
    last = statement.end_lineno or statement.lineno
    if isinstance(body, list) and body and hasattr(body[0], "lineno"):
        last = min(last, max(statement.lineno, body[0].lineno - 1))
    return statement.lineno, last


def is_text(node: Any) -> bool:
    """True for the literal string on the left of `%`."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
    )


def same_expression(text: str, node: Any) -> bool:
    """True if a text parses to this very expression."""
    try:
        return ast.dump(ast.parse(text.strip(), mode="eval").body) == ast.dump(node)
    except (SyntaxError, ValueError):
        return False


def source_of(node: Any) -> str:
    """The text of an expression whose place is not known."""
    unparse = getattr(ast, "unparse", None)  # Python 3.9
    return str(unparse(node)) if unparse is not None else ""
