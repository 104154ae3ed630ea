"""A run record as a picture: whether signals live in every layer, and every layer moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.record.run_record import RunRecord
from unstuck.show.style import SOFT, headline, house_style, logarithmic, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# series -> (title, is it a share?)
PANELS: dict[str, tuple[str, bool]] = {
    "activation_std": ("Spread of the outputs", False),
    "gradient_std": ("Gradient at the layer", False),
    "update_ratio": ("Update / weights, one step", False),
    "silent": ("Dead or saturated units", True),
}


def record_figure(record: RunRecord) -> Figure:
    """Four numbers of every layer over the steps, first layer dark, last layer light."""
    with house_style():
        figure = new_figure(9.6, 6.4)
        panels = figure.subplots(2, 2).ravel()
        for axes, (name, (title, is_share)) in zip(panels, PANELS.items(), strict=True):
            values = silent(record) if name == "silent" else record[name]
            _draw(axes, record, values, is_share=is_share)
            axes.set_title(title)
        for axes in panels[2:]:
            axes.set_xlabel("updates done")
        names = [f"{la.name} ({la.activation})" for la in record.layers]
        lines = [axes for axes in panels[0].get_lines() if not axes.get_label().startswith("_")]
        figure.legend(
            lines,
            names,
            loc="outside lower center",
            ncols=min(len(names), 4) or 1,
            frameon=False,
            fontsize=9,
        )
        headline(
            figure,
            "Layer by layer",
            "Healthy: no line runs away from the others by powers of ten, updates are between 0.01 "
            "and 0.0001, few units are dead.",
        )
    return figure


def silent(record: RunRecord) -> AnyArray:
    """Share of saturated entries or dead units, whichever the layer can have, (steps, layers)."""
    saturated, dead = record["saturated"], record["dead"]
    share: AnyArray = np.where(np.isnan(saturated), dead, saturated)
    return share


def _draw(axes: Axes, record: RunRecord, values: AnyArray, *, is_share: bool) -> None:
    from matplotlib import colormaps

    n = len(record.layers)
    colours = colormaps["viridis"](np.linspace(0.0, 0.82, max(n, 1)))
    for k in range(n):
        axes.plot(record["step"], values[:, k], color=colours[k], linewidth=1.4, label=str(k))
    if is_share:
        from matplotlib.ticker import PercentFormatter

        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        if not np.isfinite(values).any():
            axes.text(
                0.5, 0.5, "no layer can be", transform=axes.transAxes, ha="center", color=SOFT
            )
    elif (values[np.isfinite(values)] > 0).any():
        logarithmic(axes)
