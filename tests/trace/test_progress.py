"""How far a run got, from samples made by hand: every number is known beforehand."""

import math
from itertools import pairwise

import numpy as np
import pytest

from unstuck.trace.progress import Eye, Measured, gain, measure
from unstuck.trace.request import Sample, Watched

KEY = ("p.py", 3, 4, 3, 20, "binop")
EYE = Eye(KEY, output=0, label=1)


def watched(pairs, count=None, at=None):
    """Samples of ``output - label``, one an evaluation."""
    at = range(len(pairs)) if at is None else at
    samples = tuple(
        Sample(where, operands, None) for where, operands in zip(at, pairs, strict=True)
    )
    return Watched(KEY, "subtract", len(samples) if count is None else count, samples)


def one_hot(classes, width):
    return np.eye(width)[classes]


# --------------------------------------------------------------------------------- accuracy


@pytest.mark.parametrize("transposed", [False, True])
def test_classes_in_rows_and_in_columns(transposed):
    y = one_hot([0, 0, 0, 1, 2], 3)
    wrong = one_hot([1, 1, 1, 1, 1], 3) * 0.8  # one of five right
    right = one_hot([0, 0, 0, 1, 1], 3) * 0.6  # four of five right
    pairs = [(o.T, y.T) if transposed else (o, y) for o in (wrong, *[wrong] * 98, right)]
    seen = measure(watched(pairs), EYE)
    assert seen.accuracy == (pytest.approx(0.2), pytest.approx(mean_of_last(0.2, 0.8)), 0.6)
    assert seen.has_classes
    assert seen.updates == 100


def mean_of_last(before, last):
    """The last fifth of 100 evaluations: 21 of them, of which one is the last."""
    return (20 * before + last) / 21


@pytest.mark.parametrize("shape", [(5,), (5, 1), (1, 5)])
@pytest.mark.parametrize("low", [0.0, -1.0])
def test_two_classes_as_single_numbers(shape, low):
    y = np.array([low, low, low, 1.0, 1.0]).reshape(shape)
    middle = (1.0 + low) / 2
    o = (middle + np.array([-0.1, -0.1, 0.1, 0.1, 0.1])).reshape(shape)
    seen = measure(watched([(o, y)]), EYE)
    assert seen.accuracy == (0.8, 0.8, 0.6)
    assert seen.gained == pytest.approx(0.5)


@pytest.mark.parametrize("shape", [(4, 1), (1, 4), (4,)])
def test_labels_of_which_one_differs_are_no_sample_of_many_classes(shape):
    """The AND gate, all four samples at once and the same each time."""
    y = np.array([0.0, 0.0, 0.0, 1.0]).reshape(shape)
    o = np.array([0.1, 0.1, 0.4, 0.45]).reshape(shape)
    seen = measure(watched([(o, y)] * 50), EYE)
    assert seen.accuracy == (0.75, 0.75, 0.75)


def test_a_small_batch_of_single_numbers_is_read_as_the_others():
    """The last batch of two has one label of each kind: two samples, not one of two classes."""
    y, rest = np.array([[0.0], [1.0], [1.0], [0.0]]), np.array([[0.0], [1.0]])
    seen = measure(watched([(y, y), (1.0 - rest, rest)] * 2), EYE)
    assert seen.accuracy[1] == pytest.approx(8 / 12)
    assert seen.loss[2] == pytest.approx(0.25)


def test_labels_that_are_numbers_have_no_accuracy():
    y = np.array([[0.0], [2.0], [4.0]])
    seen = measure(watched([(y + 1.0, y), (y, y)], count=2), EYE)
    assert not seen.has_classes
    assert all(math.isnan(v) for v in seen.accuracy)
    assert seen.loss[2] == pytest.approx(8 / 3)  # the variance: the best constant is the mean
    assert seen.loss[0] == pytest.approx(0.5)  # both evaluations lie within the first 5 %


def test_the_start_and_the_end_are_told_apart():
    y = np.array([[0.0], [2.0], [4.0]])
    pairs = [(y + 10.0, y)] + [(y + 1.0, y)] * 98 + [(y, y)]
    seen = measure(watched(pairs), EYE)
    assert seen.loss[0] == pytest.approx((100.0 + 5 * 1.0) / 6)  # evaluations 0 to 5
    assert seen.loss[1] == pytest.approx(20 / 21)
    assert seen.gained == pytest.approx(1.0 - (20 / 21) / (8 / 3))
    assert seen.curve[0] == (0, 100.0)
    assert seen.curve[-1] == (99, 0.0)


