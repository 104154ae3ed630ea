"""A run of updates on one sample each, by plain gradient descent.

A sample leaves no sums to share out, so everything is arranged around fetching each weight as
seldom as possible: a walk over the rows of a weight matrix does all there is to do there. On the
way back it is the gradient of the layer before, and the update. In the first layer, the largest,
it is the update after this sample and the product with the next one; rows where both inputs are
zero are not visited at all.

Here a weight matrix lies row by row, each padded to whole tiles, the biases behind.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from unstuck.training.engines import kernels_layout as at
from unstuck.training.engines.kernels_build import VECTOR_BYTES, helper, inlined, kernel
from unstuck.training.engines.kernels_gather import gather, list_nonzero
from unstuck.training.engines.kernels_loss import BINARY_CROSS_ENTROPY, NOT_COUNTED, hit, judge
from unstuck.training.engines.kernels_pointwise import (
    NEEDS_INPUT,
    activate,
    activate_keeping_slope,
)
from unstuck.training.engines.kernels_rows import (
    WIDE,
    descend_and_sum_narrow_rows,
    descend_and_sum_rows,
    dot_and_descend_narrow_rows,
    dot_and_descend_rows,
    sum_narrow_rows,
    sum_rows,
)
from unstuck.training.engines.kernels_samples import back_through, layer_row, weight_of
from unstuck.training.engines.kernels_view import prefetch, view, view_at


@inlined
def row_of(s: Any, lay: Any) -> int:
    """From one row of weights to the next."""
    stride: int = lay[at.PANELS] * s.panel
    return stride


@inlined
def vectors_of(space: Any, lay: Any) -> int:
    """Vectors that a row of weights fills."""
    lanes = VECTOR_BYTES // space.itemsize
    count: int = (lay[at.FAN_OUT] + lanes - 1) // lanes
    return count


@inlined
def clear(a: Any) -> None:
    """``a = 0``."""
    for j in range(a.size):
        a[j] = 0


@inlined
def add(a: Any, b: Any) -> None:
    """``a += b``."""
    for j in range(a.size):
        a[j] += b[j]


@helper
def exchange_rows(s: Any, space: Any, inwards: bool) -> None:
    """Copy all weights between ``theta`` and their padded rows."""
    for layer in range(s.n_layers):
        lay = layer_row(s, layer)
        width = lay[at.FAN_OUT]
        for k in range(lay[at.FAN_IN] + 1):
            ours = view(space, lay[at.WEIGHTS] + k * row_of(s, lay), width)
            flat = (lay[at.THETA] + k * width) * space.itemsize
            theirs = view_at(s.theta + flat, width, space)
            source, target = (theirs, ours) if inwards else (ours, theirs)
            for q in range(width):
                target[q] = source[q]


@helper
def load_sample(s: Any, space: Any, place: int, after: int, x: int) -> None:
    """Gather the sample at ``place`` into ``x``, and ask for the one at ``after``."""
    for offset in range(0, s.row_used, at.LINE):
        prefetch(s.inputs + after * s.row_bytes + offset)
    shift, scale = view_at(s.shift, s.features, space), view_at(s.scale, s.features, space)
    shift_exact = view_at(s.shift_exact, s.features, np.float64)
    row = view(space, x, s.features)
    gather(s.raw, s.inputs + place * s.row_bytes, shift, shift_exact, scale, row)


@helper
def start_sums(s: Any, space: Any, lay: Any, x: int) -> None:
    """``Z = x W + b`` of one layer, for inputs at ``x``."""
    lanes, weights, row = VECTOR_BYTES // space.itemsize, lay[at.WEIGHTS], row_of(s, lay)
    out, height, vectors = lay[at.OUTPUT], lay[at.FAN_IN], vectors_of(space, lay)
    clear(view(space, out, vectors * lanes))
    v = 0
    while v < vectors:
        j = v * lanes
        if v + WIDE <= vectors:
            sum_rows(space, x, space, weights + j, row, space, out + j, s.everything, height)
            v += WIDE
        else:
            sum_narrow_rows(space, x, space, weights + j, row, space, out + j, s.everything, height)
            v += 1
    width = lay[at.FAN_OUT]
    add(view(space, out, width), view(space, weights + height * row, width))


@helper
def finish_layer(lay: Any, space: Any) -> None:
    """``a = phi(z)``, in place."""
    code, outputs = lay[at.CODE], view(space, lay[at.OUTPUT], lay[at.FAN_OUT])
    if code < NEEDS_INPUT:
        activate(code, outputs)
    else:
        activate_keeping_slope(code, outputs, view(space, lay[at.SLOPE], lay[at.FAN_OUT]))


@helper
def set_pull(lay: Any, space: Any, rate: Any) -> int:
    """``-rate dL/dz``, what a weight is moved by for an input of one; returns where it lies."""
    where: int = lay[at.DELTA] + lay[at.OUTPUT_ROW]
    delta = view(space, lay[at.DELTA], lay[at.FAN_OUT])
    pull = view(space, where, lay[at.FAN_OUT])
    for j in range(delta.size):
        pull[j] = -rate * delta[j]
    return where


@helper
def back_layer(s: Any, space: Any, lay: Any, before: Any, rate: Any, decay: Any) -> None:
    """dL/dz of the layer before, and the update of this one."""
    lanes, weights, row = VECTOR_BYTES // space.itemsize, lay[at.WEIGHTS], row_of(s, lay)
    height, vectors, delta = lay[at.FAN_IN], vectors_of(space, lay), lay[at.DELTA]
    a, back, pull = lay[at.INPUT], before[at.DELTA], set_pull(lay, space, rate)
    clear(view(space, back, height))
    v = 0
    while v < vectors:
        j = v * lanes
        if v + WIDE <= vectors:
            dot_and_descend_rows(
                space, a, space, weights + j, row, space, delta + j, pull + j, back, decay, height
            )
            v += WIDE
        else:
            dot_and_descend_narrow_rows(
                space, a, space, weights + j, row, space, delta + j, pull + j, back, decay, height
            )
            v += 1
    width = lay[at.FAN_OUT]
    add(view(space, weights + height * row, width), view(space, pull, width))
    back_through(before, space, 0)


@helper
def turn_over(
    s: Any, space: Any, lay: Any, x: int, y: int, rate: Any, decay: Any, steps: int, count: int
) -> None:
    """Update the first layer after sample ``x``, and take sample ``y`` through it."""
    lanes, weights, row = VECTOR_BYTES // space.itemsize, lay[at.WEIGHTS], row_of(s, lay)
    out, vectors, pull = lay[at.OUTPUT], vectors_of(space, lay), set_pull(lay, space, rate)
    clear(view(space, out, vectors * lanes))
    v = 0
    while v < vectors:
        j = v * lanes
        if v + WIDE <= vectors:
            descend_and_sum_rows(
                space, x, y, space, weights + j, row, space, pull + j, space, out + j, decay,
                steps, count,
            )  # fmt: skip
            v += WIDE
        else:
            descend_and_sum_narrow_rows(
                space, x, y, space, weights + j, row, space, pull + j, space, out + j, decay,
                steps, count,
            )  # fmt: skip
            v += 1
    width = lay[at.FAN_OUT]
    biases = view(space, weights + lay[at.FAN_IN] * row, width)
    add(biases, view(space, pull, width))
    add(view(space, out, width), biases)


@kernel
def run_singles(
    s: Any, space: Any, indices: Any, places: Any, rates: Any, costs: Any, weights: Any
) -> Any:
    """Do the updates; returns (updates done, hits). See `kernels_batch.run_batches`."""
    number, steps = space.dtype.type, rates.size
    first, last = layer_row(s, 0), layer_row(s, s.n_layers - 1)
    x, y = first[at.INPUT], first[at.INPUT] + first[at.INPUT_ROW]
    outputs = view(space, last[at.OUTPUT], s.outputs)
    delta = view(space, last[at.DELTA], s.outputs)
    hits, done = 0, 0
    exchange_rows(s, space, True)
    if steps > 0:
        load_sample(s, space, places[0], places[min(1, steps - 1)], x)
        start_sums(s, space, first, x)
    for step in range(steps):
        for layer in range(s.n_layers):
            lay = layer_row(s, layer)
            if layer > 0:
                start_sums(s, space, lay, lay[at.INPUT])
            if layer < s.n_layers - 1 or s.loss > BINARY_CROSS_ENTROPY:
                finish_layer(lay, space)
        row = indices[step]
        targets = view_at(s.targets + row * (s.outputs * space.itemsize), s.outputs, space)
        weight = weight_of(s, space, row)
        cost = judge(s.loss, number(s.option), outputs, targets, delta)
        if not math.isfinite(cost):
            break
        if s.hit != NOT_COUNTED:
            hits += hit(s.hit, number(s.middle), outputs, targets)
        if weight == 0:
            cost = 0.0
            for j in range(s.outputs):
                delta[j] = 0
        if s.loss > BINARY_CROSS_ENTROPY:
            back_through(last, space, 0)
        rate, decay = number(rates[step]), number(1.0 - rates[step] * s.l2)
        for layer in range(s.n_layers - 1, 0, -1):
            back_layer(s, space, layer_row(s, layer), layer_row(s, layer - 1), rate, decay)
        here = min(step + 1, steps - 1)
        load_sample(s, space, places[here], places[min(step + 2, steps - 1)], y)
        visits, count = s.everything, s.features
        if s.sparse and decay == 1:
            visits = s.column_lists
            count = list_nonzero(space, x, y, s.features, visits)
        turn_over(s, space, first, x, y, rate, decay, visits, count)
        x, y = y, x
        costs[step], weights[step] = cost, weight
        done += 1
    exchange_rows(s, space, False)
    return done, hits
