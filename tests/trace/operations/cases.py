"""Calls of every operation that has a gradient, away from kinks: axes, lists, broadcasting."""

import numpy as np
from tests.trace.operations.checking import Case, Fixed

rng = np.random.default_rng(20)


def normal(*shape):
    return rng.standard_normal(shape)


def positive(*shape):
    return rng.uniform(0.5, 2.0, shape)


def distinct(*shape):
    """Numbers of which no two are near each other."""
    size = int(np.prod(shape))
    return (rng.permutation(size) * 0.3 - 0.15 * size + 0.07).reshape(shape)


def inside(*shape):
    return rng.uniform(-0.9, 0.9, shape)


MASK = np.array([[True, False, True], [False, True, True], [True, True, False], [False] * 3])
SHAPES = [((4, 3), (4, 3)), ((4, 3), (3,)), ((4, 1), (3,)), ((4, 3), (4, 1)), ((2, 4, 3), (4, 3))]

BINARY = [
    Case(op, (draw(*a), draw(*b)))
    for op, draw in (
        *(("add", normal), ("subtract", normal), ("multiply", normal), ("maximum", normal)),
        *(("minimum", normal), ("fmax", normal), ("fmin", normal), ("hypot", positive)),
        *(("logaddexp", normal), ("arctan2", positive), ("xlogy", positive)),
        *(("true_divide", positive), ("power", positive), ("xlog1py", positive)),
        *(("copysign", distinct),),
    )
    for a, b in SHAPES
]
SCALARS = [
    Case(op, args)
    for op in ("add", "subtract", "multiply", "true_divide", "power", "maximum", "hypot")
    for args in (
        (1.7, 0.6),
        (positive(3), 0.6),
        (0.6, positive(2, 3)),
        (np.float64(1.7), positive(3)),
        (positive(), 1.3),
        (2, positive(3)),
        (positive(3), 2),
    )
]
MORE_BINARY = [
    Case("remainder", (np.array([5.3, -2.2, 7.9]), np.array([2.0, 3.0, -2.5]))),
    Case("fmod", (np.array([5.3, -2.2, 7.9]), np.array([2.0, 3.0, -2.5]))),
    Case("remainder", (7.3, 2.0)),
    Case("power", (normal(4), 3)),
    Case("power", (normal(4), 2)),
    Case("power", (normal(4), -1)),
    Case("power", (normal(4), np.array([2, 3, 0, 1]))),
    Case("power", (positive(4), -0.5)),
    Case("power", (2, normal(4))),
    Case("ldexp", (normal(3), np.array([1, -2, 3]))),
    Case("add", ([normal(3), normal(3)], normal(3))),
    Case("multiply", (normal(3), [0.5, 2.0, 3.0])),
    Case("true_divide", (normal(4, 3), positive(4, 3)), {"where": MASK, "out": normal(4, 3)}),
    Case("exp", (normal(4, 3),), {"where": MASK, "out": normal(4, 3)}),
    Case("add", (normal(4, 3), normal(3)), {"out": None}),
]
UNARY = [
    Case(op, (draw(4, 3),))
    for op, draw in (
        *((op, normal) for op in ("negative", "positive", "exp", "exp2", "expm1", "square")),
        *((op, normal) for op in ("sin", "cos", "arctan", "sinh", "cosh", "tanh", "arcsinh")),
        *((op, normal) for op in ("expit", "log_expit", "erf", "erfc", "sinc", "real")),
        *((op, normal) for op in ("conjugate", "nan_to_num", "deg2rad", "radians", "rad2deg")),
        *((op, normal) for op in ("degrees",)),
        *((op, distinct) for op in ("absolute", "abs", "fabs", "cbrt", "reciprocal")),
        *((op, positive) for op in ("log", "log2", "log10", "log1p", "sqrt", "gammaln")),
        *((op, positive) for op in ("lgamma", "gamma", "entr")),
        *((op, inside) for op in ("arcsin", "arccos", "arctanh", "tan")),
        ("arccosh", lambda *shape: 1.5 + positive(*shape)),
        ("logit", lambda *shape: positive(*shape) / 2.5),
    )
]
UNARY_SCALARS = [Case(case.op, (float(case.args[0][1, 1]),)) for case in UNARY]
CHOICES = [
    Case("clip", (distinct(4, 3), -0.5, 0.5)),
    Case("clip", (distinct(4, 3), normal(3) - 1, normal(4, 1) + 1)),
    Case("clip", (distinct(4, 3),), {"a_min": 0.0, "a_max": None}),
    Case("clip", (distinct(4, 3),), {"min": -0.4, "max": 0.4}),
    Case("clip", (distinct(4, 3), None, 0.3)),
    Case("clip", (0.7, -0.5, 0.5)),
    Case("where", (MASK, normal(4, 3), normal(4, 3))),
    Case("where", (MASK, normal(3), 0.5)),
    Case("where", (MASK[0], normal(4, 3), normal(4, 1))),
    Case("where", (MASK, 0, normal(4, 3))),
    Case("select", ([MASK, ~MASK[:1]], [normal(4, 3), normal(3)], 0.5)),
    Case("select", ([MASK, ~MASK[:1]], [normal(4, 3), normal(3)]), {"default": 0.5}),
    Case("log", (2.7, 3.1)),
    Case("log", (positive(4, 3),), {"where": MASK, "out": normal(4, 3)}),
]
AXES = [(), (0,), (1,), (-1,)]
REDUCED = [
    Case(op, (draw(4, 3), *axis), {"keepdims": True} if keep else {})
    for op, draw in (
        *((op, normal) for op in ("sum", "mean", "var", "std", "prod", "nansum", "nanmean")),
        *((op, distinct) for op in ("max", "amax", "min", "amin", "ptp", "median")),
    )
    for axis in AXES
    for keep in (False, True)
]
MORE_REDUCED = [
    *(
        Case(op, (distinct(2, 4, 3),), {"axis": axis, "keepdims": keep})
        for op in ("sum", "mean", "var", "std", "prod", "max", "min", "median")
        for axis in ((0, 2), (-1, -2), 1)
        for keep in (False, True)
    ),
    *(Case(op, (normal(4, 3),), {"where": MASK, "axis": 1}) for op in ("sum", "prod")),
    *(Case(op, (normal(3, 4),), {"where": MASK.T[:, :]}) for op in ("mean", "var", "std", "sum")),
    Case("max", (distinct(4, 3),), {"where": MASK, "initial": Fixed(-9.0), "axis": 0}),
    Case("var", (normal(5),), {"ddof": 1}),
    Case("std", (normal(5, 2), 0), {"ddof": 1, "keepdims": True}),
    Case("std", (normal(5, 2), 0, None, None, 1)),
    Case("sum", ([0.5, 1.5, 2.5],)),
    Case("mean", ([normal(3), normal(3)],), {"axis": 0}),
    Case("mean", ([0.5, 1.5, 2.5],)),
    Case("sum", (normal(),)),
    Case("mean", (0.5,)),
    Case("sum", (normal(4, 3),), {"axis": 0, "dtype": np.dtype(float), "out": None}),
    Case("prod", (np.array([1.5, 0.0, 2.0]),)),
    Case("prod", (np.array([0.0, 0.0, 2.0]),)),
    Case("median", (distinct(6),)),
    Case("average", (normal(4, 3),)),
    Case("average", (normal(4, 3), 0), {"weights": positive(4)}),
    Case("average", (normal(4, 3),), {"weights": positive(4, 3)}),
    Case("average", (normal(4, 3), 1, positive(4, 3)), {"keepdims": True}),
    *(Case("linalg.norm", (distinct(5),), {"ord": order}) for order in (None, 1, 2, 0)),
    *(Case("linalg.norm", (distinct(5), Fixed(order))) for order in (np.inf, -np.inf)),
    Case("linalg.norm", (distinct(5), Fixed(3.0))),
    Case("linalg.norm", (distinct(4, 3),)),
    Case("linalg.norm", (distinct(4, 3), "fro")),
    Case("linalg.norm", (distinct(4, 3),), {"axis": 1, "keepdims": True}),
    Case("linalg.norm", (distinct(4, 3),), {"axis": 0, "ord": 1}),
    *(Case("cumsum", (normal(4, 3), *axis)) for axis in AXES),
    *(Case("cumprod", (normal(4, 3), *axis)) for axis in AXES),
    Case("cumprod", (np.array([1.5, 0.0, 2.0, -1.0]),)),
    Case("add.accumulate", (normal(4, 3),)),
    *(Case(op, (normal(4, 3),)) for op in ("softmax", "log_softmax", "logsumexp")),
    *(
        Case(op, (normal(4, 3),), {"axis": axis})
        for op in ("softmax", "log_softmax", "logsumexp")
        for axis in (0, 1, -1)
    ),
    Case("logsumexp", (normal(4, 3),), {"axis": 1, "keepdims": True}),
    Case("builtin_sum", ([0.5, 1.5, 2.5],)),
    Case("builtin_sum", ([normal(3), normal(3), normal(2, 3)],)),
    Case("builtin_sum", ([0.5, normal(3)], 2.5)),
    Case("builtin_sum", (normal(4, 3),)),
    Case("builtin_max", (0.5, 1.5)),
    Case("builtin_max", (0, 1.5)),
    Case("builtin_min", ([0.5, 1.5, 0.2],)),
    Case("builtin_max", (distinct(5),)),
]
PRODUCTS = [
    *(
        Case(op, (normal(*a), normal(*b)))
        for op in ("dot", "matmul")
        for a, b in (
            *(((4, 3), (3, 2)), ((3,), (3, 2)), ((4, 3), (3,)), ((3,), (3,))),
            *(((2, 4, 3), (3,)), ((3,), (2, 3, 5)), ((2, 4, 3), (3, 2)), ((4, 3), (2, 3, 5))),
            *(((1, 3), (3, 1)),),
        )
    ),
    Case("matmul", (normal(2, 4, 3), normal(2, 3, 5))),
    Case("matmul", (normal(6, 2, 4, 3), normal(2, 3, 5))),
    Case("matmul", (normal(1, 4, 3), normal(6, 3, 5))),
    Case("matmul", (normal(2, 4, 3), normal(1, 3, 5))),
    Case("dot", (normal(2, 4, 3), normal(5, 3, 2))),
    Case("dot", (0.5, normal(2, 3))),
    Case("dot", (normal(2, 3), 0.5)),
    Case("dot", (0.5, 0.7)),
    Case("dot", ([0.5, 0.7], [1.5, 2.5])),
    Case("dot", ([0.5, 0.7], normal(2, 3))),
    Case("inner", (normal(3), normal(3))),
    Case("inner", (normal(4, 3), normal(5, 3))),
    Case("inner", (normal(4, 3), normal(3))),
    Case("inner", (normal(2, 4, 3), normal(5, 3))),
    Case("inner", (normal(2, 3), 0.5)),
    Case("outer", (normal(3), normal(4))),
    Case("outer", (normal(3, 1), normal(1, 4))),
    Case("outer", (0.5, normal(4))),
    Case("multiply.outer", (normal(3, 2), normal(4))),
    Case("vdot", (normal(4, 3), normal(4, 3))),
    Case("tensordot", (normal(4, 3, 2), normal(3, 2, 5))),
    Case("tensordot", (normal(4, 3), normal(3, 5), 1)),
    Case("tensordot", (normal(4, 3), normal(2, 5)), {"axes": 0}),
    Case("tensordot", (normal(4, 3, 2), normal(2, 4, 5), ([0, 2], [1, 0]))),
    Case("tensordot", (normal(4, 3, 2), normal(5, 3), (1, 1))),
    Case("tensordot", (normal(4, 3, 2), normal(2, 4, 5), ((-1, 0), (0, 1)))),
    *(
        Case("einsum", (text, *(normal(*shape) for shape in shapes)))
        for text, *shapes in (
            ("ij,jk->ik", (4, 3), (3, 2)),
            ("ij,jk", (4, 3), (3, 2)),
            ("ij,ij->i", (4, 3), (4, 3)),
            ("ij->", (4, 3)),
            ("ij->j", (4, 3)),
            ("ij->ji", (4, 3)),
            ("ii->i", (3, 3)),
            ("ii", (3, 3)),
            ("i,j->ij", (4,), (3,)),
            ("bij,bjk->bik", (2, 4, 3), (2, 3, 5)),
            ("...ij,...jk->...ik", (2, 4, 3), (2, 3, 5)),
            ("...ij,jk->...ik", (2, 4, 3), (3, 5)),
            ("ij,j,jk->ik", (4, 3), (3,), (3, 2)),
            ("nchw,kchw->nk", (2, 3, 2, 2), (4, 3, 2, 2)),
            ("ij,kl->", (2, 3), (2, 2)),
            ("ij,kj->ik", (4, 3), (2, 3)),
            (" i j , j -> i", (4, 3), (3,)),
            ("i...->...", (4, 3)),
        )
    ),
    Case("kron", (normal(2, 3), normal(3, 2))),
    Case("kron", (normal(2), normal(3, 2))),
    Case("kron", (normal(2, 3), normal(2))),
    Case("kron", (normal(2), normal(3))),
    Case("cross", (normal(4, 3), normal(4, 3))),
    Case("cross", (normal(4, 3), normal(3))),
    *(
        Case(op, (normal(n), normal(m)), {"mode": mode} if mode else {})
        for op in ("convolve", "correlate")
        for n, m in ((6, 3), (5, 4), (4, 4))
        for mode in ("", "full", "same", "valid")
    ),
    Case("convolve", (normal(3), normal(6), "same")),
    Case("convolve", (normal(3), normal(6), "valid")),
    Case("linalg.multi_dot", ([normal(4, 3), normal(3, 2), normal(2, 5)],)),
    Case("linalg.multi_dot", ([normal(4, 3), normal(3, 2), normal(2, 5), normal(5)],)),
    Case("linalg.inv", (normal(3, 3) + 3 * np.eye(3),)),
    Case("linalg.solve", (normal(3, 3) + 3 * np.eye(3), normal(3, 2))),
    Case("linalg.solve", (normal(3, 3) + 3 * np.eye(3), normal(3))),
    Case("linalg.det", (normal(3, 3) + 3 * np.eye(3),)),
    Case("linalg.det", (normal(2, 3, 3) + 3 * np.eye(3),)),
]
SHAPED = [
    Case("reshape", (normal(4, 3), (2, 6))),
    Case("reshape", (normal(4, 3), 2, 6)),
    Case("reshape", (normal(4, 3), -1)),
    Case("reshape", (normal(4, 3), (-1, 2)), {"order": "F"}),
    Case("reshape", (normal(4, 3), (-1, 2), "F")),
    Case("reshape", (0.5, (1, 1))),
    *(Case(op, (normal(4, 3), *order)) for op in ("ravel", "flatten") for order in ((), ("F",))),
    Case("ravel", (normal(4, 3),), {"order": "C"}),
    Case("transpose", (normal(4, 3),)),
    Case("transpose", (normal(2, 4, 3), (1, 2, 0))),
    Case("transpose", (normal(2, 4, 3), 1, 2, 0)),
    Case("transpose", (normal(2, 4, 3),), {"axes": (-1, 0, 1)}),
    Case("transpose", (normal(3), 0)),
    Case("matrix_transpose", (normal(2, 4, 3),)),
    Case("swapaxes", (normal(2, 4, 3), 0, 2)),
    Case("moveaxis", (normal(2, 4, 3), 0, -1)),
    Case("moveaxis", (normal(2, 4, 3), (0, 1), (-1, 0))),
    Case("rollaxis", (normal(2, 4, 3), 2)),
    Case("squeeze", (normal(1, 4, 1),)),
    Case("squeeze", (normal(1, 4, 1), 0)),
    Case("expand_dims", (normal(4, 3), 1)),
    Case("expand_dims", (normal(4, 3), (0, 2))),
    *(Case(f"atleast_{n}d", (x,)) for n in (1, 2, 3) for x in (0.5, normal(3), normal(4, 3))),
    Case("broadcast_to", (normal(3), (4, 3))),
    Case("broadcast_to", (normal(4, 1), (2, 4, 3))),
    Case("broadcast_to", (0.5, (2,))),
    Case("flip", (normal(4, 3),)),
    Case("flip", (normal(4, 3), 1)),
    Case("flip", (normal(4, 3),), {"axis": (0, 1)}),
    Case("fliplr", (normal(4, 3),)),
    Case("flipud", (normal(4, 3),)),
    Case("roll", (normal(4, 3), 2)),
    Case("roll", (normal(4, 3), 1, 0)),
    Case("roll", (normal(4, 3), (1, 2)), {"axis": (0, 1)}),
    Case("tril", (normal(4, 3),)),
    Case("tril", (normal(4, 3), -1)),
    Case("triu", (normal(4, 3), 1)),
    Case("trace", (normal(4, 3),)),
    Case("trace", (normal(4, 4, 2), 1)),
    Case("diff", (normal(5),)),
    Case("diff", (normal(5, 3), 2, 0)),
    Case("rot90", (normal(4, 3),)),
    Case("rot90", (normal(4, 3), 3)),
    Case("tile", (normal(4, 3), 2)),
    Case("tile", (normal(3), (2, 2))),
    Case("tile", (normal(4, 1), (1, 3))),
    Case("repeat", (normal(4, 3), 2)),
    Case("repeat", (normal(4, 3), 2, 0)),
    Case("repeat", (normal(3), [1, 0, 2])),
    Case("repeat", (0.5, 3)),
    Case("resize", (normal(4, 3), (3, 5))),
    Case("pad", (normal(4, 3), 1)),
    Case("pad", (normal(4, 3), ((0, 1), (2, 0)), "constant"), {"constant_values": 3}),
    Case("pad", (normal(4, 3), 1, "edge")),
    Case("pad", (normal(4, 3), 1), {"mode": "reflect"}),
    Case("pad", (normal(4, 3), 1), {"mode": "wrap"}),
    Case("diag", (normal(3),)),
    Case("diag", (normal(4, 3),)),
    Case("diag", (normal(4, 3), 1)),
    Case("diagflat", (normal(2, 2),)),
    Case("diagonal", (normal(4, 3),)),
    Case("diagonal", (normal(4, 3, 2), 0, 1, 2)),
    Case("lib.stride_tricks.sliding_window_view", (normal(5), 3)),
    Case("lib.stride_tricks.sliding_window_view", (normal(5, 4), (2, 3))),
    Case("sliding_window_view", (normal(5, 4), 2), {"axis": 1}),
    Case("delete", (normal(4, 3), 1, 0)),
    Case("delete", (normal(4, 3), [0, 2], 1)),
]
JOINED = [
    Case("concatenate", ([normal(4, 3), normal(2, 3)],)),
    Case("concatenate", ((normal(4, 3), normal(4, 2)),), {"axis": 1}),
    Case("concatenate", ((normal(4, 3), normal(4, 2)), -1)),
    Case("concatenate", ([normal(4, 3), normal(2)],), {"axis": None}),
    Case("concatenate", ([normal(4, 3), np.ones((4, 1), int)], 1)),
    Case("concatenate", (normal(2, 4, 3),)),
    Case("stack", ([normal(4, 3), normal(4, 3)],)),
    Case("stack", ([normal(4, 3), normal(4, 3)], 1)),
    Case("stack", ([normal(4, 3), normal(4, 3)],), {"axis": -1}),
    Case("stack", ([0.5, 1.5],)),
    *(
        Case(op, ([normal(4, 3), normal(4, 3)],))
        for op in ("vstack", "row_stack", "hstack", "column_stack", "dstack")
    ),
    *(Case(op, ([normal(3), normal(3)],)) for op in ("vstack", "hstack", "column_stack", "dstack")),
    Case("hstack", ((0.5, normal(3)),)),
    Case("column_stack", ([normal(4), normal(4, 2)],)),
    Case("vstack", ([normal(3), normal(2, 3)],)),
    Case("append", (normal(4, 3), normal(2))),
    Case("append", (normal(4, 3), normal(2, 3)), {"axis": 0}),
    Case("append", (normal(3), 0.5)),
    Case("insert", (normal(4, 3), 1, normal(3), 0)),
    Case("insert", (normal(4, 3), 0, 1.5), {"axis": 1}),
    Case("insert", (normal(5), [1, 3], normal(2))),
    Case("copyto", (normal(4, 3), normal(3))),
    Case("copyto", (normal(4, 3), normal(3)), {"where": MASK}),
    Case("array", ([normal(3), normal(3)],)),
    Case("array", ([[0.5, 1.5], [2.5, 3.5]],)),
    Case("array", ([0.5, 1, 2.5],)),
    Case("array", ([[normal(2), normal(2)]],)),
    Case("array", (normal(4, 3),), {"dtype": np.dtype(float), "copy": True}),
    Case("array", (0.5,)),
    Case("array", ([0.5, 1.5],), {"ndmin": 2}),
    *(Case(op, ([0.5, 1.5],)) for op in ("asarray", "asanyarray", "ascontiguousarray")),
    *(Case(op, (normal(4, 3),)) for op in ("asarray", "asanyarray", "asfarray", "copy")),
    Case("asfortranarray", (normal(4, 3),)),
    Case("ascontiguousarray", (0.5,)),
    Case("astype", (normal(4, 3), np.dtype(float))),
    Case("float", (0.5,)),
    Case("float", (normal(1),)),
    Case("float", (normal(1, 1),)),
    Case("float", (normal(3),)),
    Case("float64", (0.5,)),
    Case("item", (normal(1, 1),)),
    Case("item", (normal(4, 3), 5)),
    Case("item", (normal(4, 3), (1, 2))),
    Case("item", (normal(4, 3), 1, 2)),
    Case("item", (normal(),)),
    Case("full", ((4, 3), 0.5)),
    Case("full", ((4, 3), normal(3))),
    Case("full_like", (normal(4, 3), 0.5)),
    Case("fill", (normal(4, 3), 0.5)),
    Case("linspace", (0.5, 2.5, 7)),
    Case("linspace", (0.5, 2.5), {"num": 5, "endpoint": False}),
]
REPEATED = np.array([2, 0, 2, 1])
INDICES = [
    1,
    -1,
    slice(1, 3),
    slice(None, None, -2),
    (1, 2),
    (slice(None), 1),
    (slice(None), slice(0, 2)),
    (Ellipsis, 0),
    Ellipsis,
    None,
    (slice(None), None, 1),
    [0, 2],
    REPEATED,
    (REPEATED, [0, 1, 1, 0]),
    (np.arange(4), np.array([0, 2, 1, 1])),
    (np.array([[0, 1], [2, 2]]), slice(None)),
    (slice(None), REPEATED),
    (1, REPEATED),
    MASK,
    MASK[:, 0],
    (slice(None), np.array([True, False, True])),
    (np.ix_([0, 2], [1, 1])),
    np.array(2),
]
ITEMS = [
    *(Case("getitem", (normal(4, 3), index)) for index in INDICES),
    *(
        Case("setitem", (x, index, normal(*np.shape(x[index]))))
        for index in INDICES
        for x in (normal(4, 3),)
    ),
    *(Case("setitem", (normal(4, 3), index, 0.5)) for index in INDICES),
    *(
        Case("add.at", (x, index, normal(*np.shape(x[index]))))
        for index in INDICES
        for x in (normal(4, 3),)
    ),
    Case("setitem", (normal(4, 3), 1, normal(1, 3))),
    Case("setitem", (normal(4, 3), slice(0, 2), normal(3))),
    Case("setitem", (normal(4, 3), (slice(None), 0), normal(1))),
    Case("setitem", (normal(4, 3), REPEATED, normal(3))),
    Case("setitem", (normal(4, 3), 1, [0.5, 1.5, 2.5])),
    Case("setitem", (normal(4, 3), Ellipsis, 0)),
    Case("add.at", (normal(3), REPEATED, 0.5)),
    Case("subtract.at", (normal(4, 3), REPEATED, normal(4, 3))),
    Case("gather", (normal(4, 3), np.array([[0, 5], [5, 11]]), (2, 2))),
    Case("gather", (normal(4, 3), np.arange(12).reshape(4, 3).T, (3, 4))),
    Case("scatter", (normal(4, 3), np.array([[1, 5], [7, 11]]), normal(2, 2))),
    Case("scatter", (normal(4, 3), np.array(5), np.float64(0.5))),
    *(Case("take", (normal(4, 3), *rest)) for rest in ((5,), ([0, 5, 5],), (REPEATED, 0))),
    Case("take", (normal(4, 3), [0, 2, 2]), {"axis": 1}),
    Case("take_along_axis", (normal(4, 3), np.array([[0], [2], [1], [1]]), 1)),
    Case("extract", (MASK, normal(4, 3))),
    Case("sort", (distinct(4, 3),)),
    Case("sort", (distinct(4, 3), 0)),
    Case("sort", (distinct(4, 3),), {"axis": None}),
    Case("fill_diagonal", (normal(4, 3), 0.5)),
    Case("fill_diagonal", (normal(3, 3), 0)),
    Case("place", (normal(4, 3), MASK, normal(4))),
    Case("putmask", (normal(4, 3), MASK, normal(4, 3))),
    Case("put", (normal(4, 3), [0, 5], normal(2))),
    Case("put_along_axis", (normal(4, 3), np.array([[0], [2], [1], [1]]), normal(4, 1), 1)),
]
CASES: tuple[Case, ...] = (
    *BINARY,
    *SCALARS,
    *MORE_BINARY,
    *UNARY,
    *UNARY_SCALARS,
    *CHOICES,
    *REDUCED,
    *MORE_REDUCED,
    *PRODUCTS,
    *SHAPED,
    *JOINED,
    *ITEMS,
)
