"""What should stand in the place of a comparison that cannot be meant."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from unstuck.doctor.fixes.patch import Edit, node_at, replacement
from unstuck.doctor.fixes.places import ATOM, SUM, Source, bracketed
from unstuck.doctor.told.compared import Met, span_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.told import Told

FLATTENS = {"ravel", "reshape", "squeeze", "getitem", "transpose"}


def operand_of(program: Program, span: SourceSpan, side: int) -> ast.expr | None:
    """One of the two operands of a comparison or difference, as it is written."""
    match node_at(program, span):
        case ast.Compare(left=left, comparators=[right]):
            return (left, right)[side]
        case ast.BinOp(left=left, right=right):
            return (left, right)[side]
        case ast.Call(args=[one, other]):
            return (one, other)[side]
    return None


def inside(one: SourceSpan, other: SourceSpan) -> bool:
    """True if one place lies within another."""
    return (
        one.file == other.file
        and (other.line, other.column) <= (one.line, one.column)
        and (one.end_line, one.end_column) <= (other.end_line, other.end_column)
    )


def together(
    program: Program, span: SourceSpan, edits: Sequence[Edit | None]
) -> Sequence[Edit | None]:
    """Edits within one expression as one edit of it, so that all of it can be shown."""
    known = [edit for edit in edits if edit is not None]
    if len(known) < len(edits) or not all(inside(edit.span, span) for edit in known):
        return edits
    source = Source(program.files[span.file])
    start, text = source.offset(span.line, span.column), source.text
    text = text[start : source.offset(span.end_line, span.end_column)]
    for edit in sorted(known, key=lambda e: (e.span.line, e.span.column), reverse=True):
        first = source.offset(edit.span.line, edit.span.column) - start
        last = source.offset(edit.span.end_line, edit.span.end_column) - start
        text = text[:first] + edit.text + text[last:]
    return [Edit(span, text)]


def edit_of(program: Program, told: Told, met: Met, side: int, form: str) -> Edit | None:
    """The change that puts an operand of a comparison into a form."""
    span = span_of(told, met.node)
    node = operand_of(program, span, side)
    if node is None:
        return None
    source = Source(program.files[span.file])
    text = source.segment(node)
    alone = "({})" in form or "({}," in form
    filled = form.format(text if alone else bracketed(text, SUM if "({} " in form else ATOM))
    return replacement(program, source.span(span.file, node), filled)


def in_place_of_call(program: Program, span: SourceSpan, form: str) -> Edit | None:
    """The change that puts something else in the place of a call, of the same array."""
    call = node_at(program, span)
    if not isinstance(call, ast.Call):
        return None
    array = call.func.value if is_method(call) else call.args[0]  # type: ignore[attr-defined]
    text = bracketed(Source(program.files[span.file]).segment(array), ATOM)
    return replacement(program, span, form.format(text))


def fitted(program: Program, told: Told, met: Met) -> list[Edit | None]:
    """The change that gives label and output one shape: a flattening taken back, or one more."""
    span, side, shape = span_of(told, met.node), met.sides[1], met.values[0].shape
    operand = operand_of(program, span, side)
    node = told.tape[met.label] if met.label >= 0 else None
    if operand is not None and node is not None and node.op in FLATTENS and node.site >= 0:
        inner = base_of(operand)
        if np.shape(told.tape[node.parents[0]].value) == shape and inner is not None:
            source = Source(program.files[span.file])
            here = source.span(span.file, operand)
            return [replacement(program, here, source.segment(inner))]
    sizes = ", ".join("1" if n == 1 else "-1" for n in shape)
    form = "{}.ravel()" if len(shape) == 1 else f"{{}}.reshape({sizes})"
    return [
        edit_of(
            program, told, met, side, form if node is not None else f"np.reshape({{}}, {shape})"
        )
    ]


def base_of(node: ast.expr) -> ast.expr | None:
    """What is flattened: ``y`` of ``y.ravel()``, ``y[:, 0]``, ``y.T`` and ``np.ravel(y)``."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner)) if is_method(node):
            return owner
        case ast.Call(args=[first, *_]):
            return first
        case ast.Subscript(value=value) | ast.Attribute(value=value):
            return value
    return None


def is_method(call: ast.Call) -> bool:
    """True for ``a.argmax()``, not for ``np.argmax(a)``."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return owner is not None and not (
        isinstance(owner, ast.Name) and owner.id in {"np", "numpy"}
    )  # fmt: skip


def with_axis(program: Program, span: SourceSpan, axis: int) -> Edit | None:
    """The change that gives an argmax another axis."""
    call = node_at(program, span)
    if not isinstance(call, ast.Call):
        return None
    source = Source(program.files[span.file])
    texts = [source.segment(a) for a in call.args[: 0 if is_method(call) else 1]]
    rest = [f"{k.arg}={source.segment(k.value)}" for k in call.keywords if k.arg != "axis"]
    arguments = ", ".join([*texts, f"axis={axis}", *rest])
    return Edit(span, f"{source.segment(call.func)}({arguments})")
