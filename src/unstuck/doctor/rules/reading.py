"""Reading a record that may lack anything: NaN, None and empty arrays mean "not known".

The rules ask here and never in the record's own fields, so that a producer may fill in what it
has, and so that a few words have one meaning for all rules: the active range of an activation,
the spread of a layer's pre-activations, whether a run has learned.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.record.evidence import ArrayFacts, Evidence, ParameterFacts
from unstuck.record.run_record import RunRecord

LEARNED = 0.7  # of the way from the best constant answer to perfection
STUCK = 0.25
# Where |z| is larger, the slope is under 7 % of its largest value.
ACTIVE = {"sigmoid": 4.0, "logistic": 4.0, "tanh": 2.0}
RECTIFIERS = ("relu", "rectifier")
NOTHING = Evidence()
# Root mean square of the outputs of units whose inputs are small: what the next layer sees.
TYPICAL_OUTPUT = {"sigmoid": 0.5, "logistic": 0.5, "tanh": 0.5}


def evidence(record: RunRecord) -> Evidence:
    """The evidence of a record, empty where it has none."""
    return record.evidence if isinstance(record.evidence, Evidence) else NOTHING


def series(record: RunRecord, name: str, layer: int | None = None) -> Array:
    """One series over the observations, of one layer where it has layers; (n,) or empty."""
    values = np.asarray(record.series.get(name, ()), float)
    if layer is None:
        return values if values.ndim == 1 else np.empty(0)
    if values.ndim != 2 or not 0 <= layer < values.shape[1]:
        return np.empty(0)
    column: Array = values[:, layer]
    return column


def at_start(record: RunRecord, name: str, layer: int | None = None) -> float:
    """The first entry of a series; NaN where there is none."""
    values = series(record, name, layer)
    return float(values[0]) if values.size else math.nan


def at_end(record: RunRecord, name: str, layer: int | None = None) -> float:
    """The last entry of a series that is known; NaN where there is none."""
    values = series(record, name, layer)
    known = values[~np.isnan(values)]
    return float(known[-1]) if known.size else math.nan


def parameters(record: RunRecord, role: str | None = None) -> list[ParameterFacts]:
    """The parameters of a record, or those of one role."""
    return [p for p in evidence(record).parameters if role is None or p.role == role]


def weights(record: RunRecord) -> list[ParameterFacts]:
    """The weights whose layer is known, first layer first."""
    found = [p for p in parameters(record, "weight") if p.layer is not None]
    return sorted(found, key=lambda p: p.layer or 0)


def depth(record: RunRecord) -> int:
    """How many layers have weights; 0 where it is not known."""
    known = [p.layer for p in weights(record) if p.layer is not None]
    return max(len(record.layers), 1 + max(known, default=-1))


def activation(record: RunRecord, layer: int) -> str:
    """What the activation of a layer is called, in small letters; empty where not known."""
    if not 0 <= layer < len(record.layers):
        return ""
    return str(record.layers[layer].activation).lower()


def layer_weights(record: RunRecord, layer: int) -> ParameterFacts | None:
    """The (largest) weights of a layer."""
    found = [p for p in weights(record) if p.layer == layer]
    return max(found, key=size, default=None)


def size(parameter: ParameterFacts) -> int:
    """How many numbers a parameter holds."""
    return math.prod(parameter.shape)


def magnitude(facts: ArrayFacts | None) -> float:
    """Root mean square of an array's entries."""
    return math.nan if facts is None else math.hypot(facts.mean, facts.std)


def samples(facts: ArrayFacts | None) -> int:
    """How many samples an array holds; 0 where it is not known."""
    if facts is None or facts.axis is None or not 0 <= facts.axis < len(facts.shape):
        return 0
    return int(facts.shape[facts.axis])


def features(facts: ArrayFacts | None) -> int:
    """How many numbers a sample has; 0 where it is not known."""
    count = samples(facts)
    return math.prod(facts.shape) // count if facts is not None and count else 0


