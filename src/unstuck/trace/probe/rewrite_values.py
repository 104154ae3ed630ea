"""Rewriting for the tape: every value passes through a hook with the number of its site.

Order of evaluation, short circuits and scopes stay Python's: a hook gets values that are already
there and gives back what the operator would have given.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .rewrite import LoopRewriter, as_tree, call, is_generator, name, put, statement
from .source import root_of

BINARY = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "true_divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "remainder",
    ast.Pow: "power",
    ast.MatMult: "matmul",
    ast.BitAnd: "bitwise_and",
    ast.BitOr: "bitwise_or",
    ast.BitXor: "bitwise_xor",
    ast.LShift: "left_shift",
    ast.RShift: "right_shift",
}
UNARY = {ast.USub: "negative", ast.UAdd: "positive", ast.Invert: "invert"}
COMPARED = {
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
DERIVED = {"T", "mT", "real", "imag", "flat", "A", "A1"}  # attributes that are made from the array
COMPILED = ("jit", "njit", "vectorize", "guvectorize", "numba", "nb", "cuda")


def is_literal(node: Any) -> bool:
    """A number written out, with its sign."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant)


class ValueRewriter(LoopRewriter):
    """Puts hooks around expressions.

    ``wanted`` says which sites get one; ``names`` True: assignments, arguments and loop variables
    are told too. ``literals`` collects, by site, which operands are written out in the source.
    """

    def __init__(
        self,
        waited: frozenset[int],
        shortened: frozenset[int],
        file: str,
        wanted: Callable[[int], bool],
        texts: list[Any],
        literals: dict[int, tuple[bool, bool]],
        *,
        names: bool,
    ) -> None:
        super().__init__(waited, shortened)
        self.file = file
        self.wanted = wanted
        self.texts = texts  # by number: what a binding hook is about
        self.literals = literals
        self.names = names
        self.classes: list[str] = []
        self.path: list[str] = []
        self.operand = False  # the node about to be visited is an operand

    def hooked(self, node: Any) -> bool:
        """True if this node is to be watched."""
        return hasattr(node, "site") and self.wanted(node.site)

    def hook(self, old: Any, kind: str, *arguments: Any) -> Any:
        """A call of a hook in place of a node."""
        return put(call(kind, old.site, *arguments), old)

    def note(self, what: Any) -> int:
        """Keep a text for a binding hook; its number."""
        self.texts.append(what)
        return len(self.texts) - 1

    def operands(self, *nodes: Any) -> list[Any]:
        """Visit operands: literals among them stay literals."""
        return [node if is_literal(node) else self.visit(node) for node in nodes]

    # ------------------------------------------------------------------------- expressions
    def visit_Constant(self, node: ast.Constant) -> Any:  # noqa: N802 - ast's names
        """A float that is not an operand becomes an object of its own.

        Python shares equal constants, so `w, b = 0.0, 0.0` would be one value otherwise.
        """
        if self.names and type(node.value) is float:
            return put(call("fresh", ast.Constant(node.value)), node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:  # noqa: N802
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                part.value = self.visit(part.value)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> Any:  # noqa: N802
        if not self.hooked(node):
            node.left, node.right = self.operands(node.left, node.right)
            return node
        self.literals[node.site] = (is_literal(node.left), is_literal(node.right))  # type: ignore[attr-defined]
        left, right = self.operands(node.left, node.right)
        return self.hook(node, BINARY[type(node.op)], left, right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:  # noqa: N802
        if not self.hooked(node):
            number = isinstance(node.operand, ast.Constant) and self.visit(node.operand)
            if isinstance(number, ast.Call):  # -0.5, made an object of its own
                number.args = [put(ast.UnaryOp(node.op, as_tree(node.operand)), node)]
                return number
            (node.operand,) = self.operands(node.operand)
            return node
        return self.hook(node, UNARY[type(node.op)], self.visit(node.operand))

    def visit_Compare(self, node: ast.Compare) -> Any:  # noqa: N802
        if not self.hooked(node):
            node.left, *node.comparators = self.operands(node.left, *node.comparators)
            return node
        self.literals[node.site] = (is_literal(node.left), is_literal(node.comparators[0]))  # type: ignore[attr-defined]
        left, right = self.operands(node.left, node.comparators[0])
        return self.hook(node, COMPARED[type(node.ops[0])], left, right)

    def index(self, node: Any) -> Any:
        """What stands in brackets, as a value."""
        if isinstance(node, ast.Slice):
            ends = [
                ast.Constant(None) if x is None else self.visit(x)
                for x in (node.lower, node.upper, node.step)
            ]
            return put(call("slice", *ends), node)
        if isinstance(node, ast.Tuple):
            return put(ast.Tuple([self.index(item) for item in node.elts], ast.Load()), node)
        if type(node).__name__ == "Index":  # Python 3.8
            return self.index(node.value)
        if type(node).__name__ == "ExtSlice":
            return put(
                ast.Tuple([self.index(item) for item in node.dims], ast.Load()), node.dims[0]
            )
        return self.visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> Any:  # noqa: N802
        if isinstance(node.ctx, ast.Load) and self.hooked(node):
            return self.hook(node, "getitem", self.visit(node.value), self.index(node.slice))
        node.value = self.visit(node.value)
        if isinstance(node.ctx, ast.Store) and self.hooked(node):
            node.value = self.hook(node, "slot", node.value)
        node.slice = self.plain_index(node.slice)
        return node

    def plain_index(self, node: Any) -> Any:
        """What stands in brackets, left in brackets."""
        if isinstance(node, ast.Slice):
            return self.generic_visit(node)
        if isinstance(node, ast.Tuple):
            node.elts = [self.plain_index(item) for item in node.elts]
            return node
        return self.visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:  # noqa: N802
        node.value = self.visit(node.value)
        if not isinstance(node.ctx, ast.Load) or not self.hooked(node):
            return node
        if node.attr in DERIVED:
            return self.hook(node, "attribute", node.value, node.attr)
        return self.hook(node, "loaded", node)

    def visit_Call(self, node: ast.Call) -> Any:  # noqa: N802
        function = node.func
        if isinstance(function, ast.Attribute):  # not a load: a bound method is no value
            function.value = self.visit(function.value)
        elif not isinstance(function, ast.Name):
            node.func = self.visit(function)
        node.args = [self.visit(argument) for argument in node.args]
        node.keywords = [self.visit(keyword) for keyword in node.keywords]
        if self.hooked(node):
            node.func = put(call("call", node.site, node.func), node)  # type: ignore[attr-defined]
        return node

    def visit_NamedExpr(self, node: Any) -> Any:  # noqa: N802
        node.value = self.bound(self.visit(node.value), node.target)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        node.iter = self.iterated(node)
        node.target = self.visit(node.target)
        node.ifs = [self.visit(condition) for condition in node.ifs]
        names = names_in(node.target)
        if self.names and names and not node.is_async:
            node.ifs.insert(0, put(self.binding(names), node.iter))
        return node

    def visit_match_case(self, node: Any) -> Any:
        if node.guard is not None:
            node.guard = self.visit(node.guard)
        node.body = self.lines(node.body)
        return node

    # -------------------------------------------------------------------------- statements
    def lines(self, body: list[Any]) -> list[Any]:
        """Visit statements, each of which may become several."""
        done: list[Any] = []
        for line in body:
            new = self.visit(line)
            done.extend(new if isinstance(new, list) else [new])
        return done

    def iterated(self, node: Any) -> Any:
        """What a loop goes through."""
        inner = self.visit(node.iter)
        if self.wanted(node.iterated):
            return put(call("iterate", node.iterated, inner), node.iter)
        return inner

    def binding(self, names: list[str]) -> ast.Call:
        """A hook that is told names and their values; it answers True."""
        return call("bind", self.note(names), *(ast.Name(n, ast.Load()) for n in names))

    def visit_For(self, node: ast.For) -> Any:  # noqa: N802
        node.iter = self.iterated(node)
        node.target = self.visit(node.target)
        node.body = self.lines(node.body)
        names = names_in(node.target)
        if self.names and names:
            node.body.insert(0, put(statement(self.binding(names)), node.iter))
        node.orelse = self.lines(node.orelse)
        return self.loop(node)

    def visit_With(self, node: ast.With) -> Any:  # noqa: N802
        self.generic_visit(node)
        names = [n for item in node.items for n in names_in(item.optional_vars)]
        if self.names and names:
            node.body.insert(0, put(statement(self.binding(names)), node.body[0]))
        return node

    def bound(self, value: Any, *targets: Any) -> Any:
        """A value that is about to get names."""
        if not self.names or (isinstance(value, ast.Constant) and type(value.value) is not float):
            return value
        shapes = [shape for shape in (self.target(t) for t in targets) if shape]
        return put(call("assigned", self.note(shapes), value), value) if shapes else value

    def target(self, node: Any) -> Any:
        """The text of a target; of several, the list of theirs."""
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Attribute):
            return dotted(node)
        if isinstance(node, (ast.Tuple, ast.List)):
            return [self.target(item) for item in node.elts]
        return ""  # an item: the hook that writes it knows the text

    def visit_Assign(self, node: ast.Assign) -> Any:  # noqa: N802
        node.value = self.bound(self.visit(node.value), *node.targets)
        node.targets = [self.visit(target) for target in node.targets]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:  # noqa: N802
        if node.value is not None:
            node.value = self.bound(self.visit(node.value), node.target)
            node.target = self.visit(node.target)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:  # noqa: N802
        target = node.target
        if isinstance(target, ast.Subscript):
            inner: Any = [self.visit(target.value), None]
        elif isinstance(target, ast.Attribute):
            inner = [self.visit(target.value), None]
        value: Any
        if not self.hooked(node):
            if not isinstance(target, ast.Name):
                target.value = inner[0]
            if isinstance(target, ast.Subscript):
                target.slice = self.plain_index(target.slice)
            (node.value,) = self.operands(node.value)
            return node
        op = BINARY[type(node.op)]
        self.literals[node.site] = (False, is_literal(node.value))  # type: ignore[attr-defined]
        if isinstance(target, ast.Name):
            (value,) = self.operands(node.value)
            old = put(ast.Name(target.id, ast.Load()), target)
            new = self.hook(node, "augmented", op, old, value, self.note([target.id]))
            return put(ast.Assign([target], new), node)
        if isinstance(target, ast.Attribute):
            held = self.hook(node, "held_attribute", inner[0], self.mangled(target.attr))
            text = dotted(target)
        else:
            held = self.hook(node, "held_item", inner[0], self.index(target.slice))
            text = ""  # known with the site
        (value,) = self.operands(node.value)
        hook = self.hook(node, "augmented_held", op, held, value, self.note([text]))
        return put(statement(hook), node)

    def visit_Delete(self, node: ast.Delete) -> Any:  # noqa: N802
        return node

    # ------------------------------------------------------------------------------ scopes
    def mangled(self, attribute: str) -> str:
        """A private name, as the class body that it stands in has it."""
        if not attribute.startswith("__") or attribute.endswith("__") or not self.classes:
            return attribute
        owner = self.classes[-1].lstrip("_")
        return f"_{owner}{attribute}" if owner else attribute

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:  # noqa: N802
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        node.bases = [self.visit(base) for base in node.bases]
        node.keywords = [self.visit(keyword) for keyword in node.keywords]
        self.classes.append(node.name)
        self.path.append(node.name)
        node.body = self.lines(node.body)
        self.path.pop()
        self.classes.pop()
        return node

    def defaults(self, arguments: ast.arguments) -> None:
        """Default values are made where the function is."""
        arguments.defaults = [self.visit(d) for d in arguments.defaults]
        arguments.kw_defaults = [d if d is None else self.visit(d) for d in arguments.kw_defaults]

    def visit_Lambda(self, node: ast.Lambda) -> Any:  # noqa: N802
        self.defaults(node.args)
        self.path.append("<lambda>")
        self.generators.append(is_generator(node))
        node.body = self.visit(node.body)
        if self.names and not self.generators[-1]:
            enter, leave = self.frame(node.args, "enter", "left")
            leave.args.append(node.body)
            pair = ast.Tuple([enter, leave], ast.Load())
            node.body = put(ast.Subscript(pair, ast.Constant(1), ast.Load()), node.body)
        self.generators.pop()
        self.path.pop()
        return node

    def frame(self, arguments: ast.arguments, enter: str, leave: str) -> tuple[ast.Call, ast.Call]:
        """The hooks at the beginning and the end of a function."""
        function = ".".join(self.path)
        names = [a.arg for a in (*getattr(arguments, "posonlyargs", ()), *arguments.args)]
        names += [a.arg for a in arguments.kwonlyargs]
        number = self.note((function, self.file, names))
        values = [ast.Name(n, ast.Load()) for n in names]
        return call(enter, number, *values), call(leave, number)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:  # noqa: N802
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        self.defaults(node.args)
        if any(is_compiled(d) for d in node.decorator_list):
            return node
        self.path.append(node.name)
        self.generators.append(is_generator(node))
        node.body = self.lines(node.body)
        if self.names:
            self.framed(node)
        self.generators.pop()
        self.path.pop()
        return node

    def framed(self, node: ast.FunctionDef) -> None:
        """Tell when the function is entered and left."""
        first = 1 if is_docstring(node.body[0]) else 0
        body = node.body[first:]
        if not body:
            return
        if self.generators[-1]:
            enter, leave = self.frame(node.args, "enter_generator", "leave_generator")
            box = name("frame").id
            Yields(box).visit(node)
            leave.args = [ast.Name(box, ast.Load())]
            begin: ast.stmt = ast.Assign([ast.Name(box, ast.Store())], enter)
            body = node.body[first:]
        else:
            enter, leave = self.frame(node.args, "enter", "leave")
            begin = statement(enter)
        whole = put(ast.Try(body, [], [], [statement(leave)]), body[0])
        node.body = [*node.body[:first], put(begin, body[0]), whole]


class Yields(ast.NodeTransformer):
    """A generator's frame is the current one only while the generator runs."""

    def __init__(self, box: str) -> None:
        self.box = box
        self.depth = 0

    def visit_FunctionDef(self, node: Any) -> Any:
        """Only the function itself."""
        if self.depth:
            return node
        self.depth = 1
        node.body = [self.visit(line) for line in node.body]
        return node

    def visit_Lambda(self, node: Any) -> Any:
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda  # noqa: N815

    def visit_Yield(self, node: ast.Yield) -> Any:
        self.generic_visit(node)
        value = as_tree(None) if node.value is None else node.value
        node.value = call("away", ast.Name(self.box, ast.Load()), value)
        return put(call("back", ast.Name(self.box, ast.Load()), node), node)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> Any:
        self.generic_visit(node)
        node.value = call("away", ast.Name(self.box, ast.Load()), node.value)
        return put(call("back", ast.Name(self.box, ast.Load()), node), node)


def names_in(target: Any) -> list[str]:
    """The plain names that a target binds."""
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, (ast.Tuple, ast.List)):
        return [n for item in target.elts for n in names_in(item)]
    return names_in(target.value) if isinstance(target, ast.Starred) else []


def dotted(node: Any) -> str:
    """`a.b.c` as text, or nothing if it is more than names."""
    root = root_of(node)
    if not root:
        return ""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([root, *reversed(parts)])


def is_compiled(decorator: Any) -> bool:
    """True for numba's decorators: what they compile must stay as it is."""
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
        if isinstance(decorator, ast.Call):  # already hooked
            decorator = decorator.args[-1]
    return root_of(decorator) in COMPILED


def is_docstring(line: Any) -> bool:
    """True for a string that stands alone."""
    return isinstance(line, ast.Expr) and isinstance(getattr(line.value, "value", None), str)
