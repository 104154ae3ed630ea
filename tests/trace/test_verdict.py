"""Is each step a multiple of the true gradient? On whole programs, right and wrong, and by hand."""

import math

import numpy as np
import pytest
from tests.trace.programs import FAULTS, STYLES, traced, verdicts_of

from unstuck.trace.fits import best_fit, momentum_of
from unstuck.trace.gradients import DELTAS, class_axis, plausible
from unstuck.trace.points import generic_points
from unstuck.trace.tape import Tape
from unstuck.trace.verdict import (
    MOST_ENTRIES,
    ParameterVerdict,
    chosen_entries,
    common_ratio,
    judge_parameter,
    name_verdicts,
    same,
    was_right,
)

ALL = pytest.mark.parametrize("style", STYLES)


@ALL
def test_right_steps(style):
    right = STYLES[style]
    _, found = traced(style)
    assert found.judgement.loss.name == right.loss
    assert found.judgement.ratio == pytest.approx(right.ratio)
    for name, v in verdicts_of(found).items():
        assert v.verdict == "ok", name
        assert v.relative == pytest.approx(1.0)
        assert v.decay == pytest.approx(right.decay.get(name, 0.0), abs=1e-9)
        assert v.momentum == pytest.approx(right.momentum, abs=1e-6)
        assert bool(v.nodes) is right.adaptive
        if not right.adaptive:
            assert v.ratio == pytest.approx(right.ratio)
            assert v.residual < 1e-6


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen_in_the_right_parameters(name):
    fault = FAULTS[name]
    _, found = traced(fault.style, fault.change)
    verdicts = verdicts_of(found)
    right = {key for key, v in verdicts.items() if v.verdict == "ok" or was_right(v)}
    assert {key: v.verdict for key, v in verdicts.items() if key not in right} == fault.verdicts
    assert set(verdicts) == set(STYLES[fault.style].shapes)
    assert found.judgement.ratio == pytest.approx(STYLES[fault.style].ratio)


@pytest.mark.parametrize(
    ("name", "parameter", "relative"),
    [
        ("mean missing for one parameter", "W2", 12.0),
        ("mean missing for one bias", "b2", 15.0),
        ("mean of a bias that has one already", 'p["b1"]', 1 / 12),
        ("sign of one bias", "b2", -1.0),
        ("sign of the hidden error", "W1", -1.0),
        ("sign in pure Python", "v[j]", -1.0),
    ],
)
def test_how_far_off_a_step_is(name, parameter, relative):
    _, found = traced(FAULTS[name].style, FAULTS[name].change)
    assert verdicts_of(found)[parameter].relative == pytest.approx(relative)


@pytest.mark.parametrize(
    ("style", "old", "new", "expected"),
    [
        (
            "rows",
            "d2 = (a2 - T)",
            "d2 = (T - a2)",
            {"W1": "sign", "b1": "sign", "W2": "sign", "b2": "sign"},
        ),
        ("class", "(t - o)", "(o - t)", {"self.weights": "sign", "self.out_weights": "sign"}),
        ("momentum", "vb = 0.9 * vb -", "vb = 0.9 * vb +", {"W": "ok", "b": "sign"}),
        ("momentum", "vW = 0.9 * vW", "vW = 1.0 * vW", {"W": "unreset", "b": "ok"}),
        (
            "decay",
            "W2 -= 0.3 * dW2",
            "W2 = W2 - 0.3 * (dW2 - 0.05 * W2) - W2",
            {"W1": "ok", "b1": "ok", "W2": "ok", "b2": "ok"},  # a decay of 1: no overwriting
        ),
    ],
)
def test_other_faults(style, old, new, expected):
    _, found = traced(style, (old, new))
    assert {name: v.verdict for name, v in verdicts_of(found).items()} == expected


@pytest.mark.parametrize(
    ("old", "new", "loss"),
    [
        ("dZ2 = A2 - Y", "dZ2 = (A2 - Y) * A2 * (1 - A2)", "squared_error"),
        ("dZ2 = A2 - Y", "dZ2 = np.sign(A2 - Y) * A2 * (1 - A2)", "absolute_error"),
    ],
)
def test_the_loss_that_is_meant(old, new, loss):
    _, found = traced("columns", (old, new))
    assert found.judgement.loss.name == loss
    assert all(v.verdict == "ok" for v in found.judgement.verdicts)


