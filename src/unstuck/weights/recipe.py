"""How the weights of one layer begin: a distribution, its scale, a bias. Drawn here.

A `Rule` is data: this file draws it, `lines` writes the same thing as NumPy to paste, so that what
was measured and what is recommended cannot differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.errors import lookup
from unstuck.core.layers import Dense, Pass
from unstuck.core.layout import lay_out
from unstuck.core.network import Network
from unstuck.core.structured_initializers import Mirrored, Orthogonal

Kind = Literal["normal", "uniform", "rand", "orthogonal", "mirrored"]
Bias = Literal["zeros", "uniform", "normal", "centre", "data"]
Fit = Literal["", "layer", "units", "outputs"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One layer's start.

    ``scale`` is the standard deviation of a normal, the bound of a uniform distribution, the gain
    of an orthogonal or mirrored matrix; ``text`` is the same as NumPy (``"np.sqrt(2 / 784)"``).
    ``bias_scale`` is a bound, a standard deviation, or for ``"centre"`` the constant c of
    ``b = -c sum_i W_i``, to which a normal ``bias_noise`` is added; ``"data"`` takes the mean input
    for c. ``fit`` rescales by what the data
    do: the whole layer to std(z) = ``target``, each unit for itself (and its mean to 0), or the
    outputs around their means. ``factor`` is what such a fit multiplied the weights by.
    """

    kind: Kind
    scale: float = 1.0
    text: str = ""
    bias: Bias = "zeros"
    bias_scale: float = 0.0
    bias_noise: float = 0.0
    fit: Fit = ""
    target: float = 1.0
    factor: float = 1.0
    first: bool = False
    last: bool = False


def begin(
    network: Network, rules: Sequence[Rule], x: Array, rng: np.random.Generator
) -> tuple[Rule, ...]:
    """Draw all weights of ``network`` in place, one rule a dense layer; returns what was drawn.

    ``x`` (n, n_features) are some inputs as the first layer takes them. Only rules that look at
    data use them: the batch goes up layer by layer as the layers are drawn, in one forward pass.
    The rules come back with the factors that the data gave.

    Examples
    --------
    >>> net = Network.mlp([64, 50, 10], random_state=0)
    >>> x = np.random.default_rng(1).normal(size=(200, 64))
    >>> rules = begin(net, [Rule("orthogonal", fit="layer")] * 2, x, np.random.default_rng(0))
    >>> round(float((x @ net["W1"]).std()), 6)
    1.0
    """
    views = network.by_layer(network.theta)
    states = network.by_layer(network.state, tuple(lay_out(network.layers, "state_shapes")))
    wants_data = [k for k, rule in enumerate(rules) if rule.fit or rule.bias == "data"]
    until = max(wants_data, default=-1)
    drawn: list[Rule] = []
    h = x
    with np.errstate(all="ignore"):
        for layer, p, state in zip(network.layers, views, states, strict=True):
            if isinstance(layer, Dense):
                rule = replace(
                    rules[len(drawn)], first=not drawn, last=len(drawn) + 1 == len(rules)
                )
                factor = fill(rule, rng, p["W"], p["b"], h)
                drawn.append(replace(rule, factor=factor))
            else:
                layer.initialize(rng, p, state)
            if len(drawn) <= until:
                h = layer.forward(h, p, state, Pass(training=True), None)
    return tuple(drawn)


def fill(rule: Rule, rng: np.random.Generator, W: Array, b: Array, h: Array) -> float:
    """Draw one layer whose inputs are ``h`` (n, fan_in), in place; the factor of its fit."""
    W[...] = DRAWS[rule.kind](rule, rng, *W.shape)
    factor = 1.0
    if rule.fit:
        z = h @ W  # (n, fan_out)
        if rule.fit == "units":
            spread = z.std(axis=0, dtype=np.float64)
            W *= np.where(spread > 0.0, rule.target / spread, 1.0).astype(W.dtype)
        else:
            around = z - z.mean(axis=0) if rule.fit == "outputs" else z
            spread = float(around.std(dtype=np.float64))
            usable = math.isfinite(spread) and spread > 0.0
            factor = rule.target / spread if usable else 1.0
            W *= W.dtype.type(factor)
    b[...] = lookup(rule.bias, BIASES, "bias")(rule, rng, W, h)
    return factor


def _normal(rule: Rule, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
    return rng.normal(0.0, rule.scale, (fan_in, fan_out))


def _uniform(rule: Rule, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
    return rng.uniform(-rule.scale, rule.scale, (fan_in, fan_out))


def _rand(rule: Rule, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
    return rng.random((fan_in, fan_out))


def _orthogonal(rule: Rule, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
    return Orthogonal(rule.scale)(rng, fan_in, fan_out)


def _mirrored(rule: Rule, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
    return Mirrored(rule.scale, rule.first, rule.last)(rng, fan_in, fan_out)


DRAWS: dict[str, Callable[[Rule, np.random.Generator, int, int], Array]] = {
    "normal": _normal,
    "uniform": _uniform,
    "rand": _rand,
    "orthogonal": _orthogonal,
    "mirrored": _mirrored,
}
"""How each kind of matrix is drawn, (fan_in, fan_out)."""


def _bias_uniform(rule: Rule, rng: np.random.Generator, W: Array, h: Array) -> Array:
    return rng.uniform(-rule.bias_scale, rule.bias_scale, size=(W.shape[1],))


def _bias_normal(rule: Rule, rng: np.random.Generator, W: Array, h: Array) -> Array:
    return rng.normal(0.0, rule.bias_scale, size=(W.shape[1],))


def _bias_centre(rule: Rule, rng: np.random.Generator, W: Array, h: Array) -> Array:
    b: Array = -rule.bias_scale * W.sum(axis=0)
    return b + rng.normal(0.0, rule.bias_noise, size=b.shape) if rule.bias_noise else b


def _bias_data(rule: Rule, rng: np.random.Generator, W: Array, h: Array) -> Array:
    b: Array = -(h.mean(axis=0) @ W)
    return b


BIASES: dict[str, Callable[[Rule, np.random.Generator, Array, Array], Array]] = {
    "zeros": lambda rule, rng, W, h: np.zeros(W.shape[1]),
    "uniform": _bias_uniform,
    "normal": _bias_normal,
    "centre": _bias_centre,
    "data": _bias_data,
}
"""How each kind of bias is drawn, (fan_out,)."""
