"""The numbers of training: learning rate, rounds, weight decay; where they stand, and others.

They are read off the tape: the rate is the single number on the way from gradient to step, the
decay what a step takes off the weights themselves. They are changed where they are written down.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np

from unstuck.doctor.fixes.patch import node_at, replacement
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.fixes.rewrites.numbers import change_number
from unstuck.doctor.fixes.rewrites.signs import augmented_at
from unstuck.doctor.suspect import Option
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.tape import LEAF, Ref, Tape
from unstuck.trace.traced import Traced

SHORT = 200  # values that the rate of a schedule is made from


def learning_rate(program: Program, traced: Traced) -> tuple[SourceSpan, float] | None:
    """The expression of the learning rate, a single number on the way from gradient to step."""
    return next(learning_rates(program, traced), None)


def learning_rates(program: Program, traced: Traced) -> Iterator[tuple[SourceSpan, float]]:
    """The same wherever it stands: each parameter may have it in an expression of its own."""
    for flow in traced.anatomy.flows[:1]:
        forward = {  # what the forward pass reads; `rate * h.T` is for the gradient alone
            p
            for node in traced.tape.nodes[flow.window.first : flow.window.last]
            if node.index not in flow.labelled
            for p in node.parents
        }
        seen: set[tuple[SourceSpan, float]] = set()
        for nodes in flow.end.values():
            rate = rate_of_step(program, traced, nodes[0], forward) if nodes else None
            if rate is not None and rate not in seen:
                seen.add(rate)
                yield rate


def rate_of_step(
    program: Program, traced: Traced, end: int, forward: set[int]
) -> tuple[SourceSpan, float] | None:
    """The number on the way from the gradient to one parameter's new value."""
    flow, tape = traced.anatomy.flows[0], traced.tape
    states = {v for lineage in traced.steps.states for v in lineage.versions}  # `0.9 * velocity`
    pending = [end]
    seen: set[int] = set()
    while pending:
        index = pending.pop(0)
        if index in seen or len(seen) > 12:
            continue
        seen.add(index)
        node = tape[index]
        if node.op in {"multiply", "true_divide"} and node.site >= 0:
            found = scalar_operand(program, traced, index)
            if found is not None:
                return found
        pending += [
            p for p in node.parents
            if p in flow.labelled
            or (
                tape[p].op == "multiply" and p not in forward
                and states.isdisjoint(tape[p].parents)
            )
        ]  # fmt: skip
    return None


def scalar_operand(program: Program, traced: Traced, index: int) -> tuple[SourceSpan, float] | None:
    """The operand of a product that is one number, and the number."""
    node = traced.tape[index]
    site = traced.tape.sites[node.site]
    tree = node_at(program, site.span)
    if isinstance(tree, ast.BinOp):
        sides: list[ast.expr] = [tree.left, tree.right]
    elif isinstance(tree, ast.Call) and len(tree.args) == 2:
        sides = list(tree.args)
    elif (statement := augmented_at(program, site.span)) is not None:
        sides = [statement.target, statement.value]  # w *= number
    else:
        return None
    if node.op == "true_divide":
        return None
    source = Source(program.files[site.span.file])
    for position, (side, argument) in enumerate(zip(sides, node.args, strict=False)):
        if not always_equal(traced, index, position):  # data: pure Python takes them one by one
            continue
        value = traced.tape[argument.index].value if isinstance(argument, Ref) else argument
        labelled = isinstance(argument, Ref) and argument.index in traced.anatomy.flows[0].labelled
        if np.ndim(value) == 0 and not labelled and isinstance(value, float | int | np.floating):
            return source.span(site.span.file, side), float(value)
    return None


