"""A run of mini-batch updates, by several threads in step.

Each thread takes its share of the samples through the network and back, all meet, each updates
its share of the weights, all meet again. Sums run over the same terms in the same order whoever
computes them, so the number of threads changes no bit of the result.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from unstuck.training.engines.kernels_build import ROWS, kernel
from unstuck.training.engines.kernels_samples import (
    backward,
    forward,
    judge_samples,
    load_samples,
    weight_of,
)
from unstuck.training.engines.kernels_sync import meet
from unstuck.training.engines.kernels_view import view, view_at
from unstuck.training.engines.kernels_weights import (
    ADD,
    KEEP,
    STEP_AT_ONCE,
    STEP_FROM_KEPT,
    descend,
    exchange_weights,
    gradient_norm,
    pace_of,
    part,
)


@kernel
def run_batches(
    s: Any, space: Any, thread: int, threads: int, indices: Any, places: Any, rates: Any,
    first_step: int, costs: Any, weights: Any,
) -> Any:  # fmt: skip
    """Do the updates as thread ``thread`` of ``threads``; returns (updates done, hits).

    ``indices`` are the rows of targets and weights, ``places`` those of the raw inputs. ``costs``
    and ``weights``, one entry an update, are written by thread 0. A batch whose cost is not
    finite ends the run before its update.
    """
    losses = view_at(s.losses, s.slice_rows, np.float64)
    hits = view_at(s.hits, s.slice_rows, np.int64)
    scratch = s.scratch + thread * s.thread_scratch
    exchange_weights(s, space, thread, threads, True)
    meet(s.counter, threads)
    all_hits, done = 0, 0
    for step in range(rates.size):
        begin = step * s.batch_size
        size = min(s.batch_size, indices.size - begin)
        weight = 0.0
        for i in range(begin, begin + size):
            weight += weight_of(s, space, indices[i])
        total = weight if weight != 0.0 else 1.0
        cost, batch_hits, factor = 0.0, 0, 1.0
        pace = pace_of(s, space, rates[step], first_step + step + 1, factor)
        for here in range(begin, begin + size, s.slice_rows):
            n = min(s.slice_rows, begin + size - here)
            rows = view(indices, here, n)
            first, last = part((n + ROWS - 1) // ROWS, thread, threads)
            load_samples(s, space, scratch, places, here, n, first, last)
            forward(s, space, first, last)
            judge_samples(s, space, rows, total, first * ROWS, min(last * ROWS, n))
            backward(s, space, first, last)
            meet(s.counter, threads)
            for i in range(n):
                cost += losses[i]
                batch_hits += hits[i]
            if s.fused and not math.isfinite(cost):
                break
            what = STEP_AT_ONCE if s.fused else (ADD if here > begin else KEEP)
            descend(s, space, thread, threads, n, what, pace)
            meet(s.counter, threads)
        if not math.isfinite(cost):
            break
        if not s.fused:
            norm = gradient_norm(s, space, thread, threads)
            factor = s.clip_norm / norm if norm > s.clip_norm else 1.0
            pace = pace_of(s, space, rates[step], first_step + step + 1, factor)
            descend(s, space, thread, threads, size, STEP_FROM_KEPT, pace)
            meet(s.counter, threads)
        if thread == 0:
            costs[step], weights[step] = cost / total, weight
        all_hits += batch_hits
        done += 1
    exchange_weights(s, space, thread, threads, False)
    return done, all_hits
