"""Replay: only what depends on a change is computed, and it is what the program would give."""

import numpy as np
import pytest
from tests.trace.build import TapeBuilder

from unstuck.trace.operations import OPERATIONS, Operation
from unstuck.trace.replay import CannotReplay, NoValue, evaluate, replay, value_of

rng = np.random.default_rng(5)


def test_what_depends_on_a_change_and_nothing_else():
    t = TapeBuilder()
    x, w = t.leaf(np.arange(3.0)), t.leaf(2.0)
    untouched = t("exp", x)
    y = x * w
    z = y + untouched
    values = replay(t.tape, {w.index: 5.0}, first=0, last=len(t.tape))
    assert set(values) == {w.index, y.index, z.index}
    np.testing.assert_array_equal(values[z.index], np.arange(3.0) * 5.0 + untouched.value)
    np.testing.assert_array_equal(values.value(untouched.index), untouched.value)
    assert len(values) == 3


def test_the_window_bounds_what_is_computed():
    t = TapeBuilder()
    x = t.leaf(1.0)
    a = x + 1.0
    b = a + 1.0
    c = b + 1.0
    values = replay(t.tape, {a.index: 10.0}, first=b.index, last=c.index)
    assert dict(values) == {a.index: 10.0, b.index: 11.0}
    assert values.value(c.index) == 4.0


def test_changed_nodes_keep_what_they_were_given():
    t = TapeBuilder()
    x = t.leaf(1.0)
    a = x + 1.0
    b = a * 3.0
    values = replay(t.tape, {x.index: 5.0, a.index: 7.0}, first=0, last=len(t.tape))
    assert values[b.index] == 21.0


def test_overrides_compute_a_node_in_another_way():
    t = TapeBuilder()
    x = t.leaf(2.0)
    a = x * x
    b = a + 1.0
    values = replay(
        t.tape,
        {x.index: 3.0},
        first=0,
        last=len(t.tape),
        overrides={a.index: lambda get: get(x.index) ** 3},
    )
    assert values[b.index] == 28.0
    alone = replay(t.tape, {}, first=0, last=len(t.tape), overrides={a.index: lambda get: 0.0})
    assert alone[b.index] == 1.0


def test_unknown_operations_matter_only_to_who_asks():
    t = TapeBuilder()
    x = t.leaf(2.0)
    odd = t.node("opaque", 5.0, x)
    after = odd + 1.0
    known = x * 2.0
    with pytest.raises(CannotReplay, match="opaque") as caught:
        replay(t.tape, {x.index: 3.0}, first=0, last=len(t.tape))
    assert caught.value.node is t.tape[odd.index]
    values = replay(t.tape, {x.index: 3.0}, first=0, last=len(t.tape), needed=[known.index])
    assert dict(values) == {x.index: 3.0, known.index: 6.0}
    with pytest.raises(CannotReplay):
        replay(t.tape, {x.index: 3.0}, first=0, last=len(t.tape), needed=[after.index])
    free = replay(t.tape, {odd.index: 3.0}, first=0, last=len(t.tape), needed=[after.index])
    assert free[after.index] == 4.0


def test_needed_with_an_override_computes_what_it_may_ask_for():
    t = TapeBuilder()
    x = t.leaf(2.0)
    aside = x * 10.0
    a = x + 1.0
    b = a * 2.0
    values = replay(
        t.tape,
        {x.index: 3.0},
        first=0,
        last=len(t.tape),
        needed=[b.index],
        overrides={a.index: lambda get: get(aside.index)},
    )
    assert values[b.index] == 60.0


def test_a_draw_is_not_drawn_again():
    t = TapeBuilder()
    x = t.leaf(2.0)
    t.node("random.normal", 1.0, x)
    with pytest.raises(CannotReplay, match="random"):
        replay(t.tape, {x.index: 3.0}, first=0, last=len(t.tape))
    fixed = t.node("random.rand", np.ones(3), 3)
    y = fixed * x
    values = replay(t.tape, {x.index: 3.0}, first=y.index, last=len(t.tape))
    np.testing.assert_array_equal(values[y.index], np.full(3, 3.0))


