"""The critical gain against closed forms, independent quadrature, simulated networks, bad input."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats

from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import ACTIVATIONS, Activation, custom_activation
from unstuck.core.criticality import critical, critical_line, depth_scale_at


def leaky(slope):
    return lambda z: np.where(z > 0, z, slope * z)


@pytest.mark.parametrize(
    ("activation", "gain", "q"),
    [
        ("identity", 1.0, 1.0),
        ("relu", math.sqrt(2), 1.0),
        ("leaky_relu", math.sqrt(2 / (1 + 0.01**2)), 1.0),
        (lambda z: np.maximum(z, 0), math.sqrt(2), 1.0),
        (leaky(0.3), math.sqrt(2 / 1.09), 1.0),
        (leaky(-1.0), 1.0, 1.0),
        (lambda z: 3 * z, 1 / 3, 1.0),
        (special.erf, math.sqrt(math.pi) / 2, 0.0),
        ("tanh", 1.0, 0.0),
        ("elu", 1.0, 0.0),
        (np.sin, 1.0, 0.0),
        (np.arctan, 1.0, 0.0),
        (lambda z: z / (1 + np.abs(z)), 1.0, 0.0),
        (lambda z: np.clip(z, -1, 1), 1.0, 0.0),
        (lambda z: np.clip(z, 0, 6), math.sqrt(2), 1.0),
        (lambda z: np.clip(20 * z, 0, 1), math.sqrt(2) / 20, 0.0),
    ],
)
def test_closed_forms(activation, gain, q):
    at = critical(activation)
    assert at.gain == pytest.approx(gain, abs=1e-6)
    assert at.bias_variance == pytest.approx(0.0, abs=1e-6)
    assert at.fixed_point == pytest.approx(q, abs=1e-9)
    assert at.chi == pytest.approx(1.0, abs=1e-9)
    assert math.isinf(at.depth_scale)


@pytest.mark.parametrize("variance", [0.01, 1.0, 7.0, 1e4])
def test_where_any_fixed_point_would_do_it_is_the_variance_of_the_input(variance):
    assert critical("relu", input_variance=variance).fixed_point == variance
    assert critical("relu", input_variance=variance).gain == pytest.approx(math.sqrt(2), abs=1e-9)


def test_centred_sigmoid():
    for activation in ("sigmoid", lambda z: 1 / (1 + np.exp(-z))):
        at = critical(activation)
        assert at.centered_gain == pytest.approx(4.0, abs=1e-6)
        assert at.shift == pytest.approx(0.5, abs=1e-9)
        assert at.centered_bias_variance == at.centered_fixed_point == 0.0
        assert at.centered_gradient_spread == pytest.approx(0.0, abs=1e-6)
    sum_of_logistics = critical(lambda z: 0.3 + 1 / (1 + np.exp(-2 * z)))
    assert sum_of_logistics.centered_gain == pytest.approx(2.0, abs=1e-6)
    assert sum_of_logistics.shift == pytest.approx(0.8, abs=1e-9)


@pytest.mark.parametrize("activation", ["tanh", np.sin, lambda z: z / (1 + np.abs(z))])
def test_what_has_no_mean_needs_no_centering(activation):
    at = critical(activation)
    assert (at.shift, at.centered_gain) == pytest.approx((0.0, at.gain), abs=1e-9)


def test_gelu_and_silu_are_where_the_literature_has_them():
    """Roberts, Yaida and Hanin (2022), The Principles of Deep Learning Theory, section 5.3.4."""
    gelu, silu = critical("gelu"), critical("silu")
    assert gelu.fixed_point == pytest.approx((3 + math.sqrt(17)) / 2, abs=2e-3)
    assert gelu.gain**2 == pytest.approx(1.983, abs=2e-3)
    assert gelu.bias_variance == pytest.approx(0.173, abs=2e-3)
    assert silu.fixed_point == pytest.approx(14.32, abs=0.02)
    assert silu.gain**2 == pytest.approx(1.988, abs=2e-3)
    assert silu.bias_variance == pytest.approx(0.555, abs=2e-3)


def test_where_nothing_is_critical_it_says_so():
    at = critical("softplus")
    assert at.chi < 1
    assert at.depth_scale == pytest.approx(-1 / math.log(at.chi))
    assert at.bias_variance == 0.0


def test_the_sigmoid_as_it_is_keeps_a_variance_without_biases():
    at = critical("sigmoid")
    assert at.bias_variance == pytest.approx(0.0, abs=1e-9)
    start = depth_scale_at("sigmoid", at.gain)
    assert start.fixed_point == pytest.approx(at.fixed_point, rel=1e-6)
    assert start.chi == pytest.approx(1.0, abs=1e-6)


# ------------------------------------------------------------------------------- independent


def gaussian_mean(function, q):
    """SciPy's quadrature of a smooth function, in z: nothing of `unstuck` takes part."""
    return integrate.quad(
        lambda z: function(math.sqrt(q) * z) * stats.norm.pdf(z), -12, 12,
        points=[0.0], epsabs=1e-13, epsrel=1e-12, limit=400,
    )[0]  # fmt: skip


