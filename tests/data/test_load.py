import tracemalloc

import numpy as np
import pytest

from unstuck.base.errors import DataFormatError, InvalidInputError
from unstuck.data import split as split_module
from unstuck.data.idx import write_idx
from unstuck.data.load import LOADERS, NAMED, load, load_samples
from unstuck.data.targets import encode_labels

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = np.arange(40) % 2


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with one file of each kind, all of the same samples."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNSTUCK_DATA", raising=False)
    table = np.column_stack([X, Y])
    np.savetxt("toy.csv", table, delimiter=",", header="a,b,c,kind", comments="")
    np.savetxt("toy.tsv", table, delimiter="\t")
    np.savez("toy.npz", X=X, y=Y)
    np.save("toy.npy", table)
    write_idx("toy-images.idx", X)
    write_idx("toy-labels.idx", Y.astype(np.uint8))
    return tmp_path


@pytest.mark.parametrize("name", ["toy.csv", "toy.tsv", "toy.npz", "toy.npy", "toy-images.idx"])
def test_every_kind_of_file_gives_the_same_dataset(folder, name):
    data = load(name)
    assert data.name == name
    assert data.source == name
    np.testing.assert_array_equal(data.X_train, X)
    np.testing.assert_array_equal(data.y_train, Y)
    assert data.class_names == ("0", "1")
    assert data.X_test is None
    assert data.digest == load("toy.npz").digest


@pytest.mark.parametrize("name", ["TOY.CSV", "./toy.csv"])
def test_paths_are_taken_as_people_write_them(folder, name):
    (folder / "TOY.CSV").write_bytes((folder / "toy.csv").read_bytes())
    assert load(name).n_features == 3
    assert load(folder / "toy.csv").n_features == 3


def test_a_name_comes_before_a_file(folder):
    (folder / "digits").touch()
    assert load("digits").n_features == 64


def test_a_folder_of_idx_files(folder):
    inner = folder / "mine"
    inner.mkdir()
    write_idx(inner / "train-images-idx3-ubyte", np.zeros((4, 8, 8), np.uint8))
    write_idx(inner / "train-labels-idx1-ubyte", np.array([0, 1, 0, 1], np.uint8))
    assert load("mine").image_shape == (8, 8)


def test_mnist_from_a_folder(folder):
    inner = folder / "mnist"
    inner.mkdir()
    write_idx(inner / "train-images-idx3-ubyte.gz", np.zeros((4, 28, 28), np.uint8))
    write_idx(inner / "train-labels-idx1-ubyte.gz", np.array([0, 1, 0, 1], np.uint8))
    assert load("mnist", data_dir=folder).class_names == tuple("0123456789")


@pytest.mark.parametrize("test", [0.25, "0.25"])
def test_a_fraction_is_held_out(folder, test):
    data = load("toy.csv", test=test)
    assert (len(data.X_train), len(data.X_test)) == (30, 10)
    assert data.y_test.sum() == 5
    assert data.digest == load("toy.csv", test=test, seed=0).digest
    assert data.digest != load("toy.csv", test=test, seed=1).digest


@pytest.mark.parametrize("test", [1.5, "1.5", 0, "-0.1", 1, "nan"])
def test_a_fraction_that_is_none(folder, test):
    with pytest.raises(InvalidInputError, match="between 0 and 1"):
        load("toy.csv", test=test)


def test_a_test_file(folder):
    (folder / "late.csv").write_text("a,b,c,kind\n1,2,3,1\n4,5,6,1\n")
    data = load("toy.csv", test="late.csv")
    assert data.X_test.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert data.y_test.tolist() == [1, 1]
    assert data.digest != load("toy.csv").digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b,c,kind\n1,2,3,7\n", r"y of late\.csv holds the label '7'"),
        ("a,b,kind\n1,2,1\n", "holds no target"),
        ("a,b,c\n1,2,3\n", "holds no target"),
        ("a,b,c,d,kind\n1,2,3,4,1\n", "has 4 features a sample"),
        ("a,c,b,kind\n1,2,3,1\n", "has the column 'c' where toy.csv has 'b'"),
    ],
)
def test_a_test_file_that_does_not_fit(folder, text, words):
    (folder / "late.csv").write_text(text)
    with pytest.raises(InvalidInputError, match=words):
        load("toy.csv", test="late.csv")


