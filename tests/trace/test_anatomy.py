"""Outputs, labels and losses, read off whole programs: what meets what."""

from itertools import pairwise

import numpy as np
import pytest
from tests.trace.programs import DATA, STYLES, changed, line_of, traced, traced_text

from unstuck.trace.anatomy import ever_touched, rank_labels, varying_places

ALL = pytest.mark.parametrize("style", STYLES)
MEETING = {  # where output and label meet, as it is written
    "rows": "a2 - T",
    "columns": "A2 - Y",
    "dict": 'c["out"] - T',
    "class": "t - o",
    "samples": "o - t",
    "lists": "o - t",
    "momentum": "o - T",
    "adam": "o - T",
    "decay": "o - T",
    "picked": "dscores[np.arange(n), y] -= 1",
}


def run(text):
    """The module's names after a program has run."""
    names = {"__name__": "__main__"}
    exec(compile(text, "program.py", "exec"), names)  # noqa: S102 - a program of ours
    return names


@ALL
def test_output_and_label_meet_where_they_are_compared(style):
    _, found = traced(style)
    site = found.tape.sites[found.pairing.place[0]]
    assert site.text == MEETING[style]
    assert site.line == line_of(STYLES[style].text, MEETING[style])
    assert found.pairing.depth == 0


@ALL
def test_the_first_guess_at_the_labels_is_right(style):
    """Of all data that meet what depends on parameters, those that meet most of them at once."""
    _, found = traced(style)
    touched = ever_touched(found.tape, found.steps)
    flows = found.anatomy.flows
    ranked = rank_labels(
        found.tape, found.steps, flows, touched, varying_places(found.tape, touched)
    )
    sites = {found.tape[meet.node].site for meets in ranked[0] for meet in meets}
    assert [found.tape.sites[site].text for site in sites] == [MEETING[style]]


@ALL
def test_each_update_has_its_labels(style):
    _, found = traced(style)
    assert len(found.pairing.labels) == min(4, len(found.steps.windows))
    for w, labels in found.pairing.labels.items():
        assert [np.shape(label) for label in labels] == [STYLES[style].labels]
        assert len(found.pairing.outputs[w]) == 1
        (output,) = found.pairing.outputs[w]
        assert np.shape(found.tape[output].value) == STYLES[style].labels
        window = found.steps.windows[w]
        assert window.first <= output < window.last


@ALL
def test_the_labels_are_those_of_the_program(style):
    _, found = traced(style)
    names = run(STYLES[style].text)
    for w in found.pairing.labels:
        (label,) = found.pairing.labels[w]
        if style == "picked":
            expected = np.eye(3)[names["y"]]
        elif style in {"samples", "lists"}:
            expected = np.asarray(names["T"])[w]
        else:
            expected = names["Y"] if style == "columns" else names["T"]
        np.testing.assert_array_equal(label, expected)


@ALL
def test_inputs_are_no_labels(style):
    """The error depends on labels, the output does not; every parameter reaches the output."""
    _, found = traced(style)
    flow = found.anatomy.flows[0]
    (output,) = found.pairing.outputs[0]
    assert flow.forward(output)
    assert flow.reach[output] == 2 ** len(found.steps.parameters) - 1
    assert all(meet.node in flow.labelled for meet in found.pairing.meets[0])
    inputs = {index for layer in found.layers[:1] for index in layer.inputs}
    assert inputs
    assert inputs.isdisjoint(found.anatomy.label_nodes)


@ALL
def test_a_window_begins_with_the_old_values_and_ends_with_the_new(style):
    _, found = traced(style)
    for one, other in pairwise(found.anatomy.flows):
        assert one.end == other.start
        assert all(one.start[k] != one.end[k] for k in one.start)


def test_no_program_has_a_loss_of_its_own_unless_it_computes_one():
    for style in STYLES:
        assert traced(style)[1].anatomy.losses == {}, style


COST = "dW2 = 1 / m * np.dot(dZ2, A1.T)"


@pytest.mark.parametrize(
    "written",
    [
        "cost = -np.mean(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))",
        "cost = float(np.squeeze(-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m))",
        "cost = np.mean((A2 - Y) ** 2); print(cost)",
        "cost = np.mean((A2 - Y) ** 2); history = [cost]",
    ],
)
def test_a_loss_that_the_program_computes(written):
    _, found = traced("columns", (COST, written + "\n    " + COST))
    assert len(found.anatomy.losses) >= 1
    for nodes in found.anatomy.losses.values():
        assert all(len(own) == 1 for own in nodes)
        assert all(np.size(found.tape[own[0]].value) == 1 for own in nodes)
    assert all(v.verdict == "ok" for v in found.judgement.verdicts)


