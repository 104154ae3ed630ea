"""`unstuck predict RUN FILE`: one line a sample, ready for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import click

from unstuck.app.options import SectionedCommand
from unstuck.base.files import atomic_write

if TYPE_CHECKING:
    from unstuck.base.arrays import AnyArray
    from unstuck.core.network import Network

HELP = """Predict the samples in a file with a trained network.

Prints CSV: the class and how sure the network is of it, or the values. A target that the file
holds is left out when it is named, or when there is one column more than the network has inputs.
"""


def run_predict(
    run: str,
    file: str,
    target: str | None,
    out: str | None,
    *,
    proba: bool,
    as_json: bool,
) -> None:
    """Run the command."""
    from unstuck.app.models import load_model
    from unstuck.data.load import load_samples

    network = load_model(run)
    task = "regression" if network.class_names is None else "classification"
    raw = load_samples(file, network.n_features, target=target, task=task)
    rows = predictions(network, raw.X, proba=proba)
    text = as_objects(rows) if as_json else as_csv(rows)
    if out is None:
        click.echo(text, nl=False)
        return
    with atomic_write(out) as stream:
        stream.write(text.encode())


def predictions(network: Network, X: AnyArray, *, proba: bool) -> list[dict[str, Any]]:
    """One dict a sample: ``prediction``, and for classes ``confidence``."""
    from unstuck.core.judge import decide
    from unstuck.show.images import certainty
    from unstuck.training.evaluate import ROWS

    found: list[dict[str, Any]] = []
    names = network.class_names
    sureness = "confidence" if network.fused else "output"  # a probability, or not
    for start in range(0, len(X), ROWS):
        outputs = network.forward(X[start : start + ROWS])
        if names is None:
            found += [_values(row.tolist()) for row in outputs]
            continue
        said = decide(outputs, network.output_activation, "classification")
        for row, k, sure in zip(outputs, said, certainty(outputs, said), strict=True):
            entry: dict[str, Any] = {"prediction": names[k], sureness: round(float(sure), 6)}
            if proba:
                entry |= dict(zip(names, (round(float(p), 6) for p in row), strict=False))
            found.append(entry)
    return found


def _values(values: list[float]) -> dict[str, Any]:
    if len(values) == 1:
        return {"prediction": values[0]}
    return {f"prediction_{k}": value for k, value in enumerate(values)}


def as_csv(rows: list[dict[str, Any]]) -> str:
    """A header and one line a sample."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_objects(rows: list[dict[str, Any]]) -> str:
    """One JSON array of objects."""
    return json.dumps(rows) + "\n"


predict = SectionedCommand(
    "predict",
    params=[
        click.Argument(["run"], metavar="RUN"),
        click.Argument(["file"], metavar="FILE"),
        click.Option(["--target"], metavar="COLUMN", help="A target in the file, to leave out."),
        click.Option(["--proba"], is_flag=True, help="Also the probability of every class."),
        click.Option(["--out", "-o"], metavar="FILE", help="Write to a file."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print JSON instead of CSV."),
    ],
    callback=run_predict,
    help=HELP,
)
