import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from unstuck.base.errors import DataFormatError, InvalidInputError
from unstuck.data.arrays import load_npy, load_npz, read_npy
from unstuck.data.raw import Wanted

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 0, 1])


def npy_bytes(array, **options):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), **options)
    return stream.getvalue()


def header(text, version=1, length=None):
    body = text.encode("latin1") + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(body) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + body


def promise(shape, descr="'<f8'"):
    return header(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}")


@pytest.fixture
def archive(tmp_path):
    """Write an archive of raw entries and return its path."""

    def write(entries, method=zipfile.ZIP_DEFLATED):
        path = tmp_path / "data.npz"
        with zipfile.ZipFile(path, "w", method) as file:
            for name, content in entries.items():
                file.writestr(name, content)
        return path

    return write


# ------------------------------------------------------------------------------------------- NPY


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "<f8", ">f8", ">i2", "bool"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_npy_is_mapped_read_only_or_read(tmp_path, order, dtype, version):
    array = np.array(X.astype(dtype), order=order)
    path = tmp_path / "a.npy"
    path.write_bytes(npy_bytes(array, version=version))
    back = read_npy(path)
    np.testing.assert_array_equal(back, array)
    assert back.dtype.isnative
    if array.dtype.isnative:
        assert isinstance(back, np.memmap)
        assert not back.flags.writeable


def test_npy_table_takes_its_last_column_without_a_copy(tmp_path):
    np.save(tmp_path / "table.npy", np.column_stack([X, Y]))
    raw = load_npy(tmp_path / "table.npy", Wanted())
    np.testing.assert_array_equal(raw.X, X)
    np.testing.assert_array_equal(raw.y, Y)
    assert isinstance(raw.X, np.memmap)


def test_npy_finds_its_labels_and_its_test_part(tmp_path):
    for name, array in {"X_train": X, "y_train": Y, "X_test": X[:2], "y_test": Y[:2]}.items():
        np.save(tmp_path / f"{name}.npy", array)
    raw = load_npy(tmp_path / "X_train.npy", Wanted())
    np.testing.assert_array_equal(raw.y, Y)
    np.testing.assert_array_equal(raw.X_test, X[:2])
    np.testing.assert_array_equal(raw.y_test, Y[:2])


def test_npy_without_a_target_for_a_network_that_knows_its_width(tmp_path):
    np.save(tmp_path / "new.npy", X)
    assert load_npy(tmp_path / "new.npy", Wanted(n_features=2)).y is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x93NUMPY\1", "no NPY array"),
        (b"\x93NUMPY\x09\0" + bytes(100), "version 1 or 2"),
        (b"\x93NUMPY\1\0\5", "truncated within its header"),
        (header("x" * 10, length=60_000), "header of 60000 bytes; at most 10000"),
        (header("x" * 10, version=2, length=2**32 - 1), "at most 10000"),
        (header("{'descr': '<f8'"), "damaged NPY header"),
        (header("__import__('os').abort()"), "damaged NPY header"),
        (header("(" * 9000), "damaged NPY header"),
        (header("{'descr': '<f8', 'fortran_order': 1, 'shape': (2,)}"), "damaged NPY header"),
        (promise("(-2, -3)") + bytes(48), r"shape \(-2, -3\)"),
        (promise("()") + bytes(8), r"shape \(\)"),
        (promise("(0, 5)"), "none of them empty"),
        (promise("(2, 3)") + bytes(47), "needs 48 bytes, 47 follow"),
        (promise("(2, 3)") + bytes(49), "needs 48 bytes, 49 follow"),
        (promise(f"({10**30}, {10**30})") + bytes(48), "bytes, 48 follow"),
        (promise("(2,)", "'<U0'"), "text are allowed"),
        (promise("(2,)", "'<c16'") + bytes(32), "holds complex128"),
        (promise("(2,)", "[('a', '<f8')]") + bytes(16), r"holds \[\('a', '<f8'\)\]"),
        (promise("(2,)", "'|O'") + b"cos\nabort\n(tR.", "Python objects, which are never loaded"),
        (promise("(2,)", "[('a', '|O')]") + bytes(16), "Python objects"),
        (promise("(2,)", "'<M8[s]'") + bytes(16), "holds datetime64"),
    ],
)
def test_npy_that_is_not_what_it_says(tmp_path, content, words):
    path = tmp_path / "bad.npy"
    path.write_bytes(content)
    with pytest.raises(DataFormatError, match=words) as caught:
        read_npy(path)
    assert str(path) in str(caught.value)


# ------------------------------------------------------------------------------------------- NPZ


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "names",
    [
        ("X", "y", "X_test", "y_test"),
        ("x_train", "y_train", "x_test", "y_test"),
        ("data", "target", "X_test", "Y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
    ],
)
def test_npz_by_the_names_people_give(tmp_path, save, names):
    path = tmp_path / "data.npz"
    save(path, **dict(zip(names, (X, Y, X[:2], Y[:2]), strict=True)))
    raw = load_npz(path, Wanted())
    np.testing.assert_array_equal(raw.X, X)
    np.testing.assert_array_equal(raw.y, Y)
    np.testing.assert_array_equal(raw.X_test, X[:2])
    np.testing.assert_array_equal(raw.y_test, Y[:2])


