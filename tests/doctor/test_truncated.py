"""Casts that take the fractions from the inputs."""

import pytest
from tests.doctor.programs import DATA, HEALTHY, NET, assert_computes, mended, seen
from tests.trace.programs import line_of

from unstuck.doctor.truncated import truncated_inputs


def found(text):
    here = seen(text)
    return here, truncated_inputs(here.program, here.traced) if here.traced is not None else []


def cast(text):
    return NET.replace(DATA, f"{DATA}X = {text}\n")


@pytest.mark.parametrize(
    "text",
    [
        *HEALTHY.values(),
        cast("(X * 100).astype(int)"),
        cast("X.astype(np.float32)"),
        cast("np.array(X)"),
        NET.replace(DATA, f"{DATA}T = T.astype(int)\n"),
    ],
)
def test_casts_that_take_nothing_away(text):
    assert found(text)[1] == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("X.astype(int)", "X"),
        ("X.astype(dtype=np.int64)", "X"),
        ("np.array(X, dtype=int)", "np.array(X)"),
    ],
)
def test_fractions_that_are_cut_off_are_kept(wrong, right):
    text = cast(wrong)
    here, (suspect,) = found(text)
    assert suspect.code == "D407"
    assert suspect.finding.span.line == line_of(text, wrong)
    assert_computes(mended(here.program, suspect.options[0]), cast(right))
