"""Right programs in ways that are easily taken for wrong ones: their gradients are right."""

import numpy as np
import pytest
from tests.trace.programs import DATA, names_of, traced_text

from unstuck.trace.implied import implied_loss
from unstuck.trace.verdict import judge_parameter

WEIGHTS = """
W = rng.normal(size=(3, 2)) * 0.5
b = np.zeros(2)
"""
PLAIN = """
    d = (X @ W + b - T) / len(X)
    gW, gb = X.T @ d, d.sum(axis=0)
"""
PENALTY = "gW = X.T @ d + 0.01 * np.sign(W)"
HUBER = "r = X @ W + b - T\n    d = np.where(np.abs(r) < 0.5, r, 0.5 * np.sign(r)) / len(X)"
FIRST_CALL = """
class Model:
    def fit(self):
        if not hasattr(self, "W"):
            self.W = 0.5 * rng.normal(size=(3, 2))
            self.b = np.zeros(2)
        noise = 0.0 * rng.normal(size=X.shape)
        d = ((X + noise) @ self.W + self.b - T) / len(X)
        self.W = self.W - 0.1 * X.T @ d
        self.b = self.b - 0.1 * d.sum(axis=0)

model = Model()
for step in range(30):
    model.fit()
"""
NUMBERS = """
u = [rng.normal() for _ in range(3)]
v = 0.5
for epoch in range(3):
    for x, t in zip(X.tolist(), T[:, 0].tolist()):
        z = sum(a * c for a, c in zip(u, x))
        h = z if z > 0 else 0.1 * z
        d = v * h - t
        slope = 1.0 if z > 0 else 0.1
        step = [d * v * slope * c for c in x]
        v = v - 0.1 * d * h
        u = [a - 0.1 * s for a, s in zip(u, step)]
"""


def read(training):
    """Parameters by name with their verdicts, and the program as it was read."""
    _, found = traced_text(DATA + training)
    verdicts = zip(names_of(found), (v.verdict for v in found.judgement.verdicts), strict=True)
    return dict(verdicts), found


def test_velocities_that_the_forward_pass_looks_ahead_with_are_no_parameters():
    verdicts, found = read(
        WEIGHTS
        + """vW, vb = np.zeros((3, 2)), np.zeros(2)
for step in range(30):
    aW, ab = W + 0.9 * vW, b + 0.9 * vb
    d = (X @ aW + ab - T) / len(X)
    vW = 0.9 * vW - 0.1 * X.T @ d
    vb = 0.9 * vb - 0.1 * d.sum(axis=0)
    W, b = W + vW, b + vb
"""
    )
    assert verdicts == {"W": "ok", "b": "ok"}
    assert len(found.steps.states) == 2


SATURATED = """
P = [50 * rng.normal(size=(3, 6)), 50 * rng.normal(size=(6, 2)), np.zeros(2)]
Y = (T > 0).astype(float)
M, S = ([np.zeros_like(p) for p in P] for _ in range(2))
for t in range(1, 31):
    h = 1 / (1 + np.exp(-(X @ P[0])))
    d = 1 / (1 + np.exp(-(h @ P[1] + P[2]))) - Y
    G = [X.T @ (d @ P[1].T * h * (1 - h)), h.T @ d, d.sum(axis=0)]
    for k in range(3):
        M[k] = 0.9 * M[k] + 0.1 * G[k]
        S[k] = 0.99 * S[k] + 0.01 * G[k] ** 2
        P[k] = P[k] - 0.05 * (M[k] / (1 - 0.9**t)) / (np.sqrt(S[k] / (1 - 0.99**t)) + 1e-8)
"""


def test_where_all_units_are_saturated_the_formula_is_judged_elsewhere():
    """At the recorded weights the true gradient is rounding, and no multiple of anything."""
    _, found = traced_text(DATA + SATURATED)
    assert found.judgement.loss.name == "binary_cross_entropy"
    assert [v.verdict for v in found.judgement.verdicts] == ["ok"] * 3


def test_weights_that_the_first_call_draws_are_parameters():
    verdicts, found = read(FIRST_CALL)
    assert verdicts == {"self.W": "ok", "self.b": "ok"}
    assert not found.steps.states


@pytest.mark.parametrize(
    "keeps", ["m += 0.1 * (g - m)", "m *= 0.9\n        m += 0.1 * g", "m -= (m - g) / 10"]
)
def test_averages_that_are_kept_in_place_are_no_parameters(keeps):
    verdicts, found = read(
        WEIGHTS
        + f"""ms = [np.zeros((3, 2)), np.zeros(2)]
for step in range(30):
{PLAIN}
    for p, g, m in zip((W, b), (gW, gb), ms):
        {keeps}
        p -= 0.1 * m / (1 - 0.9 ** (step + 1))
"""
    )
    assert set(verdicts.values()) == {"ok"}
    assert [p.shape for p in found.steps.parameters] == [(3, 2), (2,)]