@pytest.mark.parametrize("dtype", ["uint8", ">f4", "float64"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npz_pictures(tmp_path, dtype, order):
    pictures = np.array(np.arange(24).reshape(4, 2, 3), dtype=dtype, order=order)
    np.savez(tmp_path / "p.npz", X=pictures, y=np.array(["a", "b", "a", "b"]))
    raw = load_npz(tmp_path / "p.npz", Wanted())
    np.testing.assert_array_equal(raw.X, pictures.reshape(4, 6))
    assert raw.X.dtype.isnative
    assert raw.image_shape == (2, 3)
    assert raw.y.tolist() == ["a", "b", "a", "b"]


def test_npz_with_a_named_target(tmp_path):
    np.savez(tmp_path / "d.npz", measured=X, species=Y)
    raw = load_npz(tmp_path / "d.npz", Wanted(target="species"))
    np.testing.assert_array_equal(raw.X, X)
    np.testing.assert_array_equal(raw.y, Y)
    with pytest.raises(
        InvalidInputError, match=r"allowed: measured, species. Did you mean 'species'"
    ):
        load_npz(tmp_path / "d.npz", Wanted(target="specie"))


def test_npz_with_names_nobody_knows(tmp_path):
    np.savez(tmp_path / "d.npz", a=X, b=Y)
    with pytest.raises(InvalidInputError, match="holds the arrays a, b; arrays named X"):
        load_npz(tmp_path / "d.npz", Wanted())


def test_npz_without_a_target_for_a_network_that_knows_its_width(tmp_path):
    np.savez(tmp_path / "d.npz", X)
    assert load_npz(tmp_path / "d.npz", Wanted(n_features=2)).y is None


def test_npz_reads_only_what_is_asked_for(archive):
    path = archive({"X.npy": npy_bytes(X), "y.npy": npy_bytes(Y), "notes.txt": b"hello"})
    assert load_npz(path, Wanted()).X.shape == (6, 2)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (b"hello", "no NPY array"),
        (promise("(2, 3)") + bytes(47), "array 'X', does not hold.*lists 47"),
        (promise(f"({2**40},)") + bytes(47), "does not hold"),
        (promise("(2,)", "'|O'") + b"cos\nabort\n(tR.", "Python objects, which are never loaded"),
        (header("x" * 10, version=2, length=2**32 - 1) + bytes(10**6), "at most 10000"),
    ],
)
def test_npz_entries_that_are_not_what_they_say(archive, entry, words):
    path = archive({"X.npy": entry, "y.npy": npy_bytes(Y)})
    with pytest.raises(DataFormatError, match=words):
        load_npz(path, Wanted())


def test_npz_whose_archive_lies_about_a_size(archive):
    """The zip directory claims what the array's header does, and both claim too much."""
    content = promise(f"({1 << 28},)")  # 2 GiB of float64, of which nothing follows
    path = archive({"X.npy": content, "y.npy": npy_bytes(Y)}, zipfile.ZIP_STORED)
    claimed = struct.pack("<I", len(content) + (1 << 31))
    honest = struct.pack("<I", len(content))
    path.write_bytes(path.read_bytes().replace(honest, claimed))
    tracemalloc.start()
    with pytest.raises(DataFormatError):
        load_npz(path, Wanted())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_npz_bomb_is_refused_before_it_unfolds(archive):
    path = archive({"X.npy": promise(f"({96 << 17},)") + bytes(96 << 20), "y.npy": npy_bytes(Y)})
    tracemalloc.start()
    with pytest.raises(DataFormatError, match="decompression bomb"):
        load_npz(path, Wanted())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_npz_bomb_that_lies_about_its_compressed_size(archive):
    path = archive({"X.npy": promise(f"({96 << 17},)") + bytes(96 << 20), "y.npy": npy_bytes(Y)})
    with zipfile.ZipFile(path) as file:
        honest = struct.pack("<I", file.getinfo("X.npy").compress_size)
    path.write_bytes(path.read_bytes().replace(honest, struct.pack("<I", 64 << 20)))
    with pytest.raises(DataFormatError, match="claims 67108864 bytes in an archive of"):
        load_npz(path, Wanted())


def test_npz_compressed_in_another_way(archive):
    path = archive({"X.npy": npy_bytes(X), "y.npy": npy_bytes(Y)}, zipfile.ZIP_LZMA)
    with pytest.raises(DataFormatError, match="does not use"):
        load_npz(path, Wanted())


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"not a zip archive at all"])
def test_npz_that_is_no_archive(tmp_path, content):
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(DataFormatError, match="no NPZ file that can be read"):
        load_npz(path, Wanted())


def test_npz_whose_data_were_changed(archive):
    path = archive({"X.npy": npy_bytes(X), "y.npy": npy_bytes(Y)}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[content.index(X.tobytes()) + 3] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DataFormatError, match=r"array 'X', is damaged .*CRC"):
        load_npz(path, Wanted())
