"""An activation is a function and its exact slope, with what the layers and the record must know.

The table ``ACTIVATIONS`` lists everything there is; adding one is two formulas in
``activation_formulas`` and one line here. A function of your own works wherever a name does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.errors import InvalidInputError, lookup
from unstuck.core import activation_formulas as f

Value: TypeAlias = Callable[..., Array]  # (z, out=None) -> a
Slope: TypeAlias = Callable[[Array | None, Array], Array]  # (z, a) -> phi'(z)
Pullback: TypeAlias = Callable[[Array, Array | None, Array, Array | None], Array]


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation function ``a = phi(z)`` and its derivative.

    ``value(z, out=None)`` returns ``a``; ``out`` may be ``z``. ``slope(z, a)`` returns
    ``phi'(z)``, elementwise; ``z`` may be None unless ``needs_input``. ``range`` is the infimum
    and the supremum of the outputs. ``saturates`` marks functions that are flat at both ends,
    ``rectifies`` those that are exactly flat on half the axis. ``elementwise`` is False for
    softmax alone, whose slope is only the diagonal of its Jacobian: use ``vjp``.

    >>> import numpy as np
    >>> relu = get_activation("relu")
    >>> a = relu.value(np.array([[-1.0, 2.0]]))
    >>> a, relu.slope(None, a)
    (array([[0., 2.]]), array([[0., 1.]]))
    """

    name: str
    value: Value
    slope: Slope
    needs_input: bool = False
    range: tuple[float, float] = (-math.inf, math.inf)
    elementwise: bool = True
    saturates: bool = False
    rectifies: bool = False
    pullback: Pullback | None = None

    def vjp(self, delta: Array, z: Array | None, a: Array, out: Array | None = None) -> Array:
        """Turn the gradient with respect to ``a`` into the one with respect to ``z``.

        All arrays have shape (n, width); ``out`` may be ``delta``.
        """
        if self.pullback is not None:
            return self.pullback(delta, z, a, out)
        with np.errstate(under="ignore"):
            return np.multiply(delta, self.slope(z, a), out=out)

    def __repr__(self) -> str:
        return f"Activation({self.name!r})"


_INF = math.inf

ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("identity", f.identity, f.identity_slope, pullback=f.identity_pullback),
        Activation("sigmoid", f.sigmoid, f.sigmoid_slope, range=(0.0, 1.0), saturates=True),
        Activation("tanh", f.tanh, f.tanh_slope, range=(-1.0, 1.0), saturates=True),
        Activation("relu", f.relu, f.relu_slope, range=(0.0, _INF), rectifies=True),
        Activation("leaky_relu", f.leaky_relu, f.leaky_relu_slope),
        Activation("elu", f.elu, f.elu_slope, range=(-1.0, _INF)),
        Activation("selu", f.selu, f.selu_slope, range=(-f.SELU_SCALE * f.SELU_ALPHA, _INF)),
        # The two smooth relatives of relu dip below 0 before they rise; their minima:
        Activation(
            "gelu", f.gelu, f.gelu_slope, needs_input=True, range=(-0.16997120747990369, _INF)
        ),
        Activation("softplus", f.softplus, f.softplus_slope, range=(0.0, _INF)),
        Activation(
            "silu", f.silu, f.silu_slope, needs_input=True, range=(-0.27846454276107380, _INF)
        ),
        Activation(
            "softmax",
            f.softmax,
            f.softmax_slope,
            range=(0.0, 1.0),
            elementwise=False,
            pullback=f.softmax_pullback,
        ),
    )
}
"""Every activation, by name."""


def get_activation(spec: str | Activation | Callable[..., Any]) -> Activation:
    """The activation that ``spec`` names or is; any other callable becomes a custom one.

    >>> get_activation("tanh").range
    (-1.0, 1.0)
    >>> get_activation("sigmod")
    Traceback (most recent call last):
    ...
    unstuck.base.errors.InvalidInputError: unknown activation 'sigmod'; allowed: identity, \
sigmoid, tanh, relu, leaky_relu, elu, selu, gelu, softplus, silu, softmax. Did you mean 'sigmoid'?
    """
    if isinstance(spec, Activation):
        return spec
    if callable(spec):
        return custom_activation(spec)
    return lookup(spec, ACTIVATIONS, "activation")


