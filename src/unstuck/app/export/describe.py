"""A network and its training in a sentence or two, for the top of a program."""

from __future__ import annotations

from unstuck.app.export.activation_texts import ADJECTIVES
from unstuck.app.export.text import counted, listed
from unstuck.app.export.training_plan import Plan
from unstuck.core.layers import Activate, BatchNorm, Dense, Dropout
from unstuck.core.network import Network


def anatomy(network: Network) -> str:
    """``"64 inputs, 20 ReLU units, 10 softmax outputs"``."""
    parts = [counted(network.n_features, "input")]
    dense = [i for i, layer in enumerate(network.layers) if isinstance(layer, Dense)]
    for i, end in zip(dense, [*dense[1:], len(network.layers)], strict=True):
        layers = network.layers[i:end]
        names = [la.activation.name for la in layers if isinstance(la, Activate)] or ["identity"]
        what = "output" if end == len(network.layers) else "unit"
        kind = ADJECTIVES.get(names[-1], names[-1])
        width = layers[0].fan_out
        parts.append(f"{width:,} {kind} {what}" + ("" if width == 1 else "s"))
    extras = []
    if any(isinstance(layer, BatchNorm) for layer in network.layers):
        extras.append("batch normalisation")
    if any(isinstance(layer, Dropout) and layer.rate for layer in network.layers):
        extras.append("dropout")
    return ", ".join(parts) + (f"; with {listed(extras)}" if extras else "")


def opening(network: Network, plan: Plan, optimizer: str) -> str:
    """The docstring of a training program."""
    batches = (
        "all samples an update"
        if plan.full_batch
        else "one sample an update"
        if plan.batch_size == 1
        else f"{plan.batch_size} samples an update"
    )
    text = (
        f"A neural network in plain NumPy: {anatomy(network)}.\n\n"
        f"It learns {plan.data.title}, by {optimizer} with {batches}. Samples are rows of X; "
        "n is how many there are. The parameters are in a dictionary p, their gradient in a "
        "dictionary g under the same names."
    )
    if plan.left_out:
        text += f"\n\nLeft out of the run that this program comes from: {listed(plan.left_out)}."
    return text
