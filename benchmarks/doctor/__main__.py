"""``python -m benchmarks.doctor [SECTION ...]``: measure how good the doctor is.

Every subject is one line, failures as plain as successes; the promises stand beneath. Answers and
runs are kept in benchmarks/results/scratch, so a second call goes on where the first was ended
(``--resume``: although the doctor's sources have changed since). ``plant`` makes the mutants anew.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.__main__ import machine
from benchmarks.doctor import pool, subjects, table
from benchmarks.doctor.exported import exported
from benchmarks.doctor.judge import Judge
from benchmarks.doctor.score import Row
from benchmarks.doctor.subjects import Subject
from unstuck.base.files import write_json

RESULTS = Path(__file__).resolve().parents[1] / "results" / "doctor.json"


def healthy(name: str) -> list[Subject]:
    """The healthy programs: of the report set the repaired twins, of the tune set our own."""
    return subjects.twins() if name == "report" else subjects.healthy() + exported()


def mutants(name: str) -> list[Subject]:
    """Harmful and harmless mutants."""
    return pool.planted(name, "harmful") + pool.planted(name, "harmless")


SECTIONS: dict[str, Callable[[str], list[Subject]]] = {
    "seeds": lambda _: subjects.seeds(),
    "cases": lambda _: subjects.cases(),
    "healthy": healthy,
    "mutants": mutants,
    "pairs": lambda name: pool.planted(name, "pairs"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Score what was asked for; 0 whatever was missed."""
    options = parsed(arguments)
    if options.names == ["plant"]:
        for name in options.sets:
            pool.plant(name, lambda line: print(line, flush=True), options.only, options.sample)
        return 0
    judge = Judge(budget=options.budget, resume=options.resume)
    results: dict[str, Any] = {}
    for name in options.names:
        for which in options.sets if name in {"healthy", "mutants", "pairs"} else ["report"]:
            rows = section(judge, name, which, options)
            results[name if which == "report" else f"{name} ({which})"] = stored(name, rows)
    where = options.json
    if where is None and not (options.only or options.sample) and set(options.names) == {*SECTIONS}:
        where = RESULTS
    if where is not None:
        about = {**machine(1, quick=False), "budget": options.budget, "jobs": options.jobs}
        about.pop("rounds")
        about["samples"] = "all" if where == RESULTS else "a part"
        write_json(where, {"machine": about, "sections": results})
        print(f"stored in {where}")
    return 0


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options, checked."""
    parser = argparse.ArgumentParser("python -m benchmarks.doctor", description=__doc__)
    known = [*SECTIONS, "all", "plant"]
    parser.add_argument("names", nargs="*", metavar="SECTION", help=", ".join(known))
    parser.add_argument("--set", choices=["report", "tune", "both"], default="report", dest="sets")
    parser.add_argument("--only", action="append", default=[], help="names that contain this")
    parser.add_argument(
        "--sample", type=int, metavar="N", help="N of each section (plant: of each program), drawn"
    )
    parser.add_argument("--jobs", type=int, default=1, help="programs at once")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for each program")
    parser.add_argument("--resume", action="store_true", help="keep answers of an older doctor")
    parser.add_argument("--known", action="store_true", help="only what was answered already")
    parser.add_argument("--json", type=Path, default=None, help="default: results/doctor.json")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(known)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; allowed: {', '.join(known)}")
    if "plant" in options.names and len(options.names) > 1:
        parser.error("plant goes alone")
    if not options.names or "all" in options.names:
        options.names = list(SECTIONS)
    options.sets = ["tune", "report"] if options.sets == "both" else [options.sets]
    return options


def section(judge: Judge, name: str, which: str, options: argparse.Namespace) -> list[Row]:
    """Ask about one section, and print it."""
    wanted = subjects.chosen(SECTIONS[name](which), options.only)
    if options.known:
        wanted = [subject for subject in wanted if judge.knows(subject)]
    if options.sample and len(wanted) > options.sample:
        wanted = random.Random(0).sample(wanted, options.sample)  # noqa: S311 - a draw
    note = f" ({which} set)" if name in {"healthy", "mutants", "pairs"} else ""
    print(f"{name}{note}: {len(wanted)} programs, {dt.datetime.now(dt.UTC):%H:%M} UTC", flush=True)
    rows = ask_all(judge, wanted, options.jobs)
    print("\n".join(table.told(b) for b in table.bars(name, rows)), flush=True)
    if name in {"mutants", "pairs"} and rows:
        scored = [r for r in rows if r.kind != "harmless"]
        print(table.breakdown(scored, "code"))
        print(table.breakdown(scored, "program"))
    print(flush=True)
    return rows


def stored(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    """A section for the result file."""
    measured = [
        {"what": b.what, "promised": b.promised, "measured": b.measured, "met": b.met}
        for b in table.bars(name, rows)
        if b.measured == b.measured
    ]
    return {"bars": measured, "rows": [row.as_json() for row in rows]}


def ask_all(judge: Judge, wanted: Sequence[Subject], jobs: int) -> list[Row]:
    """The rows, printed one by one as they are known."""
    rows = []
    with ThreadPoolExecutor(jobs) as executor:
        for row in executor.map(judge.row, wanted):
            print(table.line(row), flush=True)
            rows.append(row)
    return rows


if __name__ == "__main__":
    sys.exit(main())
