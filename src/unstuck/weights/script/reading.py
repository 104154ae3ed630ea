"""From a traced program to the layers of a multi-layer perceptron, each checked on its own numbers.

No name and no shape decides. Weights are tried in both orientations, with and without a row that
is the bias, until ``x W + b`` gives the sums that the program recorded; an activation counts when
it gives the next layer's recorded inputs. What passes computes what the program computes; what does
not (convolutions, recurrent networks, skip connections) is no multi-layer perceptron.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from unstuck.base.arrays import Array
from unstuck.core.activations import ACTIVATIONS, Activation, custom_activation, get_activation
from unstuck.trace.anatomy import Pairing
from unstuck.trace.facts import ancestors
from unstuck.trace.layers import TracedLayer
from unstuck.trace.pointwise import GRID, Pointwise, activation_name, pointwise
from unstuck.trace.tape import Tape
from unstuck.trace.traced import Traced
from unstuck.weights.script.rows import NotRead, close, layouts, softmax, values

MOST_BETWEEN = 40  # nodes between a sum and the next layer that are looked at
RANGE_GRID = np.concatenate([np.linspace(-60.0, 60.0, 1201), [-1e3, 1e3]])


@dataclass(frozen=True, slots=True)
class ReadLayer:
    """One layer in our terms, and how the program keeps it.

    ``W`` (fan_in, fan_out) and ``b`` (fan_out,) are the first values. ``weight`` and ``bias`` are
    the program's parameters by number (no bias: None). ``transposed`` where the program has
    (fan_out, fan_in). ``bias_row`` is the place of the bias among the rows of its matrix, where an
    input of 1 carries it. ``dropout`` is the share that is silenced behind the activation.
    """

    weight: int
    bias: int | None
    W: Array
    b: Array
    transposed: bool
    bias_row: int | None
    activation: Activation
    dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class Affine:
    """A layer before its activation: the same, with its recorded inputs and sums."""

    layer: TracedLayer
    bias: int | None
    W: Array
    b: Array
    transposed: bool
    bias_row: int | None
    X: Array
    Z: Array
    node: int  # the first of its sums on the tape


@dataclass(frozen=True, slots=True)
class Reading:
    """The layers; inputs, outputs and labels of the first update, one row a sample."""

    layers: tuple[ReadLayer, ...]
    X: Array
    T: Array
    guessed: tuple[str, ...] = ()


def read_layers(traced: Traced) -> Reading:
    """The multi-layer perceptron that a traced program computes.

    Raises
    ------
    NotRead
        It is another kind of network; the message says why.
    """
    if traced.pairing is None:
        raise NotRead("it was not found where outputs meet labels")
    if not traced.layers:
        raise NotRead("no weights were found on the way from inputs to outputs")
    sure = any(v.verdict == "ok" for v in traced.judgement.verdicts)
    others = [] if sure else [p for p in traced.anatomy.pairings if p is not traced.pairing]
    first: Reading | None = None
    refused: NotRead | None = None
    for pairing in [traced.pairing, *others[:6]]:
        try:
            reading = _read(traced, pairing)
        except NotRead as why:
            refused = refused or why
            continue
        if reading.layers[-1].activation in ACTIVATIONS.values():
            return reading
        first = first or reading
    if first is None:
        raise refused or NotRead("it was not found where outputs meet labels")
    return first


def _read(traced: Traced, pairing: Pairing) -> Reading:
    """The same, with the labels and outputs of one pairing."""
    tape = traced.tape
    keep = ancestors(tape, pairing.outputs[0], tape.start)
    with np.errstate(all="ignore"):
        affine = _chained(traced, keep)
        layers = [_with_activation(tape, here, above) for here, above in pairwise(affine)]
        last = affine[-1]
        O = _output_rows(tape, last, pairing.outputs[0])  # noqa: E741 - outputs
        T = next(layouts([np.asarray(y, float) for y in pairing.labels[0]], O.shape[1]), None)
        if T is None or T.shape != O.shape:
            raise NotRead("the labels have another shape than the outputs")
        activation, guessed = _output_activation(tape, last, pairing.outputs[0], O, T)
    layers.append(_made(last, activation))
    return Reading(tuple(layers), affine[0].X, T, guessed)


# ------------------------------------------------------------------------------ sums


def _chained(traced: Traced, keep: set[int]) -> list[Affine]:
    """The weighted sums, each checked; the next layer's bias row is known from the one below."""
    found: list[Affine] = []
    for n, layer in enumerate(traced.layers):
        if not any(s in keep for s in layer.sums):
            raise NotRead(f"{traced.name_of(layer.weight)} does not lead to the outputs")
        width = found[-1].W.shape[1] if found else None
        affine = _affine(traced, layer, keep, width, last=n == len(traced.layers) - 1)
        if affine is None:
            raise NotRead(
                f"what {traced.name_of(layer.weight)} is multiplied with and what comes out are "
                "not one plain matrix product a layer"
            )
        found.append(affine)
    return found


