"""Which loop is taken for the training, on loop counts made by hand."""

import pytest

from unstuck.trace.loops import SHORT, empty_loops, inner_loops, inside_another, training_loops
from unstuck.trace.request import LoopCount


def key(line):
    return ("p.py", line, 0, line + 1, 8, "loop")


def loop(line, iterations, seconds, parent=None, *, entries=1, order=None):
    within = None if parent is None else key(parent)
    return LoopCount(
        key(line), entries, iterations, seconds, within, line if order is None else order
    )


def lines(loops):
    return [found.key[1] for found in loops]


def test_the_longest_outer_loop_is_first():
    loops = [loop(1, 100, 0.5), loop(5, 10, 9.0), loop(6, 1000, 8.5, parent=5, entries=10)]
    assert lines(training_loops(loops)) == [5, 1]


def test_loops_within_another_are_no_candidates():
    loops = [
        loop(1, 20, 5.0),
        loop(2, 400, 4.9, parent=1, entries=20),
        loop(3, 8000, 4.8, parent=2, entries=400),
    ]
    assert lines(training_loops(loops)) == [1]


def test_a_loop_around_everything_that_runs_once_hides_nothing():
    """`while True: train(); break` is no training loop."""
    loops = [loop(1, 1, 5.0), loop(2, 400, 4.9, parent=1)]
    assert lines(training_loops(loops)) == [2]
    assert not inside_another(loops[1], {x.key: x for x in loops})


def test_a_loop_two_levels_below_one_that_repeats_is_within_it():
    loops = [loop(1, 5, 5.0), loop(2, 1, 5.0, parent=1), loop(3, 50, 4.0, parent=2)]
    by_key = {x.key: x for x in loops}
    assert inside_another(loops[2], by_key)
    assert lines(training_loops(loops)) == [1]


def test_loops_that_call_each_other_end():
    """Recursion: each was seen around the other."""
    loops = [loop(1, 1, 2.0, parent=2), loop(2, 1, 2.0, parent=1), loop(3, 9, 1.0, parent=1)]
    assert lines(training_loops(loops)) == [3]


def test_what_takes_next_to_no_time_is_left_out():
    loops = [loop(1, 10, 10.0), loop(2, 10, 10.0 * SHORT), loop(3, 10, 9.9 * SHORT)]
    assert lines(training_loops(loops)) == [1, 2]


def test_the_earlier_of_two_equal_loops_is_first():
    loops = [loop(9, 10, 1.0, order=2), loop(4, 10, 1.0, order=1), loop(2, 10, 1.0, order=3)]
    assert lines(training_loops(loops)) == [4, 9, 2]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_than_asked_for(most):
    loops = [loop(n, 10, float(n)) for n in range(1, 9)]
    assert lines(training_loops(loops, most)) == [8, 7, 6][:most]


def test_a_parent_that_was_not_counted():
    assert lines(training_loops([loop(3, 10, 1.0, parent=99)])) == [3]


@pytest.mark.parametrize("loops", [[], [loop(1, 0, 0.0)], [loop(1, 1, 3.0)]])
def test_no_loop_that_repeats(loops):
    assert training_loops(loops) == []


def test_inner_loops_come_outermost_first_and_without_the_empty():
    loops = [
        loop(4, 160, 1.0, parent=3, entries=40),
        loop(1, 10, 5.0),
        loop(2, 40, 4.0, parent=1, entries=10),
        loop(3, 40, 2.0, parent=2, entries=10),
        loop(5, 0, 0.0, parent=1, entries=10),
        loop(7, 12, 1.0),
    ]
    assert lines(inner_loops(loops[1], loops)) == [2, 3, 4]
    assert inner_loops(loops[5], loops) == []


def test_inner_loops_of_a_loop_that_is_around_itself_end():
    loops = [loop(1, 5, 2.0, parent=2), loop(2, 5, 2.0, parent=1)]
    assert lines(inner_loops(loops[0], loops)) == [2]


def test_empty_loops_were_entered():
    loops = [loop(1, 5, 1.0), loop(2, 0, 0.0, entries=3), loop(3, 0, 0.0, entries=0)]
    assert lines(empty_loops(loops)) == [2]
