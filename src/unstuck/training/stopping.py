"""Early stopping: remember the best weights, give up after a while without better ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

from unstuck.base.arrays import Array
from unstuck.base.errors import InvalidInputError, lookup
from unstuck.core.network import Network

# What may be watched, and whether more is better.
MONITORS = {"validation_cost": -1.0, "validation_score": 1.0, "cost": -1.0}


class BestKeeper:
    """Keeps the best epoch's parameters; restored however training ended.

    Parameters
    ----------
    network : Network
    patience : int or None
        Epochs without improvement before training stops; None never stops.
    monitor : str
        One of `MONITORS`.
    min_improvement : float
        By how much better an epoch must be to count.
    """

    def __init__(
        self,
        network: Network,
        patience: int | None,
        monitor: str,
        min_improvement: float = 0.0,
    ) -> None:
        if patience is not None and patience < 1:
            raise InvalidInputError(f"patience is {patience!r}; allowed: at least 1 epoch.")
        self.sign = lookup(monitor, MONITORS, "monitor")
        self.network = network
        self.patience = patience
        self.monitor = monitor
        self.min_improvement = min_improvement
        self.best = -math.inf
        self.epoch = 0
        self.waited = 0
        self.theta: Array | None = None
        self.state: Array | None = None

    def update(self, row: Mapping[str, float]) -> bool:
        """Take in one epoch's row; True when patience has run out."""
        value = self.sign * row[self.monitor]
        if value > self.best + self.min_improvement:
            self.best, self.epoch, self.waited = value, int(row["epoch"]), 0
            self.theta, self.state = self.network.theta.copy(), self.network.state.copy()
        else:
            self.waited += 1
        return self.patience is not None and self.waited >= self.patience

    def restore(self) -> int | None:
        """Put the best weights back; returns their epoch, or None when there are none."""
        if self.theta is None or self.state is None:
            return None
        self.network.theta[...] = self.theta
        self.network.state[...] = self.state
        return self.epoch
