"""The true gradient under each loss that the program may mean, and the one that it does mean.

Programs often compute no loss, or print one to which their output delta does not belong. So the
candidates are tried: squared error, the cross-entropies, at the outputs and at the logits, and
the program's own number. The loss that the program means is the one under which most parameters
move along the true gradient at one common ratio, at every point at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.trace.adjoint import adjoints
from unstuck.trace.anatomy import Anatomy, Pairing, flow_starts
from unstuck.trace.operations import NoRule
from unstuck.trace.points import Point, vector
from unstuck.trace.steps import Steps
from unstuck.trace.tape import Tape

Array = Any


def _softmax(z: Array, like: Array) -> Array:
    axis = class_axis(like)
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def class_axis(y: Array) -> int | None:
    """The axis along which one-hot (or probability) labels sum to one; None: all of it."""
    y = np.asarray(y)
    for axis in reversed(range(y.ndim)):
        if y.shape[axis] > 1 and np.allclose(y.sum(axis=axis), 1.0):
            return axis
    return None if y.ndim < 2 else int(np.argmin(y.shape))


def _guarded(top: Array, bottom: Array) -> Array:
    return top / np.where(np.abs(bottom) < 1e-12, np.copysign(1e-12, bottom), bottom)


def _logistic(z: Array) -> Array:
    return 0.5 * (1.0 + np.tanh(0.5 * z))


DELTAS: dict[str, Callable[[Array, Array], Array]] = {  # dLoss/dOutput, from output and label
    "squared_error": lambda o, y: o - y,
    "binary_cross_entropy": lambda o, y: _guarded(o - y, o * (1.0 - o)),
    "cross_entropy": lambda o, y: -_guarded(y, o),
    "cross_entropy_of_logits": lambda o, y: _softmax(o, y) - y,
    "binary_cross_entropy_of_logits": lambda o, y: _logistic(o) - y,
    "hinge": lambda o, y: -y * (y * o < 1),
    "absolute_error": lambda o, y: np.sign(o - y),
}


@dataclass(slots=True)
class Loss:
    """One loss on one pairing, and its true gradient at every point.

    ``gradients[p][k]`` is dLoss/dparameter k at point p as one flat vector (None where the
    parameter does not reach the loss); ``adjoints[p]`` has the adjoint of every forward node.
    """

    name: str
    pairing: Pairing | None
    site: int
    gradients: list[list[Array | None]]
    adjoints: list[Mapping[int, Array]] = field(default_factory=list)
    largest: float = field(init=False, default=0.0)  # entry of all these gradients

    def __post_init__(self) -> None:
        every = [g for own in self.gradients for g in own if g is not None and np.size(g)]
        sizes = [float(np.max(np.abs(g))) for g in every if np.all(np.isfinite(g))]
        self.largest = max(sizes, default=0.0)


def candidate_losses(
    tape: Tape, steps: Steps, anatomy: Anatomy, points: list[Point]
) -> tuple[list[Loss], list[str]]:
    """Every loss that may be meant, with its gradients; and what could not be differentiated."""
    losses: list[Loss] = []
    unknown: list[str] = []
    for pairing in anatomy.pairings[:12]:
        for name, delta in DELTAS.items():
            if not plausible(name, tape, pairing):
                continue
            try:
                losses.append(loss_of(name, delta, tape, steps, anatomy, points, pairing))
            except NoRule as error:
                unknown.append(str(error))
    for site, nodes in anatomy.losses.items():
        if len(nodes) != len(anatomy.flows):
            continue
        try:
            losses.append(own_loss(site, nodes, tape, steps, anatomy, points))
        except NoRule as error:
            unknown.append(str(error))
    return losses, unknown


def plausible(name: str, tape: Tape, pairing: Pairing) -> bool:
    """False where a loss makes no sense for these outputs and labels."""
    y = np.concatenate([np.ravel(v) for v in pairing.labels[0]])
    if name == "hinge":
        return bool(np.all(np.isin(y, (-1.0, 1.0))))
    if name == "cross_entropy" and not of_classes(pairing):
        return False
    if name == "cross_entropy_of_logits":
        first = np.asarray(pairing.labels[0][0])
        return first.size > 1 and bool(np.all((y >= 0) & (y <= 1)))
    if name == "binary_cross_entropy_of_logits":
        return bool(np.all((y >= 0) & (y <= 1)))
    return True


def of_classes(pairing: Pairing) -> bool:
    """True if every sample's labels sum to one over several outputs."""
    labels = [np.asarray(y) for y in pairing.labels[0]]
    if all(y.size == 1 for y in labels):  # each output by itself: pure Python
        return len(labels) > 1 and float(sum(y.sum() for y in labels)) >= 1.0
    return all(
        any(n > 1 and np.allclose(y.sum(axis=axis), 1.0) for axis, n in enumerate(y.shape))
        for y in labels
        if y.size > 1
    )


