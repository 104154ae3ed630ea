"""PyTorch as referee: spread of the initialisers. Its matrices are (fan_out, fan_in)."""

import math

import numpy as np
import pytest
from scipy import stats

from unstuck.core.initializers import get_bias_initializer, get_initializer

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

init = torch.nn.init
CASES = {
    "glorot_uniform": ({}, init.xavier_uniform_),
    "glorot_normal": ({"gain": 5 / 3}, lambda w: init.xavier_normal_(w, gain=5 / 3)),
    "he_uniform": ({}, lambda w: init.kaiming_uniform_(w, nonlinearity="relu")),
    "he_normal": ({"negative_slope": 0.2}, lambda w: init.kaiming_normal_(w, a=0.2)),
    "lecun_normal": ({}, lambda w: init.kaiming_normal_(w, nonlinearity="linear")),
    "lecun_uniform": ({}, lambda w: init.kaiming_uniform_(w, nonlinearity="linear")),
    "uniform": ({"low": -0.2, "high": 0.1}, lambda w: init.uniform_(w, -0.2, 0.1)),
    "normal": ({"mean": 0.1, "std": 0.2}, lambda w: init.normal_(w, 0.1, 0.2)),
    "truncated_normal": (
        {"std": 0.3},
        lambda w: init.trunc_normal_(w, std=(s := 0.3 / 0.8796256610342398), a=-2 * s, b=2 * s),
    ),
    "orthogonal": ({"gain": 2.0}, lambda w: init.orthogonal_(w, 2.0)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_distribution(name):
    options, fill = CASES[name]
    mine = get_initializer(name, **options)(np.random.default_rng(0), 150, 200)
    torch.manual_seed(0)
    theirs = fill(torch.empty(200, 150, dtype=torch.float64)).numpy().T
    assert mine.shape == theirs.shape
    assert stats.ks_2samp(mine.ravel(), theirs.ravel()).pvalue > 0.001
    assert mine.std() == pytest.approx(theirs.std(), rel=0.03)


def test_the_bias_of_a_torch_layer_is_uniform_within_one_over_root_fan_in():
    torch.manual_seed(0)
    theirs = torch.nn.Linear(49, 5000).bias.detach().numpy()
    mine = get_bias_initializer("uniform")(np.random.default_rng(0), np.zeros((49, 5000)))
    assert np.abs(mine).max() <= 1 / math.sqrt(49)
    assert stats.ks_2samp(mine, theirs).pvalue > 0.001