@pytest.mark.parametrize("q", [0.01, 0.1, 0.5, 1.0, 3.0, 10.0])
def test_the_line_of_tanh(q):
    line = critical_line("tanh", [q])
    gain = gaussian_mean(lambda x: math.cosh(x) ** -4, q) ** -0.5
    bias = math.sqrt(q - gain**2 * gaussian_mean(lambda x: math.tanh(x) ** 2, q))
    assert line.gain[0] == pytest.approx(gain, abs=1e-4)
    assert line.bias_std[0] == pytest.approx(bias, abs=1e-4)
    assert line.gain[0] == pytest.approx(gain, abs=1e-9)  # what it really reaches


@pytest.mark.parametrize("variance", [0.0025, 0.05])
def test_the_line_of_tanh_read_along_the_bias(variance):
    """As it is published: the gain for a bias variance (Schoenholz et al., 2017, figure 1)."""

    def bias_variance(q):
        gain = gaussian_mean(lambda x: math.cosh(x) ** -4, q) ** -0.5
        return q - gain**2 * gaussian_mean(lambda x: math.tanh(x) ** 2, q)

    q = optimize.brentq(lambda q: bias_variance(q) - variance, 1e-3, 5)
    line = critical_line("tanh", [q])
    assert line.bias_std[0] ** 2 == pytest.approx(variance, abs=1e-9)
    start = depth_scale_at("tanh", line.gain[0], line.bias_std[0])
    assert start.phase == "critical"
    assert start.fixed_point == pytest.approx(q, rel=1e-8)


@pytest.mark.parametrize("q", [1e-4, 0.3, 1.0, 20.0])
def test_the_line_of_erf(q):
    line = critical_line(special.erf, [q])
    gain_square = math.pi / 4 * math.sqrt(1 + 4 * q)
    bias = q - gain_square * 2 / math.pi * math.asin(2 * q / (1 + 2 * q))
    assert line.gain[0] == pytest.approx(math.sqrt(gain_square), abs=1e-6)
    assert line.bias_std[0] ** 2 == pytest.approx(bias, abs=1e-6)


def clipped_line(low, high, q):
    """Gain and bias variance of clip(x, low, high) in closed form, low <= 0 < high."""
    std = math.sqrt(q)
    a, b = low / std, high / std
    inside = stats.norm.cdf(b) - stats.norm.cdf(a)
    square = q * (inside + a * stats.norm.pdf(a) - b * stats.norm.pdf(b))
    square += low**2 * stats.norm.cdf(a) + high**2 * stats.norm.sf(b)
    return inside**-0.5, q - square / inside


@pytest.mark.parametrize("bounds", [(-1, 1), (0, 6), (0, 1), (-0.3, 2)])
@pytest.mark.parametrize("q", [0.05, 1.0, 9.0, 80.0])
def test_the_line_of_clipped_activations(bounds, q):
    line = critical_line(lambda z: np.clip(z, *bounds), [q])
    gain, bias = clipped_line(*bounds, q)
    assert line.gain[0] == pytest.approx(gain, abs=1e-6)
    assert np.nan_to_num(line.bias_std[0]) ** 2 == pytest.approx(max(bias, 0), abs=1e-6)


def test_where_no_bias_reaches_the_line():
    line = critical_line("sigmoid", [1.0, 60.0])
    assert math.isnan(line.bias_std[0])
    assert line.bias_std[1] > 0


@settings(max_examples=30, deadline=None)
@given(
    kinks=st.lists(st.floats(-3, 3), min_size=1, max_size=4, unique=True),
    slopes=st.lists(st.floats(0.1, 3), min_size=5, max_size=5),
    q=st.floats(0.1, 10),
)
def test_slopes_of_any_piecewise_linear_activation(kinks, slopes, q):
    kinks = sorted(kinks)
    if len(kinks) > 1 and np.diff(kinks).min() < 0.05:
        return

    def phi(z):
        y = slopes[0] * z
        for i, k in enumerate(kinks):
            y = y + (slopes[i + 1] - slopes[i]) * np.maximum(z - k, 0)
        return y

    edges = stats.norm.cdf(np.array([-np.inf, *kinks, np.inf]) / math.sqrt(q))
    slope_square = np.diff(edges) @ np.square(slopes[: len(kinks) + 1])
    line = critical_line(phi, [q])
    assert line.gain[0] == pytest.approx(slope_square**-0.5, abs=1e-6)


@pytest.mark.parametrize("name", [n for n, a in ACTIVATIONS.items() if a.elementwise])
def test_with_and_without_a_derivative_it_is_the_same(name):
    exact = critical(name)
    numeric = critical(custom_activation(ACTIVATIONS[name].value, name=name))
    for field in ("gain", "bias_variance", "fixed_point", "shift", "centered_gain"):
        assert getattr(numeric, field) == pytest.approx(getattr(exact, field), abs=1e-6), field


