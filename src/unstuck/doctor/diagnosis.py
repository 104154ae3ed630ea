"""What the doctor says: three lists (found, clean, could not check), a verdict and one repair.

These are plain records. `show` decides how they look; `as_json` is the published schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal

from unstuck.base.display import Displayed, reach
from unstuck.doctor.exhibits import Exhibits
from unstuck.record.run_record import SourceSpan

RUNNING = "In"  # the file that a running notebook is: its cells go by execution count
SCHEMA_VERSION = 1
Verdict = Literal["stuck", "learns", "crashed", "unknown"]
Severity = Literal["cause", "fault", "note"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run got: from ``start`` to ``end`` where ``chance`` is the best constant answer.

    ``metric`` is ``"accuracy"`` (of classes) or ``"loss"``; NaN where it could not be measured.
    """

    metric: str
    start: float
    end: float
    chance: float
    updates: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, at its place, with the numbers that show it.

    ``message`` is one sentence of plain English to the person. ``evidence`` maps what was
    measured to numbers, strings or lists. ``replacement`` is the text that should stand in the
    place of ``span``, or None. ``proved`` is True if the change was proved on the recorded run
    or by a re-run. In a notebook ``cell`` is the number of the cell, counted among its code cells
    from 1, and ``span`` a place in that cell.
    """

    code: str
    severity: Severity
    message: str
    span: SourceSpan | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    replacement: str | None = None
    proved: bool = False
    cell: int | None = None


def source_name(file: str, cell: int | None = None) -> str:
    """What the text of a file, or of a notebook's cell, is called in `Diagnosis.sources`.

    >>> source_name("net.py"), source_name("train.ipynb", 3)
    ('net.py', 'train.ipynb, cell 3')
    >>> source_name(RUNNING, 3)  # of a notebook that is open, by its execution count
    'In [3]'
    """
    if cell is None:
        return file
    return f"In [{cell}]" if PurePath(file).name == RUNNING else f"{file}, cell {cell}"


@dataclass(frozen=True, slots=True)
class Clean:
    """Something that was checked and is right."""

    check: str
    what: str


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Something that could not be checked, and why."""

    check: str
    why: str


@dataclass(frozen=True, slots=True)
class Repair:
    """The change that makes the program learn, as it was measured.

    ``findings`` are the codes it removes; ``before`` and ``after`` are values of the progress
    metric at equal updates; ``runs`` the number of re-runs it rests on.
    """

    findings: tuple[str, ...]
    diff: str
    before: float
    after: float
    seeds: tuple[int, ...]
    runs: int
    verified: bool
    files: Mapping[str, str] = field(default_factory=dict)  # as repaired (a notebook: its JSON)


@dataclass(frozen=True, slots=True)
class Diagnosis(Displayed):
    """The whole answer for one program or run: a verdict, what was found, and one repair.

    Shows itself in a notebook; ``print`` gives what `unstuck doctor` prints, and
    `unstuck.doctor.schema.as_json` its published form.

    Attributes
    ----------
    program : str
        What was asked about.
    verdict : str
        ``"stuck"``, ``"learns"``, ``"crashed"`` or ``"unknown"``.
    progress : Progress or None
        How far the run got.
    findings : tuple of Finding
        What is wrong, at its place, with the numbers that show it.
    clean, unchecked : tuple of Clean, of Unchecked
        What was checked and is right; what could not be checked, and why.
    repair : Repair or None
        The change that makes it learn, as it was measured.
    reason : str
        Why the verdict is unknown or crashed; what was cut to fit the budget.
    sources : mapping of str to str
        The program's files, a notebook's cell by cell, to quote lines from: by `source_name`.
    seconds : float
        How long it took.
    exhibits : Exhibits or None
        What can be drawn: steps against true gradients, activations, the run before and after.

    Examples
    --------
    >>> print(Diagnosis("xor.py", "learns", Progress("loss", 0.73, 0.01, 0.69, 5000)))
    learns: loss 0.730 -> 0.0100 over 5,000 updates, chance 0.690
    No mistake found.
    """

    program: str
    verdict: Verdict
    progress: Progress | None = None
    findings: tuple[Finding, ...] = ()
    clean: tuple[Clean, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    repair: Repair | None = None
    reason: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    exhibits: Exhibits | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        """The whole answer as text of 80 columns."""
        return str(reach("text")(self))

    def __repr__(self) -> str:
        return f"<Diagnosis of {self.program}: {self.verdict}, {len(self.findings)} findings>"
