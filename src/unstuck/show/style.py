"""One look for every picture: what is learned from is blue, what is held back is orange.

Figures are drawn by Agg without pyplot: no window, no global state, nothing imported before the
first picture is asked for.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from unstuck.base.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart by colour-blind eyes and in grey print.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#D55E00", "#009E73", "#B2182B"
INK, SOFT, FAINT = "#222222", "#6B6B6B", "#E6E6E6"
DPI = 144

SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.parse_math": False,  # a class may be called "$5"
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.dpi": DPI,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw inside this, whatever the user's own settings are."""
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        # A class name in a script that the font has not is drawn as boxes.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        mpl.rcParams.update(cast("Any", SETTINGS))
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, laid out by matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure as PNG, atomically."""
    data = BytesIO()
    with house_style():
        figure.savefig(data, format="png", dpi=DPI, metadata={"Software": None})
    with atomic_write(path) as file:
        file.write(data.getvalue())


def headline(figure: Figure, text: str, under: str = "") -> None:
    """What the picture says, in a sentence, above it; and how to read it, in grey."""
    lines = under.count("\n") + 1 if under else 0
    height = figure.get_figheight()
    top = 1 - (0.38 + 0.2 * lines) / height
    set_layout(figure, rect=(0.01, 0.01, 0.98, top - 0.01))
    figure.text(0.015, 1 - 0.09 / height, text, fontsize=13, fontweight="bold", va="top", ha="left")
    if under:
        figure.text(0.015, 1 - 0.36 / height, under, fontsize=9.5, color=SOFT, va="top", ha="left")


def set_layout(figure: Figure, **options: Any) -> None:
    """Options of matplotlib's constrained layout: ``rect``, ``w_pad``, ``hspace`` ..."""
    engine: Any = figure.get_layout_engine()
    engine.set(**options)


def logarithmic(axes: Axes) -> None:
    """Powers of ten on the y axis, written as plain numbers."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def bare(axes: Axes) -> None:
    """No frame, no ticks, no grid: for images."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
