import numpy as np
import pytest

from unstuck.core.network import Network
from unstuck.core.optimizers import get_optimizer
from unstuck.core.scaling import InputScaling
from unstuck.data.load import load
from unstuck.weights.candidates import plans
from unstuck.weights.setting import look_around


@pytest.fixture(scope="session")
def digits():
    return load("digits")


@pytest.fixture(scope="session")
def make(digits):
    """make(depth, width, activation) -> a network for digits, standardised."""
    scaling = InputScaling.fit(digits.X_train, "standard")

    def build(depth, width=32, activation="tanh", seed=0, **options):
        sizes = [64, *[width] * depth, 10]
        options = {"scaling": scaling, "random_state": seed, **options}
        return Network.mlp(sizes, hidden_activation=activation, **options)

    return build


@pytest.fixture(scope="session")
def adam():
    return get_optimizer("adam")


@pytest.fixture(scope="session")
def planned():
    """planned(network, x) -> the rules of every candidate that applies."""

    def find(network, x):
        return plans(look_around(network, x))

    return find


@pytest.fixture(scope="session")
def gaussian():
    """Inputs of mean 0 and variance 1, (256, 64)."""
    return np.random.default_rng(7).normal(size=(256, 64))
