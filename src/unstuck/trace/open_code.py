"""Where a statement ends, line by line: strings and brackets that are open, without parsing.

A cell of a notebook is no Python before its magics are out of it, so no parser can say which
lines begin a statement; ``%`` there is a magic, and inside of brackets the remainder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CODE = re.compile(r"\"\"\"|'''|[\"'#()\[\]{}=\\]")
STRINGS = {quote: re.compile(rf"\\(?:.|$)|{quote}") for quote in ('"""', "'''", '"', "'")}
BEFORE_EQUALS = set("=<>!+-*/%&|^:@~")


@dataclass(frozen=True, slots=True)
class Seen:
    """What one line holds: where its code ends, and ``!`` or ``%`` behind a ``=`` of its own.

    ``closed`` is True if a statement ends with the line.
    """

    end: int
    escape: int | None
    closed: bool


class OpenCode:
    """What is open after the lines that were read.

    >>> code = OpenCode()
    >>> _ = code.read("x = (1 +  # (")
    >>> code.closed, code.depth
    (False, 1)
    """

    __slots__ = ("continued", "depth", "quote")

    def __init__(self) -> None:
        self.quote = ""
        self.depth = 0
        self.continued = False

    @property
    def closed(self) -> bool:
        """True if a new statement may begin."""
        return not (self.quote or self.depth or self.continued)

    def read(self, text: str) -> Seen:
        """Go through one more line."""
        self.continued = False
        at, end, escape = 0, len(text), None
        while at < len(text):
            if self.quote:
                at = self._string(text, at)
                continue
            found = CODE.search(text, at)
            if found is None:
                break
            at = found.end()
            mark = found.group()
            if mark == "#":
                end = found.start()
                break
            if mark == "=" and escape is None and not self.depth:
                escape = _escape(text, found.start())
            else:
                self._code(mark, last=at == len(text))
        if len(self.quote) == 1 and not self.continued:
            self.quote = ""  # not closed on its line: Python will say so
        return Seen(end, escape, self.closed)

    def _string(self, text: str, at: int) -> int:
        found = STRINGS[self.quote].search(text, at)
        if found is None:
            return len(text)
        if found.group() == self.quote:
            self.quote = ""
        self.continued = found.group() == "\\" and len(self.quote) == 1
        return found.end()

    def _code(self, mark: str, *, last: bool) -> None:
        if mark in STRINGS:
            self.quote = mark
        elif mark in "([{":
            self.depth += 1
        elif mark in ")]}":
            self.depth = max(0, self.depth - 1)
        elif mark == "\\":
            self.continued = last


def _escape(text: str, equals: int) -> int | None:
    """Where a ``!`` or ``%`` follows on a plain ``=``, which Python does not know."""
    if equals and text[equals - 1] in BEFORE_EQUALS:
        return None
    rest = text[equals + 1 :]
    start = equals + 1 + len(rest) - len(rest.lstrip())
    return start if text[start : start + 1] in ("!", "%") else None
