"""Statements that do nothing, seen in the source alone: a value is made and nobody keeps it.

Whatever may have an effect is left out: calls of anything but a few pure functions, subscripts
and attributes (which may raise), and what a notebook shows at the end of a cell.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence

from unstuck.record.run_record import SourceSpan

# Functions of NumPy, and methods of arrays, that return something new and change nothing.
UNARY = frozenset({
    "abs", "absolute", "arctan", "cos", "exp", "log", "log10", "log1p", "log2",
    "negative", "sign", "sin", "sqrt", "square", "tanh",
})  # fmt: skip
BINARY = frozenset({
    "add", "clip", "divide", "dot", "matmul", "maximum", "mean", "minimum",
    "multiply", "power", "prod", "std", "subtract", "sum", "var",
})  # fmt: skip
SHAPING = frozenset({
    "append", "array", "asarray", "astype", "atleast_2d", "concatenate", "delete",
    "expand_dims", "flatten", "hstack", "insert", "ravel", "reshape", "roll", "rot90",
    "round", "squeeze", "stack", "swapaxes", "tile", "transpose", "vstack", "where",
})  # fmt: skip
METHODS = frozenset({
    "astype", "dot", "flatten", "ravel", "reshape", "squeeze", "swapaxes", "transpose",
})  # fmt: skip
RANDOM = "permutation"  # of numpy.random: shuffles a copy
PURE_BUILTINS = frozenset({"abs", "round", "sorted"})
OPERATIONS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)

AN_EXCEPTION = "an exception is built but not raised"
A_COMPARISON = "two values are compared, and nothing depends on the answer"
AN_OPERATION = "the result is computed and thrown away"
A_CALL = "this changes nothing by itself: it returns the result, which is thrown away"
A_NAME = "the function is named but not called"


def useless_statements(
    file: str, source: str, *, cells: Sequence[int] = ()
) -> list[tuple[SourceSpan, str]]:
    r"""Every statement of a source that has no effect, with what is thrown away.

    Parameters
    ----------
    file : str
        What the spans call the source.
    source : str
        Text that need not be correct Python: then there is nothing to say.
    cells : sequence of int
        First lines of a notebook's cells; the last expression of each is shown, hence of use.

    Examples
    --------
    >>> useless_statements("net.py", "w = 1.0\nw - 0.1\n")[0][1]
    'the result is computed and thrown away'
    >>> useless_statements("net.py", "'text'\nprint(w)\nw[0]\n...\n")
    []
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = source.splitlines()
    names = _Names(tree)
    shown = set(_shown(tree, cells))
    found = []
    for statement, guarded in _expressions(tree):
        what = "" if statement in shown else _useless(statement.value, names, guarded=guarded)
        if what:
            found.append((_span(file, lines, statement.value), what))
    return sorted(found, key=lambda item: (item[0].line, item[0].column))


def _useless(value: ast.expr, names: _Names, *, guarded: bool) -> str:
    """What is thrown away; empty where the expression may have an effect."""
    if isinstance(value, ast.Call) and _exception(value.func, names):
        return AN_EXCEPTION
    if guarded:  # whoever catches an exception may evaluate only to see whether there is one
        return ""
    useless, what = False, AN_OPERATION
    match value:
        case ast.Compare():
            useless, what = True, A_COMPARISON
        case ast.BinOp():
            useless = isinstance(value.op, OPERATIONS)
        case ast.UnaryOp() | ast.BoolOp() | ast.Lambda() | ast.JoinedStr():
            useless = _quiet(value)
        case ast.Call():
            useless, what = _pure(value, names), A_CALL
        case ast.Attribute(attr="T"):
            useless = True
        case ast.Attribute():
            module = names.modules.get(_dotted(value.value))
            useless, what = module == "matplotlib.pyplot", A_NAME
        case ast.Name():
            useless, what = value.id in names.functions, A_NAME
    return what if useless else ""