def custom_activation(
    function: Callable[..., Any],
    derivative: Callable[..., Any] | None = None,
    name: str | None = None,
    range: tuple[float, float] | None = None,  # noqa: A002  the field's own name
) -> Activation:
    """Make an activation of a function of your own.

    ``function`` and ``derivative`` take an array ``z`` of any shape and return one of the same
    shape, elementwise. Without a derivative the slope is a central difference in float64, right
    to about 1e-10. ``range`` is (infimum, supremum) of the outputs, unbounded when not given.

    Raises InvalidInputError when a result has the wrong shape, is not real, or is not finite for
    finite ``z``.

    >>> import numpy as np
    >>> cube = custom_activation(lambda z: z**3, name="cube")
    >>> bool(np.isclose(cube.slope(np.array([2.0]), np.array([8.0]))[0], 12.0))
    True
    """
    for what, given in (("function", function), ("derivative", derivative)):
        if not (callable(given) or (what == "derivative" and given is None)):
            raise InvalidInputError(f"custom_activation: {what} must be callable, got {given!r}.")
    name = name or str(getattr(function, "__name__", type(function).__name__))
    low, high = (-math.inf, math.inf) if range is None else (float(range[0]), float(range[1]))
    if not low < high:
        raise InvalidInputError(
            f"custom_activation {name!r}: range must be (low, high) with low < high, got {range!r}."
        )
    value = _Checked(function, f"activation {name!r}")
    slope: Slope
    if derivative is None:
        slope = _NumericSlope(value)
    else:
        slope = _GivenSlope(_Checked(derivative, f"derivative of activation {name!r}"))
    return Activation(name, value, slope, needs_input=True, range=(low, high))


def has_exact_slope(activation: Activation) -> bool:
    """True where the slope is a formula, not a difference quotient of the function."""
    return not isinstance(activation.slope, _NumericSlope)


@dataclass(frozen=True, slots=True)
class _Checked:
    """A user's function of one array, whose every answer is looked at before it is used."""

    function: Callable[..., Any]
    what: str

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        try:
            result = np.asarray(self.function(z.copy()))  # a copy: it may write into its argument
        except TypeError as error:
            raise InvalidInputError(
                f"{self.what} failed on an array of shape {z.shape}: {error}. It must accept "
                "whole arrays; use NumPy functions (np.tanh, not math.tanh) or np.vectorize."
            ) from error
        if result.shape != z.shape or result.dtype.kind not in "fiub":
            raise InvalidInputError(
                f"{self.what} must return real numbers in the shape of its input, {z.shape}; "
                f"got shape {result.shape}, dtype {result.dtype}."
            )
        if not np.isfinite(result).all():
            self._refuse_non_finite(z, result)
        if out is None:
            return result.astype(z.dtype, copy=False)
        np.copyto(out, result, casting="unsafe")
        return out

    def _refuse_non_finite(self, z: Array, result: Array) -> None:
        """Blame the function only where its own input was finite."""
        wrong = np.isfinite(z) & ~np.isfinite(result)
        if wrong.any():
            where = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise InvalidInputError(
                f"{self.what} returned {result[where]} for the finite input {z[where]} "
                f"({int(wrong.sum())} such values); it must be finite everywhere."
            )


@dataclass(frozen=True, slots=True)
class _GivenSlope:
    derivative: _Checked

    def __call__(self, z: Array | None, a: Array) -> Array:
        return self.derivative(f.needs_input(z, self.derivative.what))


@dataclass(frozen=True, slots=True)
class _NumericSlope:
    """Central difference in float64; the step balances truncation against rounding."""

    function: _Checked

    def __call__(self, z: Array | None, a: Array) -> Array:
        z = f.needs_input(z, self.function.what)
        centre = z.astype(np.float64)
        size = np.abs(centre)
        step = np.cbrt(np.finfo(np.float64).eps) * np.sqrt(1 + size) + 1e-9 * size
        limit = np.finfo(np.float64).max
        with np.errstate(over="ignore"):
            above = np.minimum(centre + step, limit)
            below = np.maximum(centre - step, -limit)
        rise = self.function(above) - self.function(below)
        slope: Array = rise / (above - below)  # the step actually taken
        return slope.astype(a.dtype)
