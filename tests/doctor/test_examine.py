"""A program from its first run to its diagnosis: rounds, re-runs, budgets, interruptions."""

import time

import pytest
from tests.doctor.programs import CLASS, LISTS, NET, ROUNDS, exchanged
from tests.trace.programs import line_of

from unstuck.doctor.ask import diagnose

RINGS = """
import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 2))
T = (X[:, :1] * X[:, 1:] > 0).astype(float)


def start():
    draw = np.random.default_rng(1)
    first, second = draw.normal(size=(2, 16)), 0.5 * draw.normal(size=(16, 1))
    return first, np.zeros((1, 16)), second, np.zeros((1, 1))


W1, b1, W2, b2 = start()
for step in range({steps}):
    {inside}
    H = np.tanh(X @ W1 + b1)
    O = 1 / (1 + np.exp(-(H @ W2 + b2)))
    d2 = (O - T) / len(X)
    d1 = d2 @ W2.T * {slope}
    W2 = W2 - {rate} * H.T @ d2
    b2 = b2 - {rate} * d2.sum(axis=0, keepdims=True)
    W1 = W1 - {rate} * X.T @ d1
    b1 = b1 - {rate} * d1.sum(axis=0, keepdims=True)
print("accuracy", np.mean((O > 0.5) == T))
"""


@pytest.fixture
def rings(tmp_path):
    """The path of a small program, with something changed in it."""

    def write(steps=1500, inside="pass", slope="(1 - H * H)", rate=2.0):
        path = tmp_path / "rings.py"
        path.write_text(RINGS.format(steps=steps, inside=inside, slope=slope, rate=rate))
        return path

    return write


def coded(seen, *severities):
    return {f.code for f in seen.findings if f.severity in severities}


def test_a_healthy_program_learns(rings):
    seen = diagnose(rings(), budget=120)
    assert seen.verdict == "learns"
    assert not coded(seen, "cause", "fault")
    assert seen.progress.end > 0.95
    assert any("true gradient" in c.what for c in seen.clean)


def test_too_few_rounds_are_mended_by_more(rings):
    seen = diagnose(rings(steps=4), budget=120)
    assert seen.verdict == "stuck"
    assert coded(seen, "cause") == {"U205"}
    (cause,) = (f for f in seen.findings if f.severity == "cause")
    assert RINGS.splitlines()[cause.span.line - 1].startswith("for step in")
    assert seen.repair.verified


def test_weights_that_are_drawn_twice_are_drawn_once(rings):
    seen = diagnose(rings(inside="W1, b1, W2, b2 = start()"), budget=120)
    assert seen.verdict == "stuck"
    assert coded(seen, "cause") == {"U204"}
    assert seen.repair.after > 0.95
    assert "-    W1, b1, W2, b2 = start()" in seen.repair.diff
    assert not [x for x in seen.repair.diff.splitlines() if x[:1] == "+" and x[:3] != "+++"]


def test_without_re_runs_nothing_is_a_cause(rings):
    seen = diagnose(rings(slope="H"), budget=120, rerun=False)
    assert coded(seen, "fault") == {"G103"}
    assert not coded(seen, "cause")
    assert seen.repair is None


def test_an_interruption_keeps_what_is_known(rings):
    def say(text):
        if text.startswith("re-running"):
            raise KeyboardInterrupt

    seen = diagnose(rings(slope="H", rate=0.5), budget=120, say=say)
    assert coded(seen, "fault") == {"G103"}
    assert "interrupted" in seen.reason
    assert seen.repair is None


def test_a_program_that_trains_for_hours_is_answered_within_the_budget(rings):
    started = time.monotonic()
    seen = diagnose(rings(steps=10**9, slope="(1 - H * H) * 0"), budget=30)
    assert seen.verdict == "stuck"  # the last layer alone finds little
    assert seen.repair.verified
    assert "to fit the budget, runs were compared after" in seen.reason
    assert time.monotonic() - started < 90


LOST = NET
for name in ("W1", "b1", "W2", "b2"):
    LOST = exchanged(LOST, (f"{name} = {name} - 0.5", f"{name} = -0.5"))
AGAIN = exchanged(CLASS, ("    net.fit(X, T)", "    net.reset()\n    net.fit(X, T)"))
DRAWN = """        self.W1, self.b1 = rng.normal(size=(3, 8)), np.zeros(8)
        self.W2, self.b2 = rng.normal(size=(8, 1)), np.zeros(1)
"""
REFIT = exchanged(
    CLASS, (DRAWN, "        pass\n"), ("fit(self, X, T):\n", "fit(self, X, T):\n" + DRAWN)
)
SHARED = exchanged(LISTS, ("V = [np.zeros_like(p) for p in P]", "V = [p for p in P]"))


def long(text, updates):
    """The same program with more steps, or rounds."""
    return text.replace("range(60)", f"range({updates})").replace("range(30)", f"range({updates})")


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (long(LOST, 600), "U202", "W1 = -0.5"),
        (long(AGAIN, 200), "U204", "net.reset()\n    net.fit"),
        (long(REFIT, 200), "U204", DRAWN.splitlines()[0]),
        (long(SHARED, 600), "U203", "V = [p for p in P]"),
    ],
    ids=[
        "steps in place of weights",
        "drawn anew in every round",
        "drawn by fit",
        "shared with the momentum",
    ],
)
def test_the_cause_is_named_and_mended(tmp_path, text, code, line):
    path = tmp_path / "program.py"
    path.write_text(text)
    seen = diagnose(path, budget=60)
    assert seen.verdict == "stuck"
    causes = [f for f in seen.findings if f.severity == "cause"]
    assert {f.code for f in causes} == {code}
    assert causes[0].span.line == line_of(text, line)
    assert seen.repair.verified
    assert seen.repair.after > 0.95


@pytest.mark.parametrize("updates", [8, 300])
def test_restarts_that_keep_the_best_are_meant(tmp_path, updates):
    """Also where they learn little: more steps would help, and drawing once gives more steps."""
    path = tmp_path / "program.py"
    path.write_text(long(ROUNDS, updates))
    seen = diagnose(path, budget=60)
    assert "U204" not in {f.code for f in seen.findings}
