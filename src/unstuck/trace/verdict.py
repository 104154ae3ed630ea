"""Whether each parameter's step is a multiple of its true gradient, and if not, in what way.

Over all points of a window, differences of steps are fitted by differences of the true gradient
and of the parameter itself: what the optimiser remembers (momentum, accumulated gradients) is
equal at all of them and drops out. Where the step is no linear function of the gradient (Adam,
clipping), a value on the way to the step that is one is looked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.record.evidence import GradientVerdict
from unstuck.trace.anatomy import Anatomy, Flow, ever_touched
from unstuck.trace.fits import (
    Row,
    best_fit,
    cosine_of,
    in_span,
    left_over,
    momentum_of,
    per_window,
)
from unstuck.trace.gradients import Loss, candidate_losses, steps_of
from unstuck.trace.operations import OPERATIONS
from unstuck.trace.points import Point, generic_points
from unstuck.trace.steps import Parameter, Steps, bit_positions, evolving_parents
from unstuck.trace.tape import Ref, Tape

Array = Any
EXACT = {8: 1e-6, 4: 5e-3, 2: 5e-2}  # relative residual that counts as none, by bytes a number
DEPENDS = 1e-15  # of the largest gradient: less is rounding, of a bias before a batch norm, say
DROWNS = 1e-12  # of the largest gradient: so little may be rounding, and is not called wrong
SAME_RATIO = 2e-3
INDEPENDENT = "the loss does not depend on it"
LEFT = 1e-4  # of a step, that is no multiple of its gradient though all its changes are
RARE = {"absolute_error", "hinge"}  # believed only where every parameter agrees
SUMS = {"add", "subtract", "negative", "positive", "sum", "mean", "builtin_sum"}
SUMS |= {"copy", "reshape", "transpose", "ravel", "getitem", "setitem", "scatter", "gather"}
SUMS |= {"array", "asarray", "stack", "concatenate", "squeeze", "expand_dims"}
MOST_ENTRIES = 1500  # of a parameter that are compared: a wrong gradient shows in any of them


def chosen_entries(size: int, k: int) -> Any:
    """Which entries of parameter k are compared: all, or a fixed random choice of a large one."""
    if size <= MOST_ENTRIES:
        return slice(None)
    return np.sort(np.random.default_rng(k).choice(size, MOST_ENTRIES, replace=False))


@dataclass(slots=True)
class ParameterVerdict:
    """What was found for one parameter.

    ``ratio`` is the step size that its steps have; ``relative`` that over the one that the other
    parameters share. ``node`` is the value on the way to the step that should be the gradient
    where the step itself is no linear function of it (one a window), or empty.
    """

    parameter: int
    verdict: GradientVerdict
    ratio: float = float("nan")
    relative: float = float("nan")
    decay: float = 0.0
    cosine: float = float("nan")
    residual: float = float("nan")
    momentum: float = 0.0
    nodes: tuple[int, ...] = ()
    why: str = ""
    broken: bool = False  # it became NaN or infinite within the recording


@dataclass(slots=True)
class Judgement:
    """The verdicts under the loss that the program means."""

    loss: Loss | None
    verdicts: list[ParameterVerdict]
    points: list[Point]
    ratio: float  # the common step size
    losses: list[Loss] = field(default_factory=list)
    unknown: tuple[str, ...] = ()
    score: tuple[float, ...] = ()


def judge_gradients(
    tape: Tape, steps: Steps, anatomy: Anatomy, rng: np.random.Generator
) -> Judgement:
    """Try every loss; keep the one under which most parameters agree."""
    points, why = generic_points(tape, steps, anatomy.flows, rng)
    losses, unknown = candidate_losses(tape, steps, anatomy, points)
    best: Judgement | None = None
    for loss in losses:
        judged = judged_under(loss, tape, steps, anatomy, points)
        judged.score = score_of(loss, judged.verdicts, judged.ratio, anatomy)
        if best is None or judged.score > best.score:
            best = judged
    if best is None:
        verdicts = [
            ParameterVerdict(k, "unchecked", why=why or anatomy.why or "no loss could be formed")
            for k in range(len(steps.parameters))
        ]
        best = Judgement(None, verdicts, points, float("nan"))
    best.losses, best.unknown = losses, tuple(dict.fromkeys([*unknown, *([why] if why else [])]))
    return best


def judged_under(
    loss: Loss, tape: Tape, steps: Steps, anatomy: Anatomy, points: list[Point]
) -> Judgement:
    """The verdicts if one loss is meant."""
    verdicts = [
        judge_parameter(tape, steps, anatomy, points, loss, k) for k in range(len(steps.parameters))
    ]
    ratio = common_ratio(verdicts)
    name_verdicts(verdicts, ratio)
    return Judgement(loss, verdicts, points, ratio)


def score_of(
    loss: Loss, verdicts: list[ParameterVerdict], ratio: float, anatomy: Anatomy
) -> tuple[float, ...]:
    """How well a loss explains the steps: agreeing parameters first, then plainness."""
    explained = {
        v.parameter
        for v in verdicts
        if v.verdict in {"ok", "sign", "unreset", "overwritten"} or was_right(v)
    }
    agree = len(explained)
    reached = sum(v.verdict != "unchecked" for v in verdicts)
    output_side = output_parameters(anatomy)
    at_output = any(
        (v.verdict == "ok" or was_right(v)) and v.parameter in output_side for v in verdicts
    )
    close = sum(
        1.0 if v.parameter in explained else abs(v.cosine)
        for v in verdicts
        if np.isfinite(v.cosine)
    )
    # Of losses that fit alike the program's own comes last: its penalty would hide the decay.
    plain = {"squared_error": 2, "binary_cross_entropy": 1, "cross_entropy": 1, "own": -1}
    early = -(loss.pairing.depth if loss.pairing else 0)
    if loss.name in RARE and agree < len(verdicts):
        agree = 0
    return (agree, at_output, ratio > 0, round(close, 3), reached, plain.get(loss.name, 0), early)


def was_right(v: ParameterVerdict) -> bool:
    """True for a gradient whose formula is right while its numbers run out of range."""
    return v.verdict == "nonfinite" and bool(np.isfinite(v.relative))


def output_parameters(anatomy: Anatomy) -> set[int]:
    """The parameters that are read last before the labels are met."""
    flow = anatomy.flows[0]
    last: dict[int, int] = {}
    begins = {index: k for k, nodes in flow.start.items() for index in nodes}
    for index in flow.reach:
        if index in begins or index in flow.labelled:
            continue
        last[flow.reach[index]] = index
    if not last:
        return set()
    whole = max(last, key=lambda bits: bits.bit_count())
    others = [
        bits for bits in last if bits != whole and bits & whole == bits and bits.bit_count() > 1
    ]
    inner = max(others, key=lambda bits: bits.bit_count(), default=0)
    return set(bit_positions(whole & ~inner))


# ------------------------------------------------------------------------------ one parameter


def tolerance(parameter: Parameter, tape: Tape) -> float:
    """The relative residual that counts as exact in this parameter's precision."""
    value = tape[parameter.lineages[0].first].value
    return EXACT.get(getattr(getattr(value, "dtype", None), "itemsize", 8), 1e-6)


