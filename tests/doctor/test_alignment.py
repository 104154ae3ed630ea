"""Inputs and targets that no longer belong together, and the order that both should have."""

import pytest
from tests.doctor.programs import DATA, HEALTHY, NET, assert_computes, mended, net, seen
from tests.trace.programs import line_of

from unstuck.doctor.alignment import misaligned
from unstuck.doctor.examine import examine
from unstuck.trace.program import Program

ORDER = "order = rng.permutation(40)\n"
BOTH = NET.replace(DATA, f"{DATA}{ORDER}X, T = X[order], T[order]\n")
ONE_BY_ONE = NET.replace(DATA, f"{DATA}{ORDER}A = X[order]\nB = T[order]\nX, T = A, B\n")


def found(text):
    here = seen(text)
    return here, misaligned(here.program, here.traced) if here.traced is not None else []


@pytest.mark.parametrize("text", [*HEALTHY.values(), BOTH, ONE_BY_ONE])
def test_what_belongs_together_is_not_suspected(text):
    assert found(text)[1] == []


@pytest.mark.parametrize(
    ("right", "part", "wrong", "line"),
    [
        (BOTH, "X[order], T[order]", "X[order], T", "X, T = X[order], T"),
        (BOTH, "X[order], T[order]", "X, T[order]", "X, T = X, T[order]"),
        (ONE_BY_ONE, "B = T[order]", "B = T", "A = X[order]"),
        (ONE_BY_ONE, "A = X[order]", "A = X", "B = T[order]"),
    ],
)
def test_the_other_is_picked_by_the_same_order(right, part, wrong, line):
    text = right.replace(part, wrong)
    here, (suspect,) = found(text)
    assert suspect.code == "D404"
    assert suspect.finding.span.line == line_of(text, line)
    assert_computes(mended(here.program, suspect.options[0]), right)


def test_a_network_that_learns_such_targets_by_heart_is_stuck():
    text = BOTH.replace("T[order]", "T").replace("range(60)", "range(3000)")
    diagnosis = examine(Program({"program.py": text}, "program.py"), rerun=False)
    assert diagnosis.progress.end > diagnosis.progress.chance + 0.1
    assert diagnosis.verdict == "stuck"
    assert "by heart" in diagnosis.reason


def test_the_other_place_of_a_reversed_sign_is_no_second_mistake():
    text = net(("(o - T) / len(X)", "(T - o) / len(X)"))
    diagnosis = examine(Program({"program.py": text.replace("(60)", "(600)")}, "program.py"))
    assert [f.severity for f in diagnosis.findings if f.code == "G101"] == ["cause", "fault"]
    assert "more mistake" not in str(diagnosis)
