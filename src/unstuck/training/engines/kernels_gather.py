"""Raw rows into the first layer's inputs: converted and scaled one by one, as they are needed.

Only the rows of one batch ever exist as floating-point numbers. The raw data come as an address,
so that arrays of bytes, of floats, mapped files and read-only arrays all run the same kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unstuck.training.engines.kernels_build import ROWS, helper
from unstuck.training.engines.kernels_tile import copy_piece, lowest_bit, nonzero_bits
from unstuck.training.engines.kernels_view import view, view_at

BYTES, SINGLE, DOUBLE = range(3)
CODES = {"uint8": BYTES, "float32": SINGLE, "float64": DOUBLE}


@helper
def gather(code: int, address: int, shift: Any, shift_exact: Any, scale: Any, row: Any) -> None:
    """``row = (raw - shift) * scale``, all (features,); ``address`` is that of the raw row."""
    number = row.dtype.type
    if code == BYTES:
        raw = view_at(address, row.size, np.uint8)
        for j in range(row.size):
            row[j] = (number(raw[j]) - shift[j]) * scale[j]
    elif code == SINGLE:
        singles = view_at(address, row.size, np.float32)
        for j in range(row.size):
            row[j] = (number(singles[j]) - shift[j]) * scale[j]
    else:  # subtracted in float64: far from 0, float32 would lose digits
        doubles = view_at(address, row.size, np.float64)
        for j in range(row.size):
            row[j] = number(doubles[j] - shift_exact[j]) * scale[j]


@helper
def list_nonzero(space: Any, x: int, y: int, columns: int, there: int) -> int:
    """List the columns of rows ``x`` and ``y`` that are not zero in both; returns how many.

    The list of int32 goes to the address ``there``. By 64 at a time and from bit to bit: asking
    number after number takes three times as long.
    """
    listed = view_at(there, columns, np.int32)
    count = 0
    for start in range(0, columns, 64):
        bits = nonzero_bits(space, x + start, y + start)
        if columns - start < 64:
            bits &= (1 << (columns - start)) - 1  # beyond the end lies something else
        while bits != 0:
            listed[count] = start + lowest_bit(bits)
            bits &= bits - 1
            count += 1
    return count


@helper
def list_columns(
    space: Any, first: int, stride: int, columns: int, scratch: int, there: int
) -> int:
    """List the columns that are not zero in all ROWS rows from ``first``; returns how many.

    ``scratch`` (columns,) is used up. On pixels of digits half of the columns remain.
    """
    sums = view(space, scratch, columns)
    for j in range(columns):
        sums[j] = 0
    for r in range(ROWS):
        row = view(space, first + r * stride, columns)
        for j in range(columns):
            sums[j] += abs(row[j])
    count: int = list_nonzero(space, scratch, scratch, columns, there)
    return count


@helper
def pack_block(space: Any, first: int, stride: int, rows: int, pack: int, there: int) -> int:
    """Copy ROWS columns of all samples to ``pack``; list the samples with one that is not zero.

    Returns how many.
    """
    listed = view_at(there, rows + 1, np.int32)
    count = 0
    for i in range(rows):
        listed[count] = i
        count += copy_piece(space, first + i * stride, pack + i * ROWS)
    return count
