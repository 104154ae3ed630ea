"""How biases begin; they are drawn after the weights of their layer and may look at them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.construct import check_number, construct
from unstuck.base.errors import InvalidInputError


class BiasInitializer(ABC):
    """Base of all bias initialisers: called with ``(rng, W)``, returns (fan_out,) in W's dtype."""

    def __call__(self, rng: np.random.Generator, W: Array) -> Array:
        """Draw the biases of the layer whose weights are ``W`` (fan_in, fan_out)."""
        return self._draw(rng, W).astype(W.dtype, copy=False)

    @abstractmethod
    def _draw(self, rng: np.random.Generator, W: Array) -> Array:
        """The biases, in any float dtype."""


@dataclass(frozen=True)
class BiasZeros(BiasInitializer):
    """All zeros: the usual start."""

    def _draw(self, rng: np.random.Generator, W: Array) -> Array:
        return np.zeros(W.shape[1])


@dataclass(frozen=True)
class BiasConstant(BiasInitializer):
    """Every bias the same; slightly above 0 keeps relu units alive at the start."""

    value: float = 0.01

    def __post_init__(self) -> None:
        check_number(self, "value")

    def _draw(self, rng: np.random.Generator, W: Array) -> Array:
        return np.full(W.shape[1], float(self.value))


@dataclass(frozen=True)
class BiasUniform(BiasInitializer):
    """Uniform on [-bound, bound); without a bound, ``1 / sqrt(fan_in)`` (LeCun et al., 1998)."""

    bound: float | None = None

    def __post_init__(self) -> None:
        if self.bound is not None:
            check_number(self, "bound", low=0.0)

    def _draw(self, rng: np.random.Generator, W: Array) -> Array:
        bound = 1 / math.sqrt(W.shape[0]) if self.bound is None else self.bound
        b: Array = rng.uniform(-bound, bound, size=(W.shape[1],))
        return b


@dataclass(frozen=True)
class CenteringBias(BiasInitializer):
    """``b = -c sum_i W_i``: an input of ``c`` everywhere gives 0 before the activation.

    For inputs that are not centred (pixels between 0 and 1, sigmoid outputs around 1/2), whose
    mean would otherwise push every unit to one side.

    >>> import numpy as np
    >>> W = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> CenteringBias(0.5)(np.random.default_rng(0), W)
    array([-2., -3.])
    """

    c: float = 0.5

    def __post_init__(self) -> None:
        check_number(self, "c")

    def _draw(self, rng: np.random.Generator, W: Array) -> Array:
        b: Array = -self.c * W.sum(axis=0)
        return b


@dataclass(frozen=True)
class CustomBias(BiasInitializer):
    """A function of your own, ``function(rng, W)``, its answer checked."""

    function: Callable[..., Any]

    def _draw(self, rng: np.random.Generator, W: Array) -> Array:
        b = np.asarray(self.function(rng, W.copy()))
        if b.shape != (W.shape[1],) or b.dtype.kind not in "fiu" or not np.isfinite(b).all():
            raise InvalidInputError(
                f"the bias initializer {self.function!r} must return finite numbers of shape "
                f"(fan_out,) = ({W.shape[1]},), got shape {b.shape}, dtype {b.dtype}."
            )
        return b


BIAS_INITIALIZERS: dict[str, type[BiasInitializer]] = {
    "zeros": BiasZeros,
    "constant": BiasConstant,
    "uniform": BiasUniform,
    "centering": CenteringBias,
}
"""Every bias initialiser, by name."""


def get_bias_initializer(
    spec: str | BiasInitializer | Callable[..., Any], **options: Any
) -> BiasInitializer:
    """The bias initialiser that ``spec`` names or is; any other callable becomes a custom one.

    >>> get_bias_initializer("uniform", bound=0.1)
    BiasUniform(bound=0.1)
    """
    if callable(spec) and not isinstance(spec, BiasInitializer):
        return CustomBias(spec)
    return construct(spec, BIAS_INITIALIZERS, BiasInitializer, "bias initializer", options)
