"""The probe's own end of the program, which no ``except`` of the program can keep from coming."""

from __future__ import annotations


class Stopped(BaseException):
    """Raised in the program to end it; raised again at the next hook if it was swallowed."""


class Ending:
    """Whether the program is being ended, and why."""

    __slots__ = ("why",)

    def __init__(self) -> None:
        self.why = ""

    def stop(self, why: str) -> None:
        """End the program now."""
        if not self.why:
            self.why = why
        raise Stopped(self.why)

    def caught(self) -> None:
        """Go on ending, if that is what is happening."""
        if self.why:
            raise Stopped(self.why)
