"""State of the optimiser that shares its arrays with the parameters, or with other state.

``m = [p for p in params]`` is a second list of the same arrays, ``m = v = np.zeros(n)`` two names
of one, ``v = m`` as well, ``[np.zeros(n)] * 3`` three items that are one array. What is written
into one then changes the other. Sharing may be meant; so it is only spoken of if arrays of their
own make the program learn.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source, numpy_in
from unstuck.doctor.fixes.rewrites.numbers import assigned
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.trace.draws import DRAWN, SIZED, SPREAD, name_of_call
from unstuck.trace.program import Program
from unstuck.trace.traced import Traced

CODE = "U203"
VALUES = frozenset({"values"})
LISTS = frozenset({"list", "tuple"})
DICTS = frozenset({"dict", "defaultdict", "fromkeys", "OrderedDict"})
NUMBERS = frozenset({"abs", "float", "int", "len", "max", "min", "round", "sum"})
RANDOM = frozenset(SPREAD | SIZED | DRAWN)
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
LABEL = "arrays of its own"
Lines = tuple[str, int, int]  # file, first line, last line


@dataclass(frozen=True, slots=True)
class State:
    """What one file changes in place: names whose items, or that themselves, are written."""

    source: Source
    changed: frozenset[str]
    handed: frozenset[str]  # to the program's own functions, which may write into them

    @property
    def numpy(self) -> str:
        """What the file calls NumPy."""
        return numpy_in(self.source.text)

    def holds(self, names: Sequence[str]) -> bool:
        """True if one of the names may be written in place."""
        return not (self.changed | self.handed).isdisjoint(names)


def shared_state(program: Program, steps: Sequence[Lines] = ()) -> list[Suspect]:
    """A suspect for each assignment that makes arrays be shared with something that changes.

    ``steps`` are the lines that every step runs: what they make is made anew, and is no state.
    """
    found = []
    for file, text in program.files.items():
        source = Source(text)
        state = State(source, changed_names(source.tree), handed_on(source.tree))
        for statement in ast.walk(source.tree):
            if not isinstance(statement, ast.Assign):
                continue
            if any(f == file and a <= statement.lineno <= b for f, a, b in steps):
                continue
            names = [name for target in statement.targets for name in named(target)]
            if state.holds(names):
                span = source.span(file, statement)
                options = [
                    Option((Edit(span, new),), LABEL) for new in of_their_own(statement, state)
                ]
                if options:
                    also = aliased(statement.value)
                    found.append(
                        suspect_of(CODE, span, options, speculative=True, shared=[*names, *also])
                    )
        found += shared_defaults(file, state)
    return found


def each_step(program: Program, traced: Traced) -> list[Lines]:
    """The lines of the training loop, and of the functions that were called while it ran."""
    tape, loop = traced.tape, traced.loop.key
    called = {(f.file, f.function.split(".")[-1]) for f in tape.frames if f.at >= tape.start}
    return [(loop[0], loop[1], loop[3])] + [
        (file, node.lineno, node.end_lineno or node.lineno)
        for file, text in program.files.items()
        for node in ast.walk(Source(text).tree)
        if isinstance(node, FUNCTIONS) and (file, node.name) in called
    ]


# ------------------------------------------------------------------------------- what changes


def changed_names(tree: ast.AST) -> frozenset[str]:
    """Names whose items, or that themselves, are written in place."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign):
            found.add(root(node.target))
        elif isinstance(node, ast.Assign):
            found.update(root(t) for t in node.targets if isinstance(t, ast.Subscript))
    return frozenset(found - {""})


def handed_on(tree: ast.AST) -> frozenset[str]:
    """Names whose items the program hands to its own functions, which may write into them."""
    own = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    return frozenset(
        root(argument)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in own
        for argument in call.args
        if isinstance(argument, ast.Subscript)
    ) - {""}


def root(node: ast.expr) -> str:
    """The name that an item is an item of: ``m`` of ``m[i]``, ``self.m`` of ``self.m["W"]``."""
    while isinstance(node, ast.Subscript | ast.Starred):
        node = node.value
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def named(target: ast.expr) -> list[str]:
    """The names that a target writes to: both of ``m, v = ...``, ``m`` of ``m[k] = ...``."""
    if isinstance(target, ast.Tuple | ast.List):
        return [name for part in target.elts for name in named(part)]
    return [name] if (name := root(target)) else []


