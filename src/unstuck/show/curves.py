"""How cost and accuracy went, epoch by epoch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.show.style import (
    BLUE,
    GREEN,
    ORANGE,
    SOFT,
    headline,
    house_style,
    logarithmic,
    new_figure,
)
from unstuck.training.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOG_FROM = 30.0  # a cost that shrinks by more is drawn on a logarithmic scale
FEW_EPOCHS = 10  # with fewer, the record between the epochs is drawn as well


def spans_decades(*series: AnyArray) -> bool:
    """True where a logarithmic scale is the one on which something can be seen.

    >>> spans_decades(np.array([2.3, 0.004])), spans_decades(np.array([2.3, 0.5]))
    (True, False)
    """
    values = np.concatenate([s[np.isfinite(s)] for s in series]) if series else np.array([])
    return bool(len(values) and values.min() > 0 and values.max() > LOG_FROM * values.min())


def history_figure(
    history: History,
    *,
    title: str = "",
    test_score: float | None = None,
    regression: bool = False,
) -> Figure:
    """Cost on the left, accuracy (regression: R2 on the validation part) on the right.

    ``test_score`` is marked at the end of the accuracy.
    """
    scores = _scores(history, regression=regression)
    panels = 2 if scores or test_score is not None else 1
    with house_style():
        figure = new_figure(9.6 if panels > 1 else 6.4, 4.0)
        axes = figure.subplots(1, panels, squeeze=False)[0]
        _draw_cost(axes[0], history)
        if panels > 1:
            _draw_scores(axes[1], history, scores, test_score, regression=regression)
        headline(figure, title or _title(history), _how_to_read(history, regression=regression))
    return figure


def _title(history: History) -> str:
    cost = history.cost[np.isfinite(history.cost)]
    if not len(cost):
        return "No epoch was finished"
    text = f"Cost {cost[0]:.3g} → {cost[-1]:.3g}" if len(cost) > 1 else f"Cost {cost[-1]:.3g}"
    return f"{text} in {len(history)} epoch{'s' * (len(history) != 1)}"


def _how_to_read(history: History, *, regression: bool) -> str:
    rises = "R²" if regression else "the accuracy"
    text = f"Learned well: the cost falls and flattens out low, {rises} rises."
    if np.isfinite(history.validation_cost).any():
        text += " Orange far from blue: it learns by heart."
    if _between(history) is not None:
        text += " Thin line: the same few samples, update after update."
    return text


def _draw_cost(axes: Axes, history: History) -> None:
    epochs, train, held = history.epoch, history.cost, history.validation_cost
    between = _between(history)
    if between is not None:
        axes.plot(*between, color=BLUE, linewidth=0.9, alpha=0.4, zorder=1)
    _line(axes, epochs, train, BLUE)
    _line(axes, epochs, held, ORANGE)
    shown = [train, held] if between is None else [train, held, between[1]]
    if spans_decades(*shown):
        logarithmic(axes)
        axes.set_ylabel("logarithmic scale", fontsize=8.5)
    elif np.isfinite(train).any():
        axes.set_ylim(bottom=0)
    axes.set_title("Cost")
    axes.set_xlabel("epoch")
    label_ends(
        axes,
        [
            (epochs, train, BLUE, "training {:.3g}"),
            (epochs, held, ORANGE, "validation {:.3g}"),
        ],
    )
    _mark_best(axes, history, "top")
    _epoch_ticks(axes, history)


def _draw_scores(
    axes: Axes,
    history: History,
    scores: list[tuple[AnyArray, str, str]],
    test_score: float | None,
    *,
    regression: bool,
) -> None:
    form = "{:.3f}" if regression else "{:.1%}"
    ends = []
    for values, colour, name in scores:
        _line(axes, history.epoch, values, colour)
        ends.append((history.epoch, values, colour, f"{name} {form}"))
    if test_score is not None:
        last = history.epoch[-1:] if len(history) else np.array([0.0])
        axes.plot(last, [test_score], "D", color=GREEN, markersize=6, zorder=4, clip_on=False)
        ends.append((last, np.array([test_score]), GREEN, f"test {form}"))
    axes.set_title("R²" if regression else "Accuracy")
    axes.set_xlabel("epoch")
    values = np.concatenate([v[np.isfinite(v)] for _, v, _, _ in ends] or [np.array([0.0])])
    low = float(values.min()) if len(values) else 0.0
    room = 0.02 if low > 0.8 else 0.05
    axes.set_ylim(max(low - room, -0.1 if regression else 0.0), 1.0 + room / 2)
    if not regression:
        from matplotlib.ticker import FuncFormatter

        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    label_ends(axes, ends)
    _mark_best(axes, history, "bottom")
    _epoch_ticks(axes, history)


def _scores(history: History, *, regression: bool) -> list[tuple[AnyArray, str, str]]:
    series = [(history.validation_score, ORANGE, "validation")]
    if not regression:
        series.insert(0, (history.accuracy, BLUE, "training"))
    return [entry for entry in series if np.isfinite(entry[0]).any()]


def _line(axes: Axes, x: AnyArray, y: AnyArray, colour: str) -> None:
    seen = np.isfinite(y)
    marker = "o" if seen.sum() < FEW_EPOCHS else None
    axes.plot(x[seen], y[seen], color=colour, marker=marker, markersize=4)


def _between(history: History) -> tuple[AnyArray, AnyArray] | None:
    """(epochs, costs) on the record's probe, where there are few epochs to draw."""
    record: Any = history.record
    if record is None or not 0 < len(history) < FEW_EPOCHS or len(record) < 2:
        return None
    per_epoch = history.iterations[-1] / history.epoch[-1]
    return record["step"] / max(per_epoch, 1.0), record["cost"]


