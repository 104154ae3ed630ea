"""Wrong updates: reversed, lost, overwritten, never made - and what to write instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from unstuck.doctor.fixes.lines import statement_at
from unstuck.doctor.fixes.moves import span_at
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.lost import lost_steps
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.facts import name_of, source_of
from unstuck.trace.loops import empty_loops
from unstuck.trace.program import Program
from unstuck.trace.request import Outcome
from unstuck.trace.steps import is_number
from unstuck.trace.tape import Ref, Tape
from unstuck.trace.traced import Traced

# -------------------------------------------------------------------------------- suspects


def update_suspects(
    program: Program, traced: Traced | None, tape: Tape | None, outcome: Outcome
) -> list[Suspect]:
    """Everything that is wrong with how values are updated, as far as it can be seen."""
    suspects: list[Suspect] = []
    if traced is not None:
        suspects += never_reset(program, traced)
        suspects += never_moved(program, traced)
    if tape is not None:
        suspects += lost_steps(program, traced, tape)
    if traced is None:
        suspects += empty_update_loops(program, outcome)
    return suspects


def never_reset(program: Program, traced: Traced) -> list[Suspect]:
    """Gradients that are added up for ever: set them to zero after each update."""
    wrong = [v for v in traced.judgement.verdicts if v.verdict == "unreset"]
    if not wrong:
        return []
    edits: dict[Edit, None] = {}
    span: SourceSpan | None = None
    for v in wrong:
        place = traced.update_span(v.parameter)
        text = accumulator_text(traced, v.parameter)
        if place is None or text is None:
            continue
        edits[after_statement(program, place, f"{text} = {text} * 0")] = None
        span = span or reset_span(program, place.file, text) or place
    options = [Option(tuple(edits), "set to zero after each update")] if edits else []
    names = [traced.name_of(v.parameter) for v in wrong]
    evidence: dict[str, Any] = {"parameters": names, "momentum": wrong[0].momentum}
    span = span or traced.update_span(wrong[0].parameter)
    concerns = frozenset(v.parameter for v in wrong)
    return [suspect_of("G109", span, options, concerns=concerns, parameter=names[0], **evidence)]


def accumulator_text(traced: Traced, k: int) -> str | None:
    """How the update calls the value that gradients are added up in."""
    flow = traced.anatomy.flows[-1]
    (end,) = flow.end[k][:1]
    frame = traced.tape[end].frame
    seen: set[int] = set()
    pending = [end]
    while pending and len(seen) < 60:
        index = pending.pop(0)
        if index in seen:
            continue
        seen.add(index)
        pending.extend(traced.tape[index].parents)
    for binding in reversed(traced.tape.bindings):
        own = binding.frame == frame and binding.node in seen and binding.at <= end
        if (
            own
            and binding.node != end
            and from_before(traced.tape, binding.node, flow.window.first)
        ):
            return binding.text
    return None


def from_before(tape: Tape, index: int, first: int) -> bool:
    """True for a sum that was begun before a window."""
    node = tape[index]
    if node.op != "add":
        return False
    for _ in range(100_000):
        earlier = [
            a.index for a in node.args[:2]
            if isinstance(a, Ref) and np.shape(tape[a.index].value) == np.shape(node.value)
        ]  # fmt: skip
        if node.op != "add" or not earlier:
            return node.index < first
        if node.index < first:
            return True
        node = tape[earlier[0]]
    return False


def reset_span(program: Program, file: str, text: str) -> SourceSpan | None:
    """The last assignment of the accumulator as a whole: that was to be its reset."""
    root = text.split("[", maxsplit=1)[0]
    source = Source(program.files[file])
    found: SourceSpan | None = None
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign) and any(ast.unparse(t) == root for t in node.targets):
            span = source.span(file, node)
            if found is None or span.line > found.line:
                found = span
    return found


def after_statement(program: Program, span: SourceSpan, text: str) -> Edit:
    """The edit that puts a line behind the statement at a span."""
    source = Source(program.files[span.file])
    statement = statement_at(program, span.file, span.line)
    line = statement.end_lineno or span.end_line
    first = source.lines[statement.lineno - 1]
    indent = first[: len(first) - len(first.lstrip())]
    end = source.offset(line, len(source.lines[line - 1].rstrip("\r\n")))
    return Edit(span_at(source, span.file, end, end), f"\n{indent}{text}")


def never_moved(program: Program, traced: Traced) -> list[Suspect]:
    """A gradient that nobody uses, for a value that takes part and never moves."""
    tape, flow = traced.tape, traced.anatomy.flows[0]
    read = {p for node in tape.nodes[tape.start :] for p in node.parents}
    constants = fixed_values(traced)
    ends = {index for nodes in flow.end.values() for index in nodes}
    suspects = []
    for index in sorted(flow.labelled - ends):
        node = tape[index]
        if index in read or node.op in {"setitem", "scatter"} or not is_number(node.value):
            continue
        fitting = [
            c
            for c in constants
            if np.shape(tape[c].value) == np.shape(node.value) and np.ndim(node.value)
        ]
        if not fitting or is_evolution(tape, node.index, fitting):
            continue
        options = sibling_update(program, traced, fitting[0], index)
        name = name_of(tape, fitting[0])
        span = source_of(tape, index)
        suspects.append(suspect_of("U201", span, options, parameter=name, parameters=[name]))
    return suspects[:2]


def is_evolution(tape: Tape, index: int, constants: Sequence[int]) -> bool:
    """True for ``w - step``: the new value itself, not a gradient."""
    return any(parent in constants for parent in tape[index].parents)


def fixed_values(traced: Traced) -> list[int]:
    """Values from before the training that the forward pass multiplies or adds, and that stay."""
    tape, flow = traced.tape, traced.anatomy.flows[0]
    found: dict[int, None] = {}
    inputs = {i for layer in traced.layers[:1] for i in layer.inputs}
    for index in sorted(flow.reach):
        node = tape[index]
        if not flow.forward(index) or node.op not in {"dot", "matmul", "add", "multiply"}:
            continue
        for parent in node.parents:
            constant = not flow.depends(parent) and parent < tape.start
            constant = constant and parent not in flow.begins
            if constant and parent not in traced.anatomy.label_nodes and parent not in inputs:
                found[parent] = None
    return list(found)


def sibling_update(program: Program, traced: Traced, constant: int, gradient: int) -> list[Option]:
    """The update of another parameter, rewritten for this one."""
    tape = traced.tape
    mine, mine_gradient = local_text(tape, constant), local_text(tape, gradient)
    if not mine or not mine_gradient:
        return []
    for k in range(len(traced.steps.parameters)):
        span = traced.update_span(k)
        if span is None:
            continue
        statement = statement_at(program, span.file, span.line)
        text = Source(program.files[span.file]).segment(statement)
        theirs = local_text(tape, traced.steps.parameters[k].lineages[0].first)
        names = [n for n in gradient_names(traced, k) if n in text and n != theirs]
        if theirs and theirs in text and names:
            new = swap(text, {theirs: mine, names[0]: mine_gradient})
            return [Option((after_statement(program, span, new),), "the missing update")]
    return []


def swap(text: str, names: dict[str, str]) -> str:
    """A text with whole names exchanged."""
    pattern = "|".join(
        rf"(?<![\w.]){re.escape(n)}(?!\w)" for n in sorted(names, key=len, reverse=True)
    )
    return re.sub(pattern, lambda found: names[found[0]], text)


def gradient_names(traced: Traced, k: int) -> list[str]:
    """What the program calls the values from which a parameter's step is made."""
    flow = traced.anatomy.flows[0]
    end = flow.end[k][0]
    nodes = {end, *traced.tape[end].parents}
    nodes |= {g for p in list(nodes) for g in traced.tape[p].parents}
    return [
        b.text for b in traced.tape.bindings if b.node in nodes & flow.labelled and b.node != end
    ]


