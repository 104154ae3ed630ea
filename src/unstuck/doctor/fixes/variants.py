"""Expressions that differ from the one written in one place, each as a tree and as a text.

What stays the same stays the same tree, so that its value is computed once; and it stays the same
text, so that the change is as small as it looks.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

from unstuck.doctor.fixes.bench import Bench
from unstuck.doctor.fixes.interpret import place
from unstuck.doctor.fixes.places import PRODUCT, UNARY, expression, precedence, wrapped


@dataclass(frozen=True, slots=True)
class Variant:
    """A changed expression: ``pieces`` are (start, end, text) in the site's text.

    ``factor`` is set where the fit was seen in another way than by evaluating ``tree``.
    """

    tree: ast.expr
    pieces: tuple[tuple[int, int, str], ...]
    kind: str
    cost: float
    factor: float | None = None

    def text(self, original: str) -> str:
        """The site's text with the change made."""
        for start, end, text in sorted(self.pieces, reverse=True):
            original = original[:start] + text + original[end:]
        return original


def put(bench: Bench, hole: ast.expr, new: ast.expr) -> ast.expr:
    """The site's tree with ``new`` in the place of ``hole``."""
    result: ast.AST = new
    here: ast.AST = hole
    while (above := bench.parents.get(id(here))) is not None:
        parent, name, number = above
        twin = copy.copy(parent)
        if number is None:
            setattr(twin, name, result)
        else:
            items = list(getattr(parent, name))
            items[number] = result
            setattr(twin, name, items)
        result, here = twin, parent
    return result  # type: ignore[return-value]


def swap(bench: Bench, hole: ast.expr, text: str, kind: str, cost: float) -> Variant | None:
    """Another text in the place of a part."""
    try:
        new = expression(text)
    except SyntaxError:
        return None
    parent, name, _ = bench.parents.get(id(hole), (bench.statement, "value", None))
    start, end, first, last = _extents(bench, hole)
    shown = text
    if bench.statement is not None or parent is not None:
        shown = wrapped(text, new, parent, name)
        start, end = first, last  # the parentheses that stand there will do
    return Variant(put(bench, hole, new), ((start, end, shown),), kind, cost)


def _extents(bench: Bench, hole: ast.expr) -> tuple[int, int, int, int]:
    """Where a part stands, without and with its parentheses."""
    found = bench.extents.get(id(hole))
    if found is None:
        found = (*bench.source.extent(hole), *_outer(bench, hole))
        bench.extents[id(hole)] = found
    return found


def segment(bench: Bench, node: ast.expr) -> str:
    """The text of a part."""
    return bench.source.segment(node)


def _outer(bench: Bench, node: ast.expr) -> tuple[int, int]:
    """The extent of a part with the parentheses that stand around it for its own sake."""
    start, end = bench.source.extent(node)
    parent, name, _ = bench.parents.get(id(node), (None, "", None))
    if isinstance(parent, ast.Call) and name == "args":
        return start, end
    text = bench.source.text
    while True:
        left, right = text[:start].rstrip(), text[end:].lstrip()
        if not (left.endswith("(") and right.startswith(")")):
            return start, end
        start, end = len(left) - 1, len(text) - len(right) + 1
        if parent is None and start == 0 and end == len(text):
            return start, end


def factors(bench: Bench, node: ast.expr | None = None) -> list[ast.expr]:
    """What is multiplied to give an expression, through products, quotients and signs."""
    todo, found = [node if node is not None else bench.tree], []
    while todo:
        part = todo.pop(0)
        match part:
            case ast.BinOp(op=ast.Mult(), left=left, right=right):
                todo[:0] = [left, right]
            case ast.BinOp(op=ast.Div(), left=left):
                todo.insert(0, left)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                todo.insert(0, operand)
            case ast.Call(func=ast.Attribute(attr="multiply"), args=[left, right]):
                todo[:0] = [left, right]
            case _:
                found.append(part)
    return found


def leaves(bench: Bench) -> Iterator[ast.expr]:
    """Names, attributes and items that stand for values; the largest such parts."""
    todo: list[tuple[ast.expr, bool]] = [(bench.tree, True)]
    while todo:
        node, _ = todo.pop(0)
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            text = place(node)
            if text is not None and not _array_part(node):
                if _is_value(bench, node, text):
                    yield node
                continue
        for _, name, child in _below(node):
            if name != "func" or isinstance(child, ast.Attribute):
                if name == "func":
                    child = getattr(child, "value", child)
                if name != "slice" and isinstance(child, ast.expr):
                    todo.append((child, True))


def _array_part(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in {"T", "shape", "size"}


def _below(node: ast.AST) -> Iterator[tuple[ast.AST, str, ast.AST]]:
    for name, value in ast.iter_fields(node):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.keyword):
                yield node, "keyword", each.value
            elif isinstance(each, ast.expr):
                yield node, name, each