def test_samples_one_by_one_are_put_together():
    """A program that goes through single samples: 1 right of 4 at first, 3 of 4 at the end."""
    label = [0, 1, 2, 3]
    first, last = [0, 0, 0, 0], [0, 1, 2, 0]
    pairs = [(one_hot(c, 4), one_hot(y, 4)) for c, y in zip(first, label, strict=True)]
    pairs += [(one_hot(c, 4), one_hot(y, 4)) for c, y in zip(last, label, strict=True)]
    seen = measure(watched(pairs, count=1000, at=[0, 1, 2, 3, 996, 997, 998, 999]), EYE)
    assert seen.accuracy == (0.25, 0.75, 0.25)
    assert seen.updates == 1000


def test_a_column_for_one_sample():
    pairs = [(one_hot(1, 3)[:, None], one_hot(1, 3)[:, None])]
    assert measure(watched(pairs), EYE).accuracy[1] == 1.0


def test_equal_outputs_are_no_answer():
    """argmax of equal outputs names class 0: that is luck, not accuracy."""
    y = one_hot([0, 0, 0, 1], 2)
    seen = measure(watched([(np.full((4, 2), 0.5), y)]), EYE)
    assert seen.accuracy[1] == 0.0


# ------------------------------------------------------------------------------ last batches


def test_a_last_batch_that_is_smaller_counts_by_its_samples():
    big, small = one_hot([0, 1, 0, 1], 2), one_hot([0], 2)
    pairs = [(big, big), (1.0 - small, small)] * 2  # 8 right of 10
    seen = measure(watched(pairs), EYE)
    assert seen.accuracy[1] == pytest.approx(0.8)
    assert seen.accuracy[2] == pytest.approx(6 / 10)


def test_a_last_batch_in_columns_that_is_smaller():
    big, small = one_hot([0, 1, 0, 1, 0], 3).T, one_hot([0, 2], 3).T
    seen = measure(watched([(big, big), (small, small)]), EYE)
    assert seen.accuracy[1] == 1.0
    assert seen.accuracy[2] == pytest.approx(4 / 7)
    assert seen.loss == (0.0, 0.0, pytest.approx(np.mean(np.var(np.c_[big, small], axis=1))))


# ------------------------------------------------------------------------ what is no number


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_outputs_that_are_no_numbers_are_wrong(bad):
    y = one_hot([0, 1, 0, 1], 2)
    lost = np.full((4, 2), bad)
    seen = measure(watched([(y, y)] + [(lost, y)] * 99), EYE)
    assert seen.accuracy[1] == 0.0
    assert not np.isfinite(seen.loss[1])
    assert seen.gained == -1.0
    assert seen.loss_gained == -1.0


def test_one_sample_that_is_no_number_costs_only_itself():
    y = one_hot([0, 1, 0, 1], 2)
    output = y.copy()
    output[0] = np.nan
    assert measure(watched([(output, y)]), EYE).accuracy[1] == 0.75