def loss_of(
    name: str,
    delta: Callable[[Array, Array], Array],
    tape: Tape,
    steps: Steps,
    anatomy: Anatomy,
    points: list[Point],
    pairing: Pairing,
) -> Loss:
    """A known loss on a pairing."""

    def seeds_at(point: Point) -> dict[int, Array]:
        seeds: dict[int, Array] = {}
        for node, label in zip(
            pairing.outputs[point.window], pairing.labels[point.window], strict=True
        ):
            output = np.asarray(point.value(tape, node), dtype=float)
            with np.errstate(all="ignore"):
                seed = np.asarray(
                    delta(output, np.asarray(label, dtype=float).reshape(output.shape))
                )
            seeds[node] = seeds[node] + seed if node in seeds else seed
        return seeds

    found, swept = sweeps(tape, steps, anatomy, points, seeds_at, forward_only=True)
    return Loss(name, pairing, pairing.place[0], found, swept)


def own_loss(
    site: int,
    nodes: list[tuple[int, ...]],
    tape: Tape,
    steps: Steps,
    anatomy: Anatomy,
    points: list[Point],
) -> Loss:
    """The gradient of a number that the program itself computes from outputs and labels."""

    def seeds_at(point: Point) -> dict[int, Array]:
        return {index: np.ones(np.shape(tape[index].value)) for index in nodes[point.window]}

    found, swept = sweeps(tape, steps, anatomy, points, seeds_at, forward_only=False)
    return Loss("own", None, site, found, swept)


def sweeps(
    tape: Tape,
    steps: Steps,
    anatomy: Anatomy,
    points: list[Point],
    seeds_at: Callable[[Point], Mapping[int, Array]],
    *,
    forward_only: bool,
) -> tuple[list[list[Array | None]], list[Mapping[int, Array]]]:
    """`sweep` at every point, from the seeds that belong there."""
    found = [
        sweep(tape, steps, anatomy, point, seeds_at(point), forward_only=forward_only)
        for point in points
    ]
    return [flat for flat, _ in found], [every for _, every in found]


def sweep(
    tape: Tape,
    steps: Steps,
    anatomy: Anatomy,
    point: Point,
    seeds: Mapping[int, Array],
    *,
    forward_only: bool,
) -> tuple[list[Array | None], Mapping[int, Array]]:
    """Adjoints of the parameters (flat) and of all nodes, from the seeds down."""
    flow = anatomy.flows[point.window]
    starts = flow_starts(flow)
    allowed = {i for i in flow.reach if not (forward_only and i in flow.labelled)} | set(seeds)
    with np.errstate(all="ignore"):
        found = adjoints(
            tape,
            seeds,
            first=min([flow.window.first, *starts]),
            allowed=allowed,
            values=point.values,
            stop=starts,
        )
    flat: list[Array | None] = []
    for k in range(len(steps.parameters)):
        nodes = flow.start[k]
        if not any(index in found for index in nodes):
            flat.append(None)
            continue
        parts = [np.broadcast_to(found.get(i, 0.0), np.shape(tape[i].value)).ravel() for i in nodes]
        flat.append(np.concatenate(parts).astype(float))
    return flat, found


def steps_of(tape: Tape, anatomy: Anatomy, point: Point, k: int) -> tuple[Array, Array]:
    """The step of a parameter at a point, and its value before, flat."""
    flow = anatomy.flows[point.window]
    before = vector(tape, point, flow.start[k])
    return vector(tape, point, flow.end[k]) - before, before
