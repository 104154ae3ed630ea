"""The evidence of a diagnosis, drawn: steps against true gradients, values, runs, layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.show.diagnosis.characters import harmless
from unstuck.show.diagnosis.numbers import number
from unstuck.show.report.numbers import percent
from unstuck.show.report.svg import dots, line, picture, scaled, tag, text, ticks

if TYPE_CHECKING:
    from markupsafe import Markup

    from unstuck.doctor.exhibits import Progressed, Steps, Values
    from unstuck.record.run_record import RunRecord

SIDE, EDGE = 180, 20  # of a scatter picture, pixels; of the room for its words
WIDE, HIGH = 240, 130  # of a histogram
RUN_WIDE, RUN_HIGH, LEFT = 360, 200, 48  # of a run; room for the numbers at its left
FAR_APART = 3.0  # powers of ten between layers: from here on a signal fades or blows up
SAID = {  # what the verdict on a parameter means in a picture
    "ok": "on the line: right",
    "sign": "the wrong way",
    "scale": "right direction, wrong length",
    "wrong": "off the line: wrong",
    "zero": "no step at all",
    "never": "no step at all",
    "overwritten": "the old value is thrown away",
    "unreset": "old gradients are added up",
}
SATURATED, DEAD = 0.5, 0.95  # share of a layer; half of relu's values are zero in good health
SQUASHED = ("relu", "leaky_relu", "elu")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture, its title, and what there is to see in it; ``alarm`` where that is bad."""

    title: str
    picture: Markup
    seen: str
    width: int
    alarm: bool = False


# --------------------------------------------------------------------------------- the steps


def steps_drawing(steps: Steps, title: str = "") -> Drawing | None:
    """Each entry a dot: across the step it should take, up the step it takes."""
    if not len(steps.made):
        return None
    title = title or steps.parameter
    seen = SAID.get(steps.verdict, harmless(steps.verdict))
    if steps.verdict != "ok" and np.isfinite(steps.cosine):
        seen += f"; cosine {number(float(steps.cosine))}"
    if steps.verdict == "scale" and np.isfinite(steps.relative):
        seen += f", {number(float(steps.relative))} times as long"
    reach = float(max(np.max(np.abs(steps.made)), np.max(np.abs(steps.wanted)))) or 1.0
    low, high = EDGE, SIDE - EDGE
    alarm = steps.verdict != "ok"
    drawn = picture(
        SIDE,
        SIDE,
        f"The step of {harmless(title)} against the step along the true gradient: {seen}",
        line([(low, low), (high, low), (high, high), (low, high), (low, low)], "frame"),
        line([(low, SIDE / 2), (high, SIDE / 2)], "axis"),
        line([(SIDE / 2, low), (SIDE / 2, high)], "axis"),
        line([(low, high), (high, low)], "diagonal"),
        dots(
            scaled(steps.wanted, -reach, reach, low, high),
            scaled(steps.made, -reach, reach, high, low),
            "dots bad" if alarm else "dots good",
        ),
        text(SIDE / 2, SIDE - 7, "step it should take", "middle"),
        tag(
            "text",
            {"transform": f"translate(14 {SIDE / 2:g}) rotate(-90)", "class": "words",
             "text-anchor": "middle"},
            "step it takes",
        ),
        text(high, low - 7, number(reach), "end", "faint"),
    )  # fmt: skip
    return Drawing(title, drawn, seen, SIDE, alarm)


# -------------------------------------------------------------------------------- the values


def values_drawing(values: Values, title: str = "") -> Drawing | None:
    """How often which values occur, as bars."""
    if not len(values.counts):
        return None
    title = title or values.name
    most = DEAD if values.activation in SQUASHED else SATURATED
    alarm = bool(np.isfinite(values.extreme) and values.extreme > most) or values.broken > 0
    seen = values_seen(values)
    first, last = float(values.edges[0]), float(values.edges[-1])
    bottom, top = HIGH - 20, 6
    places = scaled(values.edges, first, last, 6, WIDE - 6)
    heights = scaled(values.counts, 0, max(1, int(np.max(values.counts))), 0, bottom - top)
    heights = np.where((values.counts > 0) & (heights < 1.0), 1.0, heights)  # few, but not none
    bars = "".join(
        f"M{x:.1f} {bottom}V{bottom - h:.1f}H{end:.1f}V{bottom}Z"
        for x, end, h in zip(places[:-1], places[1:], heights, strict=True)
        if h > 0.0
    )
    marks = [
        text(
            float(scaled(v, first, last, 6, WIDE - 6)), HIGH - 5, plain(v), _anchor(v, first, last)
        )
        for v in ticks(first, last)
    ]
    drawn = picture(
        WIDE,
        HIGH,
        f"How often which values occur in {harmless(title)}: {seen}",
        tag("path", {"class": "bars bad" if alarm else "bars", "d": bars}),
        line([(6, bottom), (WIDE - 6, bottom)], "axis"),
        *marks,
    )
    return Drawing(title, drawn, seen, WIDE, alarm)


def values_seen(values: Values) -> str:
    """The range, and how much of a layer can no longer learn."""
    seen = f"from {number(values.low)} to {number(values.high)}"
    if values.low == values.high:
        seen = f"all are {number(values.low)}"
    if np.isfinite(values.extreme) and values.activation:
        where = "at zero" if values.activation in SQUASHED else "saturated"
        seen += f"; {percent(values.extreme) if values.extreme else 'none'} {where}"
    if values.broken:
        seen += f"; {values.broken:,} are not finite"
    return seen


