"""How good is a network on some data? Cost and score, a piece of the data at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.core.network import Network, decide

ROWS = 1024  # at a time: memory stays bounded, products stay large


class Score(NamedTuple):
    """Cost (data term) and accuracy, or R2 for regression; the outputs when asked for."""

    cost: float
    score: float
    outputs: Array | None = None


def evaluate(
    network: Network,
    X: AnyArray,
    y: Any,
    sample_weight: Array | None = None,
    *,
    keep_outputs: bool = False,
) -> Score:
    """Cost and score of a network on raw data.

    Parameters
    ----------
    network : Network
    X : array, shape (n, n_features)
        Raw inputs, perhaps memory-mapped.
    y : array
        Labels or target values, as `Network.loss` takes them.
    sample_weight : array, shape (n,), optional
    keep_outputs : bool
        Also return the outputs, (n, n_outputs).

    Examples
    --------
    >>> net = Network.mlp([2, 3], random_state=0)
    >>> evaluate(net, np.zeros((6, 2)), [0, 0, 0, 1, 1, 2]).score
    0.5
    """
    return score_targets(
        network, X, network.encode(y), sample_weight, keep_outputs=keep_outputs
    )


def score_targets(
    network: Network,
    X: AnyArray,
    targets: Array,
    sample_weight: Array | None = None,
    *,
    keep_outputs: bool = False,
) -> Score:
    """`evaluate` for targets that are encoded already."""
    n = len(X)
    weight = np.ones(n) if sample_weight is None else np.asarray(sample_weight, np.float64)
    per_sample, right = np.empty(n), np.empty(n)
    kept = np.empty((n, network.n_outputs), network.dtype) if keep_outputs else None
    for start in range(0, n, ROWS):
        rows = slice(start, start + ROWS)
        forward = network.propagate(network.prepare(X[rows]))
        output, T = forward.output, targets[rows]
        per_sample[rows] = network.loss_function.per_sample(forward.values[-2], output, T)
        if network.task != "regression":
            same = decide(output, network.output_activation, network.task) == decide(
                T, network.output_activation, network.task
            )
            right[rows] = same if same.ndim == 1 else same.all(axis=1)
        else:
            right[rows] = ((output - T) ** 2).sum(axis=1)
        if kept is not None:
            kept[rows] = output
    cost = float(np.average(per_sample, weights=weight))
    score = float(np.average(right, weights=weight))
    if network.task == "regression":
        score = r2(score, targets, weight)
    return Score(cost, score, kept)


def r2(mean_square: float, targets: Array, weight: Array) -> float:
    """Share of the targets' variance that is explained, over all outputs together."""
    mean = np.average(targets, axis=0, weights=weight)
    variance = float(np.average(((targets - mean) ** 2).sum(axis=1), weights=weight))
    if variance == 0.0:
        return 1.0 if mean_square == 0.0 else 0.0
    return 1.0 - mean_square / variance