def judge_parameter(
    tape: Tape, steps: Steps, anatomy: Anatomy, points: list[Point], loss: Loss, k: int
) -> ParameterVerdict:
    """The verdict for one parameter under one loss, before ratios are compared."""
    verdict = step_against_gradient(tape, steps, anatomy, points, loss, k)
    if verdict.verdict in {"zero", "wrong"}:
        own = [g for found in loss.gradients if (g := found[k]) is not None]
        largest = max((float(np.max(np.abs(g), initial=0.0)) for g in own), default=0.0)
        if largest <= DROWNS * loss.largest and own:
            return ParameterVerdict(k, "unchecked", why=INDEPENDENT)
    return verdict


def step_against_gradient(
    tape: Tape, steps: Steps, anatomy: Anatomy, points: list[Point], loss: Loss, k: int
) -> ParameterVerdict:
    """The verdict as the numbers give it, even those that are nearly nothing.

    Where recorded steps are not finite, the formula is judged where it is; it may be why.
    """
    rows, generic = rows_of(tape, steps, anatomy, points, loss, k)
    recorded = [row for row, is_generic in zip(rows, generic, strict=True) if not is_generic]
    verdict = judge_rows(tape, steps, anatomy, points, loss, k, rows, generic, recorded)
    last = [tape[lineage.versions[-1]].value for lineage in steps.parameters[k].lineages]
    seen = [*(row[1] for row in recorded), *last]
    verdict.broken = not all(bool(np.all(np.isfinite(value))) for value in seen)
    return verdict