def _affine(
    traced: Traced, layer: TracedLayer, keep: set[int], width: int | None, *, last: bool
) -> Affine | None:
    """One weighted sum in the orientation in which it gives the recorded numbers."""
    tape, start = traced.tape, traced.anatomy.flows[0].start
    for k in (layer.weight, layer.bias):
        if k is not None and len(traced.steps.parameters[k].lineages) > 1:
            raise NotRead(f"{traced.name_of(k)} is kept number by number, not as an array")
    sums = [s for s in layer.sums if s in keep]
    made_from = ancestors(tape, sums, 0)
    inputs = values(tape, [i for i in layer.inputs if i in made_from])
    taken = {k for la in traced.layers for k in (la.weight, la.bias)}
    spare = {k: values(tape, n)[0].ravel() for k, n in start.items() if k not in taken}
    if layer.bias is not None:
        spare = {layer.bias: values(tape, start[layer.bias][:1])[0].ravel()}
    stored = values(tape, start[layer.weight][:1])[0]
    for transposed, W in _orientations(stored):
        fan_in, fan_out = W.shape
        for X in layouts(inputs, fan_in):
            for Z in layouts(values(tape, sums), fan_out):
                found = _bias_of(X, W, Z, spare, last=last)
                if found is None:
                    continue
                bias, b = found
                row = _bias_row(X, fan_in, width) if bias is None else None
                if row is not None:
                    b, W, X = W[row].copy(), np.delete(W, row, 0), np.delete(X, row, 1)
                return Affine(layer, bias, W, b, transposed, row, X, X @ W + b, sums[0])
    return None


def _bias_of(
    X: Array, W: Array, Z: Array, spare: dict[int, Array], *, last: bool
) -> tuple[int | None, Array] | None:
    """The parameter (None: no bias) with which ``X W + b`` gives Z, and its values."""
    if len(X) != len(Z):
        return None
    fan_out = W.shape[1]
    for k, found in spare.items():
        if found.size in {1, fan_out}:
            b = np.broadcast_to(found, (fan_out,)).copy()
            if _agrees(X @ W + b, Z, last=last):
                return k, b
    nothing = np.zeros(fan_out)
    return (None, nothing) if _agrees(X @ W, Z, last=last) else None


def _orientations(stored: Array) -> Iterator[tuple[bool, Array]]:
    """A parameter as (fan_in, fan_out), as it stands and transposed."""
    if stored.ndim == 2:
        yield False, stored
        yield True, stored.T
    elif stored.ndim == 1:
        yield False, stored.reshape(-1, 1)


def _agrees(ours: Array, recorded: Array, *, last: bool) -> bool:
    """The same sums; in the last layer a softmax may have taken a number off each row already."""
    if close(ours, recorded):
        return True
    if not last or ours.shape[1] < 2:
        return False
    off = recorded - ours
    return close(ours + off.mean(axis=1, keepdims=True), recorded)


def _bias_row(X: Array, fan_in: int, width: int | None) -> int | None:
    """Where an input of 1 was put beside the units of the layer below."""
    if width is None or fan_in != width + 1:
        return None
    return next((row for row in (0, fan_in - 1) if np.all(X[:, row] == 1.0)), None)


# ------------------------------------------------------------------------ activations


