import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.data.targets import decide_task, encode_labels, encode_values, relabel


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (["a", "b"], "classification"),
        ([b"a", b"b"], "classification"),
        ([True, False], "classification"),
        ([0, 1, 1, 0], "classification"),  # XOR
        ([0.0, 1.0, 1.0, 0.0], "classification"),
        ([-1, 1, -1, 1], "classification"),
        (list(range(20)) * 2, "classification"),
        (list(range(47)) * 10, "classification"),  # EMNIST: consecutive, many of each
        (list(range(1, 27)) * 10, "classification"),
        (list(range(20, 80)) * 10, "regression"),  # ages
        (list(range(47)) * 9, "regression"),
        (list(range(15)), "regression"),  # each value once
        ([0.5, 1.0], "regression"),
        ([[0, 1], [1, 0]], "classification"),  # one-hot
        ([[0, 1], [1, 1]], "regression"),
        ([[0.2, 0.8], [0.5, 0.5]], "regression"),
    ],
)
def test_what_a_target_is_taken_for(y, task):
    assert decide_task(np.array(y)) == task
    other = "regression" if task == "classification" else "classification"
    assert decide_task(np.array(y), other) == other  # what the caller says wins


def test_an_unknown_task():
    with pytest.raises(InvalidInputError, match="Did you mean 'regression'"):
        decide_task(np.array([0]), "regresion")


@pytest.mark.parametrize(
    ("y", "codes", "names"),
    [
        ([9, 3, 9], [1, 0, 1], ("3", "9")),
        ([10, 9], [1, 0], ("9", "10")),  # by number, not by letter
        ([2.0, 1.0], [1, 0], ("1", "2")),
        ([0.5, 0.25], [1, 0], ("0.25", "0.5")),
        ([True, False], [1, 0], ("False", "True")),
        ([b"b", b"a"], [1, 0], ("a", "b")),
        ([[1, 0, 0], [0, 0, 1]], [0, 1], ("0", "2")),
        ([["b"], ["a"]], [1, 0], ("a", "b")),
    ],
)
def test_labels_become_indices_of_names(y, codes, names):
    encoded, found = encode_labels(np.array(y))
    assert encoded.tolist() == codes
    assert encoded.dtype == np.int64
    assert found == names


def test_known_classes_keep_their_places():
    codes, names = encode_labels(np.array(["c", "a"]), ("c", "b", "a"))
    assert codes.tolist() == [0, 2]
    assert names == ("c", "b", "a")


def test_an_unknown_class_is_named_with_its_first_row():
    with pytest.raises(InvalidInputError, match=r"label 'x' \(first in row 2.*2 classes.*a, b"):
        encode_labels(np.array(["a", "b", "x", "x"]), ("a", "b"))


def test_many_known_classes_are_not_all_listed():
    with pytest.raises(InvalidInputError, match=r"10, 11, \.\.\."):
        encode_labels(np.array([99]), [str(i) for i in range(50)])


def test_rows_that_are_not_one_hot_are_no_labels():
    with pytest.raises(InvalidInputError, match="not one-hot"):
        encode_labels(np.array([[1, 1], [0, 1]]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_float_values_keep_their_type(dtype):
    assert encode_values(np.ones((3, 2), dtype)).dtype == dtype


def test_a_single_column_of_values_is_one_dimensional():
    values = encode_values(np.ones((3, 1), int))
    assert values.shape == (3,)
    assert values.dtype == np.float64


def test_text_is_no_value():
    with pytest.raises(InvalidInputError, match=r"holds text \(such as .a.\)"):
        encode_values(np.array(["a", "b"]))


def test_relabelling_goes_by_name():
    assert relabel(np.array([0, 1]), ("dog", "cat"), ("cat", "cow", "dog")).tolist() == [2, 0]
