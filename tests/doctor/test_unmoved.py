"""Parameters that never move: beside others that do, all together, or in a loop that never runs."""

import pytest
from tests.doctor.programs import DATA, HEALTHY, NET, assert_computes, exchanged, mended, net, seen
from tests.trace.programs import line_of

from unstuck.doctor.unmoved import empty_update_loops, idle_loops, never_moved, nothing_moves

NOTHING = net(
    ("for step", "rate = 0.5\nfor step"),
    ("W1 = W1 - 0.5 * X.T @ e", "dW1 = X.T @ e"), ("    b1 = b1 - 0.5 * e.sum(axis=0)\n", ""),
    ("W2 = W2 - 0.5 * h.T @ d", "dW2 = h.T @ d"), ("    b2 = b2 - 0.5 * d.sum(axis=0)\n", ""),
)  # fmt: skip
NO_BIASES = net(
    ("    b1 = b1 - 0.5 * e.sum(axis=0)\n", ""), ("    b2 = b2 - 0.5 * d.sum(axis=0)\n", "")
)
DICTS = (
    DATA
    + """
p = {"W1": rng.normal(size=(3, 8)), "W2": rng.normal(size=(8, 1))}
v = {k: np.zeros_like(x) for k, x in p.items()}
rate = 0.5
for step in range(60):
    h = np.tanh(X @ p["W1"])
    o = 1 / (1 + np.exp(-(h @ p["W2"])))
    d = (o - T) / len(X)
    g = {"W1": X.T @ (d @ p["W2"].T * (1 - h**2)), "W2": h.T @ d}
    for k in p:
        v[k] = 0.9 * v[k] + g[k]
"""
)
EMPTY = (
    DATA
    + """
W = [rng.normal(size=(3, 1))]
for step in range(60):
    o = 1 / (1 + np.exp(-(X @ W[0])))
    g = [X.T @ (o - T) / 40]
    for k in range(len(W) - 1):
        W[k] = W[k] - 0.5 * g[k]
"""
)


IDLE = exchanged(EMPTY, ("len(W) - 1", "len(W)"), ("W[k] = W[k] - 0.5 * g[k]", "pass"))


def test_a_loop_that_does_nothing():
    here = seen(IDLE)
    (suspect,) = idle_loops(here.program, here.outcome)
    assert suspect.code == "U201"
    assert suspect.finding.span.line == line_of(IDLE, "pass")
    assert "`range(len(W))` does nothing" in suspect.finding.message


@pytest.mark.parametrize("name", HEALTHY)
def test_all_that_should_move_moves(name):
    here = seen(HEALTHY[name])
    assert idle_loops(here.program, here.outcome) == []
    if here.traced is not None:
        assert never_moved(here.program, here.traced) == []
    else:
        assert empty_update_loops(here.program, here.outcome) == []
        assert nothing_moves(here.program, here.tape) == []


@pytest.mark.parametrize(
    ("name", "step"), [("W2", "h.T @ d"), ("b1", "e.sum(axis=0)"), ("b2", "d.sum(axis=0)")]
)
def test_one_of_several_is_left_out(name, step):
    """Its gradient has a name, as have the others'; the update is written like theirs."""
    other, others = ("W1", "X.T @ e")
    text = net(
        (f"    {name} = {name} - 0.5 * {step}\n", f"    d{name} = {step}\n"),
        (f"W1 = W1 - 0.5 * {others}", f"d{other} = {others}\n    W1 = W1 - 0.5 * dW1"),
    )
    here = seen(text)
    (suspect,) = never_moved(here.program, here.traced)
    assert suspect.code == "U201"
    assert suspect.finding.evidence["parameters"] == [name]
    moved = mended(here.program, suspect.options[0])
    assert f"{name} = {name} - 0.5 * d{name}" in moved
    again = seen(moved)
    assert never_moved(again.program, again.traced) == []
    assert {v.verdict for v in again.traced.judgement.verdicts} == {"ok"}


def test_nothing_moves():
    """The rate that has no work is the rate; weights and gradients belong together by name."""
    here = seen(NOTHING)
    assert here.traced is None
    (suspect,) = nothing_moves(here.program, here.tape)
    assert suspect.code == "U201"
    assert suspect.finding.evidence["parameters"] == ["W1", "W2"]
    assert_computes(mended(here.program, suspect.options[0]), NO_BIASES)


def test_nothing_moves_in_dictionaries():
    """What waits is the average of the gradients; the update goes into its loop."""
    here = seen(DICTS)
    (suspect,) = nothing_moves(here.program, here.tape)
    assert mended(here.program, suspect.options[0]) == f"{DICTS}        p[k] -= rate * v[k]\n"


def test_a_loop_of_updates_that_never_runs():
    here = seen(EMPTY)
    (suspect,) = empty_update_loops(here.program, here.outcome)
    assert suspect.code == "U201"
    assert suspect.finding.span.line == line_of(EMPTY, "range(len(W) - 1)")
    texts = [mended(here.program, option) for option in suspect.options]
    assert EMPTY.replace("len(W) - 1", "len(W)") in texts


def test_a_hidden_layer_that_is_not_there_is_no_update():
    text = EMPTY.replace("W[k] = W[k] - 0.5 * g[k]", "o = np.tanh(o @ W[k])")
    here = seen(text)
    assert empty_update_loops(here.program, here.outcome) == []


def test_the_right_program_is_not_touched():
    here = seen(NET)
    assert nothing_moves(here.program, here.tape) == []
