"""How weights begin: the spread decides whether signals and gradients live through the layers.

This is the table of all initialisers; those of a fixed spread are written out here, those that
follow the width of the layer in ``scaled_initializers``, orthogonal and mirrored ones in
``structured_initializers``, the choice between them by theory in ``auto_initializer``, those of
the biases in ``bias_initializers``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.construct import check_number, construct
from unstuck.base.errors import InvalidInputError
from unstuck.core.auto_initializer import Auto
from unstuck.core.bias_initializers import (
    BIAS_INITIALIZERS,
    BiasInitializer,
    get_bias_initializer,
)
from unstuck.core.initializer_base import Initializer
from unstuck.core.scaled_initializers import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
)
from unstuck.core.structured_initializers import Mirrored, Orthogonal

__all__ = [
    "BIAS_INITIALIZERS",
    "INITIALIZERS",
    "Auto",
    "BiasInitializer",
    "Constant",
    "CustomInitializer",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Mirrored",
    "Normal",
    "Orthogonal",
    "TruncatedNormal",
    "Uniform",
    "Zeros",
    "get_bias_initializer",
    "get_initializer",
]

_CUT = 2.0  # a truncated normal keeps what lies within two standard deviations ...
_CUT_STD = 0.8796256610342398  # ... and has this standard deviation where the whole one has 1


@dataclass(frozen=True)
class Zeros(Initializer):
    """All zeros: every unit of a layer then stays like its neighbour, and nothing is learned."""

    def _draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return np.zeros((fan_in, fan_out))


@dataclass(frozen=True)
class Constant(Initializer):
    """Every weight the same: the units of a layer never come to differ."""

    value: float = 0.1

    def __post_init__(self) -> None:
        check_number(self, "value")

    def _draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return np.full((fan_in, fan_out), float(self.value))


@dataclass(frozen=True)
class Uniform(Initializer):
    """Uniform on [low, high), whatever the width."""

    low: float = -0.05
    high: float = 0.05

    def __post_init__(self) -> None:
        check_number(self, "low")
        check_number(self, "high")
        if not self.low < self.high:
            raise InvalidInputError(
                f"Uniform: low must be less than high, got {self.low} and {self.high}."
            )

    def _draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.uniform(self.low, self.high, (fan_in, fan_out))


@dataclass(frozen=True)
class Normal(Initializer):
    """Normal with the given mean and standard deviation, whatever the width."""

    mean: float = 0.0
    std: float = 0.05

    def __post_init__(self) -> None:
        check_number(self, "mean")
        check_number(self, "std", low=0.0)

    def _draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.normal(self.mean, self.std, (fan_in, fan_out))


@dataclass(frozen=True)
class TruncatedNormal(Normal):
    """A normal distribution without its tails: nothing beyond 2.27 ``std`` from the mean.

    ``std`` is the standard deviation that the weights really have: a wider normal distribution is
    cut at twice its own.
    """

    def _draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        x = rng.standard_normal((fan_in, fan_out))
        while True:
            outside = np.abs(x) > _CUT
            count = int(outside.sum())
            if count == 0:
                return self.mean + x * (self.std / _CUT_STD)
            x[outside] = rng.standard_normal(count)


@dataclass(frozen=True)
class CustomInitializer(Initializer):
    """A function of your own, ``function(rng, fan_in, fan_out, dtype)``, its answer checked."""

    function: Callable[..., Any]

    def _draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        W = np.asarray(self.function(rng, fan_in, fan_out, np.dtype(np.float64)))
        if W.shape != (fan_in, fan_out) or W.dtype.kind not in "fiu" or not np.isfinite(W).all():
            raise InvalidInputError(
                f"the initializer {self.function!r} must return finite numbers of shape "
                f"(fan_in, fan_out) = ({fan_in}, {fan_out}), got shape {W.shape}, dtype {W.dtype}."
            )
        return W.astype(np.float64)


INITIALIZERS: dict[str, type[Initializer]] = {
    "zeros": Zeros,
    "constant": Constant,
    "uniform": Uniform,
    "normal": Normal,
    "truncated_normal": TruncatedNormal,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "orthogonal": Orthogonal,
    "mirrored": Mirrored,
    "auto": Auto,
}
"""Every weight initialiser, by name."""


def get_initializer(spec: str | Initializer | Callable[..., Any], **options: Any) -> Initializer:
    """The initialiser that ``spec`` names or is; any other callable becomes a custom one.

    >>> get_initializer("normal", std=0.01)
    Normal(mean=0.0, std=0.01)
    """
    if callable(spec) and not isinstance(spec, Initializer):
        return CustomInitializer(spec)
    return construct(spec, INITIALIZERS, Initializer, "initializer", options)
