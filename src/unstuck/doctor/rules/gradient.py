"""G1xx: the hand-written gradient is not the gradient. What is wrong with its formula.

The verdicts of a record say which parameter's step is no multiple of its true gradient; which
expression makes it so is found on the tape, and said in the words of these rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.rules.base import NAN, Rule, Source, clause
from unstuck.doctor.rules.examples import planted
from unstuck.doctor.rules.examples.curves import SINE
from unstuck.doctor.rules.examples.many_classes import DEEP, SPIRAL
from unstuck.doctor.rules.examples.two_classes import LOGISTIC, MOONS, XOR
from unstuck.doctor.rules.reading import names, parameters
from unstuck.record.evidence import ParameterFacts
from unstuck.record.run_record import RunRecord, SourceSpan


class GradientRule(Rule):
    """What all of this family share: they judge the verdicts on the parameters' steps."""

    verdict: ClassVar[str] = ""
    found_in: ClassVar[Source] = "tape"

    def missing(self, record: RunRecord) -> str:
        """The verdicts must be there."""
        if any(p.verdict != "unchecked" for p in parameters(record)):
            return ""
        return "no step of this run was compared with a true gradient"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """One finding a place of update, with the parameters that have the rule's verdict."""
        if not self.verdict:
            return
        for span, found in by_update(p for p in parameters(record) if p.verdict == self.verdict):
            yield self.finding("fault", span, **facts(found))


def by_update(
    found: Iterable[ParameterFacts],
) -> Iterable[tuple[SourceSpan | None, list[ParameterFacts]]]:
    """Parameters by the place of their update."""
    groups: dict[SourceSpan | None, list[ParameterFacts]] = {}
    for p in found:
        groups.setdefault(p.update, []).append(p)
    return groups.items()


def facts(found: Sequence[ParameterFacts]) -> dict[str, Any]:
    """Whose verdict it is, the layer (from 1) where it is one, and the numbers behind it."""
    layers = {p.layer for p in found}
    layer = next(iter(layers)) if len(layers) == 1 else None
    numbers = {
        name: [p.numbers.get(name, NAN) for p in found] if len(found) > 1 else value
        for name, value in found[0].numbers.items()
    }
    return {
        **numbers,
        "parameters": [p.name for p in found],
        "layer": None if layer is None else layer + 1,
    }


def of(found: str | Sequence[str]) -> str:
    """The name of a parameter, or the names of several."""
    return found if isinstance(found, str) else names(found)


def instead(written: str, wanted: str) -> str:
    """``, where `a` stands and `b` is meant``, as far as it is known."""
    if written and wanted:
        return f": `{written}` stands where `{wanted}` is meant"
    return f": it is `{wanted}` that is meant" if wanted else ""


class WrongSign(GradientRule):
    """The step climbs the loss."""

    code = "G101"
    name = "gradient with the wrong sign"
    claim = "The update goes up the loss, not down: the gradient has the wrong sign."
    why = (
        "The gradient points where the loss grows fastest. Subtracting it descends; adding it, or "
        "subtracting the gradient of `target - output` where that of `output - target` is meant, "
        "climbs. Every step is then perfect and in the wrong direction, so the loss rises and the "
        "outputs run to the ends of their range. With `error = target - output` the update adds, "
        "with `error = output - target` it subtracts: both are right, mixing them is not."
    )
    fix = "Subtract the gradient of the loss: turn one sign, of the update or of the error."
    clean = "no step climbs the loss"
    HEALTHY = MOONS
    BROKEN = planted(MOONS, ("-= 1.0 *", "+= 1.0 *"))
    found_in = "record"
    verdict = "sign"

    def message(
        self,
        *,
        parameter: Any = "the parameters",
        parameters: Any = (),
        cosine: Any = NAN,
        other_place: str = "",
        **evidence: Any,
    ) -> str:
        """Which parameter climbs, and where else its sign can be turned."""
        seen = clause(" (cosine {} with the step that lowers it)", cosine)
        whose = of(parameters or parameter)
        said = f"Every step of {whose} raises the loss instead of lowering it{seen}."
        if not other_place:
            return said
        return f"{said} Turn one sign, the one here or the one in {other_place}: not both."