def test_saturated_units_hide_nothing():
    """Weights of size 50: at those the hidden error is 0, right or wrong; at others it is not."""
    big = ("W1, b1 = rng.normal(size=(3, 4))", "W1, b1 = 50 * rng.normal(size=(3, 4))")
    _, right = traced("rows", big)
    assert {v.verdict for v in right.judgement.verdicts} == {"ok"}
    wrong = FAULTS["half of the derivative"].change
    seen = {key: v.verdict for key, v in verdicts_of(traced("rows", big, wrong)[1]).items()}
    assert seen == {"W1": "wrong", "b1": "wrong", "W2": "ok", "b2": "ok"}


def test_equal_weights_hide_nothing():
    """With W2 all alike, its transpose or its own order make no difference; elsewhere they do."""
    change = ("V, c = rng.normal(size=(2, 2))", "V, c = np.ones((2, 2))")
    wrong = FAULTS["weights not transposed, square"].change
    seen = {key: v.verdict for key, v in verdicts_of(traced("samples", change, wrong)[1]).items()}
    assert seen == {"W": "wrong", "b": "wrong", "V": "ok", "c": "ok"}


def test_single_precision_is_judged_by_its_own_rounding():
    rest = "X, T, W1, b1, W2, b2 = (a.astype(np.float32) for a in (X, T, W1, b1, W2, b2))"
    _, found = traced("rows", ("for epoch", f"{rest}\nfor epoch"))
    for parameter in found.steps.parameters:
        assert found.tape[parameter.lineages[0].first].value.dtype == np.float32
    assert [v.verdict for v in found.judgement.verdicts] == ["ok"] * 4
    assert found.judgement.ratio == pytest.approx(0.5, rel=1e-3)


def test_clipped_gradients_keep_their_direction():
    change = ("W1 -= 0.3 * dW1", "W1 -= 0.3 * np.clip(dW1, -0.01, 0.01)")
    v = verdicts_of(traced("decay", change)[1])["W1"]
    assert v.verdict == "ok"
    assert v.nodes
    assert v.relative == 1.0


def test_the_same_seed_gives_the_same_points():
    _, found = traced("rows")

    def points(seed):
        made, why = generic_points(
            found.tape, found.steps, found.anatomy.flows, np.random.default_rng(seed)
        )
        assert why == ""
        return [p for p in made if p.values]

    one, same_again, other = points(3), points(3), points(4)
    assert len(one) == 3 * len(found.anatomy.flows)
    for a, b in zip(one, same_again, strict=True):
        assert a.changed.keys() == b.changed.keys()
        assert all(np.array_equal(a.changed[k], b.changed[k]) for k in a.changed)
    (key, *_) = one[0].changed
    assert not np.array_equal(one[0].changed[key], other[0].changed[key])


def test_a_step_that_became_no_number():
    _, found = traced("rows", ("W2 -= 0.5 * a1.T", "W2 -= np.nan * a1.T"))
    assert "nonfinite" in {v.verdict for v in found.judgement.verdicts}


def test_true_gradients_agree_with_differences_of_the_loss():
    """The squared error of the recorded outputs, by central differences over W2 and b2."""
    _, found = traced("dict")
    loss, points = found.judgement.loss, found.judgement.points
    (w,) = {points[0].window}
    flow = found.anatomy.flows[w]
    names = list(STYLES["dict"].shapes)
    values = {name: np.asarray(found.tape[flow.start[k][0]].value) for k, name in enumerate(names)}
    rng = np.random.default_rng(1)
    X = rng.normal(size=(12, 3))
    T = np.stack([X[:, 0] > 0, X[:, 1] * X[:, 2] > 0], axis=1).astype(float)

    def cost(values):
        h = np.maximum(X @ values[names[0]] + values[names[1]], 0)
        return 0.5 * np.sum((h @ values[names[2]] + values[names[3]] - T) ** 2)

    for k, name in enumerate(names):
        numeric = np.zeros(values[name].size)
        for i in range(numeric.size):
            for sign in (1, -1):
                moved = values[name].copy()
                moved.flat[i] += sign * 1e-6
                numeric[i] += sign * cost({**values, name: moved}) / 2e-6
        np.testing.assert_allclose(loss.gradients[0][k], numeric, rtol=1e-6, atol=1e-6)