def test_a_wide_network_does_what_the_theory_says():
    """Variance and growth of a small difference, in one layer of 4000 units."""
    rng = np.random.default_rng(0)
    at = critical("gelu")
    n = 4000
    z = rng.normal(0, math.sqrt(at.fixed_point), n)
    nearby = z + rng.normal(0, 1e-3, n)
    W = rng.normal(0, at.gain / math.sqrt(n), (n, n))
    phi = ACTIVATIONS["gelu"].value
    ahead, beside = phi(z) @ W, phi(nearby) @ W
    assert ahead.var() + at.bias_variance == pytest.approx(at.fixed_point, rel=0.1)
    assert ((ahead - beside) ** 2).sum() / ((z - nearby) ** 2).sum() == pytest.approx(1.0, rel=0.1)


# ------------------------------------------------------------------------------- any start


@pytest.mark.parametrize(
    ("activation", "gain", "q", "chi", "phase"),
    [
        ("relu", math.sqrt(2), 1.0, 1.0, "critical"),
        ("relu", 1.0, 0.0, 0.5, "ordered"),
        ("relu", 2.0, math.inf, 2.0, "chaotic"),
        ("identity", 0.5, 0.0, 0.25, "ordered"),
        ("tanh", 1.0, 0.0, 1.0, "critical"),
        (special.erf, 0.5, 0.0, 1 / math.pi, "ordered"),
    ],
)
def test_starts_with_a_closed_form(activation, gain, q, chi, phase):
    start = depth_scale_at(activation, gain)
    assert start.fixed_point == q
    assert start.chi == pytest.approx(chi, abs=1e-8)
    assert start.phase == phase
    if phase != "critical":
        assert start.depth_scale == pytest.approx(1 / abs(math.log(chi)))


def test_a_fixed_point_is_one():
    start = depth_scale_at("tanh", 1.5, 0.2)
    q = start.fixed_point
    square = gaussian_mean(lambda x: math.tanh(x) ** 2, q)
    assert 1.5**2 * square + 0.04 == pytest.approx(q, rel=1e-9)
    slope = gaussian_mean(lambda x: math.cosh(x) ** -4, q)
    assert start.chi == pytest.approx(1.5**2 * slope, rel=1e-9)


def test_the_usual_weights_under_a_sigmoid_let_nothing_through():
    for gain in (1.0, math.sqrt(2)):
        start = depth_scale_at("sigmoid", gain)
        assert start.phase == "ordered"
        assert start.depth_scale < 0.5


def test_it_repeats_bit_for_bit():
    def own(z):
        return z * np.tanh(np.log1p(np.exp(z)))

    def same(z):
        return own(z)

    first, again = critical(own), critical(own)
    assert first is again  # remembered
    other = critical(same)
    assert (other.gain, other.shift) == (first.gain, first.shift)


class Unhashable:
    """A callable that cannot be a key, so nothing is remembered of it."""

    __hash__ = None

    def __call__(self, z):
        return np.tanh(z)


def test_a_callable_that_cannot_be_remembered_works_too():
    at = critical(custom_activation(Unhashable(), name="own"))
    assert at.gain == pytest.approx(1.0, abs=1e-9)


# ------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("activation", "match"),
    [
        ("softmax", "depends on the whole row"),
        (np.zeros_like, "slope 0 everywhere"),
        (lambda z: np.full_like(z, 0.7), "slope 0 everywhere"),
        (np.floor, "slope 0 everywhere"),
        (lambda z: (z > 0.3) * 1.0, "slope 0 everywhere"),
        (np.log, "must be finite"),
        (lambda z: 1 / (z - z), "must be finite"),
        (lambda z: np.exp(z**2), "must be finite"),
        ("sigmod", "Did you mean 'sigmoid'"),
        (math.tanh, "whole arrays"),
    ],
    ids=["softmax", "zero", "constant", "floor", "step", "log", "nan", "exp", "name", "scalar"],
)
def test_refuses_activations_that_cannot_learn(activation, match):
    with pytest.raises(InvalidInputError, match=match):
        critical(activation)


@pytest.mark.parametrize("variance", [0, -1.0, math.nan, math.inf, "one"])
def test_refuses_a_variance_that_is_none(variance):
    with pytest.raises(InvalidInputError, match="input_variance is"):
        critical("tanh", input_variance=variance)


def test_refuses_bad_gains_and_points():
    with pytest.raises(InvalidInputError, match="gain is"):
        depth_scale_at("tanh", -1.0)
    with pytest.raises(InvalidInputError, match="bias_std is"):
        depth_scale_at("tanh", 1.0, math.nan)
    for points in ([], [0.0, 1.0], [-1.0]):
        with pytest.raises(InvalidInputError, match="fixed"):
            critical_line("tanh", points)


def test_an_activation_object_with_a_wrong_slope_is_taken_at_its_word():
    """The derivative that is given is the one that training uses, so it decides."""
    bent = Activation("bent", ACTIVATIONS["identity"].value, lambda z, a: np.full_like(a, 2.0))
    assert critical_line(bent, [1.0]).gain[0] == pytest.approx(0.5)
