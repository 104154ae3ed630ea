"""How an estimator's network begins, once it has data to look at."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np

from unstuck.core.auto_initializer import Auto
from unstuck.core.network import Network
from unstuck.estimators.fitting import Part
from unstuck.weights.auto import Start, begin_auto, check_default


def begin(network: Network, initializer: Any, part: Part, rng: np.random.Generator) -> Start | None:
    """Choose the weights where "auto" asks for it, or where the default could not do its work.

    ``rng`` is left as it is, so that whatever is chosen, the samples come in the same order.
    """
    if initializer is not None and initializer != "auto" and not isinstance(initializer, Auto):
        return None
    seed = int(deepcopy(rng).integers(2**63))
    choose = check_default if initializer is None else begin_auto
    return choose(network, part.X, part.targets, seed=seed)
