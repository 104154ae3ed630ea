"""Each optimiser as a person writes it: its constants, its memory, one step for one array.

``w`` is a parameter array, ``dw`` its gradient; the memory of an optimiser is one dictionary of
arrays for each name in ``memory``. ``{rate}`` is the learning rate, a constant or the schedule's.
"""

from __future__ import annotations

from dataclasses import dataclass

from unstuck.app.export.text import number
from unstuck.base.errors import InvalidInputError
from unstuck.core.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSProp


@dataclass(frozen=True, slots=True)
class OptimizerText:
    """What ``update`` is made of."""

    title: str  # as in "trained with ..."
    doc: str
    constants: tuple[tuple[str, float], ...] = ()
    memory: tuple[str, ...] = ()
    before: tuple[str, ...] = ()  # lines above the loop over parameters
    step: tuple[str, ...] = ()
    counts: bool = False  # does the step number matter?


DESCEND = "p[name] -= {rate} * g[name] / (np.sqrt(s[name]) + EPSILON)"


def sgd(optimizer: SGD) -> OptimizerText:
    """Plain, with momentum, or Nesterov's."""
    if not optimizer.momentum:
        return OptimizerText(
            "gradient descent",
            "One step against the gradient, in place.",
            step=("p[name] -= {rate} * g[name]",),
        )
    remember = "v[name] = MOMENTUM * v[name] + g[name]"
    constants = (("MOMENTUM", optimizer.momentum),)
    if optimizer.nesterov:
        return OptimizerText(
            "gradient descent with Nesterov's momentum",
            "One step along the velocity v that the next step will find, in place.",
            constants,
            ("v",),
            step=(remember, "p[name] -= {rate} * (g[name] + MOMENTUM * v[name])"),
        )
    return OptimizerText(
        "gradient descent with momentum",
        "One step along the velocity v, a fading sum of gradients, in place.",
        constants,
        ("v",),
        step=(remember, "p[name] -= {rate} * v[name]"),
    )


def rmsprop(optimizer: RMSProp) -> OptimizerText:
    """Running mean of squares."""
    return OptimizerText(
        "RMSProp",
        "One step of RMSProp: each entry by its gradient over the usual size of it, in place.",
        (("RHO", optimizer.rho), ("EPSILON", optimizer.epsilon)),
        ("s",),
        step=("s[name] = RHO * s[name] + (1 - RHO) * g[name] ** 2", DESCEND),
    )


def adagrad(optimizer: Adagrad) -> OptimizerText:
    """Sum of squares."""
    return OptimizerText(
        "Adagrad",
        "One step of Adagrad: the more an entry has moved, the less it moves, in place.",
        (("EPSILON", optimizer.epsilon),),
        ("s",),
        step=("s[name] += g[name] ** 2", DESCEND),
    )


def adam(optimizer: Adam) -> OptimizerText:
    """Adam, and AdamW with its decay in front."""
    decays = isinstance(optimizer, AdamW) and optimizer.weight_decay > 0
    constants = [
        ("BETA1", optimizer.beta1),
        ("BETA2", optimizer.beta2),
        ("EPSILON", optimizer.epsilon),
    ]
    decay: tuple[str, ...] = ()
    if isinstance(optimizer, AdamW) and decays:
        constants.append(("WEIGHT_DECAY", optimizer.weight_decay))
        decay = (
            'if name.startswith("W"):  # biases do not decay',
            "    p[name] *= 1 - {rate} * WEIGHT_DECAY",
        )
    return OptimizerText(
        "AdamW" if decays else "Adam",
        f"Step number `step` (from 1) of {'AdamW' if decays else 'Adam'}, in place.",
        tuple(constants),
        ("m", "v"),
        step=(
            *decay,
            "m[name] = BETA1 * m[name] + (1 - BETA1) * g[name]",
            "v[name] = BETA2 * v[name] + (1 - BETA2) * g[name] ** 2",
            "m_hat = m[name] / (1 - BETA1**step)  # both began at 0",
            "v_hat = v[name] / (1 - BETA2**step)",
            "p[name] -= {rate} * m_hat / (np.sqrt(v_hat) + EPSILON)",
        ),
        counts=True,
    )


def optimizer_text(optimizer: Optimizer) -> OptimizerText:
    """The text of an optimiser.

    Raises InvalidInputError for one of the user's own.
    """
    if isinstance(optimizer, SGD):
        return sgd(optimizer)
    if isinstance(optimizer, RMSProp):
        return rmsprop(optimizer)
    if isinstance(optimizer, Adagrad):
        return adagrad(optimizer)
    if isinstance(optimizer, Adam):
        return adam(optimizer)
    raise InvalidInputError(
        f"the optimizer {optimizer!r} cannot be written out; allowed: sgd, rmsprop, adagrad, adam, "
        "adamw."
    )


def constant_lines(text: OptimizerText) -> list[str]:
    """The optimiser's constants, one assignment for all."""
    if not text.constants:
        return []
    names = ", ".join(name for name, _ in text.constants)
    values = ", ".join(number(value) for _, value in text.constants)
    return [f"{names} = {values}"]
