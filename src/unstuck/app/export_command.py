"""`unstuck export RUN --to numpy`: the network as a program that needs NumPy alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from unstuck.app.options import Name, SectionedCommand

if TYPE_CHECKING:
    from unstuck.core.network import Network
    from unstuck.training.runs import Run

FORMATS = ("numpy",)
PREDICT, TRAIN = "predict.py", "train.py"
OUT_HELP = f"The program, NAME.py; default: {PREDICT} or {TRAIN} in the run folder."
HELP = """Write a network out as one plain NumPy program, which runs without unstuck.

The program predicts with what was learned (its weights lie beside it in an .npz file); with
--training it trains the same network from the beginning, as a person would write it by hand.
RUN is a run folder, or, without --training, a .safetensors file.
"""


def run_export(run: str, to: str, out: str | None, *, training: bool) -> None:
    """Run the command."""
    from unstuck.app.export import export as write

    found = _load(run, training=training)
    path = Path(out) if out is not None else _beside(run) / (TRAIN if training else PREDICT)
    for written in write(found, path, training=training):
        click.echo(written)


def _load(run: str, *, training: bool) -> Run | Network:
    from unstuck.app.models import load_model
    from unstuck.training.runs import MODEL, Run

    if not training and Path(run).suffix == Path(MODEL).suffix:
        return load_model(run)
    return Run.load(run)


def _beside(run: str) -> Path:
    path = Path(run)
    return path if path.is_dir() else path.parent


export = SectionedCommand(
    "export",
    params=[
        click.Argument(["run"], metavar="RUN"),
        click.Option(
            ["--to"],
            type=Name("format", FORMATS),
            default="numpy",
            metavar="NAME",
            help="What to write: numpy.",
        ),
        click.Option(["--training"], is_flag=True, help="The training program."),
        click.Option(["--out", "-o"], metavar="FILE", help=OUT_HELP),
    ],
    callback=run_export,
    help=HELP,
)
