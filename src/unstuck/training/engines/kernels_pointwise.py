"""Activations and their slopes on one row of numbers, chosen by a number at run time.

One compiled loop a formula, inside a chain of ``if``: the choice is made once a row and costs
nothing. In float32 the exponential is a polynomial that the compiler can spread over vector
lanes; in float64 everything is the C library's, so that both engines agree to the last digits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import overload

from unstuck.core.activation_formulas import LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE
from unstuck.training.engines.kernels_build import OPTIONS, helper, instruction

IDENTITY, SIGMOID, TANH, RELU, LEAKY_RELU, ELU, SELU, SOFTPLUS, SOFTMAX, GELU, SILU = range(11)
CODES = {
    "identity": IDENTITY,
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "relu": RELU,
    "leaky_relu": LEAKY_RELU,
    "elu": ELU,
    "selu": SELU,
    "softplus": SOFTPLUS,
    "softmax": SOFTMAX,
    "gelu": GELU,
    "silu": SILU,
}
NEEDS_INPUT = GELU  # from this code on, the slope is computed from z, on the way forward

SINGLE = {"jit_options": {key: OPTIONS[key] for key in ("error_model", "fastmath")}}
MAGIC = np.float32(12582912.0)  # 1.5 * 2**23: adding it rounds to a whole number
LOG2_E = np.float32(1.4426950408889634)
LOG_2_HIGH, LOG_2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
LOWEST, HIGHEST = np.float32(-87.0), np.float32(87.0)
SQRT_HALF = math.sqrt(0.5)
NORMAL_PEAK = 1 / math.sqrt(2 * math.pi)


@instruction
def bits_of(typingctx: Any, x: Any) -> Any:
    """The bits of a float32 as an int32."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), generate


