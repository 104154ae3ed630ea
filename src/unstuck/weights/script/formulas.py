"""Weights of networks that are no multi-layer perceptron: sizes by formula, from fan_in alone."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import ACTIVATIONS
from unstuck.core.criticality import critical
from unstuck.record.run_record import SourceSpan
from unstuck.trace.facts import fans, values_of
from unstuck.trace.program import Program
from unstuck.trace.traced import Traced
from unstuck.weights.script.answer import Place
from unstuck.weights.script.places import Spot, place_of, spot_of

NEAR = 3.0  # a spread that is off by less is left alone
SHIFTED = 1.0  # mean over spread, times the root of fan_in: from here on it is the mean that counts


def formula_places(program: Program, traced: Traced) -> tuple[Place, ...]:
    """What to write for each weight whose size is off: variance gain^2 / fan_in, mean 0."""
    found: dict[SourceSpan, Place] = {}
    for n in range(len(traced.layers)):
        for place in _of_layer(program, traced, n):
            if place.span is not None:
                found.setdefault(place.span, place)
    return tuple(found.values())


def _of_layer(program: Program, traced: Traced, n: int) -> Iterator[Place]:
    layer = traced.layers[n]
    parameter = traced.steps.parameters[layer.weight]
    W = values_of(traced.tape, [lineage.first for lineage in parameter.lineages])
    spot = spot_of(program, traced, layer.weight)
    if spot is None or W.size < 2:
        return
    fan_in = _fan_in(traced, n, W)
    square = _gain_square(layer.activation)
    wanted = math.sqrt(square / fan_in)
    spread = float(W.std())
    if not W.any() and len(traced.layers) == 1:
        return  # one layer may begin at 0: its units have different labels
    centred = abs(float(W.mean())) * math.sqrt(fan_in) <= SHIFTED * max(spread, 1e-300)
    few = W.size < 10  # numbers: their mean and spread say little
    if spread > 0.0 and wanted / NEAR < spread < wanted * NEAR and (centred or few):
        return
    text = _text(spot, square, fan_in, by_number=len(parameter.lineages) > 1)
    said = f"its mean is {W.mean():.2g} and its spread {spread:.2g}"
    why = (
        f"{said}; with fan_in {fan_in} about 0 and {wanted:.2g} is right (variance {square:.3g} / "
        "fan_in), by the formula alone"
    )
    yield place_of(spot, [spot.name], text, why)


def _fan_in(traced: Traced, n: int, W: Array) -> int:
    """How many numbers one unit sums up: the size of a patch, where weights look at patches."""
    layer = traced.layers[n]
    if W.ndim > 2 and layer.inputs:
        patch = int(np.size(traced.tape[layer.inputs[0]].value))
        if 1 < patch < W.size and W.size % patch == 0:
            return patch
        return max(1, int(W.size) // max(int(W.shape[0]), 1))
    shape = traced.steps.parameters[layer.weight].shape
    return max(1, fans(traced.tape, shape, traced.layers, n, W)[0] or 1)


def _gain_square(activation: str) -> float:
    """The critical gain squared; 1 where the activation is not known."""
    known = ACTIVATIONS.get(activation)
    if known is None or not known.elementwise:
        return 1.0
    try:
        found = critical(known).gain ** 2
    except InvalidInputError:
        return 1.0
    return found if 0.25 <= found <= 4.0 else 1.0


def _text(spot: Spot, square: float, fan_in: int, *, by_number: bool) -> str:
    if by_number or not spot.written.shape:
        return f"random.gauss(0.0, ({square:.3g} / {fan_in}) ** 0.5)"
    written = spot.written
    scale = f"{written.numpy}.sqrt({square:.3g} / {fan_in})"
    return f"{written.drawer}.normal(0.0, {scale}, {written.shape_text}){written.cast}"
