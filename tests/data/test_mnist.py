import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from unstuck.base.errors import DataFormatError, InvalidInputError
from unstuck.data import mnist as mnist_module
from unstuck.data.idx import write_idx
from unstuck.data.mnist import COLLECTIONS, load_mnist, local_folder

REAL = Path(os.environ.get("UNSTUCK_DATA", "."))  # read before the tests hide it
RNG = np.random.default_rng(0)
NAMES = {
    "train-images-idx3-ubyte": RNG.integers(0, 256, (20, 28, 28), dtype=np.uint8),
    "train-labels-idx1-ubyte": np.arange(20, dtype=np.uint8) % 10,
    "t10k-images-idx3-ubyte": RNG.integers(0, 256, (10, 28, 28), dtype=np.uint8),
    "t10k-labels-idx1-ubyte": np.arange(10, dtype=np.uint8),
}


def write_set(folder, suffix=""):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in NAMES.items():
        write_idx(folder / (name + suffix), array)
    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    monkeypatch.delenv("UNSTUCK_DATA", raising=False)

    def refuse(collection, **_):
        raise AssertionError(f"{collection.name} was to be downloaded")

    monkeypatch.setattr(mnist_module, "fetch", refuse)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("inner", ["", "mnist"])
@pytest.mark.parametrize("by", ["argument", "environment"])
def test_a_local_folder(tmp_path, monkeypatch, suffix, inner, by):
    write_set(tmp_path / inner, suffix)
    if by == "environment":
        monkeypatch.setenv("UNSTUCK_DATA", str(tmp_path))
    data = load_mnist("mnist", str(tmp_path) if by == "argument" else None)
    assert data.X_train.shape == (20, 784)
    assert data.X_train.dtype == np.uint8
    assert data.image_shape == (28, 28)
    assert data.y_test.tolist() == list(range(10))
    assert data.class_names == tuple("0123456789")
    assert str(tmp_path) in data.source


def test_the_argument_comes_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("UNSTUCK_DATA", str(tmp_path / "other"))
    write_set(tmp_path / "other")
    folder = write_set(tmp_path / "this")
    assert local_folder("mnist", folder) == folder


def test_the_subfolder_comes_before_the_folder(tmp_path):
    write_set(tmp_path)
    folder = write_set(tmp_path / "fashion-mnist")
    assert local_folder("fashion-mnist", tmp_path) == folder
    assert local_folder("mnist", tmp_path) == tmp_path


def test_fashion_has_its_words_for_the_same_labels(tmp_path):
    write_set(tmp_path / "fashion-mnist")
    data = load_mnist("fashion-mnist", tmp_path)
    assert data.class_names[9] == "Ankle boot"
    assert data.y_test.tolist() == list(range(10))


def test_a_folder_given_must_hold_the_files(tmp_path):
    with pytest.raises(InvalidInputError, match=r"holds no mnist: .*train-images-idx3-ubyte"):
        load_mnist("mnist", tmp_path)
    with pytest.raises(InvalidInputError, match="does not exist"):
        load_mnist("mnist", tmp_path / "absent")


def test_a_folder_from_the_environment_need_not_hold_every_set(tmp_path, monkeypatch):
    monkeypatch.setenv("UNSTUCK_DATA", str(tmp_path))
    cache = write_set(tmp_path / "cache")
    monkeypatch.setattr(mnist_module, "fetch", lambda collection, **_: cache)
    assert load_mnist("fashion-mnist").X_train.shape == (20, 784)


def test_mnist_is_not_taken_for_fashion(tmp_path, monkeypatch):
    labels = (write_set(tmp_path) / "t10k-labels-idx1-ubyte").read_bytes()
    monkeypatch.setattr(mnist_module, "MNIST_TEST_LABELS", hashlib.sha256(labels).hexdigest())
    assert load_mnist("mnist", tmp_path).name == "mnist"
    with pytest.raises(DataFormatError, match="but holds MNIST's digits"):
        load_mnist("fashion-mnist", tmp_path)


def test_labels_beyond_ten_classes(tmp_path):
    write_set(tmp_path)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.arange(20, dtype=np.uint8))
    with pytest.raises(InvalidInputError, match="label '10'"):
        load_mnist("mnist", tmp_path)


def test_an_unknown_set():
    with pytest.raises(InvalidInputError, match=r"allowed: mnist, fashion-mnist. Did you mean"):
        load_mnist("fashon-mnist")


@pytest.mark.parametrize("name", COLLECTIONS)
def test_what_is_published_is_described_in_full(name):
    collection = COLLECTIONS[name]
    assert collection.name == name
    assert len(collection.class_names) == 10
    assert len(collection.mirrors) == 2
    assert all(mirror.endswith("/") for mirror in collection.mirrors)
    assert {file.removesuffix(".gz") for file in collection.files} == set(NAMES)
    assert len(set(collection.files.values())) == 4
    assert all(len(bytes.fromhex(digest)) == 32 for digest in collection.files.values())


# ------------------------------------------------------------------------------------ the real one


@pytest.mark.mnist
def test_the_real_mnist():
    data = load_mnist("mnist", REAL)
    assert data.X_train.shape == (60_000, 784)
    assert data.X_test.shape == (10_000, 784)
    assert np.bincount(data.y_train).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    # over the decompressed files, as they are published: header and data
    for array, header, digest in [
        (data.X_train, "00000803 0000ea60 0000001c 0000001c",
         "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        (data.X_test, "00000803 00002710 0000001c 0000001c",
         "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        (data.y_train.astype(np.uint8), "00000801 0000ea60",
         "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        (data.y_test.astype(np.uint8), "00000801 00002710",
         "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ]:  # fmt: skip
        content = bytes.fromhex(header) + array.tobytes()
        assert hashlib.sha256(content).hexdigest() == digest


@pytest.mark.mnist
def test_the_real_mnist_is_not_taken_for_fashion():
    folder = local_folder("mnist", REAL)
    with pytest.raises(DataFormatError, match="holds MNIST's digits"):
        load_mnist("fashion-mnist", folder)