# ------------------------------------------------------------------------------ fits by hand


def rows(make, *, windows=2, points=4, size=6, seed=0):
    """(window, step, gradient, before) at some points; ``make`` gives the step."""
    rng = np.random.default_rng(seed)
    found = []
    for w in range(windows):
        constant = rng.normal(size=size)
        for _ in range(points):
            gradient, before = rng.normal(size=size), rng.normal(size=size)
            found.append((w, make(gradient, before, constant, rng), gradient, before))
    return found


@pytest.mark.parametrize("ratio", [0.1, -0.1, 1e-9, 1e6])
def test_a_multiple_is_fitted(ratio):
    fit = best_fit(rows(lambda g, b, c, rng: -ratio * g), 1e-6)
    assert fit.ratio == pytest.approx(ratio)
    assert fit.decay == 0.0
    assert fit.residual < 1e-9
    assert fit.cosine == pytest.approx(math.copysign(1.0, ratio))


def test_decay_and_what_the_optimiser_remembers_are_told_apart():
    fit = best_fit(rows(lambda g, b, c, rng: -0.2 * g - 0.03 * b + 7.0 * c), 1e-6)
    assert fit.ratio == pytest.approx(0.2)
    assert fit.decay == pytest.approx(0.03)
    assert fit.residual < 1e-9


@pytest.mark.parametrize(
    "make",
    [
        lambda g, b, c, rng: rng.normal(size=g.size),
        lambda g, b, c, rng: -0.2 * g[::-1],
        lambda g, b, c, rng: -0.2 * g * np.arange(1, g.size + 1),
        lambda g, b, c, rng: -0.2 * np.sign(g),
        lambda g, b, c, rng: -0.2 * g + 1e-3 * rng.normal(size=g.size),
    ],
)
def test_what_is_no_multiple_leaves_a_residual(make):
    assert best_fit(rows(make), 1e-6).residual > 1e-4


def test_a_learning_rate_that_falls_is_no_fault():
    found = rows(lambda g, b, c, rng: -0.2 * g, windows=3)
    found = [(w, step * 0.5**w, g, b) for w, step, g, b in found]
    fit = best_fit(found, 1e-6)
    assert fit.residual < 1e-9
    assert fit.ratio == pytest.approx(0.1)  # the median


@pytest.mark.parametrize("share", [0.9, 0.5, 1.0])
def test_momentum_is_the_share_of_the_step_before(share):
    rng = np.random.default_rng(0)
    step, recorded = np.zeros(5), []
    for w in range(4):
        gradient = rng.normal(size=5)
        step = share * step - 0.1 * gradient
        recorded.append((w, step, gradient, rng.normal(size=5)))
    fit = best_fit(recorded, 1e-6)
    fit.ratio, fit.decay = 0.1, 0.0
    assert momentum_of(recorded, fit) == pytest.approx(share)


def test_no_momentum():
    recorded = rows(lambda g, b, c, rng: -0.1 * g, windows=4, points=1)
    fit = best_fit(recorded, 1e-6)
    assert momentum_of(recorded, fit) == 0.0


# ------------------------------------------------------------------------------- comparing


def verdict(ratio, kind="ok", nodes=()):
    return ParameterVerdict(0, kind, ratio, nodes=nodes)


@pytest.mark.parametrize(
    ("ratios", "common"),
    [
        ([0.1, 0.1, 5.0], 0.1),
        ([5.0, 0.1, 0.1], 0.1),
        ([-0.1, 0.1], 0.1),  # a tie: the one that goes downhill
        ([-0.1, -0.1, 0.1], -0.1),
        ([0.1, 0.1 * (1 + 1e-4), 0.3], 0.1),
        ([0.0, 0.2], 0.2),
        ([np.nan, 0.2], 0.2),
    ],
)
def test_the_common_step_size(ratios, common):
    assert common_ratio([verdict(r) for r in ratios]) == pytest.approx(common, rel=1e-3)


