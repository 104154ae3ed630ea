"""What networks, histories, records, diagnoses and advice look like as text, HTML, or growing.

These are the functions that lower floors reach through `unstuck.base.display`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network
from unstuck.doctor.diagnosis import Diagnosis
from unstuck.record.run_record import RunRecord
from unstuck.show.braille import curve
from unstuck.show.diagnosis.notebook import notebook_html
from unstuck.show.diagnosis.page import diagnosis_text
from unstuck.show.diagnosis.progress import Trying
from unstuck.show.layers import silent
from unstuck.show.notebook.history import history_html
from unstuck.show.notebook.network import network_html
from unstuck.show.notebook.progress import (
    NotebookCounting,
    NotebookTrying,
    NotebookWatch,
    in_notebook,
)
from unstuck.show.notebook.record import record_html
from unstuck.show.notebook.weights import advice_html
from unstuck.show.progress import Counting, Watch
from unstuck.show.weights import advice_text
from unstuck.show.words import ending
from unstuck.training.history import History
from unstuck.weights.advice import WeightAdvice

if TYPE_CHECKING:
    from rich.console import Console

COLUMNS = 80


def text(thing: Any) -> str:
    """A Network, History, RunRecord, Diagnosis or WeightAdvice as text of at most 80 columns.

    Raises InvalidInputError for anything else.

    >>> print(text(Network.mlp([2, 3], random_state=0)))
    layer    output shape  parameters              count
    ----------------------------------------------------
    input    (n, 2)
    dense    (n, 3)        W1 (2, 3)  b1 (3,)          9
    softmax  (n, 3)
    9 parameters, float64; loss: cross_entropy
    """
    for kind, write in TEXTS.items():
        if isinstance(thing, kind):
            return write(thing)
    raise InvalidInputError(
        f"a {type(thing).__name__} has no text; allowed: "
        f"{', '.join(kind.__name__ for kind in TEXTS)}."
    )


def html(thing: Any) -> str:
    """The same for a notebook: tables and pictures, everything that is not ours escaped."""
    for kind, draw in HTMLS.items():
        if isinstance(thing, kind):
            return draw(thing)
    raise InvalidInputError(
        f"a {type(thing).__name__} has no HTML; allowed: "
        f"{', '.join(kind.__name__ for kind in HTMLS)}."
    )


def progress(*, stderr: bool = True) -> Watch:
    """A callback that shows training: a bar in a notebook or a terminal, plain lines elsewhere."""
    if in_notebook():
        return NotebookWatch()
    return Watch(_console(stderr=stderr))


def counting() -> AbstractContextManager[Callable[[int, int, str], None]]:
    """What shows how far a race is: ``progress`` of `unstuck.advise`."""
    return NotebookCounting() if in_notebook() else Counting(_console())


def trying(budget: float) -> AbstractContextManager[Callable[[str], None]]:
    """What shows what the doctor is trying: ``say`` of `unstuck.diagnose`."""
    return NotebookTrying(budget) if in_notebook() else Trying(_console(), budget)


def _console(*, stderr: bool = True) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, force_jupyter=False)


# ---------------------------------------------------------------------------------- the texts


def network_text(network: Network) -> str:
    """The table of layers."""
    return str(network.summary())


def history_text(history: History) -> str:
    """Curves of cost and accuracy, and where they ended."""
    if not len(history):
        return "No epoch was finished."
    lines = _curve("Cost", history, "cost", "validation_cost")
    if np.isfinite(history.accuracy).any():
        lines += ["", *_curve("Accuracy", history, "accuracy", "validation_score", percent=True)]
    elif np.isfinite(history.validation_score).any():
        lines += ["", *_curve("R2", history, "validation_score")]
    lines += ["", ending(history)]
    return "\n".join(lines)


def _curve(title: str, history: History, *columns: str, percent: bool = False) -> list[str]:
    series: list[tuple[AnyArray, AnyArray]] = []
    shown: list[str] = []
    for column in columns:
        values = history[column]
        if np.isfinite(values).any():
            part = "validation" if column.startswith("validation") else "training"
            name = f"{'dotted' if series else 'solid'}: {part}"
            series.append((history.epoch, values))
            last = values[np.isfinite(values)][-1]
            shown.append(f"{name} {last:.2%}" if percent else f"{name} {last:.4g}")
    drawn = curve(series, width=COLUMNS - 10, height=9, percent=percent)
    first, last_epoch = f"{history.epoch[0]:.0f}", f"{history.epoch[-1]:.0f}"
    axis = f"{'epoch':>8}  {first}{last_epoch:>{COLUMNS - 10 - len(first)}}"
    return [f"{title}   {'   '.join(shown)}", *drawn, axis]


def record_text(record: RunRecord) -> str:
    """Layer by layer at the first and the last observation."""
    if not len(record):
        return "Nothing was observed."
    share = silent(record)
    head = f"{'layer':<18}{'outputs':>16}{'gradient':>18}{'update':>10}{'silent':>14}"
    under = f"{'':<18}{'spread':>16}{'rms':>18}{'ratio':>10}{'share':>14}"
    lines = [head, under, "-" * len(head)]
    for k, layer in enumerate(record.layers):
        name = f"{layer.name} {layer.activation}"
        spread = _change(record["activation_std"][:, k])
        gradient = _change(record["gradient_std"][:, k])
        ratios = record["update_ratio"][:, k]
        ratios = ratios[np.isfinite(ratios)]  # the last look is followed by no update
        ratio = f"{ratios[-1]:.1e}" if len(ratios) else "-"
        lines.append(
            f"{name[:18]:<18}{spread:>16}{gradient:>18}{ratio:>10}"
            f"{_change(share[:, k], percent=True):>14}"
        )
    first, last = record["step"][0], record["step"][-1]
    lines.append(f"From update {first:,} to update {last:,}, {len(record)} observations.")
    return "\n".join(lines)


def _change(values: Any, *, percent: bool = False) -> str:
    first, last = float(values[0]), float(values[-1])
    if math.isnan(last):
        return "-"
    if percent:
        return f"{first:.0%} → {last:.0%}"
    return f"{first:.2g} → {last:.2g}"


TEXTS: dict[type[Any], Callable[[Any], str]] = {
    Network: network_text,
    History: history_text,
    RunRecord: record_text,
    Diagnosis: diagnosis_text,
    WeightAdvice: advice_text,
}
"""Every type that has a text."""

HTMLS: dict[type[Any], Callable[[Any], str]] = {
    Network: network_html,
    History: history_html,
    RunRecord: record_html,
    Diagnosis: notebook_html,
    WeightAdvice: advice_html,
}
"""The same for notebooks: tables and pictures."""
