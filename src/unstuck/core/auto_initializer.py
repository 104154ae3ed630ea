"""Weights chosen by theory alone: from the activation, a layer's place, and the number of layers.

What `critical` says of the activation decides, never its name. The two constants below were chosen
by test accuracy on digits (standardised, width 64, Adam, learning rate 1e-3 or 3e-4, 10 to 30
epochs, means of 2 to 5 seeds), so the accuracies beside them are those of the choice, no proof.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unstuck.base.arrays import Array
from unstuck.core.activations import Activation
from unstuck.core.bias_initializers import (
    BiasInitializer,
    BiasUniform,
    BiasZeros,
    CenteringBias,
)
from unstuck.core.gaussian import evaluate
from unstuck.core.initializer_base import Initializer
from unstuck.core.scaled_initializers import LecunNormal
from unstuck.core.structured_initializers import Mirrored, Orthogonal

if TYPE_CHECKING:
    from unstuck.core.criticality import Critical

# A tenth of the variance: the loss begins near ln K, and gradients still come through. Test
# accuracy with 1, 0.3 and 0.1: 50 tanh layers 0.938, 0.938, 0.913; 50 sigmoid layers 0.944, 0.963,
# not run; 1 sigmoid layer 0.951, 0.939, 0.935.
OUTPUT_GAIN = 0.3
# Layers times gradient_spread is how far the gradients through a network of orthogonal layers are
# from equal (Pennington et al., 2017). Without mirrored pairs and with them: 5 relu layers 0.970
# and 0.964, 20 relu layers 0.939 and 0.963.
MIRROR_FROM = 10.0


@dataclass(frozen=True)
class Auto(Initializer):
    """Chosen by theory for the activation and the depth; `Network.mlp` resolves it.

    Orthogonal weights with the critical gain, times 0.3 at the output; at the first layer
    `LecunNormal`, which keeps the size of standardised inputs. Biases take the mean of the
    activation off (`CenteringBias`) where it needs that to be critical or to pass gradients on
    equally. Deep networks of activations whose odd part is linear (relu and its relatives) get
    `Mirrored` weights. In a layer outside of `Network.mlp`, which knows no activation, it draws
    what `LecunNormal` draws. See docs/reference/criticality.md.
    """

    def _draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return LecunNormal()(rng, fan_in, fan_out)


def choose_initializers(
    hidden: Activation, sizes: Sequence[int]
) -> list[tuple[Initializer, BiasInitializer]]:
    """Weights and biases for each layer of a multi-layer perceptron of these widths.

    Raises InvalidInputError where `critical` does: softmax, a flat or a non-finite activation.

    >>> from unstuck.core.activations import get_activation
    >>> for weights, bias in choose_initializers(get_activation("sigmoid"), [64, 32, 32, 10]):
    ...     print(weights, bias)
    LecunNormal() BiasZeros()
    Orthogonal(gain=4.0) CenteringBias(c=0.5)
    Orthogonal(gain=1.2) CenteringBias(c=0.5)
    """
    n_layers = len(sizes) - 1
    if n_layers == 1:
        return [(LecunNormal(), BiasZeros())]
    from unstuck.core.criticality import critical  # lazy: most networks name their weights

    at = critical(hidden)
    centered = needs_centering(at)
    spread = at.centered_gradient_spread if centered else at.gradient_spread
    if (n_layers - 1) * spread > MIRROR_FROM and (slope := odd_slope(hidden)):
        return [
            (Mirrored(_rounded(1 / (2 * slope))).for_position(first=i == 0, last=i == n_layers - 1),
             BiasZeros())
            for i in range(n_layers)
        ]  # fmt: skip
    gain = at.centered_gain if centered else at.gain
    bias = _bias(at, centered=centered)
    first = (LecunNormal(), BiasZeros() if centered else bias)
    chosen: list[tuple[Initializer, BiasInitializer]] = [first]
    for i in range(1, n_layers):
        last = i == n_layers - 1
        widening = math.sqrt(max(1.0, sizes[i + 1] / sizes[i]))  # then columns are shorter than 1
        scale = widening * (OUTPUT_GAIN if last else 1.0)
        chosen.append((Orthogonal(_rounded(gain * scale)), _last_bias(bias) if last else bias))
    return chosen


def needs_centering(at: Critical) -> bool:
    """True where `phi` itself is nowhere critical, or centred passes on gradients far better."""
    if at.chi < 1 - 1e-6:
        return True
    return at.centered_gradient_spread < 0.5 * at.gradient_spread - 1e-6


def odd_slope(activation: Activation) -> float:
    """The a for which ``phi(u) - phi(-u) = 2 a u`` at all u, or 0 where there is none.

    >>> from unstuck.core.activations import get_activation
    >>> odd_slope(get_activation("gelu")), odd_slope(get_activation("tanh"))
    (0.5, 0.0)
    """
    u = np.linspace(0.05, 10.0, 200)
    slopes = (evaluate(activation.value, u) - evaluate(activation.value, -u)) / (2 * u)
    a = float(np.median(slopes))
    return _rounded(a) if a > 0 and np.ptp(slopes) <= 1e-9 * a else 0.0


def _bias(at: Critical, *, centered: bool) -> BiasInitializer:
    if centered:
        return CenteringBias(_rounded(at.shift))
    if at.bias_variance:
        return BiasUniform(_rounded(math.sqrt(3 * at.bias_variance)))  # U(-c, c): variance c^2 / 3
    return BiasZeros()


def _last_bias(bias: BiasInitializer) -> BiasInitializer:
    """Outputs begin unbiased; the mean of the inputs is still taken off."""
    return bias if isinstance(bias, CenteringBias) else BiasZeros()


def _rounded(x: float) -> float:
    """Twelve digits: what is left after them is rounding, and not for a reader."""
    return float(f"{x:.12g}")
