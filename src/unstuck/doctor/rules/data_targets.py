"""D409: targets of a size that training cannot take."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.rules.base import NAN, Rule, clause
from unstuck.doctor.rules.examples import planted
from unstuck.doctor.rules.examples.curves import SINE
from unstuck.doctor.rules.reading import (
    at_start,
    depth,
    evidence,
    is_stuck,
    known_ratio,
    layer_weights,
    magnitude,
)
from unstuck.record.run_record import RunRecord

LARGE = 10.0  # root mean square of targets; what is scaled has about 1
# A usual update moves a layer's weights by 1e-3 of their size, one that throws them by half.
LEAP, VIOLENT = 0.05, 0.5


class TargetsUnscaled(Rule):
    """Targets so large that the first errors throw the weights."""

    code = "D409"
    name = "targets not scaled"
    claim = "The targets are so large that the first steps throw the weights out of their range."
    why = (
        "With a linear output and squared error the first error is as large as the targets. The "
        "last layer's step grows with it, and that of the layers before with its square, since the "
        "error goes back through weights that have grown, too. With prices of 3000 in place of "
        "numbers around 1 hidden units are at the end of their range, or dead, after a few steps, "
        "and all that is left to learn is the mean."
    )
    fix = "Train on `(y - y.mean()) / y.std()`, and undo that in what the network predicts."
    clean = "targets are of a size that fits"
    HEALTHY = planted(
        SINE,
        (
            "y = np.sin(3 * x)",
            "price = 3000 + 1000 * np.sin(3 * x)\ny = (price - price.mean()) / price.std()",
        ),
        ("np.mean((predict(x) - y) ** 2)", "np.mean((predict(x) - y) ** 2) / y.var()"),
    )
    BROKEN = planted(HEALTHY, ("(price - price.mean()) / price.std()", "price"))
    while_training = True
    explained_by = ("G", "D401", "D405", "W304")

    def applies(self, record: RunRecord) -> bool:
        """Only where numbers are learned by hidden layers, or that is not known."""
        targets, outputs = evidence(record).targets, evidence(record).outputs
        numbers = targets is None or targets.kind == "real"
        linear = outputs is None or math.isinf(outputs.high - outputs.low)
        return numbers and linear and depth(record) != 1

    def missing(self, record: RunRecord) -> str:
        """The targets and the first step must be known."""
        if evidence(record).targets is None:
            return "the targets are not known"
        known = math.isfinite(first_move(record))
        return "" if known else "how far the first update moves the last layer is not known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Large targets and a leap that would be none with targets of 1, in a run that failed."""
        targets = evidence(record).targets
        if targets is None or not (is_stuck(record) or diverged(record)):
            return
        size, moved, leap = magnitude(targets.values), first_move(record), first_leap(record)
        if size > LARGE and moved > LEAP and leap / size < VIOLENT:
            yield self.finding(
                "fault",
                targets.values.source,
                name=targets.values.name,
                low=targets.values.low,
                high=targets.values.high,
                size=size,
                leap=leap,
            )

    def message(
        self,
        *,
        name: str = "",
        low: float = NAN,
        high: float = NAN,
        leap: float = NAN,
        **evidence: Any,
    ) -> str:
        """What range they have and what that does."""
        range_ = clause(" (from {} to {})", low, high, form="{:,.0f}".format)
        effect = clause(": the first update moves the last layer by {} times its size", leap)
        return f"The targets{' ' + name if name else ''}{range_} are not scaled{effect}."


def first_move(record: RunRecord) -> float:
    """The share of the last layer's weights that the first update moves; NaN: not known."""
    return at_start(record, "update_ratio", depth(record) - 1)


def first_leap(record: RunRecord) -> float:
    """The same for plain gradient descent, by the gradient, if that is more.

    Where a record compares a move with the weights after it, no move is longer than about 1.
    """
    last = depth(record) - 1
    weights, rate = layer_weights(record, last), evidence(record).learning_rate or NAN
    size = NAN if weights is None else magnitude(weights.initial)
    leap = known_ratio(rate * at_start(record, "weight_gradient_std", last), size)
    return max(first_move(record), leap if math.isfinite(leap) else 0.0)


def diverged(record: RunRecord) -> bool:
    """True if the loss is known to have been finite and to be no more."""
    seen = evidence(record)
    return math.isfinite(seen.loss_start) and math.isinf(seen.loss_end)