@pytest.mark.parametrize(
    ("style", "old", "new", "text"),
    [
        ("rows", "(a2 - T)", "-(T - a2)", "T - a2"),
        ("rows", "(a2 - T)", "np.subtract(a2, T)", "np.subtract(a2, T)"),
        ("columns", "dZ2 = A2 - Y", "dZ2 = A2.T - Y.T; dZ2 = dZ2.T", "A2.T - Y.T"),
        ("samples", "e = (o - t)", "e = (o - np.array(t))", "o - np.array(t)"),
    ],
)
def test_other_ways_of_writing_the_error(style, old, new, text):
    _, found = traced(style, (old, new))
    assert found.tape.sites[found.pairing.place[0]].text == text
    assert all(v.verdict == "ok" for v in found.judgement.verdicts)


def test_the_delta_of_a_cross_entropy_written_out():
    """-(Y/A - (1-Y)/(1-A)) meets the labels twice, and they are the same."""
    text = changed(
        "columns",
        (
            "dZ2 = A2 - Y",
            "dA2 = -(np.divide(Y, A2) - np.divide(1 - Y, 1 - A2)); dZ2 = dA2 * A2 * (1 - A2)",
        ),
    )
    _, found = traced_text(text)
    np.testing.assert_array_equal(found.pairing.labels[0][0], run(text)["Y"])
    assert found.judgement.loss.name == "binary_cross_entropy"
    assert all(v.verdict == "ok" for v in found.judgement.verdicts)


def test_labels_that_are_the_inputs():
    """An autoencoder: what goes in is what should come out."""
    _, found = traced_text(
        DATA
        + """
W, V = rng.normal(size=(3, 2)), rng.normal(size=(2, 3))
for step in range(20):
    h = np.tanh(X @ W)
    o = h @ V
    d = (o - X) / len(X)
    e = d @ V.T * (1 - h * h)
    V -= 0.1 * h.T @ d
    W -= 0.1 * X.T @ e
"""
    )
    assert found.tape.sites[found.pairing.place[0]].text == "o - X"
    assert [v.verdict for v in found.judgement.verdicts] == ["ok", "ok"]


def test_batches_and_the_smaller_last_one():
    """12 samples in batches of 5: the third has 2."""
    _, found = traced_text(
        DATA
        + """
W, b = rng.normal(size=(3, 2)), np.zeros(2)
for epoch in range(15):
    order = rng.permutation(len(X))
    for start in range(0, len(X), 5):
        rows = order[start:start + 5]
        x, t = X[rows], T[rows]
        d = (x @ W + b - t) / 5
        W -= 0.1 * x.T @ d
        b -= 0.1 * d.sum(axis=0)
"""
    )
    shapes = [np.shape(labels[0]) for labels in found.pairing.labels.values()]
    assert shapes == [(5, 2), (5, 2), (2, 2), (5, 2)]
    assert len(found.steps.windows) == 44
    for v in found.judgement.verdicts:
        assert v.verdict == "ok"
        assert v.ratio == pytest.approx(0.1 / 5)


def test_one_label_among_two_classes_by_its_number():
    """Per sample, ``p[y] -= 1``: the label is a plain index."""
    _, found = traced_text(
        DATA
        + """
y = [int(k) for k in np.argmax(X, axis=1)]
W = rng.normal(size=(3, 3))
for epoch in range(5):
    for x, k in zip(X, y):
        z = x @ W
        p = np.exp(z) / np.exp(z).sum()
        p[k] -= 1
        W -= 0.5 * np.outer(x, p)
"""
    )
    names = np.array([np.argmax(found.pairing.labels[w][0]) for w in range(4)])
    rng = np.random.default_rng(1)
    np.testing.assert_array_equal(names, np.argmax(rng.normal(size=(12, 3)), axis=1)[:4])
    assert found.judgement.verdicts[0].verdict == "ok"
    assert found.judgement.ratio == pytest.approx(0.5)


# ---------------------------------------------------------------------------------------- eye


@pytest.mark.parametrize(
    ("style", "output", "label", "index"),
    [("rows", 0, 1, False), ("class", 1, 0, False), ("picked", 2, 3, True), ("lists", 0, 1, False)],
)
def test_what_is_watched(style, output, label, index):
    _, found = traced(style)
    eye = found.eye()
    assert eye.key[1] == line_of(STYLES[style].text, MEETING[style])
    assert (eye.output, eye.label, eye.index) == (output, label, index)
    assert eye.per_update == 1
