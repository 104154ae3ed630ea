"""Draw the pictures of the documentation: `make docs-pictures`, or `python docs/pictures.py NAME`.

Each comes from a run that is made here and now, or from the program on the page that shows it, so
that no picture can show what the code does not do.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from unstuck import History, ImageAugmentation, InputScaling, Network, advise, load
from unstuck.core.activations import ACTIVATIONS
from unstuck.core.schedules import SCHEDULES, get_schedule
from unstuck.show.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    SOFT,
    bare,
    headline,
    house_style,
    new_figure,
    save_figure,
)
from unstuck.training.runs import Run

DOCS = Path(__file__).parent
PICTURES = DOCS / "pictures"
NIGHT, PAPER, DIM = "#1E2430", "#E6E9EF", "#8C96A8"  # of the terminal
SHOWN_EPOCHS = (1, 10, 20, 30, 40)


# --------------------------------------------------------------------------------- the first run


@cache
def first_run() -> tuple[list[str], Run]:
    """What `make train` prints once all is installed, and the run."""
    folder = Path(tempfile.mkdtemp())
    done = subprocess.run(
        [sys.executable, "-m", "unstuck", "train"],
        cwd=folder,
        env=os.environ | {"COLUMNS": "88"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    (run,) = (folder / "runs").iterdir()
    return done.stdout.splitlines(), Run.load(run)


def draw_first_run() -> Any:
    """The transcript as a terminal shows it; below it the accuracy and some digits."""
    lines, run = first_run()
    with house_style():
        figure = new_figure(9.0, 5.9)
        figure.set_layout_engine("none")
        card = figure.add_axes((0.0, 0.39, 1.0, 0.61), facecolor=NIGHT)
        bare(card)
        draw_terminal(card, shortened(lines))
        draw_accuracy(figure.add_axes((0.075, 0.085, 0.33, 0.215)), run)
        figure.text(0.47, 0.325, "Read from pixels", fontsize=11, weight="bold")
        figure.text(0.655, 0.325, "orange: read wrong", fontsize=9.5, color=ORANGE)
        draw_digits(figure, run.network)
    return figure


def shortened(lines: list[str]) -> list[str]:
    """The opening, some epochs, and the table at the end."""
    epochs = [line for line in lines if line.startswith("epoch")]
    kept = [e for e in epochs if int(re.findall(r"\d+", e)[0]) in SHOWN_EPOCHS]
    start = next(i for i, line in enumerate(lines) if line.startswith("test accuracy"))
    end = [line.rstrip() for line in lines[start:] if line.strip()]
    return ["$ make train", *lines[:2], *kept, "", *end]


def draw_terminal(axes: Any, lines: list[str]) -> None:
    """Text in a dark frame; the command and the test accuracy stand out."""
    axes.set(xlim=(0, 1), ylim=(len(lines) + 0.9, -1.3))
    for i, colour in enumerate(("#ED6A5E", "#F4BF4F", "#61C554")):
        axes.plot(0.025 + 0.02 * i, -0.35, "o", color=colour, markersize=6.5)
    for i, line in enumerate(lines, start=1):
        colour, weight = PAPER, "normal"
        if line.startswith("$"):
            weight = "bold"
        elif line.startswith("test accuracy"):
            colour, weight = "#7BD88F", "bold"
        elif i in (2, 3) or line.startswith(("time", "run", "pictures", "next", " ")):
            colour = DIM
        font = {"family": "DejaVu Sans Mono", "size": 9.2, "weight": weight}
        axes.text(0.02, i, line, color=colour, va="center", fontdict=font)


def draw_accuracy(axes: Any, run: Run) -> None:
    """Accuracy over the epochs, and the exam at the end."""
    from matplotlib.ticker import PercentFormatter

    history, test = run.history, run.results["test_accuracy"]
    axes.plot(history.epoch, history.accuracy, color=BLUE)
    axes.plot(history.epoch[-1], test, "D", color=GREEN, markersize=6, clip_on=False, zorder=3)
    axes.set(ylim=(0, 1.02), xlim=(1, history.epoch[-1]), yticks=(0, 0.5, 1), xlabel="epoch")
    axes.set_title("Accuracy", fontsize=11)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    strong = {"size": 9, "weight": "bold"}
    axes.text(8, 0.78, "while it learns", color=BLUE, fontdict=strong)
    exam = f"on {run.data['test_samples']} digits it has never seen: {test:.1%}"
    axes.text(39.3, 0.3, exam, color=GREEN, ha="right", fontdict=strong)


def draw_digits(figure: Any, network: Network) -> None:
    """Test digits and what the network says of them: ten that are right, two that are wrong."""
    digits = load("digits")
    X, y = digits.X_test, digits.y_test
    outputs = network.forward(X)
    said = outputs.argmax(axis=1)
    wrong = np.flatnonzero(said != y)
    wrong = wrong[np.argsort(-outputs[wrong, said[wrong]])][:2]
    right = [np.flatnonzero((said == y) & (y == k))[1] for k in range(10)]
    for i, row in enumerate([*right, *wrong]):
        across, down = i % 6, i // 6
        axes = figure.add_axes((0.47 + 0.088 * across, 0.165 - 0.155 * down, 0.076, 0.116))
        axes.imshow(X[row].reshape(8, 8), cmap="gray_r", interpolation="nearest")
        bare(axes)
        text, colour = str(said[row]), BLUE
        if said[row] != y[row]:
            text, colour = f"{said[row]}, is {y[row]}", ORANGE
        axes.set_title(text, loc="center", fontsize=10.5, color=colour, pad=3)


def draw_mistakes() -> Any:
    """The picture that the run itself drew."""
    return first_run()[1].folder / "mistakes.png"


# ------------------------------------------------------------------------- why networks get stuck


def runs_of_the_page() -> dict[str, History]:
    """The histories that the page's own program made, by title."""
    page = (DOCS / "explanation" / "why-networks-get-stuck.md").read_text(encoding="utf-8")
    space: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
            exec(block, space)  # noqa: S102  the program of the page
    found: dict[str, History] = space["runs"]
    return found


