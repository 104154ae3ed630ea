"""What programs report: comparisons and formulas that go wrong, and many that only look odd."""

import math

import pytest
from tests.doctor.programs import CLASS, DATA, HEALTHY, NET, net, seen
from tests.trace.programs import line_of, sandbox

from unstuck.doctor.ask import diagnose
from unstuck.doctor.broadcast import broadcast_errors
from unstuck.doctor.fixes.patch import apply
from unstuck.doctor.told.formula import wrong_losses
from unstuck.doctor.told.metric import wrong_metrics
from unstuck.trace.told import last_request, lineages, step_keys, told_at_first, told_at_last

SOFT = (
    DATA.replace(
        "T = (X[:, :1] * X[:, 1:2] > 0).astype(float)", "c = (X[:, 0] > 0) + 1 * (X[:, 1] > 0)"
    )
    + """T = np.eye(3)[c.astype(int)]
net = {"W": rng.normal(size=(3, 3)), "b": np.zeros(3)}
def shares(X):
    z = np.exp(X @ net["W"] + net["b"])
    return z / z.sum(axis=1, keepdims=True)
for step in range(1, 81):
    p = shares(X)
    for name, g in (("W", X.T @ (p - T)), ("b", (p - T).sum(0))):
        net[name] -= 0.05 * g
"""
)
CURVE = """import numpy as np
rng = np.random.default_rng(5)
x = np.linspace(-1, 1, 60)[:, None]
t = np.sin(3 * x)
u, v, w = rng.normal(size=(1, 9)) * 2, rng.normal(size=9), rng.normal(size=(9, 1)) / 3
for k in range(100):
    h = np.tanh(x @ u + v)
    out = h @ w
    d = (out - t) / len(x)
    e = d @ w.T * (1 - h * h)
    w, u, v = w - 0.2 * h.T @ d, u - 0.2 * x.T @ e, v - 0.2 * e.sum(0)
"""
PURE = """import math, random
random.seed(2)
points = [(random.uniform(-2, 2), random.uniform(-2, 2)) for _ in range(16)]
data = [(a, b, 1.0 if a + b > 0 else 0.0) for a, b in points]
w, c = [0.1, -0.1], 0.0
right = 0
for epoch in range(8):
    right, cost = 0, 0.0
    for a, b, t in data:
        o = 1 / (1 + math.exp(-(w[0] * a + w[1] * b + c)))
        d = o - t
        w[0], w[1], c = w[0] - 0.1 * d * a, w[1] - 0.1 * d * b, c - 0.1 * d
        cost += -(t * math.log(o) + (1 - t) * math.log(1 - o))
        if (o > 0.5) == (t > 0.5):
            right += 1
    print(right / len(data), cost / len(data))
"""
BATCHES = CLASS.replace(
    "        d = (o - T) / len(X)\n",
    "        d = (o - T) / len(X)\n        self.right += np.sum((o > 0.5) == T)\n",
).replace(
    "    net.fit(X, T)\n", "    net.right = 0\n    net.fit(X, T)\n    print(net.right / len(X))\n"
)


def told_of(text):
    """A program, what it tells first and last, and its loops."""
    here = seen(text)
    request = last_request(here.traced, here.outcome.loops, None)
    outcome = sandbox().run(here.program, request)
    last = told_at_last(outcome.tape, step_keys(here.traced), lineages(here.traced))
    return here, [last, told_at_first(here.traced)]


def found(text):
    """The program and its suspects, each place once."""
    here, tapes = told_of(text)
    loops = here.outcome.loops
    suspects = [s for told in tapes for s in wrong_metrics(here.program, told, loops)]
    labels = [[0.0, 1.0]] if text.startswith("import math") else []
    suspects += wrong_losses(here.program, here.traced, tapes, labels)
    return here.program, list({s.finding.span: s for s in reversed(suspects)}.values())


def assert_found(text, code, wrong, right):
    program, (suspect,) = found(text)
    assert suspect.code == code
    assert suspect.finding.span.line == line_of(text, wrong)
    mended = apply(program, suspect.options[0].edits).files["program.py"]
    assert right in mended
    assert found(mended)[1] == []
    return suspect.finding.evidence


