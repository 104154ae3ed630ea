"""Advice on initial weights as pictures: what signal and gradient do, layer by layer; the race.

The recommendation is blue, the present weights are orange, everything else stands back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.errors import InvalidInputError, lookup
from unstuck.core.network import Network
from unstuck.show.curves import label_ends, spans_decades
from unstuck.show.style import (
    BLUE,
    ORANGE,
    SOFT,
    headline,
    house_style,
    logarithmic,
    new_figure,
)
from unstuck.training.observe import dense_places
from unstuck.weights.advice import CandidateAdvice, RaceResult, WeightAdvice
from unstuck.weights.candidates import PRESENT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from unstuck.base.arrays import AnyArray

MOST_LAYERS = 6  # histograms in a row
BINS = 41
NEEDLE = 12.0  # two ranges that differ by more are drawn each for itself
FEW_LAYERS = 12  # up to so many, each is marked
STYLES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))
CURVES = 8  # in the picture of the race; the others lost early and lie upon each other
SMALLEST = 1e-30  # on an axis of powers of ten
OVERFLOW = 1e30


def advice_figure(
    advice: WeightAdvice, *, picture: str = "", network: Network | None = None, seed: int = 0
) -> Figure:
    """One of `ADVICE_PICTURES`; default: signals, and the race where there was one.

    ``picture="activations"`` needs the ``network`` that the advice is for, as it was given.
    """
    if not picture:
        picture = "signals and race" if raced(advice) else "signals"
    figure: Figure = lookup(picture, ADVICE_PICTURES, "picture of an advice")(
        advice, network=network, seed=seed
    )
    return figure


def raced(advice: WeightAdvice) -> bool:
    """True where something was trained."""
    return any(c.race is not None for c in advice.candidates)


# --------------------------------------------------------------- what weights do, layer by layer


def signals_figure(advice: WeightAdvice, **_: Any) -> Figure:
    """Spread of z on the way up and of the gradient on the way down, all candidates."""
    with house_style():
        figure = new_figure(11.4, 6.0)
        _draw_signals(figure.subplots(1, 2), advice)
        headline(figure, _signals_title(advice), SIGNALS_UNDER)
    return figure


def both_figure(advice: WeightAdvice, **_: Any) -> Figure:
    """The two panels of the signals, and the race below them."""
    with house_style():
        figure = new_figure(11.4, 9.6)
        grid = figure.add_gridspec(2, 2, height_ratios=(1.25, 1.0))
        _draw_signals([figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])], advice)
        race_axes = figure.add_subplot(grid[1, :])
        _draw_race(race_axes, advice)
        race_axes.set_title("The race: held-out loss, mean over seeds, band from best to worst")
        headline(figure, _signals_title(advice), SIGNALS_UNDER)
    return figure


SIGNALS_UNDER = (
    "Good weights keep both lines level: signals and gradients neither fade nor grow on their way. "
    "Blue: recommended. Orange: yours."
)


def _signals_title(advice: WeightAdvice) -> str:
    chosen = next(c for c in advice.candidates if c.name == advice.best)
    return f"Before any training: {chosen.title} beside the others"


def _draw_signals(panels: Any, advice: WeightAdvice) -> None:
    titles = ("Forward: spread of z in each layer", "Backward: size of dL/dz in each layer")
    for axes, name, title in zip(panels, ("z_std", "gradient_std"), titles, strict=True):
        _draw_layers(axes, advice.candidates, advice.best, name)
        axes.set_title(title)
        axes.set_xlabel("layer")


def _draw_layers(
    axes: Axes, candidates: Sequence[CandidateAdvice], best: str, quantity: str
) -> None:
    """One line a candidate. Gradients part on their way down, so their names stand on the left."""
    from matplotlib.ticker import MaxNLocator

    n = len(candidates[0].measurement.layers)
    x = np.arange(1.0, n + 1.0)
    ends, usable = [], False
    for candidate, (colour, style) in zip(candidates, _looks(candidates, best), strict=True):
        y = np.array([getattr(layer, quantity) for layer in candidate.measurement.layers])
        y = np.where(np.isfinite(y) & (y > SMALLEST), y, np.nan)
        usable |= bool(np.isfinite(y).any())
        strong = colour in (BLUE, ORANGE)
        axes.plot(
            x,
            y,
            color=colour,
            linestyle=style,
            linewidth=2.6 if strong else 1.2,
            marker="o" if n <= FEW_LAYERS else None,
            markersize=5 if strong else 3,
            zorder=3 if strong else 2,
        )
        ends.append((x, y, colour, _label(candidate)))
    axes.set_xlim(1.0, max(float(n), 1.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    if usable:
        logarithmic(axes)
        _few_decades(axes)
    left = quantity == "gradient_std"
    if left:
        axes.yaxis.tick_right()
    label_ends(axes, ends, size=8, left=left)


def _few_decades(axes: Axes) -> None:
    """At most some eight powers of ten on the axis."""
    from matplotlib.ticker import LogLocator

    axes.yaxis.set_major_locator(LogLocator(numticks=9))
    low, high = axes.get_ylim()
    if high < 10 * low:  # else no labelled tick may be in sight
        middle = math.sqrt(low * high)
        axes.set_ylim(middle / 4, middle * 4)


def _label(candidate: CandidateAdvice) -> str:
    return "yours" if candidate.name == PRESENT else candidate.name


def _looks(candidates: Sequence[CandidateAdvice], best: str) -> list[tuple[str, Any]]:
    """Colour and line style of each: blue, orange, and quiet colours for the rest."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    others = [c.name for c in candidates if c.name not in (best, PRESENT)]
    quiet = colormaps["tab20"](np.linspace(0.0, 1.0, 20))[4:]  # without its blues and oranges
    looks: list[tuple[str, Any]] = []
    for candidate in candidates:
        if candidate.name == best:
            looks.append((BLUE, "-"))
        elif candidate.name == PRESENT:
            looks.append((ORANGE, "-"))
        else:
            k = others.index(candidate.name)
            looks.append((to_hex(quiet[(2 * k + k // 8) % len(quiet)]), STYLES[k % len(STYLES)]))
    return looks


# ----------------------------------------------------------------------------------- the race


def race_figure(advice: WeightAdvice, **_: Any) -> Figure:
    """Held-out loss over the updates, with bands over the seeds."""
    if not raced(advice):
        raise InvalidInputError("nothing was raced: there are no curves. Ask without quick=True.")
    with house_style():
        figure = new_figure(9.6, 5.2)
        _draw_race(figure.subplots(), advice)
        chosen = next(c for c in advice.candidates if c.name == advice.best)
        seeds = len(chosen.race.losses) if chosen.race is not None else 0
        headline(
            figure,
            f"The race: {chosen.title} is recommended",
            f"Held-out loss, each candidate at its best learning rate: mean of {seeds} seeds, band "
            "from the best seed to the worst.\n"
            f"A line that ends early lost a round.{_absent(advice)}",
        )
    return figure


def _absent(advice: WeightAdvice) -> str:
    """Why there is no orange line, where there is none."""
    present = next((c for c in advice.candidates if c.name == PRESENT), None)
    if present is None or present.race is not None:
        return ""
    return f" Yours were not raced: {present.note}."


def _draw_race(axes: Axes, advice: WeightAdvice) -> None:
    shown = [c for c in advice.candidates if c.race is not None]
    keep = shown[:CURVES] + [c for c in shown[CURVES:] if c.name == PRESENT]
    ends, values = [], []
    for candidate, (colour, style) in zip(keep, _looks(keep, advice.best), strict=True):
        race = candidate.race
        if race is None:
            continue
        x, mean, low, high = _curve(race)
        values += [mean[np.isfinite(mean)]]
        strong = colour in (BLUE, ORANGE)
        axes.fill_between(x, low, high, color=colour, alpha=0.22 if strong else 0.12, linewidth=0)
        axes.plot(
            x,
            mean,
            color=colour,
            linestyle=style,
            linewidth=2.6 if strong else 1.3,
            zorder=3 if strong else 2,
        )
        text = f"{_label(candidate)} {{:.3g}}, rate {race.learning_rate:g}"
        ends.append((x, mean, colour, _label(candidate) if race.stopped_early else text))
    chance = advice.present.chance_loss
    if math.isfinite(chance):
        axes.axhline(chance, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            f"guessing {chance:.3g}",
            (1.0, chance),
            xycoords=("axes fraction", "data"),
            xytext=(-4, 4),
            textcoords="offset points",
            ha="right",
            fontsize=8.5,
            color=SOFT,
        )
    if spans_decades(*values):
        logarithmic(axes)
        _few_decades(axes)
    elif math.isfinite(chance):
        axes.set_ylim(0.0, 1.6 * max(chance, 1e-12))  # a start far above guessing is cut off
    axes.set_xlim(0, max((float(x[-1]) for x, *_ in ends), default=1.0))
    axes.set_xlabel("updates")
    label_ends(axes, ends, size=8.5)


def _curve(race: RaceResult) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    curve = race.curve
    columns = (curve.steps, curve.mean, curve.low, curve.high)
    x, mean, low, high = (np.array(column, float) for column in columns)
    for values in (mean, low, high):
        values[~np.isfinite(values)] = np.nan
    return x, mean, low, high


# ----------------------------------------------------------------------------- activations


def activations_figure(
    advice: WeightAdvice, *, network: Network | None = None, seed: int = 0, **_: Any
) -> Figure:
    """Histograms of what each hidden layer gives: recommended weights above, present ones below."""
    if network is None:
        raise InvalidInputError(
            "histograms of activations need the network that was asked about: "
            'advice.plot(picture="activations", network=network).'
        )
    x = advice.batch.astype(network.dtype)
    rows = [("recommended", BLUE, hidden_outputs(advice.apply(deepcopy(network), seed), x))]
    rows += [("yours", ORANGE, hidden_outputs(network, x))]
    places = _some(len(rows[0][2]))
    if not places:
        raise InvalidInputError("the network has no hidden layer, so there are no activations.")
    with house_style():
        figure = new_figure(max(1.75 * len(places) + 0.4, 6.4), 4.8)
        grid = figure.subplots(2, len(places), squeeze=False)
        ranges = _ranges([values for _, _, values in rows])
        for axes_row, (title, colour, values), ends in zip(grid, rows, ranges, strict=True):
            for axes, k in zip(axes_row, places, strict=True):
                _histogram(axes, values[k], colour, ends)
                axes.set_title(f"layer {k + 1}", fontsize=10)
            axes_row[0].set_ylabel(title, color=colour, fontsize=11, fontweight="bold")
        headline(
            figure,
            "What the hidden layers give, before any training",
            "Good: broad, and the same in every layer.\n"
            "A narrow peak: all samples look alike. All at the ends: the units are shut.",
        )
    return figure


def hidden_outputs(network: Network, x: Array) -> list[Array]:
    """The values after the activation of every hidden layer, (n, width) each."""
    with np.errstate(all="ignore"):
        values = network.propagate(x, training=True).values
    places = list(dense_places(network))[:-1]
    return [values[(dense if activate is None else activate) + 1] for dense, activate in places]


def _some(n: int) -> list[int]:
    """At most `MOST_LAYERS` of n places, first and last among them."""
    return sorted({round(k) for k in np.linspace(0, n - 1, min(n, MOST_LAYERS))}) if n else []


def _ranges(rows: list[list[Array]]) -> list[tuple[float, float]]:
    """One range a row; the same for both where neither would be a needle in the other's."""
    ends = []
    for values in rows:
        flat = np.concatenate([_drawable(v) for v in values] or [np.zeros(1)])
        low, high = np.percentile(flat, (0.2, 99.8)) if len(flat) else (0.0, 1.0)
        room = 0.04 * (high - low) or 0.5
        ends.append((float(low - room), float(high + room)))
    spans = [high - low for low, high in ends]
    if max(spans) > NEEDLE * min(spans):
        return ends
    both = (min(low for low, _ in ends), max(high for _, high in ends))
    return [both for _ in rows]


def _drawable(values: Array) -> Array:
    """The entries that are no overflow, (n,)."""
    flat = values.ravel().astype(np.float64)
    return flat[np.abs(flat) < OVERFLOW]


def _histogram(axes: Axes, values: Array, colour: str, ends: tuple[float, float]) -> None:
    """The entries of one layer's output."""
    from matplotlib.ticker import MaxNLocator

    flat = _drawable(values)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set_xlim(ends)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=3))
    axes.tick_params(labelsize=8)
    if not len(flat):
        axes.text(0.5, 0.5, "overflow", transform=axes.transAxes, ha="center", color=SOFT)
        return
    axes.hist(flat, bins=BINS, range=ends, color=colour, linewidth=0)
    axes.set_xlabel(f"spread {flat.std():.2g}", fontsize=8.5)


ADVICE_PICTURES: dict[str, Callable[..., Any]] = {
    "signals": signals_figure,
    "race": race_figure,
    "activations": activations_figure,
    "signals and race": both_figure,
}
"""Every picture of an advice, by name."""
