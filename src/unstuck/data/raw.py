"""What is asked of a loader, and what it finds in a file before anyone has asked what it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unstuck.base.arrays import AnyArray


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller knows beforehand.

    Attributes
    ----------
    target : the column (name, or index from 0; negative from the end), the array or the file that
        is to be predicted; None lets the loader choose, as its own file says.
    task : "classification" or "regression"; None: by the values.
    n_features : the width a trained network expects; a file of just that width has no target.
    """

    target: str | int | None = None
    task: str | None = None
    n_features: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RawData:
    """Samples as rows of ``X``; ``y`` as it was written (text, numbers), None if there is none."""

    X: AnyArray
    y: AnyArray | None
    X_test: AnyArray | None = None
    y_test: AnyArray | None = None
    feature_names: tuple[str, ...] | None = None
    image_shape: tuple[int, int] | None = None


Loader = Callable[[Path, Wanted], RawData]


def flatten_images(X: AnyArray) -> tuple[AnyArray, tuple[int, int] | None]:
    """``X`` as (samples, features), and (height, width) if each sample was one grey picture.

    >>> import numpy as np
    >>> flatten_images(np.zeros((5, 28, 28), dtype=np.uint8))[1]
    (28, 28)
    """
    if X.ndim <= 2:
        return X, None
    grey = X.ndim == 3 or (X.ndim == 4 and X.shape[3] == 1)
    return X.reshape(len(X), -1), (X.shape[1], X.shape[2]) if grey else None
