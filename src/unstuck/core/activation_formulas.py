"""The formulas of the activations: plain functions on arrays, exact and free of overflow.

Each activation is a pair. ``f(z, out=None)`` returns the outputs ``a`` (``out`` may be ``z``);
``f_slope(z, a)`` returns the derivative at ``z``, from ``a`` alone wherever that loses nothing, so
that the layer need not keep ``z``.

Where a formula passes through ``exp(large) = inf`` on its way to a right and finite answer
(``1 / (1 + inf) = 0``), it says so with ``np.errstate``: 0.3 us a call, against a pass over the
whole array for clipping its argument first.
"""

from __future__ import annotations

import math

import numpy as np

from unstuck.base.arrays import Array

LEAKY_SLOPE = 0.01
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946

quiet = np.errstate  # read as: these floating-point events are part of the formula


def identity(z: Array, out: Array | None = None) -> Array:
    """``a = z``."""
    if out is None:
        return z.copy()
    if out is not z:
        np.copyto(out, z)
    return out


def identity_slope(_z: Array | None, a: Array) -> Array:
    """1 everywhere."""
    return np.ones_like(a)


def identity_pullback(delta: Array, _z: Array | None, _a: Array, out: Array | None) -> Array:
    """The gradient passes through unchanged."""
    return identity(delta, out)


@quiet(over="ignore", under="ignore")
def sigmoid(z: Array, out: Array | None = None) -> Array:
    """``1 / (1 + exp(-z))``, accurate to the last digits on both sides.

    ``exp(-z)`` becomes infinite only where the result is below the smallest normal number, and
    ``1 / inf`` is then the right answer: 0.
    """
    out = np.negative(z, out=out)
    np.exp(out, out=out)
    out += 1
    return np.divide(1, out, out=out)


@quiet(under="ignore")
def sigmoid_slope(_z: Array | None, a: Array) -> Array:
    """``a (1 - a)``."""
    slope = np.subtract(1, a)
    slope *= a
    return slope


@quiet(under="ignore")
def tanh(z: Array, out: Array | None = None) -> Array:
    """``tanh z``."""
    return np.tanh(z, out=out)


@quiet(under="ignore")
def tanh_slope(_z: Array | None, a: Array) -> Array:
    """``1 - a^2``."""
    slope = np.multiply(a, a)
    return np.subtract(1, slope, out=slope)


def relu(z: Array, out: Array | None = None) -> Array:
    """``max(z, 0)``."""
    return np.maximum(z, 0, out=out)


def relu_slope(_z: Array | None, a: Array) -> Array:
    """1 where ``z > 0``, else 0 (0 at the kink itself)."""
    return np.greater(a, 0).astype(a.dtype)


@quiet(under="ignore")
def leaky_relu(z: Array, out: Array | None = None) -> Array:
    """``z`` where ``z > 0``, else ``0.01 z`` (Maas, Hannun and Ng, 2013)."""
    return np.maximum(z, np.multiply(z, LEAKY_SLOPE), out=out)


def leaky_relu_slope(_z: Array | None, a: Array) -> Array:
    """1 where ``z > 0``, else 0.01."""
    slope = relu_slope(None, a)
    return np.maximum(slope, LEAKY_SLOPE, out=slope)  # 4.9 us for 64 x 128, np.where 6.5


@quiet(under="ignore")
def elu(z: Array, out: Array | None = None) -> Array:
    """``z`` where ``z > 0``, else ``exp(z) - 1`` (Clevert, Unterthiner and Hochreiter, 2016)."""
    negative = np.minimum(z, 0)
    np.expm1(negative, out=negative)
    out = np.maximum(z, 0, out=out)
    out += negative
    return out


def elu_slope(_z: Array | None, a: Array) -> Array:
    """1 where ``z > 0``, else ``exp(z) = a + 1``."""
    slope = np.minimum(a, 0)
    slope += 1
    return slope


