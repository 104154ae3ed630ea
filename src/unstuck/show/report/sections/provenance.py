"""Versions, seed, options, and the command that gives the same numbers again."""

from __future__ import annotations

from unstuck.show.report.contents import Contents, Section


def section(contents: Contents) -> Section | None:
    """None where nothing is known."""
    if contents.provenance is None:
        return None
    return Section("provenance", "Do it again", {"provenance": contents.provenance})
