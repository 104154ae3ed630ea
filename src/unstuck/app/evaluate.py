"""`unstuck evaluate RUN DATA`: how good a trained network is on data that it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from unstuck.app.options import SectionedCommand
from unstuck.app.screen import Screen

if TYPE_CHECKING:
    from unstuck.app.outcome import Judged
    from unstuck.core.network import Network

HELP = """Score a trained network on other data.

RUN is a run folder or a .safetensors file. DATA is a file with targets, or digits, mnist,
fashion-mnist, of which the test part is taken.
"""


def run_evaluate(
    run: str, data: str, target: str | None, data_dir: str | None, *, as_json: bool
) -> None:
    """Run the command."""
    from unstuck.app.models import load_model
    from unstuck.show.tables import error_text, facts, important, number, per_class_table

    network = load_model(run)
    judged = judge_file(network, data, target, data_dir)
    results: dict[str, Any] = {"task": network.task, "samples": len(judged.y)}
    kind = "r2" if judged.class_names is None else "accuracy"
    results |= {kind: judged.score, "cost": judged.cost}
    if judged.class_names is None:
        results |= judged.errors()
    else:
        results["per_class"] = judged.per_class()
    screen = Screen(as_json=as_json)
    screen.json(results)
    rows: list[tuple[str, Any]] = [("data", data), ("samples", f"{len(judged.y):,}")]
    if judged.class_names is None:
        rows += [("R2", f"{judged.score:.4f}")]
        rows += [("error", error_text(results["rmse"], results["mae"]))]
    else:
        screen.show(per_class_table(results["per_class"], "given"))
        rows += [("accuracy", important(f"{judged.score:.2%}"))]
    rows += [("cost", number(judged.cost))]
    screen.show(facts(rows))


def judge_file(network: Network, data: str, target: str | None, data_dir: str | None) -> Judged:
    """Read labelled samples for a network and judge it on them."""
    from unstuck.app.outcome import look_at
    from unstuck.base.errors import InvalidInputError
    from unstuck.data.load import load_samples
    from unstuck.data.targets import encode_labels, encode_values

    task = "regression" if network.class_names is None else "classification"
    raw = load_samples(data, network.n_features, data_dir=data_dir, target=target, task=task)
    if raw.y is None:
        raise InvalidInputError(
            f"{data} holds no target to compare with. Name it with --target, or use "
            "`unstuck predict`."
        )
    if network.class_names is None:
        y = encode_values(raw.y)
    else:
        y = encode_labels(raw.y, network.class_names)[0]
    return look_at(network, raw.X, y, data, raw.image_shape)


evaluate = SectionedCommand(
    "evaluate",
    params=[
        click.Argument(["run"], metavar="RUN"),
        click.Argument(["data"], metavar="DATA"),
        click.Option(["--target"], metavar="COLUMN", help="Column, array or file of the target."),
        click.Option(["--data-dir"], metavar="DIR", help="Folder with the IDX files of mnist."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object."),
    ],
    callback=run_evaluate,
    help=HELP,
)
