"""Advice on initial weights under a cell: what to do, why, pictures, the table, the lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unstuck.show.notebook.panels import Key, panel, side_by_side
from unstuck.show.notebook.pictures import Line, Scale
from unstuck.show.notebook.pieces import (
    AMBER,
    GREEN,
    GREY,
    ORANGE,
    Html,
    bold,
    code,
    faint,
    line,
    number,
    table,
    text,
    whole,
)
from unstuck.show.weights import (
    YOURS,
    beside_the_table,
    candidate_cells,
    folded,
    headline,
    keeps_present,
    shown_candidates,
    table_columns,
)
from unstuck.weights.advice import CandidateAdvice, WeightAdvice
from unstuck.weights.candidates import PRESENT

ROOM = 10.0  # times beyond the two lines that matter, on a logarithmic axis
INTERRUPTED = "Interrupted: the numbers are of what had been trained until then."


def advice_html(advice: WeightAdvice) -> str:
    """The recommendation first, then what it stands on, then what to paste."""
    chosen = next(c for c in advice.candidates if c.name == advice.best)
    parts = [line(bold(headline(advice), GREEN))]
    if not keeps_present(advice):
        parts.append(line(faint(f"{chosen.name}: {chosen.formula}.")))
    if advice.interrupted:
        parts.append(line(bold(INTERRUPTED, AMBER)))
    parts += [
        line(text(advice.reason)),
        side_by_side(
            _signals(advice, "z_std", "Spread of z before training"),
            _signals(advice, "gradient_std", "Gradient before training"),
            _race(advice),
        ),
    ]
    parts += [_table(advice), *(line(faint(said)) for said in beside_the_table(advice))]
    parts += [_listed("Your present weights", advice.findings), _listed("To know", advice.notes)]
    if advice.lines:
        parts += [line(bold("To paste")), code(folded(advice.lines))]
    return whole(*parts)


# ---------------------------------------------------------------------------------- pictures


def _colour(candidate: CandidateAdvice, advice: WeightAdvice) -> tuple[str, float]:
    if candidate.name == advice.best:
        return GREEN, 2.5
    return (ORANGE, 2.5) if candidate.name == PRESENT else (GREY, 1.0)


def _signals(advice: WeightAdvice, name: str, title: str) -> str:
    """What the signals or the gradient are in every layer, before any training."""
    lines = []
    for candidate in reversed(advice.candidates):
        values = np.array([getattr(layer, name) for layer in candidate.measurement.layers])
        colour, width = _colour(candidate, advice)
        at = np.arange(1, len(values) + 1)
        lines.append(Line(at, values, colour, dashed=colour == ORANGE, width=width))
    ends = ("layer 1", f"{len(advice.present.layers):,}")
    return _panel(title, lines, advice, ends)


def _race(advice: WeightAdvice) -> str:
    """Validation loss over updates, of who raced."""
    lines = []
    for candidate in reversed(advice.candidates):
        if candidate.race is not None and candidate.race.curve.steps:
            colour, width = _colour(candidate, advice)
            curve = candidate.race.curve
            values = np.array(curve.mean)
            at = np.array(curve.steps)
            lines.append(Line(at, values, colour, dashed=colour == ORANGE, width=width))
    if not lines:
        return ""
    ends = (f"update {min(e.x.min() for e in lines):,}", f"{max(e.x.max() for e in lines):,}")
    return _panel("Loss on held-out samples", lines, advice, ends)


def _panel(title: str, lines: list[Line], advice: WeightAdvice, ends: tuple[str, str]) -> str:
    keys: list[Key] = [(_title(advice.best), GREEN, False)]
    if advice.best != PRESENT:
        keys.append((YOURS, ORANGE, True))
    keys.append(("others", GREY, False))
    scale = _scale(lines)
    return panel(title, lines, keys, scale, ends, lambda value: number(value, 2))


def _scale(lines: list[Line]) -> Scale:
    """An axis for the two that matter: a hopeless other one would press them into one line."""
    whole_range = Scale.of(np.concatenate([entry.y for entry in lines]))
    matter = np.concatenate([entry.y for entry in lines if entry.colour != GREY])
    scale = Scale.of(matter, logarithmic=whole_range.logarithmic)
    if not scale.logarithmic:
        return whole_range
    low, high = max(scale.low / ROOM, whole_range.low), min(scale.high * ROOM, whole_range.high)
    return Scale(low, high, logarithmic=True)


def _title(name: str) -> str:
    return YOURS if name == PRESENT else name


# ------------------------------------------------------------------------------- table, lists


def _table(advice: WeightAdvice) -> str:
    columns = table_columns(advice)
    heads = [f"{above} {below}".strip() for above, below, _ in columns]
    heads = [head.replace("flat/ dead", "flat or dead").replace("→", " → ") for head in heads]
    rows: list[list[str | Html]] = []
    for candidate in shown_candidates(advice):
        cells = candidate_cells(candidate, advice)
        name = Html(text(cells[0]))
        if candidate.name == advice.best:
            name = Html(bold(cells[0], GREEN))
        elif candidate.name == PRESENT:
            name = Html(bold(cells[0], ORANGE))
        rows.append([name, *(cell.replace("→", " → ") for cell in cells[1:])])
    return table(heads, rows)


def _listed(heading: str, sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    rows = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return line(bold(heading)) + f'<ul style="margin:.2em 0;max-width:60em">{rows}</ul>'
