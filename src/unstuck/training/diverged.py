"""The cost is not finite any more: say at which step, in which layer, and what to try."""

from __future__ import annotations

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import DivergenceError
from unstuck.core.network import Network
from unstuck.training.samples import Samples


def divergence_error(
    network: Network, samples: Samples, rows: AnyArray, step: int, learning_rate: float
) -> DivergenceError:
    """Look at the batch that broke, layer by layer, and put what is seen into the message."""
    with np.errstate(all="ignore"):
        X = np.asarray(samples.X[rows])
        x = (
            X.astype(network.dtype)
            if network.scaling is None
            else network.scaling.apply(X, network.dtype)
        )
        values = network.propagate(x, training=True).values[1:]
    largest, where = 0.0, "layer 1"
    broken = ""
    for i, (layer, value) in enumerate(zip(network.layers, values, strict=True)):
        name = f"layer {i + 1} ({layer.kind})"
        finite = np.isfinite(value)
        if finite.any():
            top = float(np.abs(value[finite]).max())
            if top >= largest:
                largest, where = top, name
        if not finite.all():
            broken = f" The first output that is not finite is that of {name}."
            break
    return DivergenceError(
        f"the cost became NaN or infinite at step {step} (learning rate {learning_rate:g}); "
        f"that update was not done.{broken} Largest activation: {largest:.3g}, in {where}. Try "
        f"a learning rate ten times smaller ({learning_rate / 10:g}), inputs scaled to 0..1 or "
        "to mean 0 and spread 1, smaller initial weights, or clip_norm=1."
    )
