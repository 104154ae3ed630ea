"""Gather what can be drawn of a diagnosis from what its checks have already computed.

The tape, the points at which gradients were compared, the samples of the runs: nothing is run, and
nothing differentiated, for a picture.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np

from unstuck.doctor.exhibits import Exhibits, Progressed, Steps, Values
from unstuck.record.run_record import RunRecord
from unstuck.trace.curve import over_time
from unstuck.trace.facts import values_of
from unstuck.trace.fits import Row, contrasts
from unstuck.trace.gradients import steps_of
from unstuck.trace.progress import Measured
from unstuck.trace.traced import Traced
from unstuck.trace.verdict import ParameterVerdict, chosen_entries

Array = Any
MOST_PAIRS = 2000  # entries of a parameter that are drawn: more is a blot
MOST_VALUES = 200_000  # of an array that are counted in a histogram
BINS = 48
MOST_STEPS, FEWEST_ROWS = 60, 30  # of a curve; samples that one step of it rests on
APART = 20.0  # times the middle spread: what lies further out goes into the last bar


def exhibits_of(traced: Traced, record: RunRecord, *, patched: bool = False) -> Exhibits | None:
    """What the tape shows, read once while it is at hand; None where that fails.

    A picture is no check: one that cannot be drawn takes nothing from the diagnosis.
    """
    try:
        loss = traced.judgement.loss
        return Exhibits(
            record=record,
            steps=steps_of_all(traced),
            values=values_of_all(traced, record),
            loss="" if loss is None else loss.name,
            patched=patched,
        )
    except Exception:
        if os.environ.get("UNSTUCK_DEBUG"):
            raise
        return None


# ---------------------------------------------------------------------------------- the steps


def steps_of_all(traced: Traced) -> tuple[Steps, ...]:
    """Each parameter's step against the true one."""
    found = []
    for verdict in traced.judgement.verdicts:
        made, wanted = compared(traced, verdict)
        if len(made) > MOST_PAIRS:
            chosen = np.random.default_rng(0).choice(len(made), MOST_PAIRS, replace=False)
            made, wanted = made[chosen], wanted[chosen]
        found.append(
            Steps(
                parameter=traced.name_of(verdict.parameter),
                verdict=verdict.verdict,
                made=made.astype(np.float32),
                wanted=wanted.astype(np.float32),
                cosine=float(verdict.cosine),
                relative=float(verdict.relative),
                entries=int(traced.steps.parameters[verdict.parameter].size),
            )
        )
    return tuple(found)


def compared(traced: Traced, verdict: ParameterVerdict) -> tuple[Array, Array]:
    """The step that is made and the one along the true gradient, as the check compared them."""
    nothing = np.zeros(0), np.zeros(0)
    rows = rows_of(traced, verdict)
    if not rows:
        return nothing
    made = np.concatenate([r[0] + verdict.decay * r[2] for r in rows])
    gradient = np.concatenate([r[1] for r in rows])
    rate = traced.judgement.ratio
    if verdict.nodes and verdict.relative:  # a gradient that Adam or clipping takes from here
        rate = abs(verdict.ratio)
    if not np.isfinite(rate) or not rate:  # nothing agrees: as long as the steps that are made
        length = float(np.linalg.norm(gradient))
        rate = float(np.linalg.norm(made)) / length if length else float("nan")
        rate = rate or 1.0  # no step is made at all
    wanted = -rate * gradient
    fine = np.isfinite(made) & np.isfinite(wanted)
    return (made[fine], wanted[fine]) if np.any(wanted[fine]) else nothing


