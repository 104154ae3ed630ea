"""Every entry of the table: its value is NumPy's, its derivative is the slope of its value."""

import math

import numpy as np
import pytest
import scipy.special
from tests.trace.operations.cases import CASES, normal
from tests.trace.operations.checking import Case, check, differenced, on_tape, swept

from unstuck.trace.operations import OPERATIONS, NoRule, Operation

# Computed anew, but without a derivative: the sweep says so.
WITHOUT_RULE = {
    *("percentile", "quantile", "cov", "corrcoef", "interp", "polyval", "gradient"),
    *("nanmax", "nanmin", "nanstd", "nanvar"),
    *(f"linalg.{name}" for name in ("pinv", "matrix_power", "matrix_rank", "cond", "cholesky")),
    *("linalg.eigvals", "linalg.eigvalsh"),
}
TOO_COARSE = {"float32"}  # for differences: tested on its own below
NO_GRADIENT = {
    # comparisons and logic
    *("greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "logical_and"),
    *("logical_or", "logical_xor", "logical_not", "isfinite", "isnan", "isinf", "signbit"),
    *("isclose", "allclose", "array_equal", "isin", "any", "all", "bitwise_and", "bitwise_or"),
    *("bitwise_xor", "invert", "left_shift", "right_shift"),
    # constant between jumps
    *("sign", "floor", "ceil", "rint", "trunc", "fix", "floor_divide", "heaviside", "round"),
    *("around", "round_", "int", "bool", "imag"),
    # places, counts, shapes
    *("argmax", "argmin", "nanargmax", "nanargmin", "argsort", "argpartition", "nonzero"),
    *("flatnonzero", "argwhere", "count_nonzero", "searchsorted", "bincount", "unique"),
    *("digitize", "histogram", "shape", "size", "ndim"),
    # made from a shape
    *("zeros", "zeros_like", "ones", "ones_like", "empty", "empty_like", "eye", "identity"),
    *("tri", "indices", "tril_indices", "triu_indices", "diag_indices", "arange", "meshgrid"),
    # drawn
    "shuffle",
    *(name for name in OPERATIONS if name.startswith("random.")),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_derivative_is_the_slope(case):
    check(case)


def test_every_operation_is_checked_or_listed():
    checked = {case.op for case in CASES}
    assert checked | NO_GRADIENT | WITHOUT_RULE | TOO_COARSE == set(OPERATIONS)
    assert not checked & NO_GRADIENT
    assert {name for name, entry in OPERATIONS.items() if entry.vjp is None} == NO_GRADIENT
    assert all(name == entry.name for name, entry in OPERATIONS.items())


@pytest.mark.parametrize(
    ("op", "wrong"),
    [
        ("tanh", lambda g, y, args, kwargs, position: g * (1.0 - y)),
        ("matmul", lambda g, y, args, kwargs, position: 1.001 * g @ args[1].T),
        ("sum", lambda g, y, args, kwargs, position: np.zeros(np.shape(args[0]))),
        ("getitem", lambda g, y, args, kwargs, position: np.zeros(np.shape(args[0]))),
        ("add", lambda g, y, args, kwargs, position: g[..., :1]),
    ],
)
def test_planted_wrong_rule_is_caught(monkeypatch, op, wrong):
    right = OPERATIONS[op]
    case = next(c for c in CASES if c.op == op and np.ndim(c.args[0]) == 2)
    check(case)
    monkeypatch.setitem(OPERATIONS, op, Operation(op, right.value, wrong, right.kind))
    with pytest.raises(AssertionError):
        check(case)


def test_planted_wrong_accumulation_is_caught(monkeypatch):
    right = OPERATIONS["getitem"]

    def last_wins(target, g, args, kwargs):
        target[args[1]] += g

    wrong = Operation("getitem", right.value, right.vjp, right.kind, last_wins)
    monkeypatch.setitem(OPERATIONS, "getitem", wrong)
    with pytest.raises(AssertionError):
        check(Case("getitem", (normal(4, 3), np.array([2, 0, 2]))))


@pytest.mark.parametrize("case", [c for c in CASES if OPERATIONS[c.op].add_to is not None], ids=str)
def test_adding_in_place_equals_the_whole_adjoint(monkeypatch, case):
    right = OPERATIONS[case.op]
    _, quick = swept(case)
    monkeypatch.setitem(OPERATIONS, case.op, Operation(case.op, right.value, right.vjp, right.kind))
    _, whole = swept(case)
    for a, b in zip(quick, whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)


# ------------------------------------------------------------------------------------------ values
def written(function):
    """A function that writes into its first argument, as one that does not."""

    def functional(base, *args, **kwargs):
        base = np.array(base)
        function(base, *args, **kwargs)
        return base

    return functional


def scattered(base, places, view):
    base = np.array(base)
    base.flat[np.ravel(places)] = np.ravel(view)
    return base


def with_method(name):
    return lambda a, *args, **kwargs: getattr(np.asarray(a), name)(*args, **kwargs)


TWINS = {
    **{name: getattr(np, name) for name in OPERATIONS if hasattr(np, name)},
    **{f"linalg.{n}": getattr(np.linalg, n) for n in dir(np.linalg) if f"linalg.{n}" in OPERATIONS},
    **{
        name: getattr(scipy.special, name)
        for name in ("expit", "logit", "log_expit", "erf", "erfc", "gammaln", "gamma", "entr")
    },
    **{
        name: getattr(scipy.special, name)
        for name in ("xlogy", "xlog1py", "softmax", "log_softmax", "logsumexp")
    },
    "lgamma": np.vectorize(math.lgamma),
    "log": lambda a, *base, **kwargs: math.log(a, *base) if base else np.log(a, **kwargs),
    "clip": np.clip,
    "reshape": lambda a, *shape, **kwargs: (
        np.reshape(a, shape[0], order=shape[1])
        if "F" in shape
        else np.asarray(a).reshape(*shape, **kwargs)
    ),
    "transpose": lambda a, *axes, **kwargs: (
        np.transpose(a, **kwargs) if kwargs else np.asarray(a).transpose(*axes)
    ),
    "flatten": with_method("flatten"),
    "astype": with_method("astype"),
    "item": with_method("item"),
    "matrix_transpose": lambda a: np.swapaxes(a, -1, -2),
    "row_stack": np.vstack,
    "asfarray": lambda a: np.asarray(a, float),
    "multiply.outer": np.multiply.outer,
    "add.accumulate": np.add.accumulate,
    "lib.stride_tricks.sliding_window_view": np.lib.stride_tricks.sliding_window_view,
    "sliding_window_view": np.lib.stride_tricks.sliding_window_view,
    "builtin_sum": sum,
    "builtin_max": max,
    "builtin_min": min,
    "float": lambda a: float(np.asarray(a).item()) if np.size(a) == 1 else np.float64(a),
    "getitem": lambda base, index: base[index],
    "setitem": written(lambda base, index, value: base.__setitem__(index, value)),
    "add.at": written(np.add.at),
    "subtract.at": written(np.subtract.at),
    "gather": lambda base, places, shape: np.array(base).flat[np.ravel(places)].reshape(shape),
    "scatter": scattered,
    "fill": written(lambda base, value: base.fill(value)),
    **{
        name: written(getattr(np, name))
        for name in ("copyto", "fill_diagonal", "place", "putmask", "put", "put_along_axis")
    },
}


def arguments(case):
    builder, _, _ = on_tape(case)
    node = builder.tape.nodes[-1]
    values = {n.index: n.value for n in builder.tape.nodes}

    def filled(x):
        if type(x).__name__ == "Ref":
            return values[x.index]
        if isinstance(x, (list, tuple)):
            return type(x)(map(filled, x))
        return x

    return filled(node.args), {key: filled(x) for key, x in node.kwargs.items()}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_value_is_numpys_and_nothing_is_written(case):
    args, kwargs = arguments(case)
    before = repr((args, kwargs))
    value = OPERATIONS[case.op].value(args, kwargs)
    assert repr((args, kwargs)) == before
    if "out" in kwargs and kwargs["out"] is not None:
        kwargs = {**kwargs, "out": kwargs["out"].copy()}
    elif "out" in kwargs:
        kwargs = {key: x for key, x in kwargs.items() if key != "out"}
    expected = TWINS[case.op](*args, **kwargs)
    assert np.shape(value) == np.shape(expected)
    rtol = 1e-13 if case.op == "lgamma" else 4e-16  # another implementation than NumPy's or SciPy's
    np.testing.assert_allclose(value, expected, rtol=rtol, atol=0)


@pytest.mark.parametrize("name", sorted(NO_GRADIENT - {"shuffle"}))
def test_what_has_no_gradient_has_a_value_or_is_drawn(name):
    entry = OPERATIONS[name]
    if entry.kind == "random":
        with pytest.raises(ValueError, match="draw"):
            entry.value((), {})
        return
    calls = {
        **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor"), (np.array([1, 2]), 3)),
        **dict.fromkeys(("left_shift", "right_shift"), (np.array([1, 2]), 1)),
        **dict.fromkeys(("zeros", "ones", "empty", "eye", "identity", "tri"), (3,)),
        **dict.fromkeys(("tril_indices", "triu_indices", "diag_indices"), (3,)),
        **dict.fromkeys(("int", "bool"), (1.5,)),
        **dict.fromkeys(("searchsorted", "digitize"), (np.arange(3.0), np.arange(3.0))),
        **dict.fromkeys(
            ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "isclose"),
            (np.arange(3.0), 1.0),
        ),
        **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), (np.arange(3.0), 1.0)),
        **dict.fromkeys(("allclose", "array_equal", "isin"), (np.arange(3.0), np.arange(3.0))),
        **dict.fromkeys(("floor_divide", "heaviside"), (np.arange(3.0), 2.0)),
        "argpartition": (np.arange(3.0), 1),
        "invert": (np.array([True, False]),),
        "indices": ((2, 2),),
        "arange": (3,),
        "bincount": (np.arange(3),),
    }
    args = calls.get(name, (np.arange(3.0),))
    value = entry.value(args, {})
    twin = {"fix": np.trunc, "around": np.round, "round_": np.round, "int": int, "bool": bool}
    if not name.startswith("empty"):
        expected = twin.get(name, getattr(np, name, None))(*args)
        several = isinstance(value, tuple)
        for a, b in zip(value, expected, strict=True) if several else [(value, expected)]:
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", sorted(WITHOUT_RULE))
def test_what_is_without_a_rule_says_so(name):
    vjp = OPERATIONS[name].vjp
    with pytest.raises(NoRule, match=name):
        vjp(np.float64(1.0), np.float64(1.0), (np.eye(2),), {}, 0)


