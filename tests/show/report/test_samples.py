"""Which samples a page holds: every mistake and some 500 others, as far as they fit."""

import numpy as np
import pytest

from unstuck.show.report.samples import OTHERS, judged_samples


def judged(n=2000, wrong=100, k=10, side=8, **others):
    rng = np.random.default_rng(0)
    y = np.arange(n) % k
    decisions = y.copy()
    at = rng.choice(n, wrong, replace=False)
    decisions[at] = (y[at] + 1 + rng.integers(0, k - 1, wrong)) % k
    outputs = np.full((n, k), 0.01)
    outputs[np.arange(n), decisions] = rng.uniform(0.3, 1.0, n)
    X = rng.integers(0, 17, (n, side * side)).astype(np.uint8)
    names = tuple(map(str, range(k)))
    return judged_samples("test", X, y, outputs, decisions, names, (side, side), **others), at


def test_every_mistake_and_five_hundred_others():
    found, at = judged()
    mistakes = found.index[list(found.mistakes)]
    assert set(mistakes) == set(at)
    assert len(found.X) == 100 + OTHERS
    assert found.said == "every mistake (100) and 500 of the 1,900 other test samples"
    assert (found.total, found.wrong) == (2000, 100)


def test_the_surest_mistake_comes_first():
    found, _ = judged()
    sure = [found.outputs[p, found.guess[p]] for p in found.mistakes]
    assert sure == sorted(sure, reverse=True)
    assert all(found.guess[p] != found.truth[p] for p in found.mistakes)


def test_samples_are_those_of_their_row():
    found, _ = judged()
    rng = np.random.default_rng(0)
    rng.choice(2000, 100, replace=False)
    assert found.X.shape == (600, 64)
    assert len(set(found.index)) == 600


def test_others_are_spread_over_the_classes():
    found, _ = judged()
    right = found.truth[found.truth == found.guess]
    assert np.bincount(right).tolist() == pytest.approx([50] * 10, abs=1)


def test_the_counts_are_over_all_of_them():
    found, _ = judged()
    assert found.counts.sum() == 2000
    assert np.trace(found.counts) == 1900


def test_what_would_not_fit_is_thinned_out_in_every_cell_and_said():
    found, _ = judged(wrong=1800, budget=100_000)
    assert "of the 1,800 mistakes (all would make the page too large)" in found.said
    kept = len(found.mistakes)
    assert 200 < kept < 1000
    cells = set(zip(found.truth.tolist(), found.guess.tolist(), strict=True))
    wrong_cells = (found.counts > 0) & ~np.eye(10, dtype=bool)
    assert {(i, j) for i, j in cells if i != j} == set(
        map(tuple, np.argwhere(wrong_cells).tolist())
    )


def test_a_perfect_network_has_others_alone():
    found, _ = judged(wrong=0)
    assert found.mistakes == ()
    assert found.said == "500 of the 2,000 test samples"


def test_a_network_that_is_always_wrong():
    found, _ = judged(n=50, wrong=50)
    assert found.said == "every mistake (50)"
    assert len(found.X) == 50


def test_large_pictures_still_leave_some():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 64 * 64)).astype(np.float32)
    y = np.arange(300) % 2
    outputs = np.eye(2)[1 - y]
    found = judged_samples("test", X, y, outputs, 1 - y, ("a", "b"), (64, 64))
    assert 30 <= len(found.X) < 300
    assert "of the 300 mistakes" in found.said


def test_values_keep_the_largest_errors():
    rng = np.random.default_rng(0)
    y = rng.normal(size=5000)
    outputs = y[:, None] + 0.1
    outputs[123] += 50.0
    found = judged_samples("test", np.zeros((5000, 3)), y, outputs, None, None, None)
    assert 123 in found.index
    assert found.guess is None
    assert found.counts is None
    assert found.said == "1,500 of the 5,000 test samples"


def test_the_same_samples_every_time():
    one, _ = judged()
    two, _ = judged()
    assert one.index.tolist() == two.index.tolist()