def _is_value(bench: Bench, node: ast.expr, text: str) -> bool:
    root = text.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]
    names = bench.interpreter.names[bench.file]
    return root not in names.modules or text in bench.instances[0].names


def signs(bench: Bench) -> Iterator[Variant]:
    """The same with the other sign."""
    inner = factors(bench)
    for part in (bench.tree, *inner):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub):
            text = f"{_operand(bench, part.right, 11)} - {_operand(bench, part.left, 12)}"
            if (found := swap(bench, part, text, "sign", 1.0)) is not None:
                yield found
    for part in bench.nodes():
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub):
            text = segment(bench, part.operand)
            if (found := swap(bench, part, text, "sign", 1.0)) is not None:
                yield found
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub):
            sign = "-" if isinstance(part.op, ast.Add) else "+"
            text = f"{_operand(bench, part.left, 11)} {sign} {_operand(bench, part.right, 12)}"
            if (found := swap(bench, part, text, "sign", 1.1)) is not None:
                yield found
    text = segment(bench, bench.tree)
    shown = f"-{text}" if precedence(bench.tree) >= PRODUCT else f"-({text})"
    if (found := swap(bench, bench.tree, shown, "sign", 1.3)) is not None:
        yield found


def _operand(bench: Bench, node: ast.expr, least: int) -> str:
    text = segment(bench, node)
    return text if precedence(node) >= least else f"({text})"


def operators(bench: Bench) -> Iterator[Variant]:
    """Another operator, exponent, number or comparison in one place."""
    for part in bench.nodes():
        texts: list[tuple[str, str]] = []
        match part:
            case ast.BinOp(op=ast.Mult(), left=left, right=right):
                texts.append((f"{segment(bench, left)} / {_operand(bench, right, UNARY)}", "scale"))
            case ast.BinOp(op=ast.Div(), left=left, right=right):
                texts.append((f"{segment(bench, left)} * {_operand(bench, right, UNARY)}", "scale"))
            case ast.BinOp(op=ast.Pow(), left=left):
                texts.append((segment(bench, left), "scale"))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                other = {ast.Gt: "<", ast.Lt: ">", ast.GtE: "<", ast.LtE: ">"}.get(type(op))
                if other:
                    pair = segment(bench, left), segment(bench, right)
                    texts.append((f"{pair[0]} {other} {pair[1]}", "factor_wrong"))
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                if not _is_option(bench, part):
                    texts += [(str(n), "scale") for n in (1, 2, 3, 0, 0.5) if n != number]
            case _:
                continue
        for text, kind in texts:
            found = swap(bench, part, text, _kind(bench, part, kind), 1.3)
            if found is not None:
                yield found


def _is_option(bench: Bench, node: ast.expr) -> bool:
    """True of a number that is no number of the formula: an axis, an index."""
    parent, name, _ = bench.parents.get(id(node), (None, "", None))
    return isinstance(parent, ast.keyword | ast.Subscript | ast.Slice | ast.Tuple) or (
        isinstance(parent, ast.Call) and name == "args"
    )


def _kind(bench: Bench, part: ast.expr, kind: str) -> str:
    return "factor_wrong" if in_derivative(bench, part) else kind


def in_derivative(bench: Bench, part: ast.expr) -> bool:
    """True inside a factor that is made of one value: ``1 - a ** 2``, ``dtanh(z)``, ``z > 0``."""
    top = part
    for factor in factors(bench):
        if any(node is top for node in ast.walk(factor)):
            if isinstance(factor, ast.Name | ast.Attribute | ast.Subscript | ast.Constant):
                return _beside_itself(bench, factor)
            return len(_places(bench, factor)) == 1 and not _is_product(factor)
    return False


def _beside_itself(bench: Bench, factor: ast.expr) -> bool:
    """True of ``a`` beside ``(1 - a)``."""
    text = place(factor)
    return any(
        other is not factor and isinstance(other, ast.BinOp) and _places(bench, other) == {text}
        for other in factors(bench)
    )


def _places(bench: Bench, part: ast.expr) -> set[str | None]:
    inside = {id(node) for node in ast.walk(part)}
    return {place(leaf) for leaf in leaves(bench) if id(leaf) in inside}


def _is_product(part: ast.expr) -> bool:
    return isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult)


