"""`unstuck train --report`: the page of a run, written in passing.

A run without its page is still a run, so a failure is only said.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unstuck.app.outcome import Outcome
from unstuck.app.screen import Screen
from unstuck.base.errors import UnstuckError


def write_report(
    folder: Path, description: Mapping[str, Any], outcome: Outcome | None, screen: Screen
) -> Path | None:
    """Write report.html into the folder; without an outcome, of what a run left that broke."""
    try:
        from unstuck.app.report_file import REPORT, page_path, write_page
        from unstuck.app.report_run import folder_contents, outcome_contents

        path = page_path(folder / REPORT, force=False)
        if outcome is None:
            contents = folder_contents(str(folder), screen)
        else:
            contents = outcome_contents(folder, description, outcome)
        write_page(path, contents)
    except (ImportError, OSError, UnstuckError) as error:
        screen.warn(f"The run is saved, but its page could not be written: {error}")
        return None
    return path
