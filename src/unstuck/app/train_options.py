"""The options of `unstuck train`, a table under headings, by the names everybody uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

from unstuck.app.options import BatchSize, Count, Name, Number, SectionOption, Widths
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
TASKS = ("classification", "regression")
COUNT, PATH = Count(), click.Path()
SHARE = Number("a share from 0 up to, but not, 1, such as 0.1", low=0.0, high=1.0, ends="low")
POSITIVE = Number("a number above 0", low=0.0)
NOT_NEGATIVE = Number("a number of at least 0", low=0.0, ends="low")

TEST_HELP = """Test data: a file, or a share of the samples to hold out; 0 for none. Default: what
the set has, else 0.25."""
PATIENCE_HELP = """Stop after N epochs without improvement on the validation data (0.1 of the
training data unless said otherwise), and take the best weights."""

Row = tuple[str, Any, str, str]  # names, type, what stands behind it, help


def listed(names: Iterable[str]) -> str:
    """Names for a help text."""
    return ", ".join(names)


INIT_HELP = f"""{listed(INITIALIZERS)} (looks at the data). Default: what fits the activation, or
auto where a look at the data shows that it would not do."""

SECTIONS: dict[str, tuple[Row, ...]] = {
    "What to learn": (
        ("--target", str, "COLUMN", "Column of a CSV, array of an NPZ, or file of labels."),
        (
            "--test",
            str,
            "FILE|SHARE",
            TEST_HELP,
        ),
        ("--task", Name("task", TASKS), "NAME", f"{listed(TASKS)}; else seen from the target."),
        ("--data-dir", PATH, "DIR", "Folder with the IDX files of mnist, instead of a download."),
        ("--scale", Name("scaling", HOW), "NAME", f"How inputs are scaled: {listed(HOW)}."),
    ),
    "The network": (
        ("--hidden", Widths(), "N,N,...", "Widths of the hidden layers, such as 128,64; or none."),
        ("--activation", Name("activation", ACTIVATIONS), "NAME", f"{listed(ACTIVATIONS)}."),
        ("--output", Name("activation", ACTIVATIONS), "NAME", "Output activation, one of those."),
        ("--loss", Name("loss", LOSSES), "NAME", f"{listed(LOSSES)}."),
        ("--init", Name("initializer", INITIALIZERS), "NAME", INIT_HELP),
        ("--batch-norm/--no-batch-norm", None, "", "Batch normalisation in the hidden layers."),
        ("--dtype", Name("dtype", DTYPES), "NAME", f"{listed(DTYPES)}."),
    ),
    "How it learns": (
        ("--recipe", Name("recipe", RECIPE_NAMES), "NAME", f"Defaults: {listed(RECIPE_NAMES)}."),
        ("--optimizer", Name("optimizer", OPTIMIZER_NAMES), "NAME", f"{listed(OPTIMIZER_NAMES)}."),
        ("--learning-rate --lr", POSITIVE, "RATE", "Size of a step."),
        ("--schedule", Name("schedule", SCHEDULES), "NAME", f"{listed(SCHEDULES)}."),
        ("--momentum", SHARE, "SHARE", "Of sgd."),
        ("--batch-size", BatchSize(), "N|all", "Samples an update: 1 is one at a time."),
        ("--epochs", COUNT, "N", "How often to go through the training data."),
        ("--iterations", COUNT, "N", "How many updates, instead of --epochs."),
        ("--clip-norm", POSITIVE, "NORM", "Shorten longer gradients to this length."),
        ("--seed", Count(least=0), "N", "Same seed, same result. Default: 0."),
    ),
    "Against learning by heart": (
        ("--l2", NOT_NEGATIVE, "FACTOR", "Adds FACTOR / 2 * sum of squared weights to the cost."),
        ("--l1", NOT_NEGATIVE, "FACTOR", "Adds FACTOR * sum of |weights| to the cost."),
        ("--dropout", SHARE, "SHARE", "Silences this share of the hidden units at random."),
        ("--input-dropout", SHARE, "SHARE", "Silences this share of the inputs at random."),
        ("--label-smoothing", SHARE, "SHARE", "Of cross_entropy."),
        ("--validation-fraction", SHARE, "SHARE", "Training data to watch, not to learn from."),
        (
            "--patience",
            COUNT,
            "N",
            PATIENCE_HELP,
        ),
    ),
    "What is kept and shown": (
        ("--out", PATH, "DIR", "Folder for the run. Default: a new one in runs/."),
        ("--checkpoint-every", COUNT, "N", "Save the state every N epochs, for --resume."),
        ("--resume", PATH, "RUN", "Go on with a run that was cut short, as if it never was."),
        ("--doctor", bool, "", "Say while and after training what keeps it from learning."),
        ("--pictures/--no-pictures", None, "", "Draw curves, confusions, mistakes, weights."),
        ("--report", bool, "", "Write report.html into the folder: one page to look at."),
        ("--json", bool, "", "Print one JSON object on standard output, nothing else there."),
        ("--quiet -q", bool, "", "Print errors alone (and the JSON)."),
    ),
    "The machine": (
        ("--engine", Name("engine", ENGINES), "NAME", f"{listed(ENGINES)}."),
        ("--threads", COUNT, "N", "Processor cores to use. Default: what pays."),
    ),
}

DEFAULTS: dict[str, Any] = {"--pictures/--no-pictures": True}
OWN_NAMES = {"--json": "as_json", "--learning-rate --lr": "learning_rate"}


def rows_of(section: str, *names: str) -> tuple[Row, ...]:
    """The rows of one section that begin with these names, for a command that shares them."""
    known = {row[0].split()[0]: row for row in SECTIONS[section]}
    return tuple(known[name] for name in names)


def parameters(sections: Mapping[str, tuple[Row, ...]] = SECTIONS) -> list[click.Parameter]:
    """The data set and the options as click takes them, for every command that has such a table."""
    found: list[click.Parameter] = [
        click.Argument(["dataset"], metavar="[digits|mnist|fashion-mnist|FILE]", required=False)
    ]
    for section, rows in sections.items():
        found += [option(section, *row) for row in rows]
    return found


def option(section: str, names: str, kind: Any, metavar: str, text: str) -> SectionOption:
    """One row of such a table as click takes it."""
    declared = names.split()
    if names in OWN_NAMES:
        declared.append(OWN_NAMES[names])
    settings: dict[str, Any] = {"help": text, "section": section}
    if kind is bool:
        settings |= {"is_flag": True}
    elif kind is None:
        settings |= {"default": DEFAULTS.get(names)}
    else:
        settings |= {"type": kind, "metavar": metavar}
    return SectionOption(declared, **settings)
