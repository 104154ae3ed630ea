"""What holds for every network input, target, step and seed, not for chosen examples alone."""

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unstuck.core.activations import ACTIVATIONS
from unstuck.core.initializers import INITIALIZERS, Mirrored, get_initializer
from unstuck.core.losses import LOSSES, encode_targets, get_loss
from unstuck.core.optimizers import OPTIMIZERS, SGD, get_optimizer
from unstuck.core.scaling import InputScaling
from unstuck.core.schedules import SCHEDULES, WarmUp, get_schedule

dtypes = st.sampled_from([np.float32, np.float64])
activations = st.sampled_from(list(ACTIVATIONS.values()))
elementwise = st.sampled_from([a for a in ACTIVATIONS.values() if a.elementwise])


@st.composite
def matrices(draw, dtype=dtypes, limit=None, rows=6, columns=5):
    """Any finite matrix of a float dtype, or one within +-limit."""
    dtype = np.dtype(draw(dtype))
    bound = {} if limit is None else {"min_value": -limit, "max_value": limit}
    numbers = st.floats(width=8 * dtype.itemsize, allow_nan=False, allow_infinity=False, **bound)
    shape = hnp.array_shapes(min_dims=2, max_dims=2, max_side=max(rows, columns))
    return draw(hnp.arrays(dtype, shape, elements=numbers))


@given(activations, matrices())
def test_any_finite_input_gives_no_floating_point_event(activation, z):
    with np.errstate(all="raise"):
        a = activation.value(z)
        slope = activation.slope(z, a)
        delta = activation.vjp(np.ones_like(z), z, a)
    assert a.dtype == slope.dtype == delta.dtype == z.dtype
    assert not np.isnan(a).any()
    assert np.isfinite(slope).all()
    assert np.isfinite(delta).all()
    low, high = activation.range
    slack = 4 * np.finfo(z.dtype).eps
    assert (a >= low - slack).all()
    assert (a <= high + slack).all()


@given(activations, matrices(limit=1e3))
def test_in_place_is_the_same_as_out_of_place(activation, z):
    a = activation.value(z)
    expected = activation.vjp(z, z, a)
    buffer = z.copy()
    activation.value(buffer, buffer)
    np.testing.assert_array_equal(buffer, a)
    buffer = z.copy()
    activation.vjp(buffer, z, a, buffer)
    np.testing.assert_array_equal(buffer, expected)


MONOTONE = [n for n in ACTIVATIONS if n not in ("gelu", "silu", "softmax")]


@given(st.sampled_from(MONOTONE), matrices(limit=1e4))
def test_monotone_activations_never_fall(name, z):
    z = np.sort(z.ravel())
    a = ACTIVATIONS[name].value(z)
    rounding = 4 * np.finfo(z.dtype).eps * np.maximum(np.abs(a[1:]), 1e-30)
    assert (np.diff(a) >= -rounding).all()
    assert (ACTIVATIONS[name].slope(z, a) >= 0).all()


@given(matrices(limit=1e4), st.floats(-1e3, 1e3))
def test_softmax_is_a_distribution_that_a_shift_does_not_change(z, shift):
    a = ACTIVATIONS["softmax"].value(z)
    np.testing.assert_allclose(a.sum(axis=1), 1, rtol=1e-5)
    delta = ACTIVATIONS["softmax"].vjp(z, z, a)
    scale = np.abs(z).max() + 1
    np.testing.assert_allclose(delta.sum(axis=1), 0, atol=1e-5 * scale)
    double = z.astype(np.float64)
    np.testing.assert_allclose(
        ACTIVATIONS["softmax"].value(double + shift),
        ACTIVATIONS["softmax"].value(double),
        rtol=1e-9,
        atol=1e-12,
    )


@st.composite
def judged(draw, limit=None):
    """A loss with logits, its outputs and targets that they may have."""
    z = draw(matrices(limit=limit))
    name = draw(st.sampled_from(sorted(LOSSES)))
    if name == "cross_entropy" and z.shape[1] == 1:
        z = np.concatenate([z, -z], axis=1)
    loss = get_loss(name)
    activation = ACTIVATIONS[loss.fused_activation or draw(st.sampled_from(["tanh", "sigmoid"]))]
    labels = draw(
        hnp.arrays(np.int64, len(z), elements=st.integers(0, z.shape[1] - 1))
        if z.shape[1] > 1
        else hnp.arrays(np.int64, len(z), elements=st.integers(0, 1))
    )
    T = encode_targets(labels, z.shape[1], activation, loss, z.dtype)
    return loss, activation, z, T


@given(judged())
def test_losses_are_never_negative_nor_nan_and_gradients_finite(case):
    loss, activation, z, T = case
    with np.errstate(all="raise"):
        a = activation.value(z)
        value = loss.value(z, a, T)
        delta = loss.delta(z, a, T)
    assert value >= -1e-6
    assert np.isfinite(delta).all()
    assert delta.dtype == z.dtype