METRICS = {
    "n by n": (NET, "print(np.mean((o > 0.5) == T.ravel()))", "(o > 0.5) == T)"),
    "n by n, rows": (NET, "print(100 * ((o[:, 0] > 0.5) == T).mean())", "== T.ravel()"),
    "n by n, error": (CURVE, "print(np.sqrt(((out - t[:, 0]) ** 2).mean()))", "(out - t)"),
    "axis": (
        SOFT,
        "print(np.mean(p.argmax(0) == T.argmax(0)))",
        "p.argmax(axis=1) == T.argmax(axis=1)",
    ),
    "no axis": (SOFT, "print(np.mean(np.argmax(p) == c))", "np.argmax(p, axis=1) == c"),
    "one column": (NET, "print(np.mean(np.argmax(o, axis=1) == T[:, 0]))", "(o > 0.5)"),
    "no threshold": (NET, "print(np.mean(o == T))", "(o > 0.5) == T"),
    "no classes": (SOFT, "print(np.mean(p == T))", "np.argmax(p, axis=1) == np.argmax(T, axis=1)"),
    "other labels": (
        NET,
        "T = 2 * T - 1\nprint(np.mean((o > 0.5) == T))",
        "np.where(o > 0.5, 1, -1)",
    ),
    "sign of shares": (NET, "print(np.mean(np.sign(o) == T))", "(o > 0.5) == T"),
    "threshold": (NET, "print(np.mean((o > 0).astype(int) == T))", "o > 0.5"),
    "one-hot": (
        SOFT,
        "print(np.mean([np.argmax(shares(a[None])) == b for a, b in zip(X, T)]))",
        "== np.argmax(b)",
    ),
}


@pytest.mark.parametrize("name", METRICS)
def test_comparisons_that_cannot_be_meant(name):
    start, line, right = METRICS[name]
    evidence = assert_found(start + line + "\n", "O505", line.splitlines()[-1], right)
    better = evidence["actual"] - evidence["reported"]
    assert (better < 0) if evidence["metric"] == "error" else (better > 0.1)


def test_the_right_number_is_told():
    _, (suspect,) = found(NET + "print(np.mean((o > 0.5) == T.ravel()))\n")
    _, (right,) = found(NET + "print(np.mean((o > 0.5).ravel() == T))\n")
    assert suspect.finding.evidence["actual"] == right.finding.evidence["actual"] > 0.9
    assert "(40, 1) and (40,)" in suspect.finding.message


def test_hits_that_are_never_forgotten():
    text = BATCHES.replace("    net.right = 0\n", "").replace(
        "net = Net()\n", "net = Net()\nnet.right = 0\n"
    )
    _, (suspect,) = found(text)
    assert suspect.code == "O505"
    assert suspect.finding.evidence["reported"] > 10
    assert 0.5 < suspect.finding.evidence["actual"] <= 1.0
    assert found(BATCHES)[1] == []


def test_hits_that_are_never_forgotten_one_by_one():
    text = PURE.replace("    right, cost = 0, 0.0\n", "    cost = 0.0\n")
    assert_found(text, "O505", "right += 1", "    right = 0\n    for a, b, t in data:")


