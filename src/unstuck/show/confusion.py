"""Which class was taken for which: true classes are rows, answers are columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.show.style import INK, SOFT, headline, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NUMBERS = 26  # more classes, and numbers in the cells can no longer be read
FEW_CLASSES = 6  # their names fit side by side
LONGEST_NAME = 14
CHARACTERS_AN_INCH = 11  # of the line below the headline


def confusion_figure(counts: AnyArray, class_names: Sequence[str], *, part: str = "test") -> Figure:
    """``counts[i, j]``: samples of class i that were taken for class j, (k, k)."""
    k = len(class_names)
    side = min(max(0.46 * k, 2.6), 9.0)
    names = [shorten(name) for name in class_names]
    margin = 0.09 * max(len(name) for name in names)
    with house_style():
        figure = new_figure(max(side + margin + 1.9, 6.6), side + margin + 1.6)
        axes = figure.subplots()
        _draw_cells(axes, counts)
        if k <= MOST_NUMBERS:
            _write_numbers(axes, counts)
            _write_recall(axes, counts)
        turn = 90 if k > FEW_CLASSES and margin > 0.4 else 0
        axes.set_xticks(range(k), names, rotation=turn, color=INK)
        axes.set_yticks(range(k), names, color=INK)
        if k > MOST_NUMBERS:
            _thin_ticks(axes, k)
        axes.set_xlabel("the network said")
        axes.set_ylabel("it truly was")
        room = int(CHARACTERS_AN_INCH * figure.get_figwidth())
        headline(figure, _headline(counts, part), _worst(counts, class_names, room))
    return figure


def shorten(name: str) -> str:
    """A class name that fits beside a picture, in one line."""
    name = " ".join(name.split())
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def worst_pairs(counts: AnyArray, most: int = 3) -> list[tuple[int, int, int]]:
    """(true class, answer, how often), the most frequent confusions first.

    >>> worst_pairs(np.array([[5, 0, 2], [1, 4, 0], [0, 0, 6]]))
    [(0, 2, 2), (1, 0, 1)]
    """
    off = counts.copy()
    np.fill_diagonal(off, 0)
    order = np.argsort(-off, axis=None, kind="stable")[:most]
    rows, columns = np.unravel_index(order, off.shape)
    return [
        (int(i), int(j), int(off[i, j])) for i, j in zip(rows, columns, strict=True) if off[i, j]
    ]


def _headline(counts: AnyArray, part: str) -> str:
    right, n = int(np.trace(counts)), int(counts.sum())
    return f"{right:,} of {n:,} {part} samples right ({right / max(n, 1):.1%})"


def _worst(counts: AnyArray, class_names: Sequence[str], room: int) -> str:
    """The worst pairs, as many as fit into ``room`` characters."""
    pairs = [
        f"{shorten(class_names[i])} for {shorten(class_names[j])} ({n:,})"
        for i, j, n in worst_pairs(counts)
    ]
    if not pairs:
        return "Not one was taken for another."
    text = f"Most often mistaken: {pairs[0]}"
    for pair in pairs[1:]:
        if len(text) + len(pair) + 2 <= room:
            text += f", {pair}"
    return text


def _draw_cells(axes: Axes, counts: AnyArray) -> None:
    """Blue on the diagonal, the deeper the larger the share; orange where it is wrong."""
    from matplotlib import colormaps

    rows = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    share = counts / rows  # (k, k)
    right = np.eye(len(counts), dtype=bool)
    colours = np.full((*counts.shape, 4), 0.965)  # nothing there: the faintest grey
    colours[..., 3] = 1.0
    colours[right] = colormaps["Blues"](0.12 + 0.6 * share[right] ** 2)
    wrong = ~right & (counts > 0)
    colours[wrong] = colormaps["Oranges"](_depth(share[wrong]))
    axes.imshow(colours, interpolation="nearest")
    k = len(counts)
    axes.grid(visible=False)
    if k <= MOST_NUMBERS:
        axes.set_xticks(np.arange(k + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(k + 1) - 0.5, minor=True)
        axes.grid(visible=True, which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _depth(share: AnyArray) -> AnyArray:
    """A single confusion must be seen, a frequent one must stand out."""
    depth: AnyArray = 0.1 + 0.55 * share / share.max(initial=1e-12)
    return depth


def _write_numbers(axes: Axes, counts: AnyArray) -> None:
    size = 9.5 if counts.max() < 10_000 else 8
    for i, j in np.argwhere(counts > 0):
        axes.text(
            j,
            i,
            str(counts[i, j]),
            ha="center",
            va="center",
            fontsize=size,
            color="white" if i == j and _is_dark(counts, i) else INK,
            fontweight="normal" if i == j else "bold",
        )


def _is_dark(counts: AnyArray, i: int) -> bool:
    return bool(counts[i, i] > 0.8 * counts[i].sum())


def _write_recall(axes: Axes, counts: AnyArray) -> None:
    """The share of each class that was found (its recall), at the end of its row."""
    k = len(counts)
    axes.text(k - 0.25, -0.75, "recall", fontsize=8.5, color=SOFT, va="center")
    for i in range(k):
        n = counts[i].sum()
        text = f"{counts[i, i] / n:.0%}" if n else "-"
        if n and counts[i, i] < n and text == "100%":
            text = f"{counts[i, i] / n:.1%}"
        axes.text(k - 0.25, i, text, fontsize=8.5, color=SOFT, va="center")


def _thin_ticks(axes: Axes, k: int) -> None:
    every = -(-k // 25)
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        for i, label in enumerate(labels):
            label.set_visible(i % every == 0)