def test_no_common_step_size():
    assert math.isnan(common_ratio([]))
    assert math.isnan(common_ratio([verdict(0.1, "wrong"), verdict(0.2, "zero")]))


@pytest.mark.parametrize(
    ("ratio", "nodes", "expected"),
    [
        (0.1, (), "ok"),
        (0.1 * (1 + 1e-3), (), "ok"),
        (0.11, (), "scale"),
        (-0.1, (), "sign"),
        (-5.0, (), "sign"),
        (5.0, (3,), "ok"),  # where the optimiser chooses the size itself
        (-5.0, (3,), "sign"),
    ],
)
def test_a_step_beside_the_common_one(ratio, nodes, expected):
    v = verdict(ratio, nodes=nodes)
    name_verdicts([v], 0.1)
    assert v.verdict == expected


@pytest.mark.parametrize("kind", ["wrong", "zero", "unchecked", "nonfinite", "overwritten"])
def test_other_verdicts_stay(kind):
    v = verdict(-3.0, kind)
    name_verdicts([v], 0.1)
    assert v.verdict == kind


def test_same():
    assert same(1.0, 1.001)
    assert same(-2.0, -2.0)
    assert not same(1.0, 1.01)
    assert not same(1.0, -1.0)


def test_of_a_large_parameter_some_entries_are_compared():
    assert chosen_entries(MOST_ENTRIES, 0) == slice(None)
    chosen = chosen_entries(10 * MOST_ENTRIES, 2)
    assert len(set(chosen.tolist())) == MOST_ENTRIES
    np.testing.assert_array_equal(chosen, chosen_entries(10 * MOST_ENTRIES, 2))
    assert not np.array_equal(chosen, chosen_entries(10 * MOST_ENTRIES, 3))


def test_a_loss_that_depends_on_nothing():
    """A parameter that moves although no loss depends on it is wrong, one at rest is open."""
    _, found = traced("rows")
    loss = found.judgement.loss
    empty = type(loss)(loss.name, loss.pairing, loss.site, [[None] * 4 for _ in loss.gradients])
    points = found.judgement.points
    v = judge_parameter(found.tape, found.steps, found.anatomy, points, empty, 0)
    assert v.verdict == "unchecked"
    assert "does not depend" in v.why


# ------------------------------------------------------------------------------------ losses


def numeric(cost, o, y):
    found = np.zeros(o.shape)
    for i in range(o.size):
        for sign in (1, -1):
            moved = o.copy()
            moved.flat[i] += sign * 1e-6
            found.flat[i] += sign * cost(moved, y) / 2e-6
    return found


def log_sum_exp(o):
    return np.log(np.exp(o).sum(axis=1))


COSTS = {
    "squared_error": lambda o, y: 0.5 * ((o - y) ** 2).sum(),
    "binary_cross_entropy": lambda o, y: -(y * np.log(o) + (1 - y) * np.log(1 - o)).sum(),
    "cross_entropy": lambda o, y: -(y * np.log(o)).sum(),
    "cross_entropy_of_logits": lambda o, y: (log_sum_exp(o) - (y * o).sum(axis=1)).sum(),
    "binary_cross_entropy_of_logits": lambda o, y: (np.log1p(np.exp(o)) - y * o).sum(),
    "hinge": lambda o, y: np.maximum(0, 1 - y * o).sum(),
    "absolute_error": lambda o, y: np.abs(o - y).sum(),
}


@pytest.mark.parametrize("name", DELTAS)
def test_the_slope_of_a_loss_is_that_of_its_formula(name):
    rng = np.random.default_rng(5)
    o = rng.uniform(0.1, 0.9, size=(4, 3))
    y = np.eye(3)[rng.integers(3, size=4)]
    if name == "hinge":
        y = 2 * y - 1
    np.testing.assert_allclose(DELTAS[name](o, y), numeric(COSTS[name], o, y), rtol=1e-6, atol=1e-7)


