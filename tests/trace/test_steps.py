"""Parameters, optimiser's memory and updates, read off whole programs and small tapes."""

from itertools import pairwise

import numpy as np
import pytest
from tests.trace.build import TapeBuilder
from tests.trace.programs import DATA, STYLES, names_of, traced, traced_text

from unstuck.trace.steps import Lineage, find_steps, is_number

ALL = pytest.mark.parametrize("style", STYLES)


@ALL
def test_every_parameter_is_found_and_nothing_else(style):
    _, found = traced(style)
    sizes = {
        name: parameter.shape or (parameter.size,)
        for name, parameter in zip(names_of(found), found.steps.parameters, strict=True)
    }
    assert sizes == STYLES[style].shapes
    assert all(parameter.moves for parameter in found.steps.parameters)


@ALL
def test_every_update_is_a_window(style):
    """The new value of the last update is read by nobody, so that one is not seen."""
    _, found = traced(style)
    windows = found.steps.windows
    assert len(windows) == STYLES[style].updates - 1
    assert windows[0].first >= found.tape.start
    for one, other in pairwise(windows):
        assert one.first < one.last == other.first


@ALL
def test_a_window_holds_one_step_of_every_number(style):
    _, found = traced(style)
    for window in found.steps.windows[:5]:
        for parameter in found.steps.parameters:
            for lineage in parameter.lineages:
                within = [v for v in lineage.versions if window.first <= v < window.last]
                assert len(within) == 1
                assert lineage.at(window.first) < window.first <= lineage.at(window.last)


@pytest.mark.parametrize(
    ("style", "count"),
    [("rows", 0), ("lists", 0), ("decay", 0), ("picked", 0), ("momentum", 2), ("adam", 8)],
)
def test_what_an_optimiser_remembers_is_no_parameter(style, count):
    _, found = traced(style)
    assert len(found.steps.states) == count
    assert all(not np.any(found.tape[state.first].value) for state in found.steps.states)


@pytest.mark.xfail(reason="the first name ever given counts, that of a comprehension's variable")
def test_parameters_in_a_list_have_names_of_their_own():
    _, found = traced("adam")
    names = [found.name_of(k) for k in range(4)]
    assert len(set(names)) == 4, names


PLAIN = (
    DATA
    + """
W = rng.normal(size=(3, 2))
b = np.zeros(2)
{before}
for step in range(20):
    o = X @ W + b
    d = (o - T) / len(X)
{inside}
    W = W - 0.1 * X.T @ d
    b = b - 0.1 * d.sum(axis=0)
"""
)


@pytest.mark.parametrize(
    ("before", "inside"),
    [
        ("total = 0.0", "total += float((d * d).sum())"),
        ("total = np.zeros(2)", "total = total + (d * d).sum(axis=0)"),
        ("history = []", "history.append((d * d).mean())"),
        ("best = np.inf", "best = min(best, float((d * d).sum()))"),
        ("average = 0.0", "average = 0.9 * average + 0.1 * float((d * d).sum())"),
        ("rate = 1.0", "rate = rate * 0.99"),
        ("step_number = 0", "step_number += 1"),
        ("kept = np.zeros((20, 2))", "kept[step] = d.sum(axis=0)"),
        ("old = W", "old = W.copy()"),
    ],
)
def test_what_changes_along_with_the_parameters_is_none(before, inside):
    """Sums of the cost, averages, a falling rate: their changes do not feed back."""
    text = PLAIN.format(before=before, inside="    " + inside)
    _, found = traced_text(text)
    assert names_of(found) == ["W", "b"]
    assert len(found.steps.windows) == 19


def test_a_bias_that_is_never_updated_is_no_parameter():
    text = PLAIN.format(before="", inside="").replace("    b = b - 0.1 * d.sum(axis=0)\n", "")
    _, found = traced_text(text)
    assert names_of(found) == ["W"]


def test_weights_that_are_bound_to_another_name_in_between():
    text = PLAIN.format(before="new = W", inside="    W = new").replace(
        "    W = W - 0.1", "    new = W - 0.1"
    )
    _, found = traced_text(text)
    assert [parameter.shape for parameter in found.steps.parameters] == [(3, 2), (2,)]


def test_weights_that_are_clipped_and_cast():
    text = PLAIN.format(before="", inside="").replace(
        "W = W - 0.1 * X.T @ d", "W = np.clip(W - 0.1 * X.T @ d, -5, 5).astype(float)"
    )
    _, found = traced_text(text)
    assert names_of(found) == ["W", "b"]


# ------------------------------------------------------------------------------- small tapes


def training(t, steps, *, keep=lambda t, w: w):
    """Gradient descent of one weight on one number, ``steps`` times; the weights' nodes."""
    x, target, w = t.leaf(np.ones(2)), t.leaf(3.0), t.leaf(np.array([0.5, 0.5]))
    t.start()
    versions = [w]
    for _ in range(steps):
        o = t("dot", x, w, site="output")
        error = t("subtract", o, target, site="error")
        step = t("multiply", x, t("multiply", error, 0.1, site="rate"), site="step")
        w = keep(t, t("subtract", w, step, site="update"))
        versions.append(w)
    return versions


def test_a_tape_of_one_parameter():
    t = TapeBuilder()
    versions = training(t, 4)
    steps = find_steps(t.tape)
    (parameter,) = steps.parameters
    assert parameter.shape == (2,)
    assert parameter.lineages[0].versions == [v.index for v in versions[:-1]]
    assert [t.tape[w.first].site for w in steps.windows] == [t.sites["output"]] * 3
    assert steps.why == ""


def test_copies_in_between_are_followed():
    t = TapeBuilder()
    versions = training(t, 4, keep=lambda t, w: t("copy", w, site="copy"))
    (parameter,) = find_steps(t.tape).parameters
    assert parameter.lineages[0].versions == [v.index for v in versions[:-1]]


def test_nothing_evolves():
    t = TapeBuilder()
    x, w = t.leaf(np.ones(2)), t.leaf(np.ones(2))
    t.start()
    for _ in range(4):
        t("dot", x, w, site="output")
    steps = find_steps(t.tape)
    assert (steps.parameters, steps.windows) == ([], [])
    assert steps.why == "no value evolves"


def test_a_sum_of_constants_evolves_but_does_not_feed_back():
    t = TapeBuilder()
    total, x = t.leaf(0.0), t.leaf(1.5)
    t.start()
    for _ in range(6):
        total = t("add", total, t("multiply", x, 2.0, site="part"), site="sum")
    steps = find_steps(t.tape)
    assert steps.parameters == []
    assert steps.why == "values evolve, none feeds back"


def test_an_empty_tape():
    assert find_steps(TapeBuilder().tape).parameters == []


def test_the_version_that_was_current():
    lineage = Lineage([3, 10, 20], frozenset())
    assert lineage.first == 3
    assert [lineage.at(index) for index in (4, 10, 11, 20, 21, 99)] == [3, 3, 10, 10, 20, 20]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, True),
        (np.float32(1.0), True),
        (np.ones(2), True),
        (np.ones(2, dtype=np.float32), True),
        (1, False),
        (True, False),
        (np.ones(2, dtype=int), False),
        (np.zeros((0, 3)), False),
        (1j, False),
        (None, False),
    ],
)
def test_what_a_lineage_can_be_made_of(value, expected):
    assert is_number(value) is expected
