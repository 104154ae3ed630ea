"""A schedule is the learning rate as a function of how much of the training is done.

Each is a factor on the base rate: ``rate(step, total_steps, base)``, with steps (updates of the
parameters) counted from 0. Times are shares of the whole run, so that a schedule means the same
for any number of epochs. Only ``ReduceOnPlateau`` looks at how training goes.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.construct import check_number, construct
from unstuck.base.errors import InvalidInputError


class Schedule(ABC):
    """Base of all schedules.

    >>> cosine = get_schedule("cosine")
    >>> cosine.rate(0, 100, 0.1), round(cosine.rate(50, 100, 0.1), 6)
    (0.1, 0.05)
    >>> cosine.rates(48, 3, 100, 1.0).round(4)
    array([0.5314, 0.5157, 0.5   ])
    """

    @abstractmethod
    def factors(self, steps: Array, total_steps: int) -> Array:
        """What the base rate is multiplied with at each of ``steps`` (float64, from 0): (n,)."""

    def rates(self, start: int, count: int, total_steps: int, base: float) -> Array:
        """The rates of the ``count`` steps from ``start`` on: (count,), float64."""
        steps = np.arange(start, start + count, dtype=np.float64)
        return base * self.factors(steps, total_steps)

    def rate(self, step: int, total_steps: int, base: float) -> float:
        """The learning rate of one step, ``0 <= step < total_steps``."""
        return float(self.rates(step, 1, total_steps, base)[0])


@dataclass(frozen=True)
class Constant(Schedule):
    """The base rate throughout."""

    def factors(self, steps: Array, total_steps: int) -> Array:
        """1 at every step."""
        return np.ones_like(steps)


@dataclass(frozen=True)
class Step(Schedule):
    """Multiply the rate by ``factor`` at each of the shares ``at`` of the run.

    >>> Step(factor=0.1, at=(0.5,)).rates(4, 3, 10, 1.0)
    array([1. , 0.1, 0.1])
    """

    factor: float = 0.1
    at: tuple[float, ...] = (0.5, 0.75)

    def __post_init__(self) -> None:
        check_number(self, "factor", low=0.0, open_low=True)
        if not all(0 < share < 1 for share in self.at):
            raise InvalidInputError(
                f"Step: at must hold shares of the run between 0 and 1, got {self.at!r}; for epoch "
                "10 of 40 give 0.25."
            )

    def factors(self, steps: Array, total_steps: int) -> Array:
        """``factor`` to the number of drops so far."""
        drops = np.ceil(np.sort(self.at) * total_steps - 1e-9)  # at a half of 10: step 5
        return np.power(self.factor, np.searchsorted(drops, steps, side="right"), dtype=np.float64)


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine, from the base rate down to ``final`` times it (Loshchilov and Hutter, 2017).

    ``final + (1 - final) (1 + cos(pi step / total_steps)) / 2``; SGDR, arXiv:1608.03983, eq. 5.
    """

    final: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "final", low=0.0)

    def factors(self, steps: Array, total_steps: int) -> Array:
        """From 1 towards ``final``."""
        return _cosine(1.0, self.final, steps / total_steps)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up to the base rate and down again, both along half a cosine (Smith and Topin, 2018).

    The base rate is the peak, reached after the share ``rise`` of the run; training starts at
    ``1 / start_division`` of it and ends at ``1 / end_division`` of that start.
    Super-convergence, arXiv:1708.07120; the constants and the course are PyTorch's.
    """

    rise: float = 0.3
    start_division: float = 25.0
    end_division: float = 1e4

    def __post_init__(self) -> None:
        check_number(self, "rise", low=0.0, high=1.0, open_low=True, open_high=True)
        check_number(self, "start_division", low=1.0)
        check_number(self, "end_division", low=1.0)

    def factors(self, steps: Array, total_steps: int) -> Array:
        """Rise to 1, then fall."""
        start = 1 / self.start_division
        peak = max(self.rise * total_steps - 1, 0.0)  # the step at the top, as PyTorch counts
        end = max(total_steps - 1.0, peak)
        up = _cosine(start, 1.0, steps / peak) if peak else np.ones_like(steps)
        fall = np.clip((steps - peak) / max(end - peak, 1.0), 0.0, 1.0)
        return np.where(steps <= peak, up, _cosine(1.0, start / self.end_division, fall))


@dataclass(frozen=True)
class WarmUp(Schedule):
    """Rise linearly to the base rate, then follow another schedule over the rest of the run.

    The rise takes ``steps`` updates, or the share ``fraction`` of the run where steps is None;
    the first update is made at ``1 / steps`` of the base rate. ``then`` is a schedule or its name.
    Goyal et al. (2017), Accurate, large minibatch SGD, arXiv:1706.02677.

    >>> WarmUp(steps=4).rates(0, 6, 100, 1.0)
    array([0.25, 0.5 , 0.75, 1.  , 1.  , 1.  ])
    """

    fraction: float = 0.05
    steps: int | None = None
    then: Schedule | str = "constant"

    def __post_init__(self) -> None:
        check_number(self, "fraction", low=0.0, high=1.0)
        if self.steps is not None:
            check_number(self, "steps", low=0)
        after = get_schedule(self.then)
        if isinstance(after, ReduceOnPlateau):
            raise InvalidInputError(
                "WarmUp: reduce_on_plateau cannot follow a warm-up; it watches the cost from the "
                "first epoch. Use then='constant', 'step', 'cosine', 'one_cycle' or "
                "'inverse_scaling'."
            )
        object.__setattr__(self, "then", after)

    def factors(self, steps: Array, total_steps: int) -> Array:
        """``(step + 1) / length`` at first, then the other schedule from its beginning."""
        length = round(self.fraction * total_steps) if self.steps is None else self.steps
        length = min(length, total_steps)
        then = get_schedule(self.then)
        later = then.factors(np.maximum(steps - length, 0), max(total_steps - length, 1))
        return np.where(steps < length, (steps + 1) / max(length, 1), later)


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """``base / (1 + step / delay)^power``: the decay of stochastic approximation.

    With a power above 1/2 and at most 1 the classical conditions for convergence hold (Robbins and
    Monro, 1951). ``delay`` is the number of steps after which the decay sets in.
    """

    power: float = 0.5
    delay: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "power", low=0.0)
        check_number(self, "delay", low=0.0, open_low=True)

    def factors(self, steps: Array, total_steps: int) -> Array:
        """``(1 + step / delay)^-power``."""
        scaled: Array = (1 + steps / self.delay) ** -self.power
        return scaled


@dataclass(slots=True)
class PlateauState:
    """How training went so far, as ``ReduceOnPlateau`` remembers it: three plain numbers."""

    factor: float = 1.0
    best: float | None = None
    waited: int = 0

    def to_dict(self) -> dict[str, float | int | None]:
        """For a checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, numbers: dict[str, Any]) -> PlateauState:
        """From a checkpoint."""
        return cls(**numbers)


