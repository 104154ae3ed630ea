"""The first layer as pictures: where ink excites a unit, and where it silences it."""

from __future__ import annotations

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.show.report.contents import Contents, Section
from unstuck.show.report.png import data_uri, diverging_palette, levels

MOST_UNITS = 128
MOST_PIXELS = 160_000  # of all pictures together
PRIMARY = (
    0.995  # quantile of |weight| that gets the full colour: one outlier must not pale the rest
)


def section(contents: Contents) -> Section | None:
    """None where inputs are no pictures, or the weights cannot be drawn."""
    network = contents.network
    if network is None or network.image_shape is None:
        return None
    W = network.weights()[0]  # (pixels, units)
    height, width = network.image_shape
    if not np.isfinite(W).any() or height * width != W.shape[0]:
        return None
    shown = strongest(W, max(1, min(MOST_UNITS, MOST_PIXELS // W.shape[0])))
    limit = float(np.nanquantile(np.abs(np.where(np.isfinite(W), W, np.nan)), PRIMARY)) or 1.0
    palette = diverging_palette()
    context = {
        "images": [
            {
                "unit": int(k) + 1,
                "uri": data_uri(levels(W[:, k].reshape(height, width), limit), palette),
            }
            for k in shown
        ],
        "which": f"the {len(shown)} strongest of {W.shape[1]:,}"
        if len(shown) < W.shape[1]
        else f"all {W.shape[1]}",
        "size": max(48, min(72, 3 * width)),
    }
    return Section("weights", "What the first layer looks for", context)


def strongest(W: AnyArray, most: int) -> AnyArray:
    """The units with the largest weights, largest first."""
    sizes = np.linalg.norm(np.nan_to_num(W.astype(np.float64)), axis=0)
    return np.argsort(-sizes, kind="stable")[:most]
