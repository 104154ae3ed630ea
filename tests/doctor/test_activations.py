"""Activations that the forward pass lacks, where the backward pass has their derivative."""

import pytest
from tests.doctor.programs import HEALTHY, LISTS, NET, assert_computes, exchanged, mended, net, seen
from tests.trace.programs import line_of

from unstuck.doctor.activations import with_activations
from unstuck.doctor.gradient import judge_gradients_of

PATIENCE = 60.0
UNKNOWN = {"evolution", "averages of the weights"}  # no loss that they could be judged by
BOTTLENECK = HEALTHY["a linear bottleneck"]
SIGMOID = "1 / (1 + np.exp(-(h @ W2 + b2)))"
CLASSES = "np.eye(2)[(X[:, 0] > 0).astype(int)]"


def found(text):
    here = seen(text)
    gradients = judge_gradients_of(here.program, here.traced, PATIENCE)
    return here, with_activations(here.program, here.traced, gradients.suspects)


@pytest.mark.parametrize("name", [n for n in HEALTHY if n not in UNKNOWN])
def test_nothing_is_lacking(name):
    if seen(HEALTHY[name]).traced is not None:
        assert found(HEALTHY[name])[1] == []


@pytest.mark.parametrize(
    ("activation", "derivative"),
    [
        ("np.tanh({x})", "(1 - h**2)"),
        ("np.maximum({x}, 0)", "(h > 0)"),
        ("1 / (1 + np.exp(-({x})))", "h * (1 - h)"),
    ],
)
def test_a_hidden_layer_without_activation(activation, derivative):
    right = net(
        ("np.tanh(X @ W1 + b1)", activation.format(x="X @ W1 + b1")), ("(1 - h**2)", derivative)
    )
    text = net(("np.tanh(X @ W1 + b1)", "X @ W1 + b1"), ("(1 - h**2)", derivative))
    here, (suspect,) = found(text)
    assert suspect.code == "O503"
    assert suspect.finding.span.line == line_of(text, "h = X @ W1 + b1")
    assert right in [mended(here.program, option) for option in suspect.options]


def test_a_weighted_sum_under_the_name_of_an_activation():
    text = net(("h = np.tanh(X @ W1 + b1)", "z = X @ W1 + b1\n    h = z"))
    here, (suspect,) = found(text)
    assert suspect.finding.span.line == line_of(text, "h = z")
    tanh = next(o for o in suspect.options if o.label == "with tanh")
    assert_computes(mended(here.program, tanh), NET)


def test_the_layer_whose_activation_is_missing_is_named():
    """The error goes wrong on its way through that layer, and nowhere above it."""
    text = exchanged(BOTTLENECK, ("du = d @ W3.T", "du = d @ W3.T * (1 - u**2)"))
    _, (suspect,) = found(text)
    assert suspect.code == "O503"
    assert suspect.finding.span.line == line_of(text, "u = h @ W2")
    assert suspect.finding.evidence["layer"] == 2


def test_a_linear_layer_is_not_to_blame_for_a_mistake_below_it():
    text = exchanged(BOTTLENECK, ("(1 - h**2)", "h * (1 - h)"))
    _, (suspect,) = found(text)
    assert suspect.code == "G103"
    assert suspect.finding.span.line == line_of(text, "h * (1 - h)")


def test_an_output_that_is_no_probability():
    """The cross-entropy that it computes says what the plain difference was meant for."""
    loss = "    loss = -np.mean(T * np.log(np.abs(o) + 1e-9))"
    text = net((f"o = {SIGMOID}", f"o = np.tanh(h @ W2 + b2)\n{loss}"))
    here, (suspect,) = found(text)
    assert suspect.code == "O502"
    assert suspect.finding.span.line == line_of(text, "o = np.tanh(h @ W2 + b2)")
    assert_computes(mended(here.program, suspect.options[0]), NET)


def test_of_a_squared_error_the_derivative_is_missing():
    """Without a logarithm the output may be meant as it is."""
    _, (suspect,) = found(net((f"o = {SIGMOID}", "o = np.tanh(h @ W2 + b2)")))
    assert suspect.code == "G102"


def test_a_layer_of_which_no_input_is_known_stops_nothing():
    """Arrays that are shared move twice, and nothing on the tape says what they are fed."""
    text = exchanged(LISTS, ("V = [np.zeros_like(p) for p in P]", "V = [p for p in P]"))
    here, suspects = found(text)
    assert any(not layer.inputs for layer in here.traced.layers)
    assert not {s.code for s in suspects} & {"O502", "O503"}
