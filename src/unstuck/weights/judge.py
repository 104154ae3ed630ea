"""Judging by measurement alone: which candidates cannot live, and which looks best untrained."""

from __future__ import annotations

import math
from collections.abc import Mapping

from unstuck.weights.measure import Measurement

VANISHED = 1e-12  # a gradient in the first layer that is smaller, relative to the last
ALIKE = 1e-6  # share of the signal that tells samples apart
FREE = 1.0  # power of ten that signal and gradient may change by and nothing is lost
DECADE = 1.0
SIMPLER = 0.3  # the simpler formula may be so much worse: a factor of two somewhere


def cannot_live(seen: Measurement) -> str:
    """Why weights with this measurement cannot learn, as half a sentence; empty if they may."""
    if not seen.finite:
        return "numbers overflow"
    first, last = seen.layers[0], seen.layers[-1]
    if not last.gradient_std > 0.0:
        return "no gradient reaches any layer"
    if first.gradient_std < VANISHED * last.gradient_std:
        return "no gradient reaches the first layer"
    if any(layer.dead == 1.0 for layer in seen.layers):
        return "a whole layer is dead"
    if last.signal < ALIKE:
        return "all samples look alike to the last layer"
    return ""


def badness(seen: Measurement) -> float:
    """How far the signal and the gradient are from keeping their size; 0 is ideal.

    Counted in powers of ten, first layer against last: the gradient, z, the share of z that tells
    samples apart; and the loss at the start, relative to that of guessing.
    """
    if cannot_live(seen):
        return math.inf
    layers = seen.layers
    top = layers[-2] if len(layers) > 2 else layers[-1]
    first, last = layers[0], layers[-1]
    gradient = max(0.0, abs(_log(first.gradient_std) - _log(last.gradient_std)) - FREE)
    forward = max(0.0, abs(_log(top.z_std) - _log(first.z_std)) - FREE)
    alike = max(0.0, _log(first.signal) - _log(top.signal))
    shut = max(max(layer.saturated or 0.0, layer.dead or 0.0) for layer in layers)
    confident = max(0.0, seen.loss - seen.chance_loss) / max(abs(seen.chance_loss), 1e-12)
    return gradient + forward + alike + shut + min(confident, 3.0)


def best_untrained(measured: Mapping[str, Measurement]) -> str:
    """The least bad candidate; of those nearly as good the first, which is the simplest."""
    bad = {name: badness(seen) for name, seen in measured.items()}
    least = min(bad.values())
    return next(name for name, value in bad.items() if value <= least + SIMPLER)


def likely(measured: Mapping[str, Measurement]) -> set[str]:
    """Those that a short race should be kept for: not a power of ten worse than the best.

    At least three, whatever they are.
    """
    bad = {name: badness(seen) for name, seen in measured.items()}
    ranked = sorted(bad, key=lambda name: bad[name])
    return {name for name in ranked if bad[name] <= bad[ranked[0]] + DECADE} | set(ranked[:3])


def _log(value: float) -> float:
    return math.log10(max(value, 1e-300))
