"""How good is a network on some data? Cost and score, a piece of the data at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.core.judge import decide
from unstuck.core.network import Network

ROWS = 1024  # at a time: memory stays bounded, products stay large


class Score(NamedTuple):
    """Cost (data term) and accuracy, or R2 (mean over outputs); the outputs when asked for."""

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
    return score_targets(network, X, network.encode(y), sample_weight, keep_outputs=keep_outputs)


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
    squares = np.zeros(network.n_outputs)  # of the errors, weighted sum over samples
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
            squares += weight[rows] @ (output - T).astype(np.float64) ** 2
        if kept is not None:
            kept[rows] = output
    cost = float(np.average(per_sample, weights=weight))
    if network.task == "regression":
        return Score(cost, r2(squares, targets, weight), kept)
    return Score(cost, float(np.average(right, weights=weight)), kept)


def r2(squares: Array, targets: Array, weight: Array) -> float:
    """Share of each output's variance that is explained, averaged over the outputs.

    ``squares`` (k,) are the weighted sums of squared errors. An output whose targets do not vary
    counts as 1 when they are met exactly, else as 0, as in scikit-learn's ``r2_score``.
    """
    targets = targets.astype(np.float64)
    mean = np.average(targets, axis=0, weights=weight)
    spread = weight @ (targets - mean) ** 2  # (k,)
    spread[(targets == targets[0]).all(axis=0)] = 0.0  # not what rounding leaves of it
    shares = np.where(squares == 0.0, 1.0, 0.0)
    np.divide(squares, spread, out=shares, where=spread > 0.0)
    shares[spread > 0.0] = 1.0 - shares[spread > 0.0]
    return float(shares.mean())
