"""Every optimiser by name; gradient descent with and without momentum is written out here.

The adaptive ones are in ``adaptive_optimizers``, what all share is in ``optimizer_base``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.construct import check_number, construct
from unstuck.base.errors import InvalidInputError
from unstuck.core.adaptive_optimizers import Adagrad, Adam, AdamW, RMSProp
from unstuck.core.optimizer_base import Optimizer

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSProp",
    "get_optimizer",
]


@dataclass(frozen=True, slots=True)
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum (Polyak, 1964) or Nesterov's variant.

    ``v = momentum v + g``; ``theta -= learning_rate v``, or with ``nesterov``
    ``theta -= learning_rate (g + momentum v)`` (Sutskever et al., 2013, as PyTorch writes it).
    """

    learning_rate: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        Optimizer.__post_init__(self)
        check_number(self, "momentum", low=0.0, high=1.0, open_high=True)
        if self.nesterov and not self.momentum:
            raise InvalidInputError(
                "SGD: nesterov needs momentum, got momentum=0; give for example momentum=0.9."
            )

    @property
    def slots(self) -> tuple[str, ...]:
        """``velocity``, where there is momentum."""
        return ("velocity",) if self.momentum else ()

    def _update(self, theta: Array, g: Array, state: list[Array], t: int, rate: float) -> None:
        if state:
            (v,) = state
            v *= self.momentum
            v += g
            if self.nesterov:
                g *= rate
                theta -= g
                rate *= self.momentum
            np.multiply(v, rate, out=g)
        else:
            g *= rate
        theta -= g


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "rmsprop": RMSProp,
    "adagrad": Adagrad,
    "adam": Adam,
    "adamw": AdamW,
}
"""Every optimiser, by name."""


def get_optimizer(spec: str | Optimizer, **options: Any) -> Optimizer:
    """The optimiser that ``spec`` names or is, with its options.

    >>> get_optimizer("sgd", momentum=0.9)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=False)
    >>> get_optimizer("adam", momentum=0.9)
    Traceback (most recent call last):
    ...
    unstuck.base.errors.InvalidInputError: unknown option of optimizer 'adam' 'momentum'; \
allowed: learning_rate, beta1, beta2, epsilon.
    """
    return construct(spec, OPTIMIZERS, Optimizer, "optimizer", options)
