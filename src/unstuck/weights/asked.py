"""The options of the adviser, checked before anything is done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from unstuck.base.errors import InvalidInputError
from unstuck.core.optimizers import Optimizer, get_optimizer
from unstuck.training.trainer import check_batch_size, check_count
from unstuck.weights.pace import Wishes
from unstuck.weights.race import planned

SEEDS, MORE_SEEDS = 3, 2  # of each candidate; more of them in the last round, if there is time
RATES = (0.1, 0.3, 1.0)  # of the optimiser's own learning rate; for Adam 1e-4, 3e-4, 1e-3


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `advise`, checked."""

    optimizer: Optimizer
    rates: tuple[float, ...]
    batch_size: int | str
    seeds: int
    more_seeds: int
    steps: int | None
    budget: float

    @classmethod
    def of(
        cls,
        optimizer: str | Optimizer,
        learning_rate: float | Sequence[float] | None,
        batch_size: int | str,
        seeds: int | None,
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
            check_count(seeds, "seeds") or SEEDS,
            MORE_SEEDS if seeds is None else 0,
            check_count(steps, "steps"),
            float(budget),
        )

    def wishes(self, candidates: int, n_jobs: int | None) -> Wishes:
        """What the pace of a race of so many candidates follows from."""
        segments, with_more = (
            planned(candidates, len(self.rates), self.seeds, more) for more in (0, self.more_seeds)
        )
        return Wishes(
            self.optimizer,
            self.batch_size,
            self.steps,
            self.budget,
            segments,
            with_more,
            n_jobs,
        )
