"""One look at a network in mid-training: every number of one row of the `RunRecord`.

The look is taken on a fixed probe of training rows, drawn once, so that what changes from row
to row is the network and not the sample; it uses the core alone and so is the same for every
engine. A forward and backward pass over 64 rows costs a few updates; `stride_for` spaces the
looks so that together they stay under 3 % of training time.
"""

from __future__ import annotations

import math

import numpy as np

from unstuck.base.arrays import Array
from unstuck.core.layers import Activate, Dense
from unstuck.core.network import Network
from unstuck.record import statistics as st
from unstuck.record.run_record import LAYER_SERIES, LayerInfo, Observation

PROBE_ROWS = 64
SHARE = 0.025  # of training time that looking may take
# Measured on a 2-core x86-64 machine; only their ratios matter (docs/measured.md).
LOOK_SECONDS, LOOK_SECONDS_PER_LAYER, LOOK_SECONDS_PER_FLOP = 60e-6, 25e-6, 8e-12
LOOK_SECONDS_PER_PARAMETER = 3e-9  # statistics of weights, gradients and updates
STEP_SECONDS = {"numpy": 60e-6, "compiled": 1e-6, "scipy": 60e-6}
STEP_SECONDS_PER_FLOP = {"numpy": 8e-12, "compiled": 3e-12, "scipy": 8e-12}


class Observer:
    """Looks at one network through one probe batch."""

    def __init__(self, network: Network, x: Array, targets: Array) -> None:
        self.network = network
        self.x, self.targets = x, targets
        self.before = np.empty_like(network.theta)
        self.gradient = np.zeros_like(network.theta)
        self.views = network.by_layer(self.gradient)
        self.deltas = [np.empty((len(x), la.fan_out), network.dtype) for la in network.layers]
        self.places = list(dense_places(network))
        self.largest_slope = [largest_slope(network, a) for _, a in self.places]

    def look(self) -> dict[str, float | Array]:
        """Forward and backward over the probe; remembers `theta` to measure the next update."""
        network, n = self.network, len(self.x)
        np.copyto(self.before, network.theta)
        with np.errstate(all="ignore"):
            forward = network.propagate(self.x, training=True)
            loss = network.loss_function
            cost = float(loss.value(forward.values[-2], forward.output, self.targets, None))
            network.backpropagate(
                forward,
                self.targets,
                gradient=self.gradient,
                layer_gradients=self.views,
                out=self.deltas,
            )
            columns: dict[str, Array] = {
                name: np.full(len(self.places), math.nan) for name in LAYER_SERIES
            }
            for k, (dense, activate) in enumerate(self.places):
                self.look_at_layer(columns, k, dense, activate, forward.values, n)
            return {
                "cost": cost,
                "penalty": network.penalty(),
                "gradient_norm": st.norm(self.gradient),
                **columns,
            }

    def look_at_layer(
        self,
        columns: dict[str, Array],
        k: int,
        dense: int,
        activate: int | None,
        values: list[Array],
        n: int,
    ) -> None:
        """Fill entry ``k`` of every column."""
        z_at = dense if activate is None else activate - 1
        z, a = values[z_at + 1], values[(z_at if activate is None else activate) + 1]
        is_fused_output = self.network.fused and activate == len(self.network.layers) - 1
        delta = self.deltas[activate if is_fused_output and activate is not None else z_at]
        columns["preactivation_mean"][k], columns["preactivation_std"][k] = st.mean_and_std(z)
        columns["activation_mean"][k], columns["activation_std"][k] = st.mean_and_std(a)
        columns["gradient_std"][k] = n * st.root_mean_square(delta)
        W = self.network.weights()[k]
        columns["weight_mean"][k], columns["weight_std"][k] = st.mean_and_std(W)
        columns["weight_gradient_std"][k] = st.root_mean_square(self.views[dense]["W"])
        layer = None if activate is None else self.network.layers[activate]
        if isinstance(layer, Activate) and (
            layer.activation.saturates or layer.activation.rectifies
        ):
            slope = layer.activation.slope(z, a)
            if layer.activation.saturates:
                columns["saturated"][k] = st.saturated_share(slope, self.largest_slope[k])
            else:
                columns["dead"][k] = st.dead_share(slope)

    def finish(self, seen: dict[str, float | Array], step: int, rate: float) -> Observation:
        """Complete a look once the update has been done, with how far each layer moved."""
        ratios = seen["update_ratio"]
        pairs = zip(self.network.weights(), self.network.weights(self.before), strict=True)
        with np.errstate(all="ignore"):  # a run that diverges is the loop's to judge
            np.subtract(self.network.theta, self.before, out=self.before)
            for k, (W, moved) in enumerate(pairs):
                size = st.norm(W)
                ratios[k] = st.norm(moved) / size if size > 0.0 else math.nan  # type: ignore[index]
        return Observation(step=step, learning_rate=rate, **seen)  # type: ignore[arg-type]


def dense_places(network: Network) -> list[tuple[int, int | None]]:
    """(index of the dense layer, index of the activation that follows it or None), in order."""
    places: list[tuple[int, int | None]] = []
    for i, layer in enumerate(network.layers):
        if isinstance(layer, Dense):
            places.append((i, None))
        elif isinstance(layer, Activate) and places and places[-1][1] is None:
            places[-1] = (places[-1][0], i)
    return places


def layer_infos(network: Network) -> tuple[LayerInfo, ...]:
    """How the record names the layers of a network."""
    infos = []
    for k, (dense, activate) in enumerate(dense_places(network)):
        layer = network.layers[dense]
        act = network.layers[activate] if activate is not None else None
        infos.append(
            LayerInfo(
                f"layer {k + 1}",
                layer.fan_in,
                layer.fan_out,
                act.activation.name if isinstance(act, Activate) else "identity",
                tuple(p.name for p in network.parameters if p.layer == dense),
            )
        )
    return tuple(infos)


def largest_slope(network: Network, activate: int | None) -> float:
    """The slope at zero, where every saturating activation is steepest."""
    layer = network.layers[activate] if activate is not None else None
    if not isinstance(layer, Activate) or not layer.activation.saturates:
        return 1.0
    zero = np.zeros((1, 1))
    return float(layer.activation.slope(zero, layer.activation.value(zero, None))[0, 0])


def stride_for(network: Network, batch_size: int, engine: str) -> int:
    """Updates between two looks, so that looking costs about `SHARE` of training.

    Counted from the work of each, not timed: the same run is always looked at in the same
    places.
    """
    flops = 6.0 * network.theta.size  # forward and backward, a sample
    step = STEP_SECONDS[engine] + flops * batch_size * STEP_SECONDS_PER_FLOP[engine]
    look = LOOK_SECONDS + LOOK_SECONDS_PER_LAYER * len(network.layers)
    look += flops * PROBE_ROWS * LOOK_SECONDS_PER_FLOP
    look += network.theta.size * LOOK_SECONDS_PER_PARAMETER
    return max(1, round(look / (SHARE * step)))