def test_values_that_an_operation_refuses():
    t = TapeBuilder()
    x = t.leaf(np.ones((2, 3)))
    y = t("dot", x, np.ones(3))
    with pytest.raises(CannotReplay, match="dot") as caught:
        replay(t.tape, {x.index: np.ones((2, 4))}, first=0, last=len(t.tape))
    assert caught.value.node is t.tape[y.index]


def test_nothing_is_written_and_the_tape_stays():
    t = TapeBuilder()
    x = t.leaf(np.zeros(3))
    a = t("setitem", x, 1, 5.0, inplace=True)
    b = t("add.at", a, np.array([0, 0]), 1.0, inplace=True)
    start = np.array([1.0, 1.0, 1.0])
    values = replay(t.tape, {x.index: start}, first=0, last=len(t.tape))
    np.testing.assert_array_equal(values[b.index], [3.0, 5.0, 1.0])
    np.testing.assert_array_equal(start, [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(values[a.index], [1.0, 5.0, 1.0])
    np.testing.assert_array_equal(t.tape[b.index].value, [2.0, 5.0, 0.0])


def test_what_is_written_in_place_keeps_its_precision():
    t = TapeBuilder()
    x = t.leaf(np.ones(3, dtype=np.float32))
    y = t.node("add", np.full(3, 1.5, dtype=np.float32), x, np.full(3, 0.5))
    t.tape[y.index].inplace = True
    values = replay(t.tape, {x.index: np.zeros(3, dtype=np.float32)}, first=0, last=len(t.tape))
    assert values[y.index].dtype == np.float32


def test_arguments_in_lists_slices_and_keywords():
    t = TapeBuilder()
    a, b = t.leaf(1.0), t.leaf(2.0)
    n = t.leaf(2)
    x = t("array", [[a, b], [b, a]])
    part = t("getitem", x, (slice(0, n), 1))
    mean = t("average", part, weights=[a, b])
    values = replay(t.tape, {b.index: 5.0, n.index: 2}, first=0, last=len(t.tape))
    np.testing.assert_array_equal(values[x.index], [[1.0, 5.0], [5.0, 1.0]])
    assert values[mean.index] == pytest.approx((5.0 * 1.0 + 1.0 * 5.0) / 6.0)


def test_evaluate_and_value_of():
    assert evaluate("add", (1.0, 2.0)) == 3.0
    np.testing.assert_array_equal(evaluate("sum", (np.ones((2, 3)),), {"axis": 0}), [2, 2, 2])
    for op in ("opaque", "random.normal", "leaf"):
        with pytest.raises(NoValue):
            evaluate(op, ())
    t = TapeBuilder()
    x = t.leaf(2.0)
    y = x * 3.0
    assert value_of(t.tape[y.index], lambda index: 5.0) == 15.0


def test_no_warning_escapes():
    t = TapeBuilder()
    x = t.leaf(np.ones(2))
    t("log", x)
    values = replay(t.tape, {x.index: np.array([0.0, -1.0])}, first=0, last=len(t.tape))
    assert values[1][0] == -np.inf


def test_only_what_is_needed_is_computed(monkeypatch):
    calls = []
    right = OPERATIONS["exp"]

    def counted(args, kwargs):
        calls.append(1)
        return right.value(args, kwargs)

    monkeypatch.setitem(OPERATIONS, "exp", Operation("exp", counted, right.vjp, right.kind))
    t = TapeBuilder()
    x, other = t.leaf(1.0), t.leaf(2.0)
    wanted = t("exp", x)
    t("exp", x)
    t("exp", other)
    calls.clear()
    replay(t.tape, {x.index: 0.0}, first=0, last=len(t.tape), needed=[wanted.index])
    assert len(calls) == 1
