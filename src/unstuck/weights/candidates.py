"""The candidates: every way to begin a whole network that the adviser measures and races.

The table goes from the simplest formula to the most involved one, and the order matters: where two
are equally good, the simpler one is recommended. No activation is known by its name here; what a
formula needs of it (critical gain, mean, pairs that add up to a line) is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import Activation
from unstuck.core.criticality import Critical, critical
from unstuck.core.layers import Dense
from unstuck.core.network import Network
from unstuck.training.observe import dense_places
from unstuck.weights.measure import GRID, activation_after
from unstuck.weights.recipe import Bias, Rule

OUTPUT_STD = 0.5  # of the logits: the loss starts 0.1 above ln K, and the gradient is not small
NEAR_ONE = (0.75, 1.35)  # a mean square of the inputs that is taken for 1
OFF_CENTRE = 0.1  # share of the mean square that lies in the mean: more than that is taken off
NO_SHIFT = 1e-6  # a mean of the activation that is none
NORMAL_START = 1.0  # variance of z in the first layer where theory leaves it open


@dataclass(frozen=True, slots=True)
class Setting:
    """What the formulas know: the layers, the theory of their activations, the inputs.

    ``sizes`` are (fan_in, fan_out) of the dense layers, ``activations`` those that feed layer 2,
    3, ... and ``theory`` what `critical` says of them (None where it has no answer).
    ``input_square`` is the mean square of the inputs (about their mean, where ``off_centre``).
    """

    sizes: tuple[tuple[int, int], ...]
    activations: tuple[Activation, ...]
    theory: tuple[Critical | None, ...]
    input_square: float
    off_centre: bool

    @property
    def n_layers(self) -> int:
        """Layers with weights."""
        return len(self.sizes)


def look_around(network: Network, x: Array) -> Setting:
    """The setting of a network and of some scaled inputs ``x`` (n, n_features)."""
    places = dense_places(network)
    sizes = tuple((la.fan_in, la.fan_out) for la in network.layers if isinstance(la, Dense))
    activations = tuple(activation_after(network, activate) for _, activate in places[:-1])
    known: dict[Activation, Critical | None] = {}
    for activation in activations:
        if activation not in known:
            known[activation] = _theory(activation)
    x = x.astype(np.float64, copy=False)
    square, mean = float(np.mean(x**2)), x.mean(axis=0)
    off_centre = float(np.mean(mean**2)) > OFF_CENTRE * square
    if off_centre:
        square -= float(np.mean(mean**2))
    if not square > 0.0 or NEAR_ONE[0] < square < NEAR_ONE[1]:
        square = 1.0
    return Setting(
        sizes,
        activations,
        tuple(known[activation] for activation in activations),
        square,
        off_centre,
    )


def _theory(activation: Activation) -> Critical | None:
    try:
        return critical(activation)
    except InvalidInputError:
        return None


Formula = Callable[[Setting], Sequence[Rule] | None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to begin. ``rules`` gives one `Rule` a layer, or None where it does not apply."""

    title: str
    formula: str
    rules: Formula | None = None


# ------------------------------------------------------------------ fixed formulas


def _normal(over: str) -> Formula:
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


def _keras(setting: Setting) -> Sequence[Rule]:
    return [
        Rule("uniform", math.sqrt(6 / (m + n)), f"np.sqrt(6 / ({m} + {n}))")
        for m, n in setting.sizes
    ]


def _scikit(setting: Setting) -> Sequence[Rule]:
    """One bound for weights and biases; the factor is 2 for a function that ranges over (0, 1)."""
    logistic = any(a.range == (0.0, 1.0) for a in setting.activations)
    factor = 2 if logistic else 6
    return [
        Rule("uniform", bound, f"np.sqrt({factor} / ({m} + {n}))", "uniform", bound)
        for m, n in setting.sizes
        for bound in [math.sqrt(factor / (m + n))]
    ]


def _torch(setting: Setting) -> Sequence[Rule]:
    return [
        Rule("uniform", 1 / math.sqrt(m), f"1 / np.sqrt({m})", "uniform", 1 / math.sqrt(m))
        for m, _ in setting.sizes
    ]


def _orthogonal(setting: Setting) -> Sequence[Rule]:
    return [Rule("orthogonal", 1.0, "1.0") for _ in setting.sizes]


def _small(setting: Setting) -> Sequence[Rule]:
    return [Rule("normal", 0.01, "0.01") for _ in setting.sizes]


