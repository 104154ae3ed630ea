"""Some samples through the network and back: inputs, outputs, losses, and dL/dz of every layer.

    forward    Z = A W + b,  A' = phi(Z)
    backward   dA = dZ W',   dZ_before = dA phi'(Z)

Work is dealt out in tiles of ROWS samples; tiles share nothing, so any thread can do any of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unstuck.training.engines import kernels_layout as at
from unstuck.training.engines.kernels_build import ROWS, helper, inlined
from unstuck.training.engines.kernels_gather import gather, list_columns
from unstuck.training.engines.kernels_loss import BINARY_CROSS_ENTROPY, NOT_COUNTED, hit, judge
from unstuck.training.engines.kernels_pointwise import (
    NEEDS_INPUT,
    activate,
    activate_keeping_slope,
    pull_back,
)
from unstuck.training.engines.kernels_tile import multiply_narrow_tile, multiply_tile
from unstuck.training.engines.kernels_view import prefetch, view, view_at


@inlined
def layer_row(s: Any, layer: int) -> Any:
    """A layer's row of the table; see `kernels_layout`."""
    return view_at(s.layers + layer * (8 * len(at.COLUMNS)), len(at.COLUMNS), np.int64)


@helper
def multiply_panel(
    space: Any, panel: int, width: int, a: int, a_row: int, a_step: int, b: int, b_step: int,
    c: int, c_row: int, steps: int, depth: int,
) -> None:  # fmt: skip
    """One tile product; narrow where ``width``, the columns left, is at most half a panel."""
    if 2 * width > panel:
        multiply_tile(space, a, a_row, a_step, space, b, b_step, space, c, c_row, steps, depth)
    else:
        multiply_narrow_tile(
            space, a, a_row, a_step, space, b, b_step, space, c, c_row, steps, depth
        )


@helper
def load_samples(
    s: Any, space: Any, scratch: int, places: Any, here: int, rows: int, first: int, last: int
) -> None:
    """Gather the samples of tiles ``first`` to ``last``; list their columns that are not zero.

    ``places[here : here + rows]`` are the samples' places in the raw data. Those a batch later
    are asked for meanwhile: they lie anywhere in memory, and waiting for them was a tenth of an
    epoch.
    """
    lay = layer_row(s, 0)
    start, stride, features = lay[at.INPUT], lay[at.INPUT_ROW], s.features
    shift, scale = view_at(s.shift, features, space), view_at(s.scale, features, space)
    shift_exact = view_at(s.shift_exact, features, np.float64)
    counts = view_at(s.column_counts, last, np.int64)
    for tile in range(first, last):
        for i in range(tile * ROWS, (tile + 1) * ROWS):
            row = view(space, start + i * stride, features)
            if i < rows:
                if here + i + s.batch_size < places.size:
                    following = s.inputs + places[here + i + s.batch_size] * s.row_bytes
                    for offset in range(0, s.row_used, at.LINE):
                        prefetch(following + offset)
                address = s.inputs + places[here + i] * s.row_bytes
                gather(s.raw, address, shift, shift_exact, scale, row)
                space[start + i * stride + features] = 1
            else:
                for j in range(features + 1):
                    space[start + i * stride + j] = 0
        if s.sparse:
            counts[tile] = list_columns(
                space,
                start + tile * ROWS * stride,
                stride,
                features + 1,
                scratch,
                s.column_lists + tile * s.column_list,
            )