def test_a_weight_that_decays_by_itself_is_still_one():
    """Its old value enters the new one as a multiple of itself, as an average's does."""
    verdicts, _ = read(
        WEIGHTS
        + f"for step in range(30):\n{PLAIN}\n    W = 0.99 * W - 0.1 * gW\n    b = b - 0.1 * gb"
    )
    assert verdicts == {"W": "ok", "b": "ok"}


@pytest.mark.parametrize(("rows", "verdict"), [("", "ok"), ("[::-1]", "wrong")])
def test_of_groups_that_take_turns_one_is_judged_and_no_step_of_many_at_once(rows, verdict):
    verdicts, found = read(
        f"""
A = rng.normal(size=(12, 2)) * 0.5
B = rng.normal(size=(3, 2)) * 0.5
for turn in range(12):
    for _ in range(3):
        e = A @ B.T - X
        A = A - 0.1 * e @ B
    for _ in range(3):
        e = A @ B.T - X
        B = B - 0.1 * e.T @ A{rows}
"""
    )
    assert verdicts == {"B": verdict}
    assert len(found.steps.calm) < len(found.steps.windows)


@pytest.mark.parametrize("also", ["", " + 0.02 * W"])
def test_lasso_and_elastic_net(also):
    plain = PLAIN.replace("gW, gb = X.T @ d, d.sum(axis=0)", f"{PENALTY}{also}; gb = d.sum(axis=0)")
    verdicts, found = read(
        WEIGHTS + f"for step in range(30):\n{plain}\n    W = W - 0.1 * gW\n    b = b - 0.1 * gb"
    )
    assert verdicts == {"W": "ok", "b": "ok"}
    assert found.judgement.verdicts[0].decay == pytest.approx(0.002 if also else 0.0, abs=1e-9)


def test_branches_of_plain_numbers_are_replayed_where_they_would_be_taken():
    verdicts, found = read(NUMBERS)
    assert set(verdicts.values()) == {"ok"}
    near = [p for p in found.judgement.points if p.changed]
    assert near
    wrong, _ = read(NUMBERS.replace("d * v * slope * c", "d * slope * c"))
    assert "wrong" in wrong.values()


@pytest.mark.parametrize("total", ["d.sum(1)", "np.sum(d, axis=1)"])
def test_matrices_multiply_and_keep_two_axes(total):
    text = f"""
M, Y = np.matrix(X).T, np.matrix(T).T
W = np.matrix(rng.normal(size=(2, 3))) * 0.5
b = np.matrix(np.zeros((2, 1)))
for step in range(30):
    d = (W * M + b - Y) / 12
    gb = {total}
    W = W - 0.1 * d * M.T
    b = b - 0.1 * gb
"""
    verdicts, _ = read(text)
    assert verdicts == {"W": "ok", "b": "ok"}
    wrong, _ = read(text.replace("d * M.T", "np.multiply(d, d) * M.T"))
    assert wrong["W"] == "wrong"


# ------------------------------------------------------------- losses that are in no table


def by_own_error(error):
    _, found = read(
        WEIGHTS
        + f"""for step in range(30):
    {error}
    gW, gb = X.T @ d, d.sum(axis=0)
    W = W - 0.1 * gW
    b = b - 0.1 * gb
"""
    )
    return found, implied_loss(found.tape, found.steps, found.anatomy, found.judgement.points)


def test_a_loss_is_known_by_its_error():
    found, own = by_own_error(HUBER)
    assert "wrong" in {v.verdict for v in found.judgement.verdicts}
    assert [v.verdict for v in own.verdicts] == ["ok", "ok"]
    assert own.ratio == pytest.approx(0.1 / 12)
    again = judge_parameter(
        found.tape, found.steps, found.anatomy, found.judgement.points, own.loss, 0
    )
    assert again.cosine == pytest.approx(1.0)


@pytest.mark.parametrize(
    "error",
    [
        HUBER.replace("0.5 * np.sign(r)", "-0.5 * np.sign(r)"),  # points to the labels
        HUBER.replace("np.where(np.abs(r) < 0.5, r, 0.5 * np.sign(r))", "r * r"),
    ],
)
def test_an_error_that_leads_to_the_labels_is_no_loss(error):
    assert by_own_error(error)[1] is None


def test_an_error_with_which_not_all_agrees_is_no_loss():
    _, found = read(
        WEIGHTS
        + f"for step in range(30):\n    {HUBER}\n    W = W - 0.1 * X.T @ (d * d)\n"
        + "    b = b - 0.1 * d.sum(axis=0)"
    )
    points = found.judgement.points
    assert implied_loss(found.tape, found.steps, found.anatomy, points) is None
    assert all(np.all(np.isfinite(v)) for p in points for v in p.changed.values())
