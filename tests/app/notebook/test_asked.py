"""What stands behind ``%%doctor``."""

import pytest

from unstuck.app.notebook.asked import Asked, read_line
from unstuck.base.errors import InvalidInputError


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("", Asked()),
        ("--budget 5", Asked(budget=5.0)),
        ("--budget=5 --no-rerun", Asked(budget=5.0, rerun=False)),
        ("--next", Asked(into_next=True)),
        ("train(X, -1)", Asked("train(X, -1)")),
    ],
)
def test_options_come_first(line, asked):
    assert read_line(line, code_allowed=True) == asked


@pytest.mark.parametrize(
    "line", ["--budget", "--budget 0", "--budget nan", "--budget x", "--fast", "x"]
)
def test_what_is_wrong_is_said_with_what_is_allowed(line):
    with pytest.raises(InvalidInputError, match="budget"):
        read_line(line, code_allowed=False)
