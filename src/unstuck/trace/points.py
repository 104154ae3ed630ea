"""Generic points: an update replayed with other parameters, so that nothing hides a wrong gradient.

Saturated units, equal weights, zeros and chance agreement all hide or fake faults at the weights a
program happens to have. The recorded update is a function of the parameters: replayed at random
ones, the step must still be the same multiple of the true gradient. What an optimiser remembers
is the same at every point of one window, so it falls out of the differences.

A replay takes the branches that the program took. Where it would have taken others there, as with
``if z > 0`` on plain numbers, the point is drawn so near to the recorded one that it would not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.trace.anatomy import SAME_VALUES, Flow, ever_touched
from unstuck.trace.replay import CannotReplay, replay
from unstuck.trace.steps import Steps
from unstuck.trace.tape import Tape

SPREADS = (0.6, 0.3, 1.0)  # of the parameters, in units that keep a weighted sum near 1
NEAR = (1.0, 1e-3, 1e-5)  # how far from the recorded parameters; 1: anywhere
DECIDES = {"greater", "less", "greater_equal", "less_equal"}
PRODUCTS = {"dot", "matmul", "einsum", "multiply", "outer", "inner", "tensordot", "vdot"}


@dataclass(slots=True)
class Point:
    """One window at one choice of parameters: every value that differs from the tape.

    ``changed`` are the parameters as they were drawn: empty for the window as it was recorded,
    also where other values were put in its place.
    """

    window: int
    values: Mapping[int, Any]
    changed: Mapping[int, Any] = field(default_factory=dict)

    def value(self, tape: Tape, index: int) -> Any:
        """The value of a node at this point."""
        return self.values.get(index, tape[index].value)


def vector(tape: Tape, point: Point, nodes: tuple[int, ...]) -> Any:
    """The values of some nodes at a point, one after the other, in float64."""
    return np.concatenate(
        [np.asarray(point.value(tape, index), dtype=float).ravel() for index in nodes]
    )


def generic_points(
    tape: Tape, steps: Steps, flows: list[Flow], rng: np.random.Generator, count: int = 3
) -> tuple[list[Point], str]:
    """Each window as it was recorded and at ``count`` random points; and why some are missing."""
    points, why = [], ""
    touched = ever_touched(tape, steps)
    spreads = [natural_spread(tape, steps, k, touched) for k in range(len(steps.parameters))]
    for w, flow in enumerate(flows):
        points.append(Point(w, {}))
        branches = decisions(tape, flow)
        for spread in SPREADS[:count]:
            try:
                point = drawn_point(tape, flow, w, [spread * s for s in spreads], branches, rng)
            except CannotReplay as error:
                why = str(error)
                break
            if point is not None:
                points.append(point)
    return points, why


def drawn_point(
    tape: Tape,
    flow: Flow,
    window: int,
    spreads: Sequence[float],
    branches: Sequence[int],
    rng: np.random.Generator,
) -> Point | None:
    """A window at random parameters at which it takes the branches that it took, or None."""
    for near in NEAR if branches else NEAR[:1]:
        changed: dict[int, Any] = {}
        for k, nodes in flow.start.items():
            for index in nodes:
                old = tape[index].value
                drawn = near * spreads[k] * rng.standard_normal(np.shape(old))
                drawn = drawn if near == NEAR[0] else old + drawn
                changed[index] = (
                    drawn.astype(getattr(old, "dtype", float)) if np.ndim(old) else float(drawn)
                )
        with np.errstate(all="ignore"):
            values = replay(tape, changed, first=flow.window.first, last=flow.window.last)
        if all(bool(values.get(i, tape[i].value)) == bool(tape[i].value) for i in branches):
            return Point(window, {**values, **changed}, changed)
    return None


def decisions(tape: Tape, flow: Flow) -> list[int]:
    """Comparisons of single numbers in the forward pass that nothing computes with: an ``if``."""
    last = flow.window.last
    read = {parent for node in tape.nodes[flow.window.first : last] for parent in node.parents}
    return [
        index
        for index in flow.reach
        if index < last
        and tape[index].op in DECIDES
        and flow.forward(index)
        and np.ndim(tape[index].value) == 0
        and index not in read
    ]


def natural_spread(tape: Tape, steps: Steps, k: int, touched: set[int]) -> float:
    """A standard deviation at which this parameter's products are of order one.

    Data count with their size; what other parameters made is taken to be of order one.
    """
    parameter = steps.parameters[k]
    nodes = {lineage.first for lineage in parameter.lineages}
    fan = max(parameter.shape, default=1)
    if len(nodes) > 1:
        fan = max(1, round(len(nodes) ** 0.5))
    partners: list[float] = []
    for node in tape.nodes[tape.start :]:
        if node.op in SAME_VALUES and node.parents and node.parents[0] in nodes:
            nodes.add(node.index)
        if node.op in PRODUCTS and not nodes.isdisjoint(node.parents):
            for parent in node.parents:
                if parent in touched and parent not in nodes:
                    partners.append(1.0)
                elif parent not in nodes:
                    value = np.asarray(tape[parent].value, dtype=float)
                    if value.size and np.all(np.isfinite(value)):
                        partners.append(float(np.sqrt(np.mean(value * value))))
            if len(partners) > 20:
                break
    size = float(np.median(partners)) if partners else 1.0
    return 1.0 / (max(size, 1e-3) * fan**0.5) if partners else 0.5
