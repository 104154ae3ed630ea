"""``python -m benchmarks.doctor [seeds|cases|healthy|mutants|pairs|all]``: how good is the doctor?

Every subject is one line, failures as plain as successes; the promises stand beneath. Answers and
runs are kept in benchmarks/results/scratch, so a second call goes on where the first was ended
(``--resume``: although the doctor's sources have changed since).
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.doctor import subjects, table
from benchmarks.doctor.judge import Judge
from benchmarks.doctor.score import Row
from benchmarks.doctor.subjects import Subject
from unstuck.base.files import write_json

RESULTS = Path(__file__).resolve().parents[1] / "results" / "doctor.json"


def healthy() -> list[Subject]:
    """Our own healthy programs and the repaired twins."""
    return subjects.healthy() + subjects.twins()


SECTIONS: dict[str, Callable[[], list[Subject]]] = {
    "seeds": subjects.seeds,
    "cases": subjects.cases,
    "healthy": healthy,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Score what was asked for; 0 whatever was missed."""
    parser = argparse.ArgumentParser("python -m benchmarks.doctor", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="SECTION", help=", ".join([*SECTIONS, "all"]))
    parser.add_argument("--only", action="append", default=[], help="names that contain this")
    parser.add_argument("--sample", type=int, metavar="N", help="N of each section, drawn")
    parser.add_argument("--jobs", type=int, default=1, help="programs at once")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for each program")
    parser.add_argument("--resume", action="store_true", help="keep answers of an older doctor")
    parser.add_argument("--json", type=Path, default=None, help="default: results/doctor.json")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - {*SECTIONS, "all"}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; allowed: {', '.join(SECTIONS)}, all")
    names = list(SECTIONS) if {"all"} & set(options.names or ["all"]) else options.names
    judge = Judge(budget=options.budget, resume=options.resume)
    results: dict[str, list[Row]] = {}
    for name in names:
        wanted = subjects.chosen(SECTIONS[name](), options.only)
        if options.sample and len(wanted) > options.sample:
            wanted = random.Random(0).sample(wanted, options.sample)  # noqa: S311 - a draw
        print(f"{name}: {len(wanted)}", flush=True)
        results[name] = ask_all(judge, wanted, options.jobs)
        print("\n".join(map(table.told, table.bars(name, results[name]))), end="\n\n", flush=True)
    part = options.only or options.sample or set(names) != set(SECTIONS)
    if options.json or not part:
        where = options.json or RESULTS
        write_json(where, {n: [r.as_json() for r in rows] for n, rows in results.items()})
        print(f"stored in {where}")
    return 0


def ask_all(judge: Judge, wanted: Sequence[Subject], jobs: int) -> list[Row]:
    """The rows, printed one by one as they are known."""
    rows = []
    with ThreadPoolExecutor(jobs) as pool:
        for row in pool.map(judge.row, wanted):
            print(table.line(row), flush=True)
            rows.append(row)
    return rows


if __name__ == "__main__":
    sys.exit(main())
