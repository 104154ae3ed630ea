"""Which picture suits which object: one table, reached by ``.plot()`` and by the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network
from unstuck.record.run_record import RunRecord
from unstuck.show.curves import history_figure
from unstuck.show.images import weights_figure
from unstuck.show.layers import record_figure
from unstuck.show.style import save_figure
from unstuck.show.weights_plots import advice_figure
from unstuck.training.history import History
from unstuck.weights.advice import WeightAdvice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["network_figure", "plot", "save_figure"]


def plot(thing: Any, **options: Any) -> Figure:
    """Draw an object of unstuck: a History, a RunRecord, a Network or a WeightAdvice.

    Options: for a History ``title``, ``test_score``, ``regression``; for a Network ``title`` and
    ``image_shape``; for a WeightAdvice ``picture`` (``"signals"``, ``"race"``, ``"activations"``)
    and ``network``, the one that was asked about, for the last of them.

    Returns
    -------
    matplotlib.figure.Figure
        Drawn, not shown; ``figure.savefig("name.png")`` keeps it.

    Raises
    ------
    InvalidInputError
        When there is no picture for such an object.

    Examples
    --------
    >>> history = History()
    >>> history.append({"epoch": 1, "cost": 2.3, "accuracy": 0.1, "iterations": 10})
    >>> [axes.get_title(loc="left") for axes in plot(history).axes]
    ['Cost', 'Accuracy']
    """
    for kind, draw in PICTURES.items():
        if isinstance(thing, kind):
            figure: Figure = draw(thing, **options)
            return figure
    raise InvalidInputError(
        f"there is no picture of a {type(thing).__name__}; allowed: "
        f"{', '.join(kind.__name__ for kind in PICTURES)}."
    )


def network_figure(
    network: Network, *, title: str = "", image_shape: tuple[int, int] | None = None
) -> Figure:
    """The first layer's weights as images; raises InvalidInputError where inputs are no images."""
    shape = image_shape or network.image_shape
    if shape is None or shape[0] * shape[1] != network.n_features:
        raise InvalidInputError(
            f"the first layer's weights are drawn as images, but {network.n_features} features "
            f"have no image shape (got {shape}). Give image_shape=(height, width)."
        )
    return weights_figure(network["W1"], shape, title=title)


PICTURES: dict[type[Any], Callable[..., Any]] = {
    History: history_figure,
    RunRecord: record_figure,
    Network: network_figure,
    WeightAdvice: advice_figure,
}
"""Every type that can be drawn."""