@pytest.mark.parametrize(
    "case",
    [
        Case("linalg.norm", (normal(3, 3),), {"ord": 2}),
        Case("einsum", (normal(3, 3), [0, 1], [1, 0])),
        Case("pad", (normal(4), 1), {"mode": "mean"}),
        Case("correlate", (normal(3), normal(5), "full")),
        Case("cross", (normal(3, 4), normal(3, 4)), {"axis": 0}),
        Case("linspace", (normal(3), normal(3), 5)),
        Case("fill_diagonal", (normal(3, 3), normal(3))),
    ],
    ids=str,
)
def test_arguments_that_a_rule_does_not_cover_are_refused(case):
    with pytest.raises(NoRule):
        swept(case)


def test_single_precision_in_double_precision_back():
    values, gradients = swept(Case("float32", (0.5,)))
    assert values == [0.5]
    assert gradients[0].dtype == np.float64
    case = Case("multiply", (normal(3), normal(3)))
    builder, leaves, result = on_tape(case)
    single = [builder("astype", leaf, np.dtype("float32")) for leaf in leaves]
    product = builder("multiply", *single)
    assert product.value.dtype == np.float32
    assert result.value.dtype == np.float64


def test_differences_and_sweep_are_of_the_same_leaves():
    case = Case("multiply", (normal(2, 3), 0.5))
    assert [np.shape(x) for x in differenced(case)] == [(2, 3), ()]
