import gzip

import numpy as np
import pytest

from unstuck.base.errors import DataFormatError, InvalidInputError
from unstuck.data.idx import write_idx
from unstuck.data.idx_sets import find_images, load_folder, load_idx
from unstuck.data.pairs import LABEL_WORDS, beside, column_index, drop_column
from unstuck.data.raw import Wanted, flatten_images

IMAGES = np.arange(6 * 2 * 3, dtype=np.uint8).reshape(6, 2, 3)
LABELS = np.array([0, 1, 2, 0, 1, 2], dtype=np.uint8)


def write_set(folder, suffix="", dot="-", test="t10k"):
    folder.mkdir(exist_ok=True)
    write_idx(folder / f"train-images{dot}idx3-ubyte{suffix}", IMAGES)
    write_idx(folder / f"train-labels{dot}idx1-ubyte{suffix}", LABELS)
    write_idx(folder / f"{test}-images{dot}idx3-ubyte{suffix}", IMAGES[:2])
    write_idx(folder / f"{test}-labels{dot}idx1-ubyte{suffix}", LABELS[:2])
    return folder


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dot", ["-", "."])
@pytest.mark.parametrize("test", ["t10k", "test"])
def test_a_folder_of_idx_files(tmp_path, suffix, dot, test):
    raw = load_folder(write_set(tmp_path, suffix, dot, test), Wanted())
    np.testing.assert_array_equal(raw.X, IMAGES.reshape(6, 6))
    np.testing.assert_array_equal(raw.y, LABELS)
    np.testing.assert_array_equal(raw.X_test, IMAGES[:2].reshape(2, 6))
    np.testing.assert_array_equal(raw.y_test, LABELS[:2])
    assert raw.image_shape == (2, 3)


def test_the_uncompressed_file_comes_first(tmp_path):
    write_set(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"old"))
    assert find_images(tmp_path).name == "train-images-idx3-ubyte"


def test_a_pair_of_which_one_is_gzipped(tmp_path):
    write_idx(tmp_path / "train-images-idx3-ubyte", IMAGES)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", LABELS)
    assert len(load_folder(tmp_path, Wanted()).y) == 6


def test_no_test_pair_is_fine(tmp_path):
    write_set(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    assert load_folder(tmp_path, Wanted()).X_test is None


def test_a_folder_without_images(tmp_path):
    with pytest.raises(InvalidInputError, match="holds no train-images-idx3-ubyte"):
        load_folder(tmp_path, Wanted())


def test_images_without_labels(tmp_path):
    write_idx(tmp_path / "train-images-idx3-ubyte", IMAGES)
    with pytest.raises(InvalidInputError, match="no labels lie beside it"):
        load_folder(tmp_path, Wanted())
    raw = load_folder(tmp_path, Wanted(n_features=6))  # but they can be predicted
    assert raw.y is None
    assert raw.X.shape == (6, 6)


def test_labels_named_by_the_caller(tmp_path):
    write_idx(tmp_path / "pictures.idx", IMAGES)
    write_idx(tmp_path / "what-they-are.idx", LABELS)
    raw = load_idx(tmp_path / "pictures.idx", Wanted(target="what-they-are.idx"))
    np.testing.assert_array_equal(raw.y, LABELS)
    raw = load_idx(tmp_path / "pictures.idx", Wanted(target=str(tmp_path / "what-they-are.idx")))
    np.testing.assert_array_equal(raw.y, LABELS)


@pytest.mark.parametrize("which", ["train", "t10k"])
def test_files_that_do_not_belong_together(tmp_path, which):
    write_set(tmp_path)
    write_idx(tmp_path / f"{which}-labels-idx1-ubyte", LABELS[:5])
    with pytest.raises(DataFormatError, match=r"labels beside it have the shape \(5,\)"):
        load_folder(tmp_path, Wanted())


def test_labels_given_for_images(tmp_path):
    write_set(tmp_path)
    with pytest.raises(DataFormatError, match=r"holds labels.*give the file of the images"):
        load_idx(tmp_path / "train-labels-idx1-ubyte", Wanted())


def test_an_idx_table_has_its_target_in_a_column(tmp_path):
    write_idx(tmp_path / "table.idx", np.arange(12, dtype=np.int32).reshape(4, 3))
    raw = load_idx(tmp_path / "table.idx", Wanted(target=0))
    assert raw.X.tolist() == [[1, 2], [4, 5], [7, 8], [10, 11]]
    assert raw.y.tolist() == [0, 3, 6, 9]


@pytest.mark.parametrize(
    ("samples", "labels"),
    [
        ("X.npy", "y.npy"),
        ("toy_X.npy", "toy_y.npy"),
        ("X_train.npy", "y_train.npy"),
        ("x_test.npy", "y_test.npy"),
        ("my-images.idx", "my-labels.idx"),
        ("images.idx3.gz", "labels.idx1"),
        ("data.npy", "target.npy"),
    ],
)
def test_names_that_belong_together(tmp_path, samples, labels):
    (tmp_path / labels).touch()
    assert beside(tmp_path / samples, LABEL_WORDS) == tmp_path / labels


@pytest.mark.parametrize("name", ["Xavier.npy", "matrix.npy", "table.npy"])
def test_a_letter_within_a_word_is_no_x(tmp_path, name):
    for other in ("yavier.npy", "matriy.npy", "table.npy", "y.npy"):
        (tmp_path / other).touch()
    assert beside(tmp_path / name, LABEL_WORDS) is None


@pytest.mark.parametrize(("target", "index"), [(None, 3), (0, 0), ("2", 2), (-1, 3), ("-4", 0)])
def test_columns_by_index(target, index):
    assert column_index(target, 4, "table") == index


@pytest.mark.parametrize("target", [4, -5, "9"])
def test_columns_that_are_not_there(target):
    with pytest.raises(InvalidInputError, match=r"has 4 columns.*0 to 3, or -1"):
        column_index(target, 4, "table")


def test_names_where_there_are_none():
    with pytest.raises(InvalidInputError, match=r"no column names.*'species'"):
        column_index("species", 4, "table")


@pytest.mark.parametrize("column", [0, 1, 2])
def test_dropping_a_column(column):
    table = np.arange(6).reshape(2, 3)
    rest = drop_column(table, column)
    np.testing.assert_array_equal(rest, np.delete(table, column, axis=1))
    assert np.shares_memory(rest, table) == (column != 1)


@pytest.mark.parametrize(
    ("shape", "flat", "picture"),
    [
        ((5, 4), (5, 4), None),
        ((5, 2, 3), (5, 6), (2, 3)),
        ((5, 2, 3, 1), (5, 6), (2, 3)),
        ((5, 2, 3, 3), (5, 18), None),
    ],
)
def test_pictures_become_rows(shape, flat, picture):
    X, found = flatten_images(np.zeros(shape))
    assert X.shape == flat
    assert found == picture
