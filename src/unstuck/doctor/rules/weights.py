"""W3xx: the weights that training begins with."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.rules.base import NAN, Rule, clause
from unstuck.doctor.rules.examples import planted
from unstuck.doctor.rules.examples.many_classes import DEEP
from unstuck.doctor.rules.examples.two_classes import RINGS, XOR
from unstuck.doctor.rules.reading import (
    ACTIVE,
    RECTIFIERS,
    activation,
    at_start,
    depth,
    evidence,
    gain,
    has_learned,
    is_stuck,
    known_ratio,
    layer_weights,
    magnitude,
    parameters,
    size,
    spread,
    weights,
)
from unstuck.record.evidence import ParameterFacts
from unstuck.record.run_record import RunRecord

# W302: a mean of fair draws lies within four of its own standard errors (1 in 16 000) ...
SAMPLING_ERRORS = 4.0
FAIR_MEAN = 0.5  # ... and a mean of half the spread is needed to matter at all
FEWEST = 6  # weights: fewer say nothing about what they were drawn from
# W303: pre-activations this small leave tanh and sigmoid linear and every unit alike ...
FAINT = 0.05
VANISHED = 1e-3  # ... and a signal that shrank so far through the layers is gone
# W304: a gain of 1 to 1.4 keeps a signal's size; from here on a layer saturates or explodes.
LOUD = 3.0
BAD_START = 3.0  # times the loss of the best constant answer


class WeightRule(Rule):
    """What all of this family share: they need initial weights."""

    while_training = True

    def missing(self, record: RunRecord) -> str:
        """Initial weights must be there."""
        return "" if weights(record) else "the initial weights are not known"


class Twins(WeightRule):
    """Units that start alike stay alike."""

    code = "W301"
    name = "weights without differences"
    claim = "The units of a hidden layer start with the same weights."
    why = (
        "Two units with equal incoming and equal outgoing weights compute the same, get the same "
        "gradient and take the same step: they stay equal for ever, and a layer of any width is "
        "worth a single unit. With zeros nothing at all moves behind the last layer. (Zero biases "
        "are fine, and so are the zero weights of a model without hidden layer, whose inputs "
        "differ.)"
    )
    fix = "Draw the weights at random: `rng.standard_normal((n_in, n_out)) / np.sqrt(n_in)`."
    clean = "units start different from each other"
    HEALTHY = XOR
    BROKEN = planted(
        XOR,
        ("np.random.uniform(-1, 1, (3, 6))", "np.zeros((3, 6))"),
        ("np.random.uniform(-1, 1, (6, 1))", "np.zeros((6, 1))"),
    )

    def applies(self, record: RunRecord) -> bool:
        """Only where there is a hidden layer."""
        return depth(record) != 1

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Hidden layers whose units have equal weights on both sides, and no biases that differ."""
        for p in weights(record):
            layer = p.layer if p.layer is not None else -1
            if not p.twins or layer >= depth(record) - 1 or p.fan_out == 1:
                continue
            if any(b.layer == layer and b.initial.std > 0 for b in parameters(record, "bias")):
                continue
            after = layer_weights(record, layer + 1)
            silent = magnitude(p.initial) == 0 and activation(record, layer) in RECTIFIERS
            alike = after is None or after.twins or after.initial.std == 0
            if not (alike or silent) or (has_learned(record) and not alike):
                continue
            yield self.finding(
                "note" if has_learned(record) else "fault",
                p.initial.source,
                parameter=p.name,
                layer=layer + 1,
                units=p.fan_out,
                value=p.initial.mean if p.initial.std == 0 else NAN,
            )

    def message(
        self,
        *,
        parameter: str = "A hidden layer",
        units: float = NAN,
        value: float = NAN,
        **evidence: Any,
    ) -> str:
        """How many units are one."""
        which = clause("all {} units", units) or "all units"
        same = clause(" (every weight is {})", value)
        return (
            f"{parameter} starts with the same weights for {which}{same}, so they stay copies of "
            "each other."
        )


