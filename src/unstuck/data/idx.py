"""IDX, the file format of MNIST: a type, a shape, and the numbers, gzipped or not.

    0x00 0x00 | type (1 byte) | number of dimensions (1 byte) | each size (4 bytes) | the data

All numbers are big-endian. The shape in the header is only a promise: it is held against the size
of the file before any memory is taken (format: LeCun, Cortes and Burges, the MNIST database).
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import DataFormatError
from unstuck.data.bounded import check_compressed_size, file_size, read_exactly

TYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
MOST_DIMENSIONS = 8
GZIP_MAGIC = b"\x1f\x8b"
MAP_BYTES = 256 << 20  # a larger uncompressed file of bytes is mapped instead of read


def read_idx(path: str | Path, *, memory_map: bool | None = None) -> AnyArray:
    """The array in an IDX file, gzipped or not, in this machine's byte order.

    ``memory_map`` opens an uncompressed file of bytes as a read-only memory map; None does so
    beyond 256 MB. Gzipped files and wider numbers are read.

    Raises DataFormatError for a file that is not IDX, holds less or more than its header says, or
    unfolds like a decompression bomb; OSError when it cannot be opened.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "labels-idx1-ubyte"
    >>> write_idx(path, np.array([3, 1, 4], dtype=np.uint8))
    >>> read_idx(path)
    array([3, 1, 4], dtype=uint8)
    """
    path = Path(path)
    with path.open("rb") as file:
        zipped = file.read(2) == GZIP_MAGIC
        file.seek(0)
        if not zipped:
            return _read_plain(file, path, memory_map=memory_map)
        try:
            with gzip.open(file) as stream:
                return _read_gzipped(stream, path)
        except (EOFError, zlib.error, gzip.BadGzipFile, struct.error) as error:
            raise DataFormatError(
                f"{path} is a damaged or truncated gzip file ({error}). Get it again."
            ) from error


def write_idx(path: str | Path, array: AnyArray) -> None:
    """Write ``array`` as an IDX file; gzipped when the name ends in ``.gz``.

    Raises DataFormatError for a dtype that IDX does not have.
    """
    path = Path(path)
    big = array.dtype.newbyteorder(">")
    codes = [code for code, dtype in TYPES.items() if dtype == big]
    if not codes or not 1 <= array.ndim <= MOST_DIMENSIONS:
        raise DataFormatError(
            f"IDX holds 1 to {MOST_DIMENSIONS} dimensions of {_type_names()}; got {array.dtype} "
            f"with shape {array.shape}. Convert it first."
        )
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, codes[0], array.ndim, *array.shape)
    content = header + array.astype(big).tobytes()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _read_plain(file: IO[bytes], path: Path, *, memory_map: bool | None) -> AnyArray:
    dtype, shape = _read_header(file, path)
    offset, n_bytes = file.tell(), math.prod(shape) * dtype.itemsize
    found = file_size(path) - offset
    if found != n_bytes:
        raise _wrong_size(path, dtype, shape, f"{found} bytes follow")
    if memory_map is None:
        memory_map = n_bytes > MAP_BYTES
    if memory_map and dtype.itemsize == 1:
        return np.memmap(path, dtype, "r", offset, shape)
    return _as_array(read_exactly(file, n_bytes, str(path)), dtype, shape)


def _read_gzipped(stream: gzip.GzipFile, path: Path) -> AnyArray:
    dtype, shape = _read_header(stream, path)
    n_bytes = math.prod(shape) * dtype.itemsize
    check_compressed_size(n_bytes, file_size(path), str(path))
    data = read_exactly(stream, n_bytes, str(path))
    if stream.read(1):  # at the true end this also checks gzip's own checksum
        raise _wrong_size(path, dtype, shape, "more bytes follow")
    return _as_array(data, dtype, shape)


def _read_header(
    stream: IO[bytes] | gzip.GzipFile, path: Path
) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataFormatError(
            f"{path} is no IDX file: it must begin with two zero bytes, a type and a number of "
            f"dimensions; it begins with {magic.hex(' ') or 'nothing (empty file)'}."
        )
    code, n_dimensions = magic[2], magic[3]
    if code not in TYPES:
        raise DataFormatError(
            f"{path} is no IDX file that can be read: type 0x{code:02x} is unknown; allowed: "
            f"{_type_names()}."
        )
    if not 1 <= n_dimensions <= MOST_DIMENSIONS:
        raise DataFormatError(
            f"{path} claims {n_dimensions} dimensions; 1 to {MOST_DIMENSIONS} are allowed."
        )
    sizes = stream.read(4 * n_dimensions)
    if len(sizes) < 4 * n_dimensions:
        raise DataFormatError(
            f"{path} is truncated: its header needs {4 + 4 * n_dimensions} bytes, "
            f"{4 + len(sizes)} are there. Get the file again."
        )
    shape = struct.unpack(f">{n_dimensions}I", sizes)
    if 0 in shape:
        raise DataFormatError(f"{path} is empty: its header gives the shape {shape}.")
    return TYPES[code], shape


def _as_array(data: bytearray, dtype: np.dtype[Any], shape: tuple[int, ...]) -> AnyArray:
    array = np.frombuffer(data, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _wrong_size(
    path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], found: str
) -> DataFormatError:
    expected = math.prod(shape) * dtype.itemsize
    return DataFormatError(
        f"{path} does not hold what its header says: shape {shape} of {dtype.name} needs "
        f"{expected} bytes after the header, {found}. The file is truncated or damaged; get it "
        "again."
    )


def _type_names() -> str:
    return ", ".join(f"{dtype.name} (0x{code:02x})" for code, dtype in TYPES.items())
