"""From numbers to a recommendation: the lowest loss, unless something simpler is as good."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from unstuck.weights.advice import RaceResult
from unstuck.weights.candidates import CANDIDATES, PRESENT

NO_LEAD = 0.05


@dataclass(frozen=True, slots=True)
class Choice:
    """The recommended candidate, its result, the leader's, and who is as good as the leader."""

    name: str
    result: RaceResult
    leader: str
    equals: tuple[str, ...]


def choose(found: Mapping[str, Sequence[RaceResult]]) -> Choice | None:
    """The recommendation of a race; None where nothing was raced to a finite loss.

    Among those that ran to the end, the lowest mean loss leads. Whoever is not behind it by more
    than chance explains is as good, and of those the one that stands first in the table of
    candidates, with the simplest formula, is recommended.
    """
    best = {name: best_rate(results) for name, results in found.items()}
    steps = max((r.steps for r in best.values() if math.isfinite(r.mean)), default=0)
    final = {n: r for n, r in best.items() if r.steps == steps and math.isfinite(r.mean)}
    if not final:
        return None
    leader = min(final, key=lambda name: final[name].mean)
    equals = [name for name, result in final.items() if as_good(result, final[leader])]
    order = list(CANDIDATES)
    equals.sort(key=order.index)
    name = next((n for n in equals if n != PRESENT), leader)
    return Choice(name, final[name], leader, tuple(equals))


def best_rate(results: Sequence[RaceResult]) -> RaceResult:
    """The result at the best learning rate: of the longest ones the lowest loss, spread counted.

    Rates that differ by less than their spread are told apart by the score of their worst seed.
    """
    longest = max(result.steps for result in results)
    final = [result for result in results if result.steps == longest]
    lowest = min(final, key=_careful)
    level = [result for result in final if level_with(result, lowest)]
    return max(level, key=lambda result: (min(result.scores), -_careful(result)))


def _careful(result: RaceResult) -> float:
    return result.mean + (result.std if math.isfinite(result.std) else 0.0)


def as_good(result: RaceResult, leader: RaceResult) -> bool:
    """True if the leader's lead is no larger than its standard error, and its score no higher.

    A lower loss that is within chance is no lead, but who also classifies fewer samples right
    (or has a larger error) is behind in both, and is not taken for its simpler formula.
    """
    return result is leader or (
        level_with(result, leader, of_mean=True) and result.score >= leader.score
    )


def level_with(result: RaceResult, leader: RaceResult, *, of_mean: bool = False) -> bool:
    """True if the leader's lead is within the spread over seeds (``of_mean``: of their mean).

    Both saw the same batches at the same seed, so the differences seed by seed are judged: their
    mean against their standard deviation, or their standard error. A few seeds say little (eight
    identical initialisers differ by 10 % in loss through their seeds alone), so a twentieth of the
    loss is no lead.
    """
    if result is leader:
        return True
    if not math.isfinite(result.mean):
        return False
    n = min(len(result.losses), len(leader.losses))
    behind = np.subtract(result.losses[:n], leader.losses[:n])
    spread = float(np.std(behind, ddof=1)) if n > 1 else 0.0
    if of_mean:
        spread /= math.sqrt(n)
    return bool(behind.mean() <= max(spread, NO_LEAD * leader.mean))


def reason_raced(choice: Choice, found: Mapping[str, Sequence[RaceResult]]) -> str:
    """Two sentences: what won by how much, and what is as good or comes next."""
    best, title = choice.result, CANDIDATES[choice.name].title
    seeds = len(best.losses)
    spread = f" ± {best.std:.2g}" if seeds > 1 else ""
    over = f"the mean of {seeds} seeds" if seeds > 1 else "of one seed"
    metric = "accuracy" if best.score >= 0.0 else "error"
    first = (
        f"{_capital(title)} reached a held-out loss of {best.mean:.3g}{spread} "
        f"({metric} {abs(best.score):.3g}) after {best.steps} updates at learning rate "
        f"{best.learning_rate:g}, {over}."
    )
    others = [name for name in choice.equals if name not in (choice.name, PRESENT)]
    if PRESENT in choice.equals:
        return first + " Your present weights do as well, so nothing needs to be changed."
    if others:
        names = ", ".join(CANDIDATES[name].title for name in others)
        return (
            first + f" {_capital(names)} did no better than chance explains; this is the simpler."
        )
    rest = {n: best_rate(r) for n, r in found.items() if n != choice.name}
    ended = {n: r for n, r in rest.items() if r.steps == best.steps}
    if not ended:
        return first + " No other candidate came so far."
    runner = min(ended, key=lambda n: ended[n].mean)
    second = ended[runner]
    next_best = f" The next best, {CANDIDATES[runner].title}, came to {second.mean:.3g}: the lead "
    if level_with(second, best, of_mean=True):
        return first + next_best + f"is within chance, but its {metric} is {abs(second.score):.3g}."
    return first + next_best + "is larger than chance explains."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
