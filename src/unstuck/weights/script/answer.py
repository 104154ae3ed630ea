"""What is answered about a program's first weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from unstuck.record.run_record import SourceSpan
from unstuck.weights.advice import WeightAdvice

Verdict = Literal["fine", "change", "unknown"]


@dataclass(frozen=True, slots=True)
class Place:
    """One expression that makes first values, and what to write there.

    ``parameter`` has all names where one expression makes several (in a loop). Lines count from 1,
    columns from 0. Where nothing is ``written`` yet, the replacement is a statement to add behind
    that line.
    """

    parameter: str
    file: str
    line: int
    column: int
    written: str
    replacement: str
    why: str
    span: SourceSpan | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Rerun:
    """The program with its replacements, run once.

    ``ran`` is False where it ended with an error, which ``error`` says. ``before`` and ``after``
    are how far the program got as it is and as changed: accuracy (or squared error) at the start,
    after the same number of updates, and of the best constant answer; None where not measured.
    """

    ran: bool
    error: str = ""
    classes: bool = True
    before: tuple[float, float, float] | None = None
    after: tuple[float, float, float] | None = None
    gained_before: float = float("nan")
    gained_after: float = float("nan")
    updates: int = 0


@dataclass(frozen=True, slots=True)
class ProgramAdvice:
    """Which first weights a program should have.

    Attributes
    ----------
    name : str
        The program.
    verdict : str
        ``"fine"``: nothing needs to be changed. ``"change"``: write what stands in ``places``.
    summary : str
        The same in a sentence or two.
    advice : WeightAdvice or None
        What was measured (and raced) on the program's own network and data; None where the program
        computes another kind of network: then ``places`` rest on formulas alone.
    places : tuple of Place
        What to write, on which line; also of weights that are fine, to be looked at.
    unchecked : tuple of str
        What could not be checked, and why.
    written : str
        The candidate that the replacements draw; may be another than ``advice.best`` where that
        cannot be written as one expression.
    network, data : str
        The network and the data as they were read, in words.
    rerun : Rerun or None
    """

    name: str
    verdict: Verdict
    summary: str
    advice: WeightAdvice | None
    places: tuple[Place, ...]
    unchecked: tuple[str, ...]
    written: str = ""
    network: str = ""
    data: str = ""
    rerun: Rerun | None = None
    findings: tuple[str, ...] = ()
