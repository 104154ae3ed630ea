"""The header of an NPY array, judged before anything is read for it.

NumPy parses it (a short literal, never evaluated as code); what it promises must be an ordinary
array of numbers or text: no Python objects, no records, no dimension of size 0.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from unstuck.base.errors import DataFormatError
from unstuck.data.bounded import Readable

PREFIX = b"\x93NUMPY"
LONGEST_HEADER = 10_000  # bytes; NumPy's own limit for a header it has not written itself
MOST_DIMENSIONS = 8

# version -> (format of the length field, numpy's reader)
_VERSIONS: dict[bytes, tuple[str, Any]] = {
    b"\x01\x00": ("<H", np.lib.format.read_array_header_1_0),
    b"\x02\x00": ("<I", np.lib.format.read_array_header_2_0),
}


@dataclass(frozen=True, slots=True)
class NpyHeader:
    """Shape, order and type of an NPY array; ``length`` is where its data begin, in bytes."""

    shape: tuple[int, ...]
    order: Literal["C", "F"]
    dtype: np.dtype[Any]
    length: int

    @property
    def n_bytes(self) -> int:
        """Size of the data in bytes, exact however large."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy_header(stream: Readable, what: str) -> NpyHeader:
    """The header at the start of ``stream``, which is left where the data begin.

    Raises DataFormatError for anything but an ordinary array.
    """
    prefix = stream.read(8)
    if prefix[:6] != PREFIX or prefix[6:] not in _VERSIONS:
        raise DataFormatError(
            f"{what} is no NPY array of version 1 or 2; it begins with "
            f"{prefix.hex(' ') or 'nothing (empty)'}. Save it with numpy.save or numpy.savez."
        )
    field, parse = _VERSIONS[prefix[6:]]
    size = stream.read(struct.calcsize(field))
    if len(size) < struct.calcsize(field):
        raise DataFormatError(f"{what} is truncated within its header. Get the file again.")
    n_text = struct.unpack(field, size)[0]
    if n_text > LONGEST_HEADER:
        raise DataFormatError(
            f"{what} has a header of {n_text} bytes; at most {LONGEST_HEADER} are allowed."
        )
    text = stream.read(n_text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers written by Python 2
            shape, fortran_order, dtype = parse(io.BytesIO(size + text))
    except Exception as error:  # whatever the parsing of hostile text raises
        raise DataFormatError(f"{what} has a damaged NPY header ({str(error)[:200]}).") from error
    _check(shape, dtype, what)
    return NpyHeader(tuple(shape), "F" if fortran_order else "C", dtype, 8 + len(size) + n_text)


def _check(shape: tuple[int, ...], dtype: np.dtype[Any], what: str) -> None:
    if dtype.hasobject:
        raise DataFormatError(
            f"{what} holds Python objects, which are never loaded: they would run code. Save "
            "numbers or text instead, for example with array.astype('float32')."
        )
    if dtype.kind not in "biufUS" or dtype.itemsize == 0:
        raise DataFormatError(
            f"{what} holds {dtype}; integers, floats, booleans or text are allowed."
        )
    if not 1 <= len(shape) <= MOST_DIMENSIONS or any(size < 1 for size in shape):
        raise DataFormatError(
            f"{what} has the shape {shape}; 1 to {MOST_DIMENSIONS} dimensions, none of them empty, "
            "are allowed."
        )
