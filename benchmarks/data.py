"""MNIST for the benchmarks, from the folder that ``UNSTUCK_DATA`` names; without it they skip."""

from __future__ import annotations

import os

import numpy as np

from benchmarks.task import Array

SKIPPED = "skipped: set UNSTUCK_DATA to the folder that holds MNIST's four IDX files"


def mnist() -> tuple[Array, Array, Array, Array] | None:
    """Training images (60000, 784) uint8, labels (60000,), test images, test labels; or None.

    Nothing is downloaded: a benchmark should not be the first to need the network.
    """
    from unstuck.data.mnist import load_mnist

    if not present():
        return None
    data = load_mnist()
    assert data.X_test is not None
    assert data.y_test is not None
    return data.X_train, data.y_train, data.X_test, data.y_test


def present() -> bool:
    """Whether there is MNIST without downloading it."""
    from unstuck.data.mnist import local_folder

    return bool(os.environ.get("UNSTUCK_DATA")) and local_folder("mnist") is not None


def scaled(images: Array, how: str) -> Array:
    """Pixels as float32: "unit" is 0..1 (four fifths are 0), "standard" has no zero at all."""
    unit = images.astype(np.float32) / np.float32(255)
    if how == "unit":
        return unit
    return (unit - np.float32(0.1307)) / np.float32(0.3081)  # mean and deviation of all pixels
