"""The sign of an update: read, turned round, and blamed where it is the unusual one."""

import pytest
from tests.doctor.programs import NET, assert_computes, exchanged, mended, net, seen
from tests.trace.programs import line_of

from unstuck.doctor.fixes.patch import apply
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.fixes.rewrites.signs import flipped, sign_of, swapped_error
from unstuck.doctor.gradient import judge_gradients_of
from unstuck.trace.program import Program

PATIENCE = 60.0
FLAT = """W = rng.normal(size=(3, 1))
for step in range(60):
    o = 1 / (1 + np.exp(-(X @ W)))
    {error}
    {update}
"""


def at(text, part):
    """A program of one line, and the span of a part of it."""
    program = Program({"a.py": f"{text}\n"}, "a.py")
    start = text.index(part)
    return program, Source(f"{text}\n").between("a.py", start, start + len(part))


@pytest.mark.parametrize(
    ("text", "part", "sign", "other"),
    [
        ("w -= r * g", "w -= r * g", "-", "w += r * g"),
        ("w[k] += r * g", "w[k] += r * g", "+", "w[k] -= r * g"),
        ("w = w - r * g", "w - r * g", "-", "w = w + r * g"),
        ("w = w + a - b", "w + a", "+", "w = w - a - b"),
        ("w = w + (a - b)", "w + (a - b)", "+", "w = w - (a - b)"),
        ("w = np.subtract(w, g)", "np.subtract(w, g)", "-", "w = np.add(w, g)"),
        ("w = np.add(w, g)", "np.add(w, g)", "+", "w = np.subtract(w, g)"),
    ],
)
def test_the_sign_of_an_update(text, part, sign, other):
    program, span = at(text, part)
    assert sign_of(program, span) == sign
    edit = flipped(program, span)
    changed = apply(program, (edit,)).files["a.py"]
    assert changed == f"{other}\n"


@pytest.mark.parametrize(
    ("text", "part"),
    [("w = f(w, g)", "f(w, g)"), ("w *= g", "w *= g"), ("w = w * g", "w * g"), ("w = g", "g")],
)
def test_what_has_no_sign(text, part):
    program, span = at(text, part)
    assert sign_of(program, span) is None
    assert flipped(program, span) is None


@pytest.mark.parametrize(
    ("text", "part", "other"),
    [
        ("e = t - o", "t - o", "e = o - t"),
        ("e = a + b - o", "a + b - o", "e = o - (a + b)"),
        ("e = np.subtract(t, o)", "np.subtract(t, o)", "e = np.subtract(o, t)"),
    ],
)
def test_the_error_the_other_way_round(text, part, other):
    program, span = at(text, part)
    changed = apply(program, (swapped_error(program, span),)).files["a.py"]
    assert changed == f"{other}\n"


def found(text):
    here = seen(text)
    return here, judge_gradients_of(here.program, here.traced, PATIENCE).suspects


def test_several_updates_uphill_are_blamed_on_the_one_error():
    text = net(("(o - T) / len(X)", "(T - o) / len(X)"))
    here, (suspect, other) = found(text)
    assert suspect.code == other.code == "G101"
    assert suspect.finding.span.line == line_of(text, "(T - o)")
    for option in suspect.options:
        assert_computes(mended(here.program, option), NET)


def test_both_places_of_a_reversed_sign_are_named_each_with_the_other():
    text = net(("(o - T) / len(X)", "(T - o) / len(X)"))
    _, (suspect, other) = found(text)
    error, update = suspect.finding.span.line, other.finding.span.line
    assert update == min(line_of(text, part) for part in ("W1 = W1 -", "W2 = W2 -"))
    assert f"the one in line {update}: not both" in suspect.finding.message
    assert f"the one in line {error}: not both" in other.finding.message
    assert not other.options  # it is the second option of the first


@pytest.mark.parametrize(
    ("error", "update", "blamed"),
    [
        ("d = (T - o) / 40", "W -= 0.5 * X.T @ d", "d = (T - o)"),
        ("d = (o - T) / 40", "W += 0.5 * X.T @ d", "W += 0.5"),
        ("d = (o - T) / 40", "W = W + 0.5 * X.T @ d", "W = W + 0.5"),
    ],
)
def test_between_one_error_and_one_update_the_unusual_is_blamed(error, update, blamed):
    data = NET[: NET.index("W1, b1")]
    text = data + FLAT.format(error=error, update=update)
    here, (suspect, _) = found(text)
    assert suspect.finding.span.line == line_of(text, blamed)
    assert len(suspect.options) == 2
    right = data + FLAT.format(error="d = (o - T) / 40", update="W -= 0.5 * X.T @ d")
    for option in suspect.options:
        assert_computes(mended(here.program, option), right, "W")


@pytest.mark.parametrize(
    "changes",
    [
        [("b2 = b2 - 0.5", "b2 = b2 + 0.5")],
        [("W1 = W1 - 0.5", "W1 = W1 + 0.5"), ("b1 = b1 - 0.5", "b1 = b1 + 0.5")],
    ],
)
def test_updates_that_are_written_unlike_the_others(changes):
    text = net(*changes)
    here, (suspect,) = found(text)
    assert suspect.code == "G101"
    assert suspect.finding.span.line == line_of(text, changes[0][1])
    assert suspect.finding.evidence["parameters"] == [new.split()[0] for _, new in changes]
    assert_computes(mended(here.program, suspect.options[0]), NET)


def test_a_reversed_gradient_is_blamed_itself():
    """All updates are written alike: it is not the update that is wrong."""
    text = exchanged(NET, ("W2.T * (1 - h**2)", "-W2.T * (1 - h**2)"))
    here, suspects = found(text)
    assert {s.finding.span.line for s in suspects} == {line_of(text, "-W2.T")}
    assert_computes(mended(here.program, suspects[0].options[0]), NET)
