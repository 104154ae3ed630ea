"""What the interpreter may call: functions without side effects, kept to a bounded size."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from unstuck.base.errors import UnstuckError

MAX_ELEMENTS = 50_000_000  # of any one value
MAX_FLOPS = 4_000_000_000  # of any one product: about a quarter of a second


class CannotEvaluate(UnstuckError):  # noqa: N818 - reads as what happened
    """An expression that the interpreter does not evaluate, and why."""


_NUMPY = """
    abs absolute add all allclose amax amin angle any append apply_along_axis arange arccos
    arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort argwhere around array
    array_equal array_split asanyarray asarray ascontiguousarray atleast_1d atleast_2d
    atleast_3d average bincount broadcast_arrays broadcast_to c_ cbrt ceil clip column_stack
    concatenate conj convolve copy copysign correlate cos cosh count_nonzero cross cumprod
    cumsum deg2rad degrees diag diagonal diff divide dot dsplit dstack einsum empty empty_like
    equal exp exp2 expand_dims expm1 eye fabs fix flip fliplr flipud float_power floor
    floor_divide fmax fmin fmod full full_like greater greater_equal heaviside hsplit hstack
    hypot identity inner isclose isfinite isinf isnan isscalar kron less less_equal linspace
    log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor
    logspace matmul max maximum mean median min minimum mod moveaxis multiply nan_to_num
    nanmax nanmean nanmin nansum ndim negative newaxis nonzero norm not_equal ones ones_like
    outer pad percentile positive power prod ptp quantile rad2deg radians ravel reciprocal
    remainder repeat reshape rint roll rollaxis rot90 round row_stack searchsorted select
    shape sign signbit sin sinc sinh size sort split sqrt square squeeze stack std subtract
    sum swapaxes take take_along_axis tan tanh tensordot tile trace transpose trapezoid tri
    tril triu true_divide trunc unique unravel_index var vdot vectorize vsplit vstack where
    zeros zeros_like r_ s_ ix_ indices meshgrid nansum permute_dims float16 float32 float64
    int8 int16 int32 int64 intp uint8 bool_ float_ int_ double single half pi e inf nan
    euler_gamma NINF PINF Inf NaN ndarray integer floating number generic finfo iinfo
""".split()  # noqa: SIM905 - a table of names
_MATH = """
    acos acosh asin asinh atan atan2 atanh ceil comb copysign cos cosh degrees dist e erf erfc
    exp expm1 fabs factorial floor fmod frexp fsum gamma hypot inf isclose isfinite isinf
    isnan ldexp lgamma log log10 log1p log2 modf nan pi pow prod radians sin sinh sqrt tan
    tanh tau trunc
""".split()  # noqa: SIM905 - a table of names
_BUILTINS = """
    abs all any bool complex dict divmod enumerate filter float int isinstance len list map
    max min None pow range reversed round set slice sorted str sum tuple zip True False
""".split()  # noqa: SIM905 - a table of names
# Modules by the name under which a program imports them, and what of them may be used.
MODULES: dict[str, frozenset[str]] = {
    "numpy": frozenset(_NUMPY) | {"linalg", "errstate"},
    "numpy.linalg": frozenset({"norm", "matrix_norm", "vector_norm", "det", "inv", "pinv"}),
    "math": frozenset(_MATH),
    "cmath": frozenset({"exp", "log", "sqrt", "cos", "sin", "tanh", "pi", "e"}),
    "scipy": frozenset({"special"}),
    "scipy.special": frozenset(
        {"expit", "logit", "softmax", "log_softmax", "logsumexp", "erf", "xlogy", "xlog1py"}
    ),
    "copy": frozenset({"copy", "deepcopy"}),
    "operator": frozenset({"add", "mul", "sub", "truediv", "neg", "matmul", "itemgetter"}),
}
BUILTINS: dict[str, Any] = {
    name: getattr(builtins, name) for name in _BUILTINS if name not in {"None", "True", "False"}
}
ARRAY_ATTRIBUTES = frozenset({"T", "shape", "size", "ndim", "dtype", "real", "imag", "nbytes"})
_METHODS = """
    all any argmax argmin argsort astype clip conj copy cumprod cumsum diagonal dot flatten
    item max mean min nonzero prod ravel repeat reshape round squeeze std sum swapaxes take
    tolist trace transpose var is_integer
