import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.base.errors import InvalidInputError
from unstuck.data import split as split_module
from unstuck.data.split import split, split_indices, take_rows


@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 99),
)
def test_the_two_parts_are_a_partition_with_fair_shares(counts, fraction, seed):
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    if max(counts) == 1:
        return  # nothing can be held out: its own test is below
    rest, held = split_indices(y, fraction, seed)
    assert sorted([*rest, *held]) == list(range(len(y)))
    assert len(held) >= 1
    assert (np.diff(rest) > 0).all()
    assert (np.diff(held) > 0).all()
    assert set(y[rest]) == set(y)  # every class can be learned
    wanted = min(max(round(fraction * len(y)), 1), len(y) - 1)
    assert len(held) == min(wanted, len(y) - len(counts))
    if len(held) == wanted and min(counts) > 1 and fraction <= 0.5:
        share = np.bincount(y[held], minlength=len(counts))
        assert (np.abs(share - np.array(counts) * wanted / len(y)) < 1 + 1e-9).all()


@given(n=st.integers(2, 60), fraction=st.floats(0.01, 0.99), seed=st.integers(0, 99))
def test_without_classes_any_rows_are_held(n, fraction, seed):
    rest, held = split_indices(np.zeros(n), fraction, seed)
    assert sorted([*rest, *held]) == list(range(n))
    assert len(held) == min(max(round(fraction * n), 1), n - 1)


def test_each_row_is_held_about_equally_often():
    y = np.repeat([0, 1], 10)
    held = np.zeros(20)
    for seed in range(2000):
        held[split_indices(y, 0.25, seed)[1]] += 1
    # binomial(2000, 1/4) has a spread of 19.4: six of them
    assert np.abs(held - 500).max() < 6 * 19.4


def test_the_seed_decides():
    y = np.arange(100) % 4
    first = split_indices(y, 0.3, 1)[1]
    np.testing.assert_array_equal(first, split_indices(y, 0.3, 1)[1])
    assert not np.array_equal(first, split_indices(y, 0.3, 2)[1])


def test_samples_and_targets_stay_together():
    y = np.arange(50) % 5
    X = y[:, None] * 10.0
    X_rest, y_rest, X_held, y_held = split(X, y, 0.2, 0)
    np.testing.assert_array_equal(X_rest[:, 0], y_rest * 10)
    np.testing.assert_array_equal(X_held[:, 0], y_held * 10)
    assert np.bincount(y_held).tolist() == [2] * 5


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, np.nan, True])
def test_a_fraction_that_is_none(fraction):
    with pytest.raises(InvalidInputError, match="between 0 and 1"):
        split_indices(np.zeros(5), fraction)


def test_one_sample_cannot_be_split():
    with pytest.raises(InvalidInputError, match="at least 2"):
        split_indices(np.zeros(1), 0.5)


def test_classes_of_one_sample_each_cannot_be_split():
    with pytest.raises(InvalidInputError, match="stratify=False"):
        split_indices(np.arange(4), 0.5)
    assert len(split_indices(np.arange(4), 0.5, stratify=False)[1]) == 2


def test_a_large_part_of_a_memory_map_is_not_read_into_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(split_module, "IN_MEMORY_BYTES", 100)
    X = np.memmap(tmp_path / "X", np.uint8, "w+", shape=(50, 7))
    X[...] = np.arange(350).reshape(50, 7) % 251
    rows = np.arange(0, 50, 2)
    part = take_rows(X, rows)
    assert isinstance(part, np.memmap)
    np.testing.assert_array_equal(part, np.asarray(X)[rows])
    assert [file.name for file in tmp_path.iterdir()] == ["X"]


def test_a_small_part_of_a_memory_map_is_plain_memory(tmp_path):
    X = np.memmap(tmp_path / "X", np.uint8, "w+", shape=(50, 7))
    assert type(take_rows(X, np.arange(3))) is np.ndarray
