"""What may watch a training run as it goes: a callback sees its state and may ask it to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from unstuck.base.errors import InvalidInputError

if TYPE_CHECKING:
    from unstuck.training.loop import Loop


class Callback:
    """Does nothing; override what you need.

    ``loop`` is the running `unstuck.training.loop.Loop`: ``loop.network``, ``loop.history``,
    ``loop.epoch``, ``loop.step``, ``loop.total_steps``, ``loop.running_cost``,
    ``loop.running_accuracy``, and ``loop.stop(reason)``.

    Examples
    --------
    >>> class StopAtOnePerMille(Callback):
    ...     def on_epoch(self, loop, row):
    ...         if row["cost"] < 1e-3:
    ...             loop.stop("cost under 0.001")
    """

    def on_start(self, loop: Loop) -> None:
        """Before the first update."""

    def on_chunk(self, loop: Loop) -> None:
        """After some updates, some twenty times a second."""

    def on_epoch(self, loop: Loop, row: Mapping[str, float]) -> None:
        """After every epoch, with its row of the history."""

    def on_end(self, loop: Loop) -> None:
        """After the last update, however training ended."""


class EachEpoch(Callback):
    """A plain function of the epoch's row as a callback."""

    def __init__(self, function: Callable[[Mapping[str, float]], object]) -> None:
        self.function = function

    def on_epoch(self, loop: Loop, row: Mapping[str, float]) -> None:
        """Call the function; True stops training."""
        if self.function(row) is True:
            loop.stop("stopped by a callback")


def as_callbacks(callbacks: Iterable[object]) -> tuple[Callback, ...]:
    """Callbacks, and functions of a row wrapped as such."""
    found = []
    for item in callbacks:
        if isinstance(item, Callback):
            found.append(item)
        elif callable(item):
            found.append(EachEpoch(item))
        else:
            raise InvalidInputError(
                f"a callback is {item!r}; allowed: an unstuck.training.callbacks.Callback, or a "
                "function that takes the epoch's row."
            )
    return tuple(found)