def judge_rows(
    tape: Tape, steps: Steps, anatomy: Anatomy, points: list[Point], loss: Loss, k: int,
    rows: list[Row], generic: list[bool], recorded: list[Row],
) -> ParameterVerdict:  # fmt: skip
    """The verdict by the points that are finite."""
    if sum(generic) > 1:  # where a program saturates, the true gradient drowns in rounding
        rows = [row for row, is_generic in zip(rows, generic, strict=True) if is_generic]
    rows = [r for r in rows if all(np.all(np.isfinite(v)) for v in r[1:])]
    if not rows:
        return ParameterVerdict(k, "nonfinite")
    exact = tolerance(steps.parameters[k], tape)
    largest = max(float(np.max(np.abs(r[2]), initial=0.0)) for r in rows)
    if largest <= DEPENDS * loss.largest:
        return ParameterVerdict(k, "unchecked", why=INDEPENDENT)
    scale = [float(np.max(np.abs(r[3]), initial=0.0)) for r in rows]
    if all(
        np.max(np.abs(r[1]), initial=0.0) <= 1e-15 * s for r, s in zip(rows, scale, strict=True)
    ):
        return ParameterVerdict(k, "zero", cosine=0.0)
    fit = best_fit(rows, exact)
    if fit.residual <= exact:
        if abs(fit.decay - 1.0) < 1e-6 and not builds_on_old(tape, anatomy, k):
            return ParameterVerdict(k, "overwritten", fit.ratio, decay=fit.decay, cosine=fit.cosine)
        left = left_over(rows, fit)
        if left > max(LEFT, 10 * exact) and not remembers(tape, steps, anatomy, k):
            return ParameterVerdict(
                k, "wrong", fit.ratio, decay=fit.decay, cosine=-cosine_of(rows), residual=left
            )
        momentum = momentum_of(recorded, fit)
        unreset = abs(momentum - 1.0) < 1e-3
        return ParameterVerdict(
            k, "unreset" if unreset else "ok", fit.ratio, decay=fit.decay, cosine=fit.cosine,
            residual=fit.residual, momentum=momentum,
        )  # fmt: skip
    found = gradient_on_the_way(tape, steps, anatomy, points, loss, k, exact)
    if found is not None:
        ratio, decay, nodes = found
        downhill = float(np.mean([np.sign(-(r[1] @ r[2])) for r in rows]))
        if downhill:
            ratio = abs(ratio) * np.sign(downhill)
        return ParameterVerdict(
            k, "ok", ratio, decay=decay, cosine=fit.cosine, residual=fit.residual, nodes=nodes
        )
    return ParameterVerdict(
        k, "wrong", fit.ratio, decay=fit.decay, cosine=fit.cosine, residual=fit.residual
    )


def rows_of(
    tape: Tape, steps: Steps, anatomy: Anatomy, points: list[Point], loss: Loss, k: int
) -> tuple[list[Row], list[bool]]:
    """Step, true gradient and value before at each point; and which points are generic."""
    rows: list[Row] = []
    generic: list[bool] = []
    takes_part = any(found[k] is not None for found in loss.gradients)
    pick = chosen_entries(steps.parameters[k].size, k)
    for p, point in enumerate(points):
        gradient = loss.gradients[p][k]
        if gradient is None and takes_part:  # not in this window: it came in later
            continue
        step, before = steps_of(tape, anatomy, point, k)
        if gradient is None:
            gradient = np.zeros_like(step)
        rows.append((point.window, step[pick], gradient[pick], before[pick]))
        generic.append(bool(point.changed))
    return rows, generic


def remembers(tape: Tape, steps: Steps, anatomy: Anatomy, k: int) -> bool:
    """True if a step depends on earlier updates (momentum), or on noise as large as itself.

    Then its share that is no multiple of the gradient is the optimiser's; else it is a mistake.
    """
    if k not in anatomy.remembers:
        touched = ever_touched(tape, steps)
        size = int(np.prod(steps.parameters[k].shape, dtype=int))
        anatomy.remembers[k] = any(
            from_earlier(tape, flow, k, touched, size) for flow in anatomy.flows
        )
    return anatomy.remembers[k]


