"""T603 to T606: what a network looks like from inside when something else is wrong.

These are symptoms: where one of the causes that they name is found, they are notes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from unstuck.doctor.diagnosis import Finding, Severity
from unstuck.doctor.rules.base import NAN, Rule, clause, percent
from unstuck.doctor.rules.examples import planted
from unstuck.doctor.rules.examples.curves import LINE
from unstuck.doctor.rules.examples.many_classes import BLOBS, DEEP
from unstuck.doctor.rules.examples.two_classes import MOONS
from unstuck.doctor.rules.reading import (
    ACTIVE,
    RECTIFIERS,
    activation,
    at_end,
    at_start,
    depth,
    evidence,
    has_learned,
    known_ratio,
    names,
    parameters,
    place,
    series,
)
from unstuck.record.run_record import RunRecord

MOST, HALF = 0.9, 0.6  # of the units, or of their outputs
VANISHED, FAINT = 1e-4, 1e-3  # gradient of the first layer over that of the last


class LayerSymptom(Rule):
    """A symptom of one layer: a share of it is lost, at the start or at the end."""

    measure: ClassVar[str] = ""
    lost_in: ClassVar[tuple[str, ...]] = ()  # activations that can lose their units in this way
    while_training = True

    def applies(self, record: RunRecord) -> bool:
        """Unless every hidden layer is known to be of another kind."""
        names_ = [activation(record, k) for k in range(depth(record) - 1)]
        known = bool(record.layers) and all(names_)
        return not known or any(name in self.lost_in for name in names_)

    def missing(self, record: RunRecord) -> str:
        """The share must have been measured in some hidden layer."""
        known = any(
            not math.isnan(at_end(record, self.measure, k)) for k in range(depth(record) - 1)
        )
        return "" if known else f"no hidden layer's share of {self.measure} units was measured"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Hidden layers of which most is lost."""
        if has_learned(record):
            return
        for k in range(depth(record) - 1):
            start, end = at_start(record, self.measure, k), at_end(record, self.measure, k)
            share = max((x for x in (start, end) if not math.isnan(x)), default=0.0)
            if share < HALF:
                continue
            severity: Severity = "fault" if share >= MOST else "note"
            yield self.finding(
                severity,
                record.layers[k].source if k < len(record.layers) else None,
                layer=k + 1,
                where=place(record, k),
                start=start,
                end=end,
            )


class DeadUnits(LayerSymptom):
    """relu units that are off for every sample."""

    code = "T603"
    name = "dead relu units"
    claim = "Most relu units of a layer are off for every sample."
    why = (
        "A relu unit whose input is negative for every sample outputs 0 and has slope 0: it gets "
        "no gradient, so it cannot come back. A few dead units are normal. A layer of them cuts "
        "the network in two: what lies before it is never trained again. It takes one step that "
        "is too long, or biases far below zero."
    )
    fix = "Lower the learning rate, begin with zero biases and He weights, or use leaky relu."
    clean = "relu units are alive"
    HEALTHY = BLOBS
    BROKEN = planted(
        BLOBS, ("self.b1 = np.zeros((n_hidden, 1))", "self.b1 = -20 * np.ones((n_hidden, 1))")
    )
    explained_by = ("G1", "U2", "W3", "D401", "D402", "D409", "O5", "T602", "T606", "T607")
    measure = "dead"
    lost_in = RECTIFIERS

    def message(
        self, *, where: str = "", start: float = NAN, end: float = NAN, **evidence: Any
    ) -> str:
        """How many are dead, since when."""
        layer = where or "a hidden layer"
        return f"In {layer} relu units are dead for every sample{course(start, end)}."


class Saturation(LayerSymptom):
    """Sigmoid or tanh units at the ends of their range."""

    code = "T604"
    name = "saturated units"
    claim = "Most outputs of a sigmoid or tanh layer lie at the ends of their range."
    why = (
        "At 0 or 1 the sigmoid's slope is 0, at -1 or 1 that of tanh: the error is multiplied by "
        "it and does not come through, so the layer keeps doing what it does. Late in a training "
        "that succeeded it is normal; at the start it means weights, biases or inputs that are "
        "too large."
    )
    fix = (
        "Scale the inputs to about 1 and the weights by `1 / sqrt(fan_in)`; begin with zero biases."
    )
    clean = "units are in their active range"
    HEALTHY = MOONS
    BROKEN = planted(MOONS, ('"b1": np.zeros((1, 12))', '"b1": np.full((1, 12), 20.0)'))
    explained_by = ("G1", "U2", "W3", "D401", "D402", "D409", "O5", "T602", "T606")
    measure = "saturated"
    lost_in = tuple(ACTIVE)

    def message(
        self, *, where: str = "", start: float = NAN, end: float = NAN, **evidence: Any
    ) -> str:
        """Which share is saturated, since when."""
        return (
            f"In {where or 'a hidden layer'} outputs are stuck at the ends of their range"
            f"{course(start, end)}."
        )


