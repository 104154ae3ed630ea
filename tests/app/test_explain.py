"""`unstuck explain`: a code is explained, a slip is answered, no code lists all."""

import pytest

from unstuck.doctor.rules import RULES


@pytest.mark.parametrize("typed", ["G103", "g103", " G103 ", RULES["G103"].name.upper()])
def test_a_code_is_explained(unstuck, typed):
    answer = unstuck("explain", typed)
    assert answer.code == 0
    assert answer.out.startswith(f"G103: {RULES['G103'].name}\n")
    for heading in ("why", "instead", "wrong", "right"):
        assert f"\n{heading}\n" in answer.out
    assert answer.err == ""


def test_all_codes_are_listed(unstuck):
    answer = unstuck("explain")
    assert answer.code == 0
    assert all(f"  {code}  " in answer.out for code in RULES)


@pytest.mark.parametrize(("typed", "meant"), [("G13", "G103"), ("W30", "W30"), ("vanishng", "")])
def test_a_slip_is_answered(unstuck, typed, meant):
    answer = unstuck("explain", typed)
    assert answer.code == 2
    assert answer.out == ""
    assert f"unknown code '{typed}'." in answer.err
    assert f"Did you mean '{meant}" in answer.err or not meant
    assert "`unstuck explain` lists all" in answer.err
