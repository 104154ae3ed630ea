"""What a notebook finds in its namespace besides Python's own: `display` and `get_ipython`."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

LONGEST = 2000  # characters of what is displayed


def display(*objects: Any, **_: Any) -> Handle:
    """Print what is displayed; whatever an object does then stops no program."""
    for each in objects:
        with suppress(Exception):
            sys.stdout.write(f"{each!r}"[:LONGEST] + "\n")
    return Handle()


class Handle:
    """What `display` returns, and what `get_ipython` gives: asked for anything, it does nothing."""

    config: dict[str, Any] = {}  # noqa: RUF012 - programs look into it for the kind of notebook

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return nothing


def nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


def get_ipython() -> Handle:
    """The notebook that is not there."""
    return Handle()


NAMES = {"display": display, "get_ipython": get_ipython}
for quiet in (display, get_ipython, nothing):
    quiet.__module__ = "builtins"  # they neither make numbers nor change arrays
