"""One program to judge the doctor on, with what is known to be wrong with it.

The seeds, the cases with their repaired twins, and healthy programs are read from ``tests/cases``;
mutants are made by `benchmarks.doctor.mutations`. All become the same `Subject`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.doctor.codes import KINDS
from benchmarks.doctor.store import SCRATCH

CASES = Path(__file__).resolve().parents[2] / "tests" / "cases"
NEAR = 3  # a line counts as right within so many lines


@dataclass(frozen=True, slots=True)
class Truth:
    """One known mistake: the codes that name it and where it stands.

    ``primary`` mistakes are why the program does not learn. ``severities`` limits what the finding
    may be called (empty: anything but a note). ``after`` is the line of a mistake that hides this
    one: then being part of the written repair is enough.
    """

    what: str
    codes: frozenset[str]
    lines: tuple[int, ...]
    primary: bool = True
    severities: frozenset[str] = frozenset()
    after: int | None = None

    def named_by(self, finding: dict[str, Any]) -> bool:
        """Whether a finding has the right code and a right severity."""
        allowed = self.severities or {"cause", "fault"}
        return finding["code"] in self.codes and finding["severity"] in allowed

    def placed_by(self, finding: dict[str, Any]) -> bool:
        """Whether a finding points at the right line, within `NEAR`."""
        first = finding.get("line")
        last = finding.get("end_line") or first
        if first is None:
            return False
        return any(first - NEAR <= line <= last + NEAR for line in self.lines)


@dataclass(frozen=True, slots=True)
class Subject:
    """A program and the truth about it.

    Attributes
    ----------
    kind : str
        ``"seed"``, ``"case"``, ``"healthy"``, ``"mutant"``, ``"pair"`` or ``"harmless"``.
    verdict : str
        What the doctor should answer: ``"stuck"`` or ``"learns"``.
    twin : Path or None
        The repaired program that a repair is measured against.
    bar : float or None
        Without a twin: what the repaired program must reach.
    more_updates : (str, str) or None
        A text in the program that sets how long it trains, and what allows it longer.
    """

    name: str
    kind: str
    path: Path
    verdict: str
    truths: tuple[Truth, ...] = ()
    twin: Path | None = None
    label: str = ""  # the text before the first number of the metric's line
    bar: float | None = None
    clean: tuple[str, ...] = ()
    least_repairs: int = 0
    more_updates: tuple[str, str] | None = None
    program: str = ""  # a mutant's original
    code: str = ""  # a mutant's planted code


def truth_of(cause: dict[str, Any]) -> Truth:
    """A root cause of a ``case.json``."""
    codes = cause.get("codes") or KINDS[cause["kind"]]
    return Truth(
        what=cause["explanation"],
        codes=frozenset(codes),
        lines=tuple(cause.get("lines") or [cause["line"]]),
        primary=bool(cause.get("primary", True)),
        severities=frozenset(cause.get("severity", ())),
        after=cause.get("after"),
    )


def described(folder: Path) -> dict[str, Any]:
    """The ``case.json`` of a folder."""
    return dict(json.loads((folder / "case.json").read_text(encoding="utf-8")))


def seeds() -> list[Subject]:
    """The three programs that people asked about."""
    found = []
    for folder in sorted(p for p in (CASES / "seeds").iterdir() if (p / "case.json").exists()):
        about = described(folder)
        found.append(
            Subject(
                name=f"seed {folder.name}",
                kind="seed",
                path=folder / "program.py",
                verdict="stuck",
                truths=tuple(truth_of(c) for c in about["root_causes"]),
                label=about["metric"],
                bar=about["bar"],
                clean=tuple(about.get("clean", ())),
                least_repairs=about["least_repairs"],
                more_updates=tuple(about["more_updates"]) if "more_updates" in about else None,
            )
        )
    variant = on_mnist(found[0])
    return found + ([variant] if variant else [])


def on_mnist(seed: Subject) -> Subject | None:
    """Seed 000 on the real MNIST, where ``UNSTUCK_DATA`` names its folder.

    The lines keep their numbers: only what loads the data is another text.
    """
    folder = Path(os.environ.get("UNSTUCK_DATA", "")).resolve() / "mnist"
    if not os.environ.get("UNSTUCK_DATA") or not folder.is_dir():
        return None
    lines = seed.path.read_text("utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("# 28 x 28"))
    last = next(i for i, line in enumerate(lines) if line.startswith("X_train, X_test"))
    read = f"np.frombuffer(gzip.open(r'{folder}/{{}}-ubyte.gz').read(), np.uint8, offset={{}})"
    loaded = [
        "import gzip",
        f"images = {read.format('train-images-idx3', 16)}.reshape(-1, 784)",
        f"digits = {read.format('train-labels-idx1', 8)}",
        "images, digits = images[:12000], digits[:12000]",
        "X = images.astype(float)",
        "Y = np.eye(10)[digits]",
    ]
    if len(loaded) != last - first:
        raise ValueError("the lines of seed 000 would move")
    path = SCRATCH / "mnist" / "program.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines[:first], *loaded, *lines[last:]]) + "\n", encoding="utf-8")
    return replace(seed, name="seed 000 on MNIST", path=path)


def cases() -> list[Subject]:
    """The programs that do not learn, each with its twin, and the healthy ones among them."""
    found = []
    for folder in sorted((CASES / "programs").iterdir()):
        if not (folder / "case.json").exists():
            continue
        about = described(folder)
        if (folder / "ok.py").exists():
            found.append(Subject(folder.name, "healthy", folder / "ok.py", "learns"))
            continue
        found.append(
            Subject(
                name=folder.name,
                kind="case",
                path=folder / "broken.py",
                verdict="stuck",
                truths=tuple(truth_of(c) for c in about["root_causes"]),
                twin=folder / "fixed.py",
                label=about["fixed_metric"].split(":")[0],
            )
        )
    return found


def twins() -> list[Subject]:
    """The repaired twins, as healthy programs."""
    folders = sorted((CASES / "programs").glob("*/fixed.py"))
    return [Subject(f"{p.parent.name} repaired", "healthy", p, "learns") for p in folders]


def healthy() -> list[Subject]:
    """Our own healthy programs."""
    folder = CASES / "healthy"
    single = [Subject(p.stem, "healthy", p, "learns") for p in sorted(folder.glob("*.py"))]
    several = sorted(folder.glob("*/program.py"))
    return single + [Subject(p.parent.name, "healthy", p, "learns") for p in several]


def chosen(subjects: Sequence[Subject], only: Sequence[str]) -> list[Subject]:
    """Those whose name contains one of ``only``; all of them without."""
    return [s for s in subjects if not only or any(part in s.name for part in only)]
