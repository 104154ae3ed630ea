"""What a loader finds in a file, before anyone has asked what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class RawData:
    """Samples as rows of ``X``; ``y`` as it was written (text, numbers), None if there is none."""

    X: Array
    y: Array | None
    X_test: Array | None = None
    y_test: Array | None = None
    feature_names: tuple[str, ...] | None = None
    image_shape: tuple[int, int] | None = None


def flatten_images(X: Array) -> tuple[Array, tuple[int, int] | None]:
    """``X`` as (samples, features), and (height, width) if each sample was one grey picture.

    >>> flatten_images(np.zeros((5, 28, 28), dtype=np.uint8))[1]
    (28, 28)
    """
    if X.ndim <= 2:  # noqa: PLR2004 - (samples, features) already
        return X, None
    grey = X.ndim == 3 or (X.ndim == 4 and X.shape[3] == 1)  # noqa: PLR2004 - with a channel axis
    return X.reshape(len(X), -1), (X.shape[1], X.shape[2]) if grey else None
