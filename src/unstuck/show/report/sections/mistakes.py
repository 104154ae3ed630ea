"""The section "mistakes" of the page."""

from __future__ import annotations

from unstuck.show.report.contents import Contents, Section


def section(contents: Contents) -> Section | None:
    """None where it does not apply."""
    return None
