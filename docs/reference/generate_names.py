"""Write names.md from the code's own tables and docstrings: `make docs-reference`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path

from markdown import described, first_line, table

from unstuck.core import activation_formulas
from unstuck.core.activations import ACTIVATIONS, Activation
from unstuck.core.initializers import BIAS_INITIALIZERS, INITIALIZERS
from unstuck.core.losses import LOSSES
from unstuck.core.mlp import DEFAULT_INITIALIZERS, OTHERWISE
from unstuck.core.optimizers import OPTIMIZERS
from unstuck.core.scaling import HOW
from unstuck.core.schedules import SCHEDULES
from unstuck.training.lbfgs import LBFGS

PAGE = Path(__file__).with_name("names.md")

OPENING = """\
# Names

Wherever a parameter or an option takes a name, these are the names. A slip is answered with the
list and the nearest one. In Python an object with settings of its own can stand in place of a name:
`Trainer(network, SGD(0.05, momentum=0.9))`
([how](../how-to/your-own-activation.md)). Written by `make docs-reference` from the tables in the
source, which the command line and the error messages read, too.

[Activations](#activations) · [Losses](#losses) · [Initialisers](#initialisers) ·
[Bias initialisers](#bias-initialisers) · [Optimisers](#optimisers) · [Schedules](#schedules) ·
[Scaling of inputs](#scaling-of-inputs)
"""

ACTIVATION_TEXT = """\
## Activations

`a` is the output for the input `z` of a layer, the slope is da/dz. From `unstuck.core.activations`.

![Ten curves, one an activation function, each with its slope as a dashed line: sigmoid and tanh \
are flat at both ends, relu is flat on the left, the others bend in between.\
](../pictures/activations.png)
"""

AFTER_ACTIVATIONS = """\
"Weights" is the initialiser that `Network.mlp` and `unstuck train` take for a layer with that
activation when none is given. *Saturates*: flat at both ends, so the share of flat units is in the
[run record](run-record.md). *Rectifies*: exactly flat on one side, so the share of dead units is.
Any function of yours can stand in place of a name: [how](../how-to/your-own-activation.md).
"""

SCALING_TEXT = """\
## Scaling of inputs

Fitted to the training data, saved with the network: `unstuck.InputScaling.fit(X, "auto")`.
"""

SCALING = {
    "auto": "`unit` for pixels (bytes, or whole numbers from 0 to a maximum that images have, such "
    "as 16 or 255, or fractions from exactly 0 to exactly 1), else `standard`",
    "none": "inputs as they are",
    "unit": "to 0..1: divided by the largest value that a pixel can have",
    "standard": "each feature: mean 0, variance 1",
}


SECTIONS = {
    "Losses": """\
`T` are the targets, `a` the outputs, `z` the logits (what enters the output activation). Summed
over the outputs, averaged over the samples ([reductions](reductions.md)). From
`unstuck.core.losses`.
""",
    "Initialisers": """\
Of weight matrices (fan_in, fan_out). From `unstuck.core.initializers`. Zeros and constants are here
to show what they do: [why networks get stuck](../explanation/why-networks-get-stuck.md).
""",
    "Bias initialisers": """\
Drawn after the weights of their layer, which they may look at. From `unstuck.core.initializers`.
""",
    "Optimisers": """\
`g` is the gradient, `theta` all parameters. From `unstuck.core.optimizers`; L-BFGS takes the full
batch, searches for its own step size, and comes from `unstuck.training.lbfgs`.
""",
    "Schedules": """\
How the learning rate moves. From `unstuck.core.schedules`.

![Six curves of the learning rate over a run: constant, falling in steps, half a cosine, one cycle \
up and down, warm-up, and inverse scaling.](../pictures/schedules.png)
""",
}
ENTRIES: dict[str, Mapping[str, type]] = {
    "Losses": LOSSES,
    "Initialisers": INITIALIZERS,
    "Bias initialisers": BIAS_INITIALIZERS,
    "Optimisers": OPTIMIZERS | {"lbfgs": LBFGS},
    "Schedules": SCHEDULES,
}


def page() -> str:
    """The whole page as text."""
    parts = [
        OPENING,
        ACTIVATION_TEXT,
        table(
            ("name", "`a` =", "slope", "outputs", "weights", ""),
            (activation_row(a) for a in ACTIVATIONS.values()),
        ),
        AFTER_ACTIVATIONS,
    ]
    for heading, entries in ENTRIES.items():
        parts += [f"## {heading}\n", SECTIONS[heading], classes(entries)]
    parts.append(SCALING_TEXT)
    parts.append(table(("name", "what it does"), ((f"`{how}`", SCALING[how]) for how in HOW)))
    return "\n".join(parts)


def activation_row(activation: Activation) -> tuple[str, ...]:
    """One activation: formulas from the docstrings of its two functions."""
    name, (low, high) = activation.name, activation.range
    value = first_line(getattr(activation_formulas, name)).replace("`a = ", "`")
    slope = first_line(getattr(activation_formulas, f"{name}_slope"))
    outputs = f"{low:.3g} and above" if math.isfinite(low) else "any"
    if math.isfinite(high):
        outputs = f"{low:g} to {high:g}"
    kind = "saturates" if activation.saturates else "rectifies" if activation.rectifies else ""
    return (
        f"`{name}`",
        value,
        slope,
        outputs,
        f"`{DEFAULT_INITIALIZERS.get(name, OTHERWISE)}`",
        kind if activation.elementwise else "of a whole row",
    )


def classes(entries: Mapping[str, type]) -> str:
    """Name, class with its settings, docstring."""
    rows = ((f"`{name}`", f"`{call(cls)}`", described(cls)) for name, cls in entries.items())
    return table(("name", "class and settings", "what it does"), rows)


def call(cls: type) -> str:
    """How an object with other settings is made."""
    fields = [f for f in dataclasses.fields(cls) if f.init and f.name not in ("first", "last")]
    return f"{cls.__name__}({', '.join(f'{f.name}={f.default!r}' for f in fields)})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