@given(judged(limit=20), st.integers(0, 2**32 - 1))
def test_a_step_along_the_gradient_changes_the_loss_as_it_says(case, seed):
    loss, activation, z, T = case
    z, T = z.astype(np.float64), T.astype(np.float64)
    direction = np.random.default_rng(seed).normal(size=z.shape)
    a = activation.value(z)
    delta = loss.delta(z, a, T)
    if loss.fused_activation is None:
        delta = activation.vjp(delta, z, a)
    h = 1e-5
    up, down = (
        loss.value(x, activation.value(x), T) for x in (z + h * direction, z - h * direction)
    )
    atol = 1e-4 if loss.name == "huber" else 1e-8  # its second derivative jumps
    expected = (delta * direction).sum()
    np.testing.assert_allclose((up - down) / (2 * h), expected, rtol=1e-5, atol=atol)


@given(judged(limit=50), st.integers(1, 4))
def test_repeating_every_sample_changes_no_mean(case, times):
    loss, activation, z, T = case
    z, T = np.repeat(z, times, axis=0), np.repeat(T, times, axis=0)
    a = activation.value(z)
    once = loss.value(z[::times], a[::times], T[::times])
    np.testing.assert_allclose(loss.value(z, a, T), once, rtol=1e-5, atol=1e-6)
    weights = np.full(len(z), 0.3)
    np.testing.assert_allclose(
        loss.delta(z, a, T, weights), loss.delta(z, a, T), rtol=1e-5, atol=1e-7
    )


@given(st.sampled_from(sorted(INITIALIZERS)), st.integers(1, 12), st.integers(1, 12), dtypes)
def test_initializers_give_finite_matrices_of_any_shape(name, fan_in, fan_out, dtype):
    W = get_initializer(name)(np.random.default_rng(0), fan_in, fan_out, dtype)
    assert W.shape == (fan_in, fan_out)
    assert W.dtype == dtype
    assert np.isfinite(W).all()


@given(st.lists(st.integers(1, 9), min_size=2, max_size=6), st.integers(0, 2**32 - 1))
def test_mirrored_weights_make_a_linear_map_for_any_widths(sizes, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 3, sizes[0]))
    outputs = [x, y, x - 2 * y]
    for i in range(len(sizes) - 1):
        draw = Mirrored().for_position(first=i == 0, last=i == len(sizes) - 2)
        W = draw(rng, sizes[i], sizes[i + 1])
        outputs = [o @ W for o in outputs]
        if not draw.last:
            outputs = [np.maximum(o, 0) for o in outputs]
    np.testing.assert_allclose(outputs[2], outputs[0] - 2 * outputs[1], atol=1e-10)


@given(
    st.sampled_from(sorted(OPTIMIZERS)),
    hnp.arrays(np.float64, (5, 4), elements=st.floats(-1e3, 1e3)),
    st.integers(1, 100),
)
def test_first_step_goes_against_the_gradient_and_zero_rate_goes_nowhere(name, gradients, t):
    optimizer = get_optimizer(name)
    theta = np.zeros(4)
    optimizer.step(theta, gradients[0].copy(), optimizer.start(4), 1)
    assert (theta * gradients[0] <= 0).all()
    buffers, theta = optimizer.start(4), np.ones(4)
    for i, gradient in enumerate(gradients):
        optimizer.step(theta, gradient.copy(), buffers, t + i, 0.0)
    np.testing.assert_array_equal(theta, 1)


@given(
    hnp.arrays(np.float64, (7, 4), elements=st.floats(-1e3, 1e3)),
    st.floats(0.01, 0.99),
    st.floats(1e-4, 1.0),
)
def test_momentum_is_linear_in_the_gradients(gradients, momentum, rate):
    def run(gradients):
        theta, optimizer = np.zeros(4), SGD(rate, momentum)
        buffers = optimizer.start(4)
        for t, g in enumerate(gradients, start=1):
            optimizer.step(theta, g.copy(), buffers, t)
        return theta

    scale = rate * np.abs(gradients).sum() / (1 - momentum) + 1e-300
    np.testing.assert_allclose(
        run(gradients[:, ::-1] * 3)[::-1], 3 * run(gradients), rtol=1e-9, atol=1e-12 * scale
    )


SOME = [get_schedule(name) for name in sorted(SCHEDULES)] + [WarmUp(0.3, then="one_cycle")]


@given(st.sampled_from(SOME), st.integers(1, 500), st.data())
def test_any_slice_of_a_schedule_is_a_slice_of_the_whole(schedule, total, data):
    start = data.draw(st.integers(0, total))
    count = data.draw(st.integers(0, total - start))
    whole = schedule.rates(0, total, total, 0.1)
    np.testing.assert_array_equal(
        schedule.rates(start, count, total, 0.1), whole[start : start + count]
    )
    assert (whole >= 0).all()
    assert (whole <= 0.1 + 1e-12).all()


@given(matrices(limit=2.0**50, rows=12), st.sampled_from(["auto", "none", "unit", "standard"]))
def test_scaling_is_finite_and_standard_scores_are_bounded(X, how):
    scaling = InputScaling.fit(X, how)
    Z = scaling.apply(X, np.float64)
    assert np.isfinite(Z).all()
    if scaling.kind == "unit":
        assert Z.min() >= 0
        assert Z.max() <= 1 + 1e-12
    if scaling.kind == "standard":  # Samuelson: no score of n exceeds sqrt(n - 1)
        spread = X.astype(np.float64).std(axis=0) > 1e-6 * np.abs(X).max()
        assert (np.abs(Z[:, spread]) <= np.sqrt(len(X)) + 1e-6).all()
