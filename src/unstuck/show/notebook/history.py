"""A history under a cell: its curves, and where they began, ended and were best."""

from __future__ import annotations

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.show.notebook.panels import Key, panel, side_by_side
from unstuck.show.notebook.pictures import Line, Scale
from unstuck.show.notebook.pieces import (
    BLUE,
    ORANGE,
    faint,
    line,
    number,
    percent,
    table,
    whole,
)
from unstuck.show.words import ending
from unstuck.training.history import History

HEADS = ("", "first", "last", "best", "in epoch")
LEAST_SPAN = 0.1  # of an axis of shares; less, and chance would look like a trend


def history_html(history: History) -> str:
    """Cost and accuracy over epochs, a table of numbers, how it ended."""
    if not len(history):
        return whole(line("No epoch was finished."))
    panels = [_panel("Cost", history, ("cost", "validation_cost"), share=False)]
    rows = [*_row("cost", history, "cost"), *_row("validation cost", history, "validation_cost")]
    accurate = bool(np.isfinite(history["accuracy"]).any())
    if accurate:
        panels.append(_panel("Accuracy", history, ("accuracy", "validation_score"), share=True))
    elif np.isfinite(history["validation_score"]).any():
        panels.append(_panel("R2", history, ("validation_score",), share=False))
    rows += _row("accuracy", history, "accuracy", share=True)
    name = "validation accuracy" if accurate else "validation R2"
    rows += _row(name, history, "validation_score", share=accurate, largest=True)
    return whole(side_by_side(*panels), table(HEADS, rows), line(faint(ending(history))))


def _panel(title: str, history: History, columns: tuple[str, ...], *, share: bool) -> str:
    lines: list[Line] = []
    keys: list[Key] = []
    for column in columns:
        values = history[column]
        if np.isfinite(values).any():
            validation = column.startswith("validation")
            colour = ORANGE if validation else BLUE
            lines.append(Line(history["epoch"], values, colour, dashed=validation))
            keys.append(("validation" if validation else "training", colour, validation))
    values = np.concatenate([entry.y for entry in lines] or [np.array([np.nan])])
    ends = (f"epoch {history['epoch'][0]:,.0f}", f"{history['epoch'][-1]:,.0f}")
    scale = _scale(values, title, share=share)
    return panel(title, lines, keys, scale, ends, percent if share else number)


def _scale(values: AnyArray, title: str, *, share: bool) -> Scale:
    """An axis on which what stands still looks as if it stood still."""
    scale = Scale.of(values, logarithmic=False if share or title == "R2" else None)
    if share and scale.high - scale.low < LEAST_SPAN:
        high = min(max(scale.high, LEAST_SPAN), 1.0)
        return Scale(max(high - LEAST_SPAN, 0.0), high, logarithmic=False)
    if title == "Cost" and not scale.logarithmic and scale.low > 0:
        return Scale(0.0, scale.high, logarithmic=False)
    return scale


def _row(
    name: str, history: History, column: str, *, share: bool = False, largest: bool = False
) -> list[tuple[str, ...]]:
    """First, last and best value of a column, and the epoch of the best; nothing without values."""
    values: AnyArray = history[column]
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return []
    best = known[(values[known].argmax if share or largest else values[known].argmin)()]
    say = percent if share else number
    epoch = f"{history['epoch'][best]:,.0f}"
    return [(name, say(values[0]), say(values[-1]), say(values[best]), epoch)]
