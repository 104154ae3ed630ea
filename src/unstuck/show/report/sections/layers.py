"""Layer by layer over time: does the signal get to the top, the gradient to the bottom.

Each picture has one line on what healthy looks like, and one on what is seen here. A vanishing or
exploding signal is a factor between the first and the last layer, so that factor is what is told.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.record.run_record import RunRecord
from unstuck.show.layers import silent
from unstuck.show.report.contents import Contents, Section
from unstuck.show.report.numbers import percent, rounded, rounded_rows, short, thinned

MOST_NUMBERS = 16_000  # of one picture: steps are thinned out, never layers
FAR_APART = 100.0  # between layers: by more the signal fades or blows up
TORN, STILL = 0.1, 1e-6  # update over weights: more tears them down, less does not move them
FEW = 8  # observations; fewer are the beginning, when steps are large in any training
FLAT = 0.5  # share of units that give nothing
LEVEL = ("activation_std", "gradient_std")  # these should be level over the layers, and be finite


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: its title, what healthy looks like, how it is drawn."""

    key: str
    title: str
    what: str
    log: bool = True
    percent: bool = False


PANELS = (
    Panel(
        "activation_std",
        "Activation spread",
        "Healthy: all layers within a factor of ten, none falling towards zero or running off.",
    ),
    Panel(
        "gradient_std",
        "Gradient spread",
        "Healthy: the first layer gets about as much gradient as the last.",
    ),
    Panel(
        "silent",
        "Saturated or dead units",
        "Healthy: well under half. A dead unit gives zero for every sample, a saturated one sits "
        "at its limit; neither learns.",
        log=False,
        percent=True,
    ),
    Panel(
        "update_ratio",
        "Update / weights",
        "Healthy: about 0.001 a step. At 0.1 steps tear the weights down, under 0.000001 nothing "
        "moves.",
    ),
)


def section(contents: Contents) -> Section | None:
    """None where no layer was watched."""
    record = contents.record
    if record is None or not len(record.layers) or not record.series or not len(record):
        return None
    steps = thinned(len(record), max(2, MOST_NUMBERS // len(record.layers)))
    panels, seen = [], []
    for panel in PANELS:
        values = values_of(record, panel.key)
        if values is None or not np.isfinite(values).any():
            continue
        said = _seen(panel, values)
        panels.append({**_drawn(panel, values[steps]), "seen": said["text"]})
        seen.append({"title": panel.title, **said})
    if not panels:
        return None
    data = {
        "x": {"name": "update", "values": rounded(record["step"][steps])},
        "layers": names(record),
        "panels": panels,
    }
    context = {"panels": panels, "seen": seen, "alarms": [s["text"] for s in seen if s["alarm"]]}
    return Section("layers", "Layer by layer", context, data)


def names(record: RunRecord) -> list[str]:
    """What the layers are called: number or name, and activation."""
    return [f"{layer.name} {layer.activation}".strip() for layer in record.layers]


def values_of(record: RunRecord, key: str) -> AnyArray | None:
    """One quantity, (steps, layers); None where the record lacks it."""
    if key == "silent":
        return silent(record) if {"saturated", "dead"} <= set(record.series) else None
    return record[key] if key in record.series else None


def _drawn(panel: Panel, values: AnyArray) -> dict[str, Any]:
    return {
        "key": panel.key,
        "title": panel.title,
        "what": panel.what,
        "log": panel.log,
        "percent": panel.percent,
        "values": rounded_rows(values.T),  # one row a layer
    }


# ------------------------------------------------------------------------------ what is seen


def _seen(panel: Panel, values: AnyArray) -> dict[str, Any]:
    """One sentence on these numbers, and whether it is an alarm."""
    broken = panel.key in LEVEL and not np.isfinite(values[-1]).all()
    whole = values[np.isfinite(values).all(axis=1)]
    last = whole[-1] if len(whole) else _last_known(values)
    if panel.key == "silent":
        text, alarm = _flat(last)
    elif panel.key == "update_ratio":
        text, alarm = _moving(values)
    else:
        text, alarm = _level(panel, last)
    if broken:
        text, alarm = f"{text.replace('in the end', 'before it broke')} Then it overflowed.", True
    return {"text": text, "alarm": alarm}


def _last_known(values: AnyArray) -> AnyArray:
    """The last row of which anything is known."""
    found: AnyArray = next((row for row in values[::-1] if np.isfinite(row).any()), values[-1])
    return found


def _level(panel: Panel, row: AnyArray) -> tuple[str, bool]:
    """First against last hidden layer; the last of all has another activation and another scale."""
    what = "spread" if panel.key == "activation_std" else "gradient"
    # The output's spread is set by the targets; its gradient is where the way down begins.
    used = row[:-1] if panel.key == "activation_std" and len(row) > 2 else row
    first, last = float(used[0]), float(used[-1])
    if len(used) < 2 or not (math.isfinite(first) and math.isfinite(last)):
        known = row[np.isfinite(row)]
        return f"Here, in the end: {short(float(known.max()) if len(known) else None)}.", False
    up = panel.key == "activation_std"
    start, end = (first, last) if up else (last, first)
    top = "last hidden" if len(used) < len(row) else "last"
    text = f"Here, in the end: {short(first)} in the first layer, {short(last)} in the {top}."
    if end == 0.0 and start > 0.0:
        return f"{text} The {what} dies on its way.", True
    if start <= 0.0 or end <= 0.0:
        return text, start <= 0.0
    factor = end / start
    if factor < 1 / FAR_APART:
        return f"{text} It vanishes: {_times(1 / factor)} smaller on its way {_way(up)}.", True
    if factor > FAR_APART:
        return f"{text} It explodes: {_times(factor)} larger on its way {_way(up)}.", True
    return text, False


def _way(up: bool) -> str:  # noqa: FBT001
    return "up" if up else "down"


def _times(factor: float) -> str:
    if factor >= 1e4:
        return f"10^{round(math.log10(factor))} times"
    return f"{factor:,.0f} times"


def _flat(row: AnyArray) -> tuple[str, bool]:
    worst = float(np.nanmax(row))
    if worst == 0.0:
        return "Here, in the end: none.", False
    where = int(np.nanargmax(row)) + 1
    return f"Here, in the end: {percent(worst)} in layer {where}, the most.", worst > FLAT


def _moving(values: AnyArray) -> tuple[str, bool]:
    middle = values[len(values) // 2 :]
    known = middle[np.isfinite(middle)]
    if not len(known):
        return "Here: not known.", False
    with np.errstate(all="ignore"):
        typical = np.nanmedian(np.where(np.isfinite(middle), middle, np.nan), axis=0)
    typical = typical[np.isfinite(typical)]
    low, high = float(typical.min()), float(typical.max())
    if len(values) < FEW:
        return f"Here, in the first updates: {short(low)} to {short(high)}.", False
    text = f"Here, in the second half: {short(low)} to {short(high)}."
    if high > TORN:
        return f"{text} That tears weights down: try a smaller learning rate.", True
    if high < STILL:
        return f"{text} Nothing moves.", True
    if low < STILL:
        return f"{text} Some layers do not move.", True
    return text, False
