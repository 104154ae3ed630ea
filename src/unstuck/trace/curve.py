"""A measured run as a curve: its samples put together in steps, for whoever wants to see them.

Most runs are trials, of which nobody wants a curve, so this is reckoned only when it is asked for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unstuck.trace.progress import Measured, accuracy_of, loss_of

Array = Any
MOST_ROWS = 2000  # that one step of a curve rests on
Pair = tuple[int, Array, Array]  # evaluation; outputs and labels, samples as rows


def over_time(measured: Measured, most: int, fewest: int) -> list[tuple[float, float, float]]:
    """The run in at most ``most`` steps: evaluation, squared error, accuracy (NaN without classes).

    A step rests on ``fewest`` samples at least, where there are so many.
    """
    found = []
    for own in parts_of(measured, most, fewest):
        at = float(np.mean([pair[0] for pair in own]))
        few = thinned(own)
        right = accuracy_of(together(few)) if measured.has_classes else float("nan")
        found.append((at, loss_of(few), right))
    return found


def parts_of(measured: Measured, most: int, fewest: int) -> list[list[Pair]]:
    """The samples of a run, those of one step together."""
    pairs = measured.pairs
    least = min(fewest, sum(len(output) for _, output, _ in pairs) // 4)
    width = max(1.0, measured.evaluations / most)
    parts: list[list[Pair]] = []
    rows = 0
    for pair in pairs:
        if parts and (rows < least or pair[0] // width == parts[-1][0][0] // width):
            parts[-1].append(pair)
        else:
            parts.append([pair])
            rows = 0
        rows += len(pair[1])
    if len(parts) > 1 and rows < least:
        parts[-2].extend(parts.pop())
    return parts


def thinned(pairs: list[Pair]) -> list[Pair]:
    """Some rows of each evaluation, spread over it, where they are many."""
    part = slice(None, None, max(1, sum(len(output) for _, output, _ in pairs) // MOST_ROWS))
    return [(at, output[part], label[part]) for at, output, label in pairs]


def together(pairs: list[Pair]) -> list[Pair]:
    """Evaluations of single samples as one of many, which is counted at once."""
    if len({output.shape[1] for _, output, _ in pairs}) > 1:
        return pairs
    outputs, labels = ([pair[n] for pair in pairs] for n in (1, 2))
    return [(pairs[0][0], np.concatenate(outputs), np.concatenate(labels))]
