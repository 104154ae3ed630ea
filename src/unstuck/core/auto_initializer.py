"""Weights chosen by theory alone: from the activation, a layer's place, and the number of layers.

What `critical` says of the activation decides, never its name. The two constants below were chosen
by accuracy on digits (standardised, width 64, Adam at 3e-4 or 1e-3, 10 to 20 epochs, means of 2 to
6 seeds), so the accuracies beside them are those of the choice, no proof of it.
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

# At the output, where signals keep their size (a fixed point above 0): the loss begins near ln K.
# Where they shrink on their way (a fixed point of 0) they are small enough there, and with 0.3 as
# well deep networks learn worse. On a validation part, with 1 and with 0.3: 5 relu layers 0.964 and
# 0.970, 5 gelu 0.969 and 0.973; but 20 elu 0.964 and 0.928, 50 sigmoid 0.956 and 0.949.
OUTPUT_GAIN = 0.3
# Layers times gradient_spread is how far the gradients through a network of orthogonal layers are
# from equal (Pennington et al., 2017). Without mirrored pairs and with them: 5 relu layers 0.970
# and 0.964, 20 relu layers 0.939 (with 0.1 at the output) and 0.963; nothing between was run.
MIRROR_FROM = 10.0


@dataclass(frozen=True)
class Auto(Initializer):
    """Chosen by theory for the activation and the depth; `Network.mlp` resolves it.

    Orthogonal weights with the critical gain, at the output times 0.3 unless signals shrink on
    their way to it; at the first layer `LecunNormal`, which keeps the size of standardised inputs.
    Biases take the mean of the activation off (`CenteringBias`) where it needs that to be critical
    or to pass gradients on equally. Deep networks of activations whose odd part is linear (relu
    and its relatives) get `Mirrored` weights. In a layer outside of `Network.mlp`, which knows no
    activation, it draws what `LecunNormal` draws. See docs/reference/criticality.md.
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
    Orthogonal(gain=4.0) CenteringBias(c=0.5)
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
    output = gain * (OUTPUT_GAIN if signals_keep_their_size(at) else 1.0)
    bias = _bias(at, centered=centered)
    first = (LecunNormal(), BiasZeros() if centered else bias)
    chosen: list[tuple[Initializer, BiasInitializer]] = [first]
    for i in range(1, n_layers):
        last = i == n_layers - 1
        widening = math.sqrt(max(1.0, sizes[i + 1] / sizes[i]))  # then columns are shorter than 1
        weights = Orthogonal(_rounded(widening * (output if last else gain)))
        chosen.append((weights, _last_bias(bias) if last else bias))
    return chosen


def needs_centering(at: Critical) -> bool:
    """True where `phi` itself is nowhere critical, or centred passes on gradients far better."""
    if at.chi < 1 - 1e-6:
        return True
    return at.centered_gradient_spread < 0.5 * at.gradient_spread - 1e-6


def signals_keep_their_size(at: Critical) -> bool:
    """True where the point that is taken is no limit of ever smaller signals."""
    return (at.centered_fixed_point if needs_centering(at) else at.fixed_point) > 0


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
