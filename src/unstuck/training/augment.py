"""Every epoch a new variant of every image: moved, turned, scaled, sheared, and bent like rubber.

Simard, Steinkraus & Platt (2003), *Best practices for convolutional neural networks applied to
visual document analysis*: a displacement drawn at random for every pixel, smoothed with a
Gaussian so that neighbours move together, is what handwriting does.

Drawing and smoothing a field for every image would cost more than training on it. A bank of
fields is drawn for every epoch instead, and an image gets one of them, rolled to a random place
and turned to a random direction, so that no two images share a deformation.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError
from unstuck.base.optional import available
from unstuck.training.warp import warp_rows

FIELDS = 512  # smooth displacement fields a bank holds
PIECE = 2048  # images warped at a time


@dataclass(frozen=True, slots=True)
class ImageAugmentation:
    """Random variants of images; give it to ``Trainer(augment=...)``.

    Parameters
    ----------
    image_shape : (int, int)
        Height and width; rows of ``X`` are images of that shape, flattened.
    shift : float
        Largest move along each axis, in pixels.
    rotation : float
        Largest angle, in degrees.
    scaling : float
        Largest relative change of size along each axis.
    shear : float
        Largest slant: pixels sideways per pixel of height.
    elastic : float
        Root mean square displacement of the elastic deformation, in pixels.
    smoothness : float
        Standard deviation of the Gaussian that smooths it, in pixels.

    Examples
    --------
    >>> X = np.zeros((2, 64), np.uint8)
    >>> X[:, 27] = 16
    >>> out = np.empty_like(X)
    >>> ImageAugmentation((8, 8), shift=1.0)(X, out, np.random.default_rng(0))
    >>> bool((out != X).any())
    True
    """

    image_shape: tuple[int, int]
    shift: float = 0.0
    rotation: float = 0.0
    scaling: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    smoothness: float = 4.0

    def __post_init__(self) -> None:
        for name in ("shift", "rotation", "scaling", "shear", "elastic"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise InvalidInputError(
                    f"{name} is {value!r}; allowed: a finite number, at least 0."
                )
        if not self.scaling < 1.0 or not self.smoothness > 0.0:
            raise InvalidInputError(
                f"scaling is {self.scaling!r} and smoothness {self.smoothness!r}; allowed: "
                "scaling under 1, smoothness above 0."
            )

    def __call__(self, X: AnyArray, out: AnyArray, rng: np.random.Generator) -> None:
        """Write a variant of every row of ``X`` (n, height * width) into ``out``."""
        height, width = self.image_shape
        if X.ndim != 2 or X.shape[1] != height * width:
            raise InvalidInputError(
                f"X has shape {X.shape}; images of {height} x {width} have "
                f"{height * width} values a row."
            )
        n = len(X)
        maps = self.draw_maps(n, rng)  # (n, 6)
        fields = self.draw_fields(rng)  # (FIELDS, 2, height, width)
        picks = np.empty((n, 3), np.int64)  # which field, rolled by how much
        picks[:, 0] = rng.integers(len(fields), size=n)
        picks[:, 1] = rng.integers(height, size=n)
        picks[:, 2] = rng.integers(width, size=n)
        images, results = X.reshape(n, height, width), out.reshape(n, height, width)
        pieces = [slice(start, start + PIECE) for start in range(0, n, PIECE)]

        def warp(piece: slice) -> None:
            warp_rows(images[piece], maps[piece], fields, picks[piece], results[piece])

        if available("numba"):  # releases the interpreter: two pieces at a time
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(warp, pieces))
        else:
            for piece in pieces:
                warp(piece)

    def draw_maps(self, n: int, rng: np.random.Generator) -> Array:
        """For every image the affine map from output to input pixels, (n, 6), centred.

        Columns: row from row, row from column, row offset; column from row, from column, offset.
        """

        def spread(largest: float) -> Array:
            return rng.uniform(-largest, largest, n)

        angle = np.deg2rad(spread(self.rotation))
        scale_rows, scale_columns = 1.0 + spread(self.scaling), 1.0 + spread(self.scaling)
        slant = spread(self.shear)
        cos, sin = np.cos(angle), np.sin(angle)
        maps = np.stack(
            [
                cos * scale_rows,
                -sin * scale_columns,
                spread(self.shift),
                (sin + slant * cos) * scale_rows,
                (cos - slant * sin) * scale_columns,
                spread(self.shift),
            ],
            axis=1,
        )
        return maps.astype(np.float32)

    def draw_fields(self, rng: np.random.Generator) -> Array:
        """A bank of smooth displacement fields in pixels, (fields, 2, height, width)."""
        height, width = self.image_shape
        if not self.elastic:
            return np.zeros((1, 2, height, width), np.float32)
        noise = rng.standard_normal((FIELDS, 2, height, width), dtype=np.float32)
        rows = np.fft.fftfreq(height)[:, None]
        columns = np.fft.rfftfreq(width)[None, :]
        # A Gaussian in space is a Gaussian in frequency; periodic, so that rolling stays smooth.
        blur = np.exp(-2.0 * (math.pi * self.smoothness) ** 2 * (rows**2 + columns**2))
        fields = np.fft.irfft2(np.fft.rfft2(noise) * blur, s=(height, width))
        fields *= self.elastic / fields.std()
        return fields.astype(np.float32)
