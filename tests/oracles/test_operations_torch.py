"""PyTorch as referee: the adjoints of the table of operations, call by call.

Each twin is written with PyTorch's own function and its own indexing, in float64. A call that it
cannot take (``where=``, a negative step) is left to the central differences, and counted below.
"""

import operator

import numpy as np
import pytest
from tests.trace.operations.cases import CASES
from tests.trace.operations.checking import Case, Fixed, swept, weights_for

from unstuck.trace.operations import OPERATIONS

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle
F = torch.nn.functional


class NotCoveredError(Exception):
    """PyTorch has no such call."""


def tensor(x):
    return x if isinstance(x, torch.Tensor) else torch.as_tensor(x)


def plain(function):
    """Operands as they are; no ``where=``."""

    def twin(*args, **kwargs):
        if any(value is not None for value in kwargs.values()):
            raise NotCoveredError
        return function(*[stacked(a) for a in args])

    return twin


def stacked(x):
    """A nested list of numbers and arrays as one tensor, as NumPy makes it."""
    if isinstance(x, (list, tuple)):
        return torch.stack([stacked(item).double() for item in x])
    return tensor(x)


def reduced(function):
    """``function(tensor, axes, keepdim)`` from NumPy's arguments."""

    def twin(a, axis=None, dtype=None, out=None, **kwargs):
        if set(kwargs) - {"keepdims"}:
            raise NotCoveredError
        a, keep = stacked(a), kwargs.get("keepdims", False)
        axes = tuple(range(a.ndim)) if axis is None else axis
        axes = axes if isinstance(axes, tuple) else (axes,)
        return function(a, axes, keep) if a.ndim else a

    return twin


def one_axis_at_a_time(function):
    """For what PyTorch reduces along one axis only: the axes joined to one."""

    def whole(a, axes, keep):
        axes = tuple(i % a.ndim for i in axes)
        rest = [i for i in range(a.ndim) if i not in axes]
        joined = a.permute(*rest, *axes).reshape(*[a.shape[i] for i in rest], -1)
        y = function(joined)
        return y.reshape([1 if i in axes else a.shape[i] for i in range(a.ndim)]) if keep else y

    return reduced(whole)


def variance(a, axis=None, dtype=None, out=None, ddof=0, **kwargs):
    def whole(a, axes, keep):
        return torch.var(a, axes, correction=ddof, keepdim=keep)

    return reduced(whole)(a, axis, **kwargs)


def deviation(a, *args, **kwargs):
    return torch.sqrt(variance(a, *args, **kwargs))


def average(a, axis=None, weights=None, **kwargs):
    if weights is None:
        return torch.mean(a)
    if weights.shape != a.shape:
        weights = weights[:, None] if axis == 0 else weights
    keep = kwargs.get("keepdims", False)
    axes = tuple(range(a.ndim)) if axis is None else axis
    weights = weights.broadcast_to(a.shape)
    return (a * weights).sum(axes, keepdim=keep) / weights.sum(axes, keepdim=keep)


def norm(x, ord=None, axis=None, keepdims=False):  # noqa: A002 - NumPy's names
    if ord == "fro":
        ord = None  # noqa: A001
    return torch.linalg.vector_norm(x, 2 if ord is None else ord, axis, keepdim=keepdims)


def along(function):
    def twin(a, axis=None, **kwargs):
        if kwargs:
            raise NotCoveredError
        return function(a.reshape(-1), 0) if axis is None else function(a, axis)

    return twin


def over_all(function):
    """softmax and its kind: without an axis, over all numbers."""

    def twin(x, axis=None, keepdims=None, **kwargs):
        if axis is None:
            return function(x.reshape(-1), 0).reshape(
                () if function is torch.logsumexp else x.shape
            )
        return function(x, axis, keepdims) if keepdims else function(x, axis)

    return twin