def test_a_test_part_of_the_file_is_kept_unless_another_is_asked_for(folder):
    np.savez("both.npz", X=X, y=Y, X_test=X[:2], y_test=Y[:2])
    assert len(load("both.npz").X_test) == 2
    assert len(load("both.npz", test="toy.npz").X_test) == 40
    again = load("both.npz", test=0.5)
    assert len(again.X_train) + len(again.X_test) == 40


def test_digits_with_another_share_for_testing():
    data = load("digits", test=0.5)
    assert (len(data.X_train), len(data.X_test)) == (899, 898)


def test_continuous_targets_are_regression(folder):
    np.savez("r.npz", X=X, y=X[:, 0] * 2)
    assert load("r.npz").task == "regression"
    assert load("toy.csv", target="a").task == "regression"
    assert load("toy.csv", task="regression").y_train.dtype == np.float64


def test_one_class_only(folder):
    np.savez("one.npz", X=X, y=np.zeros(40, int))
    with pytest.raises(InvalidInputError, match="one class only"):
        load("one.npz")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            "mnits",
            r"unknown data set 'mnits'; allowed: digits, .*, or a file.*Did you mean 'mnist'",
        ),
        ("toy", r"Did you mean 'toy\.(csv|tsv|npz|npy)'"),
        ("tpy.csv", r"no such file: tpy\.csv \(looked in .*Did you mean 'toy\.csv'"),
        ("absent/toy.csv", r"the folder .*absent does not exist"),
        ("toy.parquet", "unknown data set"),
        ("notes.txt", r"ending that is not known; allowed: \.csv"),
        ("empty", "holds no train-images"),
        ("", "unknown|holds no train-images"),
    ],
)
def test_what_is_not_there(folder, spec, words):
    (folder / "notes.txt").touch()
    (folder / "empty").mkdir()
    with pytest.raises(InvalidInputError, match=words):
        load(spec)


@pytest.mark.parametrize("name", ["toy.csv", "toy.npz", "toy.npy", "toy-images.idx"])
def test_a_file_that_may_not_be_read(folder, monkeypatch, name):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(folder), "open", refuse)
    with pytest.raises(InvalidInputError, match="cannot be read: Permission denied"):
        load(name)


def test_a_mapped_file_is_never_in_memory_as_a_whole(folder, monkeypatch):
    monkeypatch.setattr(split_module, "IN_MEMORY_BYTES", 1 << 20)
    n_samples = 100_000
    table = np.lib.format.open_memmap("large.npy", "w+", np.float64, (n_samples, 101))  # 81 MB
    table[:, -1] = np.arange(n_samples) % 3
    table.flush()
    tracemalloc.start()
    data = load("large.npy", test=0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(data.X_train, np.memmap)
    assert data.X_train.shape == (50_000, 100)
    assert peak < 30 << 20


def test_a_damaged_file_says_which(folder):
    (folder / "toy.npz").write_bytes(b"nothing")
    with pytest.raises(DataFormatError, match=r"toy\.npz"):
        load("toy.npz")


def test_every_ending_has_a_loader_and_every_name_is_listed():
    assert set(NAMED) == {"digits", "mnist", "fashion-mnist"}
    assert all(ending == ending.lower() for ending in LOADERS)


# --------------------------------------------------------------- for a network that is trained


def test_samples_to_predict_and_to_evaluate(folder):
    (folder / "new.csv").write_text("a,b,c\n1,2,3\n")
    assert load_samples("new.csv", 3).y is None
    raw = load_samples("toy.csv", 3)
    np.testing.assert_array_equal(encode_labels(raw.y, ("1", "0"))[0], 1 - Y)


def test_samples_of_a_known_set_are_its_test_part():
    data, raw = load("digits"), load_samples("digits", 64)
    np.testing.assert_array_equal(raw.X, data.X_test)
    np.testing.assert_array_equal(encode_labels(raw.y, data.class_names)[0], data.y_test)


@pytest.mark.parametrize("spec", ["toy.csv", "toy.npz", "toy.npy", "digits"])
def test_samples_of_another_width(folder, spec):
    with pytest.raises(InvalidInputError, match="the network was trained on 7"):
        load_samples(spec, 7)
