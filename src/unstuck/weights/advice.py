"""What the adviser answers: every candidate with its numbers, the best one, and what to write."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.display import Displayed, reach
from unstuck.base.optional import available, require
from unstuck.base.rng import generator
from unstuck.core.criticality import Critical
from unstuck.core.network import Network
from unstuck.weights.measure import LayerMeasure, Measurement
from unstuck.weights.recipe import Rule, begin

__all__ = ["CandidateAdvice", "Curve", "LayerMeasure", "Measurement", "RaceResult", "WeightAdvice"]


@dataclass(frozen=True, slots=True)
class Curve:
    """Validation loss over updates: mean, lowest and highest over the seeds, all (points,)."""

    steps: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RaceResult:
    """One candidate at one learning rate: what its short trainings came to.

    ``losses`` and ``scores`` are those of the held-out samples after ``steps`` updates, one a
    seed (a score is an accuracy, or minus the root mean square error); ``mean`` and ``std`` are of
    the losses. ``stopped_early`` where it lost a round. A training that diverged has loss inf.
    """

    losses: tuple[float, ...]
    scores: tuple[float, ...]
    mean: float
    std: float
    steps: int
    curve: Curve
    learning_rate: float
    stopped_early: bool

    @property
    def score(self) -> float:
        """Mean of the scores."""
        return float(np.mean(self.scores))


@dataclass(frozen=True, slots=True)
class CandidateAdvice:
    """One way to begin, and what was measured of it.

    ``race`` is the result at its best learning rate, ``races`` those at all of them; None and
    empty where there was no race, or where ``note`` says why it was left out.
    """

    name: str
    title: str
    formula: str
    measurement: Measurement
    race: RaceResult | None = None
    races: tuple[RaceResult, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class WeightAdvice(Displayed):
    """Which initial weights a network should have on some data.

    Attributes
    ----------
    best : str
        The recommended candidate's name.
    reason : str
        Why, in two sentences.
    candidates : tuple of CandidateAdvice
        All of them, the recommended one first.
    present : Measurement
        What the weights do that the network holds now.
    findings : tuple of str
        The same in words.
    learning_rate : float or None
        The one that goes with the recommendation; None where none was raced.
    lines : tuple of str
        NumPy to paste.
    notes : tuple of str
        What else is to be known: on the data, on what could not be judged.
    critical : Critical or None
        The theory of the first hidden activation; None without one.
    rules : tuple of Rule
        The recommendation, layer by layer; empty where it is to keep the present weights.
    steps : int
        Updates of a full training in the race; 0 where there was none.
    seconds_per_step : float
        As measured before the race; NaN where nothing was measured.
    interrupted : bool
        True if Ctrl-C ended the race; the numbers are of what had been done.

    Examples
    --------
    >>> from unstuck.data.load import load
    >>> from unstuck.weights import advise
    >>> digits = load("digits")
    >>> net = Network.mlp([64, 32, 10], initializer="normal", random_state=0)
    >>> advice = advise(net, digits.X_train / 16, digits.y_train, quick=True)
    >>> net = advice.apply(net, random_state=1)
    >>> advice.lines[0]
    'rng = np.random.default_rng()'
    """

    best: str
    reason: str
    candidates: tuple[CandidateAdvice, ...]
    present: Measurement
    findings: tuple[str, ...]
    learning_rate: float | None
    lines: tuple[str, ...]
    notes: tuple[str, ...]
    critical: Critical | None
    rules: tuple[Rule, ...] = ()
    steps: int = 0
    seconds_per_step: float = math.nan
    interrupted: bool = False
    batch: Array = field(default_factory=lambda: np.zeros((0, 0)), repr=False, compare=False)

    def apply(self, network: Network, random_state: Any = None) -> Network:
        """Draw the recommended weights into ``network``, in place; returns it."""
        if self.rules:
            begin(network, self.rules, self.batch.astype(network.dtype), generator(random_state))
        return network

    @property
    def records(self) -> list[dict[str, Any]]:
        """One flat dict a candidate, in the order of ``candidates``."""
        return [_record(candidate) for candidate in self.candidates]

    @property
    def table(self) -> Any:
        """The records as a pandas DataFrame where pandas is installed, else as they are."""
        if not available("pandas"):
            return self.records
        return require("pandas").DataFrame(self.records)

    def __str__(self) -> str:
        return str(reach("text")(self))


def _record(candidate: CandidateAdvice) -> dict[str, Any]:
    seen, race = candidate.measurement, candidate.race
    first, last = seen.layers[0], seen.layers[-1]
    before = seen.layers[-2] if len(seen.layers) > 1 else last
    return {
        "candidate": candidate.name,
        "title": candidate.title,
        "forward_first": first.z_std,
        "forward_last": before.z_std,
        "outputs": last.z_std,
        "gradient_first": first.gradient_std,
        "gradient_last": last.gradient_std,
        "saturated": _largest([layer.saturated for layer in seen.layers]),
        "dead": _largest([layer.dead for layer in seen.layers]),
        "loss_start": seen.loss,
        "loss_chance": seen.chance_loss,
        "learning_rate": None if race is None else race.learning_rate,
        "steps": None if race is None else race.steps,
        "loss": None if race is None else race.mean,
        "spread": None if race is None else race.std,
        "score": None if race is None else race.score,
        "stopped_early": None if race is None else race.stopped_early,
        "note": candidate.note,
    }


def _largest(shares: list[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return max(known) if known else None
