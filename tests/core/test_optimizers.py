import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.core import optimizer_base
from unstuck.core.optimizers import (
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    RMSProp,
    get_optimizer,
)

ALL = [SGD(), SGD(momentum=0.9), SGD(momentum=0.9, nesterov=True), RMSProp(), Adagrad(), Adam()]
ALL += [AdamW(weight_decay=0.1)]


def run(optimizer, gradients, theta, rates=None, mask=None):
    buffers = optimizer.start(len(theta), theta.dtype)
    for t, gradient in enumerate(gradients, start=1):
        rate = None if rates is None else rates[t - 1]
        optimizer.step(theta, gradient.copy(), buffers, t, rate, mask)
    return buffers


def test_two_steps_worked_by_hand():
    theta = np.array([1.0])
    run(SGD(0.1), [np.array([2.0])], theta)
    assert theta[0] == pytest.approx(0.8)

    theta = np.array([1.0])  # v = 2, then 0.5 * 2 + 1 = 2
    run(SGD(0.1, momentum=0.5), np.array([[2.0], [1.0]]), theta)
    assert theta[0] == pytest.approx(1 - 0.2 - 0.2)

    theta = np.array([1.0])  # g + 0.5 v: 2 + 1 = 3, then 1 + 0.5 * 2 = 2
    run(SGD(0.1, momentum=0.5, nesterov=True), np.array([[2.0], [1.0]]), theta)
    assert theta[0] == pytest.approx(1 - 0.3 - 0.2)

    theta = np.array([1.0])  # s = 4, then 5
    run(Adagrad(0.1), np.array([[2.0], [1.0]]), theta)
    assert theta[0] == pytest.approx(1 - 0.1 - 0.1 / 5**0.5)

    theta = np.array([1.0])  # s = 0.5 * 4 = 2, then 1 + 0.5 = 1.5
    run(RMSProp(0.1, rho=0.5), np.array([[2.0], [1.0]]), theta)
    assert theta[0] == pytest.approx(1 - 0.2 / 2**0.5 - 0.1 / 1.5**0.5)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_adams_first_step_is_the_learning_rate_whatever_the_gradients_size(size):
    theta = np.zeros(3)
    run(Adam(0.01), [size * np.array([1.0, -2.0, 3.0])], theta)
    np.testing.assert_allclose(theta, [-0.01, 0.01, -0.01], rtol=2e-5)


