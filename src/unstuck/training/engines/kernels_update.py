"""What each optimiser does to one run of weights, while their gradient is still in the cache."""

from __future__ import annotations

import math
from typing import Any

from unstuck.training.engines.kernels_build import helper, inlined

DESCENT, MOMENTUM, NESTEROV, RMSPROP, ADAGRAD, ADAM = range(6)


@inlined
def update(
    kind: int, rate: Any, a: Any, b: Any, epsilon: Any, tiny: Any, W: Any, G: Any, M: Any, S: Any
) -> None:
    """One step on weights ``W`` with gradient ``G`` and the optimiser's buffers ``M``, ``S``.

    All are rows of the same length, in one dtype with the scalars; ``G`` is used up. ``a`` and
    ``b`` are momentum, rho, or Adam's two betas. Adam's bias corrections come in ``rate`` and
    ``epsilon``. What decays below ``tiny`` becomes 0 before it becomes denormal: a processor
    computes up to a hundred times slower with such numbers (measured: an epoch took 2.1 times as
    long).
    """
    number = W.dtype.type
    zero, one = number(0.0), number(1.0)
    if kind == DESCENT:
        for j in range(W.size):
            W[j] -= rate * G[j]
    elif kind == MOMENTUM:
        for j in range(W.size):
            m = a * M[j] + G[j]
            m = zero if abs(m) < tiny else m
            M[j] = m
            W[j] -= rate * m
    elif kind == NESTEROV:
        for j in range(W.size):
            g = G[j]
            m = a * M[j] + g
            m = zero if abs(m) < tiny else m
            M[j] = m
            W[j] -= rate * (g + a * m)
    elif kind == RMSPROP:
        for j in range(W.size):
            g = G[j]
            s = a * M[j] + (one - a) * (g * g)
            s = zero if s < tiny else s
            M[j] = s
            W[j] -= rate * g / (math.sqrt(s) + epsilon)
    elif kind == ADAGRAD:
        for j in range(W.size):
            g = G[j]
            s = M[j] + g * g
            M[j] = s
            W[j] -= rate * g / (math.sqrt(s) + epsilon)
    else:
        for j in range(W.size):
            g = G[j]
            m = a * (M[j] - g) + g
            m = zero if abs(m) < tiny else m
            s = b * S[j] + (one - b) * (g * g)
            s = zero if s < tiny else s
            M[j] = m
            S[j] = s
            W[j] -= rate * m / (math.sqrt(s) + epsilon)


@helper
def penalise(l1: Any, l2: Any, W: Any, G: Any) -> None:
    """``G += l2 W + l1 sign(W)``."""
    zero = W.dtype.type(0.0)
    for j in range(W.size):
        w = W[j]
        G[j] += l2 * w + (l1 if w > zero else (-l1 if w < zero else zero))
