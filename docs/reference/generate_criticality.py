"""Write criticality.md, gain and depth scale of every activation: `make docs-reference`."""

from __future__ import annotations

import math
from pathlib import Path

from markdown import table

from unstuck.core.activations import ACTIVATIONS
from unstuck.core.auto_initializer import MIRROR_FROM, OUTPUT_GAIN, needs_centering, odd_slope
from unstuck.core.criticality import Critical, critical, depth_scale_at

PAGE = Path(__file__).with_name("criticality.md")

OPENING = """\
# Gain and depth scale

How large weights must be for signals and gradients to live through many layers, for every
activation of the library, by theory alone. Written by `make docs-reference` from
`unstuck.core.criticality`, which does the same for a function of yours:
`critical(my_activation).gain`.

Weights of variance `gain^2 / fan_in` and biases of variance `bias_variance` make pre-activations of
a wide layer Gaussian. From layer to layer their variance becomes
`q' = gain^2 E[phi(z)^2] + bias_variance`, and a small difference between two inputs, like every
squared gradient, grows by `chi = gain^2 E[phi'(z)^2]`. A network trains to about six times the
depth scale `1 / |log chi|` (Poole et al., 2016, arXiv:1606.05340; Schoenholz et al., 2017,
arXiv:1611.01232). Critical is `chi = 1`.
"""

CRITICAL_TEXT = """\
## The critical point

`q` is the variance that pre-activations settle on, starting from 1; 0 is the limit of ever
smaller signals. *Spread* is `E[phi'^4] / E[phi'^2]^2 - 1`: how unequally a layer passes gradients
on, 0 at best. Of all critical points it is the one with the least random bias among those that
signals come to and stay at.
"""

CENTERED_TEXT = """\
## Centred

The same for `phi - shift`, where `shift` is the mean of the activation: `CenteringBias(shift)`
takes it off, with biases `-shift * W.sum(axis=0)`.
"""

USUAL_TEXT = """\
## What the usual formulas do

Gain 1 is that of LeCun, and of Glorot between layers of one width; gain `sqrt 2` that of He. Biases
are 0. *Ordered*: all inputs come to look alike and gradients vanish; *chaotic*: neighbours part and
gradients explode. The number is the depth scale in layers. *Signals explode*: their variance grows
without end.
"""

AUTO_TEXT = f"""\
## What `initializer="auto"` takes

In `Network.mlp`, for the hidden activation and the number of layers; each `Dense` layer then holds
what was chosen, and a saved model does, too. The first layer has `LecunNormal`, which keeps the
size of standardised inputs. The others have orthogonal weights with the critical gain. At the
output it is multiplied by {OUTPUT_GAIN} where `q` is above 0, so that the loss begins near its
chance level; where `q` is 0, signals have become small on their way. The mean is taken off where
the activation has no critical point as it is, or where that more than halves the spread. Where the
number of hidden layers times the spread is above {MIRROR_FROM:g} and `phi(u) - phi(-u)` is linear
in u, all layers have `Mirrored` weights instead: at the start the network is then exactly linear.
"""


def page() -> str:
    """The whole page as text."""
    points = [critical(a) for a in ACTIVATIONS.values() if a.elementwise]
    parts = [
        OPENING,
        CRITICAL_TEXT,
        table(
            ("activation", "gain", "bias variance", "q", "depth scale", "mean of phi", "spread"),
            (critical_row(at) for at in points),
        ),
        CENTERED_TEXT,
        table(
            ("activation", "shift", "gain", "bias variance", "q", "spread"),
            (centered_row(at) for at in points),
        ),
        USUAL_TEXT,
        table(
            ("activation", "gain 1", "gain sqrt 2"),
            ((f"`{a.activation}`", usual(a, 1.0), usual(a, math.sqrt(2))) for a in points),
        ),
        AUTO_TEXT,
        table(
            ("activation", "hidden weights", "biases", "mirrored from"),
            (auto_row(at) for at in points),
        ),
    ]
    return "\n".join(parts)


def critical_row(at: Critical) -> tuple[str, ...]:
    """The point of the activation as it is."""
    depth = f"{number(at.depth_scale)}"
    if not math.isinf(at.depth_scale):
        depth += f" (no critical point; `chi` = {number(at.chi)})"
    return (
        f"`{at.activation}`",
        number(at.gain),
        number(at.bias_variance),
        number(at.fixed_point),
        depth,
        number(at.mean),
        number(at.gradient_spread),
    )


def centered_row(at: Critical) -> tuple[str, ...]:
    """The point of the activation less its mean."""
    return (
        f"`{at.activation}`",
        number(at.shift),
        number(at.centered_gain),
        number(at.centered_bias_variance),
        number(at.centered_fixed_point),
        number(at.centered_gradient_spread),
    )


def usual(at: Critical, gain: float) -> str:
    """Phase and depth scale with a fixed gain."""
    start = depth_scale_at(at.activation, gain)
    if math.isinf(start.fixed_point):
        return "signals explode"
    return start.phase if start.phase == "critical" else f"{start.phase}, {start.depth_scale:.2g}"


def auto_row(at: Critical) -> tuple[str, ...]:
    """What is chosen for a hidden layer, and from how many hidden layers on it is mirrored."""
    centered = needs_centering(at)
    gain = at.centered_gain if centered else at.gain
    spread = at.centered_gradient_spread if centered else at.gradient_spread
    bias = "0"
    if centered:
        bias = f"`CenteringBias({number(at.shift)})`"
    elif at.bias_variance:
        bias = f"`BiasUniform({number(math.sqrt(3 * at.bias_variance))})`"
    mirrored = bool(odd_slope(ACTIVATIONS[at.activation])) and spread > 1e-9
    layers = f"{math.floor(MIRROR_FROM / spread + 1e-9) + 1} hidden layers" if mirrored else "never"
    return f"`{at.activation}`", f"`Orthogonal({number(gain)})`", bias, layers


def number(x: float) -> str:
    """Four significant digits, rounding errors as 0."""
    return "infinite" if math.isinf(x) else f"{x if abs(x) > 1e-9 else 0.0:.4g}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
