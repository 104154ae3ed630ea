"""Variants that keep the values and change how they are arranged or summed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from unstuck.doctor.fixes.bench import Bench
from unstuck.doctor.fixes.places import ATOM, precedence
from unstuck.doctor.fixes.variants import Variant, leaves, segment, swap

_REDUCE = {"sum": "mean", "mean": "sum"}


def _atom(bench: Bench, node: ast.expr) -> str:
    text = segment(bench, node)
    return text if precedence(node) >= ATOM else f"({text})"


def product(bench: Bench, node: ast.expr) -> tuple[ast.expr, ast.expr, str] | None:
    """The operands of a product of arrays, and a template that makes one of two texts."""
    match node:
        case ast.BinOp(op=ast.MatMult(), left=left, right=right):
            return left, right, "{0} @ {1}"
        case ast.Call(func=ast.Attribute(value=base, attr="dot" | "matmul" | "outer"), args=args):
            name = segment(bench, node.func)
            if len(args) == 2:
                return args[0], args[1], f"{name}({{0}}, {{1}})"
            if len(args) == 1:
                return base, args[0], "{0}.dot({1})"
        case ast.Call(func=ast.Name(id="dot" | "matmul" | "outer" as name), args=[left, right]):
            return left, right, f"{name}({{0}}, {{1}})"
    return None


def arrangements(bench: Bench) -> Iterator[Variant]:
    """Transposes put in or taken out, operands of a product in the other order."""
    for leaf in leaves(bench):
        parent, _, _ = bench.parents.get(id(leaf), (None, "", None))
        if isinstance(parent, ast.Attribute) and parent.attr == "T":
            yield from _given(swap(bench, parent, segment(bench, leaf), "transpose", 1.0))
        else:
            yield from _given(swap(bench, leaf, f"{_atom(bench, leaf)}.T", "transpose", 1.0))
    yield from _given(swap(bench, bench.tree, f"{_atom(bench, bench.tree)}.T", "transpose", 1.2))
    for part in bench.nodes():
        if isinstance(part, ast.Attribute) and part.attr == "T":
            yield from _given(swap(bench, part, segment(bench, part.value), "transpose", 1.0))
        found = product(bench, part)
        if found is None:
            continue
        left, right, template = found
        for a in _turned(bench, left):
            for b in _turned(bench, right):
                for first, second in ((a, b), (b, a)):
                    text = template.format(*_fit(template, first, second))
                    yield from _given(swap(bench, part, text, "transpose", 1.4))
        yield from _other_products(bench, part, left, right)


def _fit(template: str, first: str, second: str) -> tuple[str, str]:
    from unstuck.doctor.fixes.places import bracketed

    if template.startswith("{0}.dot"):
        return bracketed(first, ATOM), second
    if "@" in template:
        return bracketed(first, 12), bracketed(second, 13)
    return first, second


def _turned(bench: Bench, node: ast.expr) -> list[str]:
    text = segment(bench, node)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return [text, segment(bench, node.value)]
    return [text, f"{_atom(bench, node)}.T"]


def _other_products(
    bench: Bench, part: ast.expr, left: ast.expr, right: ast.expr
) -> Iterator[Variant]:
    a, b = segment(bench, left), segment(bench, right)
    if (numpy := bench.alias("numpy")) is not None:
        for name in ("outer", "dot"):
            yield from _given(swap(bench, part, f"{numpy}.{name}({a}, {b})", "axis", 1.5))
    product_text = f"{_factor(bench, left)} * {_factor(bench, right)}"
    yield from _given(swap(bench, part, product_text, "axis", 1.5))


def _factor(bench: Bench, node: ast.expr) -> str:
    text = segment(bench, node)
    return text if precedence(node) >= 12 else f"({text})"


def products_for_factors(bench: Bench) -> Iterator[Variant]:
    """A product of arrays where numbers are multiplied one by one."""
    numpy = bench.alias("numpy")
    for part in bench.nodes():
        if not (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult)) or numpy is None:
            continue
        for a in _turned(bench, part.left):
            for b in _turned(bench, part.right):
                for first, second in ((a, b), (b, a)):
                    text = f"{numpy}.dot({first}, {second})"
                    yield from _given(swap(bench, part, text, "axis", 1.6))


def reductions(bench: Bench) -> Iterator[Variant]:
    """Another axis, with or without keepdims, sum for mean; a sum where none is."""
    numpy = bench.alias("numpy")
    for part in bench.nodes():
        if isinstance(part, ast.Call):
            yield from _other_axis(bench, part, numpy)
    if numpy is None:
        return
    text = segment(bench, bench.tree)
    for name in ("sum", "mean"):
        for options in ("axis=0", "axis=1", "axis=0, keepdims=True", "axis=1, keepdims=True", ""):
            call = f"{numpy}.{name}({text}, {options})" if options else f"{numpy}.{name}({text})"
            yield from _given(swap(bench, bench.tree, call, "axis", 1.5 + 0.1 * (name == "mean")))
    for part in bench.nodes():
        if isinstance(part, ast.Call) and _reducer(part) is not None:
            body, _, _ = _parts(bench, part)
            yield from _given(swap(bench, part, body, "axis", 1.4))


def _reducer(part: ast.Call) -> str | None:
    name = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", "")
    return name if name in {"sum", "mean", "max", "min", "prod"} else None


def _parts(bench: Bench, part: ast.Call) -> tuple[str, str, bool]:
    """What is summed, the text before the parenthesis, and whether it is a method."""
    function = segment(bench, part.func)
    if isinstance(part.func, ast.Attribute):
        base = part.func.value
        module = (
            isinstance(base, ast.Name) and base.id in bench.interpreter.names[bench.file].modules
        )
        if not module:
            return segment(bench, base), function, True
    return (segment(bench, part.args[0]) if part.args else ""), function, False


def _other_axis(bench: Bench, part: ast.Call, numpy: str | None) -> Iterator[Variant]:
    name = _reducer(part)
    if name is None:
        return
    body, function, method = _parts(bench, part)
    if function == "sum" and numpy is not None:
        function = f"{numpy}.sum"
    functions = [(function, "axis")]
    if name in _REDUCE:
        functions.append((function[: -len(name)] + _REDUCE[name], "reduction"))
    own = _options(bench, part, method)
    every = ["", "axis=0", "axis=1", "axis=-1"]
    every += [f"{axis}, keepdims=True" for axis in every[1:]]
    for text, kind in functions:
        for options in dict.fromkeys([own, *every]):
            if options == own and text == segment(bench, part.func):
                continue
            inside = options if method else ", ".join(filter(None, (body, options)))
            cost = 1.0 + 0.2 * (options != own) * (kind == "reduction")
            yield from _given(swap(bench, part, f"{text}({inside})", kind, cost))


def _options(bench: Bench, part: ast.Call, method: bool) -> str:
    given = part.args if method else part.args[1:]
    words = [f"{word.arg}={segment(bench, word.value)}" for word in part.keywords]
    return ", ".join([*(segment(bench, each) for each in given), *words])


def _given(found: Variant | None) -> Iterator[Variant]:
    if found is not None:
        yield found
