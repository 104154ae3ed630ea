"""Predicted beside true values: on the diagonal a prediction is perfect."""

from __future__ import annotations

from typing import Any

import numpy as np

from unstuck.show.report.contents import Contents, Samples, Section
from unstuck.show.report.numbers import short
from unstuck.show.report.plot import scatter_plot

MOST_OUTPUTS = 6
WORST = 10


def section(contents: Contents) -> Section | None:
    """None where classes are predicted, or nothing was judged."""
    samples = contents.samples
    if samples is None or samples.guess is not None:
        return None
    true = samples.truth.reshape(len(samples.truth), -1).astype(np.float64)
    said = samples.outputs.astype(np.float64)
    k = min(true.shape[1], MOST_OUTPUTS)
    plots = [
        scatter_plot(
            f"output {i + 1}: predicted beside true values"
            if k > 1
            else "predicted beside true values",
            true[:, i],
            said[:, i],
            x_name="true value" if k == 1 else f"true value of output {i + 1}",
            y_name="predicted",
        )
        for i in range(k)
    ]
    context = {
        "plots": plots,
        "said": samples.said,
        "outputs": true.shape[1],
        "shown": k,
        "worst": worst(samples),
    }
    return Section("predictions", "Predicted and true", context)


def worst(samples: Samples) -> list[dict[str, Any]]:
    """The samples that are farthest off."""
    true = samples.truth.reshape(len(samples.truth), -1).astype(np.float64)
    off = np.abs(samples.outputs - true).max(axis=1)
    rows = np.argsort(-off, kind="stable")[:WORST]
    return [
        {
            "index": int(samples.index[row]),
            "true": ", ".join(short(float(v)) for v in true[row][:MOST_OUTPUTS]),
            "said": ", ".join(short(float(v)) for v in samples.outputs[row][:MOST_OUTPUTS]),
            "off": short(float(off[row])),
        }
        for row in rows
    ]
