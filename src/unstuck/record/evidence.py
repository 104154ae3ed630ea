"""What the rules judge beside the series over time: inputs, targets, outputs, each parameter.

Neutral like the rest of the record: a producer fills in what it knows, None and empty tuples say
"not known", and no rule sees where it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from unstuck.record.run_record import SourceSpan

Role = Literal["weight", "bias"]
TargetKind = Literal["one_hot", "index", "binary", "real"]
GradientVerdict = Literal[
    "ok",  # the step is a constant times the true gradient (plus momentum, decay, Adam ...)
    "sign",  # the constant has the wrong sign
    "scale",  # a constant, but not the one that the other parameters share
    "wrong",  # no multiple of the true gradient
    "zero",  # the true gradient is not zero, the step is
    "never",  # no step was ever made
    "overwritten",  # the old value plays no part in the new one
    "unreset",  # earlier gradients are added up for ever
    "nonfinite",  # NaN or infinity
    "unchecked",
]


@dataclass(frozen=True, slots=True)
class ArrayFacts:
    """The statistics of one array, and the expression that made it.

    ``axis`` is the one along which samples are counted (0 or 1; None where there is no such
    thing). ``low`` and ``high`` are per-feature extremes collapsed to the most extreme;
    ``constant`` counts features that never change, ``duplicated`` those that change but are equal
    to an earlier one.
    """

    shape: tuple[int, ...]
    dtype: str
    mean: float
    std: float
    low: float
    high: float
    distinct: int  # number of different values, counted up to 1000
    finite: bool
    axis: int | None = None
    constant: int = 0
    duplicated: int = 0
    name: str = ""
    source: SourceSpan | None = None


@dataclass(frozen=True, slots=True)
class ParameterFacts:
    """One parameter: what it was at the start, how it moves, and whether its gradient is right.

    ``name`` is what the program calls it. ``fan_in`` and ``fan_out`` are None for biases.
    ``twins`` is True where units start with identical weights. ``numbers`` holds the measured
    cosine, ratio to the common step size, momentum, decay, and so on.
    """

    name: str
    shape: tuple[int, ...]
    role: Role
    layer: int | None
    initial: ArrayFacts
    fan_in: int | None = None
    fan_out: int | None = None
    twins: bool = False
    verdict: GradientVerdict = "unchecked"
    numbers: Mapping[str, float] = field(default_factory=dict)
    update: SourceSpan | None = None


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """The labels: their values, what they encode, how the classes are spread and ordered.

    ``longest_run`` is the share of samples in the longest stretch of one class in training order.
    ``follows_inputs`` is False where permuting one of inputs and labels alone was seen.
    """

    values: ArrayFacts
    kind: TargetKind
    classes: int = 0
    shares: tuple[float, ...] = ()
    longest_run: float = float("nan")
    follows_inputs: bool | None = None


@dataclass(frozen=True, slots=True)
class OutputFacts:
    """The network's output at the start: its values, activation and reachable range, its loss.

    ``loss`` is the loss under which the steps agree with the true gradient (``cross_entropy``,
    ``binary_cross_entropy``, ``squared_error`` ...), ``own_loss`` what the program computes.
    """

    values: ArrayFacts
    activation: str = ""
    low: float = float("-inf")
    high: float = float("inf")
    loss: str = ""
    own_loss: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is known about a run beside its series."""

    inputs: ArrayFacts | None = None
    targets: TargetFacts | None = None
    outputs: OutputFacts | None = None
    parameters: tuple[ParameterFacts, ...] = ()
    learning_rate: float | None = None
    learning_rate_source: SourceSpan | None = None
    decay: float | None = None  # share of each weight that one update takes away
    decay_source: SourceSpan | None = None
    updates: int = 0
    samples_per_update: float = float("nan")
    loss_start: float = float("nan")
    loss_end: float = float("nan")
    loss_chance: float = float("nan")  # of the best constant answer
    accuracy_start: float = float("nan")
    accuracy_end: float = float("nan")
    accuracy_chance: float = float("nan")
