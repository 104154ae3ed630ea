"""Regression in one picture: what was predicted beside what was true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.show.style import BLUE, ORANGE, SOFT, headline, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS, MOST_OUTPUTS = 5000, 6


def amount(value: float) -> str:
    """A number in the units of the data, as people write it.

    >>> amount(17102.4), amount(0.01234)
    ('17,102', '0.01234')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def values_figure(y: AnyArray, outputs: AnyArray, r2: float, *, part: str = "test") -> Figure:
    """True values ``y`` (n,) or (n, k) and predictions (n, k): a panel an output.

    The diagonal is where a perfect prediction lies.
    """
    true = np.asarray(y, np.float64).reshape(len(y), -1)[:, :MOST_OUTPUTS]
    said = np.asarray(outputs, np.float64)[:, :MOST_OUTPUTS]
    if len(true) > MOST_POINTS:
        rows = np.linspace(0, len(true) - 1, MOST_POINTS).astype(int)
        true, said = true[rows], said[rows]
    k = true.shape[1]
    columns = min(k, 3)
    with house_style():
        lines = -(-k // columns)
        figure = new_figure(max(3.6 * columns, 6.4), (5.4 if k == 1 else 3.6) * lines + 0.7)
        grid = figure.subplots(lines, columns, squeeze=False).ravel()
        for axes, t, s in zip(grid, true.T, said.T, strict=False):
            _draw(axes, t, s)
        for axes in grid[k:]:
            axes.set_visible(False)
        far = float(np.sqrt(((said - true) ** 2).mean()))
        headline(
            figure,
            f"R² {r2:.3f} on {len(y):,} {part} samples",
            f"On the line the prediction is perfect; the root mean square error is {amount(far)}.",
        )
    return figure


def _draw(axes: Axes, true: AnyArray, said: AnyArray) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    low, high = float(min(true.min(), said.min())), float(max(true.max(), said.max()))
    room = 0.04 * (high - low) or 1.0
    ends = (low - room, high + room)
    axes.plot(ends, ends, color=ORANGE, linewidth=1.5, zorder=1)
    axes.scatter(
        true,
        said,
        s=16,
        color=BLUE,
        alpha=min(0.7, max(0.08, 200 / len(true))),
        linewidths=0,
        zorder=2,
    )
    form = FuncFormatter(lambda value, _: f"{value:,g}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(form)
        axis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_xlim(ends)
    axes.set_ylim(ends)
    axes.set_aspect("equal")
    axes.set_xlabel("true value", color=SOFT)
    axes.set_ylabel("predicted", color=SOFT)
