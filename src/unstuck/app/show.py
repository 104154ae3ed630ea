"""`unstuck show RUN`: what was trained, how it went, how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from unstuck.app.options import SectionedCommand
from unstuck.app.screen import Screen


def run_show(run: str, *, as_json: bool) -> None:
    """Run the command."""
    from unstuck.show.tables import facts, per_class_table, score_rows
    from unstuck.show.terminal import text
    from unstuck.training.runs import Run

    found = Run.load(run)
    screen = Screen(as_json=as_json)
    screen.json({**found.description, "run": str(found.folder.resolve())})
    if as_json:
        return
    screen.text(text(found.network), "", text(found.history), "")
    if found.record is not None:
        screen.text(text(found.record))
    results = found.results
    if results.get("per_class"):
        screen.text("")
        screen.show(per_class_table(results["per_class"], results.get("judged_on", "test")), "")
    rows: list[tuple[str, Any]] = [*score_rows(results)] if results else []
    rows.insert(0, ("data", str(found.data.get("name", "?"))))
    rows.append(("run", str(found.folder)))
    pictures = sorted(path.name for path in Path(found.folder).glob("*.png"))
    if pictures:
        rows.append(("pictures", ", ".join(pictures)))
    screen.show(facts(rows))


show = SectionedCommand(
    "show",
    params=[
        click.Argument(["run"], metavar="RUN"),
        click.Option(["--json", "as_json"], is_flag=True, help="Print what run.json holds."),
    ],
    callback=run_show,
    help="Show a run folder: the network, its curves, its layers, its scores.",
)