def label_ends(
    axes: Axes,
    ends: list[tuple[AnyArray, AnyArray, str, str]],
    *,
    size: float = 9,
    left: bool = False,
) -> None:
    """Write each line's name and last value at its end (or its beginning), none upon another."""
    found = []
    for x, y, colour, form in ends:
        seen = np.flatnonzero(np.isfinite(y))
        if len(seen):
            at = seen[0 if left else -1]
            found.append((x[at], float(y[at]), colour, form.format(y[at])))
    if not found:
        return
    heights = [axes.transData.transform((0.0, y))[1] for _, y, _, _ in found]
    points = axes.figure.dpi / 72
    for k, shift in zip(*_spread(heights, (size + 4) * points), strict=True):
        end, height, colour, text = found[k]
        axes.annotate(
            text,
            (end, height),
            xytext=(-8 if left else 8, shift / points),
            textcoords="offset points",
            color=colour,
            fontsize=size,
            fontweight="bold",
            va="center",
            ha="right" if left else "left",
            annotation_clip=False,
        )


def _spread(heights: list[float], gap: float) -> tuple[list[int], list[float]]:
    """Order from low to high, and by how much each must move to keep ``gap`` to its neighbour.

    >>> _spread([0.0, 100.0, 4.0], 10.0)
    ([0, 2, 1], [-3.0, 3.0, 0.0])
    """
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    places = [heights[k] for k in order]
    for _ in range(50):
        for i in range(len(places) - 1):
            overlap = gap - (places[i + 1] - places[i])
            if overlap > 1e-9:
                places[i] -= overlap / 2
                places[i + 1] += overlap / 2
    return order, [round(p - heights[k], 6) for p, k in zip(places, order, strict=True)]


def _mark_best(axes: Axes, history: History, where: str) -> None:
    """The epoch whose weights were kept, where training was stopped early."""
    if history.best_epoch is None or history.best_epoch == len(history):
        return
    axes.axvline(history.best_epoch, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        f"best: epoch {history.best_epoch}",
        (history.best_epoch, 1.0 if where == "top" else 0.0),
        xycoords=("data", "axes fraction"),
        xytext=(-4, -4 if where == "top" else 4),
        textcoords="offset points",
        ha="right",
        va=where,
        fontsize=8.5,
        color=SOFT,
        rotation=90,
    )


def _epoch_ticks(axes: Axes, history: History) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    n = len(history)
    start = 0.0 if n < FEW_EPOCHS else 1.0
    if n and not math.isclose(start, history.epoch[-1]):
        axes.set_xlim(start, history.epoch[-1])
