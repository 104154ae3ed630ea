"""Each activation as a person writes it: the value, and the chain rule through it.

``value`` and ``back`` are expressions of ``{z}``, ``{a}`` and ``{da}``; what ``back`` mentions is
what the forward pass must keep. Whatever takes more than a short line is a function of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from unstuck.app.export.text import Helper
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import Activation


@dataclass(frozen=True, slots=True)
class ActivationText:
    """``a`` from ``z``, and ``dz`` from ``da``."""

    value: str
    back: str
    needs: tuple[str, ...] = ()  # helpers of the forward pass
    back_needs: tuple[str, ...] = ()  # helpers of the backward pass


ACTIVATION_TEXTS: dict[str, ActivationText] = {
    "sigmoid": ActivationText("sigmoid({z})", "{da} * {a} * (1 - {a})", ("sigmoid",)),
    "tanh": ActivationText("np.tanh({z})", "{da} * (1 - {a}**2)"),
    "relu": ActivationText("np.maximum({z}, 0)", "{da} * ({a} > 0)"),
    "leaky_relu": ActivationText(
        "np.maximum({z}, 0.01 * {z})", "np.where({a} > 0, {da}, 0.01 * {da})"
    ),
    "elu": ActivationText(
        "np.where({z} > 0, {z}, np.expm1(np.minimum({z}, 0)))",
        "{da} * (np.minimum({a}, 0) + 1)",
    ),
    "selu": ActivationText("selu({z})", "{da} * selu_slope({a})", ("selu",), ("selu_slope",)),
    "gelu": ActivationText("{z} * ndtr({z})", "{da} * gelu_slope({z})", ("ndtr",), ("gelu_slope",)),
    "softplus": ActivationText("np.logaddexp(0, {z})", "{da} * (1 - np.exp(-{a}))"),
    "silu": ActivationText(
        "{z} * sigmoid({z})", "{da} * silu_slope({z})", ("sigmoid",), ("silu_slope",)
    ),
    "softmax": ActivationText(
        "softmax({z})", "{a} * ({da} - ({da} * {a}).sum(axis=1, keepdims=True))", ("softmax",)
    ),
}
"""Every activation but identity, which is no line at all."""


HELPERS: dict[str, Helper] = {
    "sigmoid": Helper(
        '''
def sigmoid(z):
    """1 / (1 + exp(-z)), written so that no exponential can overflow."""
    return (1 + np.tanh(z / 2)) / 2
'''
    ),
    "softmax": Helper(
        '''
def softmax(z):
    """Probabilities; the shift changes nothing, but no exponential overflows."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
'''
    ),
    "selu_constants": Helper(
        """
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""
    ),
    "selu": Helper(
        '''
def selu(z):
    """A line above 0, an exponential below, both stretched (Klambauer, 2017)."""
    return SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0)))
''',
        needs=("selu_constants",),
    ),
    "selu_slope": Helper(
        '''
def selu_slope(a):
    """The slope of selu where its value is a."""
    return np.where(a > 0, SELU_SCALE, a + SELU_SCALE * SELU_ALPHA)
''',
        needs=("selu_constants",),
    ),
    "ndtr": Helper("", imports=("from scipy.special import ndtr",)),
    "gelu_slope": Helper(
        '''
def gelu_slope(z):
    """The slope of z * ndtr(z), where ndtr is the normal distribution function."""
    return ndtr(z) + z * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
''',
        imports=("import math",),
        needs=("ndtr",),
    ),
    "silu_slope": Helper(
        '''
def silu_slope(z):
    """The slope of z * sigmoid(z)."""
    s = sigmoid(z)
    return s * (1 + z * (1 - s))
''',
        needs=("sigmoid",),
    ),
}
"""Functions that the expressions above call."""

ADJECTIVES: dict[str, str] = {
    "identity": "linear",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
}
"""What a person calls units of that activation, where it is not the name itself."""


def activation_text(activation: Activation) -> ActivationText:
    """The text of an activation.

    Raises InvalidInputError for a function of the user's own, whose source is not known.
    """
    try:
        return ACTIVATION_TEXTS[activation.name]
    except KeyError:
        raise InvalidInputError(
            f"the activation {activation.name!r} is a function of your own, which cannot be "
            f"written out; allowed: identity, {', '.join(ACTIVATION_TEXTS)}. Train with one of "
            "these, or export it and put your function in by hand."
        ) from None
