"""A network, layer by layer, as the bodies of ``forward``, ``backward`` and ``predict``.

The walk gives every layer its variables (``z1, a1, z2, a2``), collects its lines, and works out
which variables the backward pass reads: those are what ``forward`` returns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from unstuck.app.export.layer_texts import LETTERS, LayerText, Place, layer_text
from unstuck.app.export.loss_texts import LossText, loss_text
from unstuck.app.export.text import line
from unstuck.core.layers import Activate, Dropout, Layer
from unstuck.core.layout import Parameter, lay_out
from unstuck.core.network import Network

INPUT = "X"


@dataclass(slots=True)
class Walked:
    """What the program says about the layers, and what it needs to say it."""

    loss: LossText
    forward: list[str] = field(default_factory=list)
    backward: list[str] = field(default_factory=list)
    predict: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)  # what forward returns, the output last
    logits: str = ""
    output: str = ""
    predicted: str = ""  # the output's name in prediction
    needs: list[str] = field(default_factory=list)  # helpers of forward and predict
    back_needs: list[str] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)  # "rng", "running"

    @property
    def twofold(self) -> bool:
        """Whether prediction computes something else than training (dropout, batch norm)."""
        return bool(self.uses)


def walk(network: Network, *, running: str = "running") -> Walked:
    """Write every layer down; ``running`` names the dictionary of running means and variances."""
    layers = {i: layer for i, layer in enumerate(network.layers) if not silent(layer)}
    places = lay_out_places(network, layers, running)
    texts = [layer_text(*pair) for pair in zip(layers.values(), places, strict=True)]
    walked = Walked(loss_text(network.loss_function))
    walked.output = places[-1].y
    walked.logits = places[-1].x if ends_in_activation(network) else places[-1].y
    for text in texts:
        walked.forward += text.forward
        walked.needs += text.needs
        walked.uses |= text.uses
    walk_back(network, walked, texts, places)
    walk_prediction(walked, texts, places)
    return walked


def is_single(network: Network) -> bool:
    """Whether the network computes in single precision."""
    return network.theta.dtype == np.float32


def silent(layer: Layer) -> bool:
    """Whether the layer is no line at all (an identity, a dropout of nothing)."""
    if isinstance(layer, Activate):
        return layer.activation.name == "identity"
    return isinstance(layer, Dropout) and layer.rate == 0.0


def ends_in_activation(network: Network) -> bool:
    """Whether the network's last line is an activation function."""
    last = network.layers[-1]
    return isinstance(last, Activate) and not silent(last)


def lay_out_places(network: Network, layers: dict[int, Layer], running: str) -> list[Place]:
    """Name the variables: a letter for the kind of layer, a number for the dense layer before."""
    parameters = names_of(network.layers, network.parameters)
    states = names_of(network.layers, lay_out(network.layers, "state_shapes"))
    learns_first = next((i for i, layer in layers.items() if layer.shapes()), len(layers))
    taken, places, x, count = {INPUT}, [], INPUT, 0
    for i, layer in layers.items():
        count += layer.kind == "dense"
        y = fresh(f"{LETTERS[layer.kind]}{count}", taken)
        where = {
            local: f'{running}["{name.removeprefix("running_") if running != "p" else name}"]'
            for local, name in states[i].items()
        }
        places.append(
            Place(
                x,
                y,
                parameters[i],
                first=i <= learns_first,
                penalty=penalty_terms(network),
                float32=is_single(network),
                running=where,
            )
        )
        x = y
    return places


def names_of(layers: Iterable[Layer], layout: Iterable[Parameter]) -> list[dict[str, str]]:
    """For each layer: its arrays' own names, and what the network calls them."""
    names: list[dict[str, str]] = [{} for _ in layers]
    for entry in layout:
        names[entry.layer][entry.local] = entry.name
    return names


def fresh(name: str, taken: set[str]) -> str:
    """``name``, or with a letter behind it where two layers of a kind follow each other."""
    suffixes = ["", *"bcdefghijklmnopqrstuvwxyz"]
    found: str = next(name + suffix for suffix in suffixes if name + suffix not in taken)
    taken.add(found)
    return found


def penalty_terms(network: Network) -> str:
    """What the penalty adds to the gradient of the weights ``{W}``."""
    l2 = " + L2 * {W}" if network.l2 else ""
    l1 = " + L1 * np.sign({W})" if network.l1 else ""
    return l2 + l1


def walk_back(
    network: Network, walked: Walked, texts: list[LayerText], places: list[Place]
) -> None:
    """From the cost to the first layer that learns; collect what is read on the way."""
    loss, last = walked.loss, len(texts) - 1
    names = {"z": walked.logits, "a": walked.output}
    top, reason, n_outputs = f"d{walked.output}", "", network.n_outputs
    read = [walked.output]
    if network.fused:
        top, reason, last = f"d{walked.logits}", loss.reason, last - 1
    if loss.reads_logits:
        read.append(walked.logits)
    shape = f"(n, {n_outputs})" + (f": {reason}" if reason else "")
    walked.backward.append(line(f"{top} = {loss.residual.format(**names)} / n", shape))
    first = sum(place.first for place in places) - 1  # the first layer that learns
    for k in range(last, first - 1, -1):
        walked.backward += texts[k].backward
        walked.back_needs += texts[k].back_needs
        read += texts[k].keeps
    made = variables_of(walked.forward)
    walked.values = [name for name in made if name in read and name != walked.output]
    walked.values.append(walked.output)


def variables_of(lines: Iterable[str]) -> list[str]:
    """The variables that lines assign, in order."""
    made: list[str] = []
    for text in lines:
        names, equals, _ = text.partition(" = ")
        if equals and "[" not in names:
            made += [name for name in names.split(", ") if name not in made]
    return made


def walk_prediction(walked: Walked, texts: list[LayerText], places: list[Place]) -> None:
    """Prediction's own lines, where a layer that is left out takes the name before it."""
    rename: dict[str, str] = {}
    for text, place in zip(texts, places, strict=True):
        lines = text.forward if text.predict is None else text.predict
        for old, new in rename.items():
            lines = [replace_name(entry, old, new) for entry in lines]
        walked.predict += lines
        if text.renamed:
            rename[place.y] = rename.get(text.renamed, text.renamed)
    walked.predicted = rename.get(walked.output, walked.output)


def replace_name(text: str, old: str, new: str) -> str:
    """Replace a variable, as a whole word, in a line."""
    return re.sub(rf"\b{old}\b", new, text)
