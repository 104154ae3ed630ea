"""What a training run looked like, layer by layer and over time, in neutral terms.

Everything that watches a run PRODUCES a `RunRecord`; everything that judges or shows one
CONSUMES it. No consumer ever sees a framework, no producer ever knows a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.display import Displayed
from unstuck.base.errors import InvalidInputError
from unstuck.record.evidence import Evidence


@dataclass(frozen=True, slots=True)
class SourceSpan:
    """The place in a program's source that something comes from; lines count from 1."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """One layer with weights: its widths, its activation, its parameters' names."""

    name: str
    fan_in: int
    fan_out: int
    activation: str
    parameters: tuple[str, ...]
    source: SourceSpan | None = None


# One number a recorded step.
RUN_SERIES = {
    "step": "updates done before this observation",
    "cost": "data term of the cost on the observed batch",
    "penalty": "penalty term of the cost",
    "learning_rate": "learning rate of the update observed",
    "gradient_norm": "Euclidean norm of the whole gradient",
}
# One number a recorded step and layer.
LAYER_SERIES = {
    "preactivation_mean": "mean of z over samples and units",
    "preactivation_std": "standard deviation of z over samples and units",
    "activation_mean": "mean of a = phi(z) over samples and units",
    "activation_std": "standard deviation of a over samples and units",
    "gradient_std": "root mean square of dL/dz over samples and units, L the cost of one sample",
    "saturated": "share of entries whose slope phi'(z) is under 1 % of its largest value",
    "dead": "share of units that are zero for every observed sample",
    "weight_mean": "mean of the weights",
    "weight_std": "standard deviation of the weights",
    "weight_gradient_std": "root mean square of the gradient of the weights",
    "update_ratio": "norm of the weights' update over the norm of the weights",
}


@dataclass(frozen=True, slots=True)
class RunRecord(Displayed):
    """A run, layer by layer and over time.

    Attributes
    ----------
    producer : str
        What watched the run: ``"trainer"``, later a traced program.
    layers : tuple of LayerInfo
        The layers with weights, first to last.
    series : mapping of str to numpy.ndarray
        `RUN_SERIES` as (n_steps,), `LAYER_SERIES` as (n_steps, n_layers). NaN where a number
        does not apply (the saturated share of a ReLU layer) or was not finite.
    facts : mapping of str to JSON values
        What holds for the whole run: loss, optimiser, batch size, seed, spread of the inputs.
    evidence : Evidence or None
        What the rules judge beside the series: inputs, targets, outputs, each parameter.

    Examples
    --------
    >>> record = RunRecord("trainer", (), {"step": np.array([0, 1])}, {"loss": "huber"})
    >>> record["step"]
    array([0, 1])
    """

    producer: str
    layers: tuple[LayerInfo, ...]
    series: Mapping[str, Array]
    facts: Mapping[str, Any] = field(default_factory=dict)
    evidence: Evidence | None = None

    def __getitem__(self, name: str) -> Array:
        """The series of that name."""
        try:
            return self.series[name]
        except KeyError:
            raise InvalidInputError(
                f"the record has no series {name!r}; it has: {', '.join(self.series)}."
            ) from None

    def __len__(self) -> int:
        """Number of recorded steps."""
        return len(self.series["step"])

    def __repr__(self) -> str:
        return (
            f"<RunRecord by {self.producer}: {len(self)} observations, {len(self.layers)} layers>"
        )


@dataclass(frozen=True, slots=True)
class Observation:
    """One row of a record: every number of one observed step."""

    step: int
    cost: float
    penalty: float
    learning_rate: float
    gradient_norm: float
    preactivation_mean: Array
    preactivation_std: Array
    activation_mean: Array
    activation_std: Array
    gradient_std: Array
    saturated: Array
    dead: Array
    weight_mean: Array
    weight_std: Array
    weight_gradient_std: Array
    update_ratio: Array


class RecordBuilder:
    """Collects observations on a grid of steps that thins out as the run gets longer.

    Steps 0, 1, 2, 4, 8, ... are observed up to ``stride``, then every ``stride`` steps; when
    ``capacity`` observations have been kept, every second one goes and the stride doubles.
    So a run of any length is covered evenly, in bounded memory and time.

    Examples
    --------
    >>> builder = RecordBuilder("trainer", (), stride=4)
    >>> [step for step in range(20) if builder.due(step)]
    [0, 1, 2, 4, 8, 12, 16]
    """

    def __init__(
        self,
        producer: str,
        layers: tuple[LayerInfo, ...],
        *,
        stride: int = 1,
        capacity: int = 256,
        facts: Mapping[str, Any] | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        self.producer = producer
        self.layers = layers
        self.stride = max(1, int(stride))
        self.capacity = capacity
        self.facts = dict(facts or {})
        self.evidence = evidence
        self.rows: list[Observation] = []

    def next_due(self, step: int) -> int:
        """The first step at or after ``step`` that is to be observed."""
        if step < self.stride:
            power = 1 << max(0, step - 1).bit_length()
            return step if step < 2 else min(power, self.stride)
        return -(-step // self.stride) * self.stride

    def due(self, step: int) -> bool:
        """True if this step is to be observed."""
        return self.next_due(step) == step

    def add(self, row: Observation) -> None:
        """Keep one observation; thin out when there are too many."""
        self.rows.append(row)
        if len(self.rows) >= self.capacity:
            self.stride *= 2
            self.rows = [r for r in self.rows[:-1] if self.due(r.step)] + self.rows[-1:]

    def build(self) -> RunRecord:
        """The record of what has been observed so far."""
        dtypes: dict[str, Any] = {"step": np.int64}
        series = {
            f.name: np.array([getattr(r, f.name) for r in self.rows], dtypes.get(f.name, float))
            for f in fields(Observation)
        }
        facts = dict(self.facts, stride=self.stride)
        return RunRecord(self.producer, self.layers, series, facts, self.evidence)

    def restore(self, record: RunRecord) -> None:
        """Go on from a record that `build` made (when a run is resumed)."""
        self.stride = int(record.facts["stride"])
        self.evidence = record.evidence
        self.rows = [
            Observation(
                **{f.name: _entry(record.series[f.name][i], f.name) for f in fields(Observation)}
            )
            for i in range(len(record))
        ]


def _entry(value: Any, name: str) -> Any:
    if name == "step":
        return int(value)
    return float(value) if name in RUN_SERIES else np.asarray(value)
