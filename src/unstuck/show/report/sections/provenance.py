"""Versions, seed, options, and the command that gives the same numbers again."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from unstuck.show.report.contents import Contents, Section

LONGEST = 400  # characters of one value


def section(contents: Contents) -> Section | None:
    """None where nothing is known."""
    known = contents.provenance
    if known is None:
        return None
    context = {
        "command": quoted(["unstuck", *known.command]) if known.command else "",
        "seed": known.seed,
        "started": known.started,
        "notes": known.notes,
        "tables": [
            (name, rows(values))
            for name, values in (
                ("Data", known.data),
                ("Options", known.options),
                ("Versions", known.versions),
            )
            if values
        ],
    }
    return Section("provenance", "Do it again", context)


def quoted(words: Sequence[str]) -> str:
    """A command as it is typed into this system's shell.

    >>> quoted(["unstuck", "train", "my file.csv"])  # doctest: +SKIP
    "unstuck train 'my file.csv'"
    """
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def rows(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values as text, what was not set left out."""
    return [(name.replace("_", " "), text(v)) for name, v in values.items() if v not in (None, "")]


def text(value: Any) -> str:
    """One value in a line.

    >>> text((128, 128)), text(True), text({"rate": 0.1}), text(0.001)
    ('128, 128', 'yes', '{"rate": 0.1}', '0.001')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        found = json.dumps(value, default=str, ensure_ascii=False)
    elif isinstance(value, list | tuple):
        found = ", ".join(str(item) for item in value)
    else:
        found = str(value)
    return found if len(found) <= LONGEST else found[:LONGEST] + " ..."
