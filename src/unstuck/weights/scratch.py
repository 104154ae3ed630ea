"""A network to draw candidates into and to look at them, beside the one that was given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network
from unstuck.core.optimizers import Optimizer
from unstuck.weights.measure import Measurement, measure, overflow
from unstuck.weights.recipe import Rule, begin


@dataclass(frozen=True, slots=True)
class Scratch:
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
