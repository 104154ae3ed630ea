"""IDX files come in pairs, images beside labels, under the names that MNIST gave them.

    train-images-idx3-ubyte   train-labels-idx1-ubyte   to learn from
    t10k-images-idx3-ubyte    t10k-labels-idx1-ubyte    to test on (or test-images..., optional)

Each may end in ``.gz``, and ``-idx3`` may be written ``.idx3``, as some archives do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unstuck.base.errors import DataFormatError, InvalidInputError
from unstuck.data.idx import read_idx
from unstuck.data.raw import RawData, flatten_images

Array = np.ndarray[Any, np.dtype[Any]]

TRAIN_PREFIXES = ("train",)
TEST_PREFIXES = ("t10k", "test")
IMAGES, LABELS = "images", "labels"


def read_folder(folder: Path) -> RawData:
    """The training pair in ``folder``, and the test pair if it is there.

    Raises InvalidInputError when the training pair is not there; DataFormatError for a pair that
    does not fit together.
    """
    images = find_file(folder, TRAIN_PREFIXES, IMAGES)
    labels = find_file(folder, TRAIN_PREFIXES, LABELS)
    if images is None or labels is None:
        missing = "train-labels-idx1-ubyte" if images else "train-images-idx3-ubyte"
        raise InvalidInputError(
            f"{folder} holds no {missing} (with or without .gz). Put the pair there, images and "
            "labels, or give another folder."
        )
    X, y, shape = read_pair(images, labels)
    test_images = find_file(folder, TEST_PREFIXES, IMAGES)
    test_labels = find_file(folder, TEST_PREFIXES, LABELS)
    if test_images is None or test_labels is None:
        return RawData(X, y, image_shape=shape)
    X_test, y_test, _ = read_pair(test_images, test_labels)
    return RawData(X, y, X_test, y_test, image_shape=shape)


def find_file(folder: Path, prefixes: tuple[str, ...], kind: str) -> Path | None:
    """The file ``PREFIX-KIND...`` in ``folder``; uncompressed before gzipped; None if absent."""
    found = [
        path
        for path in sorted(folder.iterdir())
        for prefix in prefixes
        if path.name.startswith(f"{prefix}-{kind}") and path.is_file()
    ]
    return min(found, key=lambda path: path.suffix == ".gz", default=None)


def read_pair(images: Path, labels: Path) -> tuple[Array, Array, tuple[int, int] | None]:
    """Samples as rows, their labels, and the shape of a picture (None: the samples are none)."""
    X, y = read_idx(images), read_idx(labels)
    if y.ndim != 1 and X.ndim == 1:
        raise DataFormatError(
            f"{images} holds labels and {labels} images; give them the other way."
        )
    if y.ndim != 1:
        raise DataFormatError(f"{labels} holds shape {y.shape}; labels have one dimension.")
    if len(X) != len(y):
        raise DataFormatError(
            f"{images} holds {len(X)} samples, {labels} {len(y)} labels; they must be as many."
        )
    X, shape = flatten_images(X)
    return X, y, shape


def partner(path: Path) -> Path | None:
    """The labels beside a file of images, by name; None if there are none."""
    at = path.name.rfind(IMAGES)
    if at < 0:
        return None
    return find_file(path.parent, (path.name[:at].rstrip("-._"),), LABELS) if at else None
