"""``python -m benchmarks.doctor.overhead [NAME ...]``: what the doctor's hooks cost a program.

Every program of the tests is run plainly and with its loops counted, one after the other, and the
outputs are compared: the times by their ratio, what was printed byte by byte (without times).
"""

from __future__ import annotations

import re
import statistics
import sys
from collections.abc import Sequence

from benchmarks.doctor import subjects
from benchmarks.doctor.programs import plain
from unstuck.trace.load_program import load_program
from unstuck.trace.request import Limits, Request
from unstuck.trace.sandbox import Sandbox

PURE = ("pure_python", "bpnn", "polynomial_scalars")  # loops of Python's own numbers
CLOCK = re.compile(rb"\d+\.\d+ ?s\b|0x[0-9a-f]+")
SECONDS = 120.0


def main(names: Sequence[str]) -> int:
    """Measure and print; 1 if a program printed anything else than it does alone."""
    every = [*subjects.seeds(), *subjects.cases(), *subjects.twins(), *subjects.healthy()]
    wanted = subjects.chosen(every, names)
    ratios: dict[bool, list[float]] = {True: [], False: []}
    changed = []
    for subject in wanted:
        alone = plain(subject.path, timeout=SECONDS)
        with Sandbox() as sandbox:
            program = load_program(subject.path)
            counted = sandbox.run(program, Request("tally"), Limits(seconds=SECONDS))
        if alone.status != "finished" or counted.status not in {"finished", "raised"}:
            print(f"{subject.name:50} {alone.status}, {counted.status}")
            continue
        ratio = float(counted.facts["wall_seconds"]) / alone.seconds
        ratios[any(part in subject.name for part in PURE)].append(ratio)
        same = cleaned(alone.stdout) == cleaned(counted.stdout)
        if not same:
            changed.append(subject.name)
        said = "" if same else "  PRINTS SOMETHING ELSE"
        print(f"{subject.name:50} {alone.seconds:6.2f} s  x {ratio:.2f}{said}", flush=True)
    for pure, what in ((False, "with NumPy"), (True, "of pure Python")):
        if ratios[pure]:
            middle, worst = statistics.median(ratios[pure]), max(ratios[pure])
            print(f"{len(ratios[pure])} programs {what}: median {middle:.2f}, worst {worst:.2f}")
    print(f"printed something else: {', '.join(changed) or 'none'}")
    return bool(changed)


def cleaned(text: str) -> bytes:
    """What was printed, without times and addresses."""
    return CLOCK.sub(b"", text.encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