@instruction
def float_of(typingctx: Any, x: Any) -> Any:
    """The float32 that some bits stand for."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), generate


def exp(x: Any) -> Any:
    """``e**x``; in float32 within 2 units in the last place for -87 < x < 87, constant outside."""
    return math.exp(x)


@overload(exp, **SINGLE)
def _exp(x: Any) -> Any:
    """``e**x = 2**n e**r``, n whole and abs(r) < log(2) / 2 (Cephes library, S. Moshier)."""

    def double(x: Any) -> Any:
        return math.exp(x)

    half, one = np.float32(0.5), np.float32(1.0)
    p5, p4 = np.float32(1.9875691500e-4), np.float32(1.3981999507e-3)
    p3, p2 = np.float32(8.3334519073e-3), np.float32(4.1665795894e-2)
    p1, bias, shift = np.float32(1.6666665459e-1), np.int32(127), np.int32(23)

    def single(x: Any) -> Any:
        x = LOWEST if x < LOWEST else x  # written so that NaN stays NaN
        x = HIGHEST if x > HIGHEST else x
        shifted = x * LOG2_E + MAGIC
        n = shifted - MAGIC
        r = (x - n * LOG_2_HIGH) - n * LOG_2_LOW
        p = ((((p5 * r + p4) * r + p3) * r + p2) * r + p1) * r + half
        return (p * (r * r) + r + one) * float_of(np.int32((bits_of(shifted) + bias) << shift))

    return single if x == types.float32 else double


def expm1(x: Any) -> Any:
    """``e**x - 1`` without loss near 0."""
    return math.expm1(x)


@overload(expm1, **SINGLE)
def _expm1(x: Any) -> Any:
    def double(x: Any) -> Any:
        return math.expm1(x)

    near, one = np.float32(0.35), np.float32(1.0)
    c2, c3, c4 = np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24)
    c5, c6, c7 = np.float32(1 / 120), np.float32(1 / 720), np.float32(1 / 5040)

    def single(x: Any) -> Any:
        series = x + x * x * (c2 + x * (c3 + x * (c4 + x * (c5 + x * (c6 + x * c7)))))
        return series if abs(x) < near else exp(x) - one

    return single if x == types.float32 else double


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return math.tanh(x)


@overload(tanh, **SINGLE)
def _tanh(x: Any) -> Any:
    """A polynomial for small x, else ``1 - 2 / (e**2x + 1)`` (Cephes)."""

    def double(x: Any) -> Any:
        return math.tanh(x)

    near, one, two = np.float32(0.625), np.float32(1.0), np.float32(2.0)
    p4, p3 = np.float32(-5.70498872745e-3), np.float32(2.06390887954e-2)
    p2, p1 = np.float32(-5.37397155531e-2), np.float32(1.33314422036e-1)
    p0 = np.float32(-3.33332819422e-1)

    def single(x: Any) -> Any:
        s = x * x
        small = x + x * s * ((((p4 * s + p3) * s + p2) * s + p1) * s + p0)
        large = one - two / (exp(two * x) + one)
        return small if abs(x) < near else large

    return single if x == types.float32 else double


@helper
def activate(code: int, a: Any) -> None:
    """Replace ``a`` by phi(a), in place; for the codes below NEEDS_INPUT."""
    number = a.dtype.type
    zero, one = number(0.0), number(1.0)
    if code == RELU:
        for j in range(a.size):
            a[j] = a[j] if not a[j] < zero else zero  # NaN stays NaN
    elif code == SIGMOID:
        for j in range(a.size):
            a[j] = one / (one + exp(-a[j]))
    elif code == TANH:
        for j in range(a.size):
            a[j] = tanh(a[j])
    elif code == LEAKY_RELU:
        low = number(LEAKY_SLOPE)
        for j in range(a.size):
            a[j] = a[j] * (one if a[j] > zero else low)
    elif code == ELU:
        for j in range(a.size):
            a[j] = a[j] if a[j] > zero else expm1(a[j])
    elif code == SELU:
        scale, alpha = number(SELU_SCALE), number(SELU_ALPHA)
        for j in range(a.size):
            a[j] = scale * (a[j] if a[j] > zero else alpha * expm1(a[j]))
    elif code == SOFTPLUS:
        for j in range(a.size):
            z = a[j]
            a[j] = (z if z > zero else zero) + math.log1p(exp(-abs(z)))
    elif code == SOFTMAX:
        largest, total = a[0], zero
        for j in range(a.size):
            largest = a[j] if a[j] > largest else largest
        for j in range(a.size):
            a[j] = exp(a[j] - largest)
        for j in range(a.size):
            total += a[j]
        for j in range(a.size):
            a[j] /= total


@helper
def activate_keeping_slope(code: int, a: Any, slope: Any) -> None:
    """The same for the codes from NEEDS_INPUT on, whose slopes are computed from z, here."""
    number = a.dtype.type
    one, half = number(1.0), number(0.5)
    if code == GELU:
        root, peak = number(SQRT_HALF), number(NORMAL_PEAK)
        for j in range(a.size):
            z = a[j]
            share = half * number(math.erfc(-z * root))
            slope[j] = share + z * peak * exp(-half * z * z)
            a[j] = z * share
    else:  # SILU
        for j in range(a.size):
            z = a[j]
            s = one / (one + exp(-z))
            slope[j] = s * (one + z * (one - s))
            a[j] = z * s


@helper
def pull_back(code: int, delta: Any, a: Any) -> None:
    """Turn ``delta`` from dL/da into dL/dz in place; for the codes below NEEDS_INPUT."""
    number = a.dtype.type
    zero, one = number(0.0), number(1.0)
    if code == RELU:
        for j in range(a.size):
            passed = delta[j]
            delta[j] = passed if a[j] > zero else zero
    elif code == SIGMOID:
        for j in range(a.size):
            delta[j] *= a[j] * (one - a[j])
    elif code == TANH:
        for j in range(a.size):
            delta[j] *= one - a[j] * a[j]
    elif code == LEAKY_RELU:
        low = number(LEAKY_SLOPE)
        for j in range(a.size):
            delta[j] *= one if a[j] > zero else low
    elif code == ELU:
        for j in range(a.size):
            delta[j] *= one if a[j] > zero else a[j] + one
    elif code == SELU:
        scale, low = number(SELU_SCALE), number(SELU_SCALE * SELU_ALPHA)
        for j in range(a.size):
            delta[j] *= scale if a[j] > zero else a[j] + low
    elif code == SOFTPLUS:
        for j in range(a.size):
            delta[j] *= -expm1(-a[j])
    elif code == SOFTMAX:
        mean = zero
        for j in range(a.size):
            mean += delta[j] * a[j]
        for j in range(a.size):
            delta[j] = a[j] * (delta[j] - mean)
