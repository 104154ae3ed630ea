"""The outcome in one sentence, and the few numbers that go with it."""

from __future__ import annotations

from unstuck.show.report.contents import Contents, Section


def section(contents: Contents) -> Section:
    """Always there: it is the first thing that is read."""
    return Section("outcome", "Outcome", {"title": contents.title, "outcome": contents.outcome})
