"""The pictures of a run folder: one table of names, each with when and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstuck.app.outcome import Outcome
from unstuck.show.confusion import confusion_figure
from unstuck.show.curves import history_figure
from unstuck.show.images import mistakes_figure
from unstuck.show.layers import record_figure
from unstuck.show.plots import network_figure
from unstuck.show.style import save_figure
from unstuck.show.values import values_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CLASSES = 200  # more classes, and a confusion matrix is a grey square


def curves(outcome: Outcome) -> Figure | None:
    """Cost and accuracy, epoch by epoch."""
    regression = outcome.data.task == "regression"
    judged = outcome.judged
    score = judged.score if judged.part == "test" else None
    title = ""
    if score is not None:
        said = f"R² {score:.3f} on" if regression else f"{score:.1%} right on"
        title = f"{outcome.data.name}: {said} the test data"
    return history_figure(outcome.history, title=title, test_score=score, regression=regression)


def confusion(outcome: Outcome) -> Figure | None:
    """Which class was taken for which."""
    names = outcome.judged.class_names
    if names is None or len(names) > MOST_CLASSES:
        return None
    return confusion_figure(outcome.judged.confusion, names, part=outcome.judged.part)


def mistakes(outcome: Outcome) -> Figure | None:
    """The mistakes that the network was surest of."""
    judged = outcome.judged
    if judged.class_names is None:
        return None
    return mistakes_figure(
        judged.X,
        judged.y,
        judged.outputs,
        judged.decisions,
        judged.class_names,
        judged.image_shape,
        part=judged.part,
    )


def weights(outcome: Outcome) -> Figure | None:
    """The first layer as images."""
    return None if outcome.network.image_shape is None else network_figure(outcome.network)


def layers(outcome: Outcome) -> Figure | None:
    """Spread of outputs and gradients, layer by layer."""
    record = outcome.history.record
    return None if record is None or not len(record) else record_figure(record)


def predictions(outcome: Outcome) -> Figure | None:
    """Predicted beside true values."""
    judged = outcome.judged
    if judged.class_names is not None:
        return None
    return values_figure(judged.y, judged.outputs, judged.score, part=judged.part)


PICTURES: dict[str, Callable[[Outcome], Any]] = {
    "curves.png": curves,
    "confusion.png": confusion,
    "mistakes.png": mistakes,
    "predictions.png": predictions,
    "weights.png": weights,
    "layers.png": layers,
}
"""Every picture, by the name of its file; None where it does not apply."""


def draw_pictures(outcome: Outcome, folder: Path) -> list[Path]:
    """Draw what applies; returns the files."""
    drawn = []
    for name, draw in PICTURES.items():
        figure = draw(outcome)
        if figure is not None:
            save_figure(figure, folder / name)
            drawn.append(folder / name)
    return drawn
