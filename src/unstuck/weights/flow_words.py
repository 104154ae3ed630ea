"""What a measurement shows of signal, gradient and first answers, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator

from unstuck.weights.measure import Measurement

ALIKE = 0.05
FADES = 100.0
SURE = 1.3  # loss at the start over that of guessing


def flow_words(seen: Measurement) -> Iterator[str]:
    """What becomes of the signal on its way up and of the gradient on its way down."""
    if not seen.finite:
        yield "Numbers overflow on the way through the network: the weights are far too large."
        return
    layers = seen.layers
    if len(layers) > 1:
        first, last = layers[0], layers[-1]
        top = layers[-2]
        if first.signal > 0.0 and top.signal < ALIKE * first.signal:
            yield (
                f"All samples come to look alike: only {top.signal:.1%} of the signal in "
                f"{top.name} still differs from sample to sample (in layer 1 {first.signal:.0%})."
            )
        ratio = first.gradient_std / last.gradient_std if last.gradient_std > 0.0 else math.nan
        if ratio < 1 / FADES:
            yield (
                f"The gradient fades on its way down: {last.gradient_std:.2g} in the last layer, "
                f"{first.gradient_std:.2g} in the first. The lower layers hardly learn."
            )
        elif ratio > FADES:
            yield (
                f"The gradient grows on its way down: {last.gradient_std:.2g} in the last layer, "
                f"{first.gradient_std:.2g} in the first. Steps that suit one layer tear another."
            )
    shut = [k for k, la in enumerate(layers) if (la.saturated or 0.0) > 0.5]
    dead = [k for k, la in enumerate(layers) if (la.dead or 0.0) > 0.3]
    if shut:
        most = max(layers[k].saturated or 0.0 for k in shut)
        yield (
            f"In {which(shut)} {'up to ' * (len(shut) > 1)}{most:.0%} of the outputs sit "
            "where the activation is flat: almost no gradient gets through."
        )
    if dead:
        most = max(layers[k].dead or 0.0 for k in dead)
        up_to = "up to " * (len(dead) > 1)
        yield f"In {which(dead)} {up_to}{most:.0%} of the units are dead: 0 for every sample."


def start_words(seen: Measurement) -> Iterator[str]:
    """What the first answers are like."""
    if seen.loss > SURE * seen.chance_loss > 0.0:
        yield (
            f"The loss starts at {seen.loss:.3g}, where guessing costs {seen.chance_loss:.3g}: the "
            "first answers are sure and wrong, and the first updates only unlearn them."
        )
    share = seen.largest_class_share
    if share is not None and share > 0.9:
        yield f"Untrained, the network gives {share:.0%} of the samples the same class."


def which(places: list[int]) -> str:
    """``"layer 1"``, ``"layer 1 and layer 3"``, ``"layers 2 to 9"`` from places counted from 0."""
    numbers = [k + 1 for k in places]
    if len(numbers) == 1:
        return f"layer {numbers[0]}"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"layers {numbers[0]} to {numbers[-1]}"
    names = [f"layer {n}" for n in numbers]
    return ", ".join(names[:-1]) + f" and {names[-1]}"
