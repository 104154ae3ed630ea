"""Gradients that are added up from step to step: where they were to be set to zero again."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from unstuck.doctor.fixes.lines import insert_after
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.tape import Ref, Tape
from unstuck.trace.traced import Traced


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
        edits[insert_after(program, place.file, place.line, f"{text} = {text} * 0")] = None
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