class OffCentre(WeightRule):
    """All weights push in one direction."""

    code = "W302"
    name = "weights with a mean that is not zero"
    claim = "The weights lean to one side, so that units add up their inputs, not weigh them."
    why = (
        "Random weights around zero cancel: their sum grows like sqrt(n). Weights with a common "
        "mean, as `rand()` between 0 and 1 gives, add up like n. Then every unit of the layer sees "
        "nearly the same large sum, and sigmoid and tanh sit at one end of their range for every "
        "sample: 64 such weights on inputs around 0.5 give some 16, where tanh is 1 to 13 digits."
    )
    fix = (
        "Centre them: `rng.standard_normal(shape)` or `rng.uniform(-1, 1, shape)`, scaled by width."
    )
    clean = "weights scatter around zero"
    HEALTHY = DEEP
    BROKEN = planted(DEEP, ("rng.standard_normal((i, o)) / np.sqrt(i)", "rng.random((i, o))"))

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Means beyond sampling error whose sum pushes the units away from their active range."""
        for p in weights(record):
            layer, first = p.layer or 0, p.initial
            if size(p) < FEWEST or not _is_off_centre(p):
                continue
            push, limit = _push(record, p), ACTIVE.get(activation(record, layer), 4.0)
            if has_learned(record) and not push > 2 * limit:
                continue
            hurts = not has_learned(record) and not push < limit / 4
            yield self.finding(
                "fault" if hurts else "note",
                first.source,
                parameter=p.name,
                layer=layer + 1,
                mean=first.mean,
                std=first.std,
                low=first.low,
                high=first.high,
                push=push,
            )

    def message(
        self,
        *,
        parameter: str = "The layer",
        mean: float = NAN,
        std: float = NAN,
        low: float = NAN,
        high: float = NAN,
        push: float = NAN,
        **evidence: Any,
    ) -> str:
        """Where they lie, and what that adds up to."""
        side = ""
        if low >= 0 or high <= 0:
            side = " all of them positive" if low >= 0 else " all of them negative"
        spread_ = clause(" (mean {}, standard deviation {})", mean, std)
        sums = clause("; together they push each unit to about {}", push)
        return (
            f"{parameter} starts with weights that lean to one side,{side or ' not around zero'}"
            f"{spread_}{sums}."
        )


def _is_off_centre(p: ParameterFacts) -> bool:
    mean, std = abs(p.initial.mean), p.initial.std
    return mean > FAIR_MEAN * std > 0 and mean > SAMPLING_ERRORS * std / math.sqrt(size(p))


def _push(record: RunRecord, p: ParameterFacts) -> float:
    """How far the mean of the weights moves the pre-activations of their layer."""
    layer = p.layer or 0
    measured = abs(at_start(record, "preactivation_mean", layer))
    return spread(record, layer) if math.isnan(measured) else measured


class TooSmall(WeightRule):
    """The signal dies on its way."""

    code = "W303"
    name = "weights too small"
    claim = "The weights are so small that the signal dies on its way through the layers."
    why = (
        "A layer multiplies the size of its signal by `std(W) * sqrt(fan_in)`, forwards, and the "
        "gradient's by about the same, backwards. With a standard deviation of 0.01 and 64 inputs "
        "that is 0.08, and after five layers 0.000003: the outputs do not depend on the inputs, "
        "and the first layers get no gradient. `1 / sqrt(fan_in)` (Glorot and Bengio, 2010), for "
        "relu `sqrt(2 / fan_in)` (He et al., 2015), keeps both. In a shallow network small weights "
        "only make the beginning slow, a plateau that a short training does not leave."
    )
    fix = (
        "Scale by the width: `randn(n_in, n_out) / np.sqrt(n_in)`; for relu `* np.sqrt(2 / n_in)`."
    )
    clean = "no weights are too small"
    HEALTHY = DEEP
    BROKEN = planted(DEEP, (" / np.sqrt(i)", " * 0.01"))
    explained_by = ("U201", "U202", "U204", "W301")

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Layers that shrink their signal, in a run whose signal dies or that does not start."""
        if has_learned(record) or depth(record) < 2:
            return
        found = [p for p in weights(record) if p.initial.std > 0 and _is_faint(record, p)]
        if not found:
            return
        dies = signal_through(record) < VANISHED
        if not dies and not is_stuck(record):
            return
        worst = min(found, key=lambda p: gain(record, p.layer or 0))
        layer = worst.layer or 0
        wanted = wanted_std(record, worst)
        yield self.finding(
            "fault",
            worst.initial.source,
            parameter=[p.name for p in found] if len(found) > 1 else worst.name,
            layer=layer + 1,
            std=worst.initial.std,
            wanted=wanted,
            spread=at_start(record, "preactivation_std", layer),
            through=signal_through(record) if dies else NAN,
        )

    def message(
        self,
        *,
        parameter: Any = "A layer",
        std: float = NAN,
        wanted: float = NAN,
        spread: float = NAN,
        through: float = NAN,
        **evidence: Any,
    ) -> str:
        """How small they are, how large they should be, what is left of the signal."""
        which = parameter if isinstance(parameter, str) else ", ".join(parameter)
        size_ = clause(" (standard deviation {})", std) + clause(
            ", {} keeps a signal alive", wanted
        )
        left = clause(": {} of it arrives at the end", through)
        if not left:
            left = clause(": its units' inputs vary by {}", spread)
        return f"{which} starts with weights that are too small{size_}{left}."


