"""Where the browser is, and what becomes of a test when it is not there."""

import os
import shutil

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium():
    """The path of the browser; None where there is none."""
    named = os.environ.get("UNSTUCK_CHROMIUM")
    return named or next(filter(None, map(shutil.which, PROGRAMS)), None)


def give_up(why):
    """Skip, or fail where a browser must be there."""
    if os.environ.get("UNSTUCK_BROWSER") == "required":
        pytest.fail(f"UNSTUCK_BROWSER=required, but {why}")
    pytest.skip(why)
