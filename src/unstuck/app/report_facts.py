"""The numbers below the outcome of a run: scores, the network, how it was trained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from unstuck.show.progress import seconds_text
from unstuck.show.report.numbers import percent, short
from unstuck.training.history import History

MOST_WIDTHS = 6  # of hidden layers; more are written in short


def entries(description: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What run.json holds under a name; nothing where that is no table of names and values.

    >>> entries({"data": {"name": "digits"}, "options": 7}, "options")
    {}
    """
    found = description.get(name)
    return dict(found) if isinstance(found, Mapping) else {}


def facts(
    description: Mapping[str, Any], results: Mapping[str, Any], history: History | None
) -> tuple[tuple[str, str], ...]:
    """The numbers below the sentence."""
    options, data = entries(description, "options"), entries(description, "data")
    rows: list[tuple[str, str]] = []
    regression = results.get("task", data.get("task")) == "regression"
    kind, name = ("r2", "R²") if regression else ("accuracy", "accuracy")
    for part in ("test", "validation", "training"):
        score = score_on(part, results, kind)
        if score is not None:
            rows.append((f"{part} {name}", f"{score:.3f}" if regression else percent(score)))
    if (cost := number_of(results, "cost")) is not None:
        rows.append(("training cost", short(cost)))
    rows += [("network", text) for text in [network_text(history, options)] if text]
    if parameters := number_of(results, "parameters"):
        rows.append(("parameters", f"{parameters:,.0f}"))
    if options.get("optimizer"):
        rate = number_of(options, "learning_rate")
        rows.append(("optimiser", f"{options['optimizer']}" + (f", rate {rate:g}" if rate else "")))
        rows.append(("batch", str(options.get("batch_size", ""))))
    if (seconds := number_of(results, "train_seconds")) is not None:
        n, updates = number_of(results, "epochs") or 0, number_of(results, "iterations") or 0
        when = f"{n:,.0f} epoch{'s' * (n != 1)}, {updates:,.0f} updates"
        rows.append(("training", f"{seconds_text(seconds)}, {when}"))
    return tuple(rows)


def network_text(history: History | None, options: Mapping[str, Any]) -> str:
    """Widths and activations; long networks in short, nothing where no layer was watched."""
    layers = () if history is None or history.record is None else history.record.layers
    if not layers:
        return ""
    hidden = [layer.fan_out for layer in layers[:-1]]
    middle = [str(width) for width in hidden]
    if len(hidden) > MOST_WIDTHS and len(set(hidden)) == 1:
        middle = [f"{len(hidden)} x {hidden[0]}"]
    elif len(hidden) > MOST_WIDTHS:
        middle = [*middle[:3], f"... ({len(hidden)} hidden layers)", *middle[-2:]]
    text = " - ".join([str(layers[0].fan_in), *middle, str(layers[-1].fan_out)])
    kinds = [str(options[k]) for k in ("activation", "output") if options.get(k)]
    return f"{text} ({', '.join(kinds)})" if kinds else text


def score_on(part: str, results: Mapping[str, Any], kind: str) -> float | None:
    """The score on a part; None where it is not known or not a number."""
    return number_of(results, f"{'train' if part == 'training' else part}_{kind}")


def number_of(values: Mapping[str, Any], name: str) -> float | None:
    """A finite number under a name; None for anything else that may stand there.

    >>> number_of({"cost": 0.5}, "cost"), number_of({"cost": "low"}, "cost")
    (0.5, None)
    """
    found = values.get(name)
    return float(found) if isinstance(found, int | float) and math.isfinite(found) else None
