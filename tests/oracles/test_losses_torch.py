"""PyTorch as referee: values and gradients of the losses."""

import numpy as np
import pytest

from unstuck.core.activations import ACTIVATIONS
from unstuck.core.losses import BinaryCrossEntropy, CrossEntropy, Huber, SquaredError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

F = torch.nn.functional
N, K = 40, 5
RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, K, N)
ONE_HOT = np.eye(K)[LABELS]
PROBABILITIES = RNG.dirichlet(np.ones(K), N)
MANY = (RNG.random((N, K)) < 0.4).astype(float)
NUMBERS = 3 * RNG.normal(size=(N, K))
WEIGHTS = RNG.random(N)


def cross_entropy(smoothing):
    def referee(z, T):
        return F.cross_entropy(z, T, reduction="none", label_smoothing=smoothing)

    return referee


def binary(z, T):
    return F.binary_cross_entropy_with_logits(z, T, reduction="none").sum(dim=1)


def squared(z, T):
    return F.mse_loss(torch.tanh(z), T, reduction="none").sum(dim=1) / 2


def huber(z, T):
    return F.huber_loss(z, T, reduction="none", delta=0.8).sum(dim=1)


CASES = {
    "one-hot": (CrossEntropy(), "softmax", ONE_HOT, cross_entropy(0.0)),
    "probabilities": (CrossEntropy(), "softmax", PROBABILITIES, cross_entropy(0.0)),
    "smoothed": (CrossEntropy(0.1), "softmax", ONE_HOT, cross_entropy(0.1)),
    "smoothed probabilities": (CrossEntropy(0.3), "softmax", PROBABILITIES, cross_entropy(0.3)),
    "binary": (BinaryCrossEntropy(), "sigmoid", MANY, binary),
    "binary probabilities": (BinaryCrossEntropy(), "sigmoid", PROBABILITIES, binary),
    "squared": (SquaredError(), "tanh", 2 * MANY - 1, squared),
    "huber": (Huber(0.8), "identity", NUMBERS, huber),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scale", [0.1, 3.0, 100.0])
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 3e-6)])
def test_value_and_gradient(case, weighted, scale, dtype, rtol):
    loss, name, T, referee = CASES[case]
    activation = ACTIVATIONS[name]
    z = (scale * np.random.default_rng(1).normal(size=(N, K))).astype(dtype)
    T = T.astype(dtype)
    w = WEIGHTS.astype(dtype) if weighted else None

    x = torch.from_numpy(z.astype(np.float64)).requires_grad_()
    losses = referee(x, torch.from_numpy(T.astype(np.float64)))
    factor = torch.from_numpy(WEIGHTS if weighted else np.ones(N))
    expected = (losses * factor).sum() / factor.sum()
    expected.backward()

    a = activation.value(z)
    np.testing.assert_allclose(
        loss.per_sample(z, a, T), losses.detach().numpy(), rtol=rtol, atol=rtol
    )
    assert loss.value(z, a, T, w) == pytest.approx(float(expected.detach()), rel=rtol)
    delta = loss.delta(z, a, T, w)
    if loss.fused_activation is None:
        delta = activation.vjp(delta, z, a)
    np.testing.assert_allclose(delta, x.grad.numpy(), rtol=10 * rtol, atol=rtol)


def test_integer_labels_cost_what_one_hot_rows_do():
    z = np.random.default_rng(2).normal(size=(N, K))
    expected = F.cross_entropy(torch.from_numpy(z), torch.from_numpy(LABELS))
    a = ACTIVATIONS["softmax"].value(z)
    assert CrossEntropy().value(z, a, ONE_HOT) == pytest.approx(float(expected), rel=1e-13)
