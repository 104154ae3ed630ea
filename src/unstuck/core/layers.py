"""The layers a network is a sequence of: what each computes, and the chain rule through it.

A layer owns no arrays. It says which parameters it needs (`shapes`), fills them once
(`initialize`), and computes with the views that the network hands it:

    forward    y  = f(x; W, b)
    backward   given  dy = dL/dy,  write  dL/dW, dL/db  and return  dL/dx

Samples are rows: ``x`` is (n, fan_in), ``y`` is (n, fan_out), weights are (fan_in, fan_out).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import Activation, get_activation
from unstuck.core.initializers import get_bias_initializer, get_initializer

Views = Mapping[str, Array]


@dataclass(slots=True)
class Pass:
    """How a forward pass is run, and what one layer keeps of it for the way back."""

    training: bool = False  # batch statistics and dropout, or running statistics and none
    rng: np.random.Generator | None = None  # draws dropout masks; None switches dropout off
    update_state: bool = False  # may running statistics be moved by this pass?
    kept: dict[str, Array] = field(default_factory=dict)


class Layer(Protocol):
    """What a network asks of a layer."""

    kind: str
    fan_in: int
    fan_out: int

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Parameters by local name, in the order in which they lie in the flat buffer."""

    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        """Arrays that are saved with the model but not trained (running statistics)."""

    def initialize(self, rng: np.random.Generator, p: Views, state: Views) -> None:
        """Fill parameters and state in place."""

    def forward(self, x: Array, p: Views, state: Views, run: Pass, out: Array | None) -> Array:
        """``y``, shape (n, fan_out), written into ``out`` when that is given."""

    def backward(
        self, dy: Array, x: Array, y: Array, p: Views, g: Views, run: Pass, out: Array | None
    ) -> Array:
        """Write the parameter gradients into ``g``; return ``dL/dx``, shape (n, fan_in)."""


class _Stateless:
    """What most layers have in common: no parameters, no state, nothing to fill."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {}

    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        return {}

    def initialize(self, rng: np.random.Generator, p: Views, state: Views) -> None:
        pass


class Dense(_Stateless):
    """An affine map, ``z = x W + b``.

    Parameters
    ----------
    fan_in, fan_out : int
        Features in and units out: ``W`` is (fan_in, fan_out), ``b`` is (fan_out,).
    initializer : str or callable
        Draws ``W``: a name of `unstuck.core.initializers.INITIALIZERS` or
        ``f(rng, fan_in, fan_out, dtype)``.
    bias_initializer : str or callable
        Draws ``b`` and may look at ``W``: ``f(rng, W)``.

    Examples
    --------
    >>> Dense(64, 10).shapes()
    {'W': (64, 10), 'b': (10,)}
    """

    kind = "dense"

    def __init__(
        self,
        fan_in: int,
        fan_out: int,
        initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
    ) -> None:
        self.fan_in = positive_width(fan_in, "fan_in")
        self.fan_out = positive_width(fan_out, "fan_out")
        self.initializer = get_initializer(initializer)
        self.bias_initializer = get_bias_initializer(bias_initializer)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """``W`` (fan_in, fan_out) and ``b`` (fan_out,)."""
        return {"W": (self.fan_in, self.fan_out), "b": (self.fan_out,)}

    def initialize(self, rng: np.random.Generator, p: Views, state: Views) -> None:
        """Draw ``W``, then ``b``, which may depend on ``W``."""
        p["W"][...] = self.initializer(rng, self.fan_in, self.fan_out, p["W"].dtype)
        p["b"][...] = self.bias_initializer(rng, p["W"])

    def forward(self, x: Array, p: Views, state: Views, run: Pass, out: Array | None) -> Array:
        """``x W + b``."""
        z = np.matmul(x, p["W"], out=out)  # (n, fan_out)
        z += p["b"]
        return z

    def backward(
        self, dy: Array, x: Array, y: Array, p: Views, g: Views, run: Pass, out: Array | None
    ) -> Array:
        """``dW = x' dz``, ``db = sum of dz over samples``, ``dx = dz W'``."""
        self.parameter_gradient(dy, x, g)
        return np.matmul(dy, p["W"].T, out=out)  # (n, fan_in)

    def parameter_gradient(self, dy: Array, x: Array, g: Views) -> None:
        """The half of `backward` that the first layer of a network can stop after."""
        np.matmul(x.T, dy, out=g["W"])  # (fan_in, fan_out)
        np.add.reduce(dy, axis=0, out=g["b"])  # (fan_out,)


class Activate(_Stateless):
    """An activation function applied to every entry (softmax: to every row).

    Examples
    --------
    >>> Activate("relu", 20).activation.name
    'relu'
    """

    kind = "activate"

    def __init__(self, activation: Any, width: int) -> None:
        self.activation: Activation = get_activation(activation)
        self.fan_in = self.fan_out = positive_width(width, "width")

    def forward(self, x: Array, p: Views, state: Views, run: Pass, out: Array | None) -> Array:
        """``a = phi(z)``."""
        return self.activation.value(x, out)

    def backward(
        self, dy: Array, x: Array, y: Array, p: Views, g: Views, run: Pass, out: Array | None
    ) -> Array:
        """``dz = da * phi'(z)``."""
        return self.activation.vjp(dy, x, y, out)


