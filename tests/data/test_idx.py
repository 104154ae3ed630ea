import gzip
import io
import struct
import tracemalloc

import numpy as np
import pytest

from unstuck.base.errors import DataFormatError
from unstuck.data import idx as idx_module
from unstuck.data.idx import TYPES, read_idx, write_idx


def header(code, *shape):
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape)


@pytest.fixture
def idx_file(tmp_path):
    """Write bytes to a file and return its path."""

    def write(content, name="data-idx"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4), (1,) * 8])
def test_what_is_written_is_read(tmp_path, suffix, code, shape):
    native = TYPES[code].newbyteorder("=")
    array = np.random.default_rng(0).integers(0, 100, shape).astype(native)
    path = tmp_path / f"array{suffix}"
    write_idx(path, array)
    back = read_idx(path)
    np.testing.assert_array_equal(back, array)
    assert back.dtype == native
    assert back.dtype.isnative


def test_the_bytes_are_those_of_the_format(idx_file, tmp_path):
    content = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
    assert read_idx(idx_file(content)).tolist() == [[1, 2, 3], [4, 5, 6]]
    write_idx(tmp_path / "w", np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8))
    assert (tmp_path / "w").read_bytes() == content


def test_gzip_is_known_by_its_bytes_and_not_by_its_name(idx_file):
    assert read_idx(idx_file(gzip.compress(header(8, 2) + b"\1\2"), "plain-idx1-ubyte")).size == 2
    assert read_idx(idx_file(header(8, 2) + b"\1\2", "odd.gz")).size == 2


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty file"),
        (b"\0\0", "no IDX file.*00 00"),
        (b"PK\3\4 something else", "begins with 50 4b 03 04"),
        (b"\0\0\x0a\1\0\0\0\1\1", r"type 0x0a is unknown; allowed: uint8 \(0x08\)"),
        (b"\0\0\x08\0", "claims 0 dimensions"),
        (b"\0\0\x08\xff" + b"\0\0\0\1" * 255, "claims 255 dimensions; 1 to 8"),
        (b"\0\0\x08\2\0\0\0\1", "header needs 12 bytes, 8 are there"),
        (header(8, 0), r"is empty: its header gives the shape \(0,\)"),
        (header(8, 0, 2**32 - 1, 2**32 - 1), "is empty"),
        (header(8, 10) + b"123456789", "truncated"),
        (header(8, 10) + b"12345678901", r"needs 10 bytes after the header"),
        (header(0x0E, 2) + bytes(15), "truncated"),
    ],
)
def test_a_file_that_is_not_what_it_says(idx_file, content, words, packed):
    path = idx_file(gzip.compress(content) if packed else content)
    with pytest.raises(DataFormatError, match=words) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("cut", [1, 4, 8, 20])
def test_a_truncated_gzip_file(idx_file, cut):
    whole = gzip.compress(header(8, 3000) + np.random.default_rng(0).bytes(3000))
    with pytest.raises(DataFormatError, match="damaged or truncated gzip"):
        read_idx(idx_file(whole[:-cut]))


def test_a_gzip_file_whose_checksum_is_wrong(idx_file):
    whole = bytearray(gzip.compress(header(8, 3000) + np.random.default_rng(0).bytes(3000)))
    whole[-6] ^= 1
    with pytest.raises(DataFormatError, match="CRC"):
        read_idx(idx_file(bytes(whole)))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", [(2**32 - 1,), (2**32 - 1,) * 3, (2**32 - 1,) * 8, (1 << 30,)])
def test_a_lying_header_takes_no_memory(idx_file, packed, shape):
    content = header(0x0E, *shape) + bytes(1000)
    path = idx_file(gzip.compress(content) if packed else content)
    tracemalloc.start()
    with pytest.raises(DataFormatError):
        read_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def zeros_gz(n_bytes):
    """A gzip file that truly unfolds to an IDX file of ``n_bytes`` zeros."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as stream:
        stream.write(header(8, n_bytes))
        for _ in range(n_bytes >> 20):
            stream.write(bytes(1 << 20))
    return packed.getvalue()


def test_a_decompression_bomb_is_refused_before_it_unfolds(idx_file):
    path = idx_file(zeros_gz(96 << 20))
    tracemalloc.start()
    with pytest.raises(DataFormatError, match=r"decompression bomb.*uncompressed"):
        read_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_small_file_of_zeros_is_no_bomb(idx_file):
    assert not read_idx(idx_file(zeros_gz(8 << 20))).any()


def test_more_data_than_promised_is_not_unfolded(idx_file):
    bomb = gzip.compress(header(8, 10) + bytes(64 << 20))
    path = idx_file(bomb)
    tracemalloc.start()
    with pytest.raises(DataFormatError, match="more bytes follow"):
        read_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_bytes_can_be_mapped_and_the_map_is_read_only(tmp_path):
    path = tmp_path / "images-idx3-ubyte"
    write_idx(path, np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    mapped = read_idx(path, memory_map=True)
    assert isinstance(mapped, np.memmap)
    assert mapped[1, 2, 3] == 23
    with pytest.raises(ValueError, match="read-only"):
        mapped[0] = 0
    assert not isinstance(read_idx(path), np.memmap)  # small: read


def test_a_large_plain_file_is_mapped(tmp_path, monkeypatch):
    monkeypatch.setattr(idx_module, "MAP_BYTES", 10)
    path = tmp_path / "images-idx3-ubyte"
    write_idx(path, np.zeros(11, np.uint8))
    assert isinstance(read_idx(path), np.memmap)


def test_wide_numbers_are_never_mapped_in_a_foreign_byte_order(tmp_path):
    write_idx(tmp_path / "wide", np.arange(5, dtype=np.int32))
    assert read_idx(tmp_path / "wide", memory_map=True).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("array", [np.zeros(2, np.uint16), np.zeros(2, bool), np.zeros(())])
def test_what_the_format_cannot_hold(tmp_path, array):
    with pytest.raises(DataFormatError, match="IDX holds 1 to 8 dimensions of uint8"):
        write_idx(tmp_path / "w", array)
    assert not list(tmp_path.iterdir())
