"""What a program prints, kept within bounds: the beginning and the end of it."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import IO

CHUNK = 1 << 16


class Kept:
    """Bytes as they come, of which the first and the last half of ``limit`` are kept."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.total = 0
        self._first: list[bytes] = []
        self._first_size = 0
        self._last: deque[bytes] = deque()
        self._last_size = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.total += len(chunk)
        room = self.limit - self.limit // 2 - self._first_size
        if room > 0:
            self._first.append(chunk[:room])
            self._first_size += len(self._first[-1])
            chunk = chunk[room:]
        if not chunk:
            return
        self._last.append(chunk)
        self._last_size += len(chunk)
        while self._last_size - len(self._last[0]) >= self.limit // 2:
            self._last_size -= len(self._last.popleft())

    @property
    def truncated(self) -> bool:
        """True if something was left out."""
        return self.total > self.limit

    def text(self) -> str:
        """What was kept, with a line in the middle that says how much was left out."""
        first, last = b"".join(self._first), b"".join(self._last)
        if not self.truncated:
            return _decode(first + last)
        last = last[max(0, len(last) - self.limit // 2) :]
        left_out = self.total - len(first) - len(last)
        return f"{_decode(first)}\n... {left_out} bytes left out ...\n{_decode(last)}"


def keep_reading(pipe: IO[bytes], kept: Kept, flooded: Callable[[], None]) -> threading.Thread:
    """Read ``pipe`` to its end in a thread; call ``flooded`` once more came than is kept."""

    def read() -> None:
        told = False
        while True:
            try:
                chunk = os.read(pipe.fileno(), CHUNK)
            except (OSError, ValueError):  # closed under our hands
                return
            if not chunk:
                return
            kept.add(chunk)
            if kept.truncated and not told:
                told = True
                flooded()

    thread = threading.Thread(target=read, name="unstuck output", daemon=True)
    thread.start()
    return thread


def _decode(raw: bytes) -> str:
    text = raw.decode("utf-8", errors="replace")
    return text.replace("\r\n", "\n") if os.linesep == "\r\n" else text
