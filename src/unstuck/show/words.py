"""Sentences that the terminal and the notebook say alike."""

from __future__ import annotations

from unstuck.training.history import History


def ending(history: History) -> str:
    """How and when training ended."""
    n = len(history)
    said = f"{n} epoch{'s' * (n != 1)}, {history.iterations[-1]:,.0f} updates"
    if history.stopped:
        said += f", {history.stopped}"
    if history.best_epoch is not None:
        said += f"; the weights of epoch {history.best_epoch} were kept"
    return said + "."
