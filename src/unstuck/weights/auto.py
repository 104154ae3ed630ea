"""What ``initializer="auto"`` takes once data are there: theory, fitted to them, and looked at.

Theory alone supposes inputs of mean 0 and size 1. With some data the first layer is fitted to the
inputs as they are, and one forward and one backward pass say whether the rest holds here; if it
does not, the fixed formula takes its place. Every choice is a pair of initialisers a layer, which
the layers then hold, so a saved model says how it began.

Where nothing was asked for, the fixed formula stays as long as it passes signals and gradients on
within a power of ten (`check_default`); a network that could not learn begins as theory has it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError
from unstuck.base.threads import limit_blas_threads
from unstuck.core.auto_initializer import choose_initializers
from unstuck.core.bias_initializers import BiasInitializer, BiasZeros, CenteringBias
from unstuck.core.initializer_base import Initializer
from unstuck.core.initializers import Normal, get_initializer
from unstuck.core.layers import Dense
from unstuck.core.mlp import DEFAULT_INITIALIZERS, OTHERWISE
from unstuck.core.network import Network
from unstuck.core.optimizers import get_optimizer
from unstuck.core.structured_initializers import Mirrored
from unstuck.training.history import History
from unstuck.weights.judge import SIMPLER, badness
from unstuck.weights.measure import SAMPLE_ROWS, Measurement, measure, overflow
from unstuck.weights.setting import NEAR_ONE, OFF_CENTRE, look_around

Plan = Sequence[tuple[Initializer, BiasInitializer]]
"""Weights and biases of every dense layer, first to last."""

BEARABLE = 1.0  # powers of ten that signals and gradients may lose before the default is given up
LOOKING = 17  # purpose of a seed: which rows are looked at
THEORY, FITTED, FIXED = "theory", "fitted theory", "fixed formula"


@dataclass(frozen=True, slots=True)
class Start:
    """What was taken and why; ``weights`` and ``biases`` name one initialiser a dense layer.

    ``looked_at`` is every way to begin that was measured, the one that was taken among them.
    """

    name: str
    reason: str
    weights: tuple[str, ...]
    biases: tuple[str, ...]
    measurement: Measurement
    looked_at: Mapping[str, Measurement] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """The same as JSON values, for a record."""
        return {
            "name": self.name,
            "reason": self.reason,
            "weights": list(self.weights),
            "biases": list(self.biases),
            "candidates": [_facts_of(name, seen) for name, seen in self.looked_at.items()],
        }


def _facts_of(name: str, seen: Measurement) -> dict[str, Any]:
    """Signal and gradient, layer by layer; None for what is not finite, which JSON has not."""
    numbers = {
        "signals": [layer.z_std for layer in seen.layers],
        "gradients": [layer.gradient_std for layer in seen.layers],
    }
    kept = {
        key: [float(f"{v:.4g}") if math.isfinite(v) else None for v in values]
        for key, values in numbers.items()
    }
    return {"name": name, **kept}


def note(history: History, start: Start | None) -> None:
    """Write into a history's record how the network began."""
    record = history.record
    if start is not None and record is not None:
        history.record = replace(record, facts={**record.facts, "initial_weights": start.facts()})


def begin_auto(network: Network, X: AnyArray, targets: Array, *, seed: int) -> Start:
    """Choose and draw the initial weights of ``network``, in place.

    ``X`` are raw samples (n, n_features), ``targets`` encoded (n, n_outputs); at most
    `SAMPLE_ROWS` of them are looked at. Costs at most two forward and backward passes, and the
    draws. The weights are those that ``network.initialize(seed)`` then draws again.

    Raises InvalidInputError where `critical` does: softmax, a flat or a non-finite activation.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> pixels, y = rng.uniform(0, 1, (200, 64)), np.arange(200) % 10
    >>> net = Network.mlp([64, *[32] * 10, 10], "sigmoid", initializer="auto", random_state=0)
    >>> begin_auto(net, pixels, net.encode(y), seed=0).name
    'fitted theory'
    """
    x, some = _some_rows(network, X, targets, seed)
    plans = possible(network, x)
    with limit_blas_threads(1):
        seen = {name: _look(network, plan, seed, x, some) for name, plan in plans.items()}
        name = _least({name: badness(measurement) for name, measurement in seen.items()})
        _draw(network, plans[name], seed)
    return _start(name, plans[name], seen)


