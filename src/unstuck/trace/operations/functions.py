"""Functions of one number, and the few of three: their derivatives at each number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unstuck.trace.operations.elementwise import Rule, elementwise
from unstuck.trace.operations.reductions import special
from unstuck.trace.operations.rule import (
    Args,
    Kwargs,
    Operation,
    Position,
    no_gradient,
    unbroadcast,
)

LN2, LN10 = float(np.log(2.0)), float(np.log(10.0))
TWO_OVER_ROOT_PI = 2.0 / float(np.sqrt(np.pi))


def _negative(a: Any, **extra: Any) -> Any:
    return -a if isinstance(a, float) else np.negative(a, **extra)


def _sinc(g: Any, y: Any, a: Any) -> Any:
    at = np.pi * np.where(np.equal(a, 0), 1.0, a)
    return g * np.where(np.equal(a, 0), 0.0, np.pi * (np.cos(at) - np.sin(at) / at) / at)


SMOOTH: dict[str, tuple[Callable[..., Any], Rule]] = {
    "negative": (_negative, lambda g, y, a: -g),
    "positive": (np.positive, lambda g, y, a: g),
    "exp": (np.exp, lambda g, y, a: g * y),
    "exp2": (np.exp2, lambda g, y, a: g * y * LN2),
    "expm1": (np.expm1, lambda g, y, a: g * np.exp(a)),
    "log2": (np.log2, lambda g, y, a: g / a / LN2),
    "log10": (np.log10, lambda g, y, a: g / a / LN10),
    "log1p": (np.log1p, lambda g, y, a: g / (1.0 + a)),
    "sqrt": (np.sqrt, lambda g, y, a: 0.5 * g / y),
    "cbrt": (np.cbrt, lambda g, y, a: g / (3.0 * np.square(y))),
    "square": (np.square, lambda g, y, a: g * (2.0 * a)),
    "absolute": (np.absolute, lambda g, y, a: g * np.sign(a)),
    "abs": (np.absolute, lambda g, y, a: g * np.sign(a)),
    "fabs": (np.fabs, lambda g, y, a: g * np.sign(a)),
    "sin": (np.sin, lambda g, y, a: g * np.cos(a)),
    "cos": (np.cos, lambda g, y, a: -g * np.sin(a)),
    "tan": (np.tan, lambda g, y, a: g * (1.0 + np.square(y))),
    "arcsin": (np.arcsin, lambda g, y, a: g / np.sqrt(1.0 - np.square(a))),
    "arccos": (np.arccos, lambda g, y, a: -g / np.sqrt(1.0 - np.square(a))),
    "arctan": (np.arctan, lambda g, y, a: g / (1.0 + np.square(a))),
    "sinh": (np.sinh, lambda g, y, a: g * np.cosh(a)),
    "cosh": (np.cosh, lambda g, y, a: g * np.sinh(a)),
    "tanh": (np.tanh, lambda g, y, a: g * (1.0 - y * y)),
    "arcsinh": (np.arcsinh, lambda g, y, a: g / np.sqrt(1.0 + np.square(a))),
    "arccosh": (np.arccosh, lambda g, y, a: g / np.sqrt(np.square(a) - 1.0)),
    "arctanh": (np.arctanh, lambda g, y, a: g / (1.0 - np.square(a))),
    "reciprocal": (np.reciprocal, lambda g, y, a: -g * (y * y)),
    "deg2rad": (np.deg2rad, lambda g, y, a: g * (np.pi / 180.0)),
    "radians": (np.radians, lambda g, y, a: g * (np.pi / 180.0)),
    "rad2deg": (np.rad2deg, lambda g, y, a: g * (180.0 / np.pi)),
    "degrees": (np.degrees, lambda g, y, a: g * (180.0 / np.pi)),
    "sinc": (np.sinc, _sinc),
    "expit": (special("expit"), lambda g, y, a: g * (y * (1.0 - y))),
    "logit": (special("logit"), lambda g, y, a: g / (a * (1.0 - a))),
    "log_expit": (special("log_expit"), lambda g, y, a: g * -np.expm1(y)),
    "erf": (special("erf"), lambda g, y, a: g * TWO_OVER_ROOT_PI * np.exp(-np.square(a))),
    "erfc": (special("erfc"), lambda g, y, a: -g * TWO_OVER_ROOT_PI * np.exp(-np.square(a))),
    "gammaln": (special("gammaln"), lambda g, y, a: g * special("digamma")(a)),
    "lgamma": (special("gammaln"), lambda g, y, a: g * special("digamma")(a)),
    "gamma": (special("gamma"), lambda g, y, a: g * y * special("digamma")(a)),
    "entr": (special("entr"), lambda g, y, a: -g * (np.log(a) + 1.0)),
    "real": (np.real, lambda g, y, a: g),
    "conjugate": (np.conjugate, lambda g, y, a: g),
    "nan_to_num": (np.nan_to_num, lambda g, y, a: g * np.isfinite(a)),
}


# ------------------------------------------------------------------------------- more operands
_LOG = elementwise("log", np.log, lambda g, y, a: g / a)


def _has_base(args: Args) -> bool:
    """True for math.log(a, base); NumPy's second argument is an array to write into."""
    return len(args) == 2 and not isinstance(args[1], np.ndarray)


