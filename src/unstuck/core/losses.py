"""A loss judges the outputs and starts the backward pass; with its output activation, if need be.

Cross-entropies are computed from the logits, fused with softmax or sigmoid: the gradient with
respect to the logits is then simply ``a - T``, and no logarithm of a rounded probability is taken.
The other losses look at the outputs alone and go with any output activation.

Reductions, fixed: sum over outputs, mean over samples (weighted mean, with sample weights ``w``);
the squared error is one half of that sum.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.construct import check_number, construct
from unstuck.base.errors import InvalidInputError
from unstuck.core import pairing
from unstuck.core.activations import ACTIVATIONS, Activation
from unstuck.core.targets import encode_targets

__all__ = [
    "LOSSES",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Huber",
    "Loss",
    "SquaredError",
    "encode_targets",
    "get_loss",
]

# Overflow to inf and underflow to 0 are for the trainer to judge (it watches the cost), not for
# a RuntimeWarning in the middle of a step.
_quiet = np.errstate


class Loss(ABC):
    """What every loss offers; shapes: ``z, a, T`` (n, k), ``w`` (n,) or None.

    ``z`` are the logits (the input of the output activation), ``a`` its outputs, ``T`` the
    encoded targets. A fused loss reads ``z`` and its own activation's ``a``; others read ``a``.
    """

    name: ClassVar[str]
    fused_activation: ClassVar[str | None] = None

    @abstractmethod
    def per_sample(self, z: Array, a: Array, T: Array) -> Array:
        """The loss of each sample, summed over the outputs: (n,)."""

    @abstractmethod
    def _residual(self, a: Array, T: Array, out: Array | None) -> Array:
        """Gradient of the summed loss, before it is averaged over samples: (n, k)."""

    def value(self, z: Array, a: Array, T: Array, w: Array | None = None) -> float:
        """The mean loss over the samples, weighted by ``w``; 0 where the weights sum to 0."""
        losses = self.per_sample(z, a, T)
        with _quiet(over="ignore", under="ignore", invalid="ignore"):
            if w is None:  # summed in float64: 60 000 float32 terms would lose digits
                return float(np.add.reduce(losses, dtype=np.float64)) / len(losses)
            return float(np.dot(losses.astype(np.float64), w)) / _total(w)

    def delta(
        self, z: Array, a: Array, T: Array, w: Array | None = None, out: Array | None = None
    ) -> Array:
        """Gradient of ``value`` with respect to ``z`` (fused losses) or ``a`` (others): (n, k).

        ``out`` may be ``a`` itself.
        """
        with _quiet(over="ignore", under="ignore", invalid="ignore"):
            delta = self._residual(a, T, out)
            if w is None:
                delta *= 1 / len(delta)
            else:
                delta *= (w / _total(w)).astype(delta.dtype)[:, None]
        return delta

    def check_pairing(self, activation: Activation) -> None:  # noqa: B027  most go with any
        """Raise InvalidInputError if the loss cannot work with this output activation."""

    def check_targets(self, T: Array, activation: Activation) -> None:
        """Raise InvalidInputError if the outputs can never reach these targets."""
        pairing.check_reach(self.name, T, activation)


@dataclass(frozen=True, slots=True)
class CrossEntropy(Loss):
    """``-sum_k T_k log softmax(z)_k``: one class out of k, fused with softmax.

    ``label_smoothing`` mixes that share of the uniform distribution into the targets (Szegedy et
    al., 2016, arXiv:1512.00567).

    >>> import numpy as np
    >>> z, T = np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])
    >>> round(CrossEntropy().value(z, np.array([[0.5, 0.5]]), T), 4)  # log 2
    0.6931
    """

    name: ClassVar[str] = "cross_entropy"
    fused_activation: ClassVar[str | None] = "softmax"
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "label_smoothing", low=0.0, high=1.0, open_high=True)

    @_quiet(over="ignore", under="ignore", invalid="ignore")
    def per_sample(self, z: Array, a: Array, T: Array) -> Array:
        """``log sum exp(z) - sum T z``, with the largest logit taken off first."""
        shifted = z - z.max(axis=1, keepdims=True)  # (n, k), all <= 0
        np.maximum(shifted, np.finfo(z.dtype).min, out=shifted)  # -inf times a zero target: NaN
        log_sum = np.log(np.exp(shifted).sum(axis=1))
        picked = np.einsum("ij,ij->i", T, shifted)
        if self.label_smoothing:
            picked *= 1 - self.label_smoothing
            picked += self.label_smoothing * shifted.mean(axis=1)
        losses: Array = np.subtract(log_sum, picked, out=log_sum)
        return losses

    def _residual(self, a: Array, T: Array, out: Array | None) -> Array:
        if not self.label_smoothing:
            return np.subtract(a, T, out=out)
        out = np.subtract(a, T * (1 - self.label_smoothing), out=out)
        out -= self.label_smoothing / T.shape[1]
        return out

    def check_pairing(self, activation: Activation) -> None:
        """Only softmax outputs are one distribution over the classes."""
        if activation != ACTIVATIONS["softmax"]:
            raise InvalidInputError(pairing.no_distribution(activation))

    def check_targets(self, T: Array, activation: Activation) -> None:
        """Each row a distribution over at least two classes."""
        pairing.check_distributions(T)


@dataclass(frozen=True, slots=True)
class BinaryCrossEntropy(Loss):
    """``-sum_k [T_k log s(z_k) + (1 - T_k) log(1 - s(z_k))]``: k yes-or-no labels, with sigmoid.

    Ten outputs at logit 0 cost 10 log 2:

    >>> import numpy as np
    >>> z, a, T = np.zeros((1, 10)), np.full((1, 10), 0.5), np.zeros((1, 10))
    >>> round(BinaryCrossEntropy().value(z, a, T), 6)
    6.931472
    """

    name: ClassVar[str] = "binary_cross_entropy"
    fused_activation: ClassVar[str | None] = "sigmoid"

    @_quiet(over="ignore", under="ignore", invalid="ignore")
    def per_sample(self, z: Array, a: Array, T: Array) -> Array:
        """``sum max(z, 0) - z T + log1p(exp(-|z|))``: no exponent is ever positive."""
        terms = np.abs(z)
        np.negative(terms, out=terms)
        np.exp(terms, out=terms)
        np.log1p(terms, out=terms)
        terms += np.maximum(z, 0) - z * T  # entry by entry: sums of large ones would cancel
        losses: Array = terms.sum(axis=1)
        return losses

    def _residual(self, a: Array, T: Array, out: Array | None) -> Array:
        return np.subtract(a, T, out=out)

    def check_pairing(self, activation: Activation) -> None:
        """Only sigmoid outputs are k separate probabilities."""
        if activation != ACTIVATIONS["sigmoid"]:
            raise InvalidInputError(pairing.no_probability(activation))

    def check_targets(self, T: Array, activation: Activation) -> None:
        """Each entry a probability."""
        pairing.check_probabilities(self.name, T)


@dataclass(frozen=True, slots=True)
class SquaredError(Loss):
    """``1/2 sum_k (a_k - T_k)^2``, with any output activation.

    >>> import numpy as np
    >>> SquaredError().value(np.zeros((1, 2)), np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]]))
    2.5
    """

    name: ClassVar[str] = "squared_error"

    @_quiet(over="ignore", under="ignore", invalid="ignore")
    def per_sample(self, z: Array, a: Array, T: Array) -> Array:
        """Half the squared distance of each row."""
        error = a - T
        losses: Array = np.einsum("ij,ij->i", error, error)
        losses *= 0.5
        return losses

    def _residual(self, a: Array, T: Array, out: Array | None) -> Array:
        return np.subtract(a, T, out=out)


@dataclass(frozen=True, slots=True)
class Huber(Loss):
    """Half the squared error up to ``threshold``, linear beyond it (Huber, 1964).

    Outliers pull with a bounded force: each entry of the gradient is at most ``threshold``.

    >>> import numpy as np
    >>> Huber(1.0).value(np.zeros((1, 1)), np.array([[3.0]]), np.array([[0.0]]))
    2.5
    """

    name: ClassVar[str] = "huber"
    threshold: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "threshold", low=0.0, open_low=True)

    @_quiet(over="ignore", under="ignore", invalid="ignore")
    def per_sample(self, z: Array, a: Array, T: Array) -> Array:
        """``q (|r| - q / 2)`` with ``q = min(|r|, threshold)``: both branches in one formula."""
        error = np.abs(a - T)
        near = np.minimum(error, self.threshold)
        error -= near / 2
        error *= near
        losses: Array = error.sum(axis=1)
        return losses

    def _residual(self, a: Array, T: Array, out: Array | None) -> Array:
        out = np.subtract(a, T, out=out)
        return np.clip(out, -self.threshold, self.threshold, out=out)


LOSSES: dict[str, type[Loss]] = {
    loss.name: loss for loss in (CrossEntropy, BinaryCrossEntropy, SquaredError, Huber)
}
"""Every loss, by name."""


def get_loss(spec: str | Loss, **options: Any) -> Loss:
    """The loss that ``spec`` names or is, with its options.

    >>> get_loss("cross_entropy", label_smoothing=0.1)
    CrossEntropy(label_smoothing=0.1)
    """
    return construct(spec, LOSSES, Loss, "loss", options)


def _total(w: Array) -> float:
    """The sum of the weights; 1 where it is 0, so that such a batch costs and moves nothing."""
    return float(np.add.reduce(w, dtype=np.float64)) or 1.0