def check_default(network: Network, X: AnyArray, targets: Array, *, seed: int) -> Start | None:
    """Look at weights drawn by the fixed formula; draw others where those cannot do their work.

    None where they stay, untouched, which costs one forward and one backward pass. They also stay
    where theory has nothing to say of the activation.
    """
    x, some = _some_rows(network, X, targets, seed)
    with limit_blas_threads(1):
        default = _measure(network, x, some)
        at_first = badness(default)
        if at_first <= BEARABLE:
            return None
        other = deepcopy(network)
        try:
            name, plan = next(iter(possible(other, x).items()))
        except InvalidInputError:
            return None
        seen = _look(other, plan, seed, x, some)
        if badness(seen) > at_first - BEARABLE:
            return None
        _draw(network, plan, seed)
    return _start(name, plan, {name: seen, FIXED: default})


def _some_rows(network: Network, X: AnyArray, targets: Array, seed: int) -> tuple[Array, Array]:
    """Scaled inputs and targets of some rows."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(LOOKING,)))
    rows = np.sort(rng.permutation(len(X))[:SAMPLE_ROWS])
    return network.prepare(X[rows]), targets[rows]


def _start(name: str, plan: Plan, looked_at: Mapping[str, Measurement]) -> Start:
    seen = looked_at[name]
    return Start(
        name,
        _reason(name, seen),
        tuple(repr(weights) for weights, _ in plan),
        tuple(repr(biases) for _, biases in plan),
        seen,
        looked_at,
    )


def possible(network: Network, x: Array) -> dict[str, Plan]:
    """The plans in the order of preference; ``x`` (n, n_features) are scaled inputs."""
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    sizes = [network.n_features, *(layer.fan_out for layer in dense)]
    setting = look_around(network, x)
    hidden = setting.activations[0] if setting.activations else network.output_activation
    theory = choose_initializers(hidden, sizes)
    after = [hidden.name] * (len(dense) - 1) + [network.output_activation.name]
    names = [DEFAULT_INITIALIZERS.get(name, OTHERWISE) for name in after]
    fixed = [(get_initializer(name), BiasZeros()) for name in names]
    fitted = [fit_first(theory[0], sizes[0], x), *theory[1:]]
    best = THEORY if fitted[0] == theory[0] else FITTED
    return {best: fitted, FIXED: fixed}


def fit_first(
    first: tuple[Initializer, BiasInitializer], fan_in: int, x: Array
) -> tuple[Initializer, BiasInitializer]:
    """The first layer for inputs of this mean and size: z has mean 0 and variance 1."""
    weights, biases = first
    mean = float(x.mean(dtype=np.float64))
    square = float(np.mean(x.astype(np.float64) ** 2))
    if mean**2 > OFF_CENTRE * square:
        square -= mean**2
        biases = CenteringBias(float(f"{mean:.4g}"))
    if not square > 0.0 or NEAR_ONE[0] < square < NEAR_ONE[1]:
        return weights, biases
    if isinstance(weights, Mirrored):
        return replace(weights, gain=float(f"{weights.gain / math.sqrt(square):.4g}")), biases
    return Normal(std=float(f"{1.0 / math.sqrt(fan_in * square):.4g}")), biases


def _look(network: Network, plan: Plan, seed: int, x: Array, targets: Array) -> Measurement:
    """What a plan does; an infinite measurement where it cannot even be drawn."""
    try:
        _draw(network, plan, seed)
    except (InvalidInputError, np.linalg.LinAlgError):
        return overflow(network)
    return _measure(network, x, targets)


def _measure(network: Network, x: Array, targets: Array) -> Measurement:
    """One look; the optimiser only sets the size of an update, of which nothing is asked here."""
    try:
        return measure(network, x, targets, get_optimizer("sgd"))
    except InvalidInputError:
        return overflow(network)


def _draw(network: Network, plan: Plan, seed: int) -> None:
    """Put the initialisers into the layers, and draw."""
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    for layer, (weights, biases) in zip(dense, plan, strict=True):
        layer.initializer, layer.bias_initializer = weights, biases
    network.initialize(np.random.default_rng(seed))


def _least(bad: dict[str, float]) -> str:
    """The first in the order of preference that is nearly the least bad."""
    least = min(bad.values())
    if not math.isfinite(least):
        return next(iter(bad))
    return next(name for name, value in bad.items() if value <= least + SIMPLER)


def _reason(name: str, seen: Measurement) -> str:
    """One sentence with its numbers."""
    first, last = seen.layers[0], seen.layers[-1]
    why = {
        THEORY: "orthogonal at the critical gain, as theory has it",
        FITTED: "as theory has it, the first layer fitted to the size and mean of the inputs",
        FIXED: "the fixed formula, since theory's weights passed on less here",
    }[name]
    return (
        f"{why}: the gradient is {last.gradient_std:.2g} in the last layer and "
        f"{first.gradient_std:.2g} in the first, and the loss starts at {seen.loss:.3g}, where "
        f"guessing costs {seen.chance_loss:.3g}."
    )
