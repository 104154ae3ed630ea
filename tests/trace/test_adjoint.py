"""The sweep: what it sums, where it stops, what it refuses."""

import numpy as np
import pytest
from tests.trace.build import TapeBuilder

from unstuck.trace.adjoint import adjoints
from unstuck.trace.operations import NoRule
from unstuck.trace.replay import replay

rng = np.random.default_rng(3)


def softmax_network():
    """Two layers, cross-entropy with labels as indices: (builder, parameters, loss, by hand)."""
    t = TapeBuilder()
    X, y = rng.standard_normal((5, 4)), np.array([0, 1, 2, 0, 1])
    W1, b1 = rng.standard_normal((4, 6)), rng.standard_normal(6)
    W2, b2 = rng.standard_normal((6, 3)), rng.standard_normal((1, 3))
    p = [t.leaf(x) for x in (W1, b1, W2, b2)]
    labels = t.leaf(y)
    h = t("tanh", t.leaf(X) @ p[0] + p[1])
    z = h @ p[2] + p[3]
    e = t("exp", z - t("max", z, axis=1, keepdims=True))
    out = e / t("sum", e, axis=1, keepdims=True)
    loss = -t("mean", t("log", t("getitem", out, (np.arange(5), labels))))
    delta = out.value.copy()
    delta[np.arange(5), y] -= 1.0
    delta /= 5.0
    inner = (delta @ W2.T) * (1.0 - h.value**2)
    by_hand = [X.T @ inner, inner.sum(0), h.value.T @ delta, delta.sum(0, keepdims=True)]
    return t, p, loss, by_hand


def test_a_network_written_out():
    t, parameters, loss, by_hand = softmax_network()
    found = adjoints(t.tape, {loss.index: 1.0})
    for parameter, gradient in zip(parameters, by_hand, strict=True):
        np.testing.assert_allclose(found[parameter.index], gradient, atol=1e-14)


def test_a_value_used_twice_sums_both_ways():
    t = TapeBuilder()
    x = t.leaf(3.0)
    y = x * x + t("sin", x)
    found = adjoints(t.tape, {y.index: 1.0})
    assert found[x.index] == pytest.approx(6.0 + np.cos(3.0))
    assert isinstance(found[x.index], np.float64)


def test_a_value_that_stands_twice_in_one_list():
    t = TapeBuilder()
    x = t.leaf(np.array([1.0, 2.0]))
    both = t("concatenate", [x, x])
    found = adjoints(t.tape, {both.index: np.array([1.0, 2.0, 3.0, 4.0])})
    np.testing.assert_array_equal(found[x.index], [4.0, 6.0])


def test_seeds_may_stand_in_the_middle_and_add_up():
    t = TapeBuilder()
    x = t.leaf(2.0)
    a = x * 3.0
    b = a * 5.0
    found = adjoints(t.tape, {b.index: 1.0, a.index: 10.0})
    assert found[a.index] == 15.0
    assert found[x.index] == 45.0


def test_seeds_are_not_written_into():
    t = TapeBuilder()
    x = t.leaf(np.ones(2))
    a = x + x
    b = a + a
    seeds = {a.index: np.ones(2), b.index: np.ones(2)}
    found = adjoints(t.tape, seeds)
    np.testing.assert_array_equal(found[x.index], [6.0, 6.0])
    np.testing.assert_array_equal(seeds[a.index], [1.0, 1.0])
    np.testing.assert_array_equal(seeds[b.index], [1.0, 1.0])


def test_adjoints_share_no_memory_that_is_written_later():
    t = TapeBuilder()
    x = t.leaf(np.ones((3, 2)))
    a = t("positive", x)
    part = a[0]
    whole = t("add", a, 0.0)
    total = t("sum", whole) + t("sum", part)
    found = adjoints(t.tape, {total.index: 1.0})
    np.testing.assert_array_equal(found[x.index], [[2.0, 2.0], [1.0, 1.0], [1.0, 1.0]])
    np.testing.assert_array_equal(found[whole.index], np.ones((3, 2)))


def test_stop_allowed_and_first():
    t = TapeBuilder()
    x, w = t.leaf(2.0), t.leaf(7.0)
    a = x * w
    b = a * 3.0
    c = b * 4.0
    assert set(adjoints(t.tape, {c.index: 1.0}, stop={a.index})) == {c.index, b.index, a.index}
    found = adjoints(t.tape, {c.index: 1.0}, allowed={a.index, b.index, x.index})
    assert set(found) == {c.index, b.index, a.index, x.index}
    found = adjoints(t.tape, {c.index: 1.0}, allowed=lambda index: index != w.index)
    assert w.index not in found
    found = adjoints(t.tape, {c.index: 1.0}, first=b.index)
    assert set(found) == {c.index, b.index, a.index}
    assert adjoints(t.tape, {}) == {}