def from_earlier(tape: Tape, flow: Flow, k: int, touched: set[int], size: int) -> bool:
    """True if the step in one window was made from something that evolved before it."""
    pending, seen = list(flow.end[k]), set(flow.begins)
    while pending:
        index = pending.pop()
        if index in seen:
            continue
        seen.add(index)
        node = tape[index]
        operation = OPERATIONS.get(node.op)
        drawn = operation is not None and operation.kind == "random"
        if drawn and np.size(node.value) == size:
            return True
        if index < flow.window.first:
            if index in touched:
                return True
            continue
        pending.extend(node.parents)
    return False


def builds_on_old(tape: Tape, anatomy: Anatomy, k: int) -> bool:
    """True if a step is added to the old value, even if a decay of 1 takes all of that away."""
    flow = anatomy.flows[0]
    starts, pending, seen = set(flow.start[k]), list(flow.end[k]), set()
    while pending:
        index = pending.pop()
        if index in starts:
            return True
        if index in seen or index < flow.window.first:
            continue
        seen.add(index)
        node = tape[index]
        if node.op in {"setitem", "scatter"}:  # the items that are written, not the array
            pending.extend(node.parents[1:])
        elif node.op in {"getitem", "gather"}:
            pending.extend(node.parents[:1])
        else:
            pending.extend(evolving_parents(node, tape))
    return False


def gradient_on_the_way(
    tape: Tape,
    steps: Steps,
    anatomy: Anatomy,
    points: list[Point],
    loss: Loss,
    k: int,
    exact: float,
) -> tuple[float, float, tuple[int, ...]] | None:
    """A value, as large as the parameter, that leads to the step and is the gradient's multiple."""
    parameter = steps.parameters[k]
    if k not in anatomy.ways:
        anatomy.ways[k] = way_of(tape, anatomy, parameter, k)
    pick = chosen_entries(parameter.size, k)
    many = sum(bool(point.changed) for point in points) > 1  # then without those that may saturate
    for nodes in anatomy.ways[k]:
        rows = []
        for p, point in enumerate(points):
            if point.window >= len(nodes) or (many and not point.changed):
                continue
            gradient = loss.gradients[p][k]
            value = np.asarray(point.value(tape, nodes[point.window]), dtype=float).ravel()
            (before,) = (
                np.asarray(point.value(tape, i), dtype=float).ravel()
                for i in anatomy.flows[point.window].start[k]
            )
            if (
                gradient is None
                or not np.all(np.isfinite(value))
                or not np.all(np.isfinite(gradient))
            ):
                continue
            rows.append((point.window, value[pick], gradient[pick], before[pick]))
            if len(rows) == 1 and not in_span(*rows[0][1:]):
                break
        if len(rows) < 2:
            continue
        for columns in ([2], [2, 3]):
            fitted = per_window(rows, columns)
            if fitted is not None and fitted[1] <= exact and fitted[0][0] != 0:
                return -fitted[0][0], -(fitted[0][1] if len(columns) > 1 else 0.0), nodes
    return None


def way_of(tape: Tape, anatomy: Anatomy, parameter: Parameter, k: int) -> list[tuple[int, ...]]:
    """Values on the way to a parameter's step between which and it there is only the optimiser."""
    if len(parameter.lineages) > 1:
        return []
    slices = [on_the_way(tape, anatomy, w, k) for w in range(len(anatomy.flows))]
    if not slices or not slices[0]:
        return []
    return [
        nodes
        for nodes in aligned(tape, slices)[:60]
        if only_optimiser_between(tape, anatomy, nodes[0], k)
    ]


def on_the_way(tape: Tape, anatomy: Anatomy, w: int, k: int) -> list[int]:
    """Label-dependent values of its shape on which its new value depends, latest first."""
    flow = anatomy.flows[w]
    (end,), (start,) = flow.end[k], flow.start[k]
    shape = np.shape(tape[start].value)
    found, seen, pending = [], set(), [end]
    while pending:
        index = pending.pop()
        if index in seen or index < flow.window.first:
            continue
        seen.add(index)
        node = tape[index]
        if index in flow.labelled and np.size(node.value) == int(np.prod(shape)) and index != end:
            found.append(index)
        pending.extend(node.parents)
    return sorted(found, reverse=True)[:200]


