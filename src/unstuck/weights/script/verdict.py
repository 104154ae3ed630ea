"""What is to be said of a program's weights: which candidate, fine or not, and why in a sentence.

The program itself decides, by how far it gets with its weights and with others. What was measured
and raced decides where its progress could not be seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import numpy as np

from unstuck.core.network import Network
from unstuck.weights.advice import WeightAdvice
from unstuck.weights.answer import best_race
from unstuck.weights.candidates import CANDIDATES, PRESENT
from unstuck.weights.judge import badness, best_untrained, cannot_live
from unstuck.weights.recipe import Rule, begin
from unstuck.weights.script.answer import Place, Rerun, Verdict
from unstuck.weights.script.data import Data
from unstuck.weights.script.network import Practice
from unstuck.weights.script.reading import Reading

LEARNS, NO_GAIN = 0.5, 0.1  # progress from which on weights work; that a change must add
BY_HABIT = {"small", "rand", PRESENT}  # what people write; never recommended in their place

# ------------------------------------------------------------------------------ choices


def in_order(advice: WeightAdvice) -> list[str]:
    """Candidates, best first: as they ended in the race, else as they measured."""
    usable = [
        c for c in advice.candidates if c.name not in BY_HABIT and not cannot_live(c.measurement)
    ]
    if any(c.race is not None for c in usable):
        usable = [c for c in usable if c.race is not None]
        usable.sort(key=lambda c: (-c.race.steps, c.race.mean) if c.race else (0, math.inf))
    else:  # of those nearly as good, the simplest first
        left, usable = {c.name: c for c in usable}, []
        while left:
            first = best_untrained({name: c.measurement for name, c in left.items()})
            usable.append(left.pop(first))
    return sorted((c.name for c in usable), key=lambda name: name != advice.best)


def drawable(
    network: Network, rules: Sequence[Rule], advice: WeightAdvice
) -> tuple[Rule, ...] | None:
    """The rules with the factors that the data give; what needs the data to be written goes."""
    if not rules or any(rule.fit == "units" for rule in rules):
        return None
    plain = [replace(r, bias="zeros") if r.bias == "data" else r for r in rules]
    batch = advice.batch.astype(network.dtype)
    return begin(deepcopy(network), plain, batch, np.random.default_rng(0))


def works(again: Rerun) -> bool:
    """True if the program learns as it is, and the change adds little."""
    before, after = again.gained_before, again.gained_after
    if not math.isfinite(before) or before < LEARNS:
        return False
    return not math.isfinite(after) or after - before < max(NO_GAIN, 0.5 * (1.0 - before))


def begins_flat(advice: WeightAdvice) -> bool:
    """True if a single layer begins so far out that it matters."""
    return not advice.present.finite or (advice.present.layers[0].saturated or 0.0) > 0.9


def judged(
    advice: WeightAdvice, again: Rerun, places: Sequence[Place], *, one_layer: bool
) -> Verdict:
    """What the program's own progress says; where there is none, what was measured."""
    if one_layer or works(again):
        return "fine"
    if not places:
        return "unknown"
    if math.isfinite(again.gained_before) and math.isfinite(again.gained_after):
        better = again.gained_after - again.gained_before >= NO_GAIN
        if better or cannot_live(advice.present):
            return "change"
    best = next(c for c in advice.candidates if c.name == advice.best)
    present = next(c for c in advice.candidates if c.name == PRESENT)
    own, other = best_race(present.races), best_race(best.races)
    if own is not None and other is not None and own.steps == other.steps:
        return "change" if other.mean < 0.8 * own.mean else "fine"
    sound = not cannot_live(advice.present) and len(advice.findings) == 1
    sound = sound and badness(advice.present) <= badness(best.measurement) + 1.0
    return "fine" if sound else "change"


# -------------------------------------------------------------------------------- words


def summary(
    verdict: Verdict, advice: WeightAdvice, again: Rerun, name: str, *, one_layer: bool
) -> str:
    """The answer in a sentence or two."""
    numbers = progress_words(again)
    if verdict == "fine":
        if one_layer:
            return (
                "Its weights are fine: a single layer finds the same answer from any small start, "
                f"zeros too.{numbers}"
            )
        if not works(again) and again.before is not None:
            return (
                f"Its weights are not what keeps it from learning.{numbers} unstuck doctor looks "
                "for what does."
            )
        return f"Its weights are fine: nothing needs to be changed.{numbers}"
    if verdict == "unknown":
        return f"Its weights could not be judged.{numbers}"
    dead = cannot_live(advice.present)
    because = f" ({dead})" if dead else ""
    title = CANDIDATES[name].title
    first = f"Its weights hold it back{because}: write {title} instead.{numbers}"
    gained = again.gained_after - again.gained_before
    if math.isfinite(gained) and again.gained_after < LEARNS and gained < NO_GAIN:
        first += (
            " New weights alone do not make it learn; unstuck doctor looks for what else is wrong."
        )
    return first


def progress_words(again: Rerun) -> str:
    """How far the program got, with and without."""
    if again.before is None:
        return ""
    what = "accuracy" if again.classes else "squared error"
    start, end, chance = again.before
    text = f" As it is, its {what} goes from {start:.3g} to {end:.3g} in {again.updates:,} updates"
    if again.after is not None:
        text += f", with the new weights to {again.after[1]:.3g}"
    return f"{text} (guessing: {chance:.3g})."


def network_words(reading: Reading, network: Network) -> str:
    """Widths, activations, loss."""
    widths = [reading.layers[0].W.shape[0], *(layer.W.shape[1] for layer in reading.layers)]
    names = [layer.activation.name for layer in reading.layers]
    return (
        f"{' - '.join(map(str, widths))} ({', '.join(names)}), "
        f"{network.loss_function.name.replace('_', ' ')}"
    )


def data_words(data: Data, ways: Practice) -> str:
    """How many samples, how they are trained on."""
    what = "samples" if data.whole else "samples of the recorded updates (no whole set was found)"
    name = type(ways.optimizer).__name__
    rate = (
        "learning rate not known"
        if ways.learning_rate is None
        else f"learning rate {ways.learning_rate:g}"
    )
    per = f"{ways.batch_size:,} sample{'s' if ways.batch_size != 1 else ''} an update"
    return f"{len(data.X):,} {what}; {name}, {rate}, {per}"