def test_every_loss_has_its_formula_here():
    assert COSTS.keys() == DELTAS.keys()


@pytest.mark.parametrize(
    ("shape", "axis"), [((5, 3), 1), ((3, 5), 0), ((3,), 0), ((1, 3), 1), ((3, 1), 0)]
)
def test_the_axis_of_the_classes(shape, axis):
    y = np.zeros(shape)
    if len(shape) == 1:
        y[1] = 1
    elif axis == 1:
        y[np.arange(shape[0]), np.arange(shape[0]) % shape[1]] = 1
    else:
        y[np.arange(shape[1]) % shape[0], np.arange(shape[1])] = 1
    assert class_axis(y) == axis


class Paired:
    """A pairing, as far as `plausible` looks."""

    def __init__(self, *labels):
        self.labels = {0: tuple(np.asarray(y, dtype=float) for y in labels)}


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("hinge", [[1, -1]], True),
        ("hinge", [[0, 1]], False),
        ("cross_entropy_of_logits", [[0, 1, 0]], True),
        ("cross_entropy_of_logits", [[0, 2, 0]], False),
        ("cross_entropy_of_logits", [1.0], False),
        ("binary_cross_entropy_of_logits", [1.0], True),
        ("binary_cross_entropy_of_logits", [[-1, 1]], False),
        ("squared_error", [[3.7, -2.0]], True),
    ],
)
def test_losses_that_make_sense(name, labels, expected):
    assert plausible(name, Tape([], []), Paired(*labels)) is expected


BATCH_NORM = """import numpy as np
rng = np.random.default_rng(1)
X = rng.normal(size=(40, 3))
y = (X[:, :1] * X[:, 1:2] > 0).astype(float)
p = {"W1": rng.normal(size=(3, 8)), "b1": np.zeros(8), "W2": rng.normal(size=(8, 1)) / 3}
seen = {"mean": np.zeros(8)}
for i in range(60):
    z = X @ p["W1"] + p["b1"]
    seen["mean"] += 0.1 * (z.mean(0) - seen["mean"])
    std = np.sqrt(z.var(0) + 1e-5)
    s = (z - z.mean(0)) / std
    a = np.maximum(s, 0)
    o = 1 / (1 + np.exp(-(a @ p["W2"])))
    d = (o - y) / 40
    ds = (d @ p["W2"].T) * (s > 0)
    dz = (ds - (ds.sum(0) + s * (ds * s).sum(0)) / 40) / std
    g = {"W1": X.T @ dz, "b1": dz.sum(0), "W2": a.T @ d}
    for k in p:
        p[k] -= 0.1 * g[k]
"""


def test_what_a_batch_norm_takes_out_again_is_no_fault():
    from unstuck.trace.program import Program
    from unstuck.trace.request import Request
    from unstuck.trace.sandbox import Sandbox
    from unstuck.trace.traced import trace

    program = Program({"a.py": BATCH_NORM}, "a.py")
    with Sandbox() as sandbox:
        loops = sandbox.run(program, Request("tally")).loops
        found, why, _ = trace(lambda r: sandbox.run(program, r), loops, lambda _: None)
    assert found is not None, why
    seen = {found.name_of(v.parameter): v.verdict for v in found.judgement.verdicts}
    assert seen['p["W1"]'] == seen['p["W2"]'] == "ok", seen
    others = {name: v for name, v in seen.items() if name not in {'p["W1"]', 'p["W2"]'}}
    assert set(others.values()) == {"unchecked"}, seen  # its gradient is rounding alone


def test_a_right_formula_whose_numbers_run_out_of_range_is_told_from_the_wrong_one():
    fault = FAULTS["derivative of tanh at the sum instead of the output"]
    _, found = traced(fault.style, fault.change)
    verdicts = verdicts_of(found)
    assert {verdicts[key].verdict for key in ("W2", "b2")} == {"nonfinite"}
    assert was_right(verdicts["W2"])
    assert not was_right(verdicts["W1"])
