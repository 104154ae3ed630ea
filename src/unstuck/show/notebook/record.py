"""A run record under a cell: one row a layer, each number with the line of its way over time.

All lines of a column share one scale, so that a gradient that vanishes from layer to layer is seen
as lines that sink from row to row.
"""

from __future__ import annotations

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.record.run_record import LayerInfo, RunRecord
from unstuck.show.layers import silent
from unstuck.show.notebook.panels import Key, panel, side_by_side
from unstuck.show.notebook.pictures import Line, Scale, spark_svg
from unstuck.show.notebook.pieces import (
    BLUE,
    ORANGE,
    Html,
    faint,
    image,
    line,
    number,
    table,
    text,
    whole,
)

MOST_ROWS = 24
SPARK = (64, 20)  # pixels
LEAST_PROFILED = 3  # layers: with fewer there is nothing to see
HEADS = ("layer", "widths", "spread of outputs", "gradient", "update / weights", "silent units")
HEALTHY = (
    "Healthy: no row is powers of ten away from the others, updates are between 0.01 and 0.0001 of "
    "the weights, few units are silent. The lines of a column share one scale."
)


def record_html(record: RunRecord) -> str:
    """The table of layers, from when to when, and how to read it."""
    if not len(record):
        return whole(line("Nothing was observed."))
    columns = (
        (record["activation_std"], Scale.of(record["activation_std"]), False),
        (record["gradient_std"], Scale.of(record["gradient_std"]), False),
        (record["update_ratio"], Scale.of(record["update_ratio"]), False),
        (silent(record), Scale(0.0, 1.0, logarithmic=False), True),
    )
    rows: list[tuple[str | Html, ...]] = []
    for k in shown_layers(len(record.layers)):
        if k is None:
            rows.append((f"... {len(record.layers) - MOST_ROWS} more layers", *[""] * 5))
            continue
        layer = record.layers[k]
        cells = [_cell(values[:, k], scale, share=share) for values, scale, share in columns]
        rows.append((_name(layer), f"{layer.fan_in:,} → {layer.fan_out:,}", *cells))
    first, last = record["step"][0], record["step"][-1]
    said = f"From update {first:,} to update {last:,}, {len(record):,} observations. {HEALTHY}"
    return whole(_profiles(record), table(HEADS, rows), line(faint(said)))


def _profiles(record: RunRecord) -> str:
    """Outputs and gradient from the first layer to the last, at the start and at the end."""
    n = len(record.layers)
    if n < LEAST_PROFILED:
        return ""
    pictures = []
    at = np.arange(1, n + 1)
    for title, name in (("Spread of outputs", "activation_std"), ("Gradient", "gradient_std")):
        first, last = record[name][0], record[name][-1]
        lines = [Line(at, first, ORANGE, dashed=True), Line(at, last, BLUE)]
        keys: list[Key] = [("at the start", ORANGE, True), ("at the end", BLUE, False)]
        scale = Scale.of(np.concatenate([first, last]))
        ends = ("layer 1", f"{n:,}")
        pictures.append(panel(title, lines, keys, scale, ends, lambda value: number(value, 2)))
    return side_by_side(*pictures)


def _name(layer: LayerInfo) -> Html:
    return Html(f"<b>{text(layer.name)}</b> {faint(layer.activation)}")


def _cell(values: AnyArray, scale: Scale, *, share: bool) -> Html:
    known = values[np.isfinite(values)]
    if not known.size:
        return Html("-")
    said = f"{_say(known[0], share=share)} → {_say(known[-1], share=share)}"
    picture = image(spark_svg(values, scale, *SPARK), *SPARK, said)
    return Html(f"{said} &nbsp;{picture}")


def _say(value: float, *, share: bool) -> str:
    return f"{value:.0%}" if share else number(float(value), 2)


def shown_layers(n: int) -> list[int | None]:
    """The layers that get a row; None stands for those that are left out.

    >>> shown_layers(3)
    [0, 1, 2]
    >>> len(shown_layers(200)), shown_layers(200)[12]
    (25, None)
    """
    if n <= MOST_ROWS:
        return list(range(n))
    half = MOST_ROWS // 2
    return [*range(half), None, *range(n - half, n)]
