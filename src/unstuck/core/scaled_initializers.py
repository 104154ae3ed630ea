"""Weights whose variance follows the width of their layer, so that signals keep their size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.construct import check_number
from unstuck.core.initializer_base import Initializer


class _VarianceScaling(Initializer):
    """Zero mean, and a variance that depends on the width of the layer."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        """The variance of one weight."""
        raise NotImplementedError


class _ScaledNormal(_VarianceScaling):
    def _draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, math.sqrt(self.variance(fan_in, fan_out)), (fan_in, fan_out))


class _ScaledUniform(_VarianceScaling):
    def _draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        bound = math.sqrt(3 * self.variance(fan_in, fan_out))  # U(-c, c) has variance c^2 / 3
        return rng.uniform(-bound, bound, (fan_in, fan_out))


@dataclass(frozen=True)
class _Glorot(_VarianceScaling):
    gain: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "gain", low=0.0, open_low=True)

    def variance(self, fan_in: int, fan_out: int) -> float:
        """``2 gain^2 / (fan_in + fan_out)``."""
        return 2 * self.gain**2 / (fan_in + fan_out)


class GlorotNormal(_Glorot, _ScaledNormal):
    """Normal, variance ``2 gain^2 / (fan_in + fan_out)``: for tanh and softmax layers.

    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural
    networks, eq. 12.
    """


class GlorotUniform(_Glorot, _ScaledUniform):
    """Uniform, variance ``2 gain^2 / (fan_in + fan_out)``: for tanh and softmax layers.

    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural
    networks, eq. 16.
    """


@dataclass(frozen=True)
class _He(_VarianceScaling):
    negative_slope: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "negative_slope")

    def variance(self, fan_in: int, fan_out: int) -> float:
        """``2 / ((1 + negative_slope^2) fan_in)``."""
        return 2 / ((1 + self.negative_slope**2) * fan_in)


class HeNormal(_He, _ScaledNormal):
    """Normal, variance ``2 / ((1 + negative_slope^2) fan_in)``: for relu and its relatives.

    He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, arXiv:1502.01852, eq. 15.
    """


class HeUniform(_He, _ScaledUniform):
    """Uniform, variance ``2 / ((1 + negative_slope^2) fan_in)``: for relu and its relatives.

    He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, arXiv:1502.01852, eq. 15.
    """


@dataclass(frozen=True)
class _Lecun(_VarianceScaling):
    def variance(self, fan_in: int, fan_out: int) -> float:
        """``1 / fan_in``."""
        return 1 / fan_in


class LecunNormal(_Lecun, _ScaledNormal):
    """Normal, variance ``1 / fan_in``: for selu, and for any layer of unit slope.

    LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, section 4.6.
    """


class LecunUniform(_Lecun, _ScaledUniform):
    """Uniform, variance ``1 / fan_in``: for selu, and for any layer of unit slope.

    LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, section 4.6.
    """
