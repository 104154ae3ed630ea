"""The array types that every floor shares, named once.

An ``Array`` holds float32 or float64 numbers; nothing in the library converts one into the other
behind your back (float32 in, float32 out).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
"""A float32 or float64 array."""

AnyArray: TypeAlias = npt.NDArray[Any]
"""An array of any dtype: raw pixels, labels, masks."""

FloatDType: TypeAlias = npt.DTypeLike
"""What names a dtype: ``np.float32``, ``"float64"``, ``np.dtype("f4")``."""
