import numpy as np
import pytest
from scipy import sparse

from unstuck.base.errors import InvalidInputError
from unstuck.data.checks import check_arrays, row_blocks


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64", "float32", "float64", "bool"])
def test_good_arrays_come_back_as_they_are(dtype):
    X = np.ones((3, 2), dtype)
    y = np.array([0, 1, 1])
    X_out, y_out = check_arrays(X, y, task="classification")
    assert X_out is X
    assert y_out is y


def test_lists_become_arrays():
    X, y = check_arrays([[1, 2], [3, 4]], ["a", "b"])
    assert X.shape == (2, 2)
    assert y.tolist() == ["a", "b"]


def test_without_a_target():
    assert check_arrays([[1.0]])[1] is None


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.ones(3), r"two dimensions.*got shape \(3,\).*reshape"),
        (np.ones((3, 2, 2)), r"two dimensions.*Flatten each sample"),
        (np.ones((0, 2)), r"X is empty: shape \(0, 2\)"),
        (np.ones((2, 0)), r"X is empty: shape \(2, 0\)"),
        (np.array([["1", "2"]]), r"holds text \(dtype <U1\).*astype"),
        (np.array([[1, None]], dtype=object), r"Python objects \(dtype object\)"),
        (np.ones((2, 2), complex), "complex numbers"),
        ([[1, 2], [3]], "same length"),
        (sparse.csr_matrix((2, 2)), r"sparse matrix \(csr_matrix\).*toarray"),
    ],
)
def test_what_cannot_be_features(X, words):
    with pytest.raises(InvalidInputError, match=words):
        check_arrays(X)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_value_that_is_not_finite_is_found_by_row_and_column(bad, dtype):
    X = np.zeros((700_000, 3), dtype)  # several blocks
    X[654_321, 2] = bad
    with pytest.raises(InvalidInputError, match=rf"X holds {bad} at row 654321, column 2 "):
        check_arrays(X)


def test_a_target_that_is_not_finite_is_found_by_row():
    with pytest.raises(InvalidInputError, match=r"y holds nan at row 1 \("):
        check_arrays(np.ones((2, 1)), [0.5, np.nan])


@pytest.mark.parametrize(
    ("y", "task", "words"),
    [
        ([0, 1, 1], None, "3 in y"),
        (np.ones((2, 1, 1)), None, r"got shape \(2, 1, 1\)"),
        (["a", "b"], "regression", "y holds text"),
        (np.array([0, "a"], dtype=object), None, "Python objects"),
        ([4, 4], "classification", "one class only: 4 in all 2 samples"),
        (["a", "a"], "classification", "one class only: 'a'"),
        ([0, 1], "clustering", "allowed: classification, regression"),
    ],
)
def test_what_cannot_be_a_target(y, task, words):
    with pytest.raises(InvalidInputError, match=words):
        check_arrays(np.ones((2, 2)), y, task=task)


def test_the_expected_width_and_the_callers_names_are_said():
    with pytest.raises(InvalidInputError, match=r"X_val has 2 features.*5 are expected"):
        check_arrays(np.ones((2, 2)), [0, 1], n_features=5, names=("X_val", "y_val"))


def test_blocks_cover_every_row_once_within_their_size():
    X = np.arange(70).reshape(35, 2)
    blocks = list(row_blocks(X, block_bytes=5 * X[0].nbytes))
    np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), X)
    assert [start for start, _ in blocks] == [0, 5, 10, 15, 20, 25, 30]


def test_a_row_larger_than_a_block_is_a_block():
    assert len(list(row_blocks(np.zeros((3, 100)), block_bytes=8))) == 3
