"""O505 to O508: what is reported, the loss formula, the bias, and whether the model is enough."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.rules.base import NAN, Rule, clause
from unstuck.doctor.rules.examples import planted
from unstuck.doctor.rules.examples.curves import SINE
from unstuck.doctor.rules.examples.two_classes import LOGISTIC, MOONS, RINGS
from unstuck.doctor.rules.reading import (
    depth,
    evidence,
    features,
    has_learned,
    layer_weights,
    parameters,
    samples,
    series,
    weights,
)
from unstuck.record.run_record import RunRecord

FLAT = 0.02  # of the loss by which it may still fall in the second half of a finished training
NARROW = 2  # units


class WrongMetric(Rule):
    """The number that is printed is not the number that is meant."""

    code = "O505"
    name = "reported metric computed wrongly"
    claim = "The program reports a number that is not the accuracy or error of its outputs."
    why = (
        "A comparison of shapes (n, 1) and (n,) broadcasts to (n, n), whose mean is about the "
        "chance level however good the network is; `argmax` over the wrong axis compares samples "
        "with classes; a running sum may never be reset. The network may have learned long ago."
    )
    fix = "Compare arrays of one shape, over the classes' axis: print both shapes once."
    clean = "what is reported is what the outputs give"
    HEALTHY = MOONS
    BROKEN = planted(MOONS, ("> 0.5) == y)", "> 0.5) == y.ravel())"))
    found_in = "tape"

    def message(
        self,
        *,
        reported: float = NAN,
        actual: float = NAN,
        problem: str = "",
        metric: str = "result",
        **evidence: Any,
    ) -> str:
        """What is printed, what is true, and how the two came apart."""
        numbers = clause(": it is {}, the outputs give {}", reported, actual)
        numbers = numbers or clause(": it is {}", reported)
        why = f" ({problem})" if problem else ""
        return f"The {metric} is computed wrongly{why}{numbers}."


class WrongLoss(Rule):
    """The formula of the loss is not the loss."""

    code = "O506"
    name = "loss formula wrong"
    claim = "What is called the loss is not a loss of outputs and targets."
    why = (
        "`mean(out - y**2)` or a cross-entropy without its minus or its second term can fall while "
        "predictions get worse, and its curve says nothing. Where the gradient is written by hand "
        "only the picture is wrong; where it is derived from the formula, training is."
    )
    fix = "Square the difference, `np.mean((out - y) ** 2)`; or use the whole cross-entropy."
    clean = "the loss formula is a loss"
    HEALTHY = SINE
    BROKEN = planted(SINE, ("(predict(x) - y) ** 2", "predict(x) - y**2"))
    found_in = "tape"
    harms = False

    def message(
        self,
        *,
        written: str = "",
        wanted: str = "",
        loss: str = "",
        problem: str = "",
        **evidence: Any,
    ) -> str:
        """Which formula stands there, and what is meant."""
        what = f"`{written}`" if written else "The loss formula"
        name = f" the {loss.replace('_', ' ')}" if loss else " a loss of outputs and targets"
        meant = f": `{wanted}` is meant" if wanted else ""
        why = f" ({problem})" if problem else ""
        return f"{what} is not{name}{why}{meant}."


class NoBias(Rule):
    """Nothing to move the threshold with."""

    code = "O507"
    name = "bias missing or misplaced"
    claim = "A layer has no bias, or adds it in the wrong place."
    why = (
        "Without a bias every unit's threshold is fixed at 0: each boundary goes through the "
        "origin, and a sample of zeros always gives the same output. That is enough only when the "
        "data lie around zero or a column of ones is among the inputs. Added after the activation "
        "a bias shifts the outputs, not the threshold."
    )
    fix = "Add it before the activation, `x @ W + b`, and update it with the sum of the deltas."
    clean = "layers have their biases"
    HEALTHY = LOGISTIC
    BROKEN = planted(LOGISTIC, ("X.dot(self.weights) + self.bias", "X.dot(self.weights)"))
    explained_by = ("G", "U", "W", "D4", "T6", "O501", "O502", "O503")

    def missing(self, record: RunRecord) -> str:
        """Parameters and inputs must be known."""
        known = weights(record) and evidence(record).inputs is not None
        return "" if known else "parameters and inputs are not both known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """No bias at all, inputs away from zero, and a run that did not learn."""
        inputs = evidence(record).inputs
        if inputs is None or has_learned(record) or parameters(record, "bias"):
            return
        with_ones = inputs.constant > 0 and inputs.high >= 1.0
        if with_ones or samples(inputs) == 0 or not weights(record):
            return
        away = abs(inputs.mean) > inputs.std
        yield self.finding(
            "fault" if away else "note",
            inputs.source,
            mean=inputs.mean,
            std=inputs.std,
        )

    def message(
        self,
        *,
        parameter: str = "",
        misplaced: bool = False,
        mean: float = NAN,
        std: float = NAN,
        **evidence: Any,
    ) -> str:
        """Which layer, and why it matters here."""
        if misplaced:
            return f"The bias{' ' + parameter if parameter else ''} is added in the wrong place."
        whose = f" of the layer with {parameter}" if parameter else ""
        where = clause(", and the inputs do not lie around zero (mean {}, spread {})", mean, std)
        return f"The units{whose} have no bias{where}."


class TooSmallModel(Rule):
    """A model that cannot represent what it should learn."""

    code = "O508"
    name = "model too small for the task"
    claim = "The network has too few units or layers for what it should learn."
    why = (
        "A model without hidden layer draws one straight boundary: XOR, rings and moons are beyond "
        "it. A hidden layer of one unit passes on one number. Such a run looks healthy, with right "
        "gradients and a loss that settles, only far from zero."
    )
    fix = "Add a hidden layer, or units: twice as many is a good first try."
    clean = "the network is large enough"
    HEALTHY = RINGS
    BROKEN = planted(RINGS, ("[2, 16, 8, 1]", "[2, 1, 8, 1]"))
    explained_by = ("G", "U", "W", "D4", "T6", "O501", "O502", "O503", "O504", "O507")

    def missing(self, record: RunRecord) -> str:
        """Widths and the result must be known."""
        if not weights(record):
            return "the layers' widths are not known"
        seen = evidence(record)
        ended = not math.isnan(seen.loss_end) or not math.isnan(seen.accuracy_end)
        return "" if ended else "how well the run ended is not known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """No hidden layer or a very narrow one, and a loss that has settled far from zero."""
        if has_learned(record):
            return
        narrow = bottleneck(record)
        if depth(record) > 1 and not narrow <= NARROW:
            return
        settled = has_settled(record)
        yield self.finding(
            "fault" if settled else "note",
            None,
            layers=depth(record) - 1,
            units=narrow if depth(record) > 1 else NAN,
            loss=evidence(record).loss_end,
            accuracy=evidence(record).accuracy_end,
        )

    def message(
        self,
        *,
        layers: float = NAN,
        units: float = NAN,
        loss: float = NAN,
        accuracy: float = NAN,
        **evidence: Any,
    ) -> str:
        """How small it is, and where it ended."""
        ended = clause(": it settles at an accuracy of {}", accuracy)
        ended = ended or clause(": its loss settles at {}", loss)
        if layers == 0:
            return f"A model without hidden layer is too small for this task{ended}."
        width = clause(" of {} units", units) if units != 1 else " of a single unit"
        return f"A hidden layer{width or ' of so few units'} is too narrow for this task{ended}."


def bottleneck(record: RunRecord) -> float:
    """Units of the narrowest hidden layer that is narrower than input and output; else infinity."""
    widths = []
    for layer in range(depth(record) - 1):
        p = layer_weights(record, layer)
        if p is not None and p.fan_out:
            widths.append(float(p.fan_out))
    narrowest = min(widths, default=math.inf)
    inputs = features(evidence(record).inputs)
    return narrowest if not inputs or narrowest <= inputs or narrowest == 1 else math.inf


def has_settled(record: RunRecord) -> bool:
    """True if the loss is seen to have stopped falling."""
    cost = series(record, "cost")
    if len(cost) < 4 or not np.isfinite(cost).all():
        return False
    late = cost[len(cost) // 2 :]
    fall = float(late[0] - late[-1])
    return abs(fall) <= FLAT * abs(float(late[0]))