class _Names:
    """What the names of a source stand for, as far as imports and definitions tell."""

    def __init__(self, tree: ast.Module) -> None:
        self.modules: dict[str, str] = {}
        self.functions: set[str] = set()
        self.methods: set[str] = set()
        self.exceptions: set[str] = {
            name
            for name, kind in vars(builtins).items()
            if isinstance(kind, type) and issubclass(kind, BaseException)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self.modules |= {a.asname or a.name: a.name for a in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                self.modules |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
            elif isinstance(node, ast.ClassDef):
                self.methods |= {m.name for m in node.body if isinstance(m, ast.FunctionDef)}
                self.exceptions -= {node.name}
                if any(isinstance(b, ast.Name) and b.id in self.exceptions for b in node.bases):
                    self.exceptions.add(node.name)
        self.functions |= {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
        self.exceptions -= self.functions
        self.shadowed = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


def _exception(function: ast.expr, names: _Names) -> bool:
    return isinstance(function, ast.Name) and function.id in names.exceptions


def _pure(call: ast.Call, names: _Names) -> bool:
    """True for a call that is known to change nothing, and whose arguments are."""
    if any(keyword.arg in {"out", None} for keyword in call.keywords):
        return False
    if not all(_quiet(part) for part in (*call.args, *(k.value for k in call.keywords))):
        return False
    path = _dotted(call.func)
    head, _, name = path.rpartition(".")
    if not head:
        imported = names.modules.get(path, "")
        if imported.startswith("numpy."):
            return _returns_new(imported.removeprefix("numpy."), len(call.args))
        return path in PURE_BUILTINS - names.shadowed and not imported
    first, _, rest = head.partition(".")
    module = ".".join(part for part in (names.modules.get(first, ""), rest) if part)
    if names.modules.get(first):
        shuffles = module == "numpy.random" and name == RANDOM
        return shuffles or (module == "numpy" and _returns_new(name, len(call.args)))
    return name in METHODS - names.methods and len(call.args) < 3


def _returns_new(function: str, arguments: int) -> bool:
    """True for a function of NumPy with so few arguments that none can be ``out``."""
    return (
        function in SHAPING
        or (function in UNARY and arguments < 2)
        or (function in BINARY and arguments < 3)
    )


def _quiet(tree: ast.expr) -> bool:
    """True if nothing in an expression is called, awaited, assigned or yielded."""
    loud = ast.Call | ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr
    if isinstance(tree, ast.Lambda):
        return True
    return not any(isinstance(node, loud) for node in ast.walk(tree))


def _dotted(node: ast.expr) -> str:
    """``np.random.rand`` of such an expression; what is no name ends in a dot before it."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "()")
    return ".".join(reversed(parts))


def _expressions(tree: ast.Module) -> Iterator[tuple[ast.Expr, bool]]:
    """Every statement that is an expression, and whether it stands in a try or a with."""
    open_: list[tuple[ast.AST, bool]] = [(tree, False)]
    while open_:
        node, guarded = open_.pop()
        if isinstance(node, ast.Expr):
            yield node, guarded
        tried = node.body if isinstance(node, ast.Try | ast.With | ast.AsyncWith) else []
        for child in ast.iter_child_nodes(node):
            inside = guarded or child in tried
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inside = False
            if not isinstance(child, ast.expr):
                open_.append((child, inside))


def _shown(tree: ast.Module, cells: Sequence[int]) -> Iterator[ast.stmt]:
    """The last statement of each cell, which a notebook shows."""
    ends = [*sorted(cells)[1:], float("inf")] if cells else []
    for start, end in zip(sorted(cells), ends, strict=True):
        inside = [s for s in tree.body if start <= s.lineno < end]
        yield from inside[-1:]


def _span(file: str, lines: list[str], node: ast.expr) -> SourceSpan:
    """A node's place, with columns in characters (the parser counts bytes)."""

    def column(line: int, offset: int) -> int:
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        return len(text.encode()[:offset].decode(errors="ignore"))

    last = node.end_lineno or node.lineno
    end = node.end_col_offset if node.end_col_offset is not None else node.col_offset
    return SourceSpan(
        file, node.lineno, column(node.lineno, node.col_offset), last, column(last, end)
    )
