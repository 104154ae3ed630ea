"""The smallest of PNG writers: one byte a pixel and a palette, nothing else.

A few hundred tiny pictures go into a page. matplotlib would take seconds for them and draw frames.
"""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

from unstuck.base.arrays import AnyArray

# Red for negative, white for 0, blue for positive: told apart by colour-blind eyes.
NEGATIVE, MIDDLE, POSITIVE = (178, 24, 43), (247, 247, 247), (33, 102, 172)


def diverging_palette() -> AnyArray:
    """256 colours, (256, 3): entry 128 is the middle.

    >>> diverging_palette()[[0, 128, 255]].tolist()
    [[178, 24, 43], [247, 247, 247], [33, 102, 172]]
    """
    down = np.linspace(NEGATIVE, MIDDLE, 129)
    up = np.linspace(MIDDLE, POSITIVE, 128)
    return np.concatenate([down, up[1:]]).round().astype(np.uint8)


def levels(values: AnyArray, limit: float) -> AnyArray:
    """Values from -limit to limit as entries of the palette; what is not finite is in the middle.

    >>> levels(np.array([-2.0, 0.0, 1.0, np.nan]), 1.0)
    array([  0, 128, 255, 128], dtype=uint8)
    """
    shares = np.clip(
        np.nan_to_num(values / (limit or 1.0), nan=0.0, posinf=1.0, neginf=-1.0), -1, 1
    )
    found: AnyArray = (128 + np.where(shares < 0, 128, 127) * shares).round().astype(np.uint8)
    return found


def png(pixels: AnyArray, palette: AnyArray) -> bytes:
    """Entries of a palette (height, width) as a file.

    >>> png(np.zeros((2, 2), np.uint8), diverging_palette())[1:4]
    b'PNG'
    """
    height, width = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.astype(np.uint8)], axis=1)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def data_uri(pixels: AnyArray, palette: AnyArray) -> str:
    """The same as the address of an image that stands in the page itself."""
    return "data:image/png;base64," + base64.b64encode(png(pixels, palette)).decode("ascii")
