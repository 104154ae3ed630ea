"""D4xx: inputs and targets, as training meets them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.rules.base import NAN, Rule, clause, percent
from unstuck.doctor.rules.examples import planted
from unstuck.doctor.rules.examples.curves import LINE, SINE
from unstuck.doctor.rules.examples.many_classes import BLOBS
from unstuck.doctor.rules.examples.two_classes import XOR
from unstuck.doctor.rules.reading import (
    ACTIVE,
    activation,
    at_start,
    depth,
    evidence,
    features,
    has_learned,
    magnitude,
    output_width,
    spread,
)
from unstuck.record.run_record import RunRecord

LARGE = 3.0  # root mean square of inputs: what is scaled has about 1, pixels of 0..16 some 8
SMALL = 0.01
# Gradient descent is stable while `rate * curvature < 2` (LeCun et al., 1998); twice that is sure.
UNSTABLE = 4.0
CURVATURE = {"binary_cross_entropy": 0.25, "cross_entropy": 0.25, "squared_error": 1.0}
BEYOND = 0.02  # of an output's range by which targets may lie outside it
PROBABILITIES = ("binary_cross_entropy", "cross_entropy")


class Unscaled(Rule):
    """Inputs of the wrong size."""

    code = "D401"
    name = "inputs not scaled"
    claim = "The inputs are of a size that the network cannot work with."
    why = (
        "Weights are drawn for inputs of about 1. Pixels of 0..255 push every sigmoid or tanh of "
        "the first layer to the end of its range, where the slope is 0; in a model without hidden "
        "layer the curvature of the loss grows with the square of the inputs, and a learning rate "
        "is stable only below 2 / curvature (LeCun et al., 1998, Efficient BackProp): a hundred "
        "times larger inputs want a rate ten thousand times smaller."
    )
    fix = "Scale them before training: `X / 255`, or `(X - X.mean(axis=0)) / X.std(axis=0)`."
    clean = "inputs are of a size that fits"
    HEALTHY = LINE
    BROKEN = planted(
        LINE, ("(features - features.mean(axis=0)) / features.std(axis=0)", "features")
    )
    while_training = True

    def missing(self, record: RunRecord) -> str:
        """The inputs must be known."""
        return "" if evidence(record).inputs is not None else "the inputs are not known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Large inputs that saturate the first layer or make steps unstable; inputs near zero."""
        inputs = evidence(record).inputs
        if inputs is None or has_learned(record):
            return
        size = magnitude(inputs)
        saturated = at_start(record, "saturated", 0) if depth(record) > 1 else NAN
        limit = ACTIVE.get(activation(record, 0)) if depth(record) > 1 else None
        flat = limit is not None and (
            saturated >= 0.5 or (math.isnan(saturated) and spread(record, 0) > 1.5 * limit)
        )
        unstable = first_step(record)
        hurts = flat or unstable > UNSTABLE
        if size > LARGE and hurts:
            yield self.finding(
                "fault",
                inputs.source,
                name=inputs.name,
                low=inputs.low,
                high=inputs.high,
                size=size,
                saturated=saturated if flat else NAN,
                step=unstable if unstable > UNSTABLE else NAN,
            )
        elif size < SMALL and inputs.std > 0:
            yield self.finding(
                "fault",
                inputs.source,
                name=inputs.name,
                low=inputs.low,
                high=inputs.high,
                size=size,
            )

    def message(
        self,
        *,
        name: str = "",
        low: float = NAN,
        high: float = NAN,
        size: float = NAN,
        saturated: float = NAN,
        step: float = NAN,
        factor: float = NAN,
        **evidence: Any,
    ) -> str:
        """What range they have and what that does."""
        if not math.isnan(factor):
            closer, times = factor > 1.0, max(factor, 1.0 / factor)
            return (
                f"The inputs{' ' + name if name else ''} that are counted last lie {times:.3g} "
                f"times {'closer together' if closer else 'further apart'} than those of the "
                f"training: one was scaled without the other."
            )
        range_ = clause(" (from {} to {})", low, high)
        what = f"The inputs{' ' + name if name else ''}{range_} are not scaled"
        effect = clause(
            ": {} of the first layer's outputs are at the ends of their range",
            saturated,
            form=percent,
        )
        effect += clause(
            ": each step overshoots, {} times as long as the largest stable one", step / 2
        )
        if not effect and size < SMALL:
            effect = ": they are so small that the first layer hardly sees them"
        return f"{what}{effect}."


