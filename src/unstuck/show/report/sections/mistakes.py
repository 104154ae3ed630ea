"""The mistakes that the network was surest of: pictures, or rows of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from unstuck.show.images import certainty
from unstuck.show.report.contents import Contents, Samples, Section
from unstuck.show.report.numbers import percent, short

ROWS = 20  # of the table
RARE = 0.2  # a share of mistakes up to which it is the sample that is odd, not the network
COLUMNS = 6  # features of a sample that is no picture


def section(contents: Contents) -> Section | None:
    """None where values are predicted, or nothing was judged."""
    samples = contents.samples
    if samples is None or samples.guess is None or samples.class_names is None:
        return None
    context = {
        "wrong": samples.wrong,
        "total": samples.total,
        "part": samples.part,
        "rare": samples.wrong <= RARE * samples.total,
        "share": percent(samples.wrong / samples.total) if samples.total else "-",
        "pictures": samples.image_shape is not None,
        "rows": table(samples),
        "kept": len(samples.mistakes),
        "columns": columns(samples, contents),
    }
    data = {"order": list(samples.mistakes)} if samples.image_shape is not None else None
    return Section("mistakes", "The mistakes it was surest of", context, data)


def table(samples: Samples) -> list[dict[str, Any]]:
    """The surest as rows: what it is, what was said, how sure."""
    names = samples.class_names or ()
    if samples.guess is None or not samples.mistakes:
        return []
    rows = np.array(samples.mistakes[:ROWS])
    sure = certainty(samples.outputs[rows], samples.guess[rows])
    shares = bool(samples.outputs.min() >= 0.0 and samples.outputs.max() <= 1.0)
    return [
        {
            "index": int(samples.index[row]),
            "truth": names[int(samples.truth[row])],
            "guess": names[int(samples.guess[row])],
            "sure": percent(float(p)) if shares else short(float(p)),
            "values": [short(float(v)) for v in samples.X[row][:COLUMNS]],
        }
        for row, p in zip(rows, sure, strict=True)
    ]


def columns(samples: Samples, contents: Contents) -> list[str]:
    """What the first features are called; none for pictures."""
    if samples.image_shape is not None:
        return []
    known = contents.provenance.data.get("feature_names") if contents.provenance else None
    n = min(COLUMNS, samples.X.shape[1])
    return [str(name) for name in known[:n]] if known else [f"feature {k + 1}" for k in range(n)]
