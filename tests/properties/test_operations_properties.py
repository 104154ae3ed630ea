"""Laws of the sweep, over shapes and numbers that nobody chose.

The vjp is linear in its seed; it is the transpose of the Jacobian, ``<J v, w> = <v, J' w>``; what a
window of operations gives does not depend on how its nodes are cut into calls.
"""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from tests.trace.build import TapeBuilder
from tests.trace.operations.cases import CASES
from tests.trace.operations.checking import on_tape

from unstuck.trace.adjoint import adjoints
from unstuck.trace.operations import OPERATIONS
from unstuck.trace.replay import replay

numbers = st.floats(-2.0, 2.0, allow_subnormal=False)
seeds = st.integers(0, 2**32 - 1)
SMOOTH = [  # the rest has kinks within a step
    case
    for case in CASES
    if case.op not in {"remainder", "fmod", "sort", "linalg.det", "linalg.inv", "gamma", "entr"}
]


@given(index=st.integers(0, len(CASES) - 1), seed=seeds, a=numbers, b=numbers)
def test_the_sweep_is_linear_in_its_seed(index, seed, a, b):
    rng = np.random.default_rng(seed)
    builder, leaves, result = on_tape(CASES[index])
    v, w = (rng.standard_normal(np.shape(result.value)) for _ in range(2))
    parts = [adjoints(builder.tape, {result.index: s}) for s in (v, w, a * v + b * w)]
    for leaf in leaves:
        first, second, both = (np.asarray(found.get(leaf.index, 0.0)) for found in parts)
        np.testing.assert_allclose(
            both, a * first + b * second, atol=1e-9 * (1 + np.abs(both).max())
        )


@given(index=st.integers(0, len(SMOOTH) - 1), seed=seeds)
def test_the_sweep_is_the_transpose_of_the_jacobian(index, seed):
    """``<J v, w>`` by one difference along v, in all leaves at once."""
    rng = np.random.default_rng(seed)
    builder, leaves, result = on_tape(SMOOTH[index])
    w = rng.standard_normal(np.shape(result.value))
    directions = {leaf.index: rng.standard_normal(np.shape(leaf.value)) for leaf in leaves}
    found = adjoints(builder.tape, {result.index: w})
    right = sum(float(np.sum(v * found.get(i, 0.0))) for i, v in directions.items())
    step, ends = 1e-6, []
    for sign in (1, -1):
        moved = {leaf.index: leaf.value + sign * step * directions[leaf.index] for leaf in leaves}
        values = replay(builder.tape, moved, first=0, last=len(builder.tape))
        ends.append(float(np.sum(w * values.value(result.index))))
    left = (ends[0] - ends[1]) / (2 * step)
    assert left == pytest.approx(right, rel=1e-4, abs=1e-5 * (1 + abs(ends[0])))


@st.composite
def pairs(draw):
    """Two arrays that broadcast against each other."""
    shapes = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3, min_side=1)
    )
    element = st.floats(0.5, 2.0)
    return [draw(hnp.arrays(float, shape, elements=element)) for shape in shapes.input_shapes]


@given(operands=pairs(), op=st.sampled_from(["add", "multiply", "true_divide", "power", "hypot"]))
def test_broadcasting_is_undone(operands, op):
    """As if the operands had been broadcast first, and each sum taken by hand."""
    t = TapeBuilder()
    a, b = (t.leaf(x) for x in operands)
    y = t(op, a, b)
    seed = np.random.default_rng(0).standard_normal(np.shape(y.value))
    found = adjoints(t.tape, {y.index: seed})
    u = TapeBuilder()
    wide = [u.leaf(np.array(np.broadcast_to(x, np.shape(y.value)))) for x in operands]
    z = u(op, *wide)
    full = adjoints(u.tape, {z.index: seed})
    for leaf, other in ((a, wide[0]), (b, wide[1])):
        shape, whole = leaf.value.shape, full[other.index]
        whole = whole.sum(axis=tuple(range(whole.ndim - len(shape))))
        ones = tuple(i for i, n in enumerate(shape) if n == 1)
        expected = whole.sum(axis=ones, keepdims=True) if ones else whole
        assert np.shape(found[leaf.index]) == shape
        np.testing.assert_allclose(found[leaf.index], expected, rtol=1e-12, atol=1e-12)


@st.composite
def indexed(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    basic = hnp.basic_indices(shape, allow_newaxis=True)
    fancy = hnp.integer_array_indices(shape)
    masks = hnp.arrays(bool, shape)
    return shape, draw(st.one_of(basic, fancy, masks))


@given(where=indexed(), seed=seeds)
def test_reading_items_is_the_transpose_of_writing_them(where, seed):
    """Every index: the adjoint of ``base[index]`` adds at the places that were read."""
    shape, index = where
    rng = np.random.default_rng(seed)
    base = rng.standard_normal(shape)
    t = TapeBuilder()
    x = t.leaf(base)
    y = t("getitem", x, index)
    g = rng.standard_normal(np.shape(y.value))
    found = np.asarray(adjoints(t.tape, {y.index: g}).get(x.index, np.zeros(shape)))
    places = np.arange(base.size).reshape(shape)[index]
    expected = np.bincount(np.ravel(places), np.ravel(g), minlength=base.size).reshape(shape)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@given(where=indexed(), seed=seeds)
def test_writing_items_keeps_what_stays_and_passes_what_comes(where, seed):
    shape, index = where
    rng = np.random.default_rng(seed)
    t = TapeBuilder()
    base = t.leaf(rng.standard_normal(shape))
    value = t.leaf(rng.standard_normal(np.shape(base.value[index])))
    y = t("setitem", base, index, value)
    g = rng.standard_normal(shape)
    found = adjoints(t.tape, {y.index: g})
    came = OPERATIONS["setitem"].value((np.ones(shape), index, 0.0), {})
    np.testing.assert_array_equal(found[base.index], g * came)
    assert np.sum(found[value.index]) == pytest.approx(np.sum(g * (1.0 - came)))


@given(
    shape=hnp.array_shapes(min_dims=2, max_dims=2, max_side=5),
    steps=st.lists(st.sampled_from(["T", "flip", "roll", "reshape", "copy", "slice"]), max_size=6),
    seed=seeds,
)
def test_orderings_undo_themselves(shape, steps, seed):
    """Through any chain of orderings the gradient of a sum of squares is twice the numbers."""
    t = TapeBuilder()
    x = t.leaf(np.random.default_rng(seed).standard_normal(shape))
    y = x
    for step in steps:
        y = {
            "T": lambda y: y.T,
            "flip": lambda y: t("flip", y, 0),
            "roll": lambda y: t("roll", y, 1),
            "reshape": lambda y: t("reshape", y, (-1, 1)),
            "copy": lambda y: t("copy", y),
            "slice": lambda y: y[::-1],
        }[step](y)
    total = t("sum", t("square", y))
    np.testing.assert_allclose(adjoints(t.tape, {total.index: 1.0})[x.index], 2.0 * x.value)