def first_step(record: RunRecord) -> float:
    """Learning rate times the loss's curvature along the inputs; above 2 gradient descent diverges.

    Only for a model without hidden layer: there the curvature is known, ``mean |x|**2`` times the
    loss's own. NaN elsewhere, and where Adam and its like choose their own steps.
    """
    seen = evidence(record)
    curvature = CURVATURE.get(seen.outputs.loss if seen.outputs is not None else "")
    if depth(record) != 1 or curvature is None or not seen.learning_rate:
        return NAN
    return float(
        seen.learning_rate * curvature * features(seen.inputs) * magnitude(seen.inputs) ** 2
    )


class OutOfRange(Rule):
    """Targets that no output can reach."""

    code = "D402"
    name = "targets outside the output's range"
    claim = "Some targets lie where the output can never be."
    why = (
        "A sigmoid gives numbers between 0 and 1, tanh between -1 and 1, relu none below 0. A "
        "target of 4 drives every output to the end of its range, where the slope vanishes, and "
        "the error never does. With a cross-entropy it is worse: outside 0..1 the formula has no "
        "lower bound, so that the loss falls while the predictions get worse."
    )
    fix = "Scale the targets into the range, or use a linear output with squared error."
    clean = "all targets can be reached"
    HEALTHY = XOR
    BROKEN = planted(XOR, ("[[0], [1], [1], [0]]", "[[1], [2], [2], [1]]"))
    while_training = True
    explained_by = ("D403",)

    def missing(self, record: RunRecord) -> str:
        """Targets and outputs must be known."""
        seen = evidence(record)
        known = seen.targets is not None and seen.outputs is not None
        return "" if known else "targets and outputs are not both known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Targets beyond the output's range by more than rounding."""
        targets, outputs = evidence(record).targets, evidence(record).outputs
        if targets is None or outputs is None or targets.kind == "index":
            return
        width = outputs.high - outputs.low
        slack = BEYOND * width if math.isfinite(width) else BEYOND
        values = targets.values
        if values.high > outputs.high + slack or values.low < outputs.low - slack:
            yield self.finding(
                "note" if has_learned(record) else "fault",
                values.source,
                name=values.name,
                low=values.low,
                high=values.high,
                lowest=outputs.low,
                highest=outputs.high,
                activation=outputs.activation,
            )

    def message(
        self,
        *,
        name: str = "",
        low: float = NAN,
        high: float = NAN,
        lowest: float = NAN,
        highest: float = NAN,
        activation: str = "",
        **evidence: Any,
    ) -> str:
        """Both ranges."""
        what = f"The targets{' ' + name if name else ''}{clause(' go from {} to {}', low, high)}"
        what += "" if math.isfinite(low + high) else " lie outside the output's range"
        by = f"a {activation} output" if activation else "the output"
        if math.isinf(lowest) or math.isinf(highest):
            edge = clause("never falls below {}", lowest) if math.isinf(highest) else ""
            reach = edge or clause("never rises above {}", highest)
        else:
            reach = clause("stays between {} and {}", lowest, highest) or "cannot reach them"
        return f"{what}, but {by} {reach or 'cannot reach them'}."


