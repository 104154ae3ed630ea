import math
import pickle

import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import ACTIVATIONS, custom_activation, get_activation

ELEMENTWISE = [name for name, a in ACTIVATIONS.items() if a.elementwise]
DTYPES = [np.float32, np.float64]


def extremes(dtype):
    """Where exponentials overflow and underflow, the ends of the number line, its middle."""
    info = np.finfo(dtype)
    sizes = [0, info.smallest_subnormal, info.tiny, info.eps, 1e-3, 0.5, 1, 5, 20, 40, 87, 88.5, 89]
    sizes += [103, 104, 708, 709.5, 710, 745, 746, 1e10, 1e19, 1e30, info.max / 2]
    return np.array([*sizes, *(-s for s in sizes)], dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_floating_point_event_and_no_upcast_for_any_finite_input(name, dtype):
    activation, z = ACTIVATIONS[name], extremes(dtype)
    for batch in (z[None, :], z[:, None], np.stack([z, -z], axis=1)):
        with np.errstate(all="raise"):
            a = activation.value(batch)
            slope = activation.slope(batch, a)
            delta = activation.vjp(np.ones_like(batch), batch, a)
        for result in (a, slope, delta):
            assert result.dtype == dtype
            assert result.shape == batch.shape
            assert np.isfinite(result).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_outputs_stay_in_the_stated_range_and_come_near_its_ends(name, dtype):
    activation = ACTIVATIONS[name]
    z = np.stack([np.linspace(-50, 50, 20001), np.zeros(20001)], axis=1).astype(dtype)
    a = activation.value(z)[:, 0]
    low, high = activation.range
    slack = 4 * np.finfo(dtype).eps
    assert a.min() >= low - slack
    assert a.max() <= high + slack
    if math.isfinite(low):
        assert a.min() < low + 1e-3
    if math.isfinite(high):
        assert a.max() > high - 1e-3


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_out_may_be_the_input_itself(name, dtype):
    activation = ACTIVATIONS[name]
    rng = np.random.default_rng(0)
    z = rng.normal(size=(5, 4)).astype(dtype)
    delta = rng.normal(size=(5, 4)).astype(dtype)
    a = activation.value(z)
    assert a is not z
    expected = activation.vjp(delta, z, a)

    buffer = z.copy()
    assert activation.value(buffer, buffer) is buffer
    np.testing.assert_array_equal(buffer, a)
    other = np.full_like(z, np.nan)
    assert activation.value(z, out=other) is other
    np.testing.assert_array_equal(other, a)

    buffer = delta.copy()
    assert activation.vjp(buffer, z, a, out=buffer) is buffer
    np.testing.assert_array_equal(buffer, expected)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_slope_is_the_derivative(name):
    activation = ACTIVATIONS[name]
    z = np.linspace(-6, 6, 241) + 1e-3  # not at a kink
    h = 1e-5
    numeric = (activation.value(z + h) - activation.value(z - h)) / (2 * h)
    given = z if activation.needs_input else None
    np.testing.assert_allclose(
        activation.slope(given, activation.value(z)), numeric, rtol=1e-8, atol=1e-9
    )


def test_a_planted_wrong_slope_is_noticed_by_that_comparison():
    z = np.linspace(-6, 6, 241) + 1e-3
    a = ACTIVATIONS["tanh"].value(z)
    numeric = (np.tanh(z + 1e-5) - np.tanh(z - 1e-5)) / 2e-5
    assert np.abs((1 - a) - numeric).max() > 0.1


def test_softmax_pullback_is_the_jacobian_product():
    rng = np.random.default_rng(1)
    z, delta = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    softmax = ACTIVATIONS["softmax"]
    a = softmax.value(z)
    for row in range(3):
        jacobian = np.diag(a[row]) - np.outer(a[row], a[row])
        np.testing.assert_allclose(
            softmax.vjp(delta, None, a)[row], jacobian @ delta[row], atol=1e-15
        )
        np.testing.assert_allclose(softmax.slope(None, a)[row], np.diag(jacobian), atol=1e-15)


@pytest.mark.parametrize(
    ("name", "z", "expected"),
    [  # by mpmath, 20 digits
        ("sigmoid", -40.0, 4.2483542552915889953e-18),
        ("sigmoid", 2.0, 0.88079707797788244406),
        ("softplus", -30.0, 9.3576229688392989427e-14),
        ("softplus", 1.0, 1.3132616875182228340),
        ("elu", -1e-10, -9.9999999995e-11),
        ("selu", -1.0, -1.1113307378125627739),
        ("gelu", -10.0, -7.6198530241605260660e-23),
        ("gelu", 1.0, 0.84134474606854294859),
        ("silu", -40.0, -1.6993417021166355981e-16),
        ("tanh", 0.5, 0.46211715726000975850),
    ],
)
def test_values_are_right_to_the_last_digits_also_where_they_are_small(name, z, expected):
    assert ACTIVATIONS[name].value(np.array([z]))[0] == pytest.approx(expected, rel=1e-14)


def test_kinks_have_slope_zero_on_the_flat_side():
    zero = np.zeros(1)
    assert ACTIVATIONS["relu"].slope(zero, zero)[0] == 0.0
    assert ACTIVATIONS["leaky_relu"].slope(zero, zero)[0] == 0.01


def test_nan_passes_through_so_that_the_trainer_can_see_it():
    z = np.array([[np.nan, 1.0]])
    for activation in ACTIVATIONS.values():
        assert np.isnan(activation.value(z)[0, 0])


def test_flags():
    assert {n for n, a in ACTIVATIONS.items() if a.saturates} == {"sigmoid", "tanh"}
    assert {n for n, a in ACTIVATIONS.items() if a.rectifies} == {"relu"}
    assert {n for n, a in ACTIVATIONS.items() if a.needs_input} == {"gelu", "silu"}
    assert {n for n, a in ACTIVATIONS.items() if not a.elementwise} == {"softmax"}


@pytest.mark.parametrize("name", ["gelu", "silu"])
def test_slope_without_the_input_it_needs_says_so(name):
    with pytest.raises(TypeError, match=name):
        ACTIVATIONS[name].slope(None, np.ones(2))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_pickled_activations_are_equal(name):
    assert pickle.loads(pickle.dumps(ACTIVATIONS[name])) == ACTIVATIONS[name]  # noqa: S301


def test_get_activation():
    assert get_activation("relu") is ACTIVATIONS["relu"]
    assert get_activation(ACTIVATIONS["tanh"]) is ACTIVATIONS["tanh"]
    assert get_activation(np.sin).name == "sin"
    with pytest.raises(InvalidInputError, match="Did you mean 'sigmoid'"):
        get_activation("sigmoids")
    with pytest.raises(InvalidInputError, match="unknown activation 3"):
        get_activation(3)


class TestCustom:
    def test_numeric_derivative_is_right_to_nine_digits(self):
        activation = custom_activation(np.sin)
        z = np.linspace(-20, 20, 1001).reshape(-1, 1)
        np.testing.assert_allclose(
            activation.slope(z, activation.value(z)), np.cos(z), rtol=0, atol=1e-9
        )

    def test_float32_input_is_differentiated_in_float64(self):
        activation = custom_activation(np.sin)
        z = np.linspace(-3, 3, 101, dtype=np.float32)
        slope = activation.slope(z, activation.value(z))
        assert slope.dtype == np.float32
        np.testing.assert_allclose(slope, np.cos(z), atol=2e-7)

    def test_derivative_of_large_and_extreme_arguments(self):
        activation = custom_activation(lambda z: z / 2)
        z = np.array([1e30, -1e300, np.finfo(float).max, np.finfo(float).min, 0.0])
        np.testing.assert_allclose(activation.slope(z, z), 0.5, rtol=1e-9)

    def test_a_given_derivative_is_used(self):
        activation = custom_activation(np.sin, np.cos, name="sine", range=(-1, 1))
        assert (activation.name, activation.range) == ("sine", (-1.0, 1.0))
        z = np.array([[0.3, -2.0]])
        np.testing.assert_array_equal(activation.slope(z, activation.value(z)), np.cos(z))
        np.testing.assert_array_equal(activation.vjp(2 * z, z, z), 2 * z * np.cos(z))

    def test_out_and_dtype(self):
        activation = custom_activation(lambda z: z > 0, name="step")
        z = np.array([[-1.0, 2.0]], dtype=np.float32)
        assert activation.value(z).dtype == np.float32
        assert activation.value(z, z) is z
        np.testing.assert_array_equal(z, [[0, 1]])

    def test_a_function_that_writes_into_its_argument_does_no_harm(self):
        def clip(z):
            z[z < 0] = 0
            return z

        activation = custom_activation(clip)
        z = np.array([[-1.0, 2.0]])
        np.testing.assert_array_equal(activation.value(z), [[0, 2]])
        np.testing.assert_array_equal(z, [[-1, 2]])
        np.testing.assert_allclose(activation.slope(z, z), [[0, 1]], atol=1e-10)

    @pytest.mark.parametrize(
        ("function", "message"),
        [
            (math.tanh, "must accept whole arrays"),
            (lambda z: z.sum(), r"shape of its input, \(2, 2\); got shape \(\)"),
            (lambda z: z + 1j, "must return real numbers.*complex128"),
            (lambda z: np.where(z > 0, np.inf, z), r"returned inf for the finite input 1.0"),
            (lambda z: z * np.nan, "must be finite everywhere"),
            (lambda z: None, "real numbers"),
        ],
    )
    def test_what_it_returns_is_checked(self, function, message):
        activation = custom_activation(function, name="mine")
        with pytest.raises(InvalidInputError, match=f"(?s)'mine'.*{message}"):
            activation.value(np.array([[-1.0, 1.0], [0.0, -2.0]]))

    def test_a_wrong_derivative_shape_is_named(self):
        activation = custom_activation(np.sin, lambda z: z[:1], name="mine")
        with pytest.raises(InvalidInputError, match="derivative of activation 'mine'"):
            activation.slope(np.ones((2, 2)), np.ones((2, 2)))

    def test_a_nan_that_was_in_the_input_is_not_the_functions_fault(self):
        assert np.isnan(custom_activation(np.sin).value(np.array([np.nan]))[0])

    def test_arguments_are_checked(self):
        with pytest.raises(InvalidInputError, match="must be callable"):
            custom_activation(3)
        with pytest.raises(InvalidInputError, match="derivative must be callable"):
            custom_activation(np.sin, 3)
        with pytest.raises(InvalidInputError, match="low < high"):
            custom_activation(np.sin, range=(1, -1))

    def test_a_custom_activation_of_a_module_function_can_be_pickled(self):
        copy = pickle.loads(pickle.dumps(custom_activation(np.sin)))  # noqa: S301
        assert copy.value(np.array([0.5]))[0] == np.sin(0.5)