class Dropout(_Stateless):
    """Zero a share ``rate`` of the inputs while training, and scale up the rest by 1/(1 - rate).

    Srivastava et al. (2014), *Dropout: a simple way to prevent neural networks from
    overfitting*, in the inverted form: prediction needs no correction.

    Examples
    --------
    >>> Dropout(0.5, 20).rate
    0.5
    """

    kind = "dropout"

    def __init__(self, rate: float, width: int) -> None:
        if not 0.0 <= rate < 1.0:
            raise InvalidInputError(f"dropout rate is {rate!r}; allowed: 0 <= rate < 1.")
        self.rate = float(rate)
        self.fan_in = self.fan_out = positive_width(width, "width")

    def forward(self, x: Array, p: Views, state: Views, run: Pass, out: Array | None) -> Array:
        """``x * mask``, with the mask kept for the way back."""
        if not run.training or run.rng is None or self.rate == 0.0:
            run.kept.pop("mask", None)
            if out is None:
                return x
            np.copyto(out, x)
            return out
        kept = run.rng.random(x.shape, dtype=np.float32) >= self.rate
        mask = kept.astype(x.dtype)
        mask *= 1.0 / (1.0 - self.rate)
        run.kept["mask"] = mask
        return np.multiply(x, mask, out=out)

    def backward(
        self, dy: Array, x: Array, y: Array, p: Views, g: Views, run: Pass, out: Array | None
    ) -> Array:
        """``dx = dy * mask``."""
        mask = run.kept.get("mask")
        if mask is not None:
            return np.multiply(dy, mask, out=out)
        if out is None:
            return dy
        np.copyto(out, dy)
        return out


class BatchNorm(_Stateless):
    """Standardise every feature over the batch, then scale by ``gamma`` and shift by ``beta``.

    Ioffe & Szegedy (2015), *Batch normalization*. Prediction uses running statistics,
    moved by ``running += (1 - momentum) * (batch - running)`` at every training step.

    Examples
    --------
    >>> BatchNorm(20).shapes()
    {'gamma': (20,), 'beta': (20,)}
    """

    kind = "batch_norm"

    def __init__(self, width: int, momentum: float = 0.9, epsilon: float = 1e-5) -> None:
        if not 0.0 <= momentum < 1.0:
            raise InvalidInputError(f"BatchNorm momentum is {momentum!r}; allowed: 0 <= m < 1.")
        if not epsilon > 0.0:
            raise InvalidInputError(f"BatchNorm epsilon is {epsilon!r}; allowed: > 0.")
        self.fan_in = self.fan_out = positive_width(width, "width")
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """``gamma`` and ``beta``, one entry a feature."""
        return {"gamma": (self.fan_in,), "beta": (self.fan_in,)}

    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        """Running mean and variance, one entry a feature."""
        return {"running_mean": (self.fan_in,), "running_variance": (self.fan_in,)}

    def initialize(self, rng: np.random.Generator, p: Views, state: Views) -> None:
        """The identity on standardised inputs."""
        p["gamma"][...] = 1.0
        p["beta"][...] = 0.0
        state["running_mean"][...] = 0.0
        state["running_variance"][...] = 1.0

    def forward(self, x: Array, p: Views, state: Views, run: Pass, out: Array | None) -> Array:
        """``gamma * (x - mean) / sqrt(variance + epsilon) + beta``."""
        if run.training:
            mean, variance = x.mean(axis=0), x.var(axis=0)
            if run.update_state:
                share = 1.0 - self.momentum
                state["running_mean"][...] += share * (mean - state["running_mean"])
                state["running_variance"][...] += share * (variance - state["running_variance"])
        else:
            mean, variance = state["running_mean"], state["running_variance"]
        inverse_std = 1.0 / np.sqrt(variance + x.dtype.type(self.epsilon))
        normal = (x - mean) * inverse_std  # (n, width)
        run.kept["normal"], run.kept["inverse_std"] = normal, inverse_std
        y: Array = np.multiply(normal, p["gamma"], out=out)
        y += p["beta"]
        return y

    def backward(
        self, dy: Array, x: Array, y: Array, p: Views, g: Views, run: Pass, out: Array | None
    ) -> Array:
        """Through the batch's own mean and variance when they were used, else straight."""
        normal, inverse_std = run.kept["normal"], run.kept["inverse_std"]
        np.einsum("ij,ij->j", dy, normal, out=g["gamma"])
        np.add.reduce(dy, axis=0, out=g["beta"])
        slope = p["gamma"] * inverse_std
        if not run.training:
            straight: Array = np.multiply(dy, slope, out=out)
            return straight
        n = dy.shape[0]
        centred = dy - g["beta"] / n - normal * (g["gamma"] / n)  # (n, width)
        dx: Array = np.multiply(centred, slope, out=out)
        return dx


def positive_width(width: Any, what: str) -> int:
    """``width`` as an int of at least 1, or an error that names it."""
    if isinstance(width, bool) or not isinstance(width, (int, np.integer)) or width < 1:
        raise InvalidInputError(f"{what} is {width!r}; allowed: a whole number of at least 1.")
    return int(width)
