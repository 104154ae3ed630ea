import itertools
import math
import pickle

import numpy as np
import pytest
from scipy import stats

from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import ACTIVATIONS
from unstuck.core.initializers import (
    BIAS_INITIALIZERS,
    INITIALIZERS,
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Mirrored,
    Normal,
    Orthogonal,
    TruncatedNormal,
    Uniform,
    get_bias_initializer,
    get_initializer,
)


def draw(initializer, fan_in=300, fan_out=400, dtype=np.float64, seed=0):
    return initializer(np.random.default_rng(seed), fan_in, fan_out, dtype)


# 120 000 draws: the mean is known to std / 346, the variance to 0.4 % (normal), 0.26 % (uniform).
VARIANCES = [
    (Normal(0.0, 0.3), 0.09),
    (TruncatedNormal(0.0, 0.3), 0.09),
    (Uniform(-1.0, 1.0), 1 / 3),
    (GlorotNormal(), 2 / 700),
    (GlorotUniform(gain=3.0), 18 / 700),
    (HeNormal(), 2 / 300),
    (HeUniform(negative_slope=0.5), 2 / 300 / 1.25),
    (LecunNormal(), 1 / 300),
    (LecunUniform(), 1 / 300),
    (Orthogonal(), 1 / 400),
    (Orthogonal(gain=2.0), 4 / 400),
]


@pytest.mark.parametrize(("initializer", "variance"), VARIANCES, ids=lambda x: str(x)[:40])
def test_mean_and_variance(initializer, variance):
    W = draw(initializer)
    assert abs(W.mean()) < 4.5 * math.sqrt(variance / W.size)
    assert W.var() == pytest.approx(variance, rel=0.02)


@pytest.mark.parametrize(
    ("initializer", "law"),
    [
        (HeNormal(), stats.norm(0, math.sqrt(2 / 300))),
        (HeUniform(), stats.uniform(-math.sqrt(6 / 300), 2 * math.sqrt(6 / 300))),
        (GlorotUniform(), stats.uniform(-math.sqrt(6 / 700), 2 * math.sqrt(6 / 700))),
        (LecunUniform(), stats.uniform(-math.sqrt(3 / 300), 2 * math.sqrt(3 / 300))),
        (Uniform(0.0, 0.5), stats.uniform(0, 0.5)),
        (Normal(1.0, 0.2), stats.norm(1, 0.2)),
        (
            TruncatedNormal(1.0, 0.2),
            stats.truncnorm(-2, 2, loc=1, scale=0.2 / stats.truncnorm(-2, 2).std()),
        ),
    ],
    ids=lambda x: str(x)[:40],
)
def test_distribution(initializer, law):
    W = draw(initializer).ravel()
    assert stats.kstest(W, law.cdf).pvalue > 0.001
    low, high = law.support()
    assert W.min() >= low
    assert W.max() <= high


def test_the_test_of_distributions_can_fail():
    W = draw(HeNormal()).ravel()
    assert stats.kstest(W, stats.norm(0, math.sqrt(2 / 270)).cdf).pvalue < 0.001


def test_the_variance_follows_fan_in_not_fan_out():
    assert draw(HeNormal(), 50, 5000).var() == pytest.approx(2 / 50, rel=0.02)
    assert draw(LecunUniform(), 5000, 50).var() == pytest.approx(1 / 5000, rel=0.02)
    assert draw(GlorotNormal(), 5000, 50).var() == pytest.approx(2 / 5050, rel=0.02)


@pytest.mark.parametrize("shape", [(30, 30), (50, 20), (20, 50), (1, 7), (7, 1), (1, 1)])
def test_orthogonal_singular_values_are_all_the_gain(shape):
    W = draw(Orthogonal(1.7), *shape)
    assert W.shape == shape
    np.testing.assert_allclose(np.linalg.svd(W, compute_uv=False), 1.7, rtol=1e-12)


def test_orthogonal_matrices_are_uniform_over_the_group():
    """Without the sign of R's diagonal the first entries would all be negative."""
    rng = np.random.default_rng(0)
    first = [Orthogonal()(rng, 3, 3, np.float64)[0, 0] for _ in range(2000)]
    assert stats.kstest(first, stats.uniform(-1, 2).cdf).pvalue > 0.001  # Archimedes


def mirrored_network(sizes, activation, seed=0, gain=1.0):
    rng = np.random.default_rng(seed)
    last = len(sizes) - 2
    weights = [
        Mirrored(gain).for_position(first=i == 0, last=i == last)(rng, m, n, np.float64)
        for i, (m, n) in enumerate(itertools.pairwise(sizes))
    ]

    def network(x):
        for W in weights[:-1]:
            x = ACTIVATIONS[activation].value(x @ W)
        return x @ weights[-1]

    return network, weights


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "softplus", "gelu", "silu"])
@pytest.mark.parametrize("sizes", [[6, 8, 8, 4], [6, 9, 7, 5, 3], [5, 4], [784, 21, 20, 10]])
def test_a_mirrored_network_is_a_linear_map(sizes, activation):
    network, _ = mirrored_network(sizes, activation)
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 7, sizes[0]))
    assert np.abs(network(x)).max() > 0.01
    np.testing.assert_allclose(network(2 * x - 3 * y), 2 * network(x) - 3 * network(y), atol=1e-12)


def test_other_weights_are_no_linear_map():
    rng = np.random.default_rng(0)
    W1, W2 = HeNormal()(rng, 6, 8), HeNormal()(rng, 8, 4)
    x = rng.normal(size=(7, 6))
    assert np.abs(np.maximum(x @ W1, 0) @ W2 + np.maximum(-x @ W1, 0) @ W2).max() > 0.1


