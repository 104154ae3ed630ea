"""Shares of hits above 1: the sum of hits is never set back, or divided by too little."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unstuck.doctor.fixes.lines import insert_before, statement_at
from unstuck.doctor.fixes.patch import Edit, node_at
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.doctor.told.compared import EQUALS, SAME, Met, meetings, number_or_array, rounded
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.request import LoopCount
from unstuck.trace.tape import Node, Ref
from unstuck.trace.told import Told


def wrong_shares(program: Program, told: Told, loops: Sequence[LoopCount]) -> list[Suspect]:
    """A share of hits above 1: the sum is never set back, or divided by too little."""
    found = []
    hits_at = {met.node: met for met in meetings(told) if told.tape[met.node].op in EQUALS}
    seen: set[int] = set()
    for node in reversed(told.tape.nodes[told.tape.start :]):
        if node.op != "true_divide" or node.site < 0 or node.site in seen:
            continue
        if np.size(node.value) != 1 or not float(np.ravel(node.value)[0]) > 1.0:
            continue
        parts = [number_or_array(told.tape, a) for a in node.args[:2]]
        if len(parts) != 2 or any(np.size(part) != 1 for part in parts):
            continue
        seen.add(node.site)
        summed, count = (float(np.ravel(part)[0]) for part in parts)
        share = counted_in_arrays(told, node, hits_at, summed, count)
        share = share or counted_one_by_one(program, told, node, loops, count)
        if share is not None:
            found.append(share_suspect(program, told, node, share, summed / count))
    return found


@dataclass(frozen=True, slots=True)
class Share:
    """A sum of hits that is divided wrongly: where it is added to, and the right share."""

    added: SourceSpan | None  # None: the sum is right, its divisor is not
    actual: float
    count: int


def counted_in_arrays(
    told: Told, node: Node, hits_at: dict[int, Met], summed: float, count: float
) -> Share | None:
    """Hits of whole batches that were added up, and divided by samples that they exceed."""
    tape = told.tape
    if not isinstance(node.args[0], Ref):
        return None
    index, added, parts, mets = node.args[0].index, None, [], []
    while True:
        here = tape[index]
        if here.op == "add":
            added = here.site if added is None else added
            steps = [a.index for a in here.args if isinstance(a, Ref)]
            counted = [(s, m) for s in steps if (m := count_of(told, s, hits_at)) is not None]
            if len(counted) != 1:
                break
            parts.append(float(np.ravel(tape[counted[0][0]].value)[0]))
            mets.append(counted[0][1])
            rest = [s for s in steps if s != counted[0][0]]
            if not rest:
                break
            index = rest[0]
        else:
            break
    if not mets or added is None or added < 0:
        return None
    batch = np.size(tape[mets[0].node].value)
    whole = max((n for m in mets for n in sizes_behind(told, m.label)), default=0)
    rounds = -(-whole // max(1, batch))
    if whole < batch or count not in {batch, whole} or rounds < 1:
        return None
    if summed > whole:
        return Share(tape.sites[added].span, sum(parts[:rounds]) / whole, whole)
    return Share(None, summed / whole, whole) if rounds not in {1, batch} else None


def count_of(told: Told, index: int, hits_at: dict[int, Met]) -> Met | None:
    """The comparison whose hits a number counts."""
    node = told.tape[index]
    while node.op in {*SAME, "sum", "builtin_sum", "count_nonzero"} and node.parents:
        if node.parents[0] in hits_at:
            return hits_at[node.parents[0]] if node.op not in SAME else None
        node = told.tape[node.parents[0]]
    return None


def sizes_behind(told: Told, index: int) -> set[int]:
    """How many samples the arrays have that labels were taken from."""
    found, pending = set(), [index]
    while pending:
        current = pending.pop()
        if current < 0 or told.learned(current):
            continue
        node = told.tape[current]
        if np.ndim(node.value):
            found.add(len(node.value))
        pending.extend(node.parents[:1])
    return found


def counted_one_by_one(
    program: Program, told: Told, node: Node, loops: Sequence[LoopCount], count: float
) -> Share | None:
    """Hits that an ``if`` counts, in a loop that goes round as often as they are divided by."""
    span = told.tape.sites[node.site].span
    written = node_at(program, span)
    if not isinstance(written, ast.BinOp):
        return None
    name = ast.unparse(written.left)
    tree = Source(program.files[span.file]).tree
    for loop in ast.walk(tree):
        if not isinstance(loop, ast.For):
            continue
        for test in [n for n in loop.body if isinstance(n, ast.If)]:
            step = test.body[0]
            counts = isinstance(step, ast.AugAssign) and ast.unparse(step.target) == name
            if not counts or ast.unparse(step.value) != "1" or not is_equality(test.test):  # type: ignore[attr-defined]
                continue
            rounds = [
                x.iterations / max(1, x.entries) for x in loops
                if x.key[:2] == (span.file, loop.lineno)
            ]  # fmt: skip
            if rounds and rounds[0] == count:
                here = Source(program.files[span.file]).span(span.file, step)
                return Share(here, float("nan"), int(count))
    return None


def is_equality(test: ast.expr) -> bool:
    """True for ``a == b`` of two things that are both computed."""
    return (
        isinstance(test, ast.Compare)
        and [type(op) for op in test.ops] == [ast.Eq]
        and not any(isinstance(x, ast.Constant) for x in (test.left, *test.comparators))
    )


def share_suspect(
    program: Program, told: Told, node: Node, share: Share, reported: float
) -> Suspect:
    """The finding of a share above 1, and the line that sets the sum back."""
    here = told.tape.sites[node.site].span
    if share.added is None:
        problem = f"the hits of {share.count} samples are divided by fewer"
    else:
        problem = f"the sum of hits is never set back to 0: there are {share.count} samples"
    edit = set_back(program, share.added) if share.added is not None else None
    return suspect_of(
        "O505", share.added or here, (Option((edit,), "begin at 0"),) if edit else (),
        metric="accuracy", problem=problem, reported=rounded(reported),
        actual=rounded(share.actual),
    )  # fmt: skip


def set_back(program: Program, span: SourceSpan) -> Edit | None:
    """``name = 0`` before the inner one of the two loops in which something is added to it."""
    tree = Source(program.files[span.file]).tree
    around = [
        n for n in ast.walk(tree)
        if isinstance(n, ast.For | ast.While) and n.lineno <= span.line <= (n.end_lineno or 0)
    ]  # fmt: skip
    statement = statement_at(program, span.file, span.line)
    if len(around) < 2 or not isinstance(statement, ast.AugAssign | ast.If):
        return None
    inner = max(around, key=lambda n: n.lineno)
    added = next(n for n in ast.walk(statement) if isinstance(n, ast.AugAssign))
    return insert_before(program, span.file, inner.lineno, f"{ast.unparse(added.target)} = 0")
