"""The outcome in one sentence, and the few numbers that go with it."""

from __future__ import annotations

from unstuck.show.report.contents import Contents, Section
from unstuck.show.report.sections.diagnosis import index_of


def section(contents: Contents) -> Section:
    """Always there: it is the first thing that is read."""
    return Section(
        "outcome",
        "Outcome",
        {
            "title": contents.title,
            "outcome": contents.outcome,
            "findings": [] if contents.diagnosis is None else index_of(contents.diagnosis),
        },
    )
