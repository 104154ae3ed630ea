"""``python -m benchmarks [NAME ...]``: measure, print the tables, store JSON.

Without names everything is measured, which takes a quarter of an hour or more and wants an idle
machine. A, B, C, D: training; E: time to 98 %; F: one prediction; G: imports.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.report import Section, summary
from benchmarks.sections import (
    Options,
    accuracy,
    growth,
    imports,
    latency,
    memory,
    record,
    training,
)
from benchmarks.workloads import WORKLOADS
from unstuck.base.files import write_json

RESULTS = Path(__file__).parent / "results"

SECTIONS: dict[str, Callable[[Options], Section]] = {
    **{letter: partial(training.measure, letter) for letter in WORKLOADS},
    "E": accuracy.measure,
    "F": latency.measure,
    "G": imports.measure,
    "memory": memory.measure,
    "growth": growth.measure,
    "record": record.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; 0 whatever bars were missed: a slow line is no error."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__.split("\n\n")[1])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SECTIONS))
    parser.add_argument("--repeat", type=int, metavar="N", help="rounds (default 5; quick: 2)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the samples: a try-out")
    parser.add_argument("--json", type=Path, metavar="PATH", help="default: benchmarks/results/")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; allowed: {', '.join(SECTIONS)}")
    names = expand(options.names)
    rounds = options.repeat or (2 if options.quick else 5)
    about = machine(rounds, quick=options.quick)
    print("\n".join(f"{key}: {value}" for key, value in about.items()), end="\n\n")
    sections = []
    for name in names:
        section = SECTIONS[name](Options(rounds, options.quick, partial(tell, name)))
        tell("", "")
        print(section.text(), end="\n\n", flush=True)
        sections.append(section)
    versions = {k: v for section in sections for k, v in section.versions.items()}
    if versions:
        print("versions: " + ", ".join(f"{k} {v}" for k, v in sorted(versions.items())))
    print(summary(sections))
    where = options.json or RESULTS / f"{file_name(names, quick=options.quick)}.json"
    stored = {section.letter: section.as_json() for section in sections}
    where.parent.mkdir(parents=True, exist_ok=True)
    write_json(where, {"machine": about, "versions": versions, "sections": stored})
    print(f"stored in {where}")
    return 0


def expand(names: Sequence[str]) -> list[str]:
    """The sections in their own order; B brings B2 along."""
    wanted = set(names or SECTIONS)
    if "B" in wanted:
        wanted.add("B2")
    return [name for name in SECTIONS if name in wanted]


def file_name(names: Sequence[str], *, quick: bool) -> str:
    """One file for each choice of sections: measuring again replaces it."""
    chosen = "all" if list(names) == list(SECTIONS) else "-".join(names)
    return f"{chosen}-quick" if quick else chosen


def machine(rounds: int, *, quick: bool) -> dict[str, Any]:
    """What a reader must know before he compares."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{processor()}, {cores} cores",
        "system": platform.platform(terse=True),
        "rounds": rounds,
        "samples": "a tenth (--quick): a try-out, not a measurement" if quick else "all",
    }


def processor() -> str:
    """The processor's name as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    flags = next((line for line in lines if line.startswith("flags")), "")
    return (names or [platform.machine()])[0] + (" with AVX-512" if "avx512f" in flags else "")


def tell(name: str, what: str) -> None:
    """How far we are, on one line that is written over, where a person looks on."""
    if sys.stderr.isatty():
        print(f"\r\033[K{name} {what}" if what else "\r\033[K", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
