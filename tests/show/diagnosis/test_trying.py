"""What is being tried is said on a line of its own, and nothing of it is left behind."""

import io

import pytest
from rich.console import Console

from unstuck.show.diagnosis.progress import Trying


def console(*, terminal):
    text = io.StringIO()
    return text, Console(file=text, force_terminal=terminal, width=40, color_system=None)


def test_plain_lines_where_there_is_no_terminal():
    text, where = console(terminal=False)
    with Trying(where, 60.0) as say:
        for what in ("running the program", "running the program", "re-running [1]\x1b[2J"):
            say(what)
    assert text.getvalue() == "running the program ...\nre-running [1]\\x1b[2J ...\n"


def test_a_live_line_in_a_terminal():
    text, where = console(terminal=True)
    with Trying(where, 60.0) as say:
        say("checking the gradient of " + "W" * 100)
        where.print(say)
    lines = [line for line in text.getvalue().splitlines() if "checking" in line]
    assert lines
    assert "of 60 s" in lines[0]
    assert "..." in lines[0]


def test_the_line_goes_when_something_breaks():
    _, where = console(terminal=True)
    trying = Trying(where, 60.0)
    with pytest.raises(KeyboardInterrupt), trying:
        raise KeyboardInterrupt
    assert trying._live is None


def test_silence():
    with Trying(None, 60.0) as say:
        say("anything")