def test_values_of_a_replay_stand_in_for_the_tapes():
    t, parameters, loss, _ = softmax_network()
    changed = {p.index: p.value + 0.3 * rng.standard_normal(p.value.shape) for p in parameters}
    values = replay(t.tape, changed, first=0, last=len(t.tape))
    found = adjoints(t.tape, {loss.index: 1.0}, values=values)
    W, at, step = parameters[0].index, (1, 2), 1e-6
    totals = []
    for sign in (1, -1):
        moved = {**changed, W: changed[W].copy()}
        moved[W][at] += sign * step
        totals.append(replay(t.tape, moved, first=0, last=len(t.tape)).value(loss.index))
    assert found[W][at] == pytest.approx((totals[0] - totals[1]) / (2 * step), rel=1e-6)


def test_whole_numbers_get_nothing_unless_asked():
    t = TapeBuilder()
    x, n = t.leaf(2.0), t.leaf(3)
    mask = t("greater", x, 1.0)
    y = x * n * mask
    assert set(adjoints(t.tape, {y.index: 1.0})) == {y.index, y.index - 1, x.index}
    found = adjoints(t.tape, {y.index: 1.0}, through_integers=True)
    assert found[n.index] == 2.0
    assert mask.index not in found


def test_unknown_operations_are_refused_only_where_a_gradient_would_pass():
    t = TapeBuilder()
    x = t.leaf(2.0)
    odd = t.node("opaque", 5.0, x)
    y = odd * x
    with pytest.raises(NoRule, match="opaque") as caught:
        adjoints(t.tape, {y.index: 1.0})
    assert caught.value.index == odd.index
    assert adjoints(t.tape, {y.index: 1.0}, allowed={x.index})[x.index] == 5.0
    assert adjoints(t.tape, {y.index: 1.0}, stop={odd.index})[x.index] == 5.0


def test_a_draw_is_refused_and_steps_pass_nothing_on():
    t = TapeBuilder()
    x = t.leaf(2.0)
    drawn = t.node("random.normal", 1.0, x)
    with pytest.raises(NoRule, match=r"random\.normal"):
        adjoints(t.tape, {drawn.index: 1.0})
    step = t("floor", x)
    assert adjoints(t.tape, {step.index: 1.0}) == {step.index: 1.0}


def test_a_refusal_by_arguments_says_where():
    t = TapeBuilder()
    x = t.leaf(np.eye(3))
    y = t("linalg.norm", x, ord=2)
    with pytest.raises(NoRule, match="matrix") as caught:
        adjoints(t.tape, {y.index: 1.0})
    assert caught.value.index == y.index


def test_writes_in_place_and_views():
    """A buffer, a view of it, a write through the view, and the buffer read again."""
    t = TapeBuilder()
    x, v = t.leaf(np.arange(6.0).reshape(2, 3)), t.leaf(np.array([7.0, 8.0]))
    places = np.array([1, 4])  # the middle column
    view = t("gather", x, places, (2,))
    new = t("multiply", view, v, inplace=True)
    whole = t("scatter", x, places, new, inplace=True)
    seed = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    found = adjoints(t.tape, {whole.index: seed})
    np.testing.assert_array_equal(found[v.index], [2.0 * 1.0, 5.0 * 4.0])
    np.testing.assert_array_equal(found[x.index], [[1.0, 14.0, 3.0], [4.0, 40.0, 6.0]])


def test_items_of_a_large_array_one_by_one_equal_the_whole():
    t = TapeBuilder()
    W = t.leaf(rng.standard_normal((20, 10)))
    total = 0.0
    for i in range(20):
        for j in range(10):
            total = t("getitem", W, (i, j)) * float(i + 2 * j) + total
    found = adjoints(t.tape, {total.index: 1.0})
    np.testing.assert_array_equal(found[W.index], np.add.outer(np.arange(20), 2 * np.arange(10)))


def test_a_long_chain_needs_no_recursion():
    t = TapeBuilder()
    x = t.leaf(0.5)
    y = x
    for _ in range(3000):
        y = t("tanh", y * 1.01)
    slope = adjoints(t.tape, {y.index: 1.0})[x.index]
    step = 1e-6
    ends = [
        replay(t.tape, {x.index: 0.5 + s}, first=0, last=len(t.tape)).value(y.index)
        for s in (step, -step)
    ]
    assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4, abs=1e-9)