def test_a_mirrored_network_of_fifty_layers_keeps_the_size_of_its_signal():
    network, _ = mirrored_network([32] + [64] * 50 + [32], "relu")
    x = np.random.default_rng(1).normal(size=(5, 32))
    np.testing.assert_allclose(
        np.linalg.norm(network(x), axis=1), np.linalg.norm(x, axis=1), rtol=1e-10
    )


def test_the_unit_left_over_in_an_odd_width_listens_but_is_not_heard():
    _, (W1, W2, W3) = mirrored_network([6, 9, 7, 3], "relu")
    assert W1[:, -1].all()
    assert not W2[-1].any()
    assert W2[:-1, -1].all()
    assert not W3[-1].any()
    assert W1[:, -1].std() == pytest.approx(6**-0.5, rel=0.7)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_shape_dtype_seed_and_pickle(name):
    initializer = get_initializer(name)
    W = draw(initializer, 5, 3)
    assert W.shape == (5, 3)
    assert W.dtype == np.float64
    assert W.flags.c_contiguous
    np.testing.assert_array_equal(draw(initializer, 5, 3), W)
    single = draw(initializer, 5, 3, np.float32)
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, W.astype(np.float32))  # one seed, one network
    if name not in ("zeros", "constant"):
        assert (draw(initializer, 5, 3, seed=1) != W).any()
    copy = pickle.loads(pickle.dumps(initializer))  # noqa: S301
    assert copy == initializer
    if name != "mirrored":
        assert initializer.for_position(first=True, last=False) is initializer


@pytest.mark.parametrize("name", INITIALIZERS)
def test_an_empty_layer_is_refused(name):
    with pytest.raises(InvalidInputError, match="fan_in >= 1 and fan_out >= 1, got 0 and 3"):
        draw(get_initializer(name), 0, 3)


def test_zeros_and_constant():
    assert not draw(get_initializer("zeros")).any()
    assert (draw(Constant(0.25)) == 0.25).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Uniform(1.0, 1.0), "low must be less than high"),
        (lambda: Normal(std=-1.0), "Normal: std must be a number >= 0"),
        (lambda: TruncatedNormal(mean=math.nan), "TruncatedNormal: mean"),
        (lambda: GlorotNormal(gain=0.0), "GlorotNormal: gain"),
        (lambda: HeNormal("relu"), "negative_slope"),
        (lambda: Orthogonal(-1.0), "gain"),
        (lambda: Mirrored(0.0), "gain"),
        (lambda: Constant(math.inf), "value"),
        (lambda: get_initializer("he"), "allowed: zeros, constant"),
        (lambda: get_initializer("normal", sigma=1.0), "allowed: mean, std"),
        (lambda: get_initializer(None), "must be a name"),
        (lambda: get_bias_initializer("zeroes"), "Did you mean 'zeros'"),
        (lambda: get_bias_initializer("uniform", bound=-1), "bound"),
        (lambda: get_bias_initializer("constant", value="x"), "value"),
        (lambda: get_bias_initializer("centering", c=None), "c must be"),
    ],
)
def test_options_are_checked(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


def test_a_function_of_the_users_own():
    mine = get_initializer(
        lambda rng, fan_in, fan_out, dtype: rng.integers(0, 2, (fan_in, fan_out))
    )
    assert set(np.unique(draw(mine, dtype=np.float32))) == {0, 1}
    transposed = get_initializer(lambda rng, fan_in, fan_out, dtype: np.zeros((fan_out, fan_in)))
    with pytest.raises(
        InvalidInputError, match=r"\(fan_in, fan_out\) = \(3, 2\), got shape \(2, 3\)"
    ):
        draw(transposed, 3, 2)
    with pytest.raises(InvalidInputError, match="finite"):
        draw(get_initializer(lambda *_: np.full((3, 2), np.nan)), 3, 2)


class TestBias:
    rng = np.random.default_rng(0)
    W = np.random.default_rng(1).normal(size=(100, 4000)).astype(np.float32)

    @pytest.mark.parametrize("name", BIAS_INITIALIZERS)
    def test_shape_and_dtype(self, name):
        b = get_bias_initializer(name)(np.random.default_rng(0), self.W)
        assert b.shape == (4000,)
        assert b.dtype == np.float32

    def test_zeros_and_constant(self):
        assert not get_bias_initializer("zeros")(self.rng, self.W).any()
        assert (get_bias_initializer("constant", value=0.5)(self.rng, self.W) == 0.5).all()

    def test_uniform_bound(self):
        b = get_bias_initializer("uniform")(np.random.default_rng(0), self.W)
        assert stats.kstest(b, stats.uniform(-0.1, 0.2).cdf).pvalue > 0.001
        b = get_bias_initializer("uniform", bound=3.0)(np.random.default_rng(0), self.W)
        assert stats.kstest(b, stats.uniform(-3, 6).cdf).pvalue > 0.001

    def test_centering_makes_a_grey_image_neutral(self):
        W = self.W.astype(np.float64)
        b = get_bias_initializer("centering", c=0.3)(self.rng, W)
        np.testing.assert_allclose(np.full(100, 0.3) @ W + b, 0, atol=1e-12)

    def test_a_function_of_the_users_own(self):
        mine = get_bias_initializer(lambda rng, W: -W.mean(axis=0))
        np.testing.assert_array_equal(mine(self.rng, self.W), -self.W.mean(axis=0))
        with pytest.raises(InvalidInputError, match=r"\(fan_out,\) = \(4000,\), got shape \(\)"):
            get_bias_initializer(lambda rng, W: 0.0)(self.rng, self.W)
