"""Steps that go nowhere: written over the parameter, or to a value that nobody reads.

``w = -rate * dw`` for ``w -= rate * dw`` leaves a step where the weights should be, and
``w = w - rate * dw`` in a function leaves the caller's weights as they were. Both are read off the
names: what was the first value of a name that products read, and what took its place.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from unstuck.doctor.feedback import BACK, COMPARED, PRODUCTS, feedback
from unstuck.doctor.fixes.lines import statement_at
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.facts import name_of
from unstuck.trace.program import Program
from unstuck.trace.steps import is_number
from unstuck.trace.tape import Binding, Node, Tape
from unstuck.trace.traced import Traced

CODE = "U202"
SCALING = ast.Mult | ast.Div | ast.MatMult
LINEAR = {  # a value made by these from another of its shape still holds it
    "add", "array", "asarray", "astype", "copy", "divide", "multiply", "negative", "reshape",
    "setitem", "subtract", "true_divide",
}  # fmt: skip


def lost_steps(program: Program, traced: Traced | None, tape: Tape) -> list[Suspect]:
    """Suspects for parameters that are replaced by their step, or that never get it."""
    if traced is None or traced.judgement.loss is None:
        return replaced(program, tape, None, set()) or unread(program, tape)
    moving = {
        version
        for parameter in traced.steps.parameters
        for lineage in parameter.lineages
        for version in lineage.versions
    }
    labelled = set().union(*(flow.labelled for flow in traced.anatomy.flows))
    return (
        overwritten(program, traced)
        or replaced(program, tape, labelled, moving)
        or unread(program, tape)
    )


# --------------------------------------------------------------------------- written over


def overwritten(program: Program, traced: Traced) -> list[Suspect]:
    """Parameters of which each step takes away the old value."""
    wrong = [v for v in traced.judgement.verdicts if v.verdict == "overwritten"]
    spans = [s for v in wrong if (s := traced.update_span(v.parameter)) is not None]
    if not wrong:
        return []
    names = [traced.name_of(v.parameter) for v in wrong]
    options = added(program, list(dict.fromkeys(spans)), minus=wrong[0].ratio <= 0)
    return [
        suspect_of(
            CODE, spans[0] if spans else None, options, parameters=names, parameter=names[0],
            concerns=frozenset(v.parameter for v in wrong),
        )
    ]  # fmt: skip


def replaced(
    program: Program, tape: Tape, labelled: set[int] | None, moving: set[int]
) -> list[Suspect]:
    """``w = step`` where ``w += step`` is meant; values that are known to move are not replaced."""
    places: dict[SourceSpan, tuple[str, int]] = {}
    back: dict[int, dict[int, int]] = {}
    for binding, old in successions(tape):
        node = tape[binding.node]
        if old in moving or holds(tape, node, old) or not depends(tape, node, old):
            continue
        if labelled is None:
            if old not in back:
                back[old] = feedback(tape, [old])
            steps = back[old].get(node.index) == BACK
        else:
            steps = node.index in labelled and is_read(tape, old, {*PRODUCTS, "add"}, labelled)
        if not steps:
            continue
        span = statement_of(program, tape, binding)
        if span is not None:
            places.setdefault(span, (binding.text, old))
    if not places:
        return []
    names = list(dict.fromkeys(text for text, _ in places.values()))
    options = added(program, list(places), minus=None)
    return [suspect_of(CODE, next(iter(places)), options, parameters=names, parameter=names[0])]


def successions(tape: Tape) -> Iterator[tuple[Binding, int]]:
    """Each time a name that held a value from before the training gets one made in it."""
    holding: dict[tuple[str, int], int] = {}
    for binding in tape.bindings:
        local = binding.text.isidentifier()
        key = (binding.text, binding.frame if local else 0)
        old = holding.get(key)
        holding[key] = binding.node
        if old is None or not old < tape.start <= binding.node:
            continue
        before, after = tape[old].value, tape[binding.node].value
        if np.ndim(before) and np.shape(before) == np.shape(after) and is_number(before):
            yield binding, old


def is_read(
    tape: Tape, index: int, ops: set[str], labelled: set[int] | frozenset[int] = frozenset()
) -> bool:
    """True if the forward pass reads a value by one of the operations."""
    return any(
        node.op in ops and index in node.parents and node.index not in labelled
        for node in tape.nodes[tape.start :]
    )


def holds(tape: Tape, node: Node, old: int) -> bool:
    """True if the old value is still part of the new one, as in ``w - step``."""
    shape, pending, seen = np.shape(node.value), [node.index], set()
    while pending:
        index = pending.pop()
        if index == old:
            return True
        if index in seen or index < min(old, tape.start):
            continue
        seen.add(index)
        if tape[index].op in LINEAR:
            pending += [p for p in tape[index].parents if np.shape(tape[p].value) == shape]
    return False


def depends(tape: Tape, node: Node, old: int) -> bool:
    """True if the new value was made from the old one, however far around."""
    pending, seen = [node.index], set()
    while pending:
        index = pending.pop()
        if index == old:
            return True
        if index > old and index not in seen:
            seen.add(index)
            pending.extend(tape[index].parents)
    return False


def statement_of(program: Program, tape: Tape, binding: Binding) -> SourceSpan | None:
    """The assignment by which a name got its value; an item may have another index there."""
    site = tape.site_of(binding.node)
    if site is not None and binding.text in site.targets:
        return site.span
    frame = tape.frames[binding.frame] if binding.frame < len(tape.frames) else None
    file = frame.file if frame is not None and frame.file else program.entry
    if file not in program.files:
        return None
    source = Source(program.files[file])
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign) and in_loop(source.tree, node):
            if container(ast.unparse(node.targets[0])) == container(binding.text):
                return source.span(file, node)
    return None


def container(text: str) -> str:
    """A name as it stands; of an item what it is an item of.

    >>> container("weights[k]"), container("self.p['W1']"), container("w")
    ('weights[]', 'self.p[]', 'w')
    """
    return f"{text.rpartition('[')[0]}[]" if text.endswith("]") else text


def in_loop(tree: ast.AST, statement: ast.stmt) -> bool:
    """True for a statement in a loop, or in a function that a loop may call."""
    return any(
        isinstance(node, ast.For | ast.While | ast.FunctionDef)
        and node.lineno < statement.lineno <= (node.end_lineno or 0)
        for node in ast.walk(tree)
    )


def added(program: Program, spans: Sequence[SourceSpan], *, minus: bool | None) -> list[Option]:
    """``w += step`` and ``w -= step`` at all places, where every one is such an assignment.

    ``minus`` says which comes first; None: what the way the step is written asks for.
    """
    pairs: list[tuple[Edit, Edit]] = []
    for span in spans:
        statement = statement_at(program, span.file, span.line)
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return []
        source = Source(program.files[span.file])
        target, value = source.segment(statement.targets[0]), source.segment(statement.value)
        place = source.span(span.file, statement)
        pairs.append((Edit(place, f"{target} += {value}"), Edit(place, f"{target} -= {value}")))
        minus = not has_minus(statement.value) if minus is None else minus
    return [
        Option(tuple(dict.fromkeys(pair[k] for pair in pairs)), ("added", "subtracted")[k])
        for k in ((1, 0) if minus else (0, 1))
        if pairs
    ]


def has_minus(step: ast.expr) -> bool:
    """True for a step that is written with its minus (``-rate * dw``) or kept under a name."""
    while isinstance(step, ast.BinOp) and isinstance(step.op, SCALING):
        step = step.left
    if isinstance(step, ast.BinOp):
        return isinstance(step.op, ast.Sub)
    return isinstance(step, ast.UnaryOp | ast.Name | ast.Attribute | ast.Subscript)


# ----------------------------------------------------------------------------- never read


def unread(program: Program, tape: Tape) -> list[Suspect]:
    """``w = w - step`` whose result is never read: the old value is used again.

    A difference that is only kept, ``errors.append(y - p)``, is no step: it holds no gradient of y.
    """
    read: dict[int, int] = {}
    for node in tape.nodes[tape.start :]:
        for parent in node.parents:
            read[parent] = node.index
    seen: set[int] = set()
    suspects = []
    for node in tape.nodes[tape.start :]:
        if node.op not in {"subtract", "add"} or node.index in read or node.inplace:
            continue
        if node.site in seen or node.site < 0:
            continue
        kept = [
            old for p in node.parents
            if np.shape(tape[p].value) == np.shape(node.value)
            and np.ndim(tape[old := taken_from(tape, p)].value)
            and old < tape.start and read.get(old, -1) > node.index
        ]  # fmt: skip
        if not kept:
            continue
        seen.add(node.site)
        back = feedback(tape, kept, PRODUCTS | {"add"}, node.index)
        others = [p for p in node.parents if taken_from(tape, p) not in kept]
        if all(back.get(p, 0) < COMPARED for p in others):
            continue
        span = tape.sites[node.site].span
        options = in_place(program, span)
        name = name_of(tape, kept[0])
        suspects.append(
            suspect_of(CODE, span, options, parameter=name, parameters=[name], lost=True)
        )
    if len(suspects) > 1:  # one mistake in several lines
        edits = tuple(e for s in suspects for o in s.options[:1] for e in o.edits)
        merged = (Option(edits, "written into the arrays themselves"),) if edits else ()
        suspects = [replace(suspects[0], options=merged)]
    return suspects


def taken_from(tape: Tape, index: int) -> int:
    """The array of which a value is an item; else the value itself."""
    node = tape[index]
    picked = node.op in {"getitem", "gather"} and np.ndim(node.value) == 0
    return node.parents[0] if picked else index


def in_place(program: Program, span: SourceSpan) -> Sequence[Option]:
    """``w -= step`` for ``w = w - step``: the array itself changes, wherever it is kept.

    Of a list, ``new = [w - s for w, s in zip(ws, steps)]``, it is ``ws`` that gets the values.
    """
    statement = statement_at(program, span.file, span.line)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return ()
    value = statement.value
    source = Source(program.files[span.file])
    if isinstance(value, ast.ListComp):
        target = source.span(span.file, statement.targets[0])
        return tuple(
            Option((Edit(target, text),), "kept where it came from")
            for text in walked_with(value, source)
        )
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add | ast.Sub):
        return ()
    operator = "-=" if isinstance(value.op, ast.Sub) else "+="
    new = f"{source.segment(value.left)} {operator} {source.segment(value.right)}"
    edit = Edit(source.span(span.file, statement), new)
    return (Option((edit,), "written into the array itself"),)


def walked_with(made: ast.ListComp, source: Source) -> list[str]:
    """What ``[w - s for w, s in zip(ws, steps)]`` takes its first operand from, and all of it."""
    loop, value = made.generators[0], made.elt
    if not isinstance(value, ast.BinOp) or not isinstance(value.left, ast.Name):
        return []
    pairs = [(loop.target, loop.iter)]
    if isinstance(loop.target, ast.Tuple) and isinstance(loop.iter, ast.Call):
        pairs = list(zip(loop.target.elts, loop.iter.args, strict=False))
    texts = [
        source.segment(walked) for name, walked in pairs
        if isinstance(name, ast.Name) and name.id == value.left.id
        and isinstance(walked, ast.Name | ast.Attribute | ast.Subscript)
    ]  # fmt: skip
    return [new for text in texts for new in (text, f"{text}[:]")]
