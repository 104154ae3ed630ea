"""Results as tables of at most 80 columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from unstuck.show.progress import seconds_text
from unstuck.show.values import amount

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

WEAK = {0.9: "red", 0.95: "yellow"}  # shares below these stand out
LONGEST_NAME = 40  # columns; longer ones end in an ellipsis
MOST_CLASSES = 40  # rows; of more classes the worst are shown


def facts(rows: Sequence[tuple[str, str | Text]]) -> Table:
    """Two columns: what, and how much. A str is shown as it is, brackets and all."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for what, value in rows:
        table.add_row(Text(what), Text(value) if isinstance(value, str) else value)
    return table


def score_rows(results: Mapping[str, Any]) -> list[tuple[str, str | Text]]:
    """Scores, cost, times of a training as rows for `facts`."""
    regression = results["task"] == "regression"
    kind, label = ("r2", "R2") if regression else ("accuracy", "accuracy")
    rows: list[tuple[str, str | Text]] = []
    for part in ("test", "validation", "train"):
        score = results.get(f"{part}_{kind}")
        if score is not None:
            shown = f"{score:.4f}" if regression else f"{score:.2%}"
            name = f"{'training' if part == 'train' else part} {label}"
            rows.append((name, important(shown) if part == "test" else shown))
    rows += [
        (f"{part} error", error_text(results[f"{part}_rmse"], results[f"{part}_mae"]))
        for part in ("test", "validation", "training")
        if results.get(f"{part}_rmse") is not None
    ]
    cost = number(results.get("cost"))
    if results.get("penalty"):
        cost += f" + {number(results['penalty'])} penalty"
    if results.get("targets_standardised"):
        cost += " (of standardised values)"
    rows.append(("cost", cost))
    rows.append(("time", time_text(results)))
    return rows


def important(text: str) -> Text:
    """The number that everybody looks for."""
    from rich.text import Text

    return Text(text, style="bold green")


def error_text(rmse: float, mae: float) -> str:
    """How far off the values are."""
    return f"{amount(rmse)} (root mean square), {amount(mae)} (mean absolute)"


def time_text(results: Mapping[str, Any]) -> str:
    """How long, for how many epochs, by which engine."""
    epochs, threads = results["epochs"], results["threads"]
    text = f"{seconds_text(results['train_seconds'])} for {epochs} epoch{'s' * (epochs != 1)}, "
    text += f"{results['iterations']:,} updates; {results['engine']} engine"
    return text + (f", {threads} threads" if threads and threads > 1 else "")


def number(value: float | None) -> str:
    """A cost to four digits; a dash where there is none."""
    return "-" if value is None or math.isnan(value) else f"{value:.4g}"


def per_class_table(rows: Sequence[Mapping[str, Any]], part: str) -> Table:
    """Precision and recall of every class; the weakest stand out."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = list(rows)
    title = f"Class by class ({part} data)"
    if len(shown) > MOST_CLASSES:
        shown = sorted(shown, key=_worth)[:MOST_CLASSES]
        title = f"The {MOST_CLASSES} weakest of {len(rows)} classes ({part} data)"
    table = Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False
    )
    table.add_column("class", no_wrap=True, max_width=LONGEST_NAME)
    for name in ("precision", "recall", "samples"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in shown:
        table.add_row(
            Text(row["class"]),
            share(row["precision"]),
            share(row["recall"]),
            f"{row['samples']:,}",
        )
    return table


def share(value: float | None) -> Text:
    """A share in percent, coloured when it is low."""
    from rich.text import Text

    if value is None:
        return Text("-")
    style = next((name for limit, name in WEAK.items() if value < limit), "")
    return Text(f"{value:.1%}", style=style)


def _worth(row: Mapping[str, Any]) -> float:
    return min(row["precision"] or 0.0, row["recall"] or 0.0)
