"""State of the optimiser that shares its arrays with the parameters, or with other state.

``m = [p for p in params]`` is a second list of the same arrays, ``m = v = np.zeros(n)`` two names
of one, ``[np.zeros(n)] * 3`` three items that are one array. What is written into one then changes
the other. Sharing may be meant; so it is only spoken of if arrays of their own make the program
learn.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source, numpy_in
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.trace.draws import name_of_call
from unstuck.trace.program import Program

CODE = "U203"
VALUES = frozenset({"values"})
LISTS = frozenset({"list", "tuple"})
NUMBERS = frozenset({"abs", "float", "int", "len", "max", "min", "round", "sum"})


def shared_state(program: Program) -> list[Suspect]:
    """A suspect for each assignment that makes arrays be shared with something that changes."""
    found = []
    for file, text in program.files.items():
        source = Source(text)
        changed = changed_names(source.tree)
        state = changed | handed_on(source.tree)
        for statement in ast.walk(source.tree):
            if not isinstance(statement, ast.Assign) or in_step(source.tree, statement):
                continue
            names = [ast.unparse(target) for target in statement.targets]
            if not state.isdisjoint(names):
                for new in of_their_own(statement, source, numpy_in(text), changed):
                    span = source.span(file, statement)
                    option = Option((Edit(span, new),), "arrays of its own")
                    found.append(suspect_of(CODE, span, (option,), speculative=True, shared=names))
    return found


def in_step(tree: ast.AST, statement: ast.Assign) -> bool:
    """True for a statement that every step makes anew: in a loop, or a name in a function."""
    inner: tuple[type[ast.stmt], ...] = (ast.For, ast.While)
    if isinstance(statement.value, ast.Name | ast.Attribute):
        inner += (ast.FunctionDef,)
    return any(
        isinstance(node, inner)
        and getattr(node, "name", "") != "__init__"
        and node.lineno < statement.lineno <= (node.end_lineno or 0)
        for node in ast.walk(tree)
    )


def changed_names(tree: ast.AST) -> set[str]:
    """Names whose items, or that themselves, are written in place."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign):
            found.add(root(node.target))
        elif isinstance(node, ast.Assign):
            found.update(root(t) for t in node.targets if isinstance(t, ast.Subscript))
    return found - {""}


def handed_on(tree: ast.AST) -> set[str]:
    """Names whose items the program hands to its own functions, which may write into them."""
    own = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    return {
        root(argument)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in own
        for argument in call.args
        if isinstance(argument, ast.Subscript)
    } - {""}


def root(node: ast.expr) -> str:
    """The name that an item is an item of: ``m`` of ``m[i]``, ``self.m`` of ``self.m["W"]``."""
    while isinstance(node, ast.Subscript | ast.Starred):
        node = node.value
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def of_their_own(
    statement: ast.Assign, source: Source, numpy: str, changed: set[str]
) -> Iterator[str]:
    """The assignment with arrays of their own, where it shares some that are ``changed``."""
    value, write = statement.value, source.segment
    left = "".join(f"{write(target)} = " for target in statement.targets)
    if not may_share(value):
        return
    if isinstance(value, ast.ListComp) and is_item(value.elt, value.generators):
        rest = write(value)[1 + len(write(value.elt)) :]
        yield f"{left}[{numpy}.zeros_like({write(value.elt)}){rest}"
    elif isinstance(value, ast.DictComp) and is_item(value.value, value.generators):
        head, _, rest = write(value).partition(f": {write(value.value)}")
        yield f"{left}{head}: {numpy}.zeros_like({write(value.value)}){rest}"
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and len(value.args) == 1:
        inner = write(value.args[0])
        if value.func.id in LISTS:
            yield f"{left}[{numpy}.zeros_like(x) for x in {inner}]"
        elif value.func.id == "dict":
            yield f"{left}{{k: {numpy}.zeros_like(x) for k, x in {inner}.items()}}"
    elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        if isinstance(value.left, ast.List) and len(value.left.elts) == 1:
            item = value.left.elts[0]
            yield f"{left}[{write(item)} for _ in range({write(value.right)})]"
    elif len(statement.targets) > 1 and isinstance(value, ast.Call | ast.ListComp | ast.DictComp):
        yield "; ".join(f"{write(target)} = {write(value)}" for target in statement.targets)
    elif root(value) in changed and not isinstance(value, ast.Subscript):
        yield f"{left}{numpy}.zeros_like({write(value)})"


def may_share(value: ast.expr) -> bool:
    """False for what makes numbers, or items of its own: ``list(range(n))``, ``[rate] * 4``."""
    if isinstance(value, ast.ListComp | ast.DictComp):
        return all(not is_call(g.iter, NUMBERS | {"range"}) for g in value.generators)
    if isinstance(value, ast.Call):
        if is_call(value, LISTS | {"dict"}):
            whole = value.args[0] if value.args else value
            return isinstance(whole, ast.Name | ast.Attribute) or is_call(whole, VALUES)
        return not is_call(value, NUMBERS)
    if isinstance(value, ast.BinOp) and isinstance(value.left, ast.List) and value.left.elts:
        return any(isinstance(n, ast.Call | ast.List) for n in ast.walk(value.left.elts[0]))
    return True


def is_call(node: ast.expr, names: frozenset[str]) -> bool:
    """True for a call of a function, or a method, of one of these names."""
    return isinstance(node, ast.Call) and name_of_call(node) in names


def is_item(node: ast.expr, generators: list[ast.comprehension]) -> bool:
    """True if a comprehension gives the items as they are."""
    given = {n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
    return isinstance(node, ast.Name) and node.id in given
