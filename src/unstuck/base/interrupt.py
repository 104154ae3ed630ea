"""Ctrl-C as a wish that a loop asks about, so that it ends between two steps and loses nothing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """True once Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.requested = False

    def __bool__(self) -> bool:
        return self.requested


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """While inside, the first Ctrl-C is remembered; a second one raises KeyboardInterrupt.

    Outside the main thread, where Python delivers no signals, nothing is changed.

    Examples
    --------
    >>> with interruptible() as interrupt:
    ...     bool(interrupt)
    False
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return

    def remember(signum: int, frame: FrameType | None) -> None:
        if interrupt.requested:
            raise KeyboardInterrupt
        interrupt.requested = True

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN or before is None:
        yield interrupt
        return
    signal.signal(signal.SIGINT, remember)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