LOSSES = {
    "square of the wrong": (CURVE, 'print("loss", np.mean(out - t**2))', "np.mean((out - t) ** 2)"),
    "no square": (CURVE, "loss = (out - t).sum() / 60\nprint(loss)", "np.sum((out - t) ** 2) / 60"),
    "square of the mean": (CURVE, "cost = np.mean(t - out) ** 2", "cost = np.mean((out - t) ** 2)"),
    "cube": (CURVE, "print(np.mean((t - out) ** 3))", "np.mean((out - t) ** 2)"),
    "one class": (NET, "print(-np.mean(T * np.log(o)))", "T * np.log(o) + (1 - T) * np.log(1 - o)"),
    "one sign": (NET, "print(-np.mean(T * np.log(o) - (1 - T) * np.log(1 - o)))", ") + (1 - T"),
    "same log": (
        NET,
        "print(-np.sum(T * np.log(o) + (1 - T) * np.log(o)) / 40)",
        "np.log(1 - o)) / 40",
    ),
    "log of labels": (
        NET,
        "print(-np.mean(T * np.log(o) + (1 - o) * np.log(1 - T)))",
        "np.log(1 - o)",
    ),
    "no minus": (SOFT, "loss = np.sum(T * np.log(p)) / 40", "loss = -np.sum(T * np.log(p)) / 40"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_formulas_that_are_no_loss(name):
    start, line, right = LOSSES[name]
    evidence = assert_found(start + line + "\n", "O506", line.splitlines()[0], right)
    assert evidence["problem"]


def test_a_formula_of_pure_python():
    text = PURE.replace("-(t * math.log(o) + (1 - t) * math.log(1 - o))", "-t * math.log(o)")
    assert_found(text, "O506", "cost += -t", "-(t * math.log(o) + (1 - t) * math.log(1 - o))")


FINE = {
    "shares": NET
    + """
print(((o > 0.5) == T).mean(), np.mean(np.round(o) == T), 1 - np.abs((o > 0.5) - T).mean())
print(np.mean((o[:, 0] > 0.5) == T[:, 0]), np.sum((o > 0.5) * (T == 1)), np.mean(o > 0))
print(((o > 0.5)[:, :, None] == np.array([0, 1])).sum(axis=0))
""",
    "cross-entropy": NET
    + """
print(-np.mean(T * np.log(o) + (1 - T) * np.log(1 - o)), np.mean(o - T), np.mean(T * np.log(o)))
""",
    "likelihood": NET + "likelihood = np.sum(T * np.log(o) + (1 - T) * np.log(1 - o))\n",
    "focal": NET + "print(-np.mean(T * (1 - o) * np.log(o) + (1 - T) * o * np.log(1 - o)))\n",
    "dice": NET + "print(1 - 2 * np.sum(o * T) / (np.sum(o) + np.sum(T)))\n",
    "penalty": NET
    + """
a = np.clip(o, 1e-9, 1 - 1e-9)
cost = np.squeeze(-np.dot(T.T, np.log(a)) - np.dot((1 - T).T, np.log(1 - a)))
print(cost / 40 + 0.01 * np.sum(W1**2))
""",
    "classes": SOFT
    + """
print(np.mean(p.argmax(1) == c.astype(int)))
print(np.mean(np.argmax(p.T, axis=0) == np.argmax(T.T, axis=0)))
print((p.argmax(axis=1)[:, None] == np.arange(3)).sum(0), (p == p.max(1, keepdims=True)).sum())
print("perplexity", np.exp(-np.log(p[np.arange(40), c.astype(int)]).mean()))
""",
    "soft labels": SOFT + "S = 0.9 * T + 0.1 / 3\nprint(-np.sum(S * np.log(p)) / 40)\n",
    "divergence": SOFT + "print(np.sum(T * (np.log(T + 1e-9) - np.log(p))))\n",
    "root": CURVE + "print('rmse', np.sqrt(np.mean((out - t) ** 2)), 'bias', np.mean(out - t))\n",
    "absolute": CURVE + "print(np.mean(np.abs(t - out)), np.max(np.abs(t - out)))\n",
    "huber": CURVE + "r = np.abs(t - out)\nprint(np.where(r < 1, r * r / 2, r - 0.5).mean())\n",
    "quantile": CURVE + "r = t - out\nprint('loss', np.mean(np.maximum(0.9 * r, -0.1 * r)))\n",
    "explained": CURVE + "print('error', 1 - np.var(t - out) / np.var(t))\n",
    "r2": CURVE + "print(1 - ((t - out) ** 2).sum() / ((t - t.mean()) ** 2).sum())\n",
    "norms": CURVE + "print(np.linalg.norm(d), np.abs(w).mean(), out.mean(), np.abs(h).mean())\n",
    "smoothed": CURVE.replace(
        "    e = d",
        "    now = np.sum((out - t) ** 2)\n"
        "    cost = now if k == 0 else 0.9 * cost + 0.1 * now\n    e = d",
    ),
    "pure": PURE,
}


@pytest.mark.parametrize("name", FINE)
def test_what_only_looks_odd(name):
    assert found(FINE[name])[1] == []


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_programs(name):
    here = seen(HEALTHY[name])
    if here.traced is not None:
        assert found(HEALTHY[name])[1] == []
        assert broadcast_errors(here.program, here.traced) == []


def test_the_answer(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(NET + "print('accuracy', np.mean((o > 0.5) == T.ravel()))\n")
    diagnosis = diagnose(file)
    assert diagnosis.verdict == "learns"
    (finding,) = [f for f in diagnosis.findings if f.code == "O505"]
    assert (finding.severity, finding.replacement, finding.proved) == ("fault", "T", True)
    assert not any(math.isnan(finding.evidence[key]) for key in ("reported", "actual"))


def test_numbers_of_a_training_that_was_cut_short_are_not_told(tmp_path):
    slow = net(("range(60)", "range(60000)")).replace("    h = ", "    sum(range(20000))\n    h = ")
    file = tmp_path / "net.py"
    file.write_text(slow + "print('accuracy', np.mean((o > 0.5) == T.ravel()))\n")
    (finding,) = [f for f in diagnose(file, budget=20, rerun=False).findings if f.code == "O505"]
    assert "reported" not in finding.evidence


def test_nothing_is_noted_before_the_last_rounds():
    here = seen(NET)
    request = last_request(here.traced, here.outcome.loops, None)
    tape = sandbox().run(here.program, request).tape
    assert tape.start == 0
    assert not any(node.op.startswith("random.") for node in tape)  # data, weights: leaves
    made = [tape.sites[node.site].targets for node in tape if node.op == "subtract"]
    assert made.count(("W2",)) == 2
