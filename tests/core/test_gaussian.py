"""Averages under a Gaussian against closed forms, SciPy's quadrature and a rule that must fail."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from unstuck.base.errors import InvalidInputError
from unstuck.core.gaussian import crossing, expectation, fit_panels

VARIANCES = [1e-6, 0.1, 1.0, 30.0, 1e4]


def reference(function, variance, kinks=()):
    """SciPy's adaptive quadrature, told where the kinks are."""
    std = math.sqrt(variance)
    edges = [*np.linspace(-12 * std, 12 * std, 49).tolist(), 0.0, *kinks]
    edges = sorted(e for e in set(edges) if abs(e) <= 12 * std)

    def integrand(x):
        return float(function(np.array([x]))[0]) * stats.norm.pdf(x, scale=std)

    pieces = [
        integrate.quad(integrand, a, b, epsabs=1e-12, epsrel=1e-10, limit=200)[0]
        for a, b in pairwise(edges)
    ]
    return sum(pieces)


@pytest.mark.parametrize("q", VARIANCES)
@pytest.mark.parametrize(
    ("function", "exact"),
    [
        (np.cos, lambda q: math.exp(-q / 2)),
        (lambda x: np.sin(x) ** 2, lambda q: (1 - math.exp(-2 * q)) / 2),
        (lambda x: x**4, lambda q: 3 * q**2),
        (lambda x: special.erf(x) ** 2, lambda q: 2 / math.pi * math.asin(2 * q / (1 + 2 * q))),
        (np.abs, lambda q: math.sqrt(2 * q / math.pi)),
        (lambda x: np.maximum(x, 0) ** 2, lambda q: q / 2),
        (lambda x: (x > 0.3) * 1.0, lambda q: stats.norm.sf(0.3, scale=math.sqrt(q))),
    ],
    ids=["cos", "sin2", "x4", "erf2", "abs", "relu2", "step"],
)
def test_closed_forms(function, exact, q):
    assert expectation(function, q) == pytest.approx(exact(q), rel=1e-9, abs=1e-10)


def test_a_saw_of_a_hundred_jumps():
    assert expectation(lambda x: x - np.floor(x), 30.0) == pytest.approx(0.5, abs=1e-10)


@pytest.mark.parametrize("q", [0.04, 1.0, 50.0])
@pytest.mark.parametrize(
    ("function", "kinks"),
    [
        (lambda x: np.clip(x, 0, 6), [6]),
        (lambda x: np.clip(x, -1, 1) ** 2, [-1, 1]),
        (lambda x: np.clip(100 * x, 0, 1), [0.01]),
        (lambda x: np.abs(x - 0.7), [0.7]),
        (lambda x: np.where(x > 1.2345, np.sin(x), x**2), [1.2345]),
        (lambda x: np.tanh(x) ** 2, []),
    ],
    ids=["clip06", "hard_tanh2", "ramp", "abs", "jump", "tanh2"],
)
def test_kinks_and_jumps_against_a_reference_that_knows_them(function, kinks, q):
    assert abs(expectation(function, q) - reference(function, q, kinks)) < 1e-9


