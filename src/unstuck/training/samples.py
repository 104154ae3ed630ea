"""The training set as the loop uses it: checked, encoded, weighted, split for validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network
from unstuck.data.checks import check_arrays
from unstuck.data.split import split_indices, take_rows


@dataclass(slots=True)
class Samples:
    """Raw rows, encoded targets, weights; whether the targets stand for classes."""

    X: AnyArray
    targets: Array
    weight: Array | None
    labelled: bool

    def __len__(self) -> int:
        return len(self.X)


def training_samples(
    network: Network,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Any = None,
) -> Samples:
    """Check raw data against a network and encode it.

    A network that is trained on class numbers with a squared error learns that they are
    classes: its ``class_names`` become ``"0", "1", ...`` unless it has names already.
    """
    X, y = as_rows(X, network), np.asarray(y)
    check_arrays(X, y, task="classification" if network.task == "classification" else None)
    names_classes = (
        y.ndim == 1 and network.n_outputs > 1 and network.loss_function.name != "cross_entropy"
    )
    targets = network.encode(y)
    if names_classes and network.class_names is None:
        network.class_names = tuple(str(k) for k in range(network.n_outputs))
    weight = sample_weights(sample_weight, class_weight, y, network)
    return Samples(X, targets, weight, labelled=network.task != "regression")


def as_rows(X: Any, network: Network) -> AnyArray:
    """``X`` as an (n, n_features) array, images flattened; memory-mapped arrays stay mapped."""
    rows: AnyArray = X if isinstance(X, np.ndarray) else np.asarray(X)
    if rows.ndim == 3 and rows.shape[1] * rows.shape[2] == network.n_features:
        rows = rows.reshape(len(rows), -1)
    if rows.ndim != 2 or rows.shape[1] != network.n_features:
        raise InvalidInputError(
            f"X has shape {rows.shape}; this network takes (n_samples, {network.n_features})."
        )
    return rows


def sample_weights(
    sample_weight: Any, class_weight: Any, y: AnyArray, network: Network
) -> Array | None:
    """One weight a sample: its own times that of its class; None when all are one.

    ``class_weight`` is a mapping of class number to weight, or ``"balanced"``:
    n / (n_classes * n_of_that_class), as in scikit-learn.
    """
    weight: Array | None = None
    if sample_weight is not None:
        weight = np.asarray(sample_weight, network.dtype)
        if weight.shape != (len(y),):
            raise InvalidInputError(
                f"sample_weight has shape {weight.shape}; give one number a sample, ({len(y)},)."
            )
        if not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
            raise InvalidInputError("sample_weight must be finite, not negative, and not all zero.")
    if class_weight is None:
        return weight
    if y.ndim != 1 or y.dtype.kind not in "iub":
        raise InvalidInputError(
            f"class_weight needs class numbers as y; got shape {y.shape}, dtype {y.dtype}. "
            "Use sample_weight instead."
        )
    factors = class_factors(class_weight, y, network)
    by_class: Array = factors[y]
    return by_class if weight is None else weight * by_class


def class_factors(class_weight: Any, y: AnyArray, network: Network) -> Array:
    """One weight a class, from a mapping or ``"balanced"``."""
    factors: Array = np.ones(max(network.n_outputs, int(y.max()) + 1), network.dtype)
    if class_weight == "balanced":
        counts = np.bincount(y, minlength=len(factors))
        present = counts > 0
        factors[present] = len(y) / (present.sum() * counts[present])
        return factors
    if not isinstance(class_weight, Mapping):
        raise InvalidInputError(
            f"class_weight is {class_weight!r}; allowed: None, 'balanced', or a mapping of class "
            "number to weight."
        )
    for label, factor in class_weight.items():
        if not 0 <= int(label) < len(factors):
            raise InvalidInputError(
                f"class_weight names class {label!r}; allowed: 0 to {len(factors) - 1}."
            )
        factors[int(label)] = factor
    return factors


def hold_out(
    samples: Samples, y: AnyArray, fraction: float, rng: np.random.Generator
) -> tuple[Samples, Samples]:
    """Split off a validation part, classes in proportion where there are classes."""
    by_class = samples.labelled and y.ndim == 1
    train, held = split_indices(y, fraction, rng, stratify=by_class)

    def part(rows: AnyArray) -> Samples:
        weight = None if samples.weight is None else samples.weight[rows]
        return Samples(take_rows(samples.X, rows), samples.targets[rows], weight, samples.labelled)

    return part(train), part(held)
