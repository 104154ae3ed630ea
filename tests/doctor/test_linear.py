"""Hidden layers without activation, whose gradient is right: put in, with its derivative."""

import pytest
from tests.doctor.programs import DATA, HEALTHY, NET, assert_computes, mended, net, sandbox, seen
from tests.trace.programs import line_of

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.examine import examine
from unstuck.doctor.linear import hidden_places, with_hidden_activations
from unstuck.doctor.suspect import Suspect
from unstuck.trace.program import Program
from unstuck.trace.traced import trace

PATIENCE = 60.0
LINEAR = net(("np.tanh(X @ W1 + b1)", "X @ W1 + b1"), (" * (1 - h**2)", ""))
DEEP = (
    DATA
    + """sizes = [3, 8, 6, 1]
W = [rng.normal(size=(n, m)) / np.sqrt(n) for n, m in zip(sizes, sizes[1:])]
b = [np.zeros(m) for m in sizes[1:]]
for step in range(60):
    a, z = [X], []
    for k in range(3):
        z.append(a[k] @ W[k] + b[k])
        a.append(np.tanh(z[k]) if k < 2 else 1 / (1 + np.exp(-z[k])))
    d = (a[3] - T) / len(X)
    for k in (2, 1, 0):
        dW, db = a[k].T @ d, d.sum(axis=0)
        if k > 0:
            d = d @ W[k].T * (1 - a[k] ** 2)
        W[k] = W[k] - 0.5 * dW
        b[k] = b[k] - 0.5 * db
"""
)
DEEP_LINEAR = DEEP.replace("np.tanh(z[k])", "z[k]").replace(" * (1 - a[k] ** 2)", "")
NOTHING = Suspect(Finding("O503", "fault", "", None, {"activation": "identity", "layer": 1}))


def found(text):
    here = seen(text)

    def retrace(program: Program):
        run = lambda request: sandbox().run(program, request)  # noqa: E731
        return trace(run, here.outcome.loops, lambda said: None)[0]

    return here, with_hidden_activations(here.program, here.traced, [NOTHING], retrace, PATIENCE)


def test_one_hidden_layer():
    here, (suspect,) = found(LINEAR)
    assert suspect.finding.span.line == line_of(LINEAR, "h = X @ W1 + b1")
    tanh = next(o for o in suspect.options if o.label == "with tanh")
    assert_computes(mended(here.program, tanh), NET)


def test_layers_in_a_loop_of_which_the_output_is_one():
    """The error goes through one line for all layers: each reads what the one before it made."""
    here, (suspect,) = found(DEEP_LINEAR)
    tanh = next(o for o in suspect.options if o.label == "with tanh")
    assert mended(here.program, tanh).split() == DEEP.split()


def test_where_the_output_cannot_be_told_apart_nothing_is_put_in():
    text = DEEP_LINEAR.replace(
        "a.append(z[k] if k < 2 else 1 / (1 + np.exp(-z[k])))", "a.append(z[k])"
    )
    here = seen(text)
    assert here.traced is None or hidden_places(here.program, here.traced) == []


@pytest.mark.parametrize("name", ["a linear bottleneck", "random features", "plain"])
def test_what_is_not_linear_throughout_is_left_alone(name):
    program = Program({"program.py": HEALTHY[name]}, "program.py")
    assert [f for f in examine(program, sandbox=sandbox()).findings if f.code == "O503"] == []


AUTOENCODER = """import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 6))
X = X - X.mean(axis=0)
E, D = rng.normal(size=(6, 2)) * 0.1, rng.normal(size=(2, 6)) * 0.1
for step in range(200):
    z = X @ E
    out = z @ D
    d = (out - X) / len(X)
    dD, dE = z.T @ d, X.T @ (d @ D.T)
    D = D - 0.05 * dD
    E = E - 0.05 * dE
"""


def test_a_linear_autoencoder_is_at_most_remarked_on():
    diagnosis = examine(Program({"program.py": AUTOENCODER}, "program.py"), sandbox=sandbox())
    assert diagnosis.verdict == "learns"
    assert {f.severity for f in diagnosis.findings} <= {"note"}
