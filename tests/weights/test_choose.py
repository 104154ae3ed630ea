"""A lead counts when it is larger than the spread; else the simplest formula is recommended."""

import math

import numpy as np
import pytest

from unstuck.weights.advice import Curve, RaceResult
from unstuck.weights.choose import as_good, best_rate, choose, level_with, reason_raced


def result(losses, rate=1e-3, steps=90, score=0.9):
    mean = float(np.mean(losses))
    return RaceResult(
        tuple(losses),
        (score,) * len(losses),
        mean,
        float(np.std(losses, ddof=1)) if math.isfinite(mean) else math.nan,
        steps,
        Curve((), (), (), ()),
        rate,
        stopped_early=steps < 90,
    )


def test_lead_within_the_spread_goes_to_the_simplest():
    found = {
        "lsuv": [result([0.50, 0.60, 0.55])],
        "lecun": [result([0.52, 0.58, 0.58])],
        "he": [result([0.90, 0.91, 0.92])],
    }
    choice = choose(found)
    assert (choice.name, choice.leader, choice.equals) == ("lecun", "lsuv", ("lecun", "lsuv"))
    assert "the simpler" in reason_raced(choice, found)


def test_clear_lead_wins():
    found = {"he": [result([0.9, 0.91, 0.92])], "lsuv": [result([0.5, 0.51, 0.52])]}
    choice = choose(found)
    assert choice.name == "lsuv"
    assert "larger than chance explains" in reason_raced(choice, found)


def test_who_is_behind_in_loss_and_score_is_not_taken_for_its_simplicity():
    found = {
        "lecun": [result([0.52, 0.58, 0.58], score=0.89)],
        "lsuv": [result([0.50, 0.60, 0.55], score=0.90)],
    }
    choice = choose(found)
    assert (choice.name, choice.equals) == ("lsuv", ("lsuv",))
    assert "within chance, but its accuracy is 0.89" in reason_raced(choice, found)


def test_lead_is_judged_by_its_standard_error():
    """0.1 ahead on average, 0.15 apart between seeds: 0.07 of that is left in a mean of five."""
    gaps = np.array([-0.1, 0.3, 0.0, 0.2, 0.1])
    leader = result([0.5] * 5)
    assert not as_good(result(0.5 + gaps), leader)
    assert level_with(result(0.5 + gaps), leader)


def test_present_weights_are_named_where_they_do_as_well():
    found = {"present": [result([0.50, 0.60, 0.55])], "he": [result([0.52, 0.58, 0.58])]}
    choice = choose(found)
    assert choice.name == "he"
    assert "nothing needs to be changed" in reason_raced(choice, found)


def test_who_stopped_early_or_diverged_is_no_winner():
    found = {
        "he": [result([0.1, 0.1, 0.1], steps=30)],
        "lsuv": [result([0.5, 0.6, 0.7])],
        "rand": [result([math.inf] * 3)],
    }
    assert choose(found).name == "lsuv"
    assert choose({"rand": [result([math.inf] * 3)]}) is None


def test_paired_differences_are_judged_not_the_raw_spread():
    """Seeds differ by 1.0, but one is better by 0.1 at every single seed."""
    leader, other = result([1.0, 2.0, 3.0]), result([1.1, 2.11, 3.1])
    assert not as_good(other, leader)


def test_rate_that_is_unsteady_loses_against_a_steady_one():
    steady, wild = result([0.3, 0.3, 0.31], 1e-4), result([0.1, 0.2, 0.55], 1e-3)
    assert best_rate([wild, steady]).learning_rate == pytest.approx(1e-4)
