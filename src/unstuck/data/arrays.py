"""NPY and NPZ, NumPy's own files: opened without ever unpickling, and sized before they are read.

An NPY file is memory-mapped, read-only. In an NPZ archive the arrays are found by the names people
give them (the table below), or ``target`` names the array of labels.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import DataFormatError, InvalidInputError, unknown
from unstuck.data.bounded import check_compressed_size, file_size, read_exactly
from unstuck.data.npy_header import read_npy_header
from unstuck.data.pairs import complete
from unstuck.data.raw import RawData, Wanted, flatten_images

ROLES: dict[str, tuple[str, ...]] = {
    "X": ("x", "x_train", "train_x", "train_images", "images", "data", "features"),
    "y": ("y", "y_train", "train_y", "train_labels", "labels", "target", "targets"),
    "X_test": ("x_test", "test_x", "test_images"),
    "y_test": ("y_test", "test_y", "test_labels"),
}
ENCRYPTED = 0x1
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what numpy.savez(_compressed) writes


def load_npy(path: Path, wanted: Wanted) -> RawData:
    """A table or pictures in an NPY file, with labels from beside it or from a column."""
    return complete(path, read_npy(path), wanted, read_npy)


def load_npz(path: Path, wanted: Wanted) -> RawData:
    """``X`` and ``y``, and ``X_test`` and ``y_test`` if they are there, from an NPZ archive."""
    arrays = _ZipArrays(path)
    names = {role: arrays.find(role) for role in ROLES}
    if wanted.target is not None:
        if wanted.target not in arrays.names:
            raise InvalidInputError(f"{path}: {unknown(wanted.target, arrays.names, 'array')}")
        names["y"] = str(wanted.target)
    others = [name for name in arrays.names if name not in names.values()]
    if names["X"] is None and len(others) == 1:
        names["X"] = others[0]
    if names["X"] is None or (names["y"] is None and wanted.n_features is None):
        raise InvalidInputError(
            f"{path} holds the arrays {', '.join(arrays.names) or '(none)'}; arrays named X "
            "(samples) and y (targets) are needed, and X_test and y_test may follow. Save them "
            "with numpy.savez(file, X=..., y=...), or name the targets with --target."
        )
    read = {role: None if name is None else arrays.read(name) for role, name in names.items()}
    X = read["X"]
    if X is None:  # settled above
        raise InvalidInputError(f"{path} holds no samples.")
    X, shape = flatten_images(X)
    if read["X_test"] is None or read["y_test"] is None:
        return RawData(X, read["y"], image_shape=shape)
    return RawData(X, read["y"], flatten_images(read["X_test"])[0], read["y_test"], None, shape)


def read_npy(path: str | Path) -> AnyArray:
    """The array in an NPY file, memory-mapped read-only (read, if its byte order is foreign).

    Raises DataFormatError: not NPY, Python objects, or a size other than the header promises.
    """
    path = Path(path)
    with path.open("rb") as file:
        header = read_npy_header(file, str(path))
        found = file_size(path) - header.length
        if found != header.n_bytes:
            raise DataFormatError(
                f"{path} does not hold what its header says: shape {header.shape} of "
                f"{header.dtype} needs {header.n_bytes} bytes, {found} follow. The file is "
                "truncated or damaged; get it again."
            )
    array: AnyArray = np.memmap(path, header.dtype, "r", header.length, header.shape, header.order)
    return array if header.dtype.isnative else _native(array)


class _ZipArrays:
    """The arrays in one NPZ archive, each read only when it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.open("rb").close()  # an OSError here is about access, further on about damage
        try:
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
        except _DAMAGE as error:
            raise DataFormatError(
                f"{path} is no NPZ file that can be read ({error}). Get it again, or save it anew "
                "with numpy.savez."
            ) from error
        self.entries = {entry.filename.removesuffix(".npy"): entry for entry in entries}
        self.names = tuple(self.entries)

    def find(self, role: str) -> str | None:
        """The name of the array that plays ``role``; None if there is none."""
        lower = {name.lower(): name for name in reversed(self.names)}
        return next((lower[name] for name in ROLES[role] if name in lower), None)

    def read(self, name: str) -> AnyArray:
        """The array ``name``, sized against the archive before memory is taken."""
        entry, what = self.entries[name], f"{self.path}, array {name!r},"
        if entry.flag_bits & ENCRYPTED or entry.compress_type not in METHODS:
            raise DataFormatError(
                f"{what} is encrypted or compressed in a way that numpy.savez does not use. Save "
                "it anew with numpy.savez or numpy.savez_compressed."
            )
        if entry.compress_size > file_size(self.path):
            raise DataFormatError(
                f"{what} claims {entry.compress_size} bytes in an archive of "
                f"{file_size(self.path)}. The file is damaged; get it again."
            )
        try:
            with zipfile.ZipFile(self.path) as archive:
                return self._read(archive, entry, what)
        except DataFormatError:
            raise
        except _DAMAGE as error:
            raise DataFormatError(f"{what} is damaged ({error}). Get the file again.") from error

    def _read(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, what: str) -> AnyArray:
        with archive.open(entry) as stream:
            header = read_npy_header(stream, what)
            if header.length + header.n_bytes != entry.file_size:
                raise DataFormatError(
                    f"{what} does not hold what its header says: shape {header.shape} of "
                    f"{header.dtype} needs {header.n_bytes} bytes, the archive lists "
                    f"{entry.file_size - header.length}. The file is damaged; get it again."
                )
            check_compressed_size(entry.file_size, entry.compress_size, what)
            data = read_exactly(stream, header.n_bytes, what)  # and zipfile checks its CRC
        return _native(np.frombuffer(data, header.dtype).reshape(header.shape, order=header.order))


# What zipfile and zlib raise on bytes that are no archive, or only the outside of one.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)


def _native(array: AnyArray) -> AnyArray:
    return array.astype(array.dtype.newbyteorder("="), copy=False)