def tensordot(a, b, axes=2):
    if isinstance(axes, int):
        return torch.tensordot(a, b, axes)
    first, second = ([x] if isinstance(x, int) else list(x) for x in axes)
    return torch.tensordot(a, b, ([i % a.ndim for i in first], [i % b.ndim for i in second]))


def dot(a, b):
    a, b = stacked(a), stacked(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if b.ndim == 1:
        return torch.tensordot(a, b, ([a.ndim - 1], [0]))
    return torch.tensordot(a, b, ([a.ndim - 1], [b.ndim - 2]))


def convolve(a, v, mode="full"):
    if len(v) > len(a):
        a, v = v, a
    n, m = len(a), len(v)
    full = F.conv1d(F.pad(a, (m - 1, m - 1))[None, None], v.flip(0)[None, None])[0, 0]
    start = {"full": 0, "same": (m - 1) // 2, "valid": m - 1}[mode]
    return full[start : start + {"full": n + m - 1, "same": n, "valid": n - m + 1}[mode]]


def correlate(a, v, mode="valid"):
    return convolve(a, v.flip(0), mode)


# ------------------------------------------------------------------------------------------ shapes
def reshape(a, *shape, **kwargs):
    if kwargs or "F" in shape:
        raise NotCoveredError
    shape = shape[0] if len(shape) == 1 else shape
    return a.reshape(shape)


def transpose(a, *axes, **kwargs):
    order = kwargs.get("axes", axes[0] if len(axes) == 1 else axes or None)
    if order is None:
        return a.permute(*reversed(range(a.ndim)))
    return a.permute(*([order] if isinstance(order, int) else order))


def flat_only(a, *order, **kwargs):
    if "F" in order:
        raise NotCoveredError
    return a.reshape(-1)


def roll(a, shift, axis=None):
    return torch.roll(a, shift, axis)


def repeat(a, repeats, axis=None):
    count = torch.as_tensor(repeats)
    return torch.repeat_interleave(a, count, axis) if a.ndim else a.repeat(repeats)


def pad(a, pad_width, mode="constant", constant_values=0):
    if mode != "constant":
        raise NotCoveredError
    pairs = [(pad_width,) * 2] * a.ndim if isinstance(pad_width, int) else pad_width
    return F.pad(a, [n for pair in reversed(pairs) for n in pair], value=constant_values)


def squeeze(a, axis=None):
    return a.squeeze() if axis is None else a.squeeze(axis)


def expand_dims(a, axis):
    for i in sorted(axis) if isinstance(axis, tuple) else [axis]:
        a = a.unsqueeze(i)
    return a


def sliding(x, shape, axis=None):
    if axis is not None:
        return x.unfold(axis, shape, 1)
    for i, n in enumerate([shape] if isinstance(shape, int) else shape):
        x = x.unfold(i, n, 1)
    return x


def trace(a, offset=0):
    return torch.diagonal(a, offset, 0, 1).sum(-1)


def diff(a, n=1, axis=-1):
    return torch.diff(a, n, axis)


def joined(function):
    def twin(pieces, axis=0, **kwargs):
        axis = kwargs.get("axis", axis)
        if isinstance(pieces, torch.Tensor):
            pieces = list(pieces)
        pieces = [tensor(p).double() for p in pieces]
        return (
            function([p.reshape(-1) for p in pieces], 0) if axis is None else function(pieces, axis)
        )

    return twin


def stacked_by(function):
    return lambda pieces: function([tensor(p) for p in pieces])


def append(arr, values, axis=None):
    values = stacked(values)
    if axis is None:
        return torch.cat([arr.reshape(-1), values.reshape(-1)])
    return torch.cat([arr, values], axis)


def array(a, *dtype, **kwargs):
    made = stacked(a) if isinstance(a, (list, tuple)) else a
    return made.reshape((1,) * (kwargs.get("ndmin", 0) - made.ndim) + made.shape)


# ----------------------------------------------------------------------------------------- indices
def usable(index):
    """An index as PyTorch takes it."""
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(p, slice) and (p.step or 1) < 0 for p in parts):
        raise NotCoveredError
    changed = tuple(torch.as_tensor(p) if isinstance(p, (np.ndarray, list)) else p for p in parts)
    return changed if isinstance(index, tuple) else changed[0]


def names_twice(index):
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, (np.ndarray, list)) and np.asarray(p).dtype.kind != "b" for p in parts)


