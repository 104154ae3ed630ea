"""Which layers make a multi-layer perceptron, and which initialiser fits which activation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import Activation
from unstuck.core.auto_initializer import Auto, choose_initializers
from unstuck.core.initializers import BiasInitializer, Initializer, get_initializer
from unstuck.core.layers import Activate, BatchNorm, Dense, Dropout, Layer

# He where half of the units are silent (He et al. 2015), LeCun for SELU (Klambauer et al.
# 2017), Glorot where the slope at zero is about one and the function is odd (Glorot 2010).
DEFAULT_INITIALIZERS = {
    "relu": "he_normal",
    "leaky_relu": "he_normal",
    "elu": "he_normal",
    "gelu": "he_normal",
    "silu": "he_normal",
    "softplus": "he_normal",
    "selu": "lecun_normal",
}
OTHERWISE = "glorot_uniform"


def mlp_layers(
    sizes: Sequence[int],
    hidden: Activation,
    output: Activation,
    initializer: Any,
    bias_initializer: Any,
    *,
    dropout: float,
    input_dropout: float,
    batch_norm: bool,
) -> list[Layer]:
    """Dense[, BatchNorm], activation[, Dropout] a hidden width; then Dense and activation."""
    if len(sizes) < 2:
        raise InvalidInputError(
            f"sizes is {list(sizes)!r}; give at least the number of inputs and of outputs."
        )
    layers: list[Layer] = [Dropout(input_dropout, sizes[0])] if input_dropout else []
    n_layers = len(sizes) - 1
    chosen: list[tuple[Initializer, BiasInitializer]] = []
    for i, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        is_last = i == n_layers - 1
        activation = output if is_last else hidden
        draw = get_initializer(
            DEFAULT_INITIALIZERS.get(activation.name, OTHERWISE)
            if initializer is None
            else initializer
        )
        bias: Any = "zeros"
        if isinstance(draw, Auto):
            chosen = chosen or choose_initializers(hidden, sizes)
            draw, bias = chosen[i]
        draw = draw.for_position(first=i == 0, last=is_last)
        bias = bias if bias_initializer is None else bias_initializer
        layers.append(Dense(fan_in, fan_out, draw, bias))
        if batch_norm and not is_last:
            layers.append(BatchNorm(fan_out))
        if activation.name != "identity" or is_last:
            layers.append(Activate(activation, fan_out))
        if dropout and not is_last:
            layers.append(Dropout(dropout, fan_out))
    return layers
