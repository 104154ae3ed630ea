"""Casts that take the fractions from the inputs."""

import pytest
from tests.doctor.programs import DATA, HEALTHY, NET, assert_computes, mended, seen
from tests.trace.programs import line_of

from unstuck.doctor.truncated import truncated_inputs, truncated_steps


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


ITEMS = (
    DATA
    + """w = np.zeros(3)
for step in range(60):
    o = 1 / (1 + np.exp(-(X @ w)))
    g = X.T @ (o - T[:, 0]) / len(X)
    for j in range(3):
        w[j] -= 0.5 * g[j]
"""
)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("np.zeros(3, dtype=int)", "np.zeros(3)"),
        ("np.zeros(3, int)", "np.zeros(3)"),
        ("np.array([0, 0, 0])", "np.array([0, 0, 0]).astype(float)"),
        ("np.zeros(3).astype(int)", "np.zeros(3).astype(float)"),
    ],
)
def test_weights_of_whole_numbers(wrong, right):
    text = ITEMS.replace("np.zeros(3)", wrong)
    here = seen(text)
    (suspect,) = truncated_steps(here.program, here.tape)
    assert suspect.finding.span.line == line_of(text, "w = ")
    changed = mended(here.program, suspect.options[0])
    assert changed == ITEMS.replace("np.zeros(3)", right)
    assert_computes(changed, ITEMS, "w")


def test_whole_weights_that_are_written_as_a_whole():
    text = ITEMS.replace("np.zeros(3)", "np.zeros(3, dtype=int)")
    text = text.replace(
        "    for j in range(3):\n        w[j] -= 0.5 * g[j]", "    w[:] = w - 0.5 * g"
    )
    here = seen(text)
    assert len(truncated_steps(here.program, here.tape)) == 1


@pytest.mark.parametrize(
    "text",
    [
        ITEMS,
        ITEMS.replace("for step", "hits = np.zeros(60, int)\nfor step").replace(
            "    g = X", "    hits[step] += np.sum(o > 0.5)\n    g = X"
        ),
        ITEMS.replace("for step", "shown = np.zeros(40, int)\nfor step").replace(
            "    g = X", "    shown[:] = 100 * o\n    g = X"
        ),
    ],
)
def test_whole_numbers_that_are_no_weights(text):
    here = seen(text)
    assert truncated_steps(here.program, here.tape) == []
