"""``python -m benchmarks.weights [grid] [deep]``: measure how good the adviser is.

``grid``: 60 cells; in how many is the recommendation as good as the best candidate? ``deep``: do
very deep networks learn with it? What is known is kept in benchmarks/results/scratch, so a second
call goes on where the first was ended (``--resume``: although the sources have changed since).
MNIST is read from the folder that UNSTUCK_DATA names.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.__main__ import machine
from benchmarks.data import SKIPPED, present
from benchmarks.weights import deep, score, table
from benchmarks.weights.cells import grid
from benchmarks.weights.judge import Judge
from unstuck.base.files import write_json

RESULTS = Path(__file__).resolve().parents[1] / "results" / "weights.json"
NAMES = ("grid", "deep")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; 0 whatever was missed."""
    options = parsed(arguments)
    results: dict[str, Any] = {}
    if "grid" in options.names:
        results["grid"] = over_grid(options)
    if "deep" in options.names:
        results["deep"] = very_deep(options)
    where = options.json
    if where is None and not options.only and options.part == "report":
        where = RESULTS
    if where is not None:
        about = {**machine(1, quick=False), "jobs": options.jobs}
        about.pop("rounds")
        write_json(where, {"machine": about, **before(where), **results})
        print(f"stored in {where}")
    return 0


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options, checked."""
    parser = argparse.ArgumentParser("python -m benchmarks.weights", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="SECTION", help=", ".join(NAMES))
    parser.add_argument("--cells", type=int, default=60, metavar="N", help="the first N (cheap)")
    parser.add_argument("--only", action="append", default=[], help="names that contain this")
    parser.add_argument("--part", choices=["report", "tune"], default="report")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once")
    parser.add_argument("--resume", action="store_true", help="keep answers of older sources")
    parser.add_argument("--known", action="store_true", help="only what is known already")
    parser.add_argument(
        "--budget", type=float, default=60.0, help="deep: seconds for a race; more if others work"
    )
    parser.add_argument("--markdown", action="store_true", help="the tables for the docs, too")
    parser.add_argument("--json", type=Path, default=None, help="default: results/weights.json")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; allowed: {', '.join(NAMES)}")
    options.names = options.names or list(NAMES)
    return options


def before(where: Path) -> dict[str, Any]:
    """What the file holds of sections that were not measured now."""
    import json

    known = json.loads(where.read_text("utf-8")) if where.exists() else {}
    return {name: known[name] for name in NAMES if name in known}


def over_grid(options: argparse.Namespace) -> dict[str, Any]:
    """The regret, cell by cell."""
    cells = grid(options.part)[: options.cells]
    wanted = [c for c in cells if not options.only or any(part in c.name for part in options.only)]
    if not present():
        print(f"MNIST {SKIPPED}")
        wanted = [cell for cell in wanted if cell.data != "mnist"]
    judge, rows = Judge(jobs=options.jobs, resume=options.resume), []
    if options.known:
        wanted = [cell for cell in wanted if judge.knows(cell)]
    print(f"grid ({options.part}): {len(wanted)} cells, {dt.datetime.now(dt.UTC):%H:%M} UTC")
    for cell in wanted:
        rows.append(judge.row(cell))
        print(table.line(rows[-1]), flush=True)
    if not rows:
        return {}
    if options.markdown:
        print(table.markdown(rows), end="\n\n")
    print(table.summary(rows))
    found = score.bars(rows)
    print("\n".join(table.told(b) for b in found), end="\n\n", flush=True)
    return {
        "cells of": len(grid(options.part)),
        "figures": {name: score.figures(rows, name) for name in table.CALLED},
        "rows": [row.as_json() for row in rows],
    }


def very_deep(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The deep networks, one by one."""
    print(f"deep: {dt.datetime.now(dt.UTC):%H:%M} UTC", flush=True)
    kept, found = deep.store(), []
    for one in deep.DEEP:
        if options.only and not any(part in one.name for part in options.only):
            continue
        if options.known and kept.get(deep.key(one, options.budget)) is None:
            continue
        what = deep.measure(one, options.jobs, kept, budget=options.budget, resume=options.resume)
        found.append((one, what))
        said = f"{what['best']}, {what['learning_rate']:g}, {what['scores']}, {what['seconds']} s"
        print(f"{table.told(deep.bar(one, what))}  ({said})", flush=True)
    if options.markdown:
        print(deep.markdown(found))
    return [{**what, "promised": one.promised} for one, what in found]


if __name__ == "__main__":
    sys.exit(main())
