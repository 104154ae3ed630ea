"""G107 to G111: the gradient's beginning at the loss, its order, its terms and its scale."""

from __future__ import annotations

from typing import Any

from unstuck.doctor.rules.base import NAN, clause
from unstuck.doctor.rules.examples import planted
from unstuck.doctor.rules.examples.curves import LINE
from unstuck.doctor.rules.examples.many_classes import ONLINE, READINGS, SPIRAL
from unstuck.doctor.rules.examples.two_classes import RINGS
from unstuck.doctor.rules.gradient import GradientRule, instead, of


class DeltaNotOfLoss(GradientRule):
    """The backward pass begins with the delta of another loss."""

    code = "G107"
    name = "output delta does not belong to the loss"
    claim = "The error with which the backward pass begins is not the derivative of the loss."
    why = (
        "Each pair of output activation and loss has one delta: softmax or sigmoid with "
        "cross-entropy `p - t`; a linear output with squared error `out - t`; a sigmoid with "
        "squared error `(p - t) * p * (1 - p)`. `-t / p` is the derivative by p, not by the "
        "logits: without the activation's own derivative it never vanishes, so that a network "
        "that is right is still pushed, and harder the more wrong it is."
    )
    fix = "Begin with the delta of your pair; for softmax and cross-entropy it is `p - t`."
    clean = "the output's delta belongs to the loss"
    HEALTHY = READINGS
    BROKEN = planted(
        READINGS,
        (
            "wrong = softmax(readings @ weights + bias) - targets",
            "wrong = -targets / softmax(readings @ weights + bias)",
        ),
    )

    def message(
        self,
        *,
        activation: str = "",
        loss: str = "",
        written: str = "",
        wanted: str = "",
        cosine: Any = NAN,
        **evidence: Any,
    ) -> str:
        """Which pair it is, and what its delta would be."""
        pair = " of " + " and ".join(x.replace("_", " ") for x in (activation, loss) if x)
        seen = clause(" (cosine {} with it)", cosine)
        return (
            "The backward pass does not begin with the derivative"
            f"{pair if activation or loss else ' of the loss'}{seen}{instead(written, wanted)}."
        )


class UpdatedTooEarly(GradientRule):
    """Weights are changed before the error has gone through them."""

    code = "G108"
    name = "weights updated before the error has passed them"
    claim = "A layer's weights are updated first and then used to take the error further back."
    why = (
        "The gradient is the derivative at one point. When the last layer moves before its error "
        "is taken back through it, the layers below get a gradient of a network that never made "
        "this error. With small steps the difference is of the order of the learning rate and "
        "hardly seen; with large ones it feeds back."
    )
    fix = "Compute all gradients first, then update all parameters."
    clean = "no layer is updated before the error has passed it"
    HEALTHY = ONLINE
    BROKEN = planted(
        ONLINE,
        (
            "        dh = V.T @ p * (1.0 - h**2)\n        V -= 0.3 * np.outer(p, h)\n",
            "        V -= 0.3 * np.outer(p, h)\n        dh = V.T @ p * (1.0 - h**2)\n",
        ),
    )
    harms = False

    def message(
        self,
        *,
        parameter: Any = "",
        parameters: Any = (),
        weights: str = "",
        updated: str = "",
        used: str = "",
        **evidence: Any,
    ) -> str:
        """Whose gradient is taken through which new weights, and where that comes from."""
        through = f"the new values of {weights}" if weights else "weights that are new already"
        whose = (
            f"The gradient of {of(parameters or parameter)}"
            if parameters or parameter
            else "A hidden layer's gradient"
        )
        order = f": {updated} updates them before {used} uses them" if updated and used else ""
        return f"{whose} is taken through {through}, not through those that made the error{order}."


