"""What can be drawn of a diagnosis: the numbers behind its evidence, as plain arrays.

Plain records that hold neither tape nor program; `gather` fills them, `show` draws them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unstuck.record.run_record import RunRecord

Array = Any


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The step of one parameter as the program makes it, against the one along the true gradient.

    Attributes
    ----------
    parameter : str
        What the program calls it.
    verdict : str
        As in `unstuck.record.evidence.GradientVerdict`.
    made, wanted : numpy.ndarray
        Entries of the program's step, and of the same step along the true gradient, of one
        length; equal where the gradient is right. They are differences between random weights,
        so that momentum plays no part; weight decay is taken off. Empty where none are known.
    cosine, relative : float
        Between the two as the check measured them (1: one direction); the length of the step over
        the one that the other parameters share. NaN where not known.
    entries : int
        How many the parameter has; ``made`` may be a choice of them.
    """

    parameter: str
    verdict: str
    made: Array
    wanted: Array
    cosine: float = float("nan")
    relative: float = float("nan")
    entries: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """How often which values occur: of the inputs, or of one layer's activations.

    Attributes
    ----------
    name : str
        ``"inputs"``, or what the program calls the weights of the layer.
    activation : str
        The function whose values they are; empty for inputs and where it is not known.
    edges, counts : numpy.ndarray
        (n + 1,) and (n,). What lies far out is counted in the first and last.
    low, high : float
        The smallest and the largest value of all.
    broken : int
        How many are NaN or infinite.
    extreme : float
        The share whose slope is under 1 % of the largest (saturated), or zero (dead, of ReLU);
        NaN where that means nothing.
    """

    name: str
    activation: str
    edges: Array
    counts: Array
    low: float
    high: float
    broken: int = 0
    extreme: float = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Progressed:
    """One run: how its outputs come near its labels.

    Attributes
    ----------
    updates : numpy.ndarray
        (n,), at which the samples were taken.
    cost : numpy.ndarray
        (n,), mean squared error between outputs and labels.
    accuracy : numpy.ndarray or None
        (n,), share of right classes; None without classes.
    cost_ends, accuracy_ends : tuple of float
        At the start and the end, as the verdict takes them; they rest on more samples.
    """

    updates: Array
    cost: Array
    accuracy: Array | None = None
    cost_ends: tuple[float, float] = (float("nan"),) * 2
    accuracy_ends: tuple[float, float] = (float("nan"),) * 2


@dataclass(frozen=True, slots=True, eq=False)
class Exhibits:
    """Everything that can be drawn for one diagnosis; any part may be missing.

    Attributes
    ----------
    record : RunRecord or None
        The first updates of the program as a record: its layers, signals and parameters.
    before, after : Progressed or None
        The run of the program as it is, and with the repair.
    chance_cost, chance_accuracy : float
        What the best constant answer reaches.
    steps : tuple of Steps
        One a parameter.
    values : tuple of Values
        The inputs, then the activations of each layer at the start of the run.
    loss : str
        The loss whose gradient is meant by the true one.
    patched : bool
        True where record, steps and values are of a program that was repaired as far as it takes
        to run, because the one that was given never came so far.
    """

    record: RunRecord | None = None
    before: Progressed | None = None
    after: Progressed | None = None
    chance_cost: float = float("nan")
    chance_accuracy: float = float("nan")
    steps: tuple[Steps, ...] = ()
    values: tuple[Values, ...] = ()
    loss: str = ""
    patched: bool = False