def local_text(tape: Tape, index: int) -> str:
    """The last name that a value was given."""
    for binding in reversed(tape.bindings):
        if binding.node == index:
            return binding.text
    return ""


def empty_update_loops(program: Program, outcome: Outcome) -> list[Suspect]:
    """Loops that were entered and never ran, with assignments in them."""
    suspects = []
    for loop in empty_loops(outcome.loops):
        file, line = loop.key[0], loop.key[1]
        if file not in program.files:
            continue
        source = Source(program.files[file])
        node = next(
            (n for n in ast.walk(source.tree) if isinstance(n, ast.For) and n.lineno == line), None
        )
        if node is None or not any(
            isinstance(s, ast.Assign | ast.AugAssign) for s in ast.walk(node)
        ):
            continue
        options = longer_ranges(source, file, node)
        span = source.span(file, node.iter)
        suspects.append(suspect_of("U201", span, options, loop=source.segment(node.iter)))
    return suspects


def longer_ranges(source: Source, file: str, loop: ast.For) -> list[Option]:
    """The bounds of an empty ``range``, moved until it is not empty."""
    call = next(
        (
            n
            for n in ast.walk(loop.iter)
            if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "range"
        ),
        None,
    )
    if call is None or not call.args:
        return []
    stop = call.args[1] if len(call.args) > 1 else call.args[0]
    base = (
        stop.left
        if isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.Sub | ast.Add)
        else stop
    )
    text = source.segment(base)
    options = [Option((Edit(source.span(file, stop), f"{text} + 1"),), "one further")]
    if base is not stop:
        options.append(Option((Edit(source.span(file, stop), text),), "up to the end"))
    return options
