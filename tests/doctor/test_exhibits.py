"""What can be drawn of a diagnosis: read off what was computed, true to it, never in the way."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from tests.doctor.programs import LISTS, NET, exchanged, net, seen

from unstuck.doctor import gather
from unstuck.doctor.ask import diagnose
from unstuck.doctor.diagnosis import Diagnosis
from unstuck.doctor.exhibits import Exhibits
from unstuck.doctor.gather import bounds, counted, exhibits_of, progressed, with_runs
from unstuck.doctor.schema import as_json
from unstuck.record.run_record import RunRecord
from unstuck.trace.curve import over_time
from unstuck.trace.facts import build_record
from unstuck.trace.program import Program
from unstuck.trace.progress import Measured

WRONG = net(("(1 - h**2)", "(1 - h)"))


def drawn(text):
    """The exhibits of a program that was recorded, without a diagnosis around them."""
    t = seen(text).traced
    record = build_record(t.tape, t.steps, t.anatomy, t.judgement, t.layers, None)
    return exhibits_of(t, record)


def steps_of(text):
    return {one.parameter: one for one in drawn(text).steps}


# ------------------------------------------------------------------------------------- steps


def test_right_steps_are_the_true_ones():
    for name, one in steps_of(NET).items():
        assert one.verdict == "ok"
        assert len(one.made) == len(one.wanted) > 0, name
        np.testing.assert_allclose(one.made, one.wanted, rtol=1e-4, atol=1e-9)


def test_a_wrong_derivative_shows_in_the_first_layer_alone():
    found = steps_of(WRONG)
    for name in ("W1", "b1"):
        one = found[name]
        assert one.verdict == "wrong"
        off = np.linalg.norm(one.made - one.wanted) / np.linalg.norm(one.wanted)
        assert off > 0.1
    for name in ("W2", "b2"):
        np.testing.assert_allclose(found[name].made, found[name].wanted, rtol=1e-4, atol=1e-9)


def test_a_wrong_sign_is_the_line_across():
    one = steps_of(net(("W1 - 0.5 * X.T @ e", "W1 + 0.5 * X.T @ e")))["W1"]
    assert one.verdict == "sign"
    np.testing.assert_allclose(one.made, -one.wanted, rtol=1e-4, atol=1e-9)


def test_a_wrong_length_is_a_line_of_another_slope():
    one = steps_of(net(("W1 - 0.5 * X.T @ e", "W1 - 10.0 * X.T @ e")))["W1"]
    assert one.verdict == "scale"
    np.testing.assert_allclose(one.made, 20.0 * one.wanted, rtol=1e-3, atol=1e-7)


def test_momentum_plays_no_part_and_decay_is_taken_off():
    for text in (LISTS, net(("W1 = W1 - 0.5", "W1 = 0.99 * W1 - 0.5"))):
        for one in drawn(text).steps:
            assert one.verdict == "ok"
            np.testing.assert_allclose(one.made, one.wanted, rtol=1e-3, atol=1e-7)


def test_a_parameter_that_never_moves_makes_no_step():
    one = steps_of(net(("    b1 = b1 - 0.5 * e.sum(axis=0)", "    b1 = b1 - 0.0 * e.sum(axis=0)")))
    assert one["b1"].verdict == "zero"
    assert not one["b1"].made.any()
    assert one["b1"].wanted.any()


def test_large_parameters_are_drawn_in_part():
    wide = exchanged(
        NET, ("size=(3, 8)), np.zeros(8)", "size=(3, 900)), np.zeros(900)"),
        ("size=(8, 1)", "size=(900, 1)"), ("range(60)", "range(3)"),
    )  # fmt: skip
    one = steps_of(wide)["W1"]
    assert one.entries == 2700
    assert len(one.made) == gather.MOST_PAIRS


# ------------------------------------------------------------------------------------ values


def test_the_values_are_those_of_inputs_and_layers():
    inputs, hidden, output = drawn(NET).values
    assert (inputs.name, hidden.name, output.name) == ("inputs", "W1", "W2")
    assert (hidden.activation, output.activation) == ("tanh", "sigmoid")
    assert [int(one.counts.sum()) for one in (inputs, hidden, output)] == [120, 320, 40]
    assert -1.0 <= hidden.low < hidden.high <= 1.0
    assert 0.0 <= output.low < output.high <= 1.0


def test_saturated_units_are_told():
    _, hidden, _ = drawn(
        net(("X = rng.normal(size=(40, 3))", "X = 900 * rng.normal(size=(40, 3))"))
    ).values
    assert hidden.extreme > 0.9


def test_what_is_no_number_is_counted_apart():
    one = counted(np.array([1.0, 2.0, np.nan, np.inf]), "x")
    assert (one.broken, int(one.counts.sum()), one.low, one.high) == (2, 2, 1.0, 2.0)
    assert len(counted(np.array([np.nan]), "x").counts) == 0


def test_few_values_far_out_do_not_hide_the_rest():
    values = np.concatenate([np.linspace(0.0, 1.0, 1000), [1e9]])
    one = counted(values, "x")
    assert one.edges[-1] < 100.0
    assert int(one.counts.sum()) == 1001
    assert one.high == 1e9


@pytest.mark.parametrize("values", [[0.0], [3.0, 3.0], [-1e-300, 1e-300], [1e300, -1e300]])
def test_there_is_always_a_range_to_draw(values):
    low, high = bounds(np.array(values))
    assert low < high
    assert counted(np.array(values), "x").counts.sum() == len(values)


def test_a_large_array_is_counted_in_part():
    assert counted(np.zeros((1000, 999)), "x").counts.sum() <= gather.MOST_VALUES


# ------------------------------------------------------------------------------------ curves


def measured(right, *, rows=1, evaluations=None, classes=True):
    """A run whose evaluation k is right where ``right[k]`` is true."""
    label = np.tile([1.0, 0.0], (rows, 1))
    pairs = tuple((k, label if hit else 1.0 - label, label) for k, hit in enumerate(right))
    nan = float("nan")
    accuracy = (0.0, 1.0, 0.5) if classes else (nan, nan, nan)
    return Measured(len(right), accuracy, (1.0, 0.0, 0.25), (), pairs, evaluations or len(right))


def test_a_curve_rises_where_the_answers_become_right():
    run = progressed(measured([False] * 500 + [True] * 500))
    assert len(run.updates) <= gather.MOST_STEPS + 1
    assert np.all(np.diff(run.updates) > 0)
    np.testing.assert_allclose(run.accuracy, run.updates > 500, atol=0.51)
    assert (run.accuracy[0], run.accuracy[-1]) == (0.0, 1.0)
    assert (run.cost[0], run.cost[-1]) == (1.0, 0.0)
    assert (run.accuracy_ends, run.cost_ends) == ((0.0, 1.0), (1.0, 0.0))


def test_every_step_rests_on_enough_samples():
    few = over_time(measured([True, False] * 40), 60, 30)
    assert [right for _, _, right in few] == [0.5] * len(few)
    assert len(few) == 4  # of 80 samples a quarter each


def test_updates_are_counted_in_updates():
    run = progressed(measured([True] * 10, rows=50, evaluations=100))
    assert run.updates[-1] == pytest.approx(9 * 10 / 100)


def test_numbers_have_a_cost_and_no_accuracy():
    run = progressed(measured([True] * 10, rows=50, classes=False))
    assert run.accuracy is None
    assert not run.cost.any()


def test_a_run_that_was_not_sampled_has_no_curve():
    assert progressed(None) is None
    assert progressed(Measured(3)) is None
    assert with_runs(None, None, None) is None


# --------------------------------------------------------------------------------- diagnosis


@pytest.fixture(scope="module")
def whole():
    """The diagnosis of the program with the wrong derivative."""
    return diagnose(Program({"program.py": WRONG}, "program.py"), budget=60)


def test_a_diagnosis_has_its_exhibits(whole):
    found = whole.exhibits
    assert isinstance(found.record, RunRecord)
    assert [layer.activation for layer in found.record.layers] == ["tanh", "sigmoid"]
    assert found.loss == "binary_cross_entropy"
    assert not found.patched
    assert {one.parameter: one.verdict for one in found.steps}["W1"] == "wrong"
    assert found.before.accuracy_ends == (whole.progress.start, whole.progress.end)
    assert found.chance_accuracy == whole.progress.chance
    if whole.repair is not None:
        assert found.after.accuracy_ends[1] == whole.repair.after


def test_exhibits_change_neither_the_schema_nor_equality(whole):
    bare = replace(whole, exhibits=None)
    assert bare == whole
    assert as_json(bare) == as_json(whole)
    assert repr(bare) == repr(whole)
    assert str(bare) == str(whole)


def test_exhibits_hold_neither_tape_nor_much(whole):
    again = pickle.loads(pickle.dumps(whole))  # noqa: S301 - our own
    np.testing.assert_array_equal(again.exhibits.steps[0].made, whole.exhibits.steps[0].made)
    assert len(pickle.dumps(whole.exhibits)) < 100_000


def test_a_picture_that_fails_takes_nothing_from_the_diagnosis(monkeypatch):
    monkeypatch.delenv("UNSTUCK_DEBUG", raising=False)

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(gather, "steps_of_all", broken)
    assert drawn(NET) is None
    monkeypatch.setattr(gather, "progressed", broken)
    known = Exhibits(loss="own")
    assert with_runs(known, measured([True] * 9), None) is known


def test_a_program_that_never_trains_has_nothing_to_draw():
    found = diagnose(Program({"p.py": "print(1)\n"}, "p.py"), budget=20)
    assert found.exhibits is None
    assert Diagnosis("p.py", "unknown").exhibits is None