def getitem(base, index):
    return base[usable(index)]


def setitem(base, index, value):
    if names_twice(index):
        raise NotCoveredError  # which of several writes stays is not defined there
    out = base.clone()
    out[usable(index)] = stacked(value).double()
    return out


def add_at(base, index, value, alpha=1):
    places = np.arange(base.numel()).reshape(base.shape)[index]
    flat = torch.as_tensor(places.copy()).reshape(-1)
    value = tensor(value).broadcast_to(places.shape).reshape(-1)
    return base.reshape(-1).index_add(0, flat, value, alpha=alpha).reshape(base.shape)


def gather(base, places, shape):
    return torch.take(base, torch.as_tensor(places)).reshape(shape)


def scatter(base, places, view):
    flat = torch.as_tensor(places).reshape(-1)
    return base.reshape(-1).scatter(0, flat, tensor(view).reshape(-1)).reshape(base.shape)


def take(a, indices, axis=None):
    index = torch.as_tensor(indices)
    return torch.take(a, index) if axis is None else torch.index_select(a, axis, index)


def take_along_axis(a, indices, axis):
    return torch.gather(a, axis, torch.as_tensor(indices))


def put_along_axis(a, indices, values, axis):
    return torch.scatter(a, axis, torch.as_tensor(indices), values)


def sort(a, axis=-1):
    return torch.sort(a.reshape(-1)).values if axis is None else torch.sort(a, axis).values


def masked(a, mask, values):
    count = int(np.sum(mask))
    return a.masked_scatter(torch.as_tensor(mask), values.repeat(count)[:count])  # used again


def clip(a, a_min=None, a_max=None, **named):
    low, high = named.get("min", a_min), named.get("max", a_max)
    low, high = (x if x is None else tensor(x) for x in (low, high))
    return torch.clamp(tensor(a), low, high)


def where(condition, x, y):
    return torch.where(torch.as_tensor(condition), tensor(x).double(), tensor(y).double())


def log(a, base=None, **kwargs):
    if kwargs:
        raise NotCoveredError
    return torch.log(a) if base is None else torch.log(a) / torch.log(base)


