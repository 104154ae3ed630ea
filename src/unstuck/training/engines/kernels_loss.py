"""The loss of one sample: its value, and the gradient with which the way back begins."""

from __future__ import annotations

import math
from typing import Any

from unstuck.training.engines.kernels_build import helper
from unstuck.training.engines.kernels_pointwise import exp

CROSS_ENTROPY, BINARY_CROSS_ENTROPY, SQUARED_ERROR, HUBER = range(4)
CODES = {
    "cross_entropy": CROSS_ENTROPY,
    "binary_cross_entropy": BINARY_CROSS_ENTROPY,
    "squared_error": SQUARED_ERROR,
    "huber": HUBER,
}

NOT_COUNTED, BY_LARGEST, BY_SIDE = range(3)  # how a hit is recognised


@helper
def judge(loss: int, option: Any, a: Any, t: Any, delta: Any) -> float:
    """The loss of outputs ``a`` against targets ``t``; all rows are (k,).

    Writes dL/dz (cross-entropies, for which ``a`` comes in as logits and leaves as outputs, or
    for classes as logits) or dL/da into ``delta``. ``option`` is the label smoothing or Huber's
    threshold, in the dtype of the rows.
    """
    number = a.dtype.type
    zero, one, half = number(0.0), number(1.0), number(0.5)
    cost = zero
    if loss == CROSS_ENTROPY:
        largest, total, picked, mean = a[0], zero, zero, zero
        for j in range(a.size):
            largest = a[j] if a[j] > largest else largest
        for j in range(a.size):
            delta[j] = exp(a[j] - largest)
        for j in range(a.size):
            total += delta[j]
            picked += t[j] * (a[j] - largest)
            mean += a[j] - largest
        share, keep = option / number(a.size), one - option
        scale = one / total
        for j in range(a.size):
            delta[j] = delta[j] * scale - (keep * t[j] + share)
        cost = number(math.log(total)) - (keep * picked + share * mean)
    elif loss == BINARY_CROSS_ENTROPY:
        for j in range(a.size):
            z = a[j]
            cost += (z if z > zero else zero) - z * t[j] + number(math.log1p(exp(-abs(z))))
            a[j] = one / (one + exp(-z))
            delta[j] = a[j] - t[j]
    elif loss == SQUARED_ERROR:
        for j in range(a.size):
            delta[j] = a[j] - t[j]
            cost += half * delta[j] * delta[j]
    else:
        for j in range(a.size):
            error = a[j] - t[j]
            size = abs(error)
            near = option if size > option else size
            cost += near * (size - half * near)
            delta[j] = option if error > option else (-option if error < -option else error)
    return float(cost)


@helper
def hit(how: int, middle: Any, a: Any, t: Any) -> int:
    """1 if outputs ``a`` say what targets ``t`` say."""
    if how == BY_LARGEST:
        ours, theirs = 0, 0
        for j in range(a.size):
            ours = j if a[j] > a[ours] else ours
            theirs = j if t[j] > t[theirs] else theirs
        return 1 if ours == theirs else 0
    for j in range(a.size):
        if (a[j] > middle) != (t[j] > middle):
            return 0
    return 1
