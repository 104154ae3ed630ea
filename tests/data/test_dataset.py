import dataclasses

import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.data.dataset import digest_of, hold_out, infer_image_shape, make_dataset, with_test

X = np.arange(24.0).reshape(12, 2)
WORDS = np.array(["no", "yes", "no"] * 4)


def test_classes():
    data = make_dataset("toy", X, WORDS, X[:3], WORDS[:3], source="here")
    assert data.task == "classification"
    assert data.class_names == ("no", "yes")
    assert data.y_train.tolist() == [0, 1, 0] * 4
    assert data.y_test.tolist() == [0, 1, 0]
    assert (data.n_features, data.n_outputs, data.source) == (2, 2, "here")
    assert data.X_train is X
    assert repr(data) == (
        "Dataset('toy', classification, 12 training and 3 test samples, 2 features (float64), "
        "2 outputs)"
    )


@pytest.mark.parametrize(
    ("y", "n_outputs"), [(X[:, 0] / 7, 1), (X[:, :1] / 7, 1), (X / 7, 2), (X.astype("f4") / 7, 2)]
)
def test_values(y, n_outputs):
    data = make_dataset("toy", X, y, X, y)
    assert data.task == "regression"
    assert data.class_names is None
    assert data.n_outputs == n_outputs
    assert data.y_train.dtype == y.dtype
    assert data.y_test.shape == data.y_train.shape


def test_class_names_given_are_what_the_labels_index():
    data = make_dataset("toy", X, np.arange(12) % 2, X, np.ones(12, int), class_names=("b", "a"))
    assert data.class_names == ("b", "a")
    assert data.y_train.tolist() == [0, 1] * 6
    assert data.y_test.tolist() == [1] * 12


def test_labels_beyond_the_class_names():
    with pytest.raises(InvalidInputError, match="'2'"):
        make_dataset("toy", X, np.arange(12) % 3, class_names=("b", "a"))


def test_a_dataset_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_dataset("toy", X, WORDS).name = "other"


@pytest.mark.parametrize(
    ("X_test", "y_test", "words"),
    [
        (X[:, :1], WORDS, "X_test has 1 features"),
        (X, WORDS[:3], "12 samples in X_test, 3 in y_test"),
        (X, np.array(["maybe"] * 12), "y_test holds the label 'maybe'"),
        (X * np.nan, WORDS, "X_test holds nan at row 0, column 0"),
    ],
)
def test_a_test_part_that_does_not_fit(X_test, y_test, words):
    with pytest.raises(InvalidInputError, match=words):
        make_dataset("toy", X, WORDS, X_test, y_test)


def test_a_test_part_with_another_number_of_outputs():
    with pytest.raises(InvalidInputError, match="number of outputs"):
        make_dataset("toy", X, X / 7, X, X[:, 0] / 7)


def test_one_class_only():
    with pytest.raises(InvalidInputError, match="one class only"):
        make_dataset("toy", X, np.zeros(12, int), task="classification")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("uint8", "uint8"),
        ("int32", "int32"),
        ("float32", "float32"),
        ("bool", "uint8"),
        ("float16", "float32"),
        ("longdouble", "float64"),
        (">f4", "float32"),
        (">i2", "int16"),
    ],
)
def test_types_that_compiled_loops_take(given, kept):
    data = make_dataset("toy", X.astype(given), WORDS, X.astype(given), WORDS)
    assert data.X_train.dtype == kept
    assert data.X_test.dtype == kept
    assert data.X_train.dtype.isnative
    np.testing.assert_array_equal(data.X_train, X.astype(given).astype(kept))


@pytest.mark.parametrize(
    ("n_features", "dtype", "shape"),
    [
        (64, "uint8", (8, 8)),
        (784, "int64", (28, 28)),
        (784, "float32", None),
        (49, "uint8", None),
        (65, "uint8", None),
    ],
)
def test_which_columns_are_taken_for_a_picture(n_features, dtype, shape):
    assert infer_image_shape(np.zeros((2, n_features), dtype)) == shape


def test_the_digest_sees_values_types_shapes_and_order():
    arrays = [
        (X, WORDS),
        (WORDS, X),
        (X, None),
        (X + 1, WORDS),
        (X.astype("f4"), WORDS),
        (X.reshape(2, 12), WORDS),
    ]
    assert len({digest_of(*pair) for pair in arrays}) == len(arrays)
    assert digest_of(X) == digest_of(X.copy()) == digest_of(np.asfortranarray(X))


def test_the_digest_does_not_depend_on_the_blocks(tmp_path):
    large = np.arange(3_000_000, dtype=np.int64).reshape(-1, 3)  # 24 MB, several blocks
    mapped = np.memmap(tmp_path / "large", large.dtype, "w+", shape=large.shape)
    mapped[...] = large
    assert digest_of(mapped) == digest_of(large)


def test_holding_out_keeps_the_shares_and_renews_the_digest():
    data = make_dataset("toy", X, WORDS)
    part = hold_out(data, 0.25, 0)
    assert (len(part.X_train), len(part.X_test)) == (9, 3)
    assert part.y_test.sum() == 1
    assert part.digest != data.digest
    assert part.digest == digest_of(part.X_train, part.y_train, part.X_test, part.y_test)


def test_holding_out_puts_an_earlier_test_part_back_first():
    data = hold_out(make_dataset("toy", X, WORDS), 0.25, 0)
    again = hold_out(data, 0.5, 1)
    rows = np.concatenate([again.X_train, again.X_test])
    assert sorted(rows[:, 0]) == sorted(X[:, 0])


def test_another_test_part_is_encoded_as_the_training_part_is():
    data = with_test(make_dataset("toy", X, WORDS), X[:2], np.array(["yes", "yes"]))
    assert data.y_test.tolist() == [1, 1]
    with pytest.raises(InvalidInputError, match=r"y of late\.csv holds the label 'maybe'"):
        with_test(data, X[:1], np.array(["maybe"]), name="late.csv")