def rows_of(traced: Traced, verdict: ParameterVerdict) -> list[tuple[Array, Array, Array]]:
    """Step, true gradient and parameter: differences of generic points, or the last update."""
    judgement, k = traced.judgement, verdict.parameter
    if judgement.loss is None or verdict.verdict in {"unchecked", "nonfinite"}:
        return []
    pick = chosen_entries(traced.steps.parameters[k].size, k)
    recorded: list[Row] = []
    generic: list[Row] = []
    for p, point in enumerate(judgement.points):
        gradient = judgement.loss.gradients[p][k]
        if gradient is None:
            continue
        step, before = steps_of(traced.tape, traced.anatomy, point, k)
        if verdict.nodes and point.window < len(verdict.nodes):
            value = point.value(traced.tape, verdict.nodes[point.window])
            step = -np.sign(verdict.ratio) * np.asarray(value, dtype=float).ravel()
        row = (point.window, step[pick], gradient[pick], before[pick])
        (generic if point.changed else recorded).append(row)
    if verdict.verdict == "unreset" and recorded:  # what is left of earlier steps is the point
        return [row[1:] for row in recorded[-1:]]
    rows = contrasts(generic) if len(generic) > 1 else generic or recorded
    return [row[1:] for row in rows]


# --------------------------------------------------------------------------------- the values


def values_of_all(traced: Traced, record: RunRecord) -> tuple[Values, ...]:
    """The inputs, and what each layer makes of them in the first update."""
    found = []
    if traced.layers and traced.layers[0].inputs:
        found.append(counted(values_of(traced.tape, traced.layers[0].inputs), "inputs"))
    for n, layer in enumerate(traced.layers):
        shares = [float(record.series[name][0, n]) for name in ("saturated", "dead")]
        known = [share for share in shares if np.isfinite(share)]
        found.append(
            counted(
                values_of(traced.tape, layer.outputs),
                traced.name_of(layer.weight),
                layer.activation,
                known[0] if known else float("nan"),
            )
        )
    return tuple(one for one in found if len(one.counts))


def counted(
    values: Array, name: str, activation: str = "", extreme: float = float("nan")
) -> Values:
    """The histogram of some values; of a large array, of a part that is spread over it."""
    flat = np.asarray(values, dtype=float).ravel()
    flat = flat[:: -(-len(flat) // MOST_VALUES) or 1]
    fine = flat[np.isfinite(flat)]
    if not len(fine):
        none = np.zeros(0)
        return Values(name, activation, none, none, float("nan"), float("nan"), len(flat), extreme)
    low, high = float(fine.min()), float(fine.max())
    first, last = bounds(fine)
    counts, edges = np.histogram(np.clip(fine, first, last), bins=BINS, range=(first, last))
    return Values(name, activation, edges, counts, low, high, len(flat) - len(fine), extreme)


def bounds(values: Array) -> tuple[float, float]:
    """Between which values a histogram is drawn: a few that lie far out would leave one bar."""
    low, high = float(values.min()), float(values.max())
    near, middle, far = (float(v) for v in np.percentile(values, (1, 50, 99)))
    reach = APART * max(far - near, 1e-12 * max(abs(low), abs(high)))
    if far > near:
        low, high = max(low, middle - reach), min(high, middle + reach)
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-300):
        room = 0.5 * max(abs(high), 1e-3)
        return low - room, high + room
    return low, high


# --------------------------------------------------------------------------------- the curves


def progressed(measured: Measured | None) -> Progressed | None:
    """A run as a curve of at most some 60 steps; None where it was not sampled."""
    if measured is None or not measured.pairs:
        return None
    at, cost, accuracy = np.array(over_time(measured, MOST_STEPS, FEWEST_ROWS)).T
    pace = measured.updates / max(1, measured.evaluations)
    return Progressed(
        at * pace,
        cost,
        accuracy if measured.has_classes else None,
        measured.loss[:2],
        measured.accuracy[:2],
    )


def with_runs(
    exhibits: Exhibits | None, measured: Measured | None, after: Measured | None
) -> Exhibits | None:
    """The same, with the run as it is and the run with the repair."""
    try:
        with np.errstate(all="ignore"):
            before_curve, after_curve = progressed(measured), progressed(after)
    except Exception:
        if os.environ.get("UNSTUCK_DEBUG"):
            raise
        return exhibits
    if before_curve is None and after_curve is None:
        return exhibits
    known = measured or after
    return replace(
        exhibits or Exhibits(),
        before=before_curve,
        after=after_curve,
        chance_cost=known.loss[2] if known else float("nan"),
        chance_accuracy=known.accuracy[2] if known else float("nan"),
    )