def test_an_infinite_output_is_no_right_answer_even_on_the_right_side():
    y = one_hot([0, 1, 0], 2)
    output = np.array([[np.inf, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert measure(watched([(output, y)]), EYE).accuracy[1] == pytest.approx(2 / 3)
    single = np.array([[1.0], [1.0], [0.0], [0.0]])
    output = np.array([[np.inf], [0.9], [0.1], [-np.inf]])
    assert measure(watched([(output, single)]), EYE).accuracy[1] == 0.5


def test_a_regression_that_became_no_number_got_nowhere():
    y = np.array([[0.0], [2.0], [4.0]])
    seen = measure(watched([(y, y)] + [(y * np.nan, y)] * 30), EYE)
    assert seen.gained == -1.0


# ------------------------------------------------------------------------ how it is written


def test_labels_that_pick_entries():
    """``p[np.arange(n), y]``: the second operand is an index."""
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    index = (np.arange(3), np.array([0, 1, 1]))
    seen = measure(watched([(p, index)]), Eye(KEY, 0, 1, index=True))
    assert seen.accuracy == (pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert seen.loss[1] == pytest.approx(np.mean((p - one_hot([0, 1, 1], 2)) ** 2))


def test_an_index_as_a_list_as_a_tape_file_may_give_it():
    p = np.array([[0.9, 0.1], [0.2, 0.8]])
    seen = measure(watched([(p, [np.arange(2), np.array([0, 1])])]), Eye(KEY, 0, 1, index=True))
    assert seen.accuracy[1] == 1.0


def test_an_index_of_one_sample_is_its_class():
    seen = measure(watched([(np.array([0.1, 0.7, 0.2]), 1)]), Eye(KEY, 0, 1, index=True))
    assert seen.accuracy[1] == 1.0
    seen = measure(watched([(np.array([0.1, 0.7, 0.2]), 2)]), Eye(KEY, 0, 1, index=True))
    assert seen.accuracy[1] == 0.0


def test_the_logarithm_of_the_outputs():
    p = np.array([[0.9, 0.1], [0.2, 0.8]])
    y = one_hot([0, 0], 2)
    seen = measure(watched([(np.log(p), y)]), Eye(KEY, 0, 1, log=True))
    assert seen.accuracy[1] == 0.5
    assert seen.loss[1] == pytest.approx(np.mean((p - y) ** 2))


def test_the_operands_the_other_way_round():
    y = one_hot([0, 1, 1], 2)
    o = one_hot([0, 0, 1], 2) * 0.9
    seen = measure(watched([(y, o)]), Eye(KEY, output=1, label=0))
    assert seen.accuracy[1] == pytest.approx(2 / 3)


def test_numbers_of_pure_python_are_put_together_by_the_sample():
    """Three outputs a sample, one evaluation each; the first sample is right, the second wrong."""
    outputs = [0.9, 0.1, 0.2, 0.8, 0.3, 0.1]
    labels = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    pairs = list(zip(outputs, labels, strict=True))
    seen = measure(watched(pairs), Eye(KEY, 0, 1, group=3, per_update=3))
    assert seen.accuracy == (1.0, 0.0, 0.5)
    assert seen.updates == 2
    assert len(seen.curve) == 2


def test_a_sample_that_was_cut_by_the_thinning_is_left_out():
    """Evaluations 4 and 5 are the rest of a sample that begins at 3, which was not kept."""
    outputs = [0.9, 0.1, 0.2, 0.8, 0.3, 0.9]
    labels = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    pairs = list(zip(outputs, labels, strict=True))
    seen = measure(watched(pairs, at=[0, 1, 2, 4, 5, 6]), Eye(KEY, 0, 1, group=3, per_update=3))
    assert seen.accuracy[1] == 1.0
    assert len(seen.curve) == 1


def test_updates_are_counted_by_what_one_update_evaluates():
    y = one_hot([0, 1], 2)
    assert measure(watched([(y, y)], count=600), Eye(KEY, 0, 1, per_update=4)).updates == 150
    assert measure(watched([(y, y)], count=1), Eye(KEY, 0, 1, per_update=4)).updates == 1


@pytest.mark.parametrize(
    "seen",
    [
        None,
        Watched(KEY, "subtract", 0, ()),
        watched([("text", "label")]),
        watched([(np.zeros((2, 3)), np.zeros((5, 7)))]),
        watched([(np.zeros(3),)]),
    ],
)
def test_nothing_to_measure(seen):
    assert measure(seen, EYE) is None


def test_what_cannot_be_read_costs_only_itself():
    y = one_hot([0, 1], 2)
    assert measure(watched([("text", y), (y, y)]), EYE).accuracy[1] == 1.0


@pytest.mark.parametrize("transposed", [False, True])
def test_batches_of_fewer_samples_than_outputs(transposed):
    """Which axis is that of the samples shows where batches differ in length."""
    rng = np.random.default_rng(3)
    labels = [rng.normal(size=(n, 8)) for n in (5, 5, 4, 5)]
    pairs = [(0.0 * y, y) for y in labels]
    seen = measure(watched([(o.T, y.T) if transposed else (o, y) for o, y in pairs]), EYE)
    assert seen.loss[2] == pytest.approx(np.mean(np.var(np.concatenate(labels), axis=0)))


# ------------------------------------------------------------------------ class by class


def forgetful(classes):
    """Answers that are always what was seen last, one sample an evaluation."""
    y = one_hot(classes, 3)
    return [(before, now) for before, now in pairwise(y)]


def as_rows_of(pairs):
    return [(o[None], y[None]) for o, y in pairs]


def test_what_only_repeats_the_last_class_has_learned_nothing():
    classes = np.tile(np.repeat([0, 1, 2], 20), 12)
    seen = measure(watched(as_rows_of(forgetful(classes))), EYE)
    assert seen.ordered
    assert seen.accuracy[1] == 0.0
    assert seen.gained < 0


def test_what_knows_the_classes_knows_them_when_they_change():
    y = one_hot(np.tile(np.repeat([0, 1, 2], 20), 12), 3)
    seen = measure(watched(as_rows_of(list(zip(y, y, strict=True)))), EYE)
    assert seen.ordered
    assert seen.accuracy[1] == 1.0


@pytest.mark.parametrize(
    "classes",
    [
        np.random.default_rng(0).integers(0, 3, 600),
        np.tile([0, 1, 2], 200),
        np.tile([0, 0, 0, 1], 150),  # a truth table
        np.random.default_rng(1).choice(3, 600, p=[0.95, 0.03, 0.02]),
    ],
    ids=["mixed", "in turns", "and", "rare"],
)
def test_mixed_classes_are_not_in_order(classes):
    y = one_hot(classes, 3)
    assert not measure(watched(as_rows_of(list(zip(y, y, strict=True)))), EYE).ordered


def test_whole_batches_have_every_class():
    y = one_hot(np.repeat([0, 1, 2], 20), 3)
    assert not measure(watched([(y, y)] * 50), EYE).ordered


def test_few_changes_are_no_measure():
    classes = np.repeat([0, 1, 2], 200)
    seen = measure(watched(as_rows_of(forgetful(classes))), EYE)
    assert seen.ordered
    assert seen.accuracy[1] > 0.9


# ------------------------------------------------------------------------- classes compared

EQUAL = Eye(KEY, output=0, label=1, equal=True)


def test_classes_that_are_compared():
    first, last = np.array([1, 1, 2, 2]), np.array([1, 2, 2, 2])
    true = np.array([1, 2, 2, 3])
    other = (np.array([1, 1]), np.array([1, 1]))  # of other samples
    seen = measure(watched([(first, true), other, (last, true)]), EQUAL)
    assert seen.accuracy == (0.5, 0.75, 0.5)
    assert seen.loss == (0.5, 0.25, 0.5)


def test_classes_that_are_compared_one_by_one():
    pairs = [(k % 2, k % 3) for k in range(12)]
    hits = np.mean([a == b for a, b in pairs])
    seen = measure(watched(pairs), EQUAL)
    assert seen.accuracy[1] == pytest.approx(hits)
    assert measure(watched([("no", "yes")]), EQUAL) is None


# ------------------------------------------------------------------------------------ gain


@pytest.mark.parametrize(
    ("value", "chance", "best", "expected"),
    [
        (0.5, 0.5, 1.0, 0.0),
        (1.0, 0.5, 1.0, 1.0),
        (0.75, 0.5, 1.0, 0.5),
        (0.0, 0.5, 1.0, -1.0),
        (-9.0, 0.5, 1.0, -1.0),
        (0.25, 1.0, 0.0, 0.75),
        (9.0, 1.0, 0.0, -1.0),
        (np.nan, 0.5, 1.0, -1.0),
        (0.5, np.nan, 0.0, -1.0),  # inputs that ran out of range have no best constant answer
        (0.5, np.inf, 0.0, -1.0),
        (1.0, 1.0, 1.0, 1.0),  # all of one class
        (0.5, 1.0, 1.0, 0.0),
    ],
)
def test_gain(value, chance, best, expected):
    assert gain(value, chance, best) == pytest.approx(expected)


def test_progress_is_of_the_classes_where_there_are_any():
    loss = (1.0, 0.2, 1.0)
    assert Measured(1, (0.1, 0.55, 0.1), loss).gained == pytest.approx(0.5)
    assert Measured(1, loss=loss).gained == pytest.approx(0.8)
    assert Measured(1, (0.1, 0.55, 0.1), loss).loss_gained == pytest.approx(0.8)
