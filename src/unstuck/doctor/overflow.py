"""Where NaN or infinity begins: an exponential of too much, a logarithm of nothing (O504).

From the first weights that are not finite the tape leads back to the first operation that made a
number out of range from numbers in range. Only one that the steps are made from counts: an
exponential may overflow in a sigmoid and give a right 0. Of a wrong gradient nothing is said here:
it leads anywhere.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from unstuck.doctor.fixes.patch import node_at, replacement
from unstuck.doctor.fixes.places import ATOM, PRODUCT, Source, bracketed
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.tape import UNKNOWN, Node, Tape
from unstuck.trace.traced import Traced

EXPONENTIALS = {"exp", "exp2", "expm1"}
LOGARITHMS = {"log", "log2", "log10"}
SMALLEST = "1e-12"  # what a logarithm is given at least


def overflows(program: Program, traced: Traced) -> list[Suspect]:
    """The exponential or logarithm with which NaN or infinity begins, and its safe form."""
    verdicts = traced.judgement.verdicts
    if any(v.verdict in {"wrong", "sign", "scale"} for v in verdicts):
        return []
    origin = origin_of(traced)
    if origin is None or origin.op not in EXPONENTIALS | LOGARITHMS or origin.site == UNKNOWN:
        return []
    tape, site = traced.tape, traced.tape.sites[origin.site]
    argument = np.asarray(tape[origin.parents[0]].value, dtype=float)
    end = float(argument.max() if origin.op in EXPONENTIALS else argument.min())
    if origin.op in LOGARITHMS and end < 0:  # of a negative number: no clipping makes that right
        return []
    text = safe_form(program, tape, origin, site.span)
    options = [] if text is None else [Option((replacement(program, site.span, text),), "safe")]
    seen: dict[str, Any] = {"function": origin.op, "largest": end}
    updates = sum(window.last <= origin.index for window in traced.steps.windows)
    if updates:
        seen["updates"] = updates
    return [suspect_of("O504", site.span, options, **seen)]


def origin_of(traced: Traced) -> Node | None:
    """The first operation that is not finite though all that it was given is."""
    tape = traced.tape
    versions = sorted(v for p in traced.steps.parameters for x in p.lineages for v in x.versions)
    index = next((v for v in versions if not finite(tape[v])), None)
    while index is not None:
        broken = [p for p in tape[index].parents if not finite(tape[p])]
        if not broken:
            return tape[index]
        index = min(broken)
    return None


def finite(node: Node) -> bool:
    """True unless a value has NaN or infinity in it."""
    value = np.asarray(node.value)
    return value.dtype.kind not in "fc" or bool(np.all(np.isfinite(value)))


def safe_form(program: Program, tape: Tape, origin: Node, span: SourceSpan) -> str | None:
    """The same without overflow: of a softmax less its largest, of a logarithm not of 0."""
    call = node_at(program, span)
    if not isinstance(call, ast.Call) or len(call.args) != 1:
        return None
    source = Source(program.files[span.file])
    called, argument = source.segment(call.func), source.segment(call.args[0])
    module = called.rpartition(".")[0]
    if origin.op in LOGARITHMS:
        return f"{called}({module}.maximum({argument}, {SMALLEST}))" if module else None
    sums = [n for n in tape.nodes[origin.index :] if n.op == "sum" and origin.index in n.parents]
    shares = [n for n in tape.nodes[origin.index :] if n.op == "true_divide"]
    if not any(n.parents == (origin.index, s.index) for n in shares for s in sums):
        return None  # no softmax: it would be another value
    axis = sums[0].kwargs.get("axis", sums[0].args[1] if len(sums[0].args) > 1 else None)
    if np.ndim(origin.value) < 2 or not isinstance(axis, int):
        largest = f"{bracketed(argument, ATOM)}.max()"
    else:
        largest = f"{bracketed(argument, ATOM)}.max(axis={axis}, keepdims=True)"
    return f"{called}({bracketed(argument, PRODUCT - 1)} - {largest})"
