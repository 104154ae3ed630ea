"""The lines to paste are run, and give the statistics of what was measured."""

import numpy as np
import pytest

from unstuck.core.network import Network
from unstuck.weights.candidates import CANDIDATES, PRESENT, plans
from unstuck.weights.lines import numpy_lines
from unstuck.weights.recipe import begin
from unstuck.weights.setting import look_around

SIZES = [40, 81, 60, 10]  # odd and even, wider and narrower
FUNCTIONS = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh}


def run(lines, X, activation):
    space = {"np": np, "X": X, "activation": FUNCTIONS[activation]}
    exec("\n".join(lines).replace("default_rng()", "default_rng(5)"), space)  # noqa: S102
    return [(space[f"W{k}"], space[f"b{k}"]) for k in (1, 2, 3)]


def logits(layers, x, activation):
    for k, (W, b) in enumerate(layers):
        z = x @ W + b
        x = FUNCTIONS[activation](z) if k < 2 else z
        yield z


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("name", [name for name in CANDIDATES if name != PRESENT])
@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_lines_reproduce_the_candidate(name, activation, shift):
    x = np.random.default_rng(1).normal(shift, 0.7, size=(300, 40))
    net = Network.mlp(SIZES, hidden_activation=activation, random_state=0)
    setting = look_around(net, x)
    rules = plans(setting).get(name)
    if rules is None:
        assert name in ("mirrored", "centred")
        assert activation == "tanh"
        return
    drawn = begin(net, rules, x, np.random.default_rng(3))
    layers = run(numpy_lines(drawn, setting.sizes), x, activation)
    for (W, b), p in zip(layers, net.by_layer(net.theta)[::2], strict=True):
        assert W.shape == p["W"].shape
        assert b.shape == p["b"].shape
        assert W.std() == pytest.approx(p["W"].std(), rel=0.15)
        assert b.std() == pytest.approx(p["b"].std(), rel=0.6, abs=1e-12)
    ours = net.propagate(x).values[1::2]
    for z, own in zip(logits(layers, x, activation), ours, strict=True):
        assert 1 / 3 < z.std() / own.std() < 3  # two draws: saturated tanh(rand) varies most


def test_names_of_the_program_are_used():
    lines = numpy_lines(
        plans(look_around(Network.mlp([4, 3, 2], random_state=0), np.eye(4)))["he"],
        [(4, 3), (3, 2)],
        ["weights_hidden", "weights_out"],
        ["bias_hidden", "bias_out"],
    )
    assert lines[1:] == (
        "weights_hidden = rng.normal(0.0, np.sqrt(2 / 4), (4, 3))",
        "bias_hidden = np.zeros(3)",
        "weights_out = rng.normal(0.0, np.sqrt(2 / 3), (3, 2))",
        "bias_out = np.zeros(2)",
    )


def test_mirrored_lines_are_a_linear_map():
    net = Network.mlp(SIZES, hidden_activation="relu", random_state=0)
    x = np.random.default_rng(1).normal(size=(300, 40))
    setting = look_around(net, x)
    drawn = begin(net, plans(setting)["mirrored"], x, np.random.default_rng(0))
    layers = run(numpy_lines(drawn, setting.sizes), x, "relu")
    *_, z = logits(layers, x, "relu")
    *_, doubled = logits(layers, 2 * x, "relu")
    np.testing.assert_allclose(doubled, 2 * z, atol=1e-9)