def course(start: float, end: float) -> str:
    """From which share to which.

    >>> course(1.0, 1.0), course(0.1, 0.95), course(math.nan, 0.5)
    (': 100 %', ': 10 % at the start, 95 % at the end', ': 50 %')
    """
    if math.isnan(start) or math.isnan(end) or percent(start) == percent(end):
        return clause(": {}", end if math.isnan(start) else start, form=percent)
    return f": {percent(start)} at the start, {percent(end)} at the end"


class Vanishing(Rule):
    """No gradient in the first layers."""

    code = "T605"
    name = "vanishing gradient"
    claim = "The gradient that reaches the first layer is a tiny fraction of that of the last."
    why = (
        "Going back, each layer multiplies the gradient by its weights and by the slope of its "
        "activation. The sigmoid's slope is at most 0.25, so that five layers leave 0.001 at best; "
        "small weights do the same. The last layers then learn on features that never change "
        "(Hochreiter, 1991; Glorot and Bengio, 2010)."
    )
    fix = "Use relu or tanh in the hidden layers, weights scaled by the width, or fewer layers."
    clean = "the gradient reaches the first layer"
    HEALTHY = DEEP
    BROKEN = planted(
        DEEP,
        ("np.tanh(z)", "1 / (1 + np.exp(-z))"),
        ("(1 - layers[k] ** 2)", "layers[k] * (1 - layers[k])"),
    )
    while_training = True
    explained_by = ("G1", "U2", "W3", "D401", "O5", "T602", "T603", "T604", "T606", "T607")

    def applies(self, record: RunRecord) -> bool:
        """Only where there are two hidden layers at least, or it is not known."""
        return depth(record) == 0 or depth(record) >= 3

    def missing(self, record: RunRecord) -> str:
        """Gradients of the layers must have been measured."""
        if not depth(record):
            return "the layers are not known"
        known = not math.isnan(through_gradient(record))
        return "" if known else "the gradient was not measured layer by layer"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """What is left of the gradient in the first layer, at the start."""
        ratio = through_gradient(record)
        if depth(record) < 3 or has_learned(record) or not ratio < FAINT * 10:
            return
        yield self.finding(
            "fault" if ratio < FAINT else "note",
            record.layers[0].source if record.layers else None,
            layer=1,
            ratio=ratio,
            layers=depth(record),
        )

    def message(self, *, ratio: float = NAN, layers: float = NAN, **evidence: Any) -> str:
        """What arrives."""
        left = clause(": {} of what the last layer gets", ratio)
        deep = clause(" through {} layers", layers)
        return f"Hardly any gradient reaches the first layer{deep}{left}."


def through_gradient(record: RunRecord) -> float:
    """Size of the gradient at the first layer over that at the last, at the start."""
    last = depth(record) - 1
    first = at_start(record, "gradient_std", 0)
    return known_ratio(first, at_start(record, "gradient_std", last)) if last > 0 else NAN


class NotFiniteTraining(Rule):
    """The numbers end."""

    code = "T606"
    name = "NaN or infinity while training"
    claim = "Loss or parameters become NaN or infinite."
    why = (
        "From the first NaN on nothing is learned, since NaN minus anything is NaN. Before it "
        "stands a number that grew beyond all bounds (steps that overshoot, each more than the "
        "last), a division by 0 or the logarithm of 0."
    )
    fix = "Find the first operation that is not finite: a smaller learning rate, or a safe formula."
    clean = "all numbers stay finite"
    HEALTHY = LINE
    BROKEN = planted(LINE, ("rate=0.2", "rate=5.0"), ("steps=150", "steps=300"))
    while_training = True
    explained_by = (
        "G1", "U2", "W304", "D401", "D402", "D405", "D409", "O501", "O502", "O504", "T602",
    )  # fmt: skip

    def missing(self, record: RunRecord) -> str:
        """The loss or the verdicts must be known."""
        seen = evidence(record)
        known = not math.isnan(seen.loss_end) or len(series(record, "cost")) > 1
        judged = any(p.verdict != "unchecked" for p in parameters(record))
        return "" if known or judged else "neither loss nor steps are known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Steps that are not finite, or a loss that was finite and is no more."""
        broken = [p for p in parameters(record) if p.verdict == "nonfinite"]
        step = first_bad_step(record)
        ended = math.isinf(evidence(record).loss_end)
        if not broken and math.isnan(step) and not ended:
            return
        span = next((p.update for p in broken if p.update is not None), None)
        yield self.finding("fault", span, parameters=[p.name for p in broken], updates=step)

    def message(
        self,
        *,
        parameters: Any = (),
        updates: float = NAN,
        written: str = "",
        **evidence: Any,
    ) -> str:
        """What is not finite, since when, and where it began."""
        when = clause(" after {} updates", updates)
        where = f", first in `{written}`" if written else ""
        many = "become" if len(parameters) > 1 else "becomes"
        return f"{names(parameters) or 'The loss'} {many} NaN or infinite{when}{where}."


def first_bad_step(record: RunRecord) -> float:
    """Updates before the first observation whose cost is not finite, after finite ones; or NaN."""
    cost, step = series(record, "cost"), series(record, "step")
    bad = np.flatnonzero(~np.isfinite(cost))
    if len(cost) != len(step) or not len(bad) or not bad[0] or np.isfinite(cost[-1]):
        return NAN
    return float(step[bad[0]])
