"""Which initial weights for this network on these data? Theory, then measurement, then race.

Each step is useful alone. Theory proposes gains; one forward and one backward pass a candidate
show what they do here, and strike out what cannot live; the race trains the rest for a while on
the same batches. ``quick=True`` stops before the race.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError
from unstuck.base.rng import generator
from unstuck.base.threads import limit_blas_threads
from unstuck.core.criticality import critical
from unstuck.core.network import Network
from unstuck.core.optimizers import Optimizer, get_optimizer
from unstuck.training.samples import training_samples
from unstuck.training.trainer import check_batch_size, check_count
from unstuck.weights.advice import CandidateAdvice, RaceResult, WeightAdvice
from unstuck.weights.candidates import CANDIDATES, PRESENT, Setting, look_around, plans
from unstuck.weights.choose import best_rate, choose, reason_raced
from unstuck.weights.judge import best_untrained, cannot_live
from unstuck.weights.lines import numpy_lines
from unstuck.weights.measure import SAMPLE_ROWS, Measurement, measure, overflow
from unstuck.weights.memory import check_memory
from unstuck.weights.pace import Wishes, plan_race
from unstuck.weights.race import Progress, planned, race, results
from unstuck.weights.recipe import Rule, begin
from unstuck.weights.words import data_notes, findings

RATES = (0.1, 0.3, 1.0)  # of the optimiser's own learning rate; for Adam 1e-4, 3e-4, 1e-3


def advise(
    network: Network,
    X: Any,
    y: Any,
    *,
    learning_rate: float | Sequence[float] | None = None,
    optimizer: str | Optimizer = "adam",
    batch_size: int | str = 32,
    budget_seconds: float = 60.0,
    seeds: int = 3,
    steps: int | None = None,
    quick: bool = False,
    n_jobs: int | None = None,
    random_state: Any = 0,
    progress: Progress | None = None,
) -> WeightAdvice:
    """Find the initial weights for a network and its data; ``network`` is not changed.

    Parameters
    ----------
    network : Network
        Its layers and loss; the weights that it holds are judged, too.
    X, y : arrays
        Raw training data, as `Trainer.fit` takes them.
    learning_rate : float or several, optional
        Default: 0.1, 0.3 and 1 times the optimiser's own (Adam: 1e-4, 3e-4, 1e-3).
    optimizer, batch_size
        As training will use them.
    budget_seconds : float
        About how long the race may take; it decides how many updates a full training has.
    seeds : int
        Short trainings of each candidate at each learning rate.
    steps : int, optional
        Updates of a full training, in place of what the budget allows: the numbers are then the
        same on any machine.
    quick : bool
        Theory and measurement only.
    n_jobs : int, optional
        Trainings at once. Default: as ``joblib.parallel_config`` says, else one a core.
    random_state : None, int or numpy.random.Generator
    progress : callable, optional
        ``progress(done, total, what)`` as trainings end.

    Raises
    ------
    InvalidInputError
        When the data do not fit the network, or an activation is flat everywhere or not finite.

    Examples
    --------
    >>> from unstuck.data.load import load
    >>> digits = load("digits")
    >>> net = Network.mlp([64, *[32] * 20, 10], hidden_activation="sigmoid", random_state=0)
    >>> advice = advise(net, digits.X_train / 16, digits.y_train, quick=True)
    >>> advice.best
    'centred'
    """
    check_memory([network.n_features, *(W.shape[1] for W in network.weights())])
    asked = Asked.of(optimizer, learning_rate, batch_size, seeds, steps, budget_seconds)
    with limit_blas_threads(1):  # small products: a second core only waits
        return _advise(network, X, y, asked, random_state, n_jobs, progress, quick=quick)


def _advise(
    network: Network,
    X: Any,
    y: Any,
    asked: Asked,
    random_state: Any,
    n_jobs: int | None,
    progress: Progress | None,
    *,
    quick: bool,
) -> WeightAdvice:
    """The three steps, one after the other."""
    rng = generator(random_state)
    entropy = int(rng.integers(2**63))
    work = deepcopy(network)
    samples = training_samples(work, X, y)
    rows = np.random.default_rng(entropy).permutation(len(samples))[:SAMPLE_ROWS]
    with np.errstate(over="ignore"):
        batch = work.prepare(samples.X[np.sort(rows)])
    seen = Seen(
        work, deepcopy(work), batch, samples.targets[np.sort(rows)], asked.optimizer, entropy
    )
    setting = look_around(work, batch)
    theory = None
    for activation in setting.activations[:1]:
        theory = critical(activation)  # says why, where there is none
    rules = plans(setting)
    present = seen.measure(None)
    measured = {name: seen.measure(rules[name]) for name in rules}
    candidates = {
        name: CandidateAdvice(name, c.title, c.formula, measured.get(name, present))
        for name, c in CANDIDATES.items()
        if name in measured or name == PRESENT
    }
    advice = WeightAdvice(
        best=best_untrained(measured),
        reason="",
        candidates=tuple(candidates.values()),
        present=present,
        findings=findings(network, present, setting),
        learning_rate=asked.rates[0] if len(asked.rates) == 1 else None,
        lines=(),
        notes=data_notes(batch),
        critical=theory,
        batch=batch,
    )
    if quick:
        return _conclude(advice, seen, rules, setting, _untrained(advice))
    data = (samples.X, np.asarray(y))
    return _raced(advice, seen, rules, setting, asked, data, n_jobs, progress)


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `advise`, checked."""

    optimizer: Optimizer
    rates: tuple[float, ...]
    batch_size: int | str
    seeds: int
    steps: int | None
    budget: float

    @classmethod
    def of(
        cls,
        optimizer: str | Optimizer,
        learning_rate: float | Sequence[float] | None,
        batch_size: int | str,
        seeds: int,
        steps: int | None,
        budget: float,
    ) -> Asked:
        """Check and complete them."""
        found = get_optimizer(optimizer)
        if learning_rate is None:
            rates: tuple[float, ...] = tuple(round(found.learning_rate * r, 12) for r in RATES)
        elif isinstance(learning_rate, Sequence):
            rates = tuple(dict.fromkeys(float(rate) for rate in learning_rate))
        else:
            rates = (float(learning_rate),)
        if not rates or not all(math.isfinite(rate) and rate > 0.0 for rate in rates):
            raise InvalidInputError(
                f"learning_rate is {learning_rate!r}; allowed: a number above 0, several, or None."
            )
        if not budget > 0.0:
            raise InvalidInputError(f"budget_seconds is {budget!r}; allowed: a number above 0.")
        middle = rates[len(rates) // 2]
        options: dict[str, Any] = {"learning_rate": middle}
        return cls(
            replace(found, **options),  # type: ignore[type-var]
            rates,
            check_batch_size(batch_size),
            check_count(seeds, "seeds") or 1,
            check_count(steps, "steps"),
            float(budget),
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What measuring needs: a network to fill, some data, and a seed."""

    network: Network  # as it was given
    scratch: Network
    batch: Array
    targets: Array
    optimizer: Optimizer
    entropy: int

    def measure(self, rules: tuple[Rule, ...] | None) -> Measurement:
        """What these rules do; None: the weights as they are."""
        try:
            if rules is None:
                return measure(self.network, self.batch, self.targets, self.optimizer)
            self.draw(rules)
            return measure(self.scratch, self.batch, self.targets, self.optimizer)
        except (InvalidInputError, np.linalg.LinAlgError):
            if rules is None:
                raise
            return overflow(self.network)

    def draw(self, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """Draw into the network; the rules with the factors that the data gave."""
        return begin(self.scratch, rules, self.batch, np.random.default_rng(self.entropy))


def _conclude(
    advice: WeightAdvice,
    seen: Seen,
    rules: dict[str, tuple[Rule, ...]],
    setting: Setting,
    reason: str,
) -> WeightAdvice:
    """Fill in the lines of the recommendation, and put it first."""
    chosen = rules.get(advice.best, ())
    drawn = seen.draw(chosen) if chosen else ()
    ranked = sorted(advice.candidates, key=lambda c: c.name != advice.best)
    return replace(
        advice,
        reason=reason,
        rules=chosen,
        lines=numpy_lines(drawn, setting.sizes),
        candidates=tuple(ranked),
    )


def _untrained(advice: WeightAdvice) -> str:
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


def _raced(
    advice: WeightAdvice,
    seen: Seen,
    rules: dict[str, tuple[Rule, ...]],
    setting: Setting,
    asked: Asked,
    data: tuple[AnyArray, AnyArray],
    n_jobs: int | None,
    progress: Progress | None,
) -> WeightAdvice:
    """Race what can live, and recommend the winner."""
    excluded = {c.name: cannot_live(c.measurement) for c in advice.candidates}
    entered: dict[str, tuple[Rule, ...] | None] = {
        name: rules.get(name) for name, reason in excluded.items() if not reason
    }
    if not entered:
        excluded, entered = {}, {**rules, PRESENT: None}
    pace = plan_race(
        seen.network,
        data,
        advice.batch,
        Wishes(
            asked.optimizer,
            asked.batch_size,
            asked.steps,
            asked.budget,
            planned(len(entered), len(asked.rates)) * asked.seeds,
            n_jobs,
        ),
        seen.entropy,
    )
    index = {name: k for k, name in enumerate(CANDIDATES)}
    standing = race(
        pace.track,
        entered,
        asked.rates,
        asked.seeds,
        index=index,
        n_jobs=n_jobs,
        seconds=pace.seconds,
        limit=asked.budget - pace.spent if asked.steps is None else math.inf,
        progress=progress,
    )
    found = results(standing, pace.track.segment)
    choice = choose(found)
    candidates = tuple(
        replace(
            c,
            race=_best(found.get(c.name)),
            races=tuple(found.get(c.name, ())),
            note=excluded.get(c.name, ""),
        )
        for c in advice.candidates
    )
    advice = replace(
        advice,
        candidates=_ranked(candidates),
        steps=pace.steps,
        seconds_per_step=pace.seconds_per_step,
        interrupted=standing.interrupted,
        notes=(*advice.notes, *pace.notes),
    )
    if choice is None:
        return _conclude(advice, seen, rules, setting, _untrained(advice))
    advice = replace(advice, best=choice.name, learning_rate=choice.result.learning_rate)
    reason = reason_raced(choice, found, asked.seeds)
    return _conclude(advice, seen, rules, setting, reason)


def _best(found: Sequence[RaceResult] | None) -> RaceResult | None:
    return best_rate(found) if found else None


def _ranked(candidates: Sequence[CandidateAdvice]) -> tuple[CandidateAdvice, ...]:
    """Those that got furthest with the lowest loss first, those that did not race last."""

    def key(c: CandidateAdvice) -> tuple[float, float]:
        return (1.0, 0.0) if c.race is None else (-float(c.race.steps), c.race.mean)

    return tuple(sorted(candidates, key=key))
