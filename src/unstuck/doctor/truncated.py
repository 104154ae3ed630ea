"""Fractions that are cut off: by a cast on the way from the data, or by weights of whole numbers.

``X.astype(int)`` of values between 0 and 1 leaves zeros; ``w[j] -= 0.3`` leaves an integer array
as it was, or moves it by 1. Values and their whole parts both stand on the tape, so what is lost is
measured: the rest over the spread of the values, or how often an item did not keep its step.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from unstuck.doctor.fixes.patch import node_at, replacement
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.draws import name_of_call
from unstuck.trace.facts import ancestors, name_of, source_of
from unstuck.trace.program import Program
from unstuck.trace.tape import Node, Ref, Tape
from unstuck.trace.traced import Traced

CASTS = {"astype", "array", "asarray"}
SHAPED = {"empty", "ones", "zeros"}  # of a shape and, perhaps, a type
LOST = 0.1  # of the spread: pixels that become bytes lose a hundredth


def truncated_inputs(program: Program, traced: Traced) -> list[Suspect]:
    """Casts through which the inputs went, that took a good part of what they say."""
    tape = traced.tape
    found: dict[SourceSpan, Suspect] = {}
    for start in (i for layer in traced.layers[:1] for i in layer.inputs[:1]):
        for index in sorted(ancestors(tape, [start])):
            node = tape[index]
            if node.op not in CASTS or node.site < 0 or cut_off(tape, node) < LOST:
                continue
            span = tape.sites[node.site].span
            name = name_of(tape, index) or "The inputs"
            options = without_cast(program, span)
            found[span] = suspect_of("D407", span, options, name=name, dtype=str(node.value.dtype))
    return list(found.values())


def cut_off(tape: Tape, node: Node) -> float:
    """What a cast took away, over the spread of the values (root mean squares); 0 for others."""
    if np.asarray(node.value).dtype.kind not in "iu" or len(node.parents) != 1:
        return 0.0
    before = np.asarray(tape[node.parents[0]].value)
    if before.dtype.kind != "f" or before.shape != np.shape(node.value):
        return 0.0
    spread = float(np.std(before))
    if not np.isfinite(spread) or not spread:
        return 0.0
    return float(np.sqrt(np.mean((before - node.value) ** 2))) / spread


def truncated_steps(program: Program, tape: Tape) -> list[Suspect]:
    """Arrays of whole numbers whose items get steps with fractions, and lose them."""
    kept: dict[int, list[bool]] = {}
    for node in tape.nodes[tape.start :]:
        new = written_to_itself(tape, node)
        if new is not None and np.asarray(node.value).dtype.kind in "iu":
            kept.setdefault(first_of(tape, node.index), []).append(
                bool(np.all(new == np.trunc(new)))
            )
    found: dict[SourceSpan, Suspect] = {}
    for first, whole in kept.items():
        span = source_of(tape, first)
        if span is None or np.mean(whole) > 0.5:
            continue
        options = with_fractions(program, span)
        found[span] = suspect_of(
            "D407", span, options, name=name_of(tape, first), parameter=True,
            dtype=str(np.asarray(tape[first].value).dtype),
        )  # fmt: skip
    return list(found.values())


def written_to_itself(tape: Tape, node: Node) -> Any:
    """What an item gets that is made from the item itself: ``w[j] - step``; None for others."""
    if node.op not in {"setitem", "scatter"} or not isinstance(node.args[-1], Ref):
        return None
    new = tape[node.args[-1].index]
    owner = node.parents[0]
    read = owner in new.parents or any(
        tape[p].op in {"getitem", "gather"} and owner in tape[p].parents for p in new.parents
    )
    return np.asarray(new.value) if new.op in {"add", "subtract"} and read else None


def first_of(tape: Tape, index: int) -> int:
    """The array as it was made, before any item was written."""
    while tape[index].op in {"setitem", "scatter"} and tape[index].parents:
        index = tape[index].parents[0]
    return index


def with_fractions(program: Program, span: SourceSpan) -> list[Option]:
    """``np.zeros(n)`` for ``np.zeros(n, dtype=int)``; of other expressions ``.astype(float)``."""
    call, source = node_at(program, span), Source(program.files[span.file])
    if call is None:
        return []
    text = source.segment(call)
    if isinstance(call, ast.Call) and name_of_call(call) in SHAPED and call.args:
        rest = [k for k in call.keywords if k.arg != "dtype"]
        parts = ", ".join(source.segment(part) for part in (call.args[0], *rest))
        new = f"{source.segment(call.func)}({parts})"
    elif isinstance(call, ast.Call) and name_of_call(call) == "astype":
        new = f"{source.segment(call.func)}(float)"
    else:
        alone = isinstance(call, ast.Call | ast.Name | ast.Attribute | ast.Subscript)
        new = f"{text}.astype(float)" if alone else f"({text}).astype(float)"
    return [Option((replacement(program, span, new),), "fractions kept")]


def without_cast(program: Program, span: SourceSpan) -> list[Option]:
    """``X`` for ``X.astype(int)``, ``np.array(X)`` for ``np.array(X, dtype=int)``."""
    call = node_at(program, span)
    if not isinstance(call, ast.Call):
        return []
    source = Source(program.files[span.file])
    if isinstance(call.func, ast.Attribute) and call.func.attr == "astype":
        text = source.segment(call.func.value)
    elif call.args:
        kept = [k for k in call.keywords if k.arg != "dtype"]
        parts = [source.segment(part) for part in (call.args[0], *kept)]
        text = f"{source.segment(call.func)}({', '.join(parts)})"
    else:
        return []
    return [Option((replacement(program, span, text),), "fractions kept")]