def output_width(record: RunRecord) -> int:
    """How many outputs the network has; 0 where it is not known."""
    outputs = evidence(record).outputs
    width = features(outputs.values) if outputs is not None else 0
    if not width and record.layers:
        width = int(record.layers[-1].fan_out or 0)
    return width


def spread(record: RunRecord, layer: int) -> float:
    """Root mean square of a layer's pre-activations at the start, measured or by theory.

    By theory: independent weights add up like ``sqrt(fan_in)``, a common mean of the weights and
    of their inputs like ``fan_in``.
    """
    measured = math.hypot(
        at_start(record, "preactivation_mean", layer), at_start(record, "preactivation_std", layer)
    )
    if not math.isnan(measured):
        return measured
    facts, (mean, size_in) = layer_weights(record, layer), layer_inputs(record, layer)
    if facts is None or not facts.fan_in:
        return math.nan
    noise = math.sqrt(facts.fan_in) * facts.initial.std * size_in
    return math.hypot(noise, facts.fan_in * facts.initial.mean * mean)


def layer_inputs(record: RunRecord, layer: int) -> tuple[float, float]:
    """(mean, root mean square) of what a layer is given at the start."""
    if layer == 0:
        inputs = evidence(record).inputs
        return (inputs.mean, magnitude(inputs)) if inputs is not None else (math.nan, math.nan)
    mean = at_start(record, "activation_mean", layer - 1)
    measured = math.hypot(mean, at_start(record, "activation_std", layer - 1))
    if not math.isnan(measured):
        return mean, measured
    return math.nan, TYPICAL_OUTPUT.get(activation(record, layer - 1), math.nan)


def gain(record: RunRecord, layer: int) -> float:
    """By how much a layer's weights enlarge what they are given: ``sqrt(fan_in)`` times their size.

    About 1 keeps a signal alive (1.4 for relu, which silences half of it).
    """
    facts = layer_weights(record, layer)
    if facts is None or not facts.fan_in:
        return math.nan
    return math.sqrt(facts.fan_in) * magnitude(facts.initial)


def progress(record: RunRecord) -> float:
    """How far the run got, from the best constant answer (0) to perfection (1); NaN: not known."""
    seen = evidence(record)
    share = _way(seen.accuracy_chance, seen.accuracy_end, 1.0)
    return share if not math.isnan(share) else _way(seen.loss_chance, seen.loss_end, 0.0)


def _way(start: float, end: float, goal: float) -> float:
    way = goal - start
    if not way or math.isnan(way) or math.isnan(end):
        return math.nan
    return (end - start) / way if math.isfinite(way) else math.nan


def has_learned(record: RunRecord) -> bool:
    """True if the run is known to have gone most of the way."""
    return progress(record) >= LEARNED


def is_stuck(record: RunRecord) -> bool:
    """True if the run is known to have gone no more than a quarter of the way."""
    return progress(record) <= STUCK


def known_ratio(above: float, below: float) -> float:
    """``above / below``, NaN where that is not defined."""
    return above / below if below and math.isfinite(below) else math.nan


def place(record: RunRecord, layer: int) -> str:
    """What to call a layer: ``layer 1 (W1)``."""
    facts = layer_weights(record, layer)
    return f"layer {layer + 1}" + (f" ({facts.name})" if facts is not None and facts.name else "")


def names(found: Sequence[Any], most: int = 3) -> str:
    """A few names as text; a name that serves several arrays (of a loop over layers) comes once.

    >>> names(["W1"]), names(["W1", "b1"]), names(["a", "b", "c", "d", "e"])
    ('W1', 'W1 and b1', 'a, b, c and 2 others')
    >>> names(["W[k]", "W[k]", "b"])
    'W[k] (2 arrays) and b'
    """
    counts = Counter(str(item) for item in found)
    texts = [text if count == 1 else f"{text} ({count} arrays)" for text, count in counts.items()]
    if len(texts) > most + 1:
        texts = [*texts[:most], f"{len(texts) - most} others"]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