@pytest.mark.parametrize("optimizer", ALL, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_happens_in_place_and_in_the_dtype_given(optimizer, dtype):
    rng = np.random.default_rng(0)
    theta, gradient = rng.normal(size=7).astype(dtype), rng.normal(size=7).astype(dtype)
    buffers = optimizer.start(7, dtype)
    assert tuple(buffers) == optimizer.slots
    before, arrays = theta.copy(), dict(buffers)
    optimizer.step(theta, gradient, buffers, 1)
    assert (theta != before).all()
    assert theta.dtype == dtype
    for name, array in buffers.items():
        assert array is arrays[name]
        assert array.dtype == dtype
        assert array.any()


@pytest.mark.parametrize("optimizer", ALL, ids=repr)
def test_blocks_change_nothing(optimizer, monkeypatch):
    rng = np.random.default_rng(1)
    gradients = rng.normal(size=(70, 50))
    mask = rng.random(50) < 0.5
    results = []
    for block in (10**6, 7):
        monkeypatch.setattr(optimizer_base, "BLOCK", block)
        theta = np.ones(50)
        buffers = run(optimizer, gradients, theta, mask=mask)
        results.append(np.concatenate([theta, *buffers.values()]))
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize("optimizer", ALL, ids=repr)
def test_a_scheduled_rate_overrides_the_optimisers_own(optimizer):
    gradients = np.random.default_rng(2).normal(size=(5, 4))
    rates = [0.1, 0.01, 0.0, 0.2, 0.003]
    theta = np.ones(4)
    run(optimizer, gradients, theta, rates)
    expected = np.ones(4)
    buffers = optimizer.start(4)
    for t, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        options = {name: getattr(optimizer, name) for name in optimizer.__dataclass_fields__}
        other = type(optimizer)(**(options | {"learning_rate": rate}))
        other.step(expected, gradient.copy(), buffers, t)
    np.testing.assert_array_equal(theta, expected)


def test_decoupled_decay_touches_the_weights_alone():
    theta, mask = np.ones(6), np.array([True, True, False, True, False, False])
    run(AdamW(0.1, weight_decay=0.5), [np.zeros(6)], theta, mask=mask)
    np.testing.assert_allclose(theta, np.where(mask, 0.95, 1.0), rtol=1e-15)
    theta = np.ones(6)
    run(AdamW(0.1, weight_decay=0.5), [np.zeros(6)], theta)
    np.testing.assert_allclose(theta, 0.95, rtol=1e-15)


def test_adamw_without_decay_is_adam():
    gradients = np.random.default_rng(3).normal(size=(9, 5))
    a, b = np.ones(5), np.ones(5)
    run(Adam(), gradients, a)
    run(AdamW(weight_decay=0.0), gradients, b, mask=np.ones(5, bool))
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "optimizer",
    [SGD(momentum=m) for m in (0.5, 0.9, 0.99)]
    + [RMSProp(rho=0.6), Adam(beta1=0.8, beta2=0.9), AdamW(beta1=0.5, beta2=0.9)],
    ids=repr,
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_decaying_buffers_come_to_rest_and_are_never_denormal(optimizer, dtype):
    info = np.finfo(dtype)
    theta = np.ones(4, dtype)
    buffers = optimizer.start(4, dtype)
    begin = 1.0 if dtype == np.float32 else 1e-180
    for buffer in buffers.values():
        buffer[:] = begin * np.array([1, -1 if isinstance(optimizer, SGD) else 1, 1e-3, 0])
    for t in range(1, 9001):
        optimizer.step(theta, np.zeros(4, dtype), buffers, t)
        sizes = np.abs(np.concatenate(list(buffers.values())))
        assert not ((sizes > 0) & (sizes < info.tiny)).any(), t
    assert sizes.max() < 100 * info.eps * (1e-20 if dtype == np.float32 else 1e-200)


def test_without_the_flush_momentum_stays_denormal_for_ever(monkeypatch):
    monkeypatch.setattr(optimizer_base, "FLUSH_EVERY", 10**9)
    theta = np.ones(1, np.float32)
    buffers = run(
        SGD(momentum=0.9), [np.ones(1, np.float32)] + [np.zeros(1, np.float32)] * 2000, theta
    )
    assert 0 < buffers["velocity"][0] < np.finfo(np.float32).tiny


def test_the_flush_leaves_what_matters():
    v = np.array([1e-15, -1e-12, 0.3, -7.0, 1e10], np.float32)
    flushed = v.copy()
    optimizer_base._flush_denormals(flushed)
    np.testing.assert_allclose(flushed, v, rtol=1e-7)
    nothing = np.array([1e-38, -1e-30, 0.0], np.float32)
    optimizer_base._flush_denormals(nothing)
    np.testing.assert_array_equal(nothing, 0)


@pytest.mark.parametrize("optimizer", ALL, ids=repr)
def test_a_diverging_run_raises_no_floating_point_event(optimizer):
    theta = np.full(3, 1e30, np.float32)
    with np.errstate(all="raise"):
        run(optimizer, np.full((3, 3), 1e38, np.float32), theta)


@pytest.mark.parametrize("optimizer", ALL, ids=repr)
def test_each_one_goes_down_a_bowl(optimizer):
    scales = np.array([1.0, 3.0, 0.3])
    theta = np.array([1.0, -1.0, 2.0])
    buffers = optimizer.start(3)
    mask = np.zeros(3, bool)  # decoupled decay would move the minimum
    for t in range(1, 2001):
        rate = 0.5 if isinstance(optimizer, Adagrad) else 0.05 / t**0.25
        optimizer.step(theta, scales * theta, buffers, t, rate, mask)
    assert np.abs(theta).max() < 0.02


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(-0.1), "SGD: learning_rate must be a number >= 0, got -0.1"),
        (lambda: SGD("fast"), "learning_rate must be a number"),
        (lambda: SGD(float("nan")), "learning_rate"),
        (lambda: SGD(True), "learning_rate"),
        (lambda: SGD(momentum=1.0), "momentum must be a number >= 0 and < 1"),
        (lambda: SGD(nesterov=True), "nesterov needs momentum"),
        (lambda: RMSProp(rho=-0.1), "RMSProp: rho"),
        (lambda: RMSProp(epsilon=0.0), "epsilon must be a number > 0"),
        (lambda: Adagrad(epsilon=-1), "Adagrad: epsilon"),
        (lambda: Adam(beta1=1.0), "beta1"),
        (lambda: Adam(beta2=1.0), "beta2"),
        (lambda: AdamW(weight_decay=-1), "AdamW: weight_decay"),
        (lambda: AdamW(beta1=2), "AdamW: beta1"),
        (lambda: get_optimizer("adma"), "Did you mean 'adam'"),
        (lambda: get_optimizer("adam", lr=1), "allowed: learning_rate, beta1, beta2, epsilon"),
        (lambda: get_optimizer(SGD), "must be a name or an instance"),
    ],
)
def test_hyperparameters_are_checked(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


def test_get_optimizer():
    assert {type(get_optimizer(name)) for name in OPTIMIZERS} == {
        SGD,
        RMSProp,
        Adagrad,
        Adam,
        AdamW,
    }
    assert get_optimizer(SGD(0.3), momentum=0.5) == SGD(0.3, 0.5)
    assert SGD().slots == ()
    assert SGD(momentum=0.5).slots == ("velocity",)
