"""Reading what a header promised: never more memory than the data that truly follow.

A header can promise anything. What it promises is compared with the size of the file first, and the
memory then grows with the bytes that truly arrive, a block at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from unstuck.base.errors import DataFormatError

BLOCK_BYTES = 1 << 20

# Deflate cannot shrink data by more than 1032 : 1, so a larger promise is a lie. Real data shrink
# by 2 to 50; beyond 200 a file of any size worth fearing is a bomb.
DEFLATE_LIMIT = 1032
BOMB_RATIO = 200
HARMLESS_BYTES = 64 << 20


class Readable(Protocol):
    """A file, a gzip stream or an entry of a zip archive."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        ...


def read_exactly(stream: Readable, n_bytes: int, what: str) -> bytearray:
    """The next ``n_bytes`` of ``stream``; DataFormatError when fewer follow."""
    data = bytearray()
    while len(data) < n_bytes:
        block = stream.read(min(BLOCK_BYTES, n_bytes - len(data)))
        if not block:
            raise DataFormatError(
                f"{what} is truncated: {n_bytes} bytes of data are expected after its header, "
                f"{len(data)} were found. Get the file again."
            )
        data += block
    return data


def check_compressed_size(n_bytes: int, compressed_bytes: int, what: str) -> None:
    """Refuse a promise of ``n_bytes`` that ``compressed_bytes`` cannot or should not unfold to."""
    if n_bytes > DEFLATE_LIMIT * compressed_bytes + BLOCK_BYTES:
        raise DataFormatError(
            f"{what} promises {n_bytes} bytes of data, but holds {compressed_bytes} compressed "
            "bytes, which cannot be that much. The file is damaged; get it again."
        )
    if n_bytes > max(HARMLESS_BYTES, BOMB_RATIO * compressed_bytes):
        raise DataFormatError(
            f"{what} would unfold {compressed_bytes} compressed bytes to {n_bytes}, more than "
            f"{BOMB_RATIO} to 1, as a decompression bomb does. If you trust it, store it "
            "uncompressed and give that."
        )


def file_size(path: Path) -> int:
    """Size of the file in bytes."""
    return path.stat().st_size
