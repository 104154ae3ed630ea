"""Activations taken out of a tape, known by their values."""

import numpy as np
import pytest
from tests.trace.build import TapeBuilder

from unstuck.trace.pointwise import activation_name, negative_slope, pointwise

rng = np.random.default_rng(9)
X = np.linspace(-3.07, 3.05, 35)


def taken_out(make, z0=None):
    t = TapeBuilder()
    z = t.leaf(rng.standard_normal((4, 3)) if z0 is None else z0)
    a = make(t, z)
    return pointwise(t.tape, z.index, a.index)


def logistic(t, z):
    return 1.0 / (1.0 + t("exp", -z))


def in_place(t, z):
    return t("setitem", t("copy", z), t("less", z, 0.0), 0)


def by_masks(t, z):
    """Zeros, then both halves written where they belong."""
    up, down = z > 0.0, t("less_equal", z, 0.0)
    a = t("setitem", t("zeros", np.shape(z.value)), up, z[up])
    return t("setitem", a, down, 0.1 * z[down])


WRITTEN = {  # as people write them
    "sigmoid": [
        logistic,
        lambda t, z: t("expit", z),
        lambda t, z: 0.5 * (1.0 + t("tanh", z * 0.5)),
        lambda t, z: t("where", z > 0.0, logistic(t, z), t("exp", z) / (1.0 + t("exp", z))),
        lambda t, z: 1.0 / (1.0 + t("exp", -t("clip", z, -500.0, 500.0))),
        lambda t, z: t("reciprocal", 1 + t("exp", t("negative", z))),
    ],
    "tanh": [
        lambda t, z: t("tanh", z),
        lambda t, z: (t("exp", z) - t("exp", -z)) / (t("exp", z) + t("exp", -z)),
        lambda t, z: 2.0 * logistic(t, 2.0 * z) - 1.0,
    ],
    "relu": [
        lambda t, z: t("maximum", z, 0.0),
        lambda t, z: t("maximum", 0, z),
        lambda t, z: z * (z > 0.0),
        lambda t, z: t("where", z > 0.0, z, 0.0),
        lambda t, z: t("where", z > 0.0, z, t("zeros_like", z)),
        lambda t, z: t("maximum", z, np.zeros(np.shape(z.value))),
        in_place,
        lambda t, z: (t("absolute", z) + z) / 2,
        lambda t, z: t("clip", z, 0, None),
        lambda t, z: t("select", [z > 0.0], [z], 0.0),
        lambda t, z: t("fmax", t("astype", z, np.dtype(float)), 0.0),
    ],
    "leaky_relu": [
        lambda t, z: t("maximum", z, 0.01 * z),
        lambda t, z: t("where", z > 0.0, z, z * 0.2),
        by_masks,
    ],
    "elu": [lambda t, z: t("where", z > 0.0, z, 0.7 * (t("exp", z) - 1.0))],
    "selu": [
        lambda t, z: 1.0507009873554805 * t("where", z > 0.0, z, 1.6732632423543772 * t("expm1", z))
    ],
    "softplus": [
        lambda t, z: t("log", 1.0 + t("exp", z)),
        lambda t, z: t("logaddexp", z, 0.0),
        lambda t, z: t("log1p", t("exp", z)),
    ],
    "identity": [lambda t, z: z, lambda t, z: t("positive", z)],
    "sin": [lambda t, z: t("sin", z)],
    "silu": [lambda t, z: z * logistic(t, z)],
    "gelu": [
        lambda t, z: 0.5 * z * (1 + t("tanh", 0.7978845608 * (z + 0.044715 * z**3))),
        lambda t, z: z * (0.5 * (1.0 + t("erf", z / 1.4142135623730951))),
    ],
    "step": [
        lambda t, z: t("astype", z > 0.0, np.dtype(float)),
        lambda t, z: t("where", t("greater_equal", z, 0.0), 1, 0),
        lambda t, z: t("heaviside", z, 1.0),
    ],
    "sign": [lambda t, z: t("sign", z)],
    "softsign": [lambda t, z: z / (1.0 + t("absolute", z))],
    "scaled_tanh": [lambda t, z: 1.7159 * t("tanh", 0.6666 * z)],
    "hard_tanh": [lambda t, z: t("clip", z, -1.0, 1.0)],
    "custom": [lambda t, z: z + 1.0, lambda t, z: 3.0 * t("tanh", z), lambda t, z: t("log", z)],
}


