"""Steps of the wrong size: mended where they get it, by one number for all that have it."""

import pytest
from tests.doctor.programs import NET, assert_computes, exchanged, mended, net, seen
from tests.trace.programs import line_of

from unstuck.doctor.gradient import judge_gradients_of

PATIENCE = 60.0


def found(text):
    here = seen(text)
    return here, judge_gradients_of(here.program, here.traced, PATIENCE).suspects


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("0.5 * h.T @ d", "0.5 * 40 * h.T @ d", "40 * h.T @ d"),
        ("0.5 * h.T @ d", "0.5 * 100 * h.T @ d", "100 * h.T @ d"),
        ("0.5 * h.T @ d", "0.5 * h.T @ d * len(X)", "h.T @ d * len(X)"),
        ("0.5 * h.T @ d", "0.5 * h.T @ d / 1000", "h.T @ d / 1000"),
        ("0.5 * h.T @ d", "0.5 * (20 * h).T @ d", "(20 * h).T @ d"),
    ],
)
def test_one_step_of_another_size(right, wrong, line):
    text = net((right, wrong))
    here, (suspect,) = found(text)
    assert suspect.code in {"G111", "G103"}
    assert suspect.finding.evidence["parameters"] == ["W2"]
    assert suspect.finding.span.line == line_of(text, line)
    assert_computes(mended(here.program, suspect.options[0]), NET)


def test_two_parameters_that_get_it_in_one_place():
    """The error of the hidden layer is too large: one number, one place, one finding."""
    right = net(("    W1 = W1", "    e = e * 1.0\n    W1 = W1"))
    text = exchanged(right, ("e * 1.0", "e * 30.0"))
    here, (suspect,) = found(text)
    assert suspect.finding.evidence["parameters"] == ["W1", "b1"]
    assert suspect.finding.evidence["relative"] == pytest.approx(30.0)
    assert suspect.finding.span.line == line_of(text, "e * 30.0")
    assert_computes(mended(here.program, suspect.options[0]), NET)


def test_a_size_that_somebody_may_have_chosen_is_a_note():
    """Another rate for another layer: said, and left as it is."""
    _, suspects = found(net(("0.5 * h.T @ d", "0.1 * h.T @ d")))
    assert [(s.code, s.finding.severity, s.options) for s in suspects] == [("G111", "note", ())]
    assert suspects[0].finding.evidence["relative"] == pytest.approx(0.2)
