"""`unstuck train`: learn, and keep the run in a folder."""

from __future__ import annotations

from typing import Any

import click

from unstuck.app.options import SectionedCommand, typed_options
from unstuck.app.train_options import parameters

HELP = """Train a network and keep the run in a folder.

Without arguments it learns handwritten digits, in a few seconds. mnist and fashion-mnist are
downloaded once. A file of yours may be CSV, NPZ, NPY or IDX; whether classes or values are to be
learned is seen from its target.

What you leave out comes from a recipe for your data.

\b
Examples:
  unstuck train
  unstuck train mnist --hidden 128,128 --epochs 5
  unstuck train houses.csv --target price --test 0.2
"""


def run_train(**options: Any) -> int:
    """Run the command; returns the exit code."""
    from unstuck.app.session import resume_session, train_session

    typed = typed_options(click.get_current_context())
    if options["resume"] is not None:
        return resume_session(options, typed)
    return train_session(options, typed)


train = SectionedCommand("train", params=parameters(), callback=run_train, help=HELP)
