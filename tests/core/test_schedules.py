import json
import math

import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.core.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    InverseScaling,
    OneCycle,
    PlateauState,
    ReduceOnPlateau,
    Step,
    WarmUp,
    get_schedule,
)

ALL = [get_schedule(name) for name in SCHEDULES]
ALL += [WarmUp(steps=7, then="cosine"), WarmUp(0.1, then=OneCycle()), Step(0.5, (0.9, 0.2))]


@pytest.mark.parametrize("schedule", ALL, ids=repr)
@pytest.mark.parametrize("total", [1, 2, 3, 7, 100])
def test_rates_are_the_rates_one_by_one_and_scale_with_the_base(schedule, total):
    rates = schedule.rates(0, total, total, 0.3)
    assert rates.shape == (total,)
    assert rates.dtype == np.float64
    assert (rates >= 0).all()
    assert rates.max() <= 0.3 * (1 + 1e-12)
    assert [schedule.rate(s, total, 0.3) for s in range(total)] == list(rates)
    np.testing.assert_array_equal(schedule.rates(total // 2, 1, total, 0.3), rates[total // 2])
    np.testing.assert_allclose(schedule.rates(0, total, total, 0.6), 2 * rates)
    assert schedule.rates(total, 0, total, 0.3).shape == (0,)


def test_constant():
    np.testing.assert_array_equal(Constant().rates(3, 4, 10, 0.2), 0.2)


def test_step_drops_at_its_shares():
    np.testing.assert_allclose(
        Step(0.5, at=(0.75, 0.25)).rates(0, 8, 8, 8.0), [8, 8, 4, 4, 4, 4, 2, 2]
    )
    np.testing.assert_allclose(Step(0.1, at=(0.3,)).rates(0, 10, 10, 1.0)[2:4], [1, 0.1])
    np.testing.assert_array_equal(Step(at=()).rates(0, 3, 3, 1.0), 1)


def test_cosine_begins_at_the_base_halves_in_the_middle_and_nears_its_end():
    rates = Cosine().rates(0, 1001, 1000, 2.0)
    assert rates[0] == 2.0
    assert rates[500] == pytest.approx(1.0)
    assert rates[1000] == pytest.approx(0, abs=1e-15)
    assert (np.diff(rates) < 0).all()
    assert Cosine(final=0.1).rate(1000, 1000, 2.0) == pytest.approx(0.2)


def test_one_cycle_begins_peaks_and_ends_where_it_says():
    rates = OneCycle(rise=0.25, start_division=10, end_division=100).rates(0, 100, 100, 1.0)
    assert rates[0] == pytest.approx(0.1)
    assert rates.argmax() == 24
    assert rates[24] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.001)
    assert (np.diff(rates[:25]) > 0).all()
    assert (np.diff(rates[24:]) < 0).all()


def test_warm_up_rises_and_hands_over():
    rates = WarmUp(steps=4, then="cosine").rates(0, 104, 104, 1.0)
    np.testing.assert_allclose(rates[:4], [0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(rates[4:], Cosine().rates(0, 100, 100, 1.0))
    np.testing.assert_allclose(WarmUp(0.1).rates(0, 3, 20, 1.0), [0.5, 1, 1])
    np.testing.assert_allclose(WarmUp(steps=0).rates(0, 2, 20, 1.0), 1)
    np.testing.assert_allclose(WarmUp(steps=50).rates(0, 2, 2, 1.0), [0.5, 1])


def test_inverse_scaling():
    np.testing.assert_allclose(InverseScaling().rates(0, 4, 100, 2.0), 2 / np.sqrt([1, 2, 3, 4]))
    np.testing.assert_allclose(InverseScaling(1.0, delay=10).rate(10, 100, 2.0), 1.0)


class TestPlateau:
    def test_waits_patience_epochs_then_reduces_and_waits_again(self):
        plateau, state = ReduceOnPlateau(factor=0.1, patience=2, minimum=0.0), PlateauState()
        costs = [3, 2, 2, 2, 2, 2, 2, 2, 1, 1]
        factors = [plateau.update(cost, state) for cost in costs]
        np.testing.assert_allclose(factors, [1, 1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01])
        assert state.best == 1

    def test_too_small_an_improvement_counts_as_none(self):
        plateau, state = ReduceOnPlateau(patience=0, threshold=0.1), PlateauState()
        assert [plateau.update(c, state) for c in (1.0, 0.95, 0.8)] == [1.0, 0.5, 0.5]

    def test_negative_costs_can_improve(self):
        plateau, state = ReduceOnPlateau(patience=0), PlateauState()
        assert [plateau.update(c, state) for c in (1.0, -1.0, -2.0, -1.5)] == [1, 1, 1, 0.5]

    def test_a_nan_is_no_improvement(self):
        plateau, state = ReduceOnPlateau(patience=0), PlateauState()
        assert [plateau.update(c, state) for c in (math.nan, 1.0, math.nan)] == [0.5, 0.5, 0.25]

    def test_never_below_the_minimum(self):
        plateau, state = ReduceOnPlateau(patience=0, minimum=0.2), PlateauState()
        assert [plateau.update(1.0, state) for _ in range(5)] == [1, 0.5, 0.25, 0.2, 0.2]

    def test_the_state_survives_a_checkpoint(self):
        plateau, state = ReduceOnPlateau(patience=1), PlateauState()
        for cost in (2.0, 2.0):
            plateau.update(cost, state)
        copy = PlateauState.from_dict(json.loads(json.dumps(state.to_dict())))
        assert copy == state
        assert plateau.update(2.0, copy) == plateau.update(2.0, state) == 0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Step(factor=0.0), "Step: factor must be a number > 0"),
        (lambda: Step(at=(0.5, 10)), "shares of the run between 0 and 1.*for epoch 10 of 40"),
        (lambda: Cosine(final=-1), "final"),
        (lambda: OneCycle(rise=1.0), "rise must be a number > 0 and < 1"),
        (lambda: OneCycle(start_division=0.5), "start_division"),
        (lambda: WarmUp(fraction=1.5), "fraction"),
        (lambda: WarmUp(steps=-1), "steps"),
        (lambda: WarmUp(then="cosin"), "Did you mean 'cosine'"),
        (lambda: WarmUp(then="reduce_on_plateau"), "cannot follow a warm-up"),
        (lambda: InverseScaling(power=-1), "power"),
        (lambda: InverseScaling(delay=0), "delay"),
        (lambda: ReduceOnPlateau(factor=1.0), "factor"),
        (lambda: ReduceOnPlateau(patience=-1), "patience"),
        (lambda: get_schedule("cosinus"), "Did you mean 'cosine'"),
        (lambda: get_schedule("cosine", end=0), "allowed: final"),
    ],
)
def test_options_are_checked(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()
