"""The critical gain: weights at which signals and gradients live through any depth.

Of the two maps in `mean_field`, the second decides: where ``chi < 1`` all inputs look alike after
some layers and gradients die out, where ``chi > 1`` neighbours part and gradients explode. In
between lies a line, ``chi = 1`` at a fixed point of the length map. `critical` takes the point on
it that needs the least random bias, among those that signals of ``input_variance`` settle on.

Activations whose outputs have a mean (a sigmoid's is 1/2) also have a second such point, for
``phi - c``: `CenteringBias` takes ``c`` off the inputs of every layer, at no cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import Activation, get_activation
from unstuck.core.gaussian import finite_variance
from unstuck.core.mean_field import MeanField
from unstuck.core.operating_point import operating_point

_ON_THE_LINE = 1e-9  # |chi - 1| below it is rounding


@dataclass(frozen=True, slots=True)
class Critical:
    """Where an activation is critical, as it is and centred.

    ``activation`` is its name; weights of variance ``gain^2 / fan_in`` and biases of variance
    ``bias_variance`` keep pre-activations at the variance ``fixed_point`` (0 where the point is
    the limit of ever smaller signals), where ``chi`` is the growth of small differences and
    ``depth_scale = 1 / |log chi|`` the number of layers a signal lives, infinite at ``chi = 1``.
    ``mean`` is E[phi] there. ``input_variance`` is that of the first pre-activations.
    ``gradient_spread`` is ``E[phi'^4] / E[phi'^2]^2 - 1``: how unequally a layer passes gradients
    on, 0 for a linear one (Pennington, Schoenholz and Ganguli, 2017, arXiv:1711.04735).

    The ``centered_`` fields say the same of ``phi - shift``, with ``shift = E[phi]``.

    >>> at = critical("tanh")
    >>> round(at.gain, 6), at.bias_variance, at.depth_scale
    (1.0, 0.0, inf)
    """

    activation: str
    gain: float
    bias_variance: float
    fixed_point: float
    chi: float
    depth_scale: float
    mean: float
    gradient_spread: float
    shift: float
    centered_gain: float
    centered_bias_variance: float
    centered_fixed_point: float
    centered_gradient_spread: float
    input_variance: float


@dataclass(frozen=True, slots=True)
class SignalDepth:
    """What becomes of signals under given weights: see `depth_scale_at`.

    ``fixed_point`` is the variance that pre-activations settle on (0: they die out, infinite:
    they explode), ``chi`` the growth of small differences there, ``depth_scale`` the number of
    layers over which a difference or a squared gradient changes by a factor e.
    """

    activation: str
    gain: float
    bias_std: float
    fixed_point: float
    chi: float
    depth_scale: float

    @property
    def phase(self) -> str:
        """``"ordered"`` (all inputs come to look alike), ``"chaotic"`` or ``"critical"``."""
        if math.isinf(self.depth_scale):
            return "critical"
        return "ordered" if self.chi < 1 else "chaotic"


class CriticalLine(NamedTuple):
    """Pairs on the line ``chi = 1``, each (n,); ``bias_std`` is NaN where no bias reaches it."""

    gain: Array
    bias_std: Array


def critical(
    activation: str | Activation | Callable[..., Any], *, input_variance: float = 1.0
) -> Critical:
    """The critical gain of any activation, by theory alone.

    ``activation`` is a name, an `Activation`, or a function of an array, elementwise; where it
    comes without a derivative, each of its smooth pieces is differentiated numerically. Signals
    start with ``input_variance``, which also is the fixed point where any would do (relu).

    Where no point is critical (softplus: its mean always wins), the gain keeps
    ``input_variance``, and ``chi`` is not 1.

    Raises InvalidInputError for softmax, and for an activation that is not finite, is flat
    everywhere or is too wild to be integrated.

    Poole et al. (2016), arXiv:1606.05340; Schoenholz et al. (2017), arXiv:1611.01232; Hayou,
    Doucet and Rousseau (2019), arXiv:1902.06853.

    >>> import numpy as np
    >>> round(critical("relu").gain ** 2, 9)
    2.0
    >>> at = critical(lambda z: 1 / (1 + np.exp(-z)))
    >>> round(at.centered_gain, 6), round(at.shift, 6)
    (4.0, 0.5)
    """
    variance = finite_variance(input_variance, "input_variance")
    if variance == 0.0:
        raise InvalidInputError(
            "input_variance is 0: a signal that never varies carries nothing; give the variance "
            "of the first layer's pre-activations, 1 for standardised inputs."
        )
    found = get_activation(activation)
    at: Critical = _hashed(_critical, found, variance)
    return at


def critical_line(
    activation: str | Activation | Callable[..., Any], fixed_points: Iterable[float]
) -> CriticalLine:
    """Gain and standard deviation of the bias at which ``chi = 1``, for each fixed point.

    The fixed points are variances of the pre-activations, above 0.

    >>> line = critical_line("tanh", [0.5, 1.0])
    >>> line.gain.round(4), line.bias_std.round(4)
    (array([1.2992, 1.4674]), array([0.195 , 0.3885]))
    """
    found = get_activation(activation)
    points = [finite_variance(q, "a fixed point") for q in fixed_points]
    if not points or min(points) == 0.0:
        raise InvalidInputError(f"fixed_points is {points}; give variances above 0.")
    field: MeanField = _hashed(MeanField.of, found, max(points))
    gains, biases = [], []
    for q in points:
        at = field.at(q)
        gains.append(1 / math.sqrt(at.slope_square[0]))
        rest = q - float(at.square[0] / at.slope_square[0])
        rest = 0.0 if abs(rest) < 1e-12 * q else rest
        biases.append(math.sqrt(rest) if rest >= 0 else math.nan)
    return CriticalLine(np.array(gains), np.array(biases))


def depth_scale_at(
    activation: str | Activation | Callable[..., Any],
    gain: float,
    bias_std: float = 0.0,
    *,
    input_variance: float = 1.0,
) -> SignalDepth:
    """What weights of variance ``gain^2 / fan_in`` do to signals, whatever the activation.

    Glorot's weights have gain 1 in a layer as wide as the one before it, He's have sqrt 2.
    A network trains to about six times the depth scale.

    >>> start = depth_scale_at("sigmoid", gain=1.0)
    >>> start.phase, round(start.depth_scale, 2)
    ('ordered', 0.35)
    """
    gain, bias_std = finite_variance(gain, "gain"), finite_variance(bias_std, "bias_std")
    start = finite_variance(input_variance, "input_variance")
    found = get_activation(activation)
    field: MeanField = _hashed(MeanField.of, found, start)
    q = field.settles_at(start, gain**2, bias_std**2)
    chi = gain**2 * field.slope_square_near(q)
    return SignalDepth(found.name, gain, bias_std, q, chi, _depth_scale(chi))


def _critical(activation: Activation, input_variance: float) -> Critical:
    field = MeanField.of(activation, input_variance)
    plain = operating_point(field, input_variance, centered=False)
    centered = operating_point(field, input_variance, centered=True)
    return Critical(
        activation=activation.name,
        gain=plain.gain,
        bias_variance=plain.bias_variance,
        fixed_point=plain.q,
        chi=plain.chi,
        depth_scale=_depth_scale(plain.chi),
        mean=plain.mean,
        gradient_spread=plain.spread,
        shift=centered.mean,
        centered_gain=centered.gain,
        centered_bias_variance=centered.bias_variance,
        centered_fixed_point=centered.q,
        centered_gradient_spread=centered.spread,
        input_variance=input_variance,
    )


def _depth_scale(chi: float) -> float:
    if chi <= 0.0:
        return 0.0
    return math.inf if abs(chi - 1) < _ON_THE_LINE else 1 / abs(math.log(chi))


_remembered = lru_cache(maxsize=128)(lambda function, *key: function(*key))


def _hashed(function: Callable[..., Any], activation: Activation, variance: float) -> Any:
    """What was worked out before, unless the activation is a function that cannot be a key."""
    try:
        hash(activation)
    except TypeError:
        return function(activation, variance)
    return _remembered(function, activation, variance)
