"""PyTorch as referee: values and gradients of the activations.

It judges in float64 also what was computed in float32: its own float32 gelu is off by 1e-3.
"""

import numpy as np
import pytest

from unstuck.core.activations import ACTIVATIONS, custom_activation

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

F = torch.nn.functional
REFEREE = {
    "identity": lambda z: z * 1,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "softplus": lambda z: F.softplus(z, threshold=700),
    "silu": F.silu,
    "softmax": lambda z: F.softmax(z, dim=-1),
}


def inputs(scale, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return (scale * rng.normal(size=(200, 7))).astype(dtype), rng.normal(size=(200, 7)).astype(
        dtype
    )


def test_every_activation_has_its_referee():
    assert set(REFEREE) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", REFEREE)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize(
    ("dtype", "rtol", "atol"), [(np.float64, 1e-12, 1e-14), (np.float32, 2e-6, 4e-7)]
)
def test_value_and_vjp(name, scale, dtype, rtol, atol):
    z, delta = inputs(scale, dtype)
    x = torch.from_numpy(z.astype(np.float64)).requires_grad_()
    expected = REFEREE[name](x)
    expected.backward(torch.from_numpy(delta.astype(np.float64)))
    activation = ACTIVATIONS[name]
    a = activation.value(z)
    np.testing.assert_allclose(a, expected.detach().numpy(), rtol=rtol, atol=atol)
    np.testing.assert_allclose(
        activation.vjp(delta, z if activation.needs_input else None, a),
        x.grad.numpy(),
        rtol=10 * rtol,
        atol=10 * atol,
    )


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus"])
def test_at_zero_the_same_side_is_taken(name):
    z = np.zeros((1, 2))
    x = torch.from_numpy(z).requires_grad_()
    REFEREE[name](x).sum().backward()
    activation = ACTIVATIONS[name]
    np.testing.assert_allclose(activation.slope(z, activation.value(z)), x.grad.numpy(), rtol=1e-15)


def test_a_numeric_derivative_agrees_with_autograd():
    z, delta = inputs(2.0, np.float64)
    x = torch.from_numpy(z).requires_grad_()
    (torch.sin(x) * torch.exp(-x * x)).backward(torch.from_numpy(delta))
    mine = custom_activation(lambda z: np.sin(z) * np.exp(-z * z))
    np.testing.assert_allclose(mine.vjp(delta, z, mine.value(z)), x.grad.numpy(), atol=1e-9)