def _rand(setting: Setting) -> Sequence[Rule]:
    return [Rule("rand") for _ in setting.sizes]


# ------------------------------------------------------------------ from theory


def _critical_normal(setting: Setting) -> Sequence[Rule] | None:
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


def _critical_orthogonal(setting: Setting) -> Sequence[Rule] | None:
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


def _centred(setting: Setting) -> Sequence[Rule] | None:
    """Orthogonal at the critical gain of phi - c, and biases that take the mean c off."""
    theory = _complete(setting)
    if theory is None or all(abs(c.shift) < NO_SHIFT for c in theory):
        return None
    rules = [_first(setting, theory[0].centered_fixed_point, orthogonal=True)]
    for size, c in zip(setting.sizes[1:], theory, strict=True):
        gain, noise = c.centered_gain * _widening(*size), math.sqrt(c.centered_bias_variance)
        rules.append(Rule("orthogonal", gain, f"{gain:.4g}", "centre", c.shift, noise))
    return _fit_outputs(rules)


def _mirrored(setting: Setting) -> Sequence[Rule] | None:
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


def _lsuv(setting: Setting) -> Sequence[Rule]:
    return [Rule("orthogonal", 1.0, "1.0", fit="layer") for _ in setting.sizes]


def _unit_scaled(setting: Setting) -> Sequence[Rule]:
    return [
        Rule("normal", 1 / math.sqrt(m), f"np.sqrt(1 / {m})", "data", fit="units")
        for m, _ in setting.sizes
    ]


PRESENT = "present"

CANDIDATES: dict[str, Candidate] = {
    "he": Candidate("He normal", "variance 2 / fan_in, biases 0", _normal("he")),
    "lecun": Candidate("LeCun normal", "variance 1 / fan_in, biases 0", _normal("lecun")),
    "glorot": Candidate(
        "Glorot normal", "variance 2 / (fan_in + fan_out), biases 0", _normal("glorot")
    ),
    "keras": Candidate(
        "Glorot uniform (Keras)", "U(-c, c), c = sqrt(6 / (fan_in + fan_out)), biases 0", _keras
    ),
    "pytorch": Candidate("PyTorch's default", "U(-c, c), c = 1 / sqrt(fan_in), biases too", _torch),
    "scikit-learn": Candidate(
        "scikit-learn's default",
        "U(-c, c), c = sqrt(6 / (fan_in + fan_out)), or 2 in place of 6 for outputs in (0, 1); "
        "biases too",
        _scikit,
    ),
    "orthogonal": Candidate("orthogonal", "orthogonal matrix, gain 1, biases 0", _orthogonal),
    "critical": Candidate(
        "critical normal",
        "variance gain^2 / fan_in with the critical gain; inputs and outputs scaled",
        _critical_normal,
    ),
    "critical orthogonal": Candidate(
        "critical orthogonal",
        "orthogonal times the critical gain; inputs and outputs scaled",
        _critical_orthogonal,
    ),
    "centred": Candidate(
        "critical orthogonal, centred",
        "orthogonal times the critical gain of phi - c; biases -c * (column sum) take the "
        "activation's mean c off; inputs and outputs scaled",
        _centred,
    ),
    "mirrored": Candidate(
        "mirrored",
        "orthogonal in pairs [[M, -M], [-M, M]]: a linear map at the start; outputs scaled",
        _mirrored,
    ),
    "lsuv": Candidate(
        "LSUV", "orthogonal, then each layer divided by the std of its z on a batch", _lsuv
    ),
    "per unit": Candidate(
        "scaled per unit", "normal, then each unit to mean 0 and std 1 on a batch", _unit_scaled
    ),
    "small": Candidate("0.01 * randn", "standard deviation 0.01 whatever the width", _small),
    "rand": Candidate("rand", "uniform between 0 and 1, biases 0", _rand),
    PRESENT: Candidate("your present weights", "what the network holds now"),
}
"""Every candidate by name, the simplest formula first."""


def plans(setting: Setting) -> dict[str, tuple[Rule, ...]]:
    """The rules of every candidate that applies here, in the order of the table."""
    found = {}
    for name, candidate in CANDIDATES.items():
        rules = None if candidate.rules is None else candidate.rules(setting)
        if rules is not None:
            last = setting.n_layers - 1
            found[name] = tuple(
                replace(rule, first=k == 0, last=k == last) for k, rule in enumerate(rules)
            )
    return found