def test_a_plain_gauss_hermite_rule_fails_where_this_one_holds():
    """The planted fault: the slope of a clipped activation by 100 fixed nodes."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(100)

    def clipped(x):
        return np.clip(x, 0, 6)

    def slope_square(x):
        return ((x > 0) & (x < 6)) * 1.0

    q = 30.0
    std = math.sqrt(q)
    exact = stats.norm.cdf(6 / std) - 0.5
    fixed = weights @ slope_square(nodes * std) / weights.sum()
    assert abs(fixed - exact) > 1e-3
    assert abs(expectation(slope_square, q) - exact) < 1e-10
    assert abs(expectation(clipped, q) - reference(clipped, q, [6])) < 1e-10


def test_variance_zero_looks_at_zero_alone():
    assert expectation(np.cos, 0.0) == 1.0
    assert expectation(lambda x: 1 / (1 + np.exp(-x)), 0) == 0.5


@pytest.mark.parametrize("q", [1e-300, 1e-30, 1e30, 1e300])
def test_variances_of_any_size(q):
    assert expectation(lambda x: np.tanh(x) ** 2, q) == pytest.approx(min(q, 1.0), rel=1e-9)
    assert expectation(lambda x: np.sign(x) * 1.0 + 1.0, q) == pytest.approx(1.0, rel=1e-9)


def test_a_function_in_single_precision_is_as_right_as_its_rounding():
    value = expectation(lambda x: np.tanh(x.astype(np.float32)) ** 2, 1.0)
    assert value == pytest.approx(expectation(lambda x: np.tanh(x) ** 2, 1.0), abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(
    kinks=st.lists(st.floats(-5, 5), min_size=1, max_size=5, unique=True),
    slopes=st.lists(st.floats(-3, 3), min_size=6, max_size=6),
    jumps=st.lists(st.floats(-2, 2), min_size=5, max_size=5),
    q=st.floats(0.05, 20),
)
def test_any_piecewise_linear_function(kinks, slopes, jumps, q):
    kinks = sorted(kinks)
    if np.diff(kinks).size and np.diff(kinks).min() < 0.05:
        return
    slopes, jumps = np.array(slopes), np.array(jumps)

    def function(x):
        y = slopes[0] * x
        for i, k in enumerate(kinks):
            y = y + (slopes[i + 1] - slopes[i]) * np.maximum(x - k, 0) + jumps[i] * (x >= k)
        return y

    std, exact = math.sqrt(q), 0.0
    for i, k in enumerate(kinks):  # E[(x - k)+] and P(x >= k), exactly
        above = stats.norm.sf(k / std)
        exact += (slopes[i + 1] - slopes[i]) * (std * stats.norm.pdf(k / std) - k * above)
        exact += jumps[i] * above
    assert abs(expectation(function, q) - exact) < 1e-8


def test_kinks_are_found_without_being_told():
    kinks = fit_panels(lambda x: np.clip(x, -1, 6) + (x > 2.5), 20.0).kinks
    assert np.allclose(kinks, [-1, 2.5, 6], atol=1e-7)
    assert fit_panels(np.tanh, 20.0).kinks == ()


def test_slopes_of_the_pieces():
    x = np.linspace(-9.9, 9.8, 400)
    assert np.allclose(fit_panels(np.sin, 10.0).slope(x), np.cos(x), atol=1e-9)
    clip = fit_panels(lambda x: np.clip(x, -1, 6), 10.0)
    assert np.allclose(clip.slope(x), (x > -1) & (x < 6), atol=1e-9)
    step = fit_panels(np.floor, 10.0)
    assert np.abs(step.slope(x)).max() < 1e-6


def test_where_a_sign_changes():
    assert crossing(lambda v: v - 2.0, 1.0, 100.0) == pytest.approx(2.0, rel=1e-12)
    assert crossing(lambda v: 3e-7 - v, 1e-9, 1.0) == pytest.approx(3e-7, rel=1e-12)


@pytest.mark.parametrize("variance", [-1.0, math.nan, math.inf, "wide", None])
def test_refuses_what_is_no_variance(variance):
    with pytest.raises(InvalidInputError, match=r"variance is .*allowed: a finite number"):
        expectation(np.cos, variance)


@pytest.mark.parametrize(
    ("function", "match"),
    [
        (lambda x: 1 / (x - x), "finite wherever"),
        (np.log, "finite wherever"),
        (lambda x: np.exp(x**4), "finite wherever"),
        (lambda x: x[:3], "shape of its input"),
        (lambda x: np.random.default_rng().random(x.shape), "too wild"),
    ],
    ids=["nan", "log", "overflow", "shape", "random"],
)
def test_refuses_what_cannot_be_integrated(function, match):
    with pytest.raises(InvalidInputError, match=match):
        expectation(function, 1.0)
