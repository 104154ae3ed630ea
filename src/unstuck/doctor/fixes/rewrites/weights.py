"""Initial weights drawn anew: mean zero, and the size that fits the number of inputs."""

from __future__ import annotations

import ast
import math

from unstuck.doctor.fixes.patch import node_at, replacement
from unstuck.doctor.fixes.places import Source, numpy_in
from unstuck.doctor.suspect import Option
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program

SPREAD = {"rand", "randn"}  # the shape is given number by number
SIZED = {"random", "random_sample", "standard_normal", "sample"}  # the shape comes first
DRAWN = {"uniform", "normal", "truncnorm"}  # the shape comes third, or by name
FILLED = {"zeros", "ones", "full", "empty"}


def reinitialise(
    program: Program,
    span: SourceSpan,
    *,
    shape: tuple[int, ...],
    fan_in: int,
    gain: float,
    role: str = "weight",
    mean: float = 0.0,
    std: float = 1.0,
) -> list[Option]:
    """Other initial values for the parameter that the expression at ``span`` makes.

    First zero-mean values with standard deviation ``gain / sqrt(fan_in)``, then the old ones
    brought to that size. The generator and the shape stay as they were written.
    """
    node = node_at(program, span)
    if node is None:
        return []
    wanted = gain / math.sqrt(max(1, fan_in))
    source = Source(program.files[span.file])
    options = []
    drawn = redrawn(source, node, shape, fan_in, gain)
    if drawn is not None:
        options.append(Option((replacement(program, span, drawn),), "mean zero, sized by fan-in"))
    text = source.segment(node)
    inner = (
        text
        if isinstance(node, ast.Call | ast.Name | ast.Subscript | ast.Attribute)
        else f"({text})"
    )
    if std > 0:
        factor = float(f"{wanted / std:.2g}")
        if abs(mean) > 0.3 * std:
            new = f"({inner} - {float(f'{mean:.3g}')!r}) * {factor!r}"
        else:
            new = f"{inner} * {factor!r}"
        options.append(Option((replacement(program, span, new),), "resized"))
    return options


def redrawn(
    source: Source, node: ast.expr, shape: tuple[int, ...], fan_in: int, gain: float
) -> str | None:
    """A zero-mean draw of the same shape; None where the expression is no plain draw."""
    call = the_draw(node)
    if call is None:
        return None
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    parts = shape_texts(source, call, name)
    if parts is None:
        return None
    owner = source.segment(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    size = fan_text(parts, shape, fan_in)
    spread = "2" if gain > 1.2 else "1"
    numpy = numpy_in(source.text)
    scale = f"{numpy}.sqrt({spread} / {size})"
    joined = ", ".join(parts)
    if name in FILLED or not owner or owner in {"np", "numpy"}:
        return f"{numpy}.random.randn({joined}) * {scale}"
    if name in SPREAD:
        return f"{owner}.randn({joined}) * {scale}"
    tail = "," if len(parts) == 1 else ""
    return f"{owner}.normal(size=({joined}{tail})) * {scale}"


def the_draw(node: ast.expr) -> ast.Call | None:
    """The one call that makes the numbers of an expression of sums, products and single numbers."""
    found: list[ast.Call] = []
    pending: list[ast.expr] = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.BinOp):
            pending += [part.left, part.right]
        elif isinstance(part, ast.UnaryOp):
            pending.append(part.operand)
        elif isinstance(part, ast.Call):
            name = (
                part.func.attr
                if isinstance(part.func, ast.Attribute)
                else getattr(part.func, "id", "")
            )
            if name in SPREAD | SIZED | DRAWN | FILLED:
                found.append(part)
            elif name == "astype" and isinstance(part.func, ast.Attribute):
                pending.append(part.func.value)
            elif name not in {"sqrt", "float", "len"}:
                return None
        elif not isinstance(part, ast.Constant | ast.Name | ast.Attribute | ast.Subscript):
            return None
    return found[0] if len(found) == 1 else None


def shape_texts(source: Source, call: ast.Call, name: str) -> list[str] | None:
    """The texts of the dimensions; None where a call has no shape."""
    if name in SPREAD:
        return [source.segment(a) for a in call.args] if call.args and not starred(call) else None
    given = next((k.value for k in call.keywords if k.arg in {"size", "shape"}), None)
    if given is None and name in SIZED | FILLED and call.args:
        given = call.args[0]
    if given is None and name in DRAWN and len(call.args) > 2:
        given = call.args[2]
    if given is None:
        return None
    if isinstance(given, ast.Tuple | ast.List):
        return [source.segment(e) for e in given.elts]
    if isinstance(given, ast.Constant | ast.Name):
        return [source.segment(given)]
    return None


def starred(call: ast.Call) -> bool:
    """True for ``randn(*shape)``."""
    return any(isinstance(a, ast.Starred) for a in call.args)


def fan_text(parts: list[str], shape: tuple[int, ...], fan_in: int) -> str:
    """The text of the dimension that is the fan-in, or the number."""
    if len(parts) == len(shape):
        fitting = [text for text, size in zip(parts, shape, strict=True) if size == fan_in]
        if fitting:
            simple = fitting[0].replace(".", "").replace("_", "").isalnum()
            return fitting[0] if simple else f"({fitting[0]})"
    return str(fan_in)
