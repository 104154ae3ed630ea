"""What happens to weights, tile by tile: their gradient, their update, their copies.

A tile is a block of ROWS inputs by a panel of outputs. As soon as the gradient of one is known,
``A' dZ`` summed over the samples, it is used up while it is still in the first-level cache; only
where an update must wait (for the norm of the whole gradient, or for more samples) is it kept.
Every thread has its own blocks of every layer.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from unstuck.training.engines import kernels_layout as at
from unstuck.training.engines.kernels_build import ROWS, helper, inlined
from unstuck.training.engines.kernels_gather import pack_block
from unstuck.training.engines.kernels_samples import layer_row, multiply_panel
from unstuck.training.engines.kernels_sync import meet
from unstuck.training.engines.kernels_tile import transpose_tile
from unstuck.training.engines.kernels_update import ADAM, penalise, update
from unstuck.training.engines.kernels_view import view, view_at

KEEP, ADD, STEP_AT_ONCE, STEP_FROM_KEPT = range(4)  # what `descend` does with gradients


@inlined
def part(count: int, thread: int, threads: int) -> Any:
    """Which of ``count`` pieces of work are this thread's: (first, one after the last)."""
    return thread * count // threads, (thread + 1) * count // threads


@inlined
def tile_of(s: Any, lay: Any, block: int, p: int) -> int:
    """Where a tile lies in a layer's weights, and in its gradient."""
    tile: int = (p * lay[at.INPUT_BLOCKS] + block) * ROWS * s.panel
    return tile


@helper
def pace_of(s: Any, space: Any, rate: float, t: int, factor: float) -> Any:
    """(rate, epsilon, decay, factor of the gradient) of update ``t``, in the network's dtype."""
    number = space.dtype.type
    decay, epsilon = 1.0 - rate * s.weight_decay, s.epsilon
    if s.optimizer == ADAM:  # both bias corrections
        root = math.sqrt(1.0 - s.second**t)
        rate, epsilon = rate * root / (1.0 - s.first**t), epsilon * root
    return number(rate), number(epsilon), number(decay), number(factor)


@inlined
def step_tile(s: Any, space: Any, lay: Any, block: int, p: int, gradient: int, pace: Any) -> None:
    """Update one tile of weights; its gradient lies at ``gradient``."""
    number, height, fan_out = space.dtype.type, lay[at.FAN_IN] + 1, lay[at.FAN_OUT]
    rate, epsilon, decay, factor = pace
    first, second, tiny = number(s.first), number(s.second), number(s.tiny)
    l1, l2 = number(s.l1), number(s.l2)
    penalty = s.fused and (s.l1 != 0 or s.l2 != 0)
    weights = lay[at.WEIGHTS] + tile_of(s, lay, block, p)
    j = p * s.panel
    width = min(s.panel, fan_out - j)
    for r in range(min(ROWS, height - block * ROWS)):
        k = block * ROWS + r
        W = view(space, weights + r * s.panel, width)
        G = view(space, gradient + r * s.panel, width)
        flat = (lay[at.THETA] + k * fan_out + j) * space.itemsize
        M = view_at(s.first_slot + flat, width, space)
        S = view_at(s.second_slot + flat, width, space)
        if factor != 1:
            for q in range(width):
                G[q] *= factor
        if k < height - 1:  # not the biases
            if penalty:
                penalise(l1, l2, W, G)
            if decay != 1:
                for q in range(width):
                    W[q] *= decay
        update(s.optimizer, rate, first, second, epsilon, tiny, W, G, M, S)


@helper
def renew_transposed(s: Any, space: Any, lay: Any, block: int, p: int) -> None:
    """Bring the transposed copy of one tile of weights up to date."""
    panel, depth = s.panel, lay[at.PANELS] * s.panel
    weights, column = lay[at.WEIGHTS] + tile_of(s, lay, block, p), block * ROWS
    there = lay[at.TRANSPOSED] + column // panel * (depth * panel) + column % panel
    for q in range(0, panel, ROWS):
        row = there + (p * panel + q) * panel
        transpose_tile(space, weights + q, panel, space, row, panel)


@helper
def keep_tile(space: Any, kept: int, new: int, size: int, add: bool) -> None:
    """Keep one tile of gradient, or add it to what is there."""
    old, more = view(space, kept, size), view(space, new, size)
    if add:
        for q in range(size):
            old[q] += more[q]
    else:
        for q in range(size):
            old[q] = more[q]


