"""Weights and samples as images: what the first layer looks for, and where the network is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.show.confusion import shorten
from unstuck.show.style import (
    BLUE,
    ORANGE,
    SOFT,
    bare,
    headline,
    house_style,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_UNITS, MOST_MISTAKES = 60, 18  # at most so many in a picture
SHORT_NAME = 6  # longer ones have their certainty in a line of its own


def weights_figure(W: Array, image_shape: tuple[int, int], *, title: str = "") -> Figure:
    """The weights into each unit of the first layer, ``W`` (pixels, units), as pictures.

    The units with the largest weights come first.
    """
    order = np.argsort(-np.linalg.norm(W, axis=0), kind="stable")[:MOST_UNITS]
    # One scale for all, so that a unit without an opinion looks like one.
    limit = float(np.quantile(np.abs(W[:, order]), 0.995)) or 1.0
    columns = min(12, len(order))
    sheet = contact_sheet(W[:, order].T.reshape(-1, *image_shape), columns)
    width = max(columns * 0.8 + 0.3, 6.4)
    with house_style():
        figure = new_figure(width, (width - 0.3) * sheet.shape[0] / sheet.shape[1] + 0.75)
        axes = figure.subplots()
        axes.imshow(sheet, cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
        bare(axes)
        total = W.shape[1]
        which = f"the {len(order)} strongest of {total}" if total > len(order) else f"all {total}"
        headline(
            figure,
            title or "What the first layer looks for",
            f"Ink on blue excites a unit, ink on red silences it. One picture a unit, {which}.",
        )
    return figure


def contact_sheet(images: Array, columns: int) -> Array:
    """Images (n, height, width) side by side in one array, NaN between them.

    >>> contact_sheet(np.zeros((3, 8, 8)), columns=2).shape
    (17, 17)
    """
    n, height, width = images.shape
    gap = max(1, width // 14)
    rows = -(-n // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap)
    sheet = np.full(shape, np.nan, images.dtype)
    for k, image in enumerate(images):
        top, left = (k // columns) * (height + gap), (k % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def most_confident(outputs: Array, y: AnyArray, decisions: AnyArray) -> tuple[AnyArray, Array]:
    """Rows that were decided wrongly, the surest first, and how sure: two arrays of equal length.

    ``outputs`` (n, k) or (n, 1), ``y`` and ``decisions`` (n,) class numbers.
    """
    wrong = np.flatnonzero(decisions != y)
    sure = certainty(outputs, decisions)[wrong]
    order = np.argsort(-sure, kind="stable")
    return wrong[order], sure[order]


def certainty(outputs: Array, decisions: AnyArray) -> Array:
    """The output that stands for the decision, (n,)."""
    if outputs.shape[1] > 1:
        said: Array = outputs[np.arange(len(outputs)), decisions]
        return said
    single: Array = np.where(decisions == 1, outputs[:, 0], 1.0 - outputs[:, 0])
    return single


def mistakes_figure(
    X: AnyArray,
    y: AnyArray,
    outputs: Array,
    decisions: AnyArray,
    class_names: Sequence[str],
    image_shape: tuple[int, int] | None,
    *,
    part: str = "test",
) -> Figure:
    """The mistakes that the network was surest of, as images or as bars; else the closest calls."""
    rows, sure = most_confident(outputs, y, decisions)
    shown = rows[:MOST_MISTAKES]
    if len(rows):
        title = _count_title(len(rows), len(shown), len(y), part)
    else:
        certain = certainty(outputs, decisions)
        shown = np.argsort(certain, kind="stable")[: 2 * MOST_MISTAKES // 3]
        sure = certain[shown]
        title = f"No mistake in {len(y):,} {part} samples. The closest calls:"
    names = [shorten(name) for name in class_names]
    with house_style():
        if image_shape is None:
            return _as_bars(shown, y, outputs, decisions, names, title)
        probable = bool(outputs.min() >= 0.0 and outputs.max() <= 1.0)
        return _as_images(
            X, shown, y, sure, decisions, names, image_shape, title, probable=probable
        )


def _count_title(wrong: int, shown: int, n: int, part: str) -> str:
    if wrong > shown:
        return f"The {shown} surest of {wrong:,} mistakes in {n:,} {part} samples"
    noun = "mistake" if wrong == 1 else "mistakes"
    return f"{'The only' if wrong == 1 else f'All {wrong}'} {noun} in {n:,} {part} samples"


def _as_images(
    X: AnyArray,
    shown: AnyArray,
    y: AnyArray,
    sure: Array,
    decisions: AnyArray,
    names: Sequence[str],
    image_shape: tuple[int, int],
    title: str,
    *,
    probable: bool,
) -> Figure:
    columns = min(6, max(len(shown), 1))
    rows = -(-len(shown) // columns)
    cell = 1.35
    gap = "\n" if max(map(len, names)) > SHORT_NAME else "  "
    tall = cell * image_shape[0] / image_shape[1] + (0.75 if gap == "\n" else 0.55)
    figure = new_figure(max(columns * cell + 0.4, 6.4), rows * tall + 0.8)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        bare(axes)
        axes.set_visible(False)
    for axes, row, p in zip(grid, shown, sure, strict=False):
        axes.set_visible(True)
        axes.imshow(np.asarray(X[row]).reshape(image_shape), cmap="gray_r", interpolation="nearest")
        for spine in axes.spines.values():
            spine.set_visible(True)
            spine.set_color("#CCCCCC")
        said = f"{names[decisions[row]]}{gap}({percent(p) if probable else f'{p:.2f}'})"
        _caption(axes, said, names[y[row]], right=y[row] == decisions[row])
    headline(
        figure, title, "Orange: what the network said, and how sure it was. Blue: what it truly is."
    )
    return figure


def _caption(axes: Axes, said: str, true: str, *, right: bool) -> None:
    colour = BLUE if right else ORANGE
    axes.set_title(said, loc="center", color=colour, fontsize=10, pad=3)
    axes.set_xlabel(f"is {true}", color=BLUE, fontsize=9.5, labelpad=2)


def percent(p: float) -> str:
    """A certainty in whole percent, never rounded up to certainty.

    >>> percent(0.9996), percent(0.934)
    ('99.9 %', '93 %')
    """
    if 0.995 <= p < 1.0:
        return f"{math.floor(p * 1000) / 10:.1f} %"
    return f"{p:.0%}".replace("%", " %")


def _as_bars(
    shown: AnyArray,
    y: AnyArray,
    outputs: Array,
    decisions: AnyArray,
    names: Sequence[str],
    title: str,
) -> Figure:
    """One pair of bars a sample: what the network gave its answer, and the truth or the next."""
    right = bool((decisions[shown] == y[shown]).all())
    others = runners_up(outputs, decisions)[shown] if right else y[shown]
    said = certainty(outputs[shown], decisions[shown])
    other = certainty(outputs[shown], others)
    figure = new_figure(7.6, 0.42 * max(len(shown), 1) + 1.6)
    axes = figure.subplots()
    places = np.arange(len(shown))
    axes.barh(places - 0.18, said, 0.34, color=BLUE if right else ORANGE)
    axes.barh(places + 0.18, other, 0.34, color=SOFT if right else BLUE)
    axes.set_yticks(places, [f"row {row}" for row in shown])
    verb = "next was" if right else "is"
    for place, row, rival, a, b in zip(places, shown, others, said, other, strict=True):
        axes.text(a, place - 0.18, f" said {names[decisions[row]]}", va="center", fontsize=8.5)
        axes.text(b, place + 0.18, f" {verb} {names[rival]}", va="center", fontsize=8.5)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, max(1.0, float(said.max(initial=0.0))) * 1.2)
    axes.set_xticks(np.linspace(0.0, 1.0, 6))
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("what the network gave it", color=SOFT)
    under = "Blue: its answer, which is right. Grey: the next best." if right else (
        "Orange: its answer. Blue: the truth."
    )  # fmt: skip
    headline(figure, title, f"{under} Rows count from 0.")
    return figure


def runners_up(outputs: Array, decisions: AnyArray) -> AnyArray:
    """The class that came second, (n,)."""
    if outputs.shape[1] == 1:
        return 1 - decisions
    rest = np.array(outputs)
    rest[np.arange(len(rest)), decisions] = -np.inf
    second: AnyArray = rest.argmax(axis=1)
    return second
