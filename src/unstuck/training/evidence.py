"""What a training of ours leaves for the rules beside its series, taken once at start and end.

At the start: statistics of inputs, targets, outputs and initial parameters. At the end: loss and
accuracy, on the same `ROWS` rows as at the start. Two forward passes over them cost as much as a
few updates; a run is not slowed down by a measurable amount (docs/measured.md).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.core.judge import decide
from unstuck.core.network import Network
from unstuck.record.evidence import (
    Evidence,
    OutputFacts,
    ParameterFacts,
    TargetFacts,
    TargetKind,
)
from unstuck.record.facts import array_facts, has_twins
from unstuck.training.observe import dense_places

if TYPE_CHECKING:
    from unstuck.training.loop import Loop

ROWS = 512  # judged at the start and at the end, spread evenly over the training set
ORDERED = 100_000  # targets whose order is looked at


def first_evidence(loop: Loop) -> Evidence:
    """What is known before the first update."""
    network, rows = loop.network, judged_rows(loop)
    with np.errstate(all="ignore"):  # data and weights may be of any size; rules judge them
        x = network.prepare(np.asarray(loop.samples.X[rows]))
        cost, accuracy, outputs = judged(loop)
        chance = chance_of(network, loop.samples.targets[rows])
        low, high = network.output_activation.range
        rate = loop.learning_rate
        return Evidence(
            inputs=array_facts(x, axis=0, name="X"),
            targets=target_facts(loop),
            outputs=OutputFacts(
                array_facts(outputs, axis=0),
                network.output_activation.name,
                low,
                high,
                network.loss_function.name,
                network.loss_function.name,
            ),
            parameters=parameter_facts(network),
            learning_rate=rate if loop.engine.name != "scipy" else None,
            decay=decay_of(loop),
            samples_per_update=float(loop.batch_size),
            loss_start=cost,
            loss_chance=chance[0],
            accuracy_start=accuracy,
            accuracy_chance=chance[1],
        )


def last_evidence(loop: Loop, first: Evidence) -> Evidence:
    """The same, with how training ended; an infinite loss where it diverged."""
    if loop.stopped == "diverged":
        cost, accuracy = math.inf, first.accuracy_chance
    else:
        cost, accuracy, _ = judged(loop)
    return replace(first, updates=loop.step, loss_end=cost, accuracy_end=accuracy)


def judged_rows(loop: Loop) -> AnyArray:
    """The rows that are judged: all, or `ROWS` of them at equal distances."""
    n = len(loop.samples)
    return np.arange(n) if n <= ROWS else np.arange(ROWS) * n // ROWS


def judged(loop: Loop) -> tuple[float, float, Array]:
    """(loss, accuracy, outputs) on those rows; the accuracy is NaN for regression."""
    network, rows = loop.network, judged_rows(loop)
    targets = loop.samples.targets[rows]
    with np.errstate(all="ignore"):
        forward = network.propagate(network.prepare(np.asarray(loop.samples.X[rows])))
        cost = network.loss_function.value(forward.values[-2], forward.output, targets)
    if not loop.samples.labelled:
        return cost, math.nan, forward.output
    activation, task = network.output_activation, network.task
    same = decide(forward.output, activation, task) == decide(targets, activation, task)
    return cost, float(np.mean(same)), forward.output


def chance_of(network: Network, targets: Array) -> tuple[float, float]:
    """(loss, accuracy) of the best constant answer: the mean of the targets, the largest class.

    For a Huber loss the mean is not quite the best constant; the difference does not matter.
    """
    loss, mean = network.loss_function, targets.mean(axis=0)
    logits = np.log(np.clip(mean, 1e-12, None))
    if loss.fused_activation == "sigmoid":
        logits -= np.log(np.clip(1 - mean, 1e-12, None))
    shape = targets.shape
    constant = np.broadcast_to(mean, shape).copy()
    cost = loss.value(np.broadcast_to(logits, shape).copy(), constant, targets)
    if network.task == "regression":
        return cost, math.nan
    decided = decide(targets, network.output_activation, network.task)
    if decided.ndim == 2:  # several labels at once: each answer on its own
        return cost, float(np.mean(np.maximum(decided.mean(axis=0), 1 - decided.mean(axis=0))))
    return cost, float(np.bincount(decided).max() / len(decided))


def target_facts(loop: Loop) -> TargetFacts:
    """What the targets encode, how the classes are spread and ordered."""
    network, targets = loop.network, loop.samples.targets
    facts = array_facts(targets, axis=0, name="y")
    if network.task != "classification":
        kind: TargetKind = "real" if network.task == "regression" else "binary"
        return TargetFacts(facts, kind)
    classes = max(2, network.n_outputs)
    labels = decide(targets, network.output_activation, network.task)
    counts = np.bincount(labels, minlength=classes)
    return TargetFacts(
        facts,
        "binary" if network.n_outputs == 1 else "one_hot",
        classes,
        tuple(float(c) for c in counts / len(labels)),
        longest_run=0.0 if loop.shuffle else longest_run(labels[:ORDERED]),
        follows_inputs=True,  # one order of rows serves both
    )


def longest_run(labels: AnyArray) -> float:
    """Share of the samples in the longest stretch of one label.

    >>> longest_run(np.array([0, 1, 1, 0]))
    0.5
    """
    ends = np.flatnonzero(np.diff(labels)) + 1
    lengths = np.diff(np.concatenate(([0], ends, [len(labels)])))
    return float(lengths.max() / len(labels))


def parameter_facts(network: Network) -> tuple[ParameterFacts, ...]:
    """The weights and biases before the first update."""
    places = {dense: k for k, (dense, _) in enumerate(dense_places(network))}
    found = []
    for p in network.parameters:
        if p.layer not in places:
            continue
        value = network[p.name]
        is_weight = p.local == "W"
        found.append(
            ParameterFacts(
                name=p.name,
                shape=p.shape,
                role="weight" if is_weight else "bias",
                layer=places[p.layer],
                initial=array_facts(value, name=p.name),
                fan_in=p.shape[0] if is_weight else None,
                fan_out=p.shape[1] if is_weight else None,
                twins=is_weight and has_twins(value),
            )
        )
    return tuple(found)


def decay_of(loop: Loop) -> float | None:
    """The share of each weight that one update takes away; None where the step is not a multiple.

    Decoupled decay always has it; an L2 penalty only under plain gradient descent, since adaptive
    optimisers rescale it.
    """
    rate, decoupled = loop.learning_rate, getattr(loop.optimizer, "weight_decay", None)
    if decoupled is not None:
        return float(rate * decoupled)
    if loop.network.l2 == 0.0:
        return 0.0
    plain = type(loop.optimizer).__name__ == "SGD" and loop.engine.name != "scipy"
    momentum = getattr(loop.optimizer, "momentum", 0.0)
    return float(rate * loop.network.l2 / (1 - momentum)) if plain else None
