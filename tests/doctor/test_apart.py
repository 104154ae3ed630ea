"""Learned by heart: right on the training data, at chance on what was held back for the end."""

import numpy as np
import pytest
from tests.doctor.programs import HEALTHY, exchanged, mended, seen
from tests.trace.programs import line_of, sandbox

from unstuck.doctor.apart import guessing, numbered_rows, other_scale, sorted_rows, unrelated
from unstuck.doctor.ask import diagnose
from unstuck.trace.program import Program
from unstuck.trace.told import last_request, lineages, step_keys, told_at_last

SPLIT = """import numpy as np
rng = np.random.RandomState(2)
centers = 4 * rng.randn(5, 6)
c = rng.randint(0, 5, size=400)
X = centers[c] + rng.randn(400, 6)
order = rng.permutation(400)
X, c = X[order], c[order]
X, held, c, true = X[:240], X[240:], c[:240], c[240:]
T = np.eye(5)[c]
W, b = 0.1 * rng.randn(6, 5), np.zeros(5)
for epoch in range(40):
    for i in range(0, len(X), 20):
        z = np.exp(X[i:i + 20] @ W + b)
        d = (z / z.sum(axis=1, keepdims=True) - T[i:i + 20]) / 20
        W = W - 0.3 * X[i:i + 20].T @ d
        b = b - 0.3 * d.sum(axis=0)
guess = np.argmax(held @ W + b, axis=1)
print("test accuracy", np.mean(guess == true))
"""
SORTED = exchanged(SPLIT, ("rng.permutation(400)", "np.argsort(c)"))
BY_METHOD = exchanged(SPLIT, ("rng.permutation(400)", "c.argsort()"))
NUMBERED = exchanged(SPLIT, ("T = np.eye(5)[c]", "T = np.eye(5)[np.arange(len(c)) % 5]"))
ONE_BY_ONE = exchanged(
    SPLIT,
    (
        'print("test accuracy", np.mean(guess == true))',
        "for k in range(5):\n    print(k, np.mean(guess[true == k] == true[true == k]))",
    ),
)


RAW = exchanged(SPLIT, ("guess = np", "held = (held - held.mean(axis=0)) / 1000\nguess = np"))


def told_of(text):
    """What a program tells at its end."""
    here = seen(text)
    request = last_request(here.traced, here.outcome.loops, None)
    outcome = sandbox().run(here.program, request)
    return told_at_last(outcome.tape, step_keys(here.traced), lineages(here.traced))


@pytest.mark.parametrize("text", [SPLIT, ONE_BY_ONE], ids=["in one", "class by class"])
def test_what_it_learned_serves_for_others(text):
    assert guessing(told_of(text), one_class=False) is None


def test_rows_sorted_by_class_leave_other_classes_for_the_end():
    eye = guessing(told_of(SORTED), one_class=True)
    assert eye.key[1] == line_of(SORTED, "test accuracy")
    assert eye.equal


@pytest.mark.parametrize("text", [SORTED, BY_METHOD], ids=["function", "method"])
def test_a_sorting_becomes_a_random_order(text):
    here = seen(text)
    (suspect,) = sorted_rows(here.program, here.traced)
    assert (suspect.code, suspect.finding.span.line) == ("D408", line_of(text, "argsort"))
    assert "order = np.random.permutation(len(c))" in mended(here.program, suspect.options[0])


def test_the_mended_split_is_measured_on_what_was_held_back():
    found = diagnose(Program({"program.py": SORTED}, "program.py"), budget=100)
    assert found.verdict == "stuck"
    assert {f.code for f in found.findings if f.severity == "cause"} == {"D408"}
    assert found.progress.end < 0.4
    assert found.repair.after > 0.9


def test_inputs_that_were_scaled_without_the_others():
    here = seen(RAW)
    (suspect,) = other_scale(here.program, here.traced, told_of(RAW))
    assert suspect.code == "D401"
    assert suspect.finding.span.line == line_of(RAW, "/ 1000")
    assert "times closer together than those of the training" in suspect.finding.message
    assert "held = held * " in mended(here.program, suspect.options[0])


@pytest.mark.parametrize("text", [SPLIT, SORTED], ids=["split", "sorted"])
def test_inputs_of_one_scale(text):
    here = seen(text)
    assert other_scale(here.program, here.traced, told_of(text)) == []


def test_labels_made_of_the_numbers_of_the_rows():
    (suspect,) = numbered_rows(seen(NUMBERED).traced)
    assert suspect.code == "D403"
    assert suspect.finding.span.line == line_of(NUMBERED, "np.arange")
    assert "numbers of the rows" in suspect.finding.message
    assert not suspect.options  # what the labels are is not known


TOGETHER = exchanged(SPLIT, ("c = rng.randint(0, 5, size=400)", "c = np.arange(400) % 5"))


@pytest.mark.parametrize(
    "text", [SPLIT, SORTED, TOGETHER, *HEALTHY.values()], ids=["split", "sorted", "made", *HEALTHY]
)
def test_labels_that_belong_to_their_rows(text):
    """Also where both were made from numbers of rows."""
    here = seen(text)
    if here.traced is not None:
        assert numbered_rows(here.traced) == []


def test_unrelated():
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 4, size=200)
    inputs = 5.0 * np.eye(4)[classes] + rng.normal(size=(200, 4))
    assert not unrelated(inputs, classes)
    assert not unrelated(inputs, np.eye(4)[classes])
    assert unrelated(inputs, rng.permutation(classes))
    assert unrelated(inputs, np.eye(4)[np.arange(200) % 4].T)
    assert not unrelated(inputs[:10], rng.permutation(classes)[:10])  # too few to say
    assert not unrelated(inputs[:, 0], classes)  # of one number each nothing is said
