"""The form of the output: a softmax over the wrong axis or over one output, numbers for classes.

What comes out is compared with what it should be: shares that add up to 1 for each sample, one
column a class. The values on the tape tell which of it is not so.
"""

from __future__ import annotations

import ast
from dataclasses import replace

import numpy as np

from unstuck.doctor.activations import as_probabilities
from unstuck.doctor.fixes.patch import node_at, replacement
from unstuck.doctor.fixes.places import Source, numpy_in
from unstuck.doctor.rules import RULES
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.anatomy import SAME_VALUES
from unstuck.trace.facts import source_of
from unstuck.trace.gradients import class_axis
from unstuck.trace.program import Program
from unstuck.trace.tape import Tape
from unstuck.trace.traced import Traced

SUMS = {"sum", "builtin_sum"}


def wrong_softmax_axis(program: Program, traced: Traced) -> list[Suspect]:
    """Outputs that sum to one over the samples, or over everything, instead of over the classes."""
    pairing = traced.pairing
    if pairing is None:
        return []
    for output, label in zip(pairing.outputs[0], pairing.labels[0], strict=True):
        value, y = np.asarray(traced.tape[output].value, dtype=float), np.asarray(label)
        axis = class_axis(y)
        if value.ndim != 2 or y.ndim != 2 or axis is None or min(y.shape) < 2:
            return []
        if not np.allclose(y.sum(axis=axis), 1.0) or np.allclose(value.sum(axis=axis), 1.0):
            return []
        over_samples = np.allclose(value.sum(axis=1 - axis), 1.0)
        if not (over_samples or np.isclose(value.sum(), 1.0)) or value.min() < 0:
            return []
        return softmax_suspect(program, traced, output, axis)
    return []


def softmax_suspect(program: Program, traced: Traced, output: int, axis: int) -> list[Suspect]:
    """The sum in the denominator, over the right axis."""
    tape = traced.tape
    pending = [output]
    seen: set[int] = set()
    while pending:
        index = pending.pop(0)
        if index in seen or len(seen) > 40:
            continue
        seen.add(index)
        node = tape[index]
        if node.op in {"sum", "builtin_sum"} and node.site >= 0:
            span = tape.sites[node.site].span
            text = summed_over(program, span, axis)
            if text is None:
                return []
            edit = replacement(program, span, text)
            finding = RULES["O501"]().finding("fault", span, axis=axis)
            return [
                Suspect(
                    replace(finding, replacement=text),
                    (Option((edit,), "over the classes"),),
                    exact=True,
                )
            ]
        pending.extend(node.parents)
    return []


def summed_over(program: Program, span: SourceSpan, axis: int) -> str | None:
    """A sum with the right axis: ``np.sum(e, axis=1, keepdims=True)``."""
    node = node_at(program, span)
    if not isinstance(node, ast.Call):
        return None
    source = Source(program.files[span.file])
    if isinstance(node.func, ast.Attribute) and not (
        isinstance(node.func.value, ast.Name) and node.args
    ):
        return f"{source.segment(node.func.value)}.sum(axis={axis}, keepdims=True)"
    if not node.args:
        return None
    function = source.segment(node.func)
    if isinstance(node.func, ast.Name):
        function = f"{numpy_in(source.text)}.sum"
    return f"{function}({source.segment(node.args[0])}, axis={axis}, keepdims=True)"


def probable_outputs(program: Program, traced: Traced) -> list[Option]:
    """The outputs put through a sigmoid or a softmax, where the targets are classes."""
    pairing = traced.pairing
    if pairing is None or not traced.layers:
        return []
    labels = np.concatenate([np.ravel(y) for y in pairing.labels[0]])
    index = traced.layers[-1].outputs[0]
    span = source_of(traced.tape, index)
    if span is None or not np.all((labels == 0.0) | (labels == 1.0)):
        return []
    return as_probabilities(program, span, np.asarray(pairing.labels[0][0]))


def softmax_of_one(program: Program, traced: Traced) -> list[Suspect]:
    """A softmax over a single output, which is 1 whatever comes in: a sigmoid is meant."""
    tape, pairing = traced.tape, traced.pairing
    if pairing is None:
        return []
    for index in pairing.outputs[0]:
        while tape[index].op in SAME_VALUES and tape[index].parents:
            index = tape[index].parents[0]
        node = tape[index]
        if node.op != "true_divide" or len(node.parents) != 2 or node.site < 0:
            return []
        above, below = (np.asarray(tape[p].value) for p in node.parents)
        if above.size != np.broadcast(above, below).size or not np.all(above == below):
            return []
        if tape[node.parents[0]].op != "exp" or tape[node.parents[1]].op not in SUMS:
            return []
        return [one_sigmoid(program, traced, index)]
    return []


def one_sigmoid(program: Program, traced: Traced, index: int) -> Suspect:
    """``e / e.sum()`` of one output, and the sigmoid of what ``e`` was made from."""
    tape = traced.tape
    span = tape.sites[tape[index].site].span
    score = tape[tape[index].parents[0]].parents[0]
    if tape[score].op == "subtract" and is_double(tape, score):
        score = tape[score].parents[0]  # `z - z.max()` is 0 here
    text = text_at(program, tape, score, index)
    options = []
    if text:
        sigmoid = f"1 / (1 + {numpy_in(program.files[span.file])}.exp(-({text})))"
        options = [Option((replacement(program, span, sigmoid),), "a sigmoid")]
    problem = "over a single output it is always 1"
    return suspect_of("O502", span, options, activation="softmax", problem=problem)


def is_double(tape: Tape, index: int) -> bool:
    """True for a node whose two operands are equal: ``z - z.max()`` of one number."""
    values = [np.asarray(tape[p].value) for p in tape[index].parents]
    return len(values) == 2 and bool(np.all(values[0] == values[1]))


def text_at(program: Program, tape: Tape, wanted: int, where: int) -> str:
    """What a value is called in the call that makes another; its expression if it stands there."""
    frame, site = tape[where].frame, tape.sites[tape[where].site]
    names = [b.text for b in tape.bindings if b.node == wanted and b.frame in {frame, 0}]
    local = [b.text for b in tape.bindings if b.node == wanted and b.frame == frame]
    if local or names:
        return (local or names)[0]
    made = tape.site_of(wanted)
    inside = made is not None and made.span.file == site.span.file
    inside = inside and site.span.line <= made.span.line <= site.span.end_line  # type: ignore[union-attr]
    return made.text if inside and made is not None else ""