class DerivativeMissing(GradientRule):
    """The chain rule without the activation's slope."""

    code = "G102"
    name = "activation derivative missing"
    claim = "The error goes back through an activation without being multiplied by its derivative."
    why = (
        "By the chain rule the gradient before an activation is the gradient after it times the "
        "slope: `dL/dz = dL/da * f'(z)`. Without the factor, units that are saturated or switched "
        "off, through which nothing passes, are still told to move, and deeper layers receive a "
        "gradient of something that is not the loss. Only at the output may the factor be absent: "
        "sigmoid or softmax with cross-entropy cancel it, and `output - target` is all that stays."
    )
    fix = "Multiply by the derivative: `a * (1 - a)` (sigmoid), `1 - a**2` (tanh), `z > 0` (relu)."
    clean = "every activation's derivative is in its place"
    HEALTHY = SPIRAL
    BROKEN = planted(SPIRAL, ("    dhidden[hidden <= 0] = 0\n", ""))

    def message(
        self,
        *,
        parameter: Any = "",
        parameters: Any = (),
        activation: str = "",
        written: str = "",
        wanted: str = "",
        cosine: Any = NAN,
        **evidence: Any,
    ) -> str:
        """Which derivative is missing, and where."""
        what = f"the derivative of {activation}" if activation else "the activation's derivative"
        whose = (
            f"The gradient of {of(parameters or parameter)}"
            if parameters or parameter
            else "The gradient"
        )
        seen = clause(" (cosine {} with the true one)", cosine)
        return f"{whose} lacks {what}{seen}{instead(written, wanted)}."


class DerivativeWrong(GradientRule):
    """A slope, but not that of this activation or not at this point."""

    code = "G103"
    name = "activation derivative wrong"
    claim = (
        "What stands for the activation's derivative is another function, or is taken elsewhere."
    )
    why = (
        "The slope of tanh at z is `1 - tanh(z)**2`; `tanh(z)` itself, the slope of the sigmoid, "
        "or a right formula that is given `a` where it takes `z`, has another size and often "
        "another sign. The network then descends a field that is no gradient, and how far that "
        "leads is luck. A derivative helper takes either z or a: sigmoid's is `s * (1 - s)` with "
        "`s = sigmoid(z)`, but `a * (1 - a)` with `a = sigmoid(z)` already."
    )
    fix = "Use the derivative of the function that the forward pass applies, of the value it takes."
    clean = "every activation's derivative is the right one"
    HEALTHY = DEEP
    BROKEN = planted(DEEP, ("* (1 - layers[k] ** 2)", "* layers[k]"))

    def message(
        self,
        *,
        parameter: Any = "",
        parameters: Any = (),
        activation: str = "",
        written: str = "",
        wanted: str = "",
        cosine: Any = NAN,
        **evidence: Any,
    ) -> str:
        """What stands there instead of the derivative."""
        what = f"the derivative of {activation}" if activation else "the activation's derivative"
        whose = (
            f"The gradient of {of(parameters or parameter)}"
            if parameters or parameter
            else "The gradient"
        )
        seen = clause(" (cosine {} with the true one)", cosine)
        return f"{whose} takes something else for {what}{seen}{instead(written, wanted)}."


class WrongOperand(GradientRule):
    """The right operation on the wrong array."""

    code = "G104"
    name = "wrong array in the gradient"
    claim = "A product in the backward pass takes an array that does not belong there."
    why = (
        "The gradient of a layer's weights is what the layer was given times the error at its "
        "output: `dW = a_before.T @ delta`. With the layer's own output, the error of another "
        "layer or the raw difference in place of the delta, shapes often still agree (by "
        "broadcasting, or since two layers are equally wide), nothing complains, and the product "
        "is the gradient of nothing."
    )
    fix = "Pair each layer's input with the delta at its own output; shapes alone prove nothing."
    clean = "every product of the backward pass takes the right arrays"
    HEALTHY = LOGISTIC
    BROKEN = planted(LOGISTIC, ("X.T.dot(error) / m", "X.T.dot(self.probability(X)) / m"))

    def message(
        self,
        *,
        parameter: Any = "",
        parameters: Any = (),
        written: str = "",
        wanted: str = "",
        cosine: Any = NAN,
        **evidence: Any,
    ) -> str:
        """Which array is wrong."""
        whose = (
            f"The gradient of {of(parameters or parameter)}"
            if parameters or parameter
            else "The gradient"
        )
        seen = clause(" (cosine {} with the true one)", cosine)
        return f"{whose} is a product with the wrong array{seen}{instead(written, wanted)}."