def plain(value: float) -> str:
    """A round number beside an axis.

    >>> plain(0.5), plain(20000.0), plain(1e-07)
    ('0.5', '20,000', '1e-07')
    """
    return f"{value:,.10g}"


def _anchor(value: float, first: float, last: float) -> str:
    share = (value - first) / (last - first)
    return "start" if share < 0.1 else "end" if share > 0.9 else "middle"


# ---------------------------------------------------------------------------------- the layers


def layers_drawings(record: RunRecord) -> list[Drawing]:
    """Layer by layer in the first update, on a log scale: signal, gradient, step."""
    count = len(record.layers)
    if count < 2 or not len(record):
        return []
    drawn = (
        _by_layer(title, np.asarray(record.series[key][0], dtype=float))
        for title, key in (
            ("Activation spread by layer", "activation_std"),
            ("Gradient spread by layer", "gradient_std"),
            ("Update / weights by layer", "update_ratio"),
        )
        if key in record.series
    )
    return [one for one in drawn if one is not None]


def _by_layer(title: str, values: Any) -> Drawing | None:
    known = np.isfinite(values) & (values > 0.0)
    if not np.any(np.isfinite(values)):
        return None
    count, bottom, top, left, right = len(values), HIGH - 20, 10, 46, WIDE - 10
    logs = np.log10(np.where(known, values, np.nan))
    low, high = (-1.0, 0.0) if not known.any() else (np.nanmin(logs), np.nanmax(logs))
    low, high = float(np.floor(low)), float(max(np.ceil(high), np.floor(low) + 1))
    xs = scaled(np.arange(1, count + 1), 1, count, left, right)
    ys = scaled(logs, low, high, bottom, top)
    parts: list[Any] = []
    for power in range(int(low), int(high) + 1, max(1, -(-int(high - low) // 4))):
        y = float(scaled(power, low, high, bottom, top))
        parts += [line([(left, y), (right, y)], "grid"), text(left - 6, y + 4, f"1e{power}", "end")]
    parts += [text(float(xs[k]), HIGH - 5, str(k + 1), "middle", "faint") for k in (0, count - 1)]
    parts += [line(zip(xs, ys, strict=True), "run layers"), dots(xs[known], ys[known], "dots")]
    ends = [number(float(v)) if np.isfinite(v) else "not known" for v in values[[0, -1]]]
    seen = f"{ends[0]} in the first layer, {ends[1]} in the last"
    gone = bool(np.any(values == 0.0))
    if gone:
        seen += "; zero in " + ("one layer" if np.sum(values == 0.0) == 1 else "some layers")
    far = known.any() and float(np.nanmax(logs) - np.nanmin(logs)) > FAR_APART
    return Drawing(title, picture(WIDE, HIGH, f"{title}: {seen}", *parts), seen, WIDE, gone or far)


# ---------------------------------------------------------------------------------- the runs


def run_drawing(
    title: str,
    before: Progressed | None,
    after: Progressed | None,
    key: str,
    chance: float,
) -> Drawing | None:
    """Cost or accuracy over the run, as it is and with the repair; dashed: the best constant."""
    runs = [(name, run, getattr(run, key)) for name, run in (("before", before), ("after", after))
            if run is not None and getattr(run, key) is not None]  # fmt: skip
    known = [values[np.isfinite(values)] for _, _, values in runs]
    if not any(len(values) for values in known):
        return None
    low, high = _range([*known, np.array([chance])[np.isfinite([chance])]], share=key == "accuracy")
    last = max(float(run.updates[-1]) for _, run, _ in runs) or 1.0
    bottom, top, right = RUN_HIGH - 34, 10, RUN_WIDE - 12
    show = plain if key != "accuracy" else lambda v: f"{100 * v:.3g} %"
    parts: list[Any] = []
    for v in ticks(low, high):
        y = float(scaled(v, low, high, bottom, top))
        parts += [line([(LEFT, y), (right, y)], "grid"), text(LEFT - 6, y + 4, show(v), "end")]
    for v in ticks(0.0, last, 5):
        x = float(scaled(v, 0.0, last, LEFT, right))
        parts.append(text(x, bottom + 16, plain(v), "middle" if v < 0.95 * last else "end"))
    parts.append(text((LEFT + right) / 2, RUN_HIGH - 4, "updates", "middle", "faint"))
    if np.isfinite(chance):
        y = float(scaled(chance, low, high, bottom, top))
        parts.append(line([(LEFT, y), (right, y)], "chance"))
    for name, run, values in runs:
        xs = scaled(run.updates, 0.0, last, LEFT, right)
        ys = scaled(np.clip(values, low, high), low, high, bottom, top)
        parts.append(line(zip(xs, ys, strict=True), f"run {name}"))

    def say(value: float) -> str:
        if not np.isfinite(value):
            return "no number"
        return percent(value) if key == "accuracy" else number(value)

    ends = ((name, getattr(run, f"{key}_ends")) for name, run, _ in runs)
    seen = "; ".join(
        f"{'as it is' if name == 'before' else 'with the repair'} {say(start)} to {say(end)}"
        for name, (start, end) in ends
    )
    drawn = picture(RUN_WIDE, RUN_HIGH, f"{title} over the run: {seen}", *parts)
    return Drawing(title, drawn, seen, RUN_WIDE)


def _range(known: list[Any], *, share: bool) -> tuple[float, float]:
    """From where to where to draw; a run that blows up does not hide the other one."""
    if share:
        return 0.0, 1.0
    highest = [float(np.max(values)) for values in known if len(values)]
    least = min(highest)
    high = min(max(highest), 20.0 * least) if least > 0.0 else max(highest)
    return 0.0, high or 1.0
