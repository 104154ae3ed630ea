"""From outputs to decisions, and from decisions to a score."""

from __future__ import annotations

import math
from collections.abc import Sequence

from unstuck.app.export.text import function, number
from unstuck.app.export.walk import Walked
from unstuck.core.network import Network


def decision(network: Network, output: str) -> str:
    """The expression that turns the outputs into what ``Network.predict`` returns."""
    if network.task == "regression":
        return f"{output}[:, 0]" if network.n_outputs == 1 else output
    if network.task == "classification" and network.n_outputs > 1:
        return f"{output}.argmax(axis=1)"
    low, high = network.output_activation.range
    middle = number((low + high) / 2) if math.isfinite(low + high) else "0.5"
    if network.n_outputs == 1:
        return f"({output}[:, 0] > {middle}).astype(int)"
    return f"({output} > {middle}).astype(int)"


def decided(network: Network) -> str:
    """What the decision is, in words."""
    if network.task == "regression":
        return "The value" + ("s" if network.n_outputs > 1 else "") + " that belong to each sample"
    if network.task == "multilabel":
        return "Ones and zeros, which labels each sample has"
    return "The class of each sample"


def predict_function(network: Network, walked: Walked, state: Sequence[str]) -> str:
    """``predict`` of a training program: from scaled inputs to decisions."""
    shape = (
        "(n,)"
        if network.task == "classification" or network.n_outputs == 1
        else (f"(n, {network.n_outputs})")
    )
    if walked.twofold:
        body = [*walked.predict, f"return {decision(network, walked.predicted)}  # {shape}"]
        doc = f"{decided(network)}.\n\nAs `forward`, but {differs(walked)}."
    else:
        output = "forward(X, p)[-1]" if len(walked.values) > 1 else "forward(X, p)"
        body = [f"return {decision(network, output)}  # {shape}"]
        doc = f"{decided(network)}."
    return function("predict", ["X", "p", *state], doc, body)


def differs(walked: Walked) -> str:
    """What prediction does otherwise than training."""
    parts = []
    if "rng" in walked.uses:
        parts.append("nothing is dropped")
    if "running" in walked.uses:
        parts.append("means and variances are those of training")
    return " and ".join(parts)


def score_name(network: Network) -> str:
    """``accuracy`` or ``r2``."""
    return "r2" if network.task == "regression" else "accuracy"


def score_function(network: Network) -> str:
    """``accuracy(y, predicted)`` or ``r2(y, predicted)``."""
    if network.task == "regression":
        return function(
            "r2",
            ["y", "predicted"],
            "The share of the variance that is explained: 1 is perfect, 0 is the mean's.",
            ["return 1 - ((y - predicted) ** 2).sum() / ((y - y.mean(axis=0)) ** 2).sum()"],
        )
    if network.task == "multilabel":
        return function(
            "accuracy",
            ["y", "predicted"],
            "The share of samples of which every label is right.",
            ["return (y == predicted).all(axis=1).mean()"],
        )
    return function(
        "accuracy",
        ["y", "predicted"],
        "The share that is right.",
        ["return (y == predicted).mean()"],
    )
