"""Every candidate has the statistics that its formula promises, and no formula knows a name."""

import ast
import inspect
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import unstuck.weights
from unstuck.core.activations import ACTIVATIONS, custom_activation
from unstuck.core.network import Network
from unstuck.weights import formulas as module
from unstuck.weights.candidates import CANDIDATES, PRESENT
from unstuck.weights.formulas import pair_slope
from unstuck.weights.measure import measure
from unstuck.weights.recipe import begin
from unstuck.weights.setting import look_around

SIZES = [64, 200, 300, 10]


@pytest.fixture(scope="module")
def net():
    return Network.mlp(SIZES, hidden_activation="tanh", random_state=0)


def drawn(net, planned, x, name, seed=0):
    return begin(net, planned(net, x)[name], x, np.random.default_rng(seed))


FANS = list(pairwise(SIZES))
VARIANCES = {
    "he": lambda m, n: 2 / m,
    "lecun": lambda m, n: 1 / m,
    "glorot": lambda m, n: 2 / (m + n),
    "keras": lambda m, n: 2 / (m + n),
    "pytorch": lambda m, n: 1 / (3 * m),
    "scikit-learn": lambda m, n: 2 / (m + n),
    "orthogonal": lambda m, n: 1 / max(m, n),
    "small": lambda m, n: 1e-4,
    "rand": lambda m, n: 1 / 12,
}


@pytest.mark.parametrize("name", VARIANCES)
def test_variance_follows_the_formula(net, planned, gaussian, name):
    drawn(net, planned, gaussian, name)
    for W, (m, n) in zip(net.weights(), FANS, strict=True):
        assert W.var() == pytest.approx(VARIANCES[name](m, n), rel=0.1)
        assert W.mean() == pytest.approx(0.5 if name == "rand" else 0.0, abs=4 * W.std() / 40)


@pytest.mark.parametrize("name", ["pytorch", "scikit-learn"])
def test_frameworks_that_draw_biases_draw_them(net, planned, gaussian, name):
    drawn(net, planned, gaussian, name)
    bound = 1 / np.sqrt(200) if name == "pytorch" else np.sqrt(6 / 500)
    assert np.abs(net["b2"]).max() == pytest.approx(bound, rel=0.1)
    assert np.abs(net["W2"]).max() == pytest.approx(bound, rel=0.01)


def test_scikit_learn_takes_the_factor_2_for_outputs_in_0_to_1(planned, gaussian):
    net = Network.mlp(SIZES, hidden_activation="sigmoid", random_state=0)
    drawn(net, planned, gaussian, "scikit-learn")
    assert np.abs(net["W2"]).max() == pytest.approx(np.sqrt(2 / 500), rel=0.01)


def test_lsuv_gives_every_layer_unit_spread(net, planned, gaussian, adam):
    drawn(net, planned, gaussian, "lsuv")
    seen = measure(net, gaussian, net.encode(np.arange(256) % 10), adam)
    assert [layer.z_std for layer in seen.layers] == pytest.approx([1.0] * 3, rel=1e-6)


def test_per_unit_scaling_gives_every_unit_mean_0_and_spread_1(net, planned, gaussian):
    drawn(net, planned, gaussian, "per unit")
    z = net.propagate(gaussian).values[3]
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=0), 1.0, rtol=1e-9)


@pytest.mark.parametrize("name", ["critical", "critical orthogonal"])
def test_critical_relu_is_he_with_scaled_outputs(planned, gaussian, name):
    net = Network.mlp([64, 100, 100, 10], hidden_activation="relu", random_state=0)
    drawn(net, planned, gaussian, name)
    assert net["W2"].var() == pytest.approx(2 / 100, rel=0.1)
    z = net.propagate(gaussian).values[-2]
    assert (z - z.mean(axis=0)).std() == pytest.approx(module.OUTPUT_STD, rel=1e-6)


def test_what_has_a_mean_gets_it_taken_off(planned, gaussian):
    """Gain 4 and b = -0.5 * column sums for 1 / (1 + exp(-z)), given as a plain callable."""
    logistic = custom_activation(lambda z: 0.5 * (1 + np.tanh(z / 2)), name="mine")
    net = Network.mlp([64, *[32] * 3, 10], hidden_activation=logistic, random_state=0)
    drawn(net, planned, gaussian, "centred")
    np.testing.assert_allclose(net["W2"].T @ net["W2"], 16 * np.eye(32), atol=1e-3)
    np.testing.assert_allclose(net["b2"], -0.5 * net["W2"].sum(axis=0), atol=1e-5)


def test_mirrored_is_linear_at_the_start_for_any_pair_that_adds_up_to_a_line(planned, gaussian):
    bent = custom_activation(lambda z: np.where(z > 0, z, 0.3 * z), name="bent")
    net = Network.mlp([64, *[32] * 4, 10], hidden_activation=bent, random_state=0)
    drawn(net, planned, gaussian, "mirrored")
    z, doubled = (net.propagate(x).values[-2] for x in (gaussian, 2 * gaussian))
    np.testing.assert_allclose(doubled, 2 * z, atol=1e-9)
    assert pair_slope(bent) == pytest.approx(1.3)


def test_mirrored_is_no_candidate_where_pairs_are_no_line(net, planned, gaussian):
    assert "mirrored" not in planned(net, gaussian)


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_first_layer_fits_the_inputs(planned, gaussian, shift):
    x = 40.0 * (gaussian + shift)
    net = Network.mlp(SIZES, hidden_activation="tanh", random_state=0)
    drawn(net, planned, x, "critical")
    z = x @ net["W1"] + net["b1"]
    assert z.std() == pytest.approx(1.0, rel=0.1)


def test_no_hidden_layer_and_width_one_still_have_plans(planned, gaussian):
    for sizes in ([64, 10], [64, 1, 10], [64, 1, 1, 10]):
        net = Network.mlp(sizes, hidden_activation="relu", random_state=0)
        for name, rules in planned(net, gaussian).items():
            begin(net, rules, gaussian, np.random.default_rng(0))
            assert np.isfinite(net.theta).all(), name


def test_order_of_the_table_is_by_simplicity_and_ends_with_what_is_there():
    assert next(iter(CANDIDATES)) == "he"
    assert list(CANDIDATES)[-1] == PRESENT


def test_no_formula_knows_an_activation_by_its_name():
    folder = Path(inspect.getfile(unstuck.weights)).parent
    for file in folder.glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        docs = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        texts = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if id(node) not in docs
        ]
        assert not set(texts) & (set(ACTIVATIONS) - {"identity"}), file


def test_off_centre_inputs_are_seen(net, gaussian):
    assert not look_around(net, gaussian).off_centre
    setting = look_around(net, gaussian / 4 + 1.0)
    assert setting.off_centre
    assert setting.input_square == pytest.approx(1 / 16, rel=0.05)
