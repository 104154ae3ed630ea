"""T601, T602, T607: the settings of the training: learning rate and weight decay."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.rules.base import NAN, Rule, clause, percent
from unstuck.doctor.rules.examples import planted
from unstuck.doctor.rules.examples.many_classes import BLOBS, SPIRAL
from unstuck.doctor.rules.examples.two_classes import MOONS
from unstuck.doctor.rules.reading import (
    at_end,
    at_start,
    depth,
    evidence,
    has_learned,
    is_stuck,
    known_ratio,
    series,
)
from unstuck.doctor.rules.update import FEW, SHORT_WAY, fastest_layer
from unstuck.record.run_record import RunRecord

# The usual share of a layer's weights that one update moves is about 1e-3.
CREEPING = 1e-5
VIOLENT = 0.5
GROWN = 1.5  # times the larger of the first loss and that of guessing
HALF_LIVES = 3.0  # e-foldings of the weights over the whole training
STRONG_PENALTY = 0.01  # in units of the loss's gradient
SHRUNK = 0.3  # of their first size


class TooSlow(Rule):
    """Steps that lead nowhere in the time that there is."""

    code = "T601"
    name = "learning rate too small"
    claim = "The steps are so short that training hardly moves the weights."
    why = (
        "A healthy update moves a layer's weights by about a thousandth of their size. At a "
        "millionth, a thousand updates move them by a thousandth in all: the loss falls so slowly "
        "that it looks constant, though everything is right."
    )
    fix = "Raise the learning rate by factors of ten until the loss rises, then go back by one."
    clean = "steps are long enough"
    HEALTHY = MOONS
    BROKEN = planted(MOONS, ("-= 1.0 *", "-= 0.0001 *"))
    explained_by = ("G", "U", "W", "D4", "O5", "T603", "T604", "T605", "T606", "T607")

    def missing(self, record: RunRecord) -> str:
        """How far updates move the weights must be known."""
        ratios = [at_start(record, "update_ratio", k) for k in range(depth(record))]
        known = any(math.isfinite(r) for r in ratios) and evidence(record).updates > 0
        return "" if known else "how far an update moves the weights is not known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """All updates together can have moved no layer's weights by a tenth."""
        seen = evidence(record)
        if has_learned(record) or seen.updates <= 0:
            return
        ratio = fastest_layer(record)
        way = ratio * seen.updates
        if way < SHORT_WAY and (seen.updates >= FEW or ratio < CREEPING):
            yield self.finding(
                "fault",
                seen.learning_rate_source,
                learning_rate=seen.learning_rate,
                ratio=ratio,
                way=way,
                updates=seen.updates,
            )

    def message(
        self,
        *,
        learning_rate: float = NAN,
        ratio: float = NAN,
        way: float = NAN,
        updates: float = NAN,
        **evidence: Any,
    ) -> str:
        """How far a step goes, and how far all of them."""
        rate = clause(" of {}", learning_rate)
        one = clause(": an update moves the weights by {} of their size", ratio)
        whole = clause(", all {} updates together by {} at most", updates, way)
        return f"The learning rate{rate} is too small{one}{whole}."


