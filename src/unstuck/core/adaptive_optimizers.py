"""Optimisers that scale each parameter's step by the size of its own past gradients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.construct import check_number
from unstuck.core.optimizer_base import Optimizer


@dataclass(frozen=True, slots=True)
class RMSProp(Optimizer):
    """Divide by a running root mean square of the gradient (Tieleman and Hinton, 2012, lecture 6e).

    ``s = rho s + (1 - rho) g^2``; ``theta -= learning_rate g / (sqrt(s) + epsilon)``.
    """

    learning_rate: float = 0.001
    rho: float = 0.99
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        Optimizer.__post_init__(self)
        check_number(self, "rho", low=0.0, high=1.0, open_high=True)
        check_number(self, "epsilon", low=0.0, open_low=True)

    @property
    def slots(self) -> tuple[str, ...]:
        """``square``: the running mean of the squared gradient."""
        return ("square",)

    def _update(self, theta: Array, g: Array, state: list[Array], t: int, rate: float) -> None:
        (square,) = state
        scratch = np.multiply(g, g)
        scratch *= 1 - self.rho
        square *= self.rho
        square += scratch
        _descend(theta, g, square, scratch, rate, self.epsilon)


@dataclass(frozen=True, slots=True)
class Adagrad(Optimizer):
    """Divide by the root of the sum of all squared gradients (Duchi, Hazan and Singer, 2011).

    ``s = s + g^2``; ``theta -= learning_rate g / (sqrt(s) + epsilon)``.
    """

    learning_rate: float = 0.01
    epsilon: float = 1e-10

    def __post_init__(self) -> None:
        Optimizer.__post_init__(self)
        check_number(self, "epsilon", low=0.0, open_low=True)

    @property
    def slots(self) -> tuple[str, ...]:
        """``square``: the sum of the squared gradients."""
        return ("square",)

    @property
    def decaying(self) -> tuple[str, ...]:
        """None: a sum of squares only grows."""
        return ()

    def _update(self, theta: Array, g: Array, state: list[Array], t: int, rate: float) -> None:
        (square,) = state
        scratch = np.multiply(g, g)
        square += scratch
        _descend(theta, g, square, scratch, rate, self.epsilon)


@dataclass(frozen=True, slots=True)
class Adam(Optimizer):
    """Adaptive moments (Kingma and Ba, 2015, arXiv:1412.6980).

    ``m = beta1 m + (1 - beta1) g``; ``v = beta2 v + (1 - beta2) g^2``;
    ``theta -= learning_rate m' / (sqrt(v') + epsilon)``, with ``m' = m / (1 - beta1^t)`` and
    ``v' = v / (1 - beta2^t)`` correcting the start from zero.
    """

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        Optimizer.__post_init__(self)
        check_number(self, "beta1", low=0.0, high=1.0, open_high=True)
        check_number(self, "beta2", low=0.0, high=1.0, open_high=True)
        check_number(self, "epsilon", low=0.0, open_low=True)

    @property
    def slots(self) -> tuple[str, ...]:
        """``first_moment`` and ``second_moment``."""
        return ("first_moment", "second_moment")

    def _update(self, theta: Array, g: Array, state: list[Array], t: int, rate: float) -> None:
        m, v = state
        m -= g  # b m + (1 - b) g = b (m - g) + g: one pass and one scratch array less
        m *= self.beta1
        m += g
        g *= g
        g *= 1 - self.beta2
        v *= self.beta2
        v += g
        # Both corrections are pulled out of the arrays, as the paper advises at its section 2.
        root = math.sqrt(1 - self.beta2**t)
        np.sqrt(v, out=g)
        g += self.epsilon * root
        np.divide(m, g, out=g)
        g *= rate * root / (1 - self.beta1**t)
        theta -= g


@dataclass(frozen=True, slots=True)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019, arXiv:1711.05101).

    Before each step the weights, not the biases, shrink: ``W *= 1 - learning_rate weight_decay``.
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        Adam.__post_init__(self)
        check_number(self, "weight_decay", low=0.0)

    def _decay(self, theta: Array, rate: float, mask: AnyArray | None) -> None:
        decay = rate * self.weight_decay
        if mask is None:
            theta *= 1 - decay
        else:
            shrink: Array = mask.astype(theta.dtype)
            shrink *= -decay
            shrink += 1
            theta *= shrink


def _descend(
    theta: Array, g: Array, square: Array, scratch: Array, rate: float, epsilon: float
) -> None:
    """``theta -= rate g / (sqrt(square) + epsilon)``."""
    np.sqrt(square, out=scratch)
    scratch += epsilon
    g /= scratch
    g *= rate
    theta -= g
