"""O501 to O504: the functions that the network is made of: softmax, output, hidden layers, exp."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.rules.base import NAN, Rule, clause
from unstuck.doctor.rules.examples import planted
from unstuck.doctor.rules.examples.many_classes import READINGS, SPIRAL
from unstuck.doctor.rules.examples.two_classes import MOONS, RINGS
from unstuck.doctor.rules.reading import (
    activation,
    depth,
    evidence,
    has_learned,
    is_stuck,
    output_width,
    parameters,
)
from unstuck.record.evidence import OutputFacts, TargetFacts
from unstuck.record.run_record import RunRecord

LINEAR = ("identity", "linear", "none")
STEPS = ("step", "sign", "heaviside", "threshold", "argmax", "round")
PROBABILITIES = ("binary_cross_entropy", "cross_entropy")


class SoftmaxAxis(Rule):
    """Shares of the wrong whole."""

    code = "O501"
    name = "softmax over the wrong axis"
    claim = "The softmax is normalised over the samples, not over the classes."
    why = (
        "Softmax turns the scores of ONE sample into shares that add up to 1. Summed over the "
        "other axis (also by the builtin `sum`, which always takes the first), the shares of one "
        "class add up to 1 over the batch: with 200 samples each is about 0.005, `p - t` is then "
        "nearly `-t`, all scores grow without bound, and what a sample gets depends on its "
        "neighbours in the batch."
    )
    fix = "Sum over the classes: `axis=1, keepdims=True` for rows, `axis=0` for columns."
    clean = "softmax adds up to 1 for each sample"
    HEALTHY = SPIRAL
    BROKEN = planted(SPIRAL, ("np.sum(exp_scores, axis=1,", "np.sum(exp_scores, axis=0,"))
    found_in = "tape"

    def message(
        self,
        *,
        total: float = NAN,
        axis: float = NAN,
        wanted_axis: float = NAN,
        **evidence: Any,
    ) -> str:
        """What the outputs of one sample add up to."""
        sums = clause(": the outputs of one sample add up to {}, not to 1", total)
        axes = clause(" (axis {}; the classes are on axis {})", axis, wanted_axis)
        return f"The softmax is normalised over the samples{axes}{sums}."


class UnfitOutput(Rule):
    """Output activation, loss and targets that do not go together."""

    code = "O502"
    name = "output activation does not fit"
    claim = "The output's activation does not go with the loss or with the targets."
    why = (
        "A cross-entropy needs probabilities: the logarithm of what a tanh, relu or linear output "
        "gives is undefined half of the time. A softmax over a single output is 1, whatever the "
        "input, and its gradient 0. A relu output that is 0 passes no gradient, so a sample that "
        "is wrong there stays wrong."
    )
    fix = (
        "One class out of two: one sigmoid. One out of several: softmax. Numbers: a linear output "
        "and squared error."
    )
    clean = "the output's activation goes with the loss and the targets"
    HEALTHY = MOONS
    BROKEN = planted(
        MOONS, ("1 / (1 + np.exp(-Z2))", "np.exp(Z2) / np.exp(Z2).sum(axis=1, keepdims=True)")
    )
    while_training = True
    explained_by = ("D403",)

    def missing(self, record: RunRecord) -> str:
        """The output's activation must be known."""
        outputs = evidence(record).outputs
        known = outputs is not None and outputs.activation
        return "" if known else "the output's activation is not known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Pairs of which one cannot work with the other."""
        outputs, targets = evidence(record).outputs, evidence(record).targets
        if outputs is None:
            return
        problem = _misfit(outputs, targets, output_width(record))
        if problem:
            yield self.finding(
                "note" if has_learned(record) else "fault",
                outputs.values.source,
                activation=outputs.activation,
                loss=outputs.loss,
                problem=problem,
            )

    def message(
        self,
        *,
        activation: str = "",
        loss: str = "",
        problem: str = "",
        **evidence: Any,
    ) -> str:
        """What does not go together, and why."""
        what = f"A {activation} output" if activation else "The output's activation"
        other = f" with {loss.replace('_', ' ')}" if loss else ""
        return f"{what}{other} does not fit{': ' + problem if problem else ' the targets'}."


def _misfit(outputs: OutputFacts, targets: TargetFacts | None, width: int) -> str:
    name = outputs.activation.lower()
    if name == "softmax" and width == 1:
        return "over a single output it is always 1"
    if name in {*LINEAR, "tanh", "relu"} and outputs.loss in PROBABILITIES:
        return "the logarithm needs numbers between 0 and 1"
    if name == "softmax" and targets is not None and targets.kind == "real" and width > 1:
        return "its outputs add up to 1, numbers do not"
    if name in STEPS:
        return "its slope is 0, so no error passes"
    return ""