class NeverReset(GradientRule):
    """Gradients of all steps so far are applied at every step."""

    code = "G109"
    name = "gradient accumulated and never reset"
    claim = (
        "Gradients are added up and never set back to zero, so every step repeats all past ones."
    )
    why = (
        "A sum that is never emptied is momentum with factor 1: nothing damps it, so the "
        "parameters swing past every minimum and back, or run away. It hides easily: the sum is "
        "initialised once outside the loop, or its 'zeros' are a second name for the same arrays, "
        "which `+=` has long changed."
    )
    fix = "Make new zeros (`np.zeros_like`) at the beginning of every batch, not a second name."
    clean = "no step repeats earlier gradients for ever"
    HEALTHY = LINE
    BROKEN = planted(
        LINE,
        (
            "    for _ in range(steps):\n        dw, db = np.zeros(2), 0.0\n",
            "    dw, db = np.zeros(2), 0.0\n    for _ in range(steps):\n",
        ),
    )
    found_in = "record"
    verdict = "unreset"

    def message(
        self,
        *,
        parameter: Any = "the parameters",
        parameters: Any = (),
        momentum: Any = NAN,
        **evidence: Any,
    ) -> str:
        """Whose gradients pile up."""
        seen = clause(" (each step holds {} times the one before)", momentum)
        return f"The gradients of {of(parameters or parameter)} are added up and never reset{seen}."


class WrongPenalty(GradientRule):
    """The regularisation term is not the derivative of the penalty."""

    code = "G110"
    name = "regularisation term wrong"
    claim = "What is added to the gradient for the weight penalty is not that penalty's derivative."
    why = (
        "The penalty `lambda / 2 * sum(W**2)` adds `lambda * W` to the gradient, entry by entry, "
        "with that sign: it pulls each weight towards zero. With the other sign, with the sum or "
        "the square of the weights, or with lambda alone, it pushes weights away from zero or all "
        "of them in one direction, for ever, whatever the data say."
    )
    fix = "Add `lambda * W` to the gradient of W, once, and leave the biases out."
    clean = "the weight penalty's gradient is right"
    HEALTHY = SPIRAL
    BROKEN = planted(SPIRAL, ("dhidden) + reg * W)", "dhidden) + reg * W**2)"))

    def message(
        self,
        *,
        parameter: Any = "",
        parameters: Any = (),
        written: str = "",
        wanted: str = "",
        decay: Any = NAN,
        **evidence: Any,
    ) -> str:
        """What the penalty does to the weights."""
        whose = f" of {of(parameters or parameter)}" if parameters or parameter else ""
        seen = clause(" (it takes {} of each weight a step)", decay)
        return f"The regularisation term{whose} is wrong{seen}{instead(written, wanted)}."


class WrongScale(GradientRule):
    """Right direction, wrong length."""

    code = "G111"
    name = "gradient of the wrong scale"
    claim = "The gradient has the right direction but not the size that the others have."
    why = (
        "One learning rate serves all parameters only if their gradients are derivatives of one "
        "loss. A sum over m samples where a mean is meant makes steps m times too long: what was "
        "a good learning rate then overshoots, kills relu units or saturates sigmoids. The other "
        "way round, a mean taken twice, a parameter hardly moves."
    )
    fix = "Divide by the number of samples once, and for every parameter alike."
    clean = "all gradients have one scale"
    HEALTHY = RINGS
    BROKEN = planted(RINGS, ("A[l - 1].T) / m", "A[l - 1].T)"))
    found_in = "record"
    verdict = "scale"

    def message(
        self,
        *,
        parameter: Any = "the parameters",
        parameters: Any = (),
        relative: Any = NAN,
        written: str = "",
        wanted: str = "",
        samples: Any = NAN,
        by: str = "the other parameters",
        **evidence: Any,
    ) -> str:
        """How many times too long or short the step is."""
        seen = clause(" {} times as long as it should be", relative) or " of another size"
        count = clause(" (there are {} samples)", samples)
        return (
            f"The step of {of(parameters or parameter)} is{seen}, measured by {by}"
            f"{count}{instead(written, wanted)}."
        )