""".split()  # noqa: SIM905 - a table of names
ARRAY_METHODS = frozenset(_METHODS)
OBJECT_METHODS: dict[type, frozenset[str]] = {
    list: frozenset({"append", "extend", "insert", "pop", "reverse", "index", "count", "copy"}),
    dict: frozenset({"get", "items", "keys", "values", "copy"}),
    tuple: frozenset({"index", "count"}),
    str: frozenset({"lower", "upper", "format", "strip", "startswith", "endswith"}),
    float: frozenset({"is_integer", "conjugate"}),
}
_SHAPED = frozenset({"zeros", "ones", "empty", "full", "broadcast_to"})
_PRODUCTS = frozenset(
    {"dot", "matmul", "inner", "tensordot", "vdot", "outer", "kron", "__matmul__"}
)


def member(module: str, name: str) -> Any:
    """An attribute of a module that may be used.

    Raises
    ------
    CannotEvaluate
        It may have side effects, or there is no such thing.
    """
    if name not in MODULES.get(module, ()):
        raise CannotEvaluate(f"{module}.{name} is not evaluated")
    if f"{module}.{name}" in MODULES:
        return Module(f"{module}.{name}")
    import importlib

    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        raise CannotEvaluate(f"there is no {module}.{name}") from None


class Module:
    """Stands for an imported module."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Module) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


def call(function: Callable[..., Any], args: list[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call what `member` gave, after a look at how large the result would be."""
    if kwargs.get("out") is not None:
        raise CannotEvaluate("a call with out= changes its argument")
    name = getattr(function, "__name__", "")
    if name in _PRODUCTS:
        guard_product(name, args)
    elif isinstance(function, np.ufunc):
        guard_broadcast(args)
    elif name in _SHAPED:
        guard_count(_product(args[-1 if name == "broadcast_to" else 0] if args else 1))
    elif name in {"eye", "identity", "tri"} and args:
        guard_count(int(args[0]) * int(args[1] if len(args) > 1 and args[1] else args[0]))
    elif name in {"arange", "linspace", "logspace"}:
        guard_count(_length(name, args))
    elif name in {"repeat", "tile"} and len(args) > 1:
        guard_count(
            np.size(args[0]) * int(np.sum(args[1]) if name == "repeat" else _product(args[1]))
        )
    elif name in {"pad", "einsum", "meshgrid", "indices", "factorial", "comb"}:
        guard_count(sum(np.size(each) for each in args) ** 2)
    return function(*args, **kwargs)


def guard_count(count: float) -> None:
    """Refuse a value with too many elements."""
    if count > MAX_ELEMENTS:
        raise CannotEvaluate(f"a value with {count:.0f} elements is too large")


def guard_broadcast(values: Iterable[Any]) -> None:
    """Refuse operands whose common shape is too large."""
    shapes = [value.shape for value in values if isinstance(value, np.ndarray)]
    if len(shapes) > 1:
        guard_count(_product(np.broadcast_shapes(*shapes)))


def guard_product(name: str, args: list[Any]) -> None:
    """Refuse a product of arrays whose result or whose work is too large."""
    if len(args) < 2:
        return
    left, right = np.shape(args[0]), np.shape(args[1])
    if name in {"outer", "kron"} or not left or not right:
        guard_count(_product(left) * _product(right))
        return
    common = left[-1]
    work = _product(left) * (_product(right) / max(common, 1))
    guard_count(work / max(common, 1))
    if work > MAX_FLOPS:
        raise CannotEvaluate("a product of this size takes too long")


def guard_power(base: Any, exponent: Any) -> None:
    """Refuse an integer with millions of digits."""
    if isinstance(base, int) and isinstance(exponent, int) and abs(exponent) > 64:
        if abs(base) > 1 and math.log2(abs(base)) * abs(exponent) > 4096:
            raise CannotEvaluate("a power of this size is too large")


def _product(shape: Any) -> float:
    return float(np.prod(np.asarray(shape, dtype=float))) if np.size(shape) else 1.0


def _length(name: str, args: list[Any]) -> float:
    numbers = [float(value) for value in args if isinstance(value, int | float | np.number)]
    if name != "arange":
        return numbers[2] if len(numbers) > 2 else 50.0
    start, stop = (0.0, numbers[0]) if len(numbers) == 1 else numbers[:2]
    return abs((stop - start) / (numbers[2] if len(numbers) > 2 else 1.0))
