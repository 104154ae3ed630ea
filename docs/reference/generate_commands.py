"""Write command-line.md from what the commands say of themselves: `make docs-reference`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import click
from markdown import table

from unstuck.app.cli import COMMANDS, cli
from unstuck.app.recipes import ACCURATE, AUGMENTED, FAST, RECIPES, Recipe, recipe_for

PAGE = Path(__file__).with_name("command-line.md")
WIDTH = 88

OPENING = """\
# The command line

What `unstuck COMMAND --help` prints, in one place; written by `make docs-reference`. Every name
that an option takes is explained in [Names](names.md), what a run leaves in
[The run folder](run-folder.md), what the doctor says in [The diagnosis](diagnosis.md), what can go
wrong in [Errors](errors.md).
`python -m unstuck` is the same command.

- Results go to standard output, everything else (progress, notes, errors) to standard error:
  `unstuck train --json 2> /dev/null | python -m json.tool` sees one JSON object.
- Exit codes: 0 done; 2 something that was typed or given cannot be used, in one or two lines;
  130 Ctrl-C (what was learned until then is saved); 1 a fault of unstuck. Those of
  `unstuck doctor` are [its own](diagnosis.md#exit-codes).
- Environment: `UNSTUCK_DATA` is a folder with [MNIST](../how-to/use-mnist-offline.md),
  `UNSTUCK_DEBUG=1` shows where an error came from, `NO_COLOR=1` leaves the colours away.
"""

RECIPES_TEXT = """\
## Recipes

What you leave out comes from the recipe for your data: `--recipe fast` (the default), `accurate`
or `augmented`. Recipes were chosen on a validation part of the training data; test data were looked
at afterwards. An option that you give takes the place of the recipe's; another `--optimizer` brings
its own learning rate. A file gets so many epochs that some 10,000 updates are made, at least 10 and
at most 200; its number is shown below for 1,000 samples. What the recipes reach, and in what time,
stands in [Measured](../measured.md).
"""


def page() -> str:
    """The whole page as text."""
    parts = [OPENING, "## unstuck\n", shown(cli, "unstuck")]
    for name, (_, get) in COMMANDS.items():
        parts += [f"## unstuck {name}\n", shown(get(), f"unstuck {name}")]
    return "\n".join([*parts, RECIPES_TEXT, recipes()])


def shown(command: click.Command, path: str) -> str:
    """A help page as it is seen in a terminal of `WIDTH` columns."""
    ctx = click.Context(
        command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH, color=False
    )
    ctx.help_option_names = ["-h", "--help"]
    return f"```text\n{command.get_help(ctx).rstrip()}\n```\n"


def recipes() -> str:
    """Option by option what each recipe says; only what differs somewhere from the plain value."""
    columns: dict[str, Recipe] = {}
    for data in ("digits", "mnist"):
        columns |= {f"{data} {n}": RECIPES[data][n] for n in (FAST, ACCURATE, AUGMENTED)}
    columns |= {f"a file {n}": recipe_for("a file", 1000, n) for n in (FAST, ACCURATE)}
    rows = [
        (f.name.replace("_", " "), *(text(getattr(r, f.name)) for r in columns.values()))
        for f in fields(Recipe)
    ]
    rows = [row for row in rows if len(set(row[1:])) > 1 or row[1] != "-"]
    return table(("", *columns), rows) + "\nfashion-mnist takes the recipes of mnist.\n"


def text(value: object) -> str:
    """A setting as it would be typed."""
    if isinstance(value, tuple):
        pairs = [f"{v[0]} {v[1]:g}" if isinstance(v, tuple) else str(v) for v in value]
        return ", ".join(pairs) or "-"
    return "-" if value in (None, 0.0, False) else str(value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