class WrongEncoding(Rule):
    """Class numbers where a code is meant."""

    code = "D403"
    name = "targets in the wrong encoding"
    claim = "The targets are not encoded as the output and the loss take them."
    why = (
        "Class numbers are names, not quantities: class 2 is not twice class 1. Several outputs "
        "with softmax or sigmoid want one column a class, 1 for the right one; class numbers "
        "broadcast against them give every output the same target, one that most can never reach."
    )
    fix = "Encode them as one row a sample with a single 1: `np.eye(n_classes)[y]`."
    clean = "targets are encoded as the loss takes them"
    HEALTHY = BLOBS
    BROKEN = planted(BLOBS, ("np.eye(3)[labels].T", "labels.reshape(1, -1)"))
    while_training = True

    missing = OutOfRange.missing

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Class numbers met as quantities; a width that is not the number of classes."""
        targets, outputs = evidence(record).targets, evidence(record).outputs
        if targets is None or outputs is None:
            return
        width = output_width(record)
        classes = targets.classes or targets.values.distinct
        squashed = outputs.activation.lower() in {"sigmoid", "softmax"}
        as_numbers = targets.kind == "real" and _are_class_numbers(targets.values, width)
        if as_numbers and (outputs.loss in PROBABILITIES or (squashed and width > 1)):
            yield self.finding(
                "note" if has_learned(record) else "fault",
                targets.values.source,
                name=targets.values.name,
                classes=classes,
                outputs=width or None,
            )
        elif targets.kind == "index" and 0 < width <= targets.values.high:
            yield self.finding(
                "fault",
                targets.values.source,
                name=targets.values.name,
                classes=int(targets.values.high) + 1
                if math.isfinite(targets.values.high)
                else None,
                outputs=width,
            )

    def message(
        self,
        *,
        name: str = "",
        classes: float = NAN,
        outputs: float = NAN,
        numbered: bool = False,
        **evidence: Any,
    ) -> str:
        """What they are, and what they should be."""
        what = f"The targets{' ' + name if name else ''}"
        if numbered:
            return f"{what} are made from the numbers of the rows, not from the labels."
        count = clause(" of {} classes", classes)
        units = clause(" that {} outputs are compared with", outputs)
        return f"{what} are class numbers{count}{units}, not one column a class."


def _are_class_numbers(values: Any, width: int) -> bool:
    """Whole numbers from 0 or 1 upwards, more than two of them, one a sample."""
    whole = values.dtype.startswith(("int", "uint")) or values.distinct <= 20
    small = 3 <= values.distinct <= 100 and values.low in {0.0, 1.0}
    dense = values.high - values.low == values.distinct - 1
    single = len(values.shape) == 1 or features(values) == 1
    return bool(whole and small and dense and (width > 1 or single))


class Misaligned(Rule):
    """Inputs shuffled away from their targets."""

    code = "D404"
    name = "inputs and targets out of step"
    claim = "Inputs and targets no longer belong together: one was reordered without the other."
    why = (
        "If row i of the inputs meets the target of another row, there is nothing to learn but the "
        "share of each class: the loss ends where guessing ends. `random.shuffle` on an array is "
        "worse still: it swaps views of rows, so that some rows are doubled and others lost."
    )
    fix = "Use one order for both: `order = rng.permutation(len(X))`, then `X[order], y[order]`."
    clean = "inputs and targets stay together"
    HEALTHY = SINE
    BROKEN = planted(SINE, ("y[rows]", "y[start : start + 32]"))
    while_training = True

    def missing(self, record: RunRecord) -> str:
        """Whether the two stay together must have been watched."""
        targets = evidence(record).targets
        known = targets is not None and targets.follows_inputs is not None
        return "" if known else "whether inputs and targets stay together was not watched"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Seen to come apart."""
        targets, inputs = evidence(record).targets, evidence(record).inputs
        if targets is not None and targets.follows_inputs is False:
            yield self.finding(
                "fault",
                targets.values.source,
                inputs=inputs.name if inputs is not None else "",
                targets=targets.values.name,
            )

    def message(
        self,
        *,
        inputs: str = "",
        targets: str = "",
        function: str = "",
        lost: float = NAN,
        **evidence: Any,
    ) -> str:
        """Which of the two was reordered, and by what."""
        pair = f"{inputs or 'inputs'} and {targets or 'targets'}"
        by = f": `{function}` reorders one of them alone" if function else ""
        rows = clause("; {} rows were lost and others doubled", lost)
        return f"The rows of {pair} no longer belong together{by}{rows}."