@pytest.mark.parametrize(
    ("name", "make"), [(name, make) for name, makes in WRITTEN.items() for make in makes]
)
def test_activations_are_known_by_their_values(name, make):
    for z0 in (None, 0.3, np.float64(-0.4), rng.standard_normal(5)):
        if z0 is not None and np.ndim(z0) == 0 and make in {by_masks, in_place}:
            continue  # a number has no mask
        functions = taken_out(make, z0)
        assert functions is not None
        assert activation_name(functions.phi) == name


@pytest.mark.parametrize(
    "make", [make for name, makes in WRITTEN.items() for make in makes if name != "custom"]
)
def test_slopes_are_differences(make):
    phi, dphi = taken_out(make)
    step = 1e-6
    expected = (phi(X + step) - phi(X - step)) / (2 * step)
    np.testing.assert_allclose(dphi(X), expected, atol=1e-8)
    assert dphi(X.reshape(5, 7)).shape == phi(X.reshape(5, 7)).shape == (5, 7)


def test_pythons_max_on_numbers():
    for make in (
        lambda t, z: t("builtin_max", 0, z),
        lambda t, z: t("builtin_max", [0.0, z]),
    ):
        assert activation_name(taken_out(make, 0.7).phi) == "relu"


def test_the_slope_below_zero():
    assert negative_slope(taken_out(lambda t, z: t("maximum", z, 0.05 * z)).phi) == 0.05
    assert negative_slope(taken_out(lambda t, z: t("maximum", z, 0.0)).phi) is None
    assert negative_slope(np.tanh) is None
    assert negative_slope(lambda x: x) is None


@pytest.mark.parametrize(
    "make",
    [
        lambda t, z: t("exp", z - t("max", z)),
        lambda t, z: t("softmax", z),
        lambda t, z: z + t.leaf(rng.standard_normal((4, 3))),
        lambda t, z: z @ np.eye(3),
        lambda t, z: t("cumsum", z, 1),
        lambda t, z: t("sum", z),
        lambda t, z: z[0],
        lambda t, z: t("setitem", z, 0, 0.0),
        lambda t, z: t("argmax", z),
        lambda t, z: t.leaf(np.ones((4, 3))),
        lambda t, z: t.node("opaque", np.ones((4, 3)), z),
        lambda t, z: t("astype", z, np.dtype(int)),
        lambda t, z: t("ravel", z) + t("reshape", z, (12, 1)),
        lambda t, z: t("builtin_max", [z[0, 0], z[0, 1]]),
    ],
)
def test_what_looks_at_more_than_one_number_is_none(make):
    assert taken_out(make) is None


def test_constants_that_are_equal_everywhere_take_part():
    functions = taken_out(lambda t, z: z * t.leaf(np.full((4, 3), 2.0)) + t.leaf(np.array([[1.0]])))
    np.testing.assert_allclose(functions.phi(X), 2.0 * X + 1.0)
    np.testing.assert_allclose(functions.dphi(X), np.full(X.shape, 2.0))


def test_a_function_that_fails_or_overflows_has_no_name():
    assert activation_name(lambda x: x / 0) == "custom"
    assert activation_name(lambda x: np.full(3, 1.0)) == "custom"

    def refuses(x):
        raise ValueError("no")

    assert activation_name(refuses) == "custom"


def test_integers_on_the_tape_are_evaluated_as_real_numbers():
    functions = taken_out(lambda t, z: z * 2 + 1, np.arange(3))
    np.testing.assert_allclose(functions.phi(np.array([0.5])), [2.0])
