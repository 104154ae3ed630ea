"""What the formulas for initial weights may look at: layers, theory of the activations, inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import Activation
from unstuck.core.criticality import Critical, critical
from unstuck.core.layers import Dense
from unstuck.core.network import Network
from unstuck.training.observe import dense_places
from unstuck.weights.measure import activation_after

NEAR_ONE = (0.75, 1.35)  # a mean square of the inputs that is taken for 1
OFF_CENTRE = 0.1  # share of the mean square that lies in the mean: more than that is taken off


@dataclass(frozen=True, slots=True)
class Setting:
    """What the formulas know: the layers, the theory of their activations, the inputs.

    ``sizes`` are (fan_in, fan_out) of the dense layers, ``activations`` those that feed layer 2,
    3, ... and ``theory`` what `critical` says of them (None where it has no answer).
    ``input_square`` is the mean square of the inputs (about their mean, where ``off_centre``).
    """

    sizes: tuple[tuple[int, int], ...]
    activations: tuple[Activation, ...]
    theory: tuple[Critical | None, ...]
    input_square: float
    off_centre: bool

    @property
    def n_layers(self) -> int:
        """Layers with weights."""
        return len(self.sizes)


def look_around(network: Network, x: Array) -> Setting:
    """The setting of a network and of some scaled inputs ``x`` (n, n_features)."""
    places = dense_places(network)
    sizes = tuple((la.fan_in, la.fan_out) for la in network.layers if isinstance(la, Dense))
    activations = tuple(activation_after(network, activate) for _, activate in places[:-1])
    known: dict[Activation, Critical | None] = {}
    for activation in activations:
        if activation not in known:
            known[activation] = _theory(activation)
    x = x.astype(np.float64, copy=False)
    square, mean = float(np.mean(x**2)), x.mean(axis=0)
    off_centre = float(np.mean(mean**2)) > OFF_CENTRE * square
    if off_centre:
        square -= float(np.mean(mean**2))
    if not square > 0.0 or NEAR_ONE[0] < square < NEAR_ONE[1]:
        square = 1.0
    return Setting(
        sizes,
        activations,
        tuple(known[activation] for activation in activations),
        square,
        off_centre,
    )


def _theory(activation: Activation) -> Critical | None:
    try:
        return critical(activation)
    except InvalidInputError:
        return None
