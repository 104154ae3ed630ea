"""Cost and accuracy as they went: epoch by epoch, or update by update where epochs are few."""

from __future__ import annotations

from typing import Any

import numpy as np

from unstuck.record.run_record import RunRecord
from unstuck.show.report.contents import Contents, Section
from unstuck.show.report.numbers import percent, rounded, short, thinned
from unstuck.show.report.sections.diagnosis import runs_data
from unstuck.training.history import History

FEW_EPOCHS = 5  # fewer points than this make no curve
MOST_POINTS = 4000  # of one curve; more are one pixel each
ROWS = 12  # of the table


def section(contents: Contents) -> Section | None:
    """None where nothing was recorded."""
    history, record = contents.history, contents.record
    data = None
    if history is not None and len(history) >= FEW_EPOCHS:
        data = by_epoch(history, regression=contents.regression)
    elif (runs := of_diagnosis(contents)) is not None:
        data = runs
    elif record is not None and len(record) > 1 and "cost" in record.series:
        data = by_update(record)
    elif history is not None and len(history):
        data = by_epoch(history, regression=contents.regression)
    if data is None:
        return None
    context = {
        "note": _note(contents, data),
        "table": None if history is None else table(history, regression=contents.regression),
    }
    return Section("curves", "How training went", context, data)


def of_diagnosis(contents: Contents) -> dict[str, Any] | None:
    """A program's run as it is and with the repair, as the doctor sampled them."""
    return None if contents.diagnosis is None else runs_data(contents.diagnosis.exhibits)


def by_epoch(history: History, *, regression: bool) -> dict[str, Any]:
    """Cost and accuracy (or R2 on the validation data); without one, the learning rate."""
    kept = thinned(len(history), MOST_POINTS)
    marks = []
    if history.best_epoch is not None:
        marks = [{"x": int(history.best_epoch), "text": "best on validation: weights kept"}]
    cost = _series(history, kept, {"training": "cost", "validation": "validation_cost"})
    panels = [_panel("Cost", cost, marks, log=True)]
    columns = {"training": "accuracy", "validation": "validation_score"}
    if score := _series(history, kept, columns):
        panels.append(
            _panel("R²" if regression else "Accuracy", score, marks, percent=not regression)
        )
    rates = history.learning_rate[np.isfinite(history.learning_rate)]
    if len(panels) == 1 and len(rates) and np.ptp(rates) > 0.0:  # there is room for it
        rate = _series(history, kept, {"learning rate": "learning_rate"})
        panels.append(_panel("Learning rate", rate, []))
    return {"x": {"name": "epoch", "values": rounded(history.epoch[kept])}, "panels": panels}


def by_update(record: RunRecord) -> dict[str, Any]:
    """The cost as it was observed between updates, on the samples that were watched."""
    series = [{"name": "cost", "values": rounded(record["cost"])}]
    return {
        "x": {"name": "update", "values": rounded(record["step"])},
        "panels": [_panel("Cost", series, [], log=True)],
    }


def _series(history: History, kept: Any, columns: dict[str, str]) -> list[dict[str, Any]]:
    """The columns of which anything is known."""
    return [
        {"name": name, "values": rounded(history[column][kept])}
        for name, column in columns.items()
        if np.isfinite(history[column]).any()
    ]


def _panel(
    title: str,
    series: list[dict[str, Any]],
    marks: Any,
    *,
    log: bool = False,
    percent: bool = False,
) -> dict[str, Any]:
    return {"title": title, "percent": percent, "log": log, "series": series, "marks": marks}


def _note(contents: Contents, data: dict[str, Any]) -> str:
    history, record = contents.history, contents.record
    if data["x"]["name"] == "epoch":
        kept = len(data["x"]["values"])
        n = 0 if history is None else len(history)
        thin = f" {kept:,} of the {n:,} epochs are drawn." if kept < n else ""
        return "Training numbers are taken while the network learns, epoch by epoch." + thin
    if of_diagnosis(contents) is not None:
        return (
            "Its outputs against its labels, as the doctor sampled them over the whole run, "
            "whatever the program itself prints."
        )
    if record is None or record.producer != "trainer":
        return "The cost as the program computed it, update by update."
    return (
        "So few epochs make no curve: this is the cost on a handful of training samples that were "
        "watched between updates."
    )


def table(history: History, *, regression: bool) -> dict[str, Any]:
    """Some epochs as numbers, for those who read rather than look."""
    shown = percent if not regression else short
    columns = {
        "epoch": ("epoch", short),
        "cost": ("cost", short),
        "accuracy": ("accuracy", percent),
        "validation_cost": ("validation cost", short),
        "validation_score": ("validation R²" if regression else "validation accuracy", shown),
        "learning_rate": ("learning rate", short),
        "seconds": ("seconds", short),
    }
    known = {k: v for k, v in columns.items() if np.isfinite(history[k]).any()}
    rows = [
        [text(float(history[name][i])) for name, (_, text) in known.items()]
        for i in thinned(len(history), ROWS)
    ]
    return {"names": [name for name, _ in known.values()], "rows": rows}
