"""Hidden layers without activation, neither in the forward pass nor in the backward pass.

Two matrices in a row are one matrix, and its gradient is right: nothing is wrong but that the
program cannot do more than a line. So an activation is put in, the changed program is recorded, and
what its backward pass lacks then (the derivative) is found as in any other program. Whether it is
worth it, a re-run decides: linear layers may be meant.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from unstuck.base.errors import InvalidInputError
from unstuck.doctor.activations import FORMS
from unstuck.doctor.fixes.patch import Edit, apply, node_at, replacement
from unstuck.doctor.fixes.places import Source, numpy_in
from unstuck.doctor.gradient import judge_gradients_of
from unstuck.doctor.lost import container
from unstuck.doctor.suspect import Option, Suspect
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.traced import Traced

TRIED = ("tanh", "relu")
LINEAR = {"identity", "linear", "none"}
Retrace = Callable[[Program], Traced | None]


def with_hidden_activations(
    program: Program,
    traced: Traced,
    suspects: Sequence[Suspect],
    retrace: Retrace,
    seconds: float,
) -> list[Suspect]:
    """The suspects; those of linear hidden layers as one, with the activations that may mend it."""
    mine = [
        s for s in suspects
        if s.code == "O503" and str(s.finding.evidence.get("activation", "")) in LINEAR
    ]  # fmt: skip
    spans = hidden_places(program, traced) if mine else []
    if not spans:
        return list(suspects)
    deadline = time.monotonic() + seconds
    options = [
        option for name in TRIED
        if time.monotonic() < deadline
        and (option := activated_both_ways(program, spans, name, retrace, deadline)) is not None
    ]  # fmt: skip
    first = replace(
        mine[0], finding=replace(mine[0].finding, span=spans[0]), options=tuple(options)
    )
    return [first, *(s for s in suspects if s not in mine)]


def hidden_places(program: Program, traced: Traced) -> list[SourceSpan]:
    """The expressions that hand a weighted sum on to the next layer as it is.

    Empty where one cannot be told from the output: there an activation would change that, too.
    """
    tape, layers = traced.tape, traced.layers
    last = [n for layer in layers[-1:] for n in layer.sums]
    outputs = {tape[n].site for n in last}
    taken = {handed_on_at(program, traced, n) for n in last[:1]}
    found: dict[SourceSpan, None] = {}
    for layer in layers[:-1]:
        index = layer.outputs[0]
        site = tape.site_of(index)
        span = handed_on_at(program, traced, index)
        if site is None or (site.id in outputs if span is None else span in taken):
            return []
        found[span or site.span] = None
    return list(found)


def handed_on_at(program: Program, traced: Traced, index: int) -> SourceSpan | None:
    """``z`` in ``a = z``, also in ``A[l] = Z[l] if l < L else ...``: one value, two names."""
    tape = traced.tape
    site = tape.site_of(index)
    if site is None:
        return None
    names = {container(b.text) for b in tape.bindings if b.node == index}
    source = Source(program.files[site.span.file])
    for value, taking in given(source.tree):
        targets = {container(text) for text in taking}
        parts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
        for part in parts:
            named = isinstance(part, ast.Name | ast.Attribute | ast.Subscript)
            own = container(ast.unparse(part))
            if named and own in names and own not in targets and not names.isdisjoint(targets):
                return source.span(site.span.file, part)
    return None


def given(tree: ast.AST) -> Iterator[tuple[ast.expr, list[str]]]:
    """Expressions that a name or an item gets, also by ``a.append(...)``, with what gets them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield node.value, [ast.unparse(target) for target in node.targets]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "append" and len(node.args) == 1:
                yield node.args[0], [f"{ast.unparse(node.func.value)}[-1]"]


def activated_both_ways(
    program: Program, spans: Sequence[SourceSpan], name: str, retrace: Retrace, deadline: float
) -> Option | None:
    """An activation at each place, with what the backward pass lacks then, layer by layer."""
    edits = []
    for span in spans:
        text = program.files[span.file]
        node = node_at(program, span)
        if node is None:
            return None
        new = FORMS[name][0].format(np=numpy_in(text), x=Source(text).segment(node))
        edits.append(replacement(program, span, new))
    for _ in range(len(spans) + 1):
        try:
            changed = apply(program, edits)
        except InvalidInputError:
            return None
        traced = retrace(changed) if time.monotonic() < deadline else None
        if traced is None:
            return None
        seconds = max(1.0, deadline - time.monotonic())
        suspects = judge_gradients_of(changed, traced, seconds).suspects
        if not suspects:
            return Option(tuple(edits), f"with {name}")
        # What comes later may only be wrong because of it.
        more = next((s.options[0].edits for s in suspects if s.options), ())
        if not more or overlaps(edits, more):
            return None
        edits += more
    return None


def overlaps(forward: Sequence[Edit], backward: Sequence[Edit]) -> bool:
    """True if changes stand in one line: then those of the changed program do not fit the first."""
    lines = {(e.span.file, n) for e in forward for n in range(e.span.line, e.span.end_line + 1)}
    return any(
        (e.span.file, n) in lines for e in backward for n in range(e.span.line, e.span.end_line + 1)
    )
