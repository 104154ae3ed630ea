"""Weights that are drawn anew while they should be learning; noise, masks and restarts are not."""

import pytest
from tests.doctor.programs import (
    CLASS,
    DATA,
    HEALTHY,
    NET,
    ROUNDS,
    assert_computes,
    exchanged,
    mended,
    names_after,
    net,
    seen,
)
from tests.trace.programs import line_of

from unstuck.doctor.redrawn import keeps_best, redrawn
from unstuck.trace.program import Program

DRAWS = (
    "W1, b1 = rng.normal(size=(3, 8)), np.zeros(8)\nW2, b2 = rng.normal(size=(8, 1)), np.zeros(1)"
)
INSIDE = "".join(f"    {line}\n" for line in DRAWS.splitlines())
KEPT = ROUNDS[ROUNDS.index("    if score > best") :]


def found(text):
    here = seen(text)
    return here, redrawn(here.program, here.traced, here.tape, here.outcome.loops)


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_that_learns_is_drawn_anew(name):
    assert found(HEALTHY[name])[1] == []


def test_all_weights_drawn_in_the_loop():
    text = net((f"{DRAWS}\n", ""), ("    h = np", f"{INSIDE}    h = np"))
    here, (suspect,) = found(text)
    assert suspect.code == "U204"
    assert suspect.exact
    assert suspect.finding.evidence["parameters"] == ["W1", "W2"]
    assert suspect.finding.span.line == line_of(text, "W1, b1 = rng")
    assert_computes(mended(here.program, suspect.options[0]), NET)


def test_what_is_drawn_before_the_loop_as_well_goes():
    here, (suspect,) = found(net(("    h = np", f"{INSIDE}    h = np")))
    assert mended(here.program, suspect.options[0]) == NET


def test_weights_and_biases_of_one_layer():
    text = net(
        ("    h = np", "    W1 = rng.normal(size=(3, 8))\n    b1 = rng.normal(size=8)\n    h = np")
    )
    here, (suspect,) = found(text)
    assert here.traced is not None
    assert suspect.finding.evidence["parameters"] == ["W1", "b1"]
    changed = mended(here.program, suspect.options[0])
    loop = changed[changed.index("for step") :]
    assert "rng" not in loop


def test_weights_drawn_for_each_sample():
    text = (
        DATA
        + """
for epoch in range(20):
    for x, t in zip(X, T[:, 0]):
        w = 0.1 * rng.normal(size=3)
        o = 1 / (1 + np.exp(-np.dot(w, x)))
        w -= 0.1 * (o - t) * x
"""
    )
    here, (suspect,) = found(text)
    assert suspect.finding.evidence["parameters"] == ["w"]
    changed = mended(here.program, suspect.options[0])
    assert line_of(changed, "w = 0.1 * rng") < line_of(changed, "for epoch")


def test_a_loop_around_the_training_may_be_restarts():
    """Several updates follow each draw: only spoken of if drawing once helps."""
    text = exchanged(ROUNDS, (KEPT, "    print(score)\n"))
    here, (suspect,) = found(text)
    assert suspect.speculative
    assert suspect.finding.span.line == line_of(text, "W1, b1 = rng")
    names = names_after(mended(here.program, suspect.options[0]))
    assert names["score"] > names_after(text)["score"]


def test_a_call_in_a_loop_around_the_training():
    text = exchanged(CLASS, ("    net.fit(X, T)", "    net.reset()\n    net.fit(X, T)"))
    here, (suspect,) = found(text)
    assert suspect.speculative
    assert suspect.finding.span.line == line_of(text, "    net.reset()\n    net.fit")
    assert mended(here.program, suspect.options[0]) == text.replace(
        "    net.reset()\n    net.fit", "    pass\n    net.fit"
    )


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("if score > best:\n        best = score", True),
        ("if best is None:\n        best = score", False),
        ("if epoch % 10 == 0:\n        epoch = 0", False),
        ("if score > best:\n        print(best)", False),
        ("if net.score < low:\n        low, w = net.score, net.w", True),
        ("for x in X:\n        if score > best:\n            best = score", False),
    ],
)
def test_a_loop_that_keeps_the_best(body, kept):
    program = Program({"a.py": f"for epoch in range(3):\n    {body}\n"}, "a.py")
    assert keeps_best(program, ("a.py", 1, 0, 4, 0, "loop")) is kept