TWINS = {
    **{
        name: plain(getattr(torch, name))
        for name in (
            *("add", "subtract", "multiply", "true_divide", "remainder", "fmod", "maximum"),
            *("minimum", "fmax", "fmin", "arctan2", "hypot", "logaddexp", "xlogy", "copysign"),
            *("negative", "positive", "exp", "exp2", "expm1", "square", "sin", "cos", "tan"),
            *("arctan", "arcsin", "arccos", "sinh", "cosh", "tanh", "arcsinh", "arccosh"),
            *("arctanh", "absolute", "abs", "reciprocal", "log2", "log10", "log1p", "sqrt"),
            *("erf", "erfc", "sinc", "deg2rad", "rad2deg", "nan_to_num", "logit", "lgamma"),
            *("inner", "kron"),
        )
    },
    "vdot": plain(lambda a, b: torch.vdot(a.reshape(-1), b.reshape(-1))),
    # Its own ldexp takes 2 ** -2 for whole numbers and returns a gradient of 0.
    "ldexp": plain(lambda a, b: a * 2.0**b),
    "power": plain(lambda a, b: torch.pow(a.double(), b)),
    "xlog1py": plain(torch.special.xlog1py),
    "entr": plain(torch.special.entr),
    "gammaln": plain(torch.lgamma),
    "expit": plain(torch.sigmoid),
    "log_expit": plain(F.logsigmoid),
    "fabs": plain(torch.abs),
    "radians": plain(torch.deg2rad),
    "degrees": plain(torch.rad2deg),
    "log": log,
    "clip": clip,
    "where": where,
    "sum": reduced(torch.sum),
    "mean": reduced(torch.mean),
    "nansum": reduced(torch.nansum),
    "nanmean": reduced(torch.nanmean),
    "var": variance,
    "std": deviation,
    "max": reduced(torch.amax),
    "amax": reduced(torch.amax),
    "min": reduced(torch.amin),
    "amin": reduced(torch.amin),
    "ptp": reduced(lambda a, axes, keep: torch.amax(a, axes, keep) - torch.amin(a, axes, keep)),
    "prod": one_axis_at_a_time(lambda a: torch.prod(a, -1)),
    "median": one_axis_at_a_time(lambda a: torch.quantile(a, 0.5, -1)),
    "average": average,
    "linalg.norm": norm,
    "cumsum": along(torch.cumsum),
    "cumprod": along(torch.cumprod),
    "add.accumulate": lambda a: torch.cumsum(a, 0),
    "softmax": over_all(torch.softmax),
    "log_softmax": over_all(torch.log_softmax),
    "logsumexp": over_all(torch.logsumexp),
    "builtin_sum": lambda values, start=0: sum(values, start),
    "builtin_max": lambda *x: torch.amax(stacked(x[0] if len(x) == 1 else x), 0),
    "builtin_min": lambda *x: torch.amin(stacked(x[0] if len(x) == 1 else x), 0),
    "dot": dot,
    "matmul": torch.matmul,
    "outer": plain(lambda a, b: torch.outer(a.reshape(-1), b.reshape(-1))),
    "multiply.outer": lambda a, b: torch.tensordot(a, b, 0),
    "tensordot": tensordot,
    "einsum": torch.einsum,
    "cross": lambda a, b: torch.linalg.cross(a, b.broadcast_to(a.shape)),
    "convolve": convolve,
    "correlate": correlate,
    "linalg.multi_dot": torch.linalg.multi_dot,
    "linalg.inv": torch.linalg.inv,
    "linalg.solve": torch.linalg.solve,
    "linalg.det": torch.linalg.det,
    "reshape": reshape,
    "ravel": flat_only,
    "flatten": flat_only,
    "transpose": transpose,
    "matrix_transpose": lambda a: a.mT,
    "swapaxes": torch.swapaxes,
    "moveaxis": torch.moveaxis,
    "rollaxis": lambda a, axis: torch.moveaxis(a, axis, 0),
    "squeeze": squeeze,
    "expand_dims": expand_dims,
    **{f"atleast_{n}d": getattr(torch, f"atleast_{n}d") for n in (1, 2, 3)},
    "broadcast_to": torch.broadcast_to,
    "flip": lambda a, axis=None: torch.flip(
        a, tuple(range(a.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    ),
    "fliplr": torch.fliplr,
    "flipud": torch.flipud,
    "roll": roll,
    "tril": torch.tril,
    "triu": torch.triu,
    "trace": trace,
    "diff": diff,
    "rot90": torch.rot90,
    "tile": lambda a, reps: torch.tile(a, (reps,) if isinstance(reps, int) else reps),
    "repeat": repeat,
    "pad": pad,
    "diag": torch.diag,
    "diagflat": torch.diagflat,
    "diagonal": torch.diagonal,
    "lib.stride_tricks.sliding_window_view": sliding,
    "sliding_window_view": sliding,
    "concatenate": joined(torch.cat),
    "stack": joined(torch.stack),
    "vstack": stacked_by(torch.vstack),
    "row_stack": stacked_by(torch.vstack),
    "hstack": lambda pieces: torch.hstack([torch.atleast_1d(p) for p in pieces]),
    "column_stack": stacked_by(torch.column_stack),
    "dstack": stacked_by(torch.dstack),
    "append": append,
    **dict.fromkeys(("array", "asarray", "asanyarray", "asfarray"), array),
    **dict.fromkeys(("copy", "astype", "asfortranarray", "float", "float64"), array),
    "ascontiguousarray": lambda a: torch.atleast_1d(array(a)),
    "real": torch.real,
    "conjugate": torch.conj,
    "getitem": getitem,
    "setitem": setitem,
    "add.at": add_at,
    "subtract.at": lambda base, index, value: add_at(base, index, value, alpha=-1),
    "gather": gather,
    "scatter": scatter,
    "take": take,
    "take_along_axis": take_along_axis,
    "put_along_axis": put_along_axis,
    "sort": sort,
    "place": masked,
    "extract": lambda mask, a: torch.masked_select(a, torch.as_tensor(mask)),
    "put": lambda a, at, v: torch.put(a, torch.as_tensor(at), v),
}
# PyTorch has no such function; central differences judge these alone.
NO_TWIN = {
    *("cbrt", "gamma", "select", "resize", "delete", "insert", "copyto", "item", "full"),
    *("full_like", "fill", "linspace", "fill_diagonal", "putmask"),
}


def referee(case):
    """PyTorch's gradients of the leaves, in the order in which they stand in the call."""
    leaves = []

    def noted(x):
        if isinstance(x, Fixed):
            return x.value
        if isinstance(x, float) or (isinstance(x, np.ndarray) and x.dtype.kind == "f"):
            leaves.append(torch.tensor(x, dtype=torch.float64, requires_grad=True))
            return leaves[-1]
        if isinstance(x, (list, tuple)):
            return type(x)(map(noted, x))
        return x

    args = [noted(x) for x in case.args]
    kwargs = {key: noted(x) for key, x in case.kwargs.items()}
    result = TWINS[case.op](*args, **kwargs)
    seed = torch.as_tensor(weights_for(result.detach().numpy()))
    result.backward(seed)
    return [np.zeros(x.shape) if x.grad is None else x.grad.numpy() for x in leaves]


def judged(case):
    try:
        return referee(case)
    except NotCoveredError:
        return None


@pytest.mark.parametrize("case", [c for c in CASES if c.op in TWINS], ids=str)
def test_adjoints_are_pytorchs(case):
    expected = judged(case)
    if expected is None:
        return  # counted in the last test
    _, gradients = swept(case)
    for gradient, true in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(gradient, true, rtol=1e-9, atol=1e-12, err_msg=str(case))


@pytest.mark.parametrize(
    "case",
    [
        Case("maximum", (np.zeros(3), np.array([0.0, 1.0, -1.0]))),
        Case("minimum", (np.zeros(3), np.array([0.0, 1.0, -1.0]))),
        Case("absolute", (np.array([0.0, 1.0]),)),
        Case("max", (np.array([[1.0, 1.0, 0.5]]), 1)),
        Case("min", (np.array([1.0, 1.0, 3.0]),)),
        Case("clip", (np.array([0.0, 0.5, 1.0]), 0, 1)),
        Case("linalg.norm", (np.zeros(3),)),
        Case("prod", (np.array([0.0, 0.0, 2.0]),)),
        Case("power", (np.zeros(2), 1.0)),
    ],
    ids=str,
)
def test_conventions_at_kinks_are_pytorchs(case):
    test_adjoints_are_pytorchs(case)


def test_a_wrong_twin_is_caught(monkeypatch):
    monkeypatch.setitem(TWINS, "tanh", operator.neg)
    with pytest.raises(AssertionError):
        test_adjoints_are_pytorchs(next(c for c in CASES if c.op == "tanh"))


def test_nearly_every_call_was_judged():
    """The calls that PyTorch cannot take are few, and every operation has one that it can."""
    covered = [case for case in CASES if case.op in TWINS]
    taken = [case for case in covered if judged(case) is not None]
    assert len(taken) > 0.88 * len(covered)
    assert {case.op for case in taken} | NO_TWIN == {case.op for case in CASES}
    assert set(TWINS) <= set(OPERATIONS)