@helper
def forward(s: Any, space: Any, first: int, last: int) -> None:
    """``A' = phi(A W + b)``, layer by layer, for the samples of tiles ``first`` to ``last``."""
    counts = view_at(s.column_counts, last, np.int64)
    for layer in range(s.n_layers):
        lay = layer_row(s, layer)
        a, a_row, z, z_row = lay[at.INPUT], lay[at.INPUT_ROW], lay[at.OUTPUT], lay[at.OUTPUT_ROW]
        for p in range(lay[at.PANELS]):
            j = p * s.panel
            w = lay[at.WEIGHTS] + p * lay[at.INPUT_BLOCKS] * ROWS * s.panel
            for tile in range(first, last):
                i, steps, depth = tile * ROWS, s.everything, lay[at.FAN_IN] + 1
                if layer == 0 and s.sparse:
                    steps, depth = s.column_lists + tile * s.column_list, counts[tile]
                multiply_panel(
                    space, s.panel, lay[at.FAN_OUT] - j, a + i * a_row, a_row, 1,
                    w, s.panel, z + i * z_row + j, z_row, steps, depth,
                )  # fmt: skip
        if layer == s.n_layers - 1 and s.loss <= BINARY_CROSS_ENTROPY:
            break  # fused: the loss wants logits
        for i in range(first * ROWS, last * ROWS):
            width, row, code = lay[at.FAN_OUT], i * z_row, lay[at.CODE]
            outputs = view(space, z + row, width)
            if code < NEEDS_INPUT:
                activate(code, outputs)
            else:
                activate_keeping_slope(code, outputs, view(space, lay[at.SLOPE] + row, width))
            space[z + row + width] = 1


@helper
def back_through(lay: Any, space: Any, i: int) -> None:
    """``dZ = dA phi'(Z)`` for sample ``i`` and the activation behind a layer."""
    width, row, code = lay[at.FAN_OUT], i * lay[at.OUTPUT_ROW], lay[at.CODE]
    delta = view(space, lay[at.DELTA] + row, width)
    if code < NEEDS_INPUT:
        pull_back(code, delta, view(space, lay[at.OUTPUT] + row, width))
    else:
        slope = view(space, lay[at.SLOPE] + row, width)
        for j in range(width):
            delta[j] *= slope[j]


@helper
def judge_samples(s: Any, space: Any, rows: Any, total: float, first: int, last: int) -> None:
    """Losses, hits and the gradient at the output, for samples ``first`` to ``last`` of ``rows``.

    ``total`` is the weight of the whole batch.
    """
    lay = layer_row(s, s.n_layers - 1)
    width, number = s.outputs, space.dtype.type
    option, middle = number(s.option), number(s.middle)
    losses, hits = view_at(s.losses, last, np.float64), view_at(s.hits, last, np.int64)
    for i in range(first, last):
        row = i * lay[at.OUTPUT_ROW]
        outputs = view(space, lay[at.OUTPUT] + row, width)
        delta = view(space, lay[at.DELTA] + row, width)
        targets = view_at(s.targets + rows[i] * (width * space.itemsize), width, space)
        weight = weight_of(s, space, rows[i])
        losses[i] = weight * judge(s.loss, option, outputs, targets, delta)
        if s.hit != NOT_COUNTED:
            hits[i] = hit(s.hit, middle, outputs, targets)
        share = number(weight / total)
        for j in range(width):
            delta[j] *= share
        if s.loss > BINARY_CROSS_ENTROPY:
            back_through(lay, space, i)


@inlined
def weight_of(s: Any, space: Any, row: int) -> float:
    """The weight of a sample."""
    if s.weighted:
        return float(view_at(s.sample_weight, row + 1, space)[row])
    return 1.0


@helper
def backward(s: Any, space: Any, first: int, last: int) -> None:
    """``dZ_before = (dZ W') phi'(Z_before)``, from the last layer to the first."""
    for layer in range(s.n_layers - 1, 0, -1):
        lay, before = layer_row(s, layer), layer_row(s, layer - 1)
        d_row, out_row = lay[at.OUTPUT_ROW], before[at.OUTPUT_ROW]
        for p in range((lay[at.FAN_IN] + s.panel - 1) // s.panel):
            j = p * s.panel
            w = lay[at.TRANSPOSED] + p * lay[at.PANELS] * s.panel * s.panel
            for tile in range(first, last):
                i = tile * ROWS
                multiply_panel(
                    space, s.panel, lay[at.FAN_IN] - j, lay[at.DELTA] + i * d_row, d_row, 1,
                    w, s.panel, before[at.DELTA] + i * out_row + j, out_row,
                    s.everything, lay[at.FAN_OUT],
                )  # fmt: skip
        for i in range(first * ROWS, last * ROWS):
            back_through(before, space, i)
