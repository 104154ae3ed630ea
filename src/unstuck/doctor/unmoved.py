"""Parameters that never move: their gradient is there, and nothing takes the step.

One of several may be left out, beside the updates of the others; or no parameter moves at all, and
then names and shapes tell which value was meant to be whose step.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from unstuck.doctor.feedback import BACK, PRODUCTS, feedback
from unstuck.doctor.fixes.lines import insert_after, statement_at
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.lost import LINEAR, container
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.facts import name_of, source_of
from unstuck.trace.loops import empty_loops
from unstuck.trace.program import Program
from unstuck.trace.request import Outcome
from unstuck.trace.steps import is_number
from unstuck.trace.tape import Tape
from unstuck.trace.traced import Traced

CODE = "U201"
RATES = ("0.1", "0.01")  # where the program names none that it does not use


# ------------------------------------------------------------------------- one of several


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
        # What is missing is missing beside the other updates; without them, after the gradient.
        span = options[0].edits[0].span if options else source_of(tape, index)
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
            line = max(span.line, line_made(traced, k, gradient))
            return [Option((insert_after(program, span.file, line, new),), "the missing update")]
    return []


def line_made(traced: Traced, k: int, gradient: int) -> int:
    """The line that makes a gradient, if it stands in the call that updates another parameter."""
    tape = traced.tape
    update = traced.steps.parameters[k].lineages[0].updates[0]
    span = source_of(tape, gradient)
    return span.line if span is not None and tape[update].frame == tape[gradient].frame else 0


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
    """Loops that were entered and never ran, with steps in them."""
    suspects = []
    for loop in empty_loops(outcome.loops):
        file, line = loop.key[0], loop.key[1]
        if file not in program.files:
            continue
        source = Source(program.files[file])
        node = next(
            (n for n in ast.walk(source.tree) if isinstance(n, ast.For) and n.lineno == line), None
        )
        if node is None or not any(is_step(s) for s in ast.walk(node)):
            continue
        options = longer_ranges(source, file, node)
        span = source.span(file, node.iter)
        suspects.append(suspect_of("U201", span, options, loop=source.segment(node.iter)))
    return suspects


def idle_loops(program: Program, outcome: Outcome) -> list[Suspect]:
    """Loops within another one that run and do nothing: where updates are, but for ``pass``."""
    suspects = []
    for loop in outcome.loops:
        file, line = loop.key[:2]
        if file not in program.files or loop.parent is None or not loop.iterations:
            continue
        source = Source(program.files[file])
        for node in ast.walk(source.tree):
            if isinstance(node, ast.For) and node.lineno == line:
                if all(isinstance(statement, ast.Pass) for statement in node.body):
                    span = source.span(file, node.body[0])
                    text = source.segment(node.iter)
                    suspects.append(suspect_of(CODE, span, (), idle=text))
    return suspects


def is_step(statement: ast.AST) -> bool:
    """True for ``w -= step`` and ``w = w - step``; hidden layers that there are none of have none.

    >>> [is_step(ast.parse(text).body[0]) for text in ("w = w - g", "w[k] += g", "a = f(a)")]
    [True, True, False]
    """
    if isinstance(statement, ast.AugAssign):
        return isinstance(statement.op, ast.Add | ast.Sub)
    if not isinstance(statement, ast.Assign):
        return False
    names = {ast.unparse(target) for target in statement.targets}
    return any(
        isinstance(part, ast.BinOp)
        and isinstance(part.op, ast.Add | ast.Sub)
        and not names.isdisjoint({ast.unparse(part.left), ast.unparse(part.right)})
        for part in ast.walk(statement.value)
    )


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


# ------------------------------------------------------------------------- none at all


def nothing_moves(program: Program, tape: Tape) -> list[Suspect]:
    """Weights that products read and nothing changes, with values of their shape that wait."""
    pairs = dict(waiting_steps(tape))
    if not pairs:
        return []
    given = named_by_loops(program)
    names = []
    for weight in pairs:
        texts = [b.text for b in tape.bindings if b.node == weight and b.text not in given]
        names.append(texts[-1] if texts else name_of(tape, weight))
    rates = [*unused_numbers(tape), *RATES]
    options = [
        option for rate in rates[:3]
        if (option := steps_made(program, tape, pairs, rate)) is not None
    ]  # fmt: skip
    span = options[0].edits[-1].span if options else source_of(tape, max(pairs.values()))
    return [suspect_of(CODE, span, options, parameter=names[0], parameters=names)]


def waiting_steps(tape: Tape) -> Iterator[tuple[int, int]]:
    """Weights from before the training, each with the last value of its shape that nobody reads.

    The value must have come back, within one round, from products that read the weights: it is
    their gradient, or an average of gradients.
    """
    used: set[int] = set()  # for more than to be added to something
    readings: dict[int, list[int]] = {}
    for node in tape.nodes[tape.start :]:
        for parent in node.parents:
            if node.op not in LINEAR:
                used.add(parent)
            if node.op in PRODUCTS and parent < tape.start and np.ndim(tape[parent].value):
                readings.setdefault(parent, []).append(node.index)
    named = {b.node for b in tape.bindings}
    for weight, nodes in readings.items():
        shape = np.shape(tape[weight].value)
        end = end_of_round([n for n in nodes if tape[n].site == tape[nodes[0]].site])
        back = feedback(tape, [weight], end=end)
        for node in reversed(tape.nodes[nodes[0] : end]):
            free = node.index in named and node.index not in used
            if np.shape(node.value) == shape and free and back.get(node.index) == BACK:
                used.add(node.index)
                yield weight, node.index
                break


def end_of_round(readings: Sequence[int]) -> int:
    """Where the second round begins: readings of one forward pass lie close together."""
    gaps = [(b - a, b) for a, b in pairwise(readings)]
    wide = max(gaps, default=(0, 0))[0]
    return next((b for gap, b in gaps if gap > wide / 2), 0)


def unused_numbers(tape: Tape) -> list[str]:
    """Names of single positive numbers that no operation reads: a learning rate without work."""
    read = {p for node in tape.nodes for p in node.parents}
    found = [
        b.text for b in tape.bindings
        if b.node not in read and b.text.isidentifier() and np.ndim(tape[b.node].value) == 0
        and isinstance(tape[b.node].value, float) and 0.0 < tape[b.node].value <= 10.0
    ]  # fmt: skip
    return list(dict.fromkeys(found))


def steps_made(program: Program, tape: Tape, pairs: dict[int, int], rate: str) -> Option | None:
    """All steps, each behind the line that makes its value."""
    edits: dict[Edit, None] = {}
    for weight, step in pairs.items():
        found = texts_together(program, tape, weight, step)
        span = source_of(tape, step)
        if found is None or span is None:
            return None
        mine, theirs = found
        line = last_line(program, span, mine, theirs)
        edits[insert_after(program, span.file, line, f"{mine} -= {rate} * {theirs}")] = None
    return Option(tuple(edits), "the missing updates")


def texts_together(program: Program, tape: Tape, weight: int, step: int) -> tuple[str, str] | None:
    """What a weight and its step are called in one place: names that were given one beside another.

    An item's name is taken from the step's: beside ``self.v[name]`` it is ``self.p[name]``. What a
    loop names is beside what the same loop names.
    """
    theirs = [b for b in tape.bindings if b.node == step]
    mine = [b for b in tape.bindings if b.node == weight]
    for own in theirs:
        for other in mine:
            if own.text.endswith("]") and other.text.endswith("]"):
                return container(other.text)[:-1] + own.text.rpartition("[")[2], own.text
    loops = named_by_loops(program)
    pairs = [
        (abs(own.at - other.at), other.text, own.text)
        for own in theirs
        for other in mine
        if other.frame in {own.frame, 0}
        and other.text.isidentifier()
        and loops.get(other.text) == loops.get(own.text)
    ]
    return min(pairs)[1:] if pairs else None


def named_by_loops(program: Program) -> dict[str, tuple[str, int]]:
    """Names that loops give, each with the file and the line of its loop."""
    return {
        name.id: (file, node.lineno)
        for file, text in program.files.items()
        for node in ast.walk(Source(text).tree)
        if isinstance(node, ast.For)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }


def last_line(program: Program, span: SourceSpan, mine: str, theirs: str) -> int:
    """The line after which both names can be used: the end of the loop that gives them."""
    for node in ast.walk(Source(program.files[span.file]).tree):
        if isinstance(node, ast.For) and node.body:
            names = {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
            if {mine, theirs} <= names:
                return int(node.body[-1].lineno)
    return span.line
