"""PyTorch as referee: parameters after a random sequence of gradients; learning-rate schedules."""

import numpy as np
import pytest

from unstuck.core.optimizers import SGD, Adagrad, Adam, AdamW, RMSProp
from unstuck.core.schedules import Cosine, OneCycle, PlateauState, ReduceOnPlateau, Step

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

STEPS, P = 300, 40
optim = torch.optim
CASES = {
    "sgd": (SGD(0.1), lambda p: optim.SGD(p, 0.1)),
    "momentum": (SGD(0.05, momentum=0.9), lambda p: optim.SGD(p, 0.05, momentum=0.9)),
    "nesterov": (
        SGD(0.05, momentum=0.8, nesterov=True),
        lambda p: optim.SGD(p, 0.05, momentum=0.8, nesterov=True),
    ),
    "rmsprop": (RMSProp(0.01, rho=0.95), lambda p: optim.RMSprop(p, 0.01, alpha=0.95)),
    "rmsprop defaults": (RMSProp(), lambda p: optim.RMSprop(p, 0.001)),
    "adagrad": (Adagrad(0.05), lambda p: optim.Adagrad(p, 0.05)),
    "adam": (Adam(), optim.Adam),
    "adam options": (
        Adam(0.02, 0.8, 0.99, 1e-4),
        lambda p: optim.Adam(p, 0.02, betas=(0.8, 0.99), eps=1e-4),
    ),
    "adamw": (AdamW(), optim.AdamW),
    "adamw options": (
        AdamW(0.02, weight_decay=0.2),
        lambda p: optim.AdamW(p, 0.02, weight_decay=0.2),
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("scheduled", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
def test_parameters_after_random_gradients(case, scheduled, sparse):
    mine, make = CASES[case]
    rng = np.random.default_rng(0)
    theta = rng.normal(size=P)
    parameter = torch.nn.Parameter(torch.from_numpy(theta.copy()))
    theirs = make([parameter])
    buffers = mine.start(P)
    for t in range(1, STEPS + 1):
        gradient = rng.normal(size=P) * 10.0 ** rng.integers(-6, 3, P)
        if sparse:  # as under pixels that are nearly always 0: buffers decay and are flushed
            gradient[rng.random(P) < 0.97] = 0.0
        rate = mine.learning_rate * (1.5 + np.sin(t / 9)) if scheduled else None
        if scheduled:
            theirs.param_groups[0]["lr"] = rate
        parameter.grad = torch.from_numpy(gradient.copy())
        theirs.step()
        mine.step(theta, gradient, buffers, t, rate)
        np.testing.assert_allclose(theta, parameter.detach().numpy(), rtol=1e-12, atol=1e-12)


def test_weight_decay_on_a_mask_is_a_parameter_group():
    rng = np.random.default_rng(1)
    theta, mask = rng.normal(size=8), np.arange(8) < 5
    weights, biases = (torch.nn.Parameter(torch.from_numpy(theta[m].copy())) for m in (mask, ~mask))
    theirs = optim.AdamW(
        [{"params": [weights], "weight_decay": 0.3}, {"params": [biases], "weight_decay": 0.0}],
        lr=0.01,
    )
    mine = AdamW(0.01, weight_decay=0.3)
    buffers = mine.start(8)
    for t in range(1, 51):
        gradient = rng.normal(size=8)
        weights.grad, biases.grad = (torch.from_numpy(gradient[m].copy()) for m in (mask, ~mask))
        theirs.step()
        mine.step(theta, gradient, buffers, t, None, mask)
    expected = np.concatenate([weights.detach().numpy(), biases.detach().numpy()])
    np.testing.assert_allclose(theta, expected, rtol=1e-12)


S = optim.lr_scheduler
SCHEDULES = {
    "cosine": (Cosine(), lambda o: S.CosineAnnealingLR(o, 97)),
    "cosine final": (Cosine(0.1), lambda o: S.CosineAnnealingLR(o, 97, eta_min=0.03)),
    "one cycle": (OneCycle(), lambda o: S.OneCycleLR(o, 0.3, total_steps=97)),
    "one cycle options": (
        OneCycle(0.4, 5, 50),
        lambda o: S.OneCycleLR(
            o, 0.3, total_steps=97, pct_start=0.4, div_factor=5, final_div_factor=50
        ),
    ),
    "step": (Step(0.2, (0.25, 0.5)), lambda o: S.MultiStepLR(o, [25, 49], gamma=0.2)),
}


@pytest.mark.parametrize("case", SCHEDULES)
def test_schedules(case):
    mine, make = SCHEDULES[case]
    optimizer = optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    theirs, rates = make(optimizer), []
    for _ in range(97):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step() if len(rates) < 97 else None
    np.testing.assert_allclose(mine.rates(0, 97, 97, 0.3), rates, rtol=1e-10, atol=1e-14)


def test_reduce_on_plateau():
    rng = np.random.default_rng(0)
    costs = 1 / (1 + np.arange(80)) ** 0.3 + 0.05 * rng.random(80)
    optimizer = optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = S.ReduceLROnPlateau(optimizer, factor=0.3, patience=2, threshold=1e-3)
    mine, state = ReduceOnPlateau(0.3, patience=2, threshold=1e-3, minimum=0.0), PlateauState()
    factors = []
    for cost in costs:
        theirs.step(cost)
        factors.append(optimizer.param_groups[0]["lr"])
        assert mine.update(cost, state) == pytest.approx(factors[-1], rel=1e-12)
    assert len(set(factors)) > 4