class TooFast(Rule):
    """Steps that jump over every minimum."""

    code = "T602"
    name = "learning rate too large"
    claim = "The steps are so long that they overshoot: the loss grows or leaps."
    why = (
        "Along a direction of curvature c gradient descent converges only for rates below 2 / c; "
        "above it each step lands farther from the minimum than the one before, and the loss "
        "grows exponentially. In a network one such step can be enough: relu units are thrown to "
        "where they are off for every sample, sigmoids to where they are flat, and no later step "
        "brings them back."
    )
    fix = (
        "Divide the learning rate by ten; if the loss then falls smoothly, try the values between."
    )
    clean = "steps do not overshoot"
    HEALTHY = BLOBS
    BROKEN = planted(BLOBS, ("rate=0.1", "rate=100.0"))
    while_training = True
    explained_by = ("G", "U202", "U203", "D401", "D402", "D405", "D409", "O501", "O502", "O504")

    def missing(self, record: RunRecord) -> str:
        """The loss must be known over time, or at both ends."""
        seen = evidence(record)
        at_ends = not math.isnan(seen.loss_start) and not math.isnan(seen.loss_end)
        return "" if at_ends or len(series(record, "cost")) > 1 else "the loss is not known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """A loss that ends far above its start; violent first steps that end in dead units."""
        if has_learned(record):
            return
        seen = evidence(record)
        cost = series(record, "cost")
        first = seen.loss_start if not math.isnan(seen.loss_start) else _first(cost)
        last = seen.loss_end if not math.isnan(seen.loss_end) else _last(cost)
        worst = max((x for x in (first, seen.loss_chance) if math.isfinite(x)), default=NAN)
        exploded = worst > 0 and last > GROWN * worst
        ratio = fastest_layer(record)
        died = any(_died(record, k) for k in range(depth(record)))
        if exploded or (died and ratio > VIOLENT / 10):
            yield self.finding(
                "fault",
                seen.learning_rate_source,
                learning_rate=seen.learning_rate,
                loss_start=first,
                loss_end=last,
                ratio=ratio if ratio > VIOLENT else NAN,
            )

    def message(
        self,
        *,
        learning_rate: float = NAN,
        loss_start: float = NAN,
        loss_end: float = NAN,
        ratio: float = NAN,
        **evidence: Any,
    ) -> str:
        """What the loss does, and how far the first step goes."""
        rate = clause(" of {}", learning_rate)
        loss = clause(": the loss goes from {} to {}", loss_start, loss_end)
        one = clause("; the first update moves the weights by {} of their size", ratio)
        return f"The learning rate{rate} is too large{loss}{one}."


def _first(values: Array) -> float:
    return float(values[0]) if values.size else NAN


def _last(values: Array) -> float:
    return float(values[-1]) if values.size else NAN


def _died(record: RunRecord, layer: int) -> bool:
    dead = series(record, "dead", layer)
    return bool(dead.size > 1 and dead[0] < 0.3 and np.nanmax(dead[1:], initial=0.0) > 0.9)


class DecayWins(Rule):
    """The penalty pulls harder than the data."""

    code = "T607"
    name = "weight decay wins"
    claim = "The weight penalty takes away more than the data can put in."
    why = (
        "A penalty `lambda / 2 * sum(W**2)` shrinks every weight by the factor `1 - rate * lambda` "
        "in each step. The data hold against it only while their gradient is larger than "
        "`lambda * W`. With lambda = 0.1 and steps of 0.1 weights lose 1 % a step and are gone "
        "after a few hundred: the outputs no longer depend on the inputs, and the loss ends where "
        "guessing ends, whatever the weights were at the start. Applied after every single sample, "
        "a lambda that was meant for the sum over all of them is as many times too strong."
    )
    fix = "Divide lambda by the number of samples, or set it to 0 until the network learns."
    clean = "weight decay is weaker than the data"
    HEALTHY = SPIRAL
    BROKEN = planted(SPIRAL, ("reg = 1.0, 1e-3", "reg = 1.0, 0.2"))

    def missing(self, record: RunRecord) -> str:
        """Whether there is a decay must be known."""
        known = evidence(record).decay is not None
        return "" if known else "whether weights decay is not known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Weights that can only shrink, in a run that ended no better than guessing."""
        seen = evidence(record)
        if not seen.decay or not seen.decay > 0 or has_learned(record):
            return
        foldings = seen.decay * seen.updates
        strength = known_ratio(seen.decay, seen.learning_rate or NAN)
        left = [
            known_ratio(at_end(record, "weight_std", k), at_start(record, "weight_std", k))
            for k in range(depth(record))
        ]
        left = [x for x in left if math.isfinite(x)]
        shrank = bool(left) and max(left) < SHRUNK
        strong = strength >= STRONG_PENALTY and (foldings >= HALF_LIVES or seen.updates <= 0)
        if not (shrank and foldings >= 1.0) and not strong:
            return
        yield self.finding(
            "fault" if is_stuck(record) or shrank or math.isnan(max(left, default=NAN)) else "note",
            seen.decay_source,
            decay=seen.decay,
            strength=strength,
            updates=seen.updates,
            left=max(left) if shrank else NAN,
        )

    def message(
        self,
        *,
        decay: float = NAN,
        strength: float = NAN,
        updates: float = NAN,
        left: float = NAN,
        **evidence: Any,
    ) -> str:
        """How fast the weights decay, and what is left of them."""
        pull = clause(" (lambda {})", strength)
        each = clause(": every update takes {} of each weight away", decay, form=_small_percent)
        rest = clause("; of their first size {} are left", left, form=percent)
        return f"The weight decay{pull} is stronger than the data{each}{rest}."


def _small_percent(share: float) -> str:
    return f"{100 * share:.2g} %"
