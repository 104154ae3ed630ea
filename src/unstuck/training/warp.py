"""Sample images at moved positions (bilinear): compiled where Numba is there, else in NumPy.

Both do the same sums in the same order on the same float32 numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.optional import available


def warp_rows(images: AnyArray, maps: Array, fields: Array, picks: AnyArray, out: AnyArray) -> None:
    """Fill ``out`` (n, height, width) with ``images`` seen through maps and fields.

    Output pixel (r, c) shows the input at ``map @ (r, c, 1) + field[(r, c) rolled]``, both taken
    from the image's centre; outside the image is 0.
    """
    whole = int(out.dtype.kind in "iu")
    if available("numba"):
        _compiled()(images, maps, fields, picks, out, whole)
    else:
        _in_numpy(images, maps, fields, picks, out, whole)


def _in_numpy(
    images: AnyArray, maps: Array, fields: Array, picks: AnyArray, out: AnyArray, whole: int
) -> None:
    n, height, width = images.shape
    half_r, half_c = np.float32((height - 1) / 2), np.float32((width - 1) / 2)
    r = np.arange(height, dtype=np.float32)[:, None] - half_r
    c = np.arange(width, dtype=np.float32)[None, :] - half_c
    for i in range(n):
        m = maps[i]
        field = np.roll(fields[picks[i, 0]], (-picks[i, 1], -picks[i, 2]), axis=(1, 2))
        y = m[0] * r + m[1] * c + m[2] + half_r + field[0]  # (height, width)
        x = m[3] * r + m[4] * c + m[5] + half_c + field[1]
        y0, x0 = np.floor(y), np.floor(x)
        fy, fx = y - y0, x - x0
        rows, columns = y0.astype(np.int64), x0.astype(np.int64)
        padded = np.zeros((height + 2, width + 2), np.float32)
        padded[1:-1, 1:-1] = images[i]

        def at(rr: AnyArray, cc: AnyArray, padded: Array = padded) -> Array:
            rr, cc = np.clip(rr + 1, 0, height + 1), np.clip(cc + 1, 0, width + 1)
            return padded[rr, cc]

        top = at(rows, columns) * (1 - fx) + at(rows, columns + 1) * fx
        bottom = at(rows + 1, columns) * (1 - fx) + at(rows + 1, columns + 1) * fx
        value = top * (1 - fy) + bottom * fy
        out[i] = np.rint(value) if whole else value


@functools.cache
def _compiled() -> Callable[..., None]:
    import numba

    compiled: Callable[..., None] = numba.njit(nogil=True, cache=True)(_loop)
    return compiled


def _loop(images: Any, maps: Any, fields: Any, picks: Any, out: Any, whole: int) -> None:
    """The same in loops, for the compiler."""
    n, height, width = images.shape
    half_r, half_c = np.float32((height - 1) / 2), np.float32((width - 1) / 2)
    one = np.float32(1)
    padded = np.zeros((height + 2, width + 2), np.float32)
    for i in range(n):
        for r in range(height):
            for c in range(width):
                padded[r + 1, c + 1] = images[i, r, c]
        m, field = maps[i], fields[picks[i, 0]]
        for r in range(height):
            rolled_r = (r + picks[i, 1]) % height
            dr = np.float32(r) - half_r
            for c in range(width):
                rolled_c = (c + picks[i, 2]) % width
                dc = np.float32(c) - half_c
                y = m[0] * dr + m[1] * dc + m[2] + half_r + field[0, rolled_r, rolled_c]
                x = m[3] * dr + m[4] * dc + m[5] + half_c + field[1, rolled_r, rolled_c]
                y0, x0 = np.floor(y), np.floor(x)
                fy, fx = y - y0, x - x0
                top_r = min(max(int(y0) + 1, 0), height + 1)
                low_r = min(max(int(y0) + 2, 0), height + 1)
                left_c = min(max(int(x0) + 1, 0), width + 1)
                right_c = min(max(int(x0) + 2, 0), width + 1)
                top = padded[top_r, left_c] * (one - fx) + padded[top_r, right_c] * fx
                bottom = padded[low_r, left_c] * (one - fx) + padded[low_r, right_c] * fx
                value = top * (one - fy) + bottom * fy
                out[i, r, c] = np.rint(value) if whole else value