def _log_value(args: Args, kwargs: Kwargs) -> Any:
    return np.log(args[0]) / np.log(args[1]) if _has_base(args) else _LOG.value(args, kwargs)


def _log_vjp(g: Any, y: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
    if not _has_base(args):
        return None if _LOG.vjp is None else _LOG.vjp(g, y, args, kwargs, position)
    a, base = args
    return g / a / np.log(base) if position == 0 else -g * y / np.log(base) / base


def _bounds(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **named: Any) -> Any:
    """The three operands of clip, however they were given."""
    return a, named.get("min", a_min), named.get("max", a_max)


def _clip_value(args: Args, kwargs: Kwargs) -> Any:
    return np.clip(*_bounds(*args, **kwargs))


def _clip_vjp(g: Any, y: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
    a, low, high = _bounds(*args, **kwargs)
    above = False if high is None else np.greater(a if low is None else np.maximum(a, low), high)
    below = False if low is None else np.less(a, low) & np.logical_not(above)
    if position in {0, "a"}:
        return unbroadcast(np.where(np.logical_or(above, below), 0.0, g), a)
    if position in {1, "a_min", "min"}:
        return unbroadcast(np.where(below, g, 0.0), low)
    return unbroadcast(np.where(above, g, 0.0), high)


def _where(condition: Any, *choice: Any) -> Any:
    return np.where(condition, *choice)


def _where_vjp(g: Any, y: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
    if len(args) < 3 or position not in {1, 2}:
        return None
    if position == 1:
        return unbroadcast(np.where(args[0], g, 0.0), args[1])
    return unbroadcast(np.where(args[0], 0.0, g), args[2])


def _select_vjp(g: Any, y: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
    """The first condition that holds chooses."""
    conditions = [np.asarray(c, dtype=bool) for c in args[0]]
    free = np.ones(np.shape(y), dtype=bool)
    taken = []
    for condition in conditions:
        taken.append(free & condition)
        free = free & ~condition
    if position in {1, "choicelist"}:
        choices = kwargs["choicelist"] if position == "choicelist" else args[1]
        parts = zip(taken, choices, strict=True)
        return [unbroadcast(np.where(here, g, 0.0), choice) for here, choice in parts]
    default = kwargs["default"] if position == "default" else args[2]
    return unbroadcast(np.where(free, g, 0.0), default)


FUNCTIONS = (
    elementwise(
        "xlogy",
        special("xlogy"),
        lambda g, y, a, b: g * np.log(b),
        lambda g, y, a, b: g * a / b,
    ),
    elementwise(
        "xlog1py",
        special("xlog1py"),
        lambda g, y, a, b: g * np.log1p(b),
        lambda g, y, a, b: g * a / (1.0 + b),
    ),
    elementwise(
        "copysign",
        np.copysign,
        lambda g, y, a, b: g * np.sign(a) * np.copysign(1.0, b),
        lambda g, y, a, b: np.zeros(g.shape),
    ),
    elementwise(
        "ldexp",
        np.ldexp,
        lambda g, y, a, b: g * np.exp2(b),
        lambda g, y, a, b: g * y * LN2,
    ),
    Operation(
        "select", lambda args, kwargs: np.select(*args, **kwargs), _select_vjp, "elementwise"
    ),
    *(elementwise(name, function, rule) for name, (function, rule) in SMOOTH.items()),
    Operation("log", _log_value, _log_vjp, "elementwise"),
    Operation("clip", _clip_value, _clip_vjp, "elementwise"),
    Operation("where", lambda args, kwargs: _where(*args), _where_vjp, "elementwise"),
)


# ---------------------------------------------------------------------- steps and comparisons
STEPS = (
    *(
        no_gradient(function.__name__, "compare", function)
        for function in (
            np.greater,
            np.greater_equal,
            np.less,
            np.less_equal,
            np.equal,
            np.not_equal,
            np.logical_and,
            np.logical_or,
            np.logical_xor,
            np.logical_not,
            np.isfinite,
            np.isnan,
            np.isinf,
            np.signbit,
            np.isclose,
            np.allclose,
            np.array_equal,
            np.isin,
            np.bitwise_and,
            np.bitwise_or,
            np.bitwise_xor,
            np.invert,
            np.left_shift,
            np.right_shift,
        )
    ),
    *(
        no_gradient(function.__name__, "none", function)
        for function in (
            np.sign,
            np.floor,
            np.ceil,
            np.rint,
            np.trunc,
            np.floor_divide,
            np.heaviside,
            np.round,
        )
    ),
    no_gradient("fix", "none", np.trunc),
    no_gradient("imag", "none", np.imag),
    no_gradient("around", "none", np.round),
    no_gradient("round_", "none", np.round),
)
