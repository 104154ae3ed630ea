"""Which initial weights for this network on these data? Theory, then measurement, then race.

Each step is useful alone. Theory proposes gains; one forward and one backward pass a candidate
show what they do here, and strike out what cannot live; the race trains the rest for a while on
the same batches. ``quick=True`` stops before the race.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.display import reach
from unstuck.base.rng import generator
from unstuck.base.threads import limit_blas_threads
from unstuck.core.criticality import critical
from unstuck.core.network import Network
from unstuck.core.optimizers import Optimizer
from unstuck.training.samples import training_samples
from unstuck.weights.advice import CandidateAdvice, WeightAdvice
from unstuck.weights.answer import best_race, conclude, ranked, untrained
from unstuck.weights.asked import Asked
from unstuck.weights.candidates import CANDIDATES, PRESENT, plans
from unstuck.weights.choose import choose, reason_raced
from unstuck.weights.data_words import data_notes
from unstuck.weights.judge import best_untrained, cannot_live, likely
from unstuck.weights.measure import SAMPLE_ROWS
from unstuck.weights.memory import check_memory
from unstuck.weights.pace import plan_race
from unstuck.weights.race import Progress, race, results
from unstuck.weights.recipe import Rule
from unstuck.weights.scratch import Scratch
from unstuck.weights.setting import Setting, look_around
from unstuck.weights.words import findings

KEPT = 0.9  # of the budget: what the last round is cut to
LACK_OF_TIME = "measured worse than others, and there was no time to race all"


def advise(
    network: Network,
    X: Any,
    y: Any,
    *,
    learning_rate: float | Sequence[float] | None = None,
    optimizer: str | Optimizer = "adam",
    batch_size: int | str = 32,
    budget_seconds: float = 60.0,
    seeds: int | None = None,
    steps: int | None = None,
    quick: bool = False,
    n_jobs: int | None = None,
    random_state: Any = 0,
    progress: Progress | bool | None = None,
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
    seeds : int, optional
        Short trainings of each candidate at each learning rate. Default: 3, and in the last round
        5 where the budget (or ``steps``) allows a training of full length.
    steps : int, optional
        Updates of a full training, in place of what the budget allows: the numbers are then the
        same on any machine.
    quick : bool
        Theory and measurement only.
    n_jobs : int, optional
        Trainings at once. Default: as ``joblib.parallel_config`` says, else one a core.
    random_state : None, int or numpy.random.Generator
    progress : callable or bool, optional
        ``progress(done, total, what)`` as trainings end. True: shown while it lasts, under the
        cell of a notebook or on standard error.

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
    counting = reach("counting")() if progress is True else nullcontext(progress or None)
    # One thread: the products are small, a second core would only wait.
    with counting as count, limit_blas_threads(1):
        return _advise(network, X, y, asked, random_state, n_jobs, count, quick=quick)


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
    scratch = Scratch(
        work, deepcopy(work), batch, samples.targets[np.sort(rows)], asked.optimizer, entropy
    )
    setting = look_around(work, batch)
    theory = None
    for activation in setting.activations[:1]:
        theory = critical(activation)  # says why, where there is none
    rules = plans(setting)
    present = scratch.measure(None)
    measured = {name: scratch.measure(rules[name]) for name in rules}
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
        return conclude(advice, scratch, rules, setting, untrained(advice))
    data = (samples.X, np.asarray(y))
    return _raced(advice, scratch, rules, setting, asked, data, n_jobs, progress)


def _raced(
    advice: WeightAdvice,
    scratch: Scratch,
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
    jobs = asked.wishes(len(entered), n_jobs)
    pace = plan_race(scratch.network, data, advice.batch, jobs, scratch.entropy)
    if pace.hurried:  # better fewer that are trained for longer
        alive = {c.name: c.measurement for c in advice.candidates if c.name in entered}
        promising = likely(alive) | {PRESENT}
        excluded |= {name: LACK_OF_TIME for name in entered if name not in promising}
        entered = {name: plan for name, plan in entered.items() if name in promising}
        jobs = asked.wishes(len(entered), n_jobs)
        pace = plan_race(scratch.network, data, advice.batch, jobs, scratch.entropy)
    index = {name: k for k, name in enumerate(CANDIDATES)}
    standing = race(
        pace.track,
        entered,
        asked.rates,
        asked.seeds,
        more_seeds=asked.more_seeds if pace.more_seeds else 0,
        index=index,
        n_jobs=n_jobs,
        seconds=pace.seconds,
        limit=KEPT * asked.budget - pace.spent if asked.steps is None else math.inf,
        progress=progress,
    )
    found = results(standing, pace.track.segment)
    choice = choose(found)
    candidates = tuple(
        replace(
            c,
            race=best_race(found.get(c.name)),
            races=tuple(found.get(c.name, ())),
            note=excluded.get(c.name, ""),
        )
        for c in advice.candidates
    )
    advice = replace(
        advice,
        candidates=ranked(candidates),
        steps=pace.steps,
        seconds_per_step=pace.seconds_per_step,
        interrupted=standing.interrupted,
        notes=(*advice.notes, *pace.notes),
    )
    if choice is None:
        return conclude(advice, scratch, rules, setting, untrained(advice))
    advice = replace(advice, best=choice.name, learning_rate=choice.result.learning_rate)
    reason = reason_raced(choice, found)
    return conclude(advice, scratch, rules, setting, reason)