def only_optimiser_between(tape: Tape, anatomy: Anatomy, index: int, k: int) -> bool:
    """True if nothing of the forward pass is mixed in between a value and the step.

    Nor may another label-dependent value be, as long as everything between is linear: then the
    value is a part of the gradient, one sample's say, and not the whole of it.
    """
    flow = anatomy.flows[0]
    (end,), (start,) = flow.end[k], flow.start[k]
    after = {index}
    for node in tape.nodes[index + 1 : end + 1]:
        if not after.isdisjoint(node.parents):
            after.add(node.index)
    seen, pending = set(), [end]
    linear, partial = True, False
    while pending:
        current = pending.pop()
        if current in seen or current not in after or current == index:
            continue
        seen.add(current)
        node = tape[current]
        pending.extend(parent for parent in node.parents if parent in after)
        within = [isinstance(a, Ref) and a.index in after for a in node.args[:2]]
        if node.op == "true_divide":
            linear = linear and within == [True, False]
        elif node.op not in SUMS:
            linear = linear and node.op == "multiply" and sum(within) == 1
        for parent in node.parents:
            if parent in after or parent == start:
                continue
            if flow.forward(parent) and not evolved_from(tape, parent, start):
                return False
            partial = partial or parent in flow.labelled
    return not (linear and partial)


def evolved_from(tape: Tape, index: int, start: int) -> bool:
    """True for the parameter itself on its way to the new value: shrunk by a decay, say."""
    while index > start:
        ways = [p for p in evolving_parents(tape[index], tape) if p >= start]
        if len(ways) != 1:
            return False
        (index,) = ways
    return index == start


def aligned(tape: Tape, slices: list[list[int]]) -> list[tuple[int, ...]]:
    """The same value in every window: equal site and operation, in equal order from the end."""
    keyed: list[Mapping[tuple[int, str, int], int]] = []
    for nodes in slices:
        seen: dict[tuple[int, str], int] = {}
        keys: dict[tuple[int, str, int], int] = {}
        for index in nodes:
            node = tape[index]
            number = seen.get((node.site, node.op), 0)
            seen[node.site, node.op] = number + 1
            keys[node.site, node.op, number] = index
        keyed.append(keys)
    return [
        tuple(keys[key] for keys in keyed) for key in keyed[0] if all(key in keys for keys in keyed)
    ]


# ---------------------------------------------------------------------------------- together


def common_ratio(verdicts: list[ParameterVerdict]) -> float:
    """The step size that most parameters share; where it is a tie a positive one, then the smaller.

    A sum where a mean is meant makes a step too large, and seldom too small.
    """
    pool = [
        v
        for v in verdicts
        if v.verdict in {"ok", "overwritten", "unreset"} and np.isfinite(v.ratio) and v.ratio
    ]
    best, count = float("nan"), (0, False, 0.0)
    for candidate in pool:
        mates = [
            v
            for v in pool
            if same(v.ratio, candidate.ratio) and bool(v.nodes) == bool(candidate.nodes)
        ]
        rank = (len(mates), candidate.ratio > 0, -abs(candidate.ratio))
        if rank > count or not np.isfinite(best):
            best, count = candidate.ratio, rank
    return best


def same(a: float, b: float) -> bool:
    """True for two equal step sizes."""
    return abs(a - b) <= SAME_RATIO * abs(b)


def name_verdicts(verdicts: list[ParameterVerdict], ratio: float) -> None:
    """Compare each parameter's step size with the common one: wrong sign, wrong scale."""
    for v in verdicts:
        if v.verdict in {"zero", "unchecked"} and v.broken:
            v.verdict = "nonfinite"
        if v.verdict != "ok":
            continue
        v.relative = v.ratio / ratio if ratio else float("nan")
        if v.nodes:  # Adam and clipping choose the size of a step themselves: only the sign counts
            v.relative = float(np.sign(v.ratio) * np.sign(ratio))
        if v.ratio < 0:
            v.verdict = "sign"
        elif not same(v.relative, 1.0):
            v.verdict = "scale"
        elif v.broken:
            v.verdict = "nonfinite"