def _with_activation(tape: Tape, here: Affine, above: Affine) -> ReadLayer:
    """The layer with what stands between its sums and the next layer's inputs."""
    wanted = above.X
    if wanted.shape != here.Z.shape:
        raise NotRead(
            f"a layer makes {here.Z.shape[1]} numbers of each of {here.Z.shape[0]} inputs, and the "
            f"next one takes {wanted.shape[1]} numbers of {wanted.shape[0]}: values are shared, "
            "reshaped or left out between them, as in a convolution"
        )
    between = ancestors(tape, above.layer.inputs[:1], here.node + 1)
    for node in sorted(between, reverse=True)[:MOST_BETWEEN]:
        functions = pointwise(tape, here.node, node)
        if functions is None:
            continue
        activation = as_activation(functions)
        A = activation.value(here.Z)
        if close(A, wanted):
            return _made(here, activation)
        share = _silenced(A, wanted)
        if share is not None:
            return _made(here, activation, share)
    if close(here.Z, wanted):
        return _made(here, get_activation("identity"))
    raise NotRead(
        "what stands between two layers is no function of each number by itself (a normalisation "
        "over the batch, a skip connection, a recurrent step)"
    )


def _made(affine: Affine, activation: Activation, dropout: float = 0.0) -> ReadLayer:
    layer = affine.layer
    return ReadLayer(
        layer.weight, affine.bias, affine.W, affine.b, affine.transposed, affine.bias_row,
        activation, dropout,
    )  # fmt: skip


def _silenced(A: Array, wanted: Array) -> float | None:
    """The share of units that dropout silences, where that is all that differs."""
    live = A != 0.0
    if not live.any():
        return None
    kept = wanted[live] / A[live]
    on = kept[kept != 0.0]
    if not on.size or on.size == kept.size or not np.allclose(on, on[0], rtol=1e-4):
        return None
    return float(np.clip(1.0 - on.size / kept.size, 0.0, 0.95))


def as_activation(functions: Pointwise) -> Activation:
    """One of the library's, where the values are those; else one made of the program's own."""
    name = activation_name(functions.phi)
    known = ACTIVATIONS.get(name)
    if known is not None and known.elementwise:
        with np.errstate(all="ignore"):
            if np.allclose(known.value(GRID.copy()), functions.phi(GRID), rtol=1e-4, atol=1e-5):
                return known
    with np.errstate(all="ignore"):
        seen = np.asarray(functions.phi(RANGE_GRID), float)
    low, high = float(np.nanmin(seen)), float(np.nanmax(seen))
    bounded = (low if low > -10.0 else -np.inf, high if high < 10.0 else np.inf)
    usable = bounded if bounded[0] < bounded[1] else None
    return custom_activation(
        functions.phi, functions.dphi, name="own" if name == "custom" else name, range=usable
    )


def _output_rows(tape: Tape, last: Affine, nodes: tuple[int, ...]) -> Array:
    for O in layouts(values(tape, nodes), last.W.shape[1]):  # noqa: E741
        if O.shape == last.Z.shape:
            return O
    raise NotRead("the outputs that meet the labels are not those of the last layer")


def _output_activation(
    tape: Tape,
    last: Affine,
    nodes: tuple[int, ...],
    O: Array,  # noqa: E741
    T: Array,
) -> tuple[Activation, tuple[str, ...]]:
    """The activation of the outputs, and what was taken for granted about it."""
    classes = T.shape[1] > 1 and np.allclose(T.sum(axis=1), 1.0) and bool((T >= 0.0).all())
    if O.shape[1] > 1 and close(softmax(last.Z), O):
        return get_activation("softmax"), ()
    if close(last.Z, O):
        return get_activation("identity"), ()
    functions = pointwise(tape, last.node, nodes[0])
    if functions is not None:
        activation = as_activation(functions)
        if close(activation.value(last.Z), O):
            return activation, ()
    if classes:
        said = (
            "the outputs are no function of each sample that is known here; softmax was put in "
            "their place, as the labels are classes"
        )
        return get_activation("softmax"), (said,)
    raise NotRead("what makes the outputs of the last sums is no function that is known here")
