"""Initial weights drawn anew: mean zero, and the size that fits the number of inputs."""

from __future__ import annotations

import ast
import math

from unstuck.doctor.fixes.patch import node_at, replacement
from unstuck.doctor.fixes.places import Source, numpy_in
from unstuck.doctor.suspect import Option
from unstuck.record.run_record import SourceSpan
from unstuck.trace.draws import FILLED, SPREAD, name_of_call, shape_texts, the_draw
from unstuck.trace.program import Program


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
    name = name_of_call(call)
    parts = shape_texts(source.segment, call, name)
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


def fan_text(parts: list[str], shape: tuple[int, ...], fan_in: int) -> str:
    """The text of the dimension that is the fan-in, or the number."""
    if len(parts) == len(shape):
        fitting = [text for text, size in zip(parts, shape, strict=True) if size == fan_in]
        if fitting:
            simple = fitting[0].replace(".", "").replace("_", "").isalnum()
            return fitting[0] if simple else f"({fitting[0]})"
    return str(fan_in)
