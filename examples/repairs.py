"""What was wrong in the three programs, as repairs of their text: what stood there, what belongs.

A repair that does not find its text is an error, so none can silently do nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

ORIGINALS = Path(__file__).parent / "originals"

Repair = tuple[tuple[str, str], ...]

# ------------------------------------------------------------------- mnist: per_sample_class.py

AROUND_ZERO: Repair = (
    ("np.random.rand(x_dim", "np.random.randn(x_dim"),
    ("np.random.rand(self.layers_dim", "np.random.randn(self.layers_dim"),
)

# ----------------------------------------------------------------- in place: summed_gradients.py

DERIVATIVE: Repair = (("dz2 = (a2 - one_hot_y) * tanh(z2)", "dz2 = (a2 - one_hot_y) * dtanh(z2)"),)
SOFTMAX: Repair = (  # with cross-entropy, whose gradient at z2 is a2 - one_hot_y
    ("a2 = tanh(z2)", "e = np.exp(z2 - z2.max())\n    a2 = e / e.sum()"),
    ("dz2 = (a2 - one_hot_y) * tanh(z2)", "dz2 = a2 - one_hot_y"),
)
WEIGHTS: Repair = (
    ("np.random.rand(10, 64)", "np.random.randn(10, 64) * np.sqrt(2 / 64)"),
    ("np.random.rand(10, 10)", "np.random.randn(10, 10) * np.sqrt(2 / 10)"),
    ("np.random.rand(10, 1)", "np.zeros((10, 1))"),
)
TARGETS: Repair = (("np.zeros((y.size, 10))", "-np.ones((y.size, 10))"),)

# -------------------------------------------------------------------- curve: two_layer_model.py

UPDATE: Repair = (
    ("reversed(range(1, L - 1))", "range(1, L + 1)"),
    ('grads["W" + str(i)]', 'grads["dW" + str(i)]'),
    ('grads["b" + str(i)]', 'grads["db" + str(i)]'),
    ('        parameters["A" + str(i)] =', "        #"),  # there is no such parameter
)
HALF: Repair = (("(1 / 2) * ", ""),)
HE: Repair = (
    ("np.random.randn(n_h, n_x) * 0.01", "np.random.randn(n_h, n_x) * np.sqrt(2 / n_x)"),
    ("np.random.randn(n_y, n_h) * 0.01", "np.random.randn(n_y, n_h) * np.sqrt(2 / n_h)"),
)
NO_PICTURE: Repair = (("    plt.show()\n", "    plt.close()\n"),)


def repaired(name: str, repairs: Iterable[Repair]) -> dict[str, Any]:
    """Run the definitions of a program, with the repairs made in its text; return its names."""
    path = ORIGINALS / name
    text = path.read_text(encoding="utf-8")
    for repair in repairs:
        for old, new in repair:
            if old not in text:
                raise ValueError(f"{name} has no {old!r}")
            text = text.replace(old, new)
    names: dict[str, Any] = {"__name__": path.stem}
    exec(compile(text, str(path), "exec"), names)  # noqa: S102 - the programs in originals/
    return names