class UnfitHidden(Rule):
    """A hidden layer that bends nothing, or squeezes everything."""

    code = "O503"
    name = "hidden activation missing or unsuitable"
    claim = "A hidden layer has no activation, or one that is not made for hidden layers."
    why = (
        "Linear layers in a row are one linear layer: `(x W1) W2 = x (W1 W2)`, so that no number "
        "of them separates what a line cannot. A softmax between layers makes its units compete "
        "for a sum of 1: with n units each is about 1/n whatever comes in, and hardly any signal "
        "passes. A step has slope 0 everywhere, and no gradient at all."
    )
    fix = "Put relu or tanh after every hidden layer, and its derivative into the backward pass."
    clean = "hidden layers have activations that suit them"
    HEALTHY = RINGS
    BROKEN = planted(
        RINGS,
        ("np.maximum(0, Z[l]) if l < L", "Z[l] if l < L"),
        (" * (Z[l - 1] > 0)", ""),
    )
    while_training = True

    def applies(self, record: RunRecord) -> bool:
        """Only where there is a hidden layer."""
        return depth(record) != 1

    def missing(self, record: RunRecord) -> str:
        """The hidden layers' activations must be known."""
        if not record.layers:
            return "the layers are not known"
        known = all(activation(record, k) for k in range(depth(record) - 1))
        return "" if known else "the hidden layers' activations are not known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Softmax or a step anywhere; linear layers where all hidden layers are."""
        hidden = range(min(depth(record), len(record.layers)) - 1)
        all_linear = all(activation(record, k) in LINEAR for k in hidden)
        for k in hidden:
            name = activation(record, k)
            linear = name in LINEAR and all_linear  # may be meant, where it gets somewhere
            if name == "softmax" or name in STEPS or linear:
                learns = has_learned(record) or (linear and not is_stuck(record))
                yield self.finding(
                    "note" if learns else "fault",
                    record.layers[k].source,
                    activation=name,
                    layer=k + 1,
                    units=record.layers[k].fan_out,
                )

    def message(
        self, *, activation: str = "", layer: float = NAN, units: float = NAN, **evidence: Any
    ) -> str:
        """Which layer, and what its activation does."""
        where = f"Hidden layer{clause(' {}', layer)}"
        if activation == "softmax":
            share = clause(", about 1/{} each", units)
            return (
                f"{where} is a softmax: its units share a sum of 1{share}, and little gets through."
            )
        if activation in STEPS:
            return f"{where} is a {activation} function, whose slope is 0: no gradient passes."
        return f"{where} has no activation: it can only do what one linear layer does."


class Overflow(Rule):
    """exp of a large number, log of zero."""

    code = "O504"
    name = "overflow in exp or log of zero"
    claim = "An exponential overflows, or a logarithm is taken of 0."
    why = (
        "exp(710) is larger than the largest float64 (exp(89) for float32), so softmax becomes "
        "inf / inf = NaN; log(0) is -inf, and 0 times -inf is NaN again. It begins when scores "
        "become large, often long after the start, and one NaN is enough."
    )
    fix = (
        "Subtract the row's maximum before exp (softmax does not change); take the cross-entropy "
        "from the scores, or clip: `np.log(np.maximum(p, 1e-12))`."
    )
    clean = "no exponential or logarithm overflows"
    HEALTHY = READINGS
    BROKEN = planted(READINGS, ("    scores = scores - scores.max(axis=1, keepdims=True)\n", ""))
    explained_by = ("D405", "T602")

    def missing(self, record: RunRecord) -> str:
        """The outputs must be known."""
        return "" if evidence(record).outputs is not None else "the outputs are not known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Outputs that are not finite at the start, though all that they come from is."""
        seen = evidence(record)
        if seen.outputs is None or seen.outputs.values.finite:
            return
        finite_before = all(p.initial.finite for p in parameters(record))
        if finite_before and (seen.inputs is None or seen.inputs.finite):
            yield self.finding(
                "fault", seen.outputs.values.source, activation=seen.outputs.activation
            )

    def message(
        self,
        *,
        activation: str = "",
        function: str = "",
        largest: float = NAN,
        updates: float = NAN,
        **evidence: Any,
    ) -> str:
        """Which function overflows, at what."""
        what = f"`{function}`" if function else f"The {activation or 'output'}"
        of = clause(" of {}", largest)
        when = " after one update" if updates == 1 else clause(" after {} updates", updates)
        return f"{what}{of} is too large or too small for a float{when}: NaN and infinity follow."
