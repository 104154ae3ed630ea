"""Steps that go nowhere: found by name and by how they are made, and added where they belong."""

import pytest
from tests.doctor.programs import DATA, HEALTHY, NET, assert_computes, mended, net, seen
from tests.trace.programs import line_of

from unstuck.doctor.lost import lost_steps

ALL = net(
    ("W1 = W1 - 0.5", "W1 = -0.5"), ("b1 = b1 - 0.5", "b1 = -0.5"),
    ("W2 = W2 - 0.5", "W2 = -0.5"), ("b2 = b2 - 0.5", "b2 = -0.5"),
)  # fmt: skip
BY_FUNCTION = net(
    ("for step", "def update(w, g):\n    w = w - 0.5 * g\nfor step"),
    ("W1 = W1 - 0.5 * X.T @ e", "update(W1, X.T @ e)"),
    ("b1 = b1 - 0.5 * e.sum(axis=0)", "update(b1, e.sum(axis=0))"),
    ("W2 = W2 - 0.5 * h.T @ d", "update(W2, h.T @ d)"),
    ("b2 = b2 - 0.5 * d.sum(axis=0)", "update(b2, d.sum(axis=0))"),
)
BY_LOOP = net(
    ("    W1 = W1 - 0.5 * X.T @ e\n", ""), ("    b1 = b1 - 0.5 * e.sum(axis=0)\n", ""),
    ("    W2 = W2 - 0.5 * h.T @ d\n", ""),
    (
        "    b2 = b2 - 0.5 * d.sum(axis=0)\n",
        ("    G = [X.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0)]\n"
        "    for p, g in zip([W1, b1, W2, b2], G):\n        p = p - 0.5 * g\n"),
    ),
)  # fmt: skip
SAMPLES = (
    DATA
    + """
w = rng.normal(size=3) * 0.1
for epoch in range(20):
    for x, t in zip(X, T[:, 0]):
        o = 1 / (1 + np.exp(-np.dot(w, x)))
        w = 0.1 * (t - o) * x
"""
)

ITEMS = net(
    ("    W1 = W1 - 0.5 * X.T @ e\n", ""), ("    b1 = b1 - 0.5 * e.sum(axis=0)\n", ""),
    ("    W2 = W2 - 0.5 * h.T @ d\n", ""),
    (
        "    b2 = b2 - 0.5 * d.sum(axis=0)\n",
        "    for k in range(8):\n        new = b1[k] - 0.5 * np.sum(e[:, k])\n",
    ),
)  # fmt: skip


def found(text):
    here = seen(text)
    return here, lost_steps(here.program, here.traced, here.tape)


@pytest.mark.parametrize("name", HEALTHY)
def test_no_step_is_lost(name):
    assert found(HEALTHY[name])[1] == []


@pytest.mark.parametrize(
    ("text", "line", "names"),
    [
        (net(("W1 = W1 - 0.5 *", "W1 = -0.5 *")), "W1 = -0.5 * X.T @ e", ["W1"]),
        (
            net(("W1 = W1 - 0.5 * X.T @ e", "step = 0.5 * X.T @ -e\n    W1 = step")),
            "W1 = step", ["W1"],
        ),
        (net(("b2 = b2 - 0.5 *", "b2 = -0.5 *")), "b2 = -0.5 * d.sum(axis=0)", ["b2"]),
    ],
)  # fmt: skip
def test_one_step_in_place_of_its_parameter(text, line, names):
    here, (suspect,) = found(text)
    assert here.traced is not None
    assert suspect.code == "U202"
    assert suspect.exact
    assert suspect.finding.span.line == line_of(text, line)
    assert suspect.finding.evidence["parameters"] == names
    assert_computes(mended(here.program, suspect.options[0]), NET)


def test_all_steps_in_place_of_their_parameters():
    """Nothing evolves, so there is no gradient to go by; the weights are seen, in one finding."""
    here, (suspect,) = found(ALL)
    assert here.traced is None
    assert suspect.finding.evidence["parameters"] == ["W1", "W2"]
    assert suspect.finding.span.line == line_of(ALL, "W1 = -0.5 * X.T @ e")
    text = mended(here.program, suspect.options[0])
    again, (rest,) = found(text)
    assert rest.finding.evidence["parameters"] == ["b1", "b2"]
    assert_computes(mended(again.program, rest.options[0]), NET)


def test_the_step_of_each_sample_in_place_of_the_weights():
    here, (suspect,) = found(SAMPLES)
    texts = [mended(here.program, option) for option in suspect.options]
    right = SAMPLES.replace("w = 0.1", "w += 0.1")
    assert right in texts
    assert suspect.finding.span.line == line_of(SAMPLES, "w = 0.1 * (t - o) * x")


@pytest.mark.parametrize(
    ("text", "line"),
    [(BY_FUNCTION, "w = w - 0.5 * g"), (BY_LOOP, "p = p - 0.5 * g")],
    ids=["function", "loop"],
)
def test_a_step_that_nobody_reads(text, line):
    here, (suspect,) = found(text)
    assert suspect.code == "U202"
    assert suspect.finding.span.line == line_of(text, line)
    assert_computes(mended(here.program, suspect.options[0]), NET)


def test_a_step_under_another_name():
    text = net(("W2 = W2 - 0.5 * h.T @ d", "W2_new = W2 - 0.5 * h.T @ d"))
    here, (suspect,) = found(text)
    assert suspect.finding.evidence["parameters"] == ["W2"]
    assert_computes(mended(here.program, suspect.options[0]), NET)


LISTED = net(
    ("for step", "P = [W1, b1, W2, b2]\nfor step"),
    ("    h = np.tanh", "    W1, b1, W2, b2 = P\n    h = np.tanh"),
    ("    W1 = W1 - 0.5 * X.T @ e\n", ""), ("    b1 = b1 - 0.5 * e.sum(axis=0)\n", ""),
    ("    W2 = W2 - 0.5 * h.T @ d\n", ""),
    (
        "    b2 = b2 - 0.5 * d.sum(axis=0)\n",
        ("    G = [X.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0)]\n"
        "    P = [p - 0.5 * g for p, g in zip(P, G)]\n"),
    ),
)  # fmt: skip


def test_a_list_of_new_values_that_nothing_reads_goes_where_the_old_ones_are():
    text = LISTED.replace("    P = [p", "    new = [p")
    here, (suspect,) = found(text)
    assert suspect.finding.span.line == line_of(text, "new = [p")
    assert "nothing reads it" in suspect.finding.message
    assert mended(here.program, suspect.options[0]) == LISTED


def test_items_that_never_get_their_step():
    here, (suspect,) = found(ITEMS)
    assert suspect.finding.span.line == line_of(ITEMS, "new = ")
    assert suspect.finding.evidence["parameter"] == "b1"
    assert "b1[k] -= 0.5 * np.sum(e[:, k])" in mended(here.program, suspect.options[0])
