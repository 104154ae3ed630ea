"""A rule: one thing that can be wrong, the words for it, two programs that show it, and a check.

The words, the programs, the reference page and the tests all come from the class, so that a new
rule is one class and one line in the table `unstuck.doctor.rules.RULES`. Whoever finds a fault,
a rule in a record or the doctor on a tape, speaks through the `message` of its rule.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal

import numpy as np

from unstuck.doctor.diagnosis import Finding, Severity
from unstuck.record.run_record import RunRecord, SourceSpan

Source = Literal["record", "tape", "source"]
NAN = math.nan


class Rule(ABC):
    """One thing that can be wrong.

    Attributes
    ----------
    code, name : str
        ``"W303"``, ``"weights too small"``.
    claim : str
        What is wrong, in one sentence.
    why : str
        Why it matters: the mathematics, the number or the paper, in a paragraph.
    fix : str
        What to write instead.
    clean : str
        What is true where the rule finds nothing.
    HEALTHY, BROKEN : str
        Two small programs that print how well they learned in their last line. They differ in
        this fault alone.
    found_in : str
        ``"record"`` if `check` finds it, ``"tape"`` or ``"source"`` if it takes the program
        itself.
    while_training : bool
        True if the rule can be asked before training has ended.
    explained_by : tuple of str
        Codes, or beginnings of codes, of what may lie behind this. Where one of them is found
        (for the same layer or an earlier one, where both have one), this is a symptom: a note.
    harms : bool
        False where BROKEN prints as good a number as HEALTHY.
    ends : bool
        False where BROKEN runs for ever.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    claim: ClassVar[str]
    why: ClassVar[str]
    fix: ClassVar[str]
    clean: ClassVar[str]
    HEALTHY: ClassVar[str]
    BROKEN: ClassVar[str]
    found_in: ClassVar[Source] = "record"
    while_training: ClassVar[bool] = False
    explained_by: ClassVar[tuple[str, ...]] = ()
    harms: ClassVar[bool] = True
    ends: ClassVar[bool] = True

    @abstractmethod
    def message(self, **evidence: Any) -> str:
        """What is wrong here, in one sentence to the person, with the numbers that are known.

        Everything in ``evidence`` may be left out, None or NaN; what the rule has no word for is
        ignored. All rules call alike what they share: ``parameters`` (names; ``parameter`` for
        one), ``layer`` (from 1), ``cosine`` (of the step with the true one), ``written`` (the
        expression that stands there) and ``wanted`` (the one that is meant).
        """

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """The findings of this rule in a record; each a fault or a note."""
        return ()

    def applies(self, record: RunRecord) -> bool:
        """False where the question makes no sense: dead relu units where there is no relu."""
        return True

    def missing(self, record: RunRecord) -> str:
        """Why this record cannot be judged; empty where it can."""
        return ""

    def finding(
        self, severity: Severity, span: SourceSpan | None = None, **evidence: Any
    ) -> Finding:
        """A finding whose words are those of `message`; what is not known is left out."""
        known = {name: value for name, value in evidence.items() if is_known(value)}
        return Finding(self.code, severity, self.message(**known), span, known)


def is_known(value: Any) -> bool:
    """True unless a value is None, NaN or an empty string.

    >>> is_known(0), is_known(math.nan), is_known("")
    (True, False, False)
    """
    if isinstance(value, list | tuple):
        return any(is_known(item) for item in value)
    if isinstance(value, float | np.floating):
        return not math.isnan(value)
    return value is not None and not (isinstance(value, str) and not value)


def number(value: Any) -> str:
    """A number as a person reads it: three digits; of several the smallest and the largest.

    >>> number(0.12345), number(2500.0), number(3e-7), number([0.1, 0.5])
    ('0.123', '2500', '3e-07', '0.1 to 0.5')
    """
    if isinstance(value, list | tuple):
        ends = [number(end(x for x in value if is_known(x))) for end in (min, max)]
        return ends[0] if ends[0] == ends[1] else " to ".join(ends)
    value = float(value)
    if value.is_integer() and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.3g}"


def percent(share: float) -> str:
    """A share in per cent; never 0 % or 100 % for what is not.

    >>> percent(0.5), percent(0.999), percent(1.0), percent(0.001)
    ('50 %', 'over 99 %', '100 %', 'under 1 %')
    """
    if 0.0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1.0:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def clause(template: str, *values: Any, form: Callable[[Any], str] = number) -> str:
    """``template`` with its numbers, or nothing where one of them is not known.

    >>> clause(", where {} is usual", 0.5), clause(", where {} is usual", math.nan)
    (', where 0.5 is usual', '')
    """
    if not all(is_known(value) for value in values):
        return ""
    return template.format(*(v if isinstance(v, str) else form(v) for v in values))