# What the record of each run shows, by the title that the page gives it: a sentence about
# (start, end) of a series, in the layer at an index.
TELLTALES: dict[str, tuple[str, int, str]] = {
    "as it should be": ("update_ratio", 0, "an update moves\nweights by {0:.1%}"),
    "weights rand(0, 1)": ("saturated", 0, "saturated: {0:.0%}"),
    "weights all zero": ("gradient_std", 0, "gradient: {0:.0f}"),
    "five layers, std 0.01": ("gradient_std", 0, "gradient: {0:.0e}"),
    "sigmoid, five layers": ("gradient_std", 0, "gradient: {0:.0e}"),
    "relu, rate 1": ("dead", 0, "dead: {0:.0%} → {1:.0%}"),
    "rate 10": ("update_ratio", 0, "an update moves\nweights by {0:.0%}"),
    "sigmoid, l2 0.1": ("weight_std", 0, "weights:\n{0:.3f} → {1:.5f}"),
    "relu, pixels 0..16": ("dead", 0, "dead: {0:.0%} → {1:.0%}"),
}


def draw_stuck() -> Any:
    """The histories that the page's own program made, and what tells them apart."""
    runs = runs_of_the_page()
    with house_style():
        figure = new_figure(9.0, 6.2)
        panels = figure.subplots(3, 3, sharex=True, sharey=True).ravel()
        for axes, (title, (series, layer, text)) in zip(panels, TELLTALES.items(), strict=True):
            history = runs[title]
            seen = history.record[series][:, layer]
            colour = BLUE if title == "as it should be" else ORANGE
            axes.axhline(np.log(10), color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
            axes.plot(history.epoch, history.cost, color=colour)
            axes.set_title(title, fontsize=10.5)
            axes.set(ylim=(0, 4.4), xlim=(1, 20), xticks=(1, 10, 20), yticks=(0, 1, 2, 3, 4))
            said = text.format(seen[0], seen[-1])
            axes.text(19, 0.8, said, color=INK, fontsize=9.5, ha="right", va="center")
            if history.cost.min() > axes.get_ylim()[1]:
                above = f"above: {history.cost[0]:.0f} to {history.cost[-1]:.0f}"
                axes.text(10.5, 3.6, above, color=ORANGE, ha="center", fontsize=9.5)
        panels[0].text(19, 2.42, "guessing: log 10", color=SOFT, fontsize=8.5, ha="right")
        for axes in panels[-3:]:
            axes.set_xlabel("epoch")
        for axes in panels[::3]:
            axes.set_ylabel("cost")
        under = "The cost of a small network on the digits, and what its first layer shows."
        headline(figure, "One symptom, eight causes", under)
    return figure


# ------------------------------------------------------------------------------- the tables' names


def draw_activations() -> Any:
    """Every elementwise activation, with its slope."""
    z = np.linspace(-4, 4, 401)[:, None]
    shown = [a for a in ACTIVATIONS.values() if a.elementwise]
    with house_style():
        figure = new_figure(9.0, 4.4)
        for axes, activation in zip(figure.subplots(2, 5, sharex=True).ravel(), shown, strict=True):
            a = activation.value(z.copy())
            axes.axhline(0, color=SOFT, linewidth=0.8)
            axes.axvline(0, color=SOFT, linewidth=0.8)
            axes.plot(z, activation.slope(z, a), color=ORANGE, linestyle=(0, (3, 2)), linewidth=1.6)
            axes.plot(z, a, color=BLUE)
            axes.set_title(activation.name, fontsize=10.5)
            axes.set(ylim=(-2.1, 3.1), xlim=(-4, 4), xticks=(-4, 0, 4), yticks=(-2, -1, 0, 1, 2, 3))
        headline(figure, "Activations", "Blue: the function. Orange, dashed: its slope.")
    return figure


def draw_schedules() -> Any:
    """Every schedule that does not depend on how training goes."""
    names = [name for name in SCHEDULES if name != "reduce_on_plateau"]
    options: dict[str, dict[str, Any]] = {
        "warm_up": {"fraction": 0.1, "then": "cosine"},
        "inverse_scaling": {"delay": 50.0},
    }
    steps = 1000
    with house_style():
        figure = new_figure(9.0, 3.9)
        panels = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
        for axes, name in zip(panels, names, strict=True):
            schedule = get_schedule(name, **options.get(name, {}))
            axes.plot(np.arange(steps) / steps, schedule.rates(0, steps, steps, 1.0), color=BLUE)
            said = "\n".join(f"{k}={v!r}" for k, v in options.get(name, {}).items())
            axes.text(0.97, 0.95, said, color=SOFT, fontsize=9, ha="right", va="top")
            axes.set_title(name, fontsize=10.5)
            axes.set(ylim=(0, 1.08), xlim=(0, 1), yticks=(0, 0.5, 1))
        for axes in panels[3:]:
            axes.set_xlabel("share of the run")
        headline(figure, "Schedules", "The learning rate as a share of the base rate.")
    return figure


# ------------------------------------------------------------------------------------ augmentation


def draw_augmentation() -> Any:
    """Some digits, and variants of them by the settings of the augmented recipe for digits."""
    from unstuck.app.recipes import AUGMENTED, DIGITS

    digits = load("digits")
    settings = DIGITS[AUGMENTED].options()["augment"]
    vary = ImageAugmentation((8, 8), **settings)
    X = digits.X_train[[int(np.flatnonzero(digits.y_train == k)[0]) for k in (2, 3, 4, 5)]]
    rng = np.random.default_rng(1)
    columns = [X]
    for _ in range(7):
        columns.append(np.empty_like(X))
        vary(X, columns[-1], rng)
    with house_style():
        figure = new_figure(9.0, 4.9)
        grid = figure.subplots(4, 9, width_ratios=(1, 0.3, *[1] * 7))
        for axes in grid.ravel():
            bare(axes)
        for column, images in zip((0, *range(2, 9)), columns, strict=True):
            for axes, image in zip(grid[:, column], images, strict=True):
                axes.imshow(image.reshape(8, 8), cmap="gray_r", interpolation="nearest", vmax=16)
        grid[0, 0].set_title("as it is", loc="center", fontsize=10.5, color=INK)
        grid[0, 2].set_title("variants", loc="center", fontsize=10.5, color=BLUE)
        said = ", ".join(f"{k} {v:g}" for k, v in settings.items())
        headline(figure, "In every epoch another variant", said)
    return figure


# --------------------------------------------------------------------------------- initial weights


@cache
def weights_asked() -> tuple[Network, Any]:
    """Ten sigmoid layers that begin with positive weights, as the page has it; and the advice."""

    def positive(rng: Any, fan_in: int, fan_out: int, dtype: Any) -> Any:
        return rng.random((fan_in, fan_out)) * np.sqrt(1 / fan_in)

    digits = load("digits")
    scaling = InputScaling.fit(digits.X_train, "unit")
    network = Network.mlp(
        [64, *[64] * 10, 10], "sigmoid", initializer=positive, scaling=scaling, random_state=0
    )
    advice = advise(network, digits.X_train, digits.y_train, learning_rate=1e-3, steps=1260)
    return network, advice


def draw_weights_signals() -> Any:
    """Signal and gradient in every layer."""
    return weights_asked()[1].plot(picture="signals")


def draw_weights_race() -> Any:
    """The short trainings."""
    return weights_asked()[1].plot(picture="race")


def draw_weights_activations() -> Any:
    """What the hidden layers give."""
    network, advice = weights_asked()
    return advice.plot(picture="activations", network=network)


DRAWN: dict[str, Callable[[], Any]] = {
    "first-run.png": draw_first_run,
    "mistakes.png": draw_mistakes,
    "stuck.png": draw_stuck,
    "activations.png": draw_activations,
    "schedules.png": draw_schedules,
    "augmentation.png": draw_augmentation,
    "weights-signals.png": draw_weights_signals,
    "weights-race.png": draw_weights_race,
    "weights-activations.png": draw_weights_activations,
}
"""Every picture: a figure, or the file that a run drew."""


def main(names: list[str]) -> None:
    """Draw the named pictures, or all."""
    PICTURES.mkdir(exist_ok=True)
    for name in names or DRAWN:
        drawn = DRAWN[name]()
        if isinstance(drawn, Path):
            (PICTURES / name).write_bytes(drawn.read_bytes())
        else:
            save_figure(drawn, PICTURES / name)
        print(PICTURES / name)


if __name__ == "__main__":
    main(sys.argv[1:])