@helper
def descend(s: Any, space: Any, thread: int, threads: int, rows: int, what: int, pace: Any) -> None:
    """Gradients of this thread's blocks over ``rows`` samples, updates of them, or both."""
    # All of this is the thread's own: others may be in another layer.
    scratch = s.scratch + thread * s.thread_scratch
    pack = scratch + ROWS * s.panel
    lists = s.sample_lists + thread * s.blocks * s.sample_list
    counts = view_at(s.sample_counts + thread * s.blocks * 8, s.blocks, np.int64)
    for layer in range(s.n_layers):
        lay = layer_row(s, layer)
        first, last = part(lay[at.INPUT_BLOCKS], thread, threads)
        if what != STEP_FROM_KEPT:
            for block in range(first, last):
                counts[block - first] = pack_block(
                    space, lay[at.INPUT] + block * ROWS, lay[at.INPUT_ROW], rows,
                    pack + (block - first) * rows * ROWS, lists + (block - first) * s.sample_list,
                )  # fmt: skip
        for p in range(lay[at.PANELS]):
            j = p * s.panel
            for block in range(first, last):
                kept = lay[at.GRADIENT] + tile_of(s, lay, block, p)
                if what != STEP_FROM_KEPT:
                    steps, depth = s.everything, rows
                    if layer == 0 and s.sparse:
                        steps, depth = (
                            lists + (block - first) * s.sample_list,
                            counts[block - first],
                        )
                    multiply_panel(
                        space, s.panel, lay[at.FAN_OUT] - j,
                        pack + (block - first) * rows * ROWS, 1, ROWS,
                        lay[at.DELTA] + j, lay[at.OUTPUT_ROW], scratch, s.panel, steps, depth,
                    )  # fmt: skip
                if what >= STEP_AT_ONCE:
                    gradient = scratch if what == STEP_AT_ONCE else kept
                    step_tile(s, space, lay, block, p, gradient, pace)
                    if layer > 0:
                        renew_transposed(s, space, lay, block, p)
                else:
                    keep_tile(space, kept, scratch, ROWS * s.panel, what == ADD)


@helper
def gradient_norm(s: Any, space: Any, thread: int, threads: int) -> float:
    """Add the penalty's gradient to the kept one of the data; return the norm of the whole."""
    number = space.dtype.type
    l1, l2, penalty = number(s.l1), number(s.l2), s.l1 != 0 or s.l2 != 0
    done = 0
    for layer in range(s.n_layers):
        lay = layer_row(s, layer)
        height, width = lay[at.FAN_IN] + 1, lay[at.FAN_OUT]
        first, last = part(lay[at.INPUT_BLOCKS], thread, threads)
        norms = view_at(s.norms, done + last, np.float64)
        for block in range(first, last):
            total = 0.0
            for p in range(lay[at.PANELS]):
                tile, columns = tile_of(s, lay, block, p), min(s.panel, width - p * s.panel)
                for r in range(min(ROWS, height - block * ROWS)):
                    W = view(space, lay[at.WEIGHTS] + tile + r * s.panel, columns)
                    G = view(space, lay[at.GRADIENT] + tile + r * s.panel, columns)
                    if penalty and block * ROWS + r < height - 1:
                        penalise(l1, l2, W, G)
                    for q in range(columns):
                        total += float(G[q]) * float(G[q])
            norms[done + block] = total
        done += lay[at.INPUT_BLOCKS]
    meet(s.counter, threads)
    total = 0.0
    for square in view_at(s.norms, done, np.float64):
        total += square
    return math.sqrt(total)


@helper
def exchange_weights(s: Any, space: Any, thread: int, threads: int, inwards: bool) -> None:
    """Copy this thread's blocks of weights between ``theta`` and their panels."""
    for layer in range(s.n_layers):
        lay = layer_row(s, layer)
        height, fan_out = lay[at.FAN_IN] + 1, lay[at.FAN_OUT]
        first, last = part(lay[at.INPUT_BLOCKS], thread, threads)
        for p in range(lay[at.PANELS]):
            j = p * s.panel
            width = min(s.panel, fan_out - j)
            start = lay[at.WEIGHTS] + tile_of(s, lay, 0, p)
            for k in range(first * ROWS, min(last * ROWS, height)):
                ours = view(space, start + k * s.panel, width)
                flat = (lay[at.THETA] + k * fan_out + j) * space.itemsize
                theirs = view_at(s.theta + flat, width, space)
                source, target = (theirs, ours) if inwards else (ours, theirs)
                for q in range(width):
                    target[q] = source[q]
            if inwards and layer > 0:
                for block in range(first, last):
                    renew_transposed(s, space, lay, block, p)