@quiet(over="ignore", under="ignore")
def selu(z: Array, out: Array | None = None) -> Array:
    """``1.0507 z`` where ``z > 0``, else ``1.758 (exp(z) - 1)`` (Klambauer et al., 2017)."""
    negative = np.minimum(z, 0)
    np.expm1(negative, out=negative)
    negative *= SELU_ALPHA
    out = np.maximum(z, 0, out=out)
    out += negative
    out *= SELU_SCALE
    return out


def selu_slope(_z: Array | None, a: Array) -> Array:
    """1.0507 where ``z > 0``, else ``a + 1.758``."""
    scale = a.dtype.type(SELU_SCALE)
    return np.where(a > 0, scale, a + a.dtype.type(SELU_SCALE * SELU_ALPHA))


@quiet(over="ignore", under="ignore")
def gelu(z: Array, out: Array | None = None) -> Array:
    """``z Phi(z)`` with the normal distribution function, not its tanh approximation.

    Hendrycks and Gimpel (2016), arXiv:1606.08415.
    """
    from scipy.special import ndtr  # lazy: scipy.special is slow to import

    return np.multiply(z, ndtr(z), out=out)


@quiet(over="ignore", under="ignore")
def gelu_slope(z: Array | None, _a: Array) -> Array:
    """``Phi(z) + z phi(z)``; ``z^2`` may overflow to inf, where ``exp(-inf) = 0`` is right."""
    from scipy.special import ndtr  # lazy, as above

    z = needs_input(z, "gelu")
    slope = np.multiply(z, z)
    slope *= -0.5
    np.exp(slope, out=slope)
    slope *= z
    slope *= 1 / math.sqrt(2 * math.pi)
    slope += ndtr(z)
    return slope


@quiet(under="ignore")
def softplus(z: Array, out: Array | None = None) -> Array:
    """``log(1 + exp(z)) = max(z, 0) + log1p(exp(-|z|))`` (Dugas et al., 2001)."""
    rest = np.abs(z)
    np.negative(rest, out=rest)
    np.exp(rest, out=rest)
    np.log1p(rest, out=rest)
    out = np.maximum(z, 0, out=out)
    out += rest
    return out


@quiet(under="ignore")
def softplus_slope(_z: Array | None, a: Array) -> Array:
    """``sigmoid(z) = 1 - exp(-a)``: exact from the output alone."""
    slope = np.negative(a)
    np.expm1(slope, out=slope)
    return np.negative(slope, out=slope)


@quiet(under="ignore")
def silu(z: Array, out: Array | None = None) -> Array:
    """``z sigmoid(z)``, also called swish (Elfwing, Uchibe and Doya, 2018)."""
    return np.multiply(z, sigmoid(z), out=out)


@quiet(under="ignore")
def silu_slope(z: Array | None, _a: Array) -> Array:
    """``s (1 + z (1 - s))`` with ``s = sigmoid(z)``."""
    z = needs_input(z, "silu")
    s = sigmoid(z)
    slope = np.subtract(1, s)
    slope *= z
    slope += 1
    slope *= s
    return slope


@quiet(over="ignore", under="ignore")
def softmax(z: Array, out: Array | None = None) -> Array:
    """``exp(z) / sum(exp(z))`` along the last axis, shifted so that the largest exponent is 0."""
    out = np.subtract(z, z.max(axis=-1, keepdims=True), out=out)
    np.exp(out, out=out)
    out /= out.sum(axis=-1, keepdims=True)
    return out


@quiet(under="ignore")
def softmax_slope(_z: Array | None, a: Array) -> Array:
    """The diagonal ``a (1 - a)`` of the Jacobian; the whole of it is in ``softmax_pullback``."""
    return sigmoid_slope(None, a)


@quiet(under="ignore")
def softmax_pullback(delta: Array, _z: Array | None, a: Array, out: Array | None) -> Array:
    """Jacobian product: ``a (delta - sum(delta a))`` along the last axis."""
    mean = np.multiply(delta, a).sum(axis=-1, keepdims=True)
    out = np.subtract(delta, mean, out=out)
    out *= a
    return out


def needs_input(z: Array | None, name: str) -> Array:
    """``z``, which the slope of this activation cannot do without."""
    if z is None:
        raise TypeError(f"the slope of {name} needs its input z, not its output alone")
    return z
