"""The file that a page is written to: whole or not at all, and never over somebody else's file."""

from __future__ import annotations

from pathlib import Path

from unstuck.base.errors import InvalidInputError
from unstuck.base.files import atomic_write
from unstuck.show.report.contents import Contents
from unstuck.show.report.page import MARK, page_html

REPORT = "report.html"  # in a run folder
HEAD = 4096  # bytes in which our mark stands


def page_path(path: str | Path, *, force: bool) -> Path:
    """Where the page goes, found to be free or ours before any work starts.

    Raises InvalidInputError where something else stands there.
    """
    target = Path(path)
    if target.is_dir():
        raise InvalidInputError(f"{target} is a folder; name a file, such as {target / REPORT}.")
    if not target.parent.is_dir():
        raise InvalidInputError(f"there is no folder {target.parent}; make it first.")
    if target.exists() and not force and not is_report(target):
        raise InvalidInputError(
            f"{target} exists and is no page that unstuck wrote. Choose another name with --out, "
            "or replace it with --force."
        )
    return target


def is_report(path: Path) -> bool:
    """True for a page of ours."""
    with path.open("rb") as file:
        return MARK.encode() in file.read(HEAD)


def write_page(path: Path, contents: Contents) -> int:
    """Write the page; returns how many bytes it has."""
    page = page_html(contents).encode()
    with atomic_write(path) as file:
        file.write(page)
    return len(page)
