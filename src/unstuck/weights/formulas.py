"""The formulas of all candidates: a `Setting` in, one `Rule` a layer out.

No activation is known by its name here; what a formula needs of it (critical gain, mean, pairs
that add up to a line) is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from unstuck.core.activations import Activation
from unstuck.core.criticality import Critical
from unstuck.weights.measure import GRID
from unstuck.weights.recipe import Bias, Rule
from unstuck.weights.setting import Setting

OUTPUT_STD = 0.5  # of the logits: the loss starts 0.1 above ln K, and the gradient is not small
NO_SHIFT = 1e-6  # a mean of the activation that is none
NORMAL_START = 1.0  # variance of z in the first layer where theory leaves it open

Formula = Callable[[Setting], Sequence[Rule] | None]


# ------------------------------------------------------------------ fixed formulas


def fixed_normal(over: str) -> Formula:
    """Normal with variance 1 / fan_in, 2 / fan_in or 2 / (fan_in + fan_out)."""

    def rules(setting: Setting) -> Sequence[Rule]:
        texts = [_variance(over, m, n) for m, n in setting.sizes]
        return [Rule("normal", math.sqrt(v), f"np.sqrt({text})") for v, text in texts]

    return rules


def _variance(over: str, fan_in: int, fan_out: int) -> tuple[float, str]:
    return {
        "lecun": (1 / fan_in, f"1 / {fan_in}"),
        "he": (2 / fan_in, f"2 / {fan_in}"),
        "glorot": (2 / (fan_in + fan_out), f"2 / ({fan_in} + {fan_out})"),
    }[over]


def keras(setting: Setting) -> Sequence[Rule]:
    """Glorot uniform with zero biases: what Keras does unless told otherwise."""
    return [
        Rule("uniform", math.sqrt(6 / (m + n)), f"np.sqrt(6 / ({m} + {n}))")
        for m, n in setting.sizes
    ]


def scikit_learn(setting: Setting) -> Sequence[Rule]:
    """One bound for weights and biases; the factor is 2 for a function that ranges over (0, 1)."""
    logistic = any(a.range == (0.0, 1.0) for a in setting.activations)
    factor = 2 if logistic else 6
    return [
        Rule("uniform", bound, f"np.sqrt({factor} / ({m} + {n}))", "uniform", bound)
        for m, n in setting.sizes
        for bound in [math.sqrt(factor / (m + n))]
    ]


def pytorch(setting: Setting) -> Sequence[Rule]:
    """What PyTorch does: U(-c, c) with c = 1 / sqrt(fan_in), for weights and biases."""
    return [
        Rule("uniform", 1 / math.sqrt(m), f"1 / np.sqrt({m})", "uniform", 1 / math.sqrt(m))
        for m, _ in setting.sizes
    ]


def orthogonal(setting: Setting) -> Sequence[Rule]:
    """Orthogonal with gain 1, whatever the activation."""
    return [Rule("orthogonal", 1.0, "1.0") for _ in setting.sizes]


def small(setting: Setting) -> Sequence[Rule]:
    """What people write: 0.01 * randn."""
    return [Rule("normal", 0.01, "0.01") for _ in setting.sizes]


def rand(setting: Setting) -> Sequence[Rule]:
    """What people write: rand, which is never negative."""
    return [Rule("rand") for _ in setting.sizes]


# ------------------------------------------------------------------ from theory


def critical_normal(setting: Setting) -> Sequence[Rule] | None:
    """sigma_w and sigma_b on the critical line (Poole et al. 2016, Schoenholz et al. 2017)."""
    theory = _complete(setting)
    if theory is None:
        return None
    start = theory[0].fixed_point if theory else 0.0
    rules = [_first(setting, start, orthogonal=False)]
    for (m, _), c in zip(setting.sizes[1:], theory, strict=True):
        square = c.gain**2
        near = round(square, 6) == round(square)
        text = f"np.sqrt({square:.0f} / {m})" if near else f"{c.gain:.4g} / np.sqrt({m})"
        noise = math.sqrt(c.bias_variance)
        rules.append(
            Rule("normal", c.gain / math.sqrt(m), text, "normal" if noise > 0.0 else "zeros", noise)
        )
    return _fit_outputs(rules)


def critical_orthogonal(setting: Setting) -> Sequence[Rule] | None:
    """Orthogonal at the critical gain.

    All singular values of the map from layer to layer are then near 1, not only their mean
    (Saxe et al. 2014; Pennington, Schoenholz and Ganguli 2017).
    """
    theory = _complete(setting)
    if theory is None:
        return None
    rules = [_first(setting, theory[0].fixed_point if theory else 0.0, orthogonal=True)]
    for size, c in zip(setting.sizes[1:], theory, strict=True):
        gain, noise = c.gain * _widening(*size), math.sqrt(c.bias_variance)
        rules.append(
            Rule("orthogonal", gain, f"{gain:.4g}", "normal" if noise > 0.0 else "zeros", noise)
        )
    return _fit_outputs(rules)


def centred(setting: Setting) -> Sequence[Rule] | None:
    """Orthogonal at the critical gain of phi - c, and biases that take the mean c off."""
    theory = _complete(setting)
    if theory is None or all(abs(c.shift) < NO_SHIFT for c in theory):
        return None
    rules = [_first(setting, theory[0].centered_fixed_point, orthogonal=True)]
    for size, c in zip(setting.sizes[1:], theory, strict=True):
        gain, noise = c.centered_gain * _widening(*size), math.sqrt(c.centered_bias_variance)
        rules.append(Rule("orthogonal", gain, f"{gain:.4g}", "centre", c.shift, noise))
    return _fit_outputs(rules)


def mirrored(setting: Setting) -> Sequence[Rule] | None:
    """Pairs u and -u: where phi(u) - phi(-u) is a line, so is the whole network at the start."""
    slopes = [pair_slope(activation) for activation in setting.activations]
    widths = [n for _, n in setting.sizes[:-1]]
    if not slopes or min(widths) < 2 or any(slope is None for slope in slopes):
        return None
    rules = [replace(_first(setting, 0.0, orthogonal=True), kind="mirrored")]
    for (m, n), slope in zip(setting.sizes[1:], slopes, strict=True):
        gain = _widening(m // 2, n // 2) / (slope or 1.0)
        rules.append(Rule("mirrored", gain, f"{gain:.4g}"))
    return _fit_outputs(rules)


def pair_slope(activation: Activation) -> float | None:
    """The slope of phi(u) - phi(-u) where that is a straight line, else None.

    >>> from unstuck.core.activations import get_activation
    >>> pair_slope(get_activation("relu")), pair_slope(get_activation("tanh"))
    (1.0, None)
    """
    if not activation.elementwise:
        return None
    difference = activation.value(GRID.copy()) - activation.value(-GRID)
    slope = float(difference[-1] / GRID[-1])
    bent = np.abs(difference - slope * GRID).max() > 1e-6 * abs(slope)
    return None if bent or not slope else slope


def _first(setting: Setting, fixed_point: float, *, orthogonal: bool) -> Rule:
    """The first layer: z has the variance at which the layers above keep it, for these inputs."""
    m, n = setting.sizes[0]
    wanted, square = (fixed_point or NORMAL_START), setting.input_square
    bias: Bias = "data" if setting.off_centre else "zeros"
    if orthogonal:
        gain = math.sqrt(wanted / square) * _widening(m, n)
        return Rule("orthogonal", gain, f"{gain:.4g}", bias)
    over = f"{m}" if square == 1.0 else f"({m} * {square:.4g})"
    text = f"np.sqrt({wanted:.4g} / {over})"
    return Rule("normal", math.sqrt(wanted / (m * square)), text, bias)


def _widening(fan_in: int, fan_out: int) -> float:
    """What an orthogonal matrix needs more where it widens, to keep the variance of its output."""
    return math.sqrt(max(1.0, fan_out / fan_in))


def _fit_outputs(rules: list[Rule]) -> list[Rule]:
    """The last layer, scaled so that the first answer is nearly "all classes alike"."""
    rules[-1] = replace(rules[-1], fit="outputs", target=OUTPUT_STD)
    return rules


def _complete(setting: Setting) -> tuple[Critical, ...] | None:
    theory = tuple(c for c in setting.theory if c is not None)
    return theory if len(theory) == len(setting.theory) else None


# ------------------------------------------------------------------ from data


def lsuv(setting: Setting) -> Sequence[Rule]:
    """Layer-sequential unit variance (Mishkin and Matas, 2016, arXiv:1511.06422).

    One division is exact, since z is proportional to W.
    """
    return [Rule("orthogonal", 1.0, "1.0", fit="layer") for _ in setting.sizes]


def unit_scaled(setting: Setting) -> Sequence[Rule]:
    """Each unit to mean 0 and spread 1 (Krähenbühl et al., 2016, arXiv:1511.06856)."""
    return [
        Rule("normal", 1 / math.sqrt(m), f"np.sqrt(1 / {m})", "data", fit="units")
        for m, _ in setting.sizes
    ]
