"""`unstuck train`: every option of training by its usual name."""

from __future__ import annotations

from typing import Any

import click

from unstuck.app.options import (
    BatchSize,
    Name,
    SectionedCommand,
    SectionOption,
    Widths,
    given,
    listed,
)
from unstuck.core.activations import ACTIVATIONS
from unstuck.core.initializers import INITIALIZERS
from unstuck.core.losses import LOSSES
from unstuck.core.network import DTYPES
from unstuck.core.optimizers import OPTIMIZERS
from unstuck.core.scaling import HOW
from unstuck.core.schedules import SCHEDULES

ENGINES = ("auto", "numpy", "compiled")
OPTIMIZER_NAMES = (*OPTIMIZERS, "lbfgs")
RECIPE_NAMES = ("fast", "accurate", "augmented")
NATURAL = click.IntRange(min=1)
SHARE = click.FloatRange(min=0.0, max=1.0, max_open=True)
POSITIVE = click.FloatRange(min=0.0, min_open=True)
NOT_NEGATIVE = click.FloatRange(min=0.0)


def option(section: str, *names: str, **settings: Any) -> Any:
    """An option under a heading."""
    return click.option(*names, cls=SectionOption, section=section, **settings)


def data(*names: str, **settings: Any) -> Any:
    return option("What to learn from", *names, **settings)


def net(*names: str, **settings: Any) -> Any:
    return option("The network", *names, **settings)


def learn(*names: str, **settings: Any) -> Any:
    return option("How it learns", *names, **settings)


def tidy(*names: str, **settings: Any) -> Any:
    return option("Against overfitting", *names, **settings)


def keep(*names: str, **settings: Any) -> Any:
    return option("What is kept and shown", *names, **settings)


def machine(*names: str, **settings: Any) -> Any:
    return option("The machine", *names, **settings)


@click.command(
    cls=SectionedCommand,
    options_metavar="[OPTIONS]",
    epilog="What you leave out comes from the recipe for your data. Examples:\n\n\b\n"
    "  unstuck train\n"
    "  unstuck train mnist --hidden 128,128 --epochs 5\n"
    "  unstuck train houses.csv --target price --test 0.2",
)
@click.argument("dataset", metavar="[digits|mnist|fashion-mnist|FILE]", required=False)
@data("--target", metavar="COLUMN", help="Column of a CSV, array of an NPZ, or file of labels.")
@data(
    "--test",
    metavar="FILE|FRACTION",
    help="Test data: a file, or a share held out (a file without a test part: 0.25; 0: none).",
)
@data("--task", type=Name("task", ("classification", "regression")), help="Classes or values; "
      "default: by the looks of the target.")  # fmt: skip
@data("--scale", type=Name("scaling", HOW), default="auto", help=f"Inputs: {listed(HOW)}.")
@data("--data-dir", type=click.Path(), help="Folder with the IDX files of mnist.")
@net("--hidden", type=Widths(), help="Widths of the hidden layers, as 128,128; or none.")
@net("--activation", type=Name("activation", ACTIVATIONS), help=f"{listed(ACTIVATIONS)}.")
@net("--output", type=Name("activation", ACTIVATIONS), help="Output activation; default: the one "
     "that fits the loss.")  # fmt: skip
@net("--loss", type=Name("loss", LOSSES), help=f"{listed(LOSSES)}.")
@net("--init", type=Name("initializer", INITIALIZERS), help=f"{listed(INITIALIZERS)}; default: "
     "the one that fits the activation.")  # fmt: skip
@net("--batch-norm/--no-batch-norm", default=None, help="Batch normalisation in hidden layers.")
@net("--dtype", type=Name("dtype", DTYPES), help=f"{listed(DTYPES)}.")
@learn("--recipe", type=Name("recipe", RECIPE_NAMES), default="fast",
       help="Where the defaults come from: fast, accurate, augmented.")  # fmt: skip
@learn("--optimizer", type=Name("optimizer", OPTIMIZER_NAMES), help=f"{listed(OPTIMIZER_NAMES)}.")
@learn("--learning-rate", "--lr", type=POSITIVE, metavar="RATE", help="Step size.")
@learn("--momentum", type=SHARE, metavar="SHARE", help="For sgd.")
@learn("--schedule", type=Name("schedule", SCHEDULES), help=f"{listed(SCHEDULES)}.")
@learn("--batch-size", type=BatchSize(), help="Samples an update: 1 is one at a time, all the "
       "full batch.")  # fmt: skip
@learn("--epochs", type=NATURAL, metavar="N", help="Passes over the training data.")
@learn("--iterations", type=NATURAL, metavar="N", help="Updates, instead of epochs.")
@learn("--clip-norm", type=POSITIVE, metavar="NORM", help="Longest gradient; longer are scaled.")
@learn("--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Same seed, same "
       "result.", show_default=True)  # fmt: skip
@tidy("--l2", type=NOT_NEGATIVE, metavar="FACTOR", help="Penalty factor / 2 * sum of W squared.")
@tidy("--l1", type=NOT_NEGATIVE, metavar="FACTOR", help="Penalty factor * sum of |W|.")
@tidy("--dropout", type=SHARE, metavar="SHARE", help="Share of hidden units silenced at random.")
@tidy("--label-smoothing", type=SHARE, metavar="SHARE", help="For cross_entropy.")
@tidy("--validation-fraction", type=SHARE, metavar="SHARE", help="Share of the training data to "
      "watch instead of learn.")  # fmt: skip
@tidy("--patience", type=NATURAL, metavar="N", help="Stop after N epochs without improvement, keep "
      "the best (validates on 0.1 unless said otherwise).")  # fmt: skip
@keep("--out", type=click.Path(), metavar="DIR", help="Folder of the run; default: runs/...")
@keep("--checkpoint-every", type=NATURAL, metavar="N", help="Keep the state every N epochs.")
@keep("--resume", type=click.Path(), metavar="RUN", help="Go on with a run that was cut short.")
@keep("--pictures/--no-pictures", default=True, help="Draw curves, confusions, weights.")
@keep("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@keep("--quiet", "-q", is_flag=True, help="Print nothing but errors (and the JSON).")
@machine("--engine", type=Name("engine", ENGINES), default="auto", help=f"{listed(ENGINES)}.")
@machine("--threads", type=NATURAL, metavar="N", help="Processor cores; default: what pays.")
@click.pass_context
def train(ctx: click.Context, **_: Any) -> int:
    """Train a network and keep the run in a folder.

    Without arguments it learns handwritten digits from scikit-learn. mnist and fashion-mnist are
    downloaded once. A file of yours may be CSV, NPZ, NPY or IDX; whether classes or values are to
    be learned is seen from its target.
    """
    from unstuck.app.session import resume_session, train_session

    options = dict(ctx.params)
    if options["resume"] is not None:
        return resume_session(options, typed=set(given(ctx)))
    return train_session(options, typed=set(given(ctx)))
