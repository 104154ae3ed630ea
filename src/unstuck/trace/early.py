"""Weights that are read again after the same update has changed them.

Where the new weights are multiplied by an error, the error goes back through weights that never
made it. Where they predict once more (parameters that take turns), each step is a gradient at the
weights of its own turn, and nothing is wrong. Either is told by replaying the update with the old
weights in the place of the new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from unstuck.trace.anatomy import Anatomy, Flow
from unstuck.trace.facts import ancestors
from unstuck.trace.gradients import Loss
from unstuck.trace.points import Point
from unstuck.trace.replay import CannotReplay, Get, replay, value_of
from unstuck.trace.steps import Lineage, Steps
from unstuck.trace.tape import Node, Tape
from unstuck.trace.verdict import Judgement, ParameterVerdict, judge_parameter, name_verdicts, same

VIEWS = {"transpose", "getitem", "gather", "reshape", "ravel", "copy", "array", "asarray"}
PRODUCTS = {"multiply", "dot", "matmul", "outer", "inner", "einsum", "tensordot", "vdot"}


@dataclass(frozen=True, slots=True)
class Read:
    """One use of weights that the same update has already changed."""

    reader: int
    version: int  # the new weights ...
    before: int  # ... and the old ones
    parameter: int
    error: bool  # they are multiplied by an error


def judge_turns(tape: Tape, steps: Steps, anatomy: Anatomy, judgement: Judgement) -> None:
    """Judge parameters that take turns as if each turn had begun with the old weights."""
    wrong = [v.parameter for v in judgement.verdicts if v.verdict == "wrong"]
    if judgement.loss is None or not wrong:
        return
    reads = [in_turns(own, turns=True) for own in all_reads(tape, steps, anatomy)]
    points = with_old_weights(tape, anatomy, judgement.points, reads) if any(reads) else []
    if not points:
        return
    found = {k: judged(tape, steps, anatomy, points, judgement.loss, k) for k in wrong}
    if not any(v is not None and v.verdict == "ok" for v in found.values()):
        return
    judgement.points = points
    judgement.verdicts = [found.get(v.parameter) or v for v in judgement.verdicts]
    name_verdicts(judgement.verdicts, judgement.ratio)


def right_with_old_weights(
    tape: Tape, steps: Steps, anatomy: Anatomy, judgement: Judgement
) -> tuple[list[int], list[Read]]:
    """Wrong parameters that are right if the error goes back through old weights; and its ways.

    The ways are those in the first update.
    """
    wrong = [v.parameter for v in judgement.verdicts if v.verdict == "wrong"]
    if judgement.loss is None or not wrong:
        return [], []
    reads = [in_turns(own, turns=False) for own in all_reads(tape, steps, anatomy)]
    points = with_old_weights(tape, anatomy, judgement.points, reads) if any(reads) else []
    mended = []
    for k in wrong if points else []:
        v = judged(tape, steps, anatomy, points, judgement.loss, k)
        if v is not None and v.verdict == "ok" and (v.nodes or same(v.ratio, judgement.ratio)):
            mended.append(k)
    flow = anatomy.flows[0]
    way = ancestors(tape, [i for k in mended for i in flow.end[k]], flow.window.first)
    return mended, [r for r in reads[0] if r.reader in way]


def in_turns(reads: Sequence[Read], *, turns: bool) -> list[Read]:
    """The reads of weights that predict once more after their update; or those of all others."""
    again = {read.parameter for read in reads if not read.error}
    return [read for read in reads if (read.parameter in again) == turns]


def all_reads(tape: Tape, steps: Steps, anatomy: Anatomy) -> list[list[Read]]:
    """The uses of new weights, window by window."""
    return [early_reads(tape, steps, flow) for flow in anatomy.flows]


def early_reads(tape: Tape, steps: Steps, flow: Flow) -> list[Read]:
    """Uses of new weights in the update that made them, on the way to other parameters' steps."""
    useful = ancestors(tape, [i for own in flow.end.values() for i in own], flow.window.first)
    found: list[Read] = []
    for k, parameter in enumerate(steps.parameters):
        for lineage, before in zip(parameter.lineages, flow.start[k], strict=True):
            version = only_version(lineage, flow)
            if version is not None:
                found += [
                    Read(n.index, version, before, k, takes_error(tape, flow, n.index, version))
                    for n in readers(tape, version, flow)
                    if n.index in useful
                ]
    return found


def takes_error(tape: Tape, flow: Flow, index: int, version: int) -> bool:
    """True if new weights are multiplied by an error; False if they predict once more."""
    way = {version}
    for _ in range(12):
        node = tape[index]
        if node.op not in VIEWS | PRODUCTS:
            return False
        others = set(node.parents) - way
        if node.op in PRODUCTS and not flow.labelled.isdisjoint(others):
            return True
        way.add(index)
        index = next((n.index for n in readers(tape, index, flow)), -1)
        if index < 0:
            return False
    return False


def only_version(lineage: Lineage, flow: Flow) -> int | None:
    """What an array became in a window, if it changed once."""
    own = [v for v in lineage.versions if flow.window.first <= v < flow.window.last]
    return own[0] if len(own) == 1 else None


def readers(tape: Tape, version: int, flow: Flow) -> Iterator[Node]:
    """The operations of a window that take a value."""
    for node in tape.nodes[version + 1 : flow.window.last]:
        if version in node.parents:
            yield node


def with_old_weights(
    tape: Tape, anatomy: Anatomy, points: Sequence[Point], reads: Sequence[Sequence[Read]]
) -> list[Point]:
    """The points as they would be with old weights in these places; none where that fails."""
    found = []
    for point in points:
        last = anatomy.flows[point.window].window.last
        overrides = instead(tape, reads[point.window])
        if not overrides:
            found.append(point)
            continue
        try:
            values = replay(
                tape, {}, base=point.values, first=min(overrides), last=last, overrides=overrides
            )
        except (CannotReplay, ValueError, TypeError, IndexError, ZeroDivisionError):
            return []
        found.append(Point(point.window, {**point.values, **values}, point.changed))
    return found


def instead(tape: Tape, reads: Sequence[Read]) -> Mapping[int, Callable[[Get], object]]:
    """How each reader is computed with the old weights."""
    old: dict[int, dict[int, int]] = {}
    for read in reads:
        old.setdefault(read.reader, {})[read.version] = read.before

    def computed(index: int) -> Callable[[Get], object]:
        return lambda get: value_of(tape[index], lambda i: get(old[index].get(i, i)))

    return {index: computed(index) for index in old}


def judged(
    tape: Tape, steps: Steps, anatomy: Anatomy, points: list[Point], loss: Loss, k: int
) -> ParameterVerdict | None:
    """The verdict on a parameter at these points; None where there is none."""
    try:
        return judge_parameter(tape, steps, anatomy, points, loss, k)
    except (ValueError, IndexError):
        return None
