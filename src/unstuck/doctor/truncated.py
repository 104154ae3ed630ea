"""Fractions that a cast to whole numbers cuts off on the way from the data to the network.

``X.astype(int)`` of values between 0 and 1 leaves zeros. Values and their whole parts both stand
on the tape, so what is lost is measured: the rest over the spread of the values.
"""

from __future__ import annotations

import ast

import numpy as np

from unstuck.doctor.fixes.patch import node_at, replacement
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.facts import ancestors, name_of
from unstuck.trace.program import Program
from unstuck.trace.tape import Node, Tape
from unstuck.trace.traced import Traced

CASTS = {"astype", "array", "asarray"}
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
