import math
import warnings

import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import ACTIVATIONS, custom_activation, get_activation
from unstuck.core.losses import (
    LOSSES,
    BinaryCrossEntropy,
    CrossEntropy,
    Huber,
    SquaredError,
    encode_targets,
    get_loss,
)

CASES = [
    (CrossEntropy(), "softmax"),
    (CrossEntropy(label_smoothing=0.1), "softmax"),
    (BinaryCrossEntropy(), "sigmoid"),
    (SquaredError(), "tanh"),
    (SquaredError(), "softmax"),
    (Huber(0.7), "identity"),
]


def batch(activation, dtype=np.float64, n=6, k=4, seed=0):
    rng = np.random.default_rng(seed)
    z = (2 * rng.normal(size=(n, k))).astype(dtype)
    T = rng.dirichlet(np.ones(k), size=n).astype(dtype)
    return z, get_activation(activation).value(z), T


def total(loss, activation, z, T, w=None):
    return loss.value(z, get_activation(activation).value(z), T, w)


@pytest.mark.parametrize(("loss", "activation"), CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_delta_is_the_gradient_of_value(loss, activation, weighted):
    z, a, T = batch(activation)
    w = np.array([1.0, 0.0, 2.0, 0.5, 3.0, 0.25]) if weighted else None
    delta = loss.delta(z, a, T, w)
    if loss.fused_activation is None:
        delta = ACTIVATIONS[activation].vjp(delta, z, a)
    numeric = np.empty_like(z)
    for i in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[i] = 1e-5
        numeric[i] = total(loss, activation, z + step, T, w) - total(
            loss, activation, z - step, T, w
        )
    np.testing.assert_allclose(delta, numeric / 2e-5, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize(("loss", "activation"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_out_and_the_mean_of_per_sample(loss, activation, dtype):
    z, a, T = batch(activation, dtype)
    w = np.arange(1, 7, dtype=np.float64)
    each = loss.per_sample(z, a, T)
    assert each.dtype == dtype
    assert each.shape == (6,)
    assert isinstance(loss.value(z, a, T), float)
    assert loss.value(z, a, T) == pytest.approx(each.mean(), rel=1e-6)
    assert loss.value(z, a, T, w) == pytest.approx(np.average(each, weights=w), rel=1e-6)
    for weights in (None, w):
        delta = loss.delta(z, a, T, weights)
        assert delta.dtype == dtype
        mine = a.copy()
        assert loss.delta(z, mine, T, weights, out=mine) is mine
        np.testing.assert_array_equal(mine, delta)


@pytest.mark.parametrize(("loss", "activation"), CASES)
def test_weights_are_repetitions(loss, activation):
    z, a, T = batch(activation)
    w = np.array([1, 0, 2, 1, 3, 1])
    repeated = np.repeat(np.arange(6), w)
    assert loss.value(z, a, T, w.astype(float)) == pytest.approx(
        loss.value(z[repeated], a[repeated], T[repeated]), rel=1e-12
    )


@pytest.mark.parametrize(("loss", "activation"), CASES)
def test_a_batch_whose_weights_are_all_zero_costs_and_moves_nothing(loss, activation):
    z, a, T = batch(activation)
    assert loss.value(z, a, T, np.zeros(6)) == 0.0
    assert not loss.delta(z, a, T, np.zeros(6)).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [50.0, 1e4, 1e30, "max"])
def test_fused_losses_are_exact_for_enormous_logits(size, dtype):
    size = np.finfo(dtype).max if size == "max" else size
    z = np.array([[size, -size], [-size, size]], dtype=dtype)
    T = np.array([[1, 0], [0, 1]], dtype=dtype)
    with np.errstate(all="raise"):
        for loss, activation in (
            (CrossEntropy(), "softmax"),
            (CrossEntropy(0.1), "softmax"),
            (BinaryCrossEntropy(), "sigmoid"),
        ):
            a = get_activation(activation).value(z)
            right, wrong = loss.value(z, a, T), loss.value(z, a, 1 - T)
            assert np.isfinite(loss.delta(z, a, T)).all()
            if loss != CrossEntropy(0.1):
                assert right == pytest.approx(0, abs=1e-20)
                factor = 2 if size != np.finfo(dtype).max else wrong / size
                assert wrong == pytest.approx(factor * size, rel=1e-6)


def test_hand_worked_values():
    z = np.log(np.array([[1.0, 2.0, 5.0]]))  # softmax (1, 2, 5) / 8
    a, T = ACTIVATIONS["softmax"].value(z), np.array([[0.0, 0.0, 1.0]])
    assert CrossEntropy().value(z, a, T) == pytest.approx(math.log(8 / 5), rel=1e-14)
    smooth = 0.7 * math.log(8 / 5) + 0.1 * (math.log(8) + math.log(4) + math.log(8 / 5))
    assert CrossEntropy(0.3).value(z, a, T) == pytest.approx(smooth, rel=1e-14)
    np.testing.assert_allclose(CrossEntropy().delta(z, a, T), [[1 / 8, 2 / 8, -3 / 8]])
    assert BinaryCrossEntropy().value(
        np.zeros((3, 10)), np.full((3, 10), 0.5), np.eye(10)[:3]
    ) == pytest.approx(10 * math.log(2), rel=1e-14)
    a, T = np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [3.0, 0.0]])
    assert SquaredError().value(a, a, T) == (2.5 + 4.5) / 2
    assert Huber(1.0).value(a, a, T) == (0.5 + 1.5 + 2.5) / 2
    np.testing.assert_array_equal(Huber(1.0).delta(a, a, T), [[0.5, 0.5], [-0.5, 0]])


def test_float32_mean_over_many_samples_keeps_its_digits():
    n = 1_000_000
    z, T = np.zeros((n, 1), np.float32), np.full((n, 1), 0.1, np.float32)
    exact = float(np.float32(0.1)) ** 2 / 2
    assert SquaredError().value(z, z, T) == pytest.approx(exact, rel=1e-7)


def test_divergence_is_a_value_not_a_warning():
    huge = np.full((2, 2), 1e30, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert SquaredError().value(huge, huge, -huge) == math.inf
        SquaredError().delta(huge * 1e8, huge, huge)


class TestPairing:
    @pytest.mark.parametrize("activation", ACTIVATIONS)
    @pytest.mark.parametrize("loss", LOSSES)
    def test_which_pairs_are_refused(self, loss, activation):
        loss, activation = get_loss(loss), ACTIVATIONS[activation]
        if loss.fused_activation in (None, activation.name):
            loss.check_pairing(activation)
            return
        with pytest.raises(InvalidInputError) as error:
            loss.check_pairing(activation)
        text = str(error.value)
        assert f"{loss.name} cannot work with a {activation.name} output" in text
        assert "Two usual repairs" in text
        assert f'output_activation="{loss.fused_activation}"' in text

    @pytest.mark.parametrize(
        ("loss", "activation", "reason", "repair"),
        [
            ("cross_entropy", "tanh", "range from -1 to 1", 'tanh with loss="squared_error"'),
            ("cross_entropy", "sigmoid", "separate", 'loss="binary_cross_entropy"'),
            ("cross_entropy", "identity", "logarithm", 'loss="squared_error"'),
            ("binary_cross_entropy", "softmax", "sum to 1", 'loss="cross_entropy"'),
            ("binary_cross_entropy", "relu", "from 0 to inf", 'loss="squared_error"'),
            ("binary_cross_entropy", "tanh", "logarithm", r"\(targets -1 and \+1\)"),
        ],
    )
    def test_reason_and_second_repair(self, loss, activation, reason, repair):
        with pytest.raises(InvalidInputError, match=f"{reason}.*Two usual repairs.*{repair}"):
            get_loss(loss).check_pairing(ACTIVATIONS[activation])

    def test_a_custom_activation_with_the_right_range_is_not_the_fused_one(self):
        mine = custom_activation(lambda z: 1 / (1 + z**2), name="sigmoid", range=(0, 1))
        with pytest.raises(InvalidInputError, match="fused"):
            get_loss("binary_cross_entropy").check_pairing(mine)


class TestTargets:
    @pytest.mark.parametrize(
        ("loss", "activation", "value", "allowed"),
        [
            ("squared_error", "sigmoid", -1.0, False),
            ("squared_error", "sigmoid", 1.0, True),
            ("squared_error", "sigmoid", 1.0000000000000002, True),
            ("squared_error", "sigmoid", 1.01, False),
            ("squared_error", "tanh", 9.0, False),
            ("squared_error", "tanh", -1.0, True),
            ("squared_error", "relu", -0.5, False),
            ("squared_error", "relu", 1e6, True),
            ("squared_error", "identity", -1e6, True),
            ("huber", "softplus", -1.0, False),
            ("huber", "elu", -1.0, True),
            ("binary_cross_entropy", "sigmoid", -1.0, False),
            ("binary_cross_entropy", "sigmoid", 0.5, True),
        ],
    )
    def test_range(self, loss, activation, value, allowed):
        T = np.array([[0.5, 0.25], [0.5, value]])
        if allowed:
            get_loss(loss).check_targets(T, ACTIVATIONS[activation])
            return
        with pytest.raises(InvalidInputError, match=r"row 1.*Two usual repairs"):
            get_loss(loss).check_targets(T, ACTIVATIONS[activation])

    def test_tanh_with_class_numbers_says_what_to_do(self):
        with pytest.raises(InvalidInputError, match=r"within -1 and 1.*one output per class"):
            encode_targets([0, 3, 9], 1, ACTIVATIONS["tanh"], SquaredError())

    def test_cross_entropy_wants_distributions(self):
        with pytest.raises(InvalidInputError, match="row 1 sums to 2"):
            CrossEntropy().check_targets(np.array([[1.0, 0], [1, 1]]), ACTIVATIONS["softmax"])
        with pytest.raises(InvalidInputError, match="row 0 holds -1"):
            CrossEntropy().check_targets(np.array([[-1.0, 2]]), ACTIVATIONS["softmax"])
        with pytest.raises(InvalidInputError, match="one output has nothing to learn"):
            CrossEntropy().check_targets(np.ones((2, 1)), ACTIVATIONS["softmax"])
        CrossEntropy().check_targets(np.full((1, 3), 1 / 3, np.float32), ACTIVATIONS["softmax"])


class TestEncode:
    softmax, tanh, sigmoid, identity = (
        ACTIVATIONS[n] for n in ("softmax", "tanh", "sigmoid", "identity")
    )

    @pytest.mark.parametrize(
        "y",
        [[2, 0, 1], (2.0, 0.0, 1.0), np.array([2, 0, 1], np.uint8), np.array([2, 0, 1], object)],
    )
    def test_labels_become_one_hot(self, y):
        expected = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
        T = encode_targets(y, 3, self.softmax, CrossEntropy())
        assert T.dtype == np.float64
        np.testing.assert_array_equal(T, expected)
        T = encode_targets(y, 3, self.tanh, SquaredError(), dtype=np.float32)
        assert T.dtype == np.float32
        np.testing.assert_array_equal(T, 2 * np.array(expected) - 1)

    def test_a_custom_activation_between_minus_and_plus_one_gets_minus_and_plus_one(self):
        mine = custom_activation(np.sin, range=(-1, 1))
        np.testing.assert_array_equal(encode_targets([1], 2, mine, SquaredError()), [[-1, 1]])

    def test_a_vector_becomes_a_column_for_one_output(self):
        T = encode_targets([0.5, -3.0], 1, self.identity, SquaredError())
        np.testing.assert_array_equal(T, [[0.5], [-3]])
        T = encode_targets([True, False], 1, self.sigmoid, BinaryCrossEntropy())
        np.testing.assert_array_equal(T, [[1], [0]])

    def test_a_matrix_passes_through_without_a_copy(self):
        y = np.eye(3, dtype=np.float32)
        assert np.shares_memory(encode_targets(y, 3, self.softmax, CrossEntropy()), y)

    @pytest.mark.parametrize(
        ("y", "k", "message"),
        [
            ([0, 1, 10], 10, "between 0 and 9 for 10 outputs; row 2 holds 10"),
            ([0, -1], 3, "row 1 holds -1"),
            ([1, 2, 3], 3, "row 2 holds 3 .*range from 1 to 3.*Renumber the classes from 0"),
            ([0, 1.5], 3, r"whole numbers from 0 to 2; row 1 holds 1.5.*regression"),
            ([0, np.nan], 3, "must be finite, row 1 holds nan"),
            ([[0, 1], [np.inf, 0]], 2, "must be finite, row 1, column 0 holds inf"),
            ([[0], [1]], 3, r"shape \(2, 1\), but the network has 3 outputs.*y.ravel\(\)"),
            (np.eye(3)[:2].T, 2, r"row 2 sums to 0"),
            (np.zeros((2, 5)), 2, r"its transpose|Its transpose"),
            (["a", "b"], 2, "must hold numbers.*numbers names"),
            ([object()], 2, "cannot be read"),
            ([[1, 0], [1]], 2, "cannot be read"),
            ([], 2, "at least one row"),
            (3, 2, "must be a vector"),
            (np.zeros((2, 2, 2)), 2, r"got shape \(2, 2, 2\)"),
            (np.array([1j, 2]), 2, "complex128"),
        ],
    )
    def test_bad_targets_are_named(self, y, k, message):
        with pytest.raises(InvalidInputError, match=message):
            encode_targets(y, k, self.softmax, CrossEntropy())


def test_options_are_checked():
    assert get_loss("huber", threshold=2.0) == Huber(2.0)
    assert get_loss(Huber(2.0)) == Huber(2.0)
    with pytest.raises(InvalidInputError, match="label_smoothing must be a number >= 0 and < 1"):
        CrossEntropy(label_smoothing=1.0)
    with pytest.raises(InvalidInputError, match="threshold must be a number > 0"):
        Huber(0.0)
    with pytest.raises(InvalidInputError, match="Did you mean 'label_smoothing'"):
        get_loss("cross_entropy", label_smothing=0.1)
    with pytest.raises(InvalidInputError, match="Did you mean 'cross_entropy'"):
        get_loss("crossentropy")
    with pytest.raises(InvalidInputError, match="has no options"):
        get_loss("squared_error", delta=1)
    with pytest.raises(InvalidInputError, match="must be a name or an instance"):
        get_loss(3)
