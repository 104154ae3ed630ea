"""The last step of the advice: the recommendation first, its reason, its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unstuck.weights.advice import CandidateAdvice, RaceResult, WeightAdvice
from unstuck.weights.choose import best_rate
from unstuck.weights.lines import numpy_lines
from unstuck.weights.recipe import Rule
from unstuck.weights.scratch import Scratch
from unstuck.weights.setting import Setting


def conclude(
    advice: WeightAdvice,
    scratch: Scratch,
    rules: dict[str, tuple[Rule, ...]],
    setting: Setting,
    reason: str,
) -> WeightAdvice:
    """Fill in the lines of the recommendation, and put it first."""
    chosen = rules.get(advice.best, ())
    drawn = scratch.draw(chosen) if chosen else ()
    ranked = sorted(advice.candidates, key=lambda c: c.name != advice.best)
    return replace(
        advice,
        reason=reason,
        rules=chosen,
        lines=numpy_lines(drawn, setting.sizes),
        candidates=tuple(ranked),
    )


def untrained(advice: WeightAdvice) -> str:
    """The reason of a recommendation without a race."""
    chosen = next(c for c in advice.candidates if c.name == advice.best)
    layers = chosen.measurement.layers
    return (
        f"{chosen.title[:1].upper()}{chosen.title[1:]} keeps signal and gradient nearest to their "
        f"size here: the gradient is {layers[-1].gradient_std:.2g} in the last layer and "
        f"{layers[0].gradient_std:.2g} in the first, and the loss starts at "
        f"{chosen.measurement.loss:.3g} where guessing costs "
        f"{chosen.measurement.chance_loss:.3g}. Nothing was trained: a race would tell candidates "
        "apart that look alike so far."
    )


def best_race(found: Sequence[RaceResult] | None) -> RaceResult | None:
    """The result at the best learning rate; None where there was no race."""
    return best_rate(found) if found else None


def ranked(candidates: Sequence[CandidateAdvice]) -> tuple[CandidateAdvice, ...]:
    """Those that got furthest with the lowest loss first, those that did not race last."""

    def key(c: CandidateAdvice) -> tuple[float, float]:
        return (1.0, 0.0) if c.race is None else (-float(c.race.steps), c.race.mean)

    return tuple(sorted(candidates, key=key))
