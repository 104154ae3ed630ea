"""Which targets and output activations a loss can work with, and what to say where it cannot.

Every refusal has the same form: what does not go together, why, and the two usual repairs.
"""

from __future__ import annotations

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import ACTIVATIONS, Activation

_ROUNDING = 1e-6  # targets scaled into a range by float arithmetic may stick out by so much
_SUM_TOLERANCE = 1e-3  # rows of rounded probabilities, or of float32 ones over many classes


def no_distribution(activation: Activation) -> str:
    """Why cross_entropy refuses this output activation."""
    if activation == ACTIVATIONS["sigmoid"]:
        why = "sigmoid outputs are k separate probabilities, whose sum can be anything up to k"
        other = 'keep sigmoid, for labels that can hold together, with loss="binary_cross_entropy"'
    else:
        why, other = _no_logarithm(activation), _squared_error(activation)
    return (
        f"cross_entropy cannot work with a {activation.name} output: it needs the probabilities "
        f"of k classes, which sum to 1, and {why}. Two usual repairs: "
        f'output_activation="softmax" (one class per sample), or {other}.'
    )


def no_probability(activation: Activation) -> str:
    """Why binary_cross_entropy refuses this output activation."""
    if activation == ACTIVATIONS["softmax"]:
        why = "softmax outputs sum to 1, so that one label can rise only where another falls"
        other = 'keep softmax, for one class per sample, with loss="cross_entropy"'
    else:
        why, other = _no_logarithm(activation), _squared_error(activation)
    return (
        f"binary_cross_entropy cannot work with a {activation.name} output: each output must be "
        f"a probability of its own, and {why}. Two usual repairs: "
        f'output_activation="sigmoid" (targets 0 and 1), or {other}.'
    )


def check_reach(loss: str, T: Array, activation: Activation) -> None:
    """Refuse targets (n, k) that lie outside the closed range of the output activation."""
    low, high = activation.range
    bad = _first_outside(T, low, high)
    if bad is None:
        return
    row, value = bad
    if (low, high) == (0.0, 1.0):
        repairs = 'encode the targets between 0 and 1, or output_activation="tanh" (targets -1..+1)'
    elif (low, high) == (-1.0, 1.0):
        repairs = (
            "encode the targets between -1 and +1 (class labels: one output per class), or "
            'output_activation="identity" (targets of any size)'
        )
    else:
        repairs = (
            'rescale the targets into that range, or output_activation="identity" (targets of '
            "any size)"
        )
    raise InvalidInputError(
        f"{loss}: the target {value:g} in row {row} is out of reach: a {activation.name} output "
        f"stays within {low:.4g} and {high:.4g}, so that the cost cannot come near its minimum. "
        f"Two usual repairs: {repairs}."
    )


def check_probabilities(loss: str, T: Array) -> None:
    """Refuse targets (n, k) outside 0 and 1."""
    bad = _first_outside(T, 0.0, 1.0)
    if bad is None:
        return
    row, value = bad
    raise InvalidInputError(
        f"{loss}: targets must be probabilities between 0 and 1, row {row} holds {value:g}. Two "
        "usual repairs: encode the targets as 0 and 1, or change the loss to "
        'loss="squared_error" with output_activation="tanh" (targets -1 and +1) or "identity" '
        "(any number)."
    )


def check_distributions(T: Array) -> None:
    """Refuse targets (n, k) whose rows are not distributions over at least two classes."""
    if T.shape[1] == 1:
        raise InvalidInputError(
            "cross_entropy over one output has nothing to learn: the softmax of a single logit is "
            "always 1. Two usual repairs: two outputs (one per class), or one output with "
            'output_activation="sigmoid" and loss="binary_cross_entropy".'
        )
    check_probabilities("cross_entropy", T)
    sums = T.sum(axis=1, dtype=np.float64)  # (n,)
    wrong = np.flatnonzero(np.abs(sums - 1) > _SUM_TOLERANCE)
    if wrong.size:
        row = int(wrong[0])
        raise InvalidInputError(
            f"cross_entropy: the targets of each row must sum to 1, row {row} sums to "
            f"{sums[row]:.6g}. Two usual repairs: divide each row by its sum, or, where several "
            'labels can hold together, output_activation="sigmoid" with '
            'loss="binary_cross_entropy".'
        )


def _no_logarithm(activation: Activation) -> str:
    low, high = activation.range
    if low < 0 or high > 1:
        return (
            f"{activation.name} outputs range from {low:.4g} to {high:.4g}: the logarithm of such "
            "a number is no log-probability"
        )
    return "the stable formula is fused with that activation and computed from its input"


def _squared_error(activation: Activation) -> str:
    targets = " (targets -1 and +1)" if activation.range == (-1.0, 1.0) else ""
    return f'keep {activation.name} with loss="squared_error"{targets}'


def _first_outside(T: Array, low: float, high: float) -> tuple[int, float] | None:
    """The first row that leaves the closed interval, with the value, or None."""
    low, high = low - _ROUNDING, high + _ROUNDING
    if T.min() >= low and T.max() <= high:
        return None
    row, column = np.argwhere(~((low <= T) & (high >= T)))[0]
    return int(row), float(T[row, column])
