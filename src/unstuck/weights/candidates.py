"""The candidates: every way to begin a whole network that the adviser measures and races.

The table goes from the simplest formula to the most involved one, and the order matters: where two
are equally good, the simpler one is recommended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from unstuck.weights import formulas as f
from unstuck.weights.recipe import Rule
from unstuck.weights.setting import Setting


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to begin. ``rules`` gives one `Rule` a layer, or None where it does not apply."""

    title: str
    formula: str
    rules: f.Formula | None = None


PRESENT = "present"

CANDIDATES: dict[str, Candidate] = {
    "he": Candidate("He normal", "variance 2 / fan_in, biases 0", f.fixed_normal("he")),
    "lecun": Candidate("LeCun normal", "variance 1 / fan_in, biases 0", f.fixed_normal("lecun")),
    "glorot": Candidate(
        "Glorot normal", "variance 2 / (fan_in + fan_out), biases 0", f.fixed_normal("glorot")
    ),
    "keras": Candidate(
        "Glorot uniform (Keras)", "U(-c, c), c = sqrt(6 / (fan_in + fan_out)), biases 0", f.keras
    ),
    "pytorch": Candidate(
        "PyTorch's default", "U(-c, c), c = 1 / sqrt(fan_in), biases too", f.pytorch
    ),
    "scikit-learn": Candidate(
        "scikit-learn's default",
        "U(-c, c), c = sqrt(6 / (fan_in + fan_out)), or 2 in place of 6 for outputs in (0, 1); "
        "biases too",
        f.scikit_learn,
    ),
    "orthogonal": Candidate("orthogonal", "orthogonal matrix, gain 1, biases 0", f.orthogonal),
    "critical": Candidate(
        "critical normal",
        "variance gain^2 / fan_in with the critical gain; inputs and outputs scaled",
        f.critical_normal,
    ),
    "critical orthogonal": Candidate(
        "critical orthogonal",
        "orthogonal times the critical gain; inputs and outputs scaled",
        f.critical_orthogonal,
    ),
    "centred": Candidate(
        "critical orthogonal, centred",
        "orthogonal times the critical gain of phi - c; biases -c * (column sum) take the "
        "activation's mean c off; inputs and outputs scaled",
        f.centred,
    ),
    "mirrored": Candidate(
        "mirrored",
        "orthogonal in pairs [[M, -M], [-M, M]]: a linear map at the start; outputs scaled",
        f.mirrored,
    ),
    "lsuv": Candidate(
        "LSUV", "orthogonal, then each layer divided by the std of its z on a batch", f.lsuv
    ),
    "per unit": Candidate(
        "scaled per unit", "normal, then each unit to mean 0 and std 1 on a batch", f.unit_scaled
    ),
    "small": Candidate("0.01 * randn", "standard deviation 0.01 whatever the width", f.small),
    "rand": Candidate("rand", "uniform between 0 and 1, biases 0", f.rand),
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
