"""Whether each parameter's step is a multiple of its true gradient, and if not, in what way.

Over all points of a window, differences of steps are fitted by differences of the true gradient
and of the parameter itself: what the optimiser remembers (momentum, accumulated gradients) is
equal at all of them and drops out. Where the step is no linear function of the gradient (Adam,
clipping), a value on the way to the step that is one is looked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from unstuck.record.evidence import GradientVerdict
from unstuck.trace.anatomy import Anatomy
from unstuck.trace.gradients import Loss, candidate_losses, steps_of
from unstuck.trace.points import Point, generic_points
from unstuck.trace.steps import Parameter, Steps, bit_positions, evolving_parents
from unstuck.trace.tape import Ref, Tape

Array = Any
EXACT = {8: 1e-6, 4: 5e-3, 2: 5e-2}  # relative residual that counts as none, by bytes a number
DEPENDS = 1e-15  # of the largest gradient: less is rounding, of a bias before a batch norm, say
SAME_RATIO = 2e-3
TINY = 1e-300
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
class Fit:
    """``difference of steps = -ratio * gradient - decay * parameter``, and how well it holds."""

    ratio: float
    decay: float
    residual: float
    cosine: float


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
        verdicts = [
            judge_parameter(tape, steps, anatomy, points, loss, k)
            for k in range(len(steps.parameters))
        ]
        ratio = common_ratio(verdicts)
        name_verdicts(verdicts, ratio)
        score = score_of(loss, verdicts, ratio, anatomy)
        if best is None or score > best.score:
            best = Judgement(loss, verdicts, points, ratio, score=score)
    if best is None:
        verdicts = [
            ParameterVerdict(k, "unchecked", why=why or anatomy.why or "no loss could be formed")
            for k in range(len(steps.parameters))
        ]
        best = Judgement(None, verdicts, points, float("nan"))
    best.losses, best.unknown = losses, tuple(dict.fromkeys([*unknown, *([why] if why else [])]))
    return best


def score_of(
    loss: Loss, verdicts: list[ParameterVerdict], ratio: float, anatomy: Anatomy
) -> tuple[float, ...]:
    """How well a loss explains the steps: agreeing parameters first, then plainness."""
    explained = {"ok", "sign", "unreset", "overwritten"}
    agree = sum(v.verdict in explained for v in verdicts)
    reached = sum(v.verdict != "unchecked" for v in verdicts)
    output_side = output_parameters(anatomy)
    at_output = any(v.verdict == "ok" and v.parameter in output_side for v in verdicts)
    close = sum(
        1.0 if v.verdict in explained else abs(v.cosine) for v in verdicts if np.isfinite(v.cosine)
    )
    # Of losses that fit alike the program's own comes last: its penalty would hide the decay.
    plain = {"squared_error": 2, "binary_cross_entropy": 1, "cross_entropy": 1, "own": -1}
    early = -(loss.pairing.depth if loss.pairing else 0)
    if loss.name in RARE and agree < len(verdicts):
        agree = 0
    return (agree, at_output, ratio > 0, round(close, 3), reached, plain.get(loss.name, 0), early)


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
    rows: list[tuple[int, Array, Array, Array]] = []
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
    recorded = [row for row, is_generic in zip(rows, generic, strict=True) if not is_generic]
    if any(not np.all(np.isfinite(row[1])) for row in recorded):
        return ParameterVerdict(k, "nonfinite")
    if sum(generic) > 1:  # where a program saturates, the true gradient drowns in rounding
        rows = [row for row, is_generic in zip(rows, generic, strict=True) if is_generic]
    rows = [r for r in rows if all(np.all(np.isfinite(v)) for v in r[1:])]
    if not rows:
        return ParameterVerdict(k, "nonfinite")
    exact = tolerance(steps.parameters[k], tape)
    largest = max(float(np.max(np.abs(r[2]), initial=0.0)) for r in rows)
    if largest <= DEPENDS * largest_gradient(loss):
        return ParameterVerdict(k, "unchecked", why="the loss does not depend on it")
    scale = [float(np.max(np.abs(r[3]), initial=0.0)) for r in rows]
    if all(
        np.max(np.abs(r[1]), initial=0.0) <= 1e-15 * s for r, s in zip(rows, scale, strict=True)
    ):
        return ParameterVerdict(k, "zero", cosine=0.0)
    fit = best_fit(rows, exact)
    if fit.residual <= exact:
        if abs(fit.decay - 1.0) < 1e-6 and not builds_on_old(tape, anatomy, k):
            return ParameterVerdict(k, "overwritten", fit.ratio, decay=fit.decay, cosine=fit.cosine)
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


def largest_gradient(loss: Loss) -> float:
    """The largest entry of the gradients of all parameters."""
    found = [g for gradients in loss.gradients for g in gradients if g is not None]
    finite = [float(np.max(np.abs(g))) for g in found if np.size(g) and np.all(np.isfinite(g))]
    return max(finite, default=0.0)


def best_fit(rows: list[tuple[int, Array, Array, Array]], exact: float) -> Fit:
    """Fit steps by gradients, with decay only where it is needed."""
    differences = contrasts(rows)
    step, gradient = (np.concatenate([d[i] for d in differences]) for i in (1, 2))
    if float(np.linalg.norm(gradient)) <= 1e-12 * sum(float(np.linalg.norm(r[2])) for r in rows):
        differences = rows
        step, gradient = (np.concatenate([d[i] for d in rows]) for i in (1, 2))
    cosine = float(step @ gradient / max(np.linalg.norm(step) * np.linalg.norm(gradient), TINY))
    plain = per_window(differences, [2])
    if plain is not None and plain[1] <= exact:
        return Fit(plain[0][0], 0.0, plain[1], -cosine)
    decayed = per_window(differences, [2, 3])
    if decayed is not None and decayed[1] <= exact:
        return Fit(decayed[0][0], decayed[0][1], decayed[1], -cosine)
    partly = partly_decayed(differences, exact)
    if partly is not None:
        return Fit(partly[0], partly[1], partly[2], -cosine)
    norm = float(gradient @ gradient)
    ratio = -float(step @ gradient) / norm if norm else float("nan")
    return Fit(ratio, 0.0, plain[1] if plain else float("nan"), -cosine)


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


def partly_decayed(
    rows: list[tuple[int, Array, Array, Array]], exact: float
) -> tuple[float, float, float] | None:
    """Ratio, decay and residual where some entries decay and others (a bias in the array) do not.

    Each entry's own decay drops out of two rows, ``step1 before2 - step2 before1``, which leaves
    the ratio; then every entry tells its decay, which must be none or the common one.
    """
    by_window: dict[int, list[tuple[int, Array, Array, Array]]] = {}
    for row in rows:
        by_window.setdefault(row[0], []).append(row)
    crossed = [
        (w, a[1] * b[3] - b[1] * a[3], a[2] * b[3] - b[2] * a[3], a[3])
        for w, own in by_window.items()
        for a, b in pairwise(own)
    ]
    fitted = per_window(crossed, [2]) if crossed else None
    if fitted is None or fitted[1] > exact:
        return None
    ratio = fitted[0][0]
    _, step, gradient, before = max(rows, key=lambda r: float(np.linalg.norm(r[3])))
    known = np.abs(before) > 1e-3 * float(np.max(np.abs(before), initial=0.0))
    decays = -(step + ratio * gradient)[known] / before[known]
    decay = float(decays[np.argmax(np.abs(decays))])
    slack = 1e-4 * abs(decay)
    if not np.all((np.abs(decays) <= slack) | (np.abs(decays - decay) <= slack)):
        return None
    return ratio, decay, fitted[1]


def momentum_of(recorded: list[tuple[int, Array, Array, Array]], fit: Fit) -> float:
    """How much of the step before each step repeats; 0 where it repeats in no fixed share."""
    shares, sizes = [], []
    for earlier, later in pairwise(recorded):
        if not all(np.all(np.isfinite(v)) for v in (*earlier[1:], *later[1:])):
            return 0.0
        rest = later[1] + fit.ratio * later[2] + fit.decay * later[3]
        size = float(earlier[1] @ earlier[1])
        if not size or np.linalg.norm(rest) <= 1e-6 * np.linalg.norm(later[1]):
            return 0.0
        share = float(rest @ earlier[1]) / size
        sizes.append(float(np.linalg.norm(rest - share * earlier[1])) / float(np.linalg.norm(rest)))
        shares.append(share)
    if not shares or max(sizes) > 1e-3:
        return 0.0
    return float(np.median(shares))


def contrasts(rows: list[tuple[int, Array, Array, Array]]) -> list[tuple[int, Array, Array, Array]]:
    """Differences from the last point of the same window; the rows themselves where it is alone."""
    by_window: dict[int, list[tuple[int, Array, Array, Array]]] = {}
    for row in rows:
        by_window.setdefault(row[0], []).append(row)
    found = []
    for w, own in by_window.items():
        if len(own) == 1:
            continue
        base = own[-1]
        found += [(w, r[1] - base[1], r[2] - base[2], r[3] - base[3]) for r in own[:-1]]
    return found or rows


def per_window(
    rows: list[tuple[int, Array, Array, Array]], columns: list[int]
) -> tuple[list[float], float] | None:
    """Least squares in each window (a learning rate may change); medians and the worst residual."""
    by_window: dict[int, list[tuple[int, Array, Array, Array]]] = {}
    for row in rows:
        by_window.setdefault(row[0], []).append(row)
    coefficients: list[Array] = []
    residuals: list[float] = []
    for own in by_window.values():
        target = np.concatenate([r[1] / norm_of(r) for r in own])
        matrix = np.stack(
            [np.concatenate([r[c] / norm_of(r) for r in own]) for c in columns], axis=1
        )
        if len(target) <= matrix.shape[1]:
            continue
        scale = np.linalg.norm(matrix, axis=0)
        scale[scale == 0] = 1.0
        solution, *_ = np.linalg.lstsq(matrix / scale, target, rcond=None)
        left = float(np.linalg.norm(matrix / scale @ solution - target))
        residuals.append(left / max(float(np.linalg.norm(target)), TINY))
        coefficients.append(-solution / scale)
    if not coefficients:
        return None
    return [float(v) for v in np.median(coefficients, axis=0)], max(residuals)


def norm_of(row: tuple[int, Array, Array, Array]) -> float:
    """The size of a step, so that every point weighs the same."""
    return max(float(np.linalg.norm(row[1])), TINY)


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
    for nodes in anatomy.ways[k]:
        rows = []
        for p, point in enumerate(points):
            if point.window >= len(nodes):
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


def in_span(value: Array, gradient: Array, before: Array) -> bool:
    """False if a value is clearly no combination of a gradient and the parameter itself."""
    g, b = gradient / max(float(np.linalg.norm(gradient)), TINY), before
    b = b - (b @ g) * g
    b = b / max(float(np.linalg.norm(b)), TINY)
    left = value - (value @ g) * g
    left = left - (left @ b) * b
    return float(np.linalg.norm(left)) <= 0.1 * float(np.linalg.norm(value))


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
            if flow.forward(parent):
                return False
            partial = partial or parent in flow.labelled
    return not (linear and partial)


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
        if v.verdict != "ok":
            continue
        v.relative = v.ratio / ratio if ratio else float("nan")
        if v.nodes:  # Adam and clipping choose the size of a step themselves: only the sign counts
            v.relative = float(np.sign(v.ratio) * np.sign(ratio))
        if v.ratio < 0:
            v.verdict = "sign"
        elif not same(v.relative, 1.0):
            v.verdict = "scale"