def aliased(value: ast.expr) -> list[str]:
    """The other name of what a plain ``v = m`` makes two names of."""
    return [ast.unparse(value)] if isinstance(value, ast.Name | ast.Attribute) else []


# ------------------------------------------------------------------------- arrays of their own


def of_their_own(statement: ast.Assign, state: State) -> Iterator[str]:
    """The assignment with arrays of their own, where it shares some that are changed."""
    value, write = statement.value, state.source.segment
    if not may_share(value):
        return
    targets = [write(target) for target in statement.targets]
    inner = list(unshared(value, state))
    several = len(targets) > 1 and (
        inner or isinstance(value, ast.Call | ast.ListComp | ast.DictComp | ast.Dict | ast.List)
        or is_repeated(value)
    )  # fmt: skip
    if several:
        new = inner[0] if inner else write(value)
        yield "; ".join(f"{target} = {new}" for target in targets)
    else:
        yield from (f"{''.join(f'{target} = ' for target in targets)}{new}" for new in inner)


def unshared(value: ast.expr, state: State) -> Iterator[str]:
    """An expression that makes items of its own, in the place of one that hands on others'."""
    write, numpy = state.source.segment, state.numpy
    match value:
        case ast.ListComp() if is_item(value.elt, value.generators):
            rest = write(value)[1 + len(write(value.elt)) :]
            yield f"[{numpy}.zeros_like({write(value.elt)}){rest}"
        case ast.DictComp() if is_item(value.value, value.generators):
            head, _, rest = write(value).partition(f": {write(value.value)}")
            yield f"{head}: {numpy}.zeros_like({write(value.value)}){rest}"
        case ast.Call(func=ast.Attribute(attr="fromkeys"), args=[keys, item]):
            yield f"{{k: {write(item)} for k in {write(keys)}}}"
        case ast.Call(func=ast.Name(id=name), args=[whole]) if name in LISTS:
            yield f"[{numpy}.zeros_like(x) for x in {write(whole)}]"
        case ast.Call(func=ast.Name(id="dict"), args=[whole]):
            yield f"{{k: {numpy}.zeros_like(x) for k, x in {write(whole)}.items()}}"
        case ast.BinOp(op=ast.Mult(), left=ast.List(elts=[item]) | ast.Tuple(elts=[item])):
            if is_made(item, state):
                new = next(another(item, state), write(item))
                yield f"[{new} for _ in range({write(value.right)})]"
        case ast.Tuple(elts=items) | ast.List(elts=items):
            seen: set[str] = set()
            new_items = []
            for item in items:
                text = write(item)
                again = text in seen and is_made(item, state)
                new_items.append(next(another(item, state), text) if again else text)
                seen.add(text)
            if new_items != [write(item) for item in items]:
                joined = ", ".join(new_items)
                yield joined if isinstance(value, ast.Tuple) else f"[{joined}]"
        case ast.Name() | ast.Attribute() if root(value) in state.changed or twice(value, state):
            yield from another(value, state)


def another(value: ast.expr, state: State) -> Iterator[str]:
    """Something of the same kind as what a name stands for, with arrays of its own.

    State that began as zeros is made the way it was made there; of weights, zeros of their shapes
    come first (their velocity), then copies.
    """
    if not isinstance(value, ast.Name | ast.Attribute):
        return
    text, write, numpy = ast.unparse(value), state.source.segment, state.numpy
    made = makers(value, state)
    plain = [m for m in made if not any(map(is_draw, ast.walk(m))) and not aliased(m)]
    if any(isinstance(m, ast.Dict | ast.DictComp) or is_call(m, DICTS) for m in made):
        if any(isinstance(m, ast.Dict) and not m.keys for m in plain):
            yield "{}"
        yield f"{{k: {numpy}.zeros_like(x) for k, x in {text}.items()}}"
        yield f"{{k: x.copy() for k, x in {text}.items()}}"
    elif any(isinstance(m, ast.List | ast.ListComp | ast.Tuple) or is_call(m, LISTS) for m in made):
        if any(isinstance(m, ast.List) and not m.elts for m in plain):
            yield "[]"
        yield f"[{numpy}.zeros_like(x) for x in {text}]"
        yield f"[x.copy() for x in {text}]"
    elif any(is_repeated(m) for m in plain):  # plain lists of numbers
        yield from (write(m) for m in plain if is_repeated(m))
    else:
        yield f"{numpy}.zeros_like({text})"
        yield f"{text}.copy()"