def drops(bench: Bench) -> Iterator[Variant]:
    """One factor or one term less."""
    for part in bench.nodes():
        match part:
            case ast.BinOp(op=ast.Mult() | ast.Add() | ast.Sub(), left=left, right=right):
                keep = [left, right]
            case ast.BinOp(op=ast.Div(), left=left):
                keep = [left]
            case ast.Call(func=ast.Attribute(attr="multiply"), args=[left, right]):
                keep = [left, right]
            case _:
                continue
        for node in keep:
            quotient = isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div)
            kind = "scale" if quotient else "drop"
            if (found := swap(bench, part, segment(bench, node), kind, 1.2)) is not None:
                yield found


def operands(bench: Bench) -> Iterator[Variant]:
    """Another value in scope for one leaf, or for every leaf of the same text."""
    groups: dict[str, list[ast.expr]] = {}
    for leaf in leaves(bench):
        groups.setdefault(place(leaf) or "", []).append(leaf)
    for text, group in groups.items():
        kinds = ["factor_wrong" if in_derivative(bench, leaf) else "operand" for leaf in group]
        for number, other in enumerate(bench.texts):
            if other == text:
                continue
            cost = 1.0 + 0.3 * number / max(len(bench.texts), 1)
            for leaf, kind in zip(group, kinds, strict=True):
                if (found := swap(bench, leaf, other, kind, cost)) is not None:
                    yield found
                flipped = swap(bench, leaf, f"{other}.T", kind, cost + 0.5)
                if flipped is not None and _matrix(bench, other):
                    yield flipped
            if len(group) > 1:
                whole = "factor_wrong" if set(kinds) == {"factor_wrong"} else "operand"
                yield from _everywhere(bench, group, other, whole, cost + 0.1)


def _matrix(bench: Bench, text: str) -> bool:
    value = bench.first(text)
    return getattr(value, "ndim", 0) == 2


def _everywhere(
    bench: Bench, group: list[ast.expr], text: str, kind: str, cost: float
) -> Iterator[Variant]:
    pieces = []
    new = expression(text)
    chosen = {id(leaf) for leaf in group}
    for leaf in group:
        found = swap(bench, leaf, text, "", 0.0)
        if found is not None:
            pieces += list(found.pieces)
    tree = replace_all(bench.tree, chosen, new)
    yield Variant(tree, tuple(pieces), kind, cost)


def replace_all(tree: ast.expr, chosen: set[int], new: ast.expr) -> ast.expr:
    """A copy of a tree with one expression in the place of several."""

    class Put(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if id(node) in chosen:
                return new
            for name, value in ast.iter_fields(node):
                changed: object = value
                if isinstance(value, list):
                    items = [self.visit(v) if isinstance(v, ast.AST) else v for v in value]
                    if any(a is not b for a, b in zip(items, value, strict=True)):
                        changed = items
                elif isinstance(value, ast.AST):
                    changed = self.visit(value)
                if changed is not value:
                    node = copy.copy(node)
                    setattr(node, name, changed)
            return node

    changed = Put().visit(tree)
    return changed if isinstance(changed, ast.expr) else tree


def callees(bench: Bench) -> Iterator[Variant]:
    """Another of the program's own functions, or another string that it takes."""
    helpers = bench.interpreter.helpers(bench.file, bench.site.function)
    strings = _strings(bench)
    for part in bench.nodes():
        if isinstance(part, ast.Call):
            name = segment(bench, part.func)
            own = bench.interpreter.function(name, bench.file, bench.site.function)
            if own is None and not _one_array(part):
                continue
            for other in helpers:
                target = bench.interpreter.function(other, bench.file, bench.site.function)
                if other == name or target is None or target.node is (own and own.node):
                    continue
                if target.required <= len(part.args) <= len(target.positional):
                    found = swap(bench, part.func, other, "factor_wrong", 0.9)
                    if found is not None:
                        yield found
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            for string in strings:
                if string != part.value:
                    quote = segment(bench, part)[:1]
                    new = f"{quote}{string}{quote}" if quote in "'\"" else repr(string)
                    found = swap(bench, part, new, "factor_wrong", 0.9)
                    if found is not None:
                        yield found
        elif isinstance(part, ast.Constant) and isinstance(part.value, bool):
            found = swap(bench, part, str(not part.value), "factor_wrong", 0.9)
            if found is not None:
                yield found


def _one_array(part: ast.Call) -> bool:
    return len(part.args) == 1 and not part.keywords


def _strings(bench: Bench) -> list[str]:
    """Short strings that the program hands to functions or compares with."""
    found: dict[str, None] = {}
    for tree in bench.trees():
        for node in ast.walk(tree):
            parts = (
                [*node.args, *(word.value for word in node.keywords)]
                if isinstance(node, ast.Call)
                else [node.left, *node.comparators]
                if isinstance(node, ast.Compare)
                else []
            )
            for each in parts:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    if each.value.replace("_", "").isalnum() and len(each.value) < 20:
                        found[each.value] = None
    return list(found)[:12]