@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """Multiply the rate by ``factor`` when the cost has not improved for ``patience`` epochs.

    An improvement is more than the share ``threshold`` of the best cost so far. Call ``update``
    once an epoch; the state is the caller's, so that a checkpoint can hold it.

    >>> plateau, state = ReduceOnPlateau(patience=1), PlateauState()
    >>> [plateau.update(cost, state) for cost in (1.0, 0.5, 0.5, 0.5, 0.5)]
    [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    factor: float = 0.5
    patience: int = 5
    threshold: float = 1e-4
    minimum: float = 1e-4

    def __post_init__(self) -> None:
        check_number(self, "factor", low=0.0, high=1.0, open_low=True, open_high=True)
        check_number(self, "patience", low=0)
        check_number(self, "threshold", low=0.0, high=1.0, open_high=True)
        check_number(self, "minimum", low=0.0, high=1.0)

    def update(self, metric: float, state: PlateauState) -> float:
        """Tell the cost of an epoch (lower is better); returns the factor from now on.

        The factor, also in ``state.factor``, never falls below ``minimum``.
        """
        improved = state.best is None or (metric < state.best - self.threshold * abs(state.best))
        if improved and not math.isnan(metric):
            state.best, state.waited = metric, 0
        else:
            state.waited += 1
        if state.waited > self.patience:
            state.factor = max(state.factor * self.factor, self.minimum)
            state.waited = 0
        return state.factor

    def factors(self, steps: Array, total_steps: int) -> Array:
        """1 at every step: the factor that counts is in the state."""
        return np.ones_like(steps)


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "step": Step,
    "cosine": Cosine,
    "one_cycle": OneCycle,
    "warm_up": WarmUp,
    "inverse_scaling": InverseScaling,
    "reduce_on_plateau": ReduceOnPlateau,
}
"""Every schedule, by name."""


def get_schedule(spec: str | Schedule, **options: Any) -> Schedule:
    """The schedule that ``spec`` names or is, with its options.

    >>> get_schedule("warm_up", steps=100, then="cosine")
    WarmUp(fraction=0.05, steps=100, then=Cosine(final=0.0))
    """
    return construct(spec, SCHEDULES, Schedule, "schedule", options)


def _cosine(start: float, end: float, share: Array) -> Array:
    """From ``start`` at share 0 to ``end`` at share 1, flat at both."""
    value: Array = end + (start - end) / 2 * (1 + np.cos(np.pi * share))
    return value
