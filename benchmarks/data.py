"""MNIST for the benchmarks, from the folder that ``UNSTUCK_DATA`` names; without it they skip."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np

from benchmarks.task import Array

SKIPPED = "skipped: set UNSTUCK_DATA to a folder with MNIST's four IDX files"


def mnist() -> tuple[Array, Array, Array, Array] | None:
    """Training images (60000, 784) uint8, labels (60000,), test images, test labels; or None."""
    folder = os.environ.get("UNSTUCK_DATA")
    if not folder:
        return None
    root = Path(folder)
    root = root / "mnist" if (root / "mnist").is_dir() else root

    def read(name: str, header: int) -> Array:
        packed = root / f"{name}.gz"
        raw = gzip.decompress(packed.read_bytes()) if packed.exists() else (root / name).read_bytes()
        return np.frombuffer(raw, np.uint8, offset=header)

    return (
        read("train-images-idx3-ubyte", 16).reshape(-1, 784),
        read("train-labels-idx1-ubyte", 8),
        read("t10k-images-idx3-ubyte", 16).reshape(-1, 784),
        read("t10k-labels-idx1-ubyte", 8),
    )


def scaled(images: Array, how: str) -> Array:
    """Pixels as float32: "unit" is 0..1 (four fifths are 0), "standard" has no zero at all."""
    unit = images.astype(np.float32) / np.float32(255)
    if how == "unit":
        return unit
    return (unit - np.float32(0.1307)) / np.float32(0.3081)
