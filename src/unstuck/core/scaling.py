"""How raw inputs become network inputs: ``(x - shift) * scale``, kept and saved with the network.

The constants are found once, on the training data, chunk by chunk, so that a memory-mapped array
is never loaded whole; they are applied batch by batch, so that pixels can stay bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray, Array, FloatDType
from unstuck.base.errors import InvalidInputError, lookup
from unstuck.core.moments import Moments

HOW = ("auto", "none", "unit", "standard")
CHUNK = 1 << 20  # numbers looked at at a time: 8 MB as float64
PIXEL_MAXIMA = (1, 15, 16, 255, 1023, 4095, 65535)  # bits, hexadecimal, digits, 8 .. 16 bit images


@dataclass(frozen=True, slots=True, eq=False)
class InputScaling:
    """A scaling of the input features: ``(x - shift) * scale``.

    ``kind`` is "none", "unit" (to 0..1) or "standard" (mean 0, variance 1 for each feature).
    ``shift`` and ``scale`` are numbers, or arrays (features,).

    >>> import numpy as np
    >>> pixels = np.array([[0, 255], [255, 0]], dtype=np.uint8)
    >>> scaling = InputScaling.fit(pixels)
    >>> scaling.kind, scaling.apply(pixels, np.float32)
    ('unit', array([[0., 1.],
           [1., 0.]], dtype=float32))
    """

    kind: str = "none"
    shift: float | Array = 0.0
    scale: float | Array = 1.0

    @classmethod
    def fit(cls, X: AnyArray, how: str = "auto") -> InputScaling:
        """Find the scaling for training data ``X`` (n, features).

        ``how`` is "none", "unit" (divide by the largest value a pixel can have), "standard", or
        "auto": unit where X holds pixels (bytes, or whole numbers from 0 to a maximum that images
        have, such as 16 or 255, or fractions from exactly 0 to exactly 1), else standard.

        Raises InvalidInputError for a NaN or an infinity, with its row and column.
        """
        lookup(how, dict.fromkeys(HOW), "scaling")
        X = _as_matrix(X)
        if how == "none":
            return cls()
        moments = Moments.of(_chunks(X), bounds_only=how == "unit" or X.dtype.kind in "ub")
        if how == "unit" or (how == "auto" and _is_pixels(X.dtype, moments)):
            return cls._unit(moments)
        if moments.mean is None:  # bytes, but standard was asked for
            moments = Moments.of(_chunks(X))
        return cls._standard(moments)

    @classmethod
    def _unit(cls, moments: Moments) -> InputScaling:
        low, high = moments.low, moments.high
        if low >= 0 and moments.whole:
            ceiling = next((m for m in PIXEL_MAXIMA if high <= m), high)
            return cls("unit", 0.0, 1.0 / ceiling)
        if low >= 0 and high <= 1:
            return cls("unit", 0.0, 1.0)
        shift = min(low, 0.0)
        return cls("unit", shift, 1.0 / ((high - shift) or 1.0))

    @classmethod
    def _standard(cls, moments: Moments) -> InputScaling:
        mean, std = moments.mean_and_std()
        scale = np.divide(1.0, std, out=np.ones_like(std), where=std > 0)  # constant: only centred
        return cls("standard", mean, scale)

    def apply(self, X: AnyArray, dtype: FloatDType, out: Array | None = None) -> Array:
        """``(X - shift) * scale`` as floats of ``dtype``: (n, features); ``out`` may be ``X``."""
        self._check_width(X)
        if out is None:
            out = np.empty(X.shape, dtype=dtype)
        if self.kind == "none":
            if out is not X:
                np.copyto(out, X, casting="unsafe")
            return out
        if X.dtype == np.float64:  # subtracted in float64: far from 0, float32 would lose digits
            np.subtract(X, self.shift, out=out, casting="unsafe")
        else:
            if out is not X:
                np.copyto(out, X, casting="unsafe")
            if self.kind != "unit" or self.shift:
                out -= _as(out.dtype, self.shift)
        out *= _as(out.dtype, self.scale)
        return out

    def _check_width(self, X: AnyArray) -> None:
        if isinstance(self.shift, np.ndarray) and X.shape[-1] != len(self.shift):
            raise InvalidInputError(
                f"X has {X.shape[-1]} features (shape {X.shape}), but the scaling was fitted to "
                f"{len(self.shift)}."
            )

    def to_dict(self) -> dict[str, Any]:
        """``{"kind": str, "shift": array, "scale": array}``, arrays () or (features,)."""
        return {
            "kind": self.kind,
            "shift": np.asarray(self.shift, dtype=np.float64),
            "scale": np.asarray(self.scale, dtype=np.float64),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> InputScaling:
        """The scaling that ``to_dict`` described."""
        if stored["kind"] not in HOW[1:]:
            lookup(stored["kind"], dict.fromkeys(HOW[1:]), "scaling")
        return cls(stored["kind"], _constant(stored["shift"]), _constant(stored["scale"]))


def _as(dtype: np.dtype[Any], constant: float | Array) -> float | Array:
    return constant.astype(dtype) if isinstance(constant, np.ndarray) else constant


def _constant(stored: Any) -> float | Array:
    array = np.array(stored, dtype=np.float64)
    if array.ndim > 1 or not np.isfinite(array).all():
        raise InvalidInputError(
            f"a scaling needs finite numbers, one or one per feature, got shape {array.shape}."
        )
    return float(array) if array.ndim == 0 else array


def _as_matrix(X: AnyArray) -> AnyArray:
    X = np.asanyarray(X)
    if X.dtype.kind not in "fiub":
        raise InvalidInputError(f"X must hold numbers, got dtype {X.dtype}.")
    if X.ndim < 1 or X.size == 0:
        raise InvalidInputError(f"X must hold at least one sample, got shape {X.shape}.")
    return X


def _chunks(X: AnyArray) -> Iterator[AnyArray]:
    """The rows of X, some at a time, as matrices (rows, features)."""
    rows = max(1, CHUNK * len(X) // X.size)
    for start in range(0, len(X), rows):
        yield X[start : start + rows].reshape(min(rows, len(X) - start), -1)


def _is_pixels(dtype: np.dtype[Any], moments: Moments) -> bool:
    if dtype in (np.uint8, np.bool_):
        return True
    if moments.low < 0:
        return False
    if moments.whole:
        return moments.high in PIXEL_MAXIMA
    return moments.low == 0.0 and moments.high == 1.0
