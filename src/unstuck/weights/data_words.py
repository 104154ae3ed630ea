"""What is to be said of the inputs before any weights are judged on them."""

from __future__ import annotations

import numpy as np

from unstuck.base.arrays import Array


def data_notes(x: Array) -> tuple[str, ...]:
    """What is to be said of the scaled inputs ``x`` (n, n_features): size, mean, constants."""
    size = float(np.sqrt(np.mean(x.astype(np.float64) ** 2)))
    notes = []
    if size > 3.0:
        notes.append(
            f"The inputs have size {size:.3g} (root mean square), where about 1 is "
            "right: they are judged as they are, but scale them (divide pixels by 255, or "
            "standardise) and every formula and learning rate fits again."
        )
    elif size < 0.05:
        notes.append(
            f"The inputs have size {size:.2g} (root mean square), where about 1 is "
            "right: they are judged as they are, but scale them up."
        )
    spread = np.ptp(x, axis=0)
    constant = int(np.count_nonzero(spread == 0.0))
    if constant == x.shape[1]:
        notes.append("Every feature is constant: the inputs carry nothing to learn from.")
    elif constant:
        notes.append(f"{constant} of {x.shape[1]} features are constant in the rows looked at.")
    return tuple(notes)
