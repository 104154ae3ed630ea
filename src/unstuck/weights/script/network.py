"""The program's network in our terms: its layers, the loss it means, the weights it begins with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import Activation, get_activation
from unstuck.core.layers import Activate, Dense, Dropout, Layer
from unstuck.core.network import Network
from unstuck.core.optimizers import Optimizer, get_optimizer
from unstuck.trace.traced import SHORT, Traced
from unstuck.weights.script.reading import Reading

MEANT = {  # what the tracer calls a loss: ours, and the activation that it takes for granted
    "cross_entropy": ("cross_entropy", ""),
    "cross_entropy_of_logits": ("cross_entropy", "softmax"),
    "binary_cross_entropy": ("binary_cross_entropy", ""),
    "binary_cross_entropy_of_logits": ("binary_cross_entropy", "sigmoid"),
    "squared_error": ("squared_error", ""),
}
RIGHT = {"ok", "unreset", "sign", "overwritten"}  # verdicts that fit the loss
LARGEST_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Practice:
    """How the program trains: our optimiser, its step size (None: not known), samples an update."""

    optimizer: Optimizer
    learning_rate: float | None
    batch_size: int


def build(reading: Reading, traced: Traced, T: Array) -> tuple[Network, tuple[str, ...]]:
    """The network with the program's first weights in it, and what was taken for granted.

    Raises
    ------
    InvalidInputError
        No loss of ours goes with these outputs and labels.
    """
    notes = list(reading.guessed)
    output = reading.layers[-1].activation
    wishes: list[tuple[str, Activation]] = []
    meant = _meant(traced)
    if meant is not None:
        wishes.append((meant[0], get_activation(meant[1]) if meant[1] else output))
    usual = _usual(output, T)
    identity = get_activation("identity")
    wishes += [(usual, output), ("squared_error", output), ("squared_error", identity)]
    error: InvalidInputError | None = None
    for loss, activation in wishes:
        try:
            network = Network(
                _layers(reading, activation), loss, l2=decay_of(traced), random_state=0
            )
            network.encode(T)
        except InvalidInputError as refused:
            error = error or refused
            continue
        _put(network, reading)
        if output not in {activation, identity}:
            notes.append(
                f"labels that {output.name} outputs cannot reach: the last layer was judged without"
                " it (unstuck doctor says more)"
            )
            return network, tuple(notes)
        if meant is None or loss != meant[0]:
            notes.append(
                "which loss the gradient belongs to could not be told from its steps; "
                f"{loss.replace('_', ' ')} was taken"
            )
        return network, tuple(notes)
    raise error or InvalidInputError("no loss goes with these outputs")


def decay_of(traced: Traced) -> float:
    """The weight decay of the program as our ``l2``: what is taken off over the step size."""
    ratio = abs(traced.judgement.ratio)
    decays = [v.decay for v in traced.judgement.verdicts if v.verdict in RIGHT and v.decay > 0.0]
    if not decays or not math.isfinite(ratio) or ratio <= 0.0:
        return 0.0
    decay = float(np.max(decays)) / ratio
    return float(f"{decay:.3g}") if 1e-8 < decay < 1e3 else 0.0


def _meant(traced: Traced) -> tuple[str, str] | None:
    """The loss that the program's steps belong to, where most of them do."""
    judgement = traced.judgement
    if judgement.loss is None or judgement.loss.name not in MEANT:
        return None
    right = sum(v.verdict in RIGHT for v in judgement.verdicts)
    return MEANT[judgement.loss.name] if 2 * right >= len(judgement.verdicts) else None


def _usual(output: Activation, T: Array) -> str:
    """What goes with an output activation."""
    if output == get_activation("softmax"):
        return "cross_entropy"
    yes_or_no = bool(np.isin(T, (0.0, 1.0)).all())
    return "binary_cross_entropy" if output.range == (0.0, 1.0) and yes_or_no else "squared_error"


def _layers(reading: Reading, output: Activation) -> list[Layer]:
    layers: list[Layer] = []
    for n, read in enumerate(reading.layers):
        fan_in, fan_out = read.W.shape
        last = n == len(reading.layers) - 1
        activation = output if last else read.activation
        layers.append(Dense(fan_in, fan_out))
        if last or activation != get_activation("identity"):
            layers.append(Activate(activation, fan_out))
        if read.dropout:
            layers.append(Dropout(read.dropout, fan_out))
    return layers


def _put(network: Network, reading: Reading) -> None:
    for n, read in enumerate(reading.layers, 1):
        network[f"W{n}"], network[f"b{n}"] = read.W, read.b


def labels_for(network: Network, T: Array) -> AnyArray:
    """Labels as training takes them: class numbers where they are classes, else the matrix."""
    if network.loss_function.name == "cross_entropy" and np.isin(T, (0.0, 1.0)).all():
        labels: AnyArray = T.argmax(axis=1)
        return labels
    if network.n_outputs == 1:
        return T[:, 0].astype(int) if network.task == "classification" else T[:, 0]
    return T


def stretch_of(traced: Traced) -> float:
    """By how much an update is longer than recorded: where a loop within it was cut.

    A cut loop around the updates only leaves out later ones.
    """
    within = bool(traced.layers) and len(traced.layers[0].sums) >= SHORT
    return max(1.0, traced.stretch) if within else 1.0


def practice(traced: Traced, reading: Reading, n_samples: int) -> Practice:
    """How the program trains, as far as its first steps tell.

    A step that is a multiple of the gradient is gradient descent, with momentum where it also has a
    share of the step before; any other is taken for Adam.
    """
    verdicts = [v for v in traced.judgement.verdicts if v.verdict in RIGHT]
    batch = len(reading.X) * stretch_of(traced)
    size = max(1, min(round(batch), n_samples, LARGEST_BATCH))
    ratio = abs(traced.judgement.ratio)
    plain = verdicts and all(not v.nodes for v in verdicts)
    if verdicts and not plain:
        return Practice(get_optimizer("adam"), None, size)
    momenta = [v.momentum for v in verdicts if 0.0 < v.momentum < 0.999]
    options: dict[str, Any] = {}
    if traced.steps.states and momenta:
        options["momentum"] = float(np.round(np.median(momenta), 3))
    known = plain and math.isfinite(ratio) and ratio > 0.0
    rate = float(f"{ratio * batch:.3g}") if known else None
    return Practice(get_optimizer("sgd", **options), rate, size)