class WrongAxis(GradientRule):
    """Summed over the wrong thing."""

    code = "G105"
    name = "wrong axis, sum or broadcast in the gradient"
    claim = (
        "The backward pass sums over the wrong axis, or lets NumPy broadcast what it should sum."
    )
    why = (
        "The gradient of a parameter has the parameter's own shape: samples are summed away, units "
        "are not. A sum without `axis`, or over the other one, gives a number or a vector that "
        "still broadcasts onto the parameter, so every unit gets one and the same step and the "
        "differences between units, which are what is to be learned, are averaged out."
    )
    fix = (
        "Sum over the samples' axis alone (`axis=0` for rows, `axis=1, keepdims=True` for columns)."
    )
    clean = "every sum of the backward pass is over the samples"
    HEALTHY = SPIRAL
    BROKEN = planted(
        SPIRAL,
        ("(np.dot(hidden.T, dscores) +", "(np.sum(np.dot(hidden.T, dscores), axis=0) +"),
    )

    def message(
        self,
        *,
        parameter: Any = "",
        parameters: Any = (),
        written: str = "",
        wanted: str = "",
        cosine: Any = NAN,
        shapes: str = "",
        **evidence: Any,
    ) -> str:
        """Which sum is wrong, or which shapes."""
        if shapes:
            return (
                f"Outputs and labels of shapes {shapes} are broadcast: each output is compared "
                "with every label, so that all outputs are pulled to one value."
            )
        whose = (
            f"the gradient of {of(parameters or parameter)}"
            if parameters or parameter
            else "the gradient"
        )
        seen = clause(" (cosine {} with the true one)", cosine)
        return f"A sum in {whose} is taken over the wrong axis{seen}{instead(written, wanted)}."


class NotPropagated(GradientRule):
    """The hidden layer is not told what it did to the output."""

    code = "G106"
    name = "error not propagated back"
    claim = "A hidden layer's error is not the next layer's delta taken back through its weights."
    why = (
        "A hidden unit is to blame for the error as far as its outgoing weights carry it: "
        "`delta_hidden = (delta_next @ W_next.T) * f'(z)`. The output's error itself, or the "
        "undifferentiated error in place of the delta, gives every hidden unit the same blame "
        "whatever its weight, even where the weight is negative and the blame has the other sign."
    )
    fix = (
        "Take the next layer's delta back through the weights: `delta @ W.T` (rows), `W.T @ delta`."
    )
    clean = "the error is taken back through every layer"
    HEALTHY = XOR
    BROKEN = planted(XOR, ("delta_output.dot(w_output.T)", "delta_output"))

    def message(
        self,
        *,
        parameter: Any = "",
        parameters: Any = (),
        written: str = "",
        wanted: str = "",
        cosine: Any = NAN,
        **evidence: Any,
    ) -> str:
        """Where the error stops."""
        whose = (
            f"The gradient of {of(parameters or parameter)}"
            if parameters or parameter
            else "A hidden layer's gradient"
        )
        seen = clause(" (cosine {} with the true one)", cosine)
        return (
            f"{whose} does not take the next layer's error back through its weights"
            f"{seen}{instead(written, wanted)}."
        )


class WrongGradient(GradientRule):
    """Wrong, and that is all that is known."""

    code = "G199"
    name = "wrong gradient"
    claim = "The step is no multiple of the true gradient; what makes it so has no name."
    why = (
        "Backpropagation has one right answer: the derivative of the loss by each parameter, which "
        "can be computed without looking at your formulas. A step in another direction may still "
        "lower the loss for a while, which hides the fault; it stops where your formula is zero, "
        "not where the gradient is."
    )
    fix = "Derive this one gradient anew, or compare it with central differences entry by entry."
    clean = "every step is a multiple of the true gradient"
    HEALTHY = SINE
    BROKEN = planted(SINE, ("error = (h @ W2 + b2 - yb)", "error = abs(h @ W2 + b2 - yb)"))
    found_in = "record"
    verdict = "wrong"

    def message(
        self,
        *,
        parameter: Any = "the parameters",
        parameters: Any = (),
        cosine: Any = NAN,
        written: str = "",
        wanted: str = "",
        **evidence: Any,
    ) -> str:
        """How far the step is from the gradient."""
        seen = clause(" (cosine {}, where 1 is right)", cosine)
        return (
            f"The step of {of(parameters or parameter)} is no multiple of its true gradient"
            f"{seen}{instead(written, wanted)}."
        )
