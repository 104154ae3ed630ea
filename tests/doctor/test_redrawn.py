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
    assert suspect.finding.evidence["parameters"] == ["W1", "b1", "W2", "b2"]
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


LINE = """import numpy as np
rng = np.random.default_rng(1)
X = rng.normal(size=(40, 3))
y = X @ np.array([1.0, -2.0, 0.5]) + 0.3
w0 = np.zeros(3)
for epoch in range(30):
    SET
    error = X @ w + b - y
    dw, db = np.zeros(3), 0.0
    for e, x in zip(error, X):
        dw += e * x
        db += e
    w = w - 0.5 * dw / len(X)
    b = b - 0.5 * db / len(X)
"""


@pytest.mark.parametrize(
    "made",
    ["w, b = np.zeros(3), 0.0", "w, b = w0.copy(), 0.0", "w, b = np.full(3, 0.1) - 0.1, 0.0"],
)
def test_weights_that_are_no_draw(made):
    text = LINE.replace("SET", made)
    here, (suspect,) = found(text)
    assert suspect.finding.evidence["parameters"] == ["w"]
    assert suspect.finding.span.line == line_of(text, made)
    right = LINE.replace("    SET\n", "").replace("for epoch", f"{made}\nfor epoch")
    assert_computes(mended(here.program, suspect.options[0]), right, "w", "b")


def test_plain_numbers_and_sums_that_begin_anew():
    text = LINE.replace("X @ w", "X[:, 0] * w").replace("e * x", "e * x[0]")
    text = text.replace("dw, db = np.zeros(3), 0.0", "dw, db = 0.0, 0.0")
    here, (suspect,) = found(text.replace("SET", "w = 0.0\n    b = 0.0"))
    assert suspect.finding.evidence["parameters"] == ["w", "b"]
    healthy = text.replace("    SET\n", "").replace("for epoch", "w, b = 0.0, 0.0\nfor epoch")
    assert_computes(mended(here.program, suspect.options[0]), healthy, "w", "b")
    assert found(healthy)[1] == []


def test_a_call_in_the_training_step_goes_to_where_the_object_is_made():
    text = exchanged(
        CLASS,
        ("        self.reset()\n", "        self.steps = 0\n"),
        ("        h = np.tanh(X @", "        self.reset()\n        h = np.tanh(X @"),
    )
    here, (suspect,) = found(text)
    assert suspect.finding.span.line == line_of(text, "        self.reset()\n        h")
    changed = mended(here.program, suspect.options[0])
    assert "        self.steps = 0\n        self.reset()\n" in changed
    assert changed.count("self.reset()") == 1


CODES = """import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 10))
D = rng.normal(size=(10, 5)) / 3
for epoch in range(5):
    for x in X:
        z = np.zeros(5)
        for _ in range(8):
            z -= 0.1 * D.T @ (D @ z - x)
        D -= 0.01 * np.outer(D @ z - x, z)
"""


def test_what_is_looked_for_anew_for_each_sample_may_be_meant():
    """A sparse code begins at zero for each sample: several steps follow each beginning."""
    assert all(suspect.speculative for suspect in found(CODES)[1])


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