def makers(value: ast.expr, state: State) -> list[ast.expr]:
    """The expressions that a name was made by, if they stand in its file."""
    return list(assigned(state.source.tree, ast.unparse(value)))


def twice(value: ast.expr, state: State) -> bool:
    """True for the second of two state names that one thing is given: ``m = z`` and ``v = z``."""
    text = ast.unparse(value)
    given = [
        statement
        for statement in ast.walk(state.source.tree)
        if isinstance(statement, ast.Assign)
        and aliased(statement.value) == [text]
        and state.holds([name for target in statement.targets for name in named(target)])
    ]
    return len(given) > 1 and value is not given[0].value


def is_made(item: ast.expr, state: State) -> bool:
    """True for an item that is an array or a list, as far as the source tells; no number."""
    if isinstance(item, ast.Name | ast.Attribute):
        made = [m for m in makers(item, state) if not isinstance(m, ast.Name | ast.Attribute)]
        return any(is_made(m, state) for m in made)
    if is_call(item, NUMBERS):
        return False
    return any(isinstance(n, ast.Call | ast.List | ast.Dict | ast.DictComp) for n in ast.walk(item))


def is_draw(node: ast.AST) -> bool:
    """True for a call that draws random numbers."""
    return isinstance(node, ast.expr) and is_call(node, RANDOM)


def is_repeated(value: ast.expr) -> bool:
    """True for ``[0.0] * n``."""
    return (
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Mult)
        and isinstance(value.left, ast.List | ast.Tuple)
    )


def may_share(value: ast.expr) -> bool:
    """False for what makes numbers, or items of its own: ``list(range(n))``, ``[rate] * 4``."""
    if isinstance(value, ast.ListComp | ast.DictComp):
        return all(not is_call(g.iter, NUMBERS | {"range"}) for g in value.generators)
    if isinstance(value, ast.Call):
        if name_of_call(value) == "fromkeys":
            return len(value.args) == 2 and isinstance(
                value.args[1], ast.Call | ast.List | ast.Dict
            )
        if is_call(value, LISTS | {"dict"}):
            whole = value.args[0] if value.args else value
            return isinstance(whole, ast.Name | ast.Attribute) or is_call(whole, VALUES)
        return not is_call(value, NUMBERS)
    return True


def is_call(node: ast.expr, names: frozenset[str]) -> bool:
    """True for a call of a function, or a method, of one of these names."""
    return isinstance(node, ast.Call) and name_of_call(node) in names


def is_item(node: ast.expr, generators: list[ast.comprehension]) -> bool:
    """True if a comprehension gives the items as they are."""
    given = {n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
    return isinstance(node, ast.Name) and node.id in given


# ----------------------------------------------------------------------------------- defaults


def shared_defaults(file: str, state: State) -> Iterator[Suspect]:
    """Defaults that all calls share: ``def __init__(self, m={})``, where what gets them changes."""
    for function in ast.walk(state.source.tree):
        if not isinstance(function, FUNCTIONS):
            continue
        arguments = [*function.args.posonlyargs, *function.args.args]
        given = arguments[len(arguments) - len(function.args.defaults) :]
        for argument, default in zip(given, function.args.defaults, strict=True):
            kept = [
                name for statement in ast.walk(function) if isinstance(statement, ast.Assign)
                and aliased(statement.value) == [argument.arg]
                for target in statement.targets for name in named(target)
            ]  # fmt: skip
            makes = isinstance(default, ast.Dict | ast.List | ast.Call | ast.BinOp)
            if not makes or is_call(default, NUMBERS) or not state.holds(kept):
                continue
            yield default_of_their_own(file, state, function, argument.arg, default)


def default_of_their_own(
    file: str,
    state: State,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    name: str,
    default: ast.expr,
) -> Suspect:
    """``m=None`` in the head, and ``m = {}`` in the body, for each call anew."""
    source = state.source
    first = function.body[0]
    at = source.extent(first)[0]
    indent = " " * source.place(at)[1]
    line = f"{name} = {source.segment(default)} if {name} is None else {name}\n{indent}"
    edits = (
        Edit(source.span(file, default), "None"),
        Edit(source.between(file, at, at), line),
    )
    option = Option(edits, LABEL)
    span = source.span(file, default)
    return suspect_of(CODE, span, (option,), speculative=True, shared=[name])