def _is_faint(record: RunRecord, p: ParameterFacts) -> bool:
    layer = p.layer or 0
    return gain(record, layer) < 0.3 and not spread(record, layer) > FAINT * 10


def signal_through(record: RunRecord) -> float:
    """What is left of a signal at the last layer's input to the outputs; by theory or measured."""
    first, last = at_start(record, "preactivation_std", 0), depth(record) - 1
    measured = known_ratio(at_start(record, "preactivation_std", last), first)
    by_weights = 1.0
    for layer in range(1, depth(record)):
        by_weights *= min(1.0, gain(record, layer))
    return by_weights if math.isnan(measured) else min(measured, by_weights)


def wanted_std(record: RunRecord, p: ParameterFacts) -> float:
    """The standard deviation that keeps a signal's size."""
    factor = 2.0 if activation(record, p.layer or 0) in RECTIFIERS else 1.0
    return math.sqrt(factor / p.fan_in) if p.fan_in else NAN


class TooLarge(WeightRule):
    """The units are at the ends of their range before training has begun."""

    code = "W304"
    name = "weights too large"
    claim = "The weights are so large that units saturate, or signals explode, from the start."
    why = (
        "A layer multiplies the size of its signal by `std(W) * sqrt(fan_in)`. From about 3 on, "
        "sigmoid and tanh are flat for most samples: a slope of 0.0002 lets no gradient through, "
        "and large weights take long to shrink. relu does not saturate, but each layer enlarges "
        "the signal again, outputs are confident and wrong, and the first gradients tear the "
        "network apart. `randn` without a factor has a gain of 8 for 64 inputs."
    )
    fix = (
        "Scale by the width: `randn(n_in, n_out) / np.sqrt(n_in)`; for relu `* np.sqrt(2 / n_in)`."
    )
    clean = "no weights are too large"
    HEALTHY = RINGS
    BROKEN = planted(RINGS, ("np.sqrt(2 / sizes[l - 1])", "10"))

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Layers with a large gain that saturate their units or spoil the start."""
        bad_start = known_ratio(evidence(record).loss_start, evidence(record).loss_chance)
        for p in weights(record):
            layer = p.layer or 0
            enlarges, limit = gain(record, layer), ACTIVE.get(activation(record, layer))
            flat = at_start(record, "saturated", layer)
            is_last = layer == depth(record) - 1
            if not enlarges > LOUD:
                continue
            if limit is not None and not is_last:
                hurts = flat >= 0.5 or (math.isnan(flat) and spread(record, layer) > 1.5 * limit)
            else:
                hurts = bad_start > BAD_START and spread(record, layer) > LOUD
            if hurts:
                yield self.finding(
                    "note" if has_learned(record) else "fault",
                    p.initial.source,
                    parameter=p.name,
                    layer=layer + 1,
                    std=magnitude(p.initial),
                    wanted=wanted_std(record, p),
                    saturated=flat if limit is not None else NAN,
                    spread=spread(record, layer),
                )

    def message(
        self,
        *,
        parameter: str = "A layer",
        std: float = NAN,
        wanted: float = NAN,
        saturated: float = NAN,
        spread: float = NAN,
        **evidence: Any,
    ) -> str:
        """How large they are, how large they should be, what that does."""
        size_ = clause(" (size {})", std) + clause(", {} keeps a signal's size", wanted)
        effect = clause(
            ": {} % of its units' outputs are at the ends of the range", 100 * saturated
        )
        if not effect or saturated < 0.01:
            effect = clause(": its units' inputs are of size {}", spread)
        return f"{parameter} starts with weights that are too large{size_}{effect}."
