"""The loss that is known by its derivative alone: whatever stands at the outputs as their error.

Quantile, Huber, focal and many other losses are in no table here, and need not be. Where the error
that a program sends back from its outputs points away from the labels, and every parameter's step
is what follows from that error by the chain rule, the backward pass is right for a loss of which
that error is the derivative.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from unstuck.trace.anatomy import Anatomy, Pairing
from unstuck.trace.gradients import Loss, sweeps
from unstuck.trace.points import Point
from unstuck.trace.steps import Steps
from unstuck.trace.tape import Tape
from unstuck.trace.verdict import Judgement, aligned, judged_under

Array = Any
PAIRINGS = 3
ERRORS = 12  # candidates for the error, in the order in which they are made
AWAY = 0.25  # of all errors that must point away from labels; the others are 0


def implied_loss(
    tape: Tape, steps: Steps, anatomy: Anatomy, points: list[Point]
) -> Judgement | None:
    """The judgement under an error of the program's own with which all else agrees, or None."""
    for pairing in anatomy.pairings[:PAIRINGS]:
        if any(len(pairing.outputs[w]) != 1 for w in range(len(anatomy.flows))):
            continue
        for errors in errors_of(tape, anatomy, pairing):
            if not leads_away(tape, points, pairing, errors):
                continue
            judgement = judged_by(tape, steps, anatomy, points, pairing, errors)
            if all(v.verdict == "ok" for v in judgement.verdicts):
                return judgement
    return None


def errors_of(tape: Tape, anatomy: Anatomy, pairing: Pairing) -> Iterator[tuple[int, ...]]:
    """Values of the outputs' shape that depend on outputs and labels, one a window."""
    slices = []
    for w, flow in enumerate(anatomy.flows):
        (output,) = pairing.outputs[w]
        shape = np.shape(tape[output].value)
        made = (
            index
            for index in range(output + 1, flow.window.last)
            if index in flow.labelled and np.shape(tape[index].value) == shape
        )
        slices.append(list(islice(made, ERRORS)))
    yield from aligned(tape, slices)


def leads_away(tape: Tape, points: list[Point], pairing: Pairing, errors: tuple[int, ...]) -> bool:
    """True if no sample's error points to its label, and most point away from it."""
    away = total = 0
    for point in points:
        (node,), (label,) = pairing.outputs[point.window], pairing.labels[point.window]
        output = np.asarray(point.value(tape, node), dtype=float)
        error = np.asarray(point.value(tape, errors[point.window]), dtype=float)
        distance = output - np.asarray(label, dtype=float).reshape(output.shape)
        with np.errstate(all="ignore"):
            products = error * distance
        if not np.all(np.isfinite(products)) or np.any(products < 0):
            return False
        away += int(np.count_nonzero(products))
        total += products.size
    return away >= AWAY * total


def judged_by(
    tape: Tape,
    steps: Steps,
    anatomy: Anatomy,
    points: list[Point],
    pairing: Pairing,
    errors: tuple[int, ...],
) -> Judgement:
    """The verdicts if those errors are the derivative of the loss that is meant."""

    def seeds_at(point: Point) -> dict[int, Array]:
        (node,) = pairing.outputs[point.window]
        return {node: np.asarray(point.value(tape, errors[point.window]), dtype=float)}

    found, swept = sweeps(tape, steps, anatomy, points, seeds_at, forward_only=True)
    loss = Loss("implied", pairing, tape[errors[0]].site, found, swept)
    return judged_under(loss, tape, steps, anatomy, points)
