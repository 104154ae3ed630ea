"""How a network lies in the memory that the kernels share: one array, and a table of offsets.

The engine keeps its own copy of the weights, in panels as wide as a tile, so that every load is
whole and aligned and the next line is the next in memory. Biases are the last row of a weight
matrix, and every input has a last column of ones, so no formula mentions them again.

    inputs[l]      (rows, width + 1)                 of layer l, ones behind; a row is a sample
    delta[l]       (rows, width)                     dL/dz of layer l
    slope[l]       (rows, width)                     phi'(z), for activations that need it
    weights[l]     panels of (fan_in + 1, panel)
    transposed[l]  panels of (fan_out, panel)        for the way back; not for the first layer
    gradient[l]    like weights[l]                   where updates cannot be done tile by tile
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray, Array

# Columns of the table of layers; offsets and strides in elements of `space`, THETA in theta.
COLUMNS = (
    FAN_IN,
    FAN_OUT,
    CODE,  # of the activation behind the layer
    THETA,
    INPUT,
    INPUT_ROW,
    OUTPUT,
    OUTPUT_ROW,
    DELTA,
    SLOPE,
    WEIGHTS,
    TRANSPOSED,
    GRADIENT,
    INPUT_BLOCKS,  # tiles of weights from top to bottom
    PANELS,  # and from left to right
) = tuple(range(15))
LINE = 64  # bytes in a cache line

# What the kernels are told: one record, behind one pointer. (A tuple of arrays would be taken
# apart and put together again at every call of a function: twice the time to compile, and longer
# to call than a tile takes to multiply.)
SETTINGS = np.dtype(
    [
        (name, np.int64)
        for name in (
            "batch_size",
            "slice_rows",  # samples that go through the network together
            "n_layers",
            "panel",  # columns of a tile
            "features",
            "outputs",
            "raw",  # the dtype of the raw inputs
            "row_bytes",  # from one raw row to the next
            "row_used",  # bytes of a raw row
            "sparse",  # are zeros of the inputs left out?
            "weighted",  # do samples have weights?
            "loss",
            "hit",  # how a hit is recognised
            "optimizer",
            "fused",  # is each weight updated as soon as its gradient is known?
            "scratch",  # offset in space: each thread's own
            "thread_scratch",  # its size
            "column_list",  # bytes from one list of columns to the next
            "sample_list",  # the same for samples
            "blocks",  # of weights that are one thread's, at most
            # addresses
            "inputs",  # of the first raw row
            "layers",
            "theta",
            "first_slot",
            "second_slot",
            "shift",
            "shift_exact",
            "scale",
            "targets",
            "sample_weight",
            "everything",  # int32 0, 1, 2, ...
            "column_lists",  # int32, one list a tile of samples
            "sample_lists",  # int32, one list a block of columns, each thread's own
            "column_counts",  # int64, the lengths of these lists
            "sample_counts",
            "losses",  # float64, one a sample
            "hits",  # int64, one a sample
            "norms",  # float64, one a block of weights
            "counter",  # int64, for meetings
        )
    ]
    + [
        (name, np.float64)
        for name in (
            "option",  # of the loss
            "middle",  # between the two decisions of an output
            "l1",
            "l2",
            "weight_decay",
            "first",  # momentum, rho, beta1
            "second",  # beta2
            "epsilon",
            "tiny",
            "clip_norm",  # infinity: no clipping
        )
    ]
)


class Arena:
    """Hands out pieces of one array, each starting on a cache line."""

    def __init__(self, itemsize: int) -> None:
        self.unit = LINE // itemsize
        self.size = 0

    def take(self, count: int) -> int:
        """The offset of ``count`` more elements."""
        start = self.size
        self.size += up(count, self.unit)
        return start


def up(count: int, unit: int) -> int:
    """``count``, rounded up to a multiple of ``unit``."""
    return -(-count // unit) * unit


def lay_out(
    sizes: Sequence[int],
    codes: Sequence[int],
    needs_slope: Sequence[bool],
    rows: int,
    tile: tuple[int, int],
    itemsize: int,
    *,
    with_gradient: bool,
) -> tuple[AnyArray, int]:
    """The table of layers, and how many elements all of it takes; ``tile`` is (rows, columns)."""
    arena = Arena(itemsize)
    tile_rows, panel = tile
    rows = up(rows, tile_rows)
    strides = [row_stride(width, panel, itemsize) for width in sizes]
    inputs = [arena.take(rows * stride) for stride in strides]
    table, theta = [], 0
    for i, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        height, width = up(fan_in + 1, tile_rows), up(fan_out, panel)
        output_row = strides[i + 1]
        row = dict.fromkeys(COLUMNS, 0)
        row |= {FAN_IN: fan_in, FAN_OUT: fan_out, CODE: codes[i], THETA: theta}
        row |= {INPUT: inputs[i], INPUT_ROW: strides[i]}
        row |= {OUTPUT: inputs[i + 1], OUTPUT_ROW: output_row}
        row[DELTA] = arena.take(rows * output_row)
        row[SLOPE] = arena.take(rows * output_row if needs_slope[i] else 0)
        row[WEIGHTS] = arena.take(height * width)
        row[TRANSPOSED] = arena.take(width * up(fan_in + 1, panel) if i else 0)
        row[GRADIENT] = arena.take(height * width if with_gradient else 0)
        row |= {INPUT_BLOCKS: height // tile_rows, PANELS: width // panel}
        table.append([row[column] for column in COLUMNS])
        theta += (fan_in + 1) * fan_out
    return np.array(table, np.int64), arena.size


def row_stride(width: int, panel: int, itemsize: int) -> int:
    """From one sample to the next: room for the ones and for whole panels.

    Rows whose distance is a multiple of 1 KB would share a few sets of the first cache; one more
    line keeps them apart.
    """
    stride = up(width + 1, max(panel, LINE // itemsize))
    return stride + LINE // itemsize if stride * itemsize % 1024 == 0 else stride


def aligned(count: int, dtype: Any) -> Array:
    """Zeros, (count,), starting on a cache line."""
    itemsize = np.dtype(dtype).itemsize
    raw: Array = np.zeros(count + LINE // itemsize, dtype)
    start = -raw.ctypes.data % LINE // itemsize
    return raw[start : start + count]
