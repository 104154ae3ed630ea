"""The hook upwards reaches what it lists, imports nothing before that, and says what it has."""

import subprocess
import sys

import pytest

from unstuck.base import display
from unstuck.base.errors import InvalidInputError


class Notes(display.Displayed):
    __slots__ = ("text",)


@pytest.mark.parametrize("purpose", display.REACHED)
def test_every_listed_function_exists(purpose):
    found = display.reach(purpose)
    assert callable(found)
    assert found.__doc__


def test_unknown_purpose_lists_the_known_ones():
    with pytest.raises(InvalidInputError, match=r"unknown display 'plto'.*Did you mean 'plot'"):
        display.reach("plto")


def test_methods_hand_over_the_object_and_its_options(monkeypatch):
    seen = []
    monkeypatch.setattr(
        display, "reach", lambda purpose: lambda *a, **k: seen.append((purpose, a, k)) or "<p>"
    )
    notes = Notes()
    notes.plot(title="x")
    assert notes._repr_html_() == "<p>"
    assert seen == [("plot", (notes,), {"title": "x"}), ("html", (notes,), {})]


def test_the_mixin_keeps_slots():
    assert not hasattr(Notes(), "__dict__")


def test_the_hook_imports_no_upper_floor():
    program = "import sys, unstuck.base.display; sys.exit('unstuck.show' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