def always_equal(traced: Traced, index: int, position: int) -> bool:
    """True if an operand is the same number wherever its expression was evaluated.

    A schedule changes it from one update to the next, and makes it of numbers alone.
    """
    tape, node = traced.tape, traced.tape[index]
    seen: set[float] = set()
    updates: dict[int, float] = {}
    bounds = [window.last for window in traced.steps.windows]
    steady = True  # within each update
    for other in tape.nodes[tape.start :]:
        if (other.site, other.op) == (node.site, node.op) and position < len(other.args):
            argument = other.args[position]
            value = tape[argument.index].value if isinstance(argument, Ref) else argument
            if np.size(value) != 1 or isinstance(value, str):
                return False
            number = float(np.asarray(value, dtype=float).ravel()[0])
            seen.add(number)
            steady &= updates.setdefault(bisect_right(bounds, other.index), number) == number
    if len(seen) == 1 or len(seen) < len(bounds) // 4:
        return True
    own = node.args[position]
    return steady and isinstance(own, Ref) and is_scheduled(tape, own.index)


def is_scheduled(tape: Tape, index: int) -> bool:
    """True for a number that is computed, and from no array: no data, then."""
    pending, seen = [index], set[int]()
    while pending:
        node = tape[pending.pop()]
        if np.ndim(node.value) or len(seen) > SHORT:
            return False
        if node.index not in seen:
            seen.add(node.index)
            pending.extend(node.parents)
    return tape[index].op != LEAF


def other_rate(program: Program, traced: Traced, factors: Sequence[float]) -> list[Option]:
    """The learning rate times each factor, wherever the same number is written down."""
    rates = list(learning_rates(program, traced))
    equal = [span for span, value in rates if value == rates[0][1]]
    options = []
    for factor in factors:
        found = [change_number(program, span, span.file, factor=factor) for span in equal]
        changes = [option for option in found if option is not None]
        if changes:
            edits = dict.fromkeys(edit for option in changes for edit in option.edits)
            options.append(Option(tuple(edits), changes[0].label))
    return options


def more_updates(program: Program, traced: Traced) -> list[Option]:
    """More rounds of the training loop, where their number is written down."""
    file, line = traced.loop.key[:2]
    source = Source(program.files[file])
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.For | ast.While) or node.lineno != line:
            continue
        count = rounds_of(node)
        if count is None:
            return []
        span = source.span(file, count)
        found = [change_number(program, span, file, factor=factor) for factor in (10.0, 100.0)]
        return [option for option in found if option is not None]
    return []


def rounds_of(loop: ast.For | ast.While) -> ast.expr | None:
    """The expression that says how often a loop goes round."""
    if isinstance(loop, ast.While):
        test = loop.test
        return test.comparators[0] if isinstance(test, ast.Compare) else None
    calls = [n for n in ast.walk(loop.iter) if isinstance(n, ast.Call)]
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id == "range" and call.args:
            return call.args[0] if len(call.args) == 1 else call.args[1]
    return None


def decay_factor(program: Program, traced: Traced) -> tuple[SourceSpan, float] | None:
    """The factor of the weights in the decay term, or what they are multiplied by in each step."""
    flow = traced.anatomy.flows[0]
    for k, nodes in flow.start.items():
        if not any(v.parameter == k and v.decay for v in traced.judgement.verdicts):
            continue
        for node in traced.tape.nodes[flow.window.first : flow.window.last]:
            if node.op == "multiply" and nodes[0] in node.parents and node.site >= 0:
                found = scalar_operand(program, traced, node.index)
                if found is not None:
                    return found
    return None


def less_decay(program: Program, traced: Traced) -> list[Option]:
    """The weight decay switched off, or made a thousandth."""
    found = decay_factor(program, traced)
    if found is None:
        return []
    span, value = found
    node = node_at(program, span)
    kept = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)  # w *= 1 - rate * decay
    if kept and isinstance(node, ast.BinOp):
        span = Source(program.files[span.file]).span(
            span.file, own_part(program, traced, node.right)
        )
    elif isinstance(node, ast.Constant) and 0.5 < value < 1.0:  # w *= 0.95
        return [Option((replacement(program, span, "1.0"),), "no decay")]
    options = [change_number(program, span, span.file, factor=factor) for factor in (0.0, 0.001)]
    return [option for option in options if option is not None]


def own_part(program: Program, traced: Traced, node: ast.expr) -> ast.expr:
    """Of ``rate * decay`` the factor that is not the learning rate."""
    rate = learning_rate(program, traced)
    name = program.text(rate[0]) if rate is not None else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return node.right if ast.unparse(node.left) == name else node.left
    return node
