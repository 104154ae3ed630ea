"""A finding together with the changes that may mend it; `verify` decides which do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.rules import RULES
from unstuck.record.run_record import SourceSpan


@dataclass(frozen=True, slots=True)
class Option:
    """One way to mend a finding: edits that belong together, and what they do in a few words."""

    edits: tuple[Edit, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """A finding that may keep a program from learning.

    ``options`` come in the order in which they are worth trying. ``exact`` marks what is wrong
    whatever the data are (a wrong gradient, a lost update), as against what depends on them
    (weights, scaling, rates): the former is mended first. ``parameters`` are the numbers of the
    parameters whose gradients it concerns. A ``speculative`` one has nothing against it but that
    the program does not learn; it is only spoken of if mending it helps.
    """

    finding: Finding
    options: tuple[Option, ...] = ()
    exact: bool = False
    parameters: frozenset[int] = frozenset()
    speculative: bool = False

    @property
    def code(self) -> str:
        """The finding's code."""
        return self.finding.code


def suspect_of(
    code: str,
    span: SourceSpan | None,
    options: Sequence[Option],
    *,
    concerns: frozenset[int] = frozenset(),
    speculative: bool = False,
    **evidence: object,
) -> Suspect:
    """A fault in the words of its rule, with the first option's text as replacement.

    ``concerns`` are numbers of parameters. It is exact unless it is ``speculative``.
    """
    text = options[0].edits[0].text.strip() if options and options[0].edits else None
    finding = Finding(
        code, "fault", RULES[code]().message(**evidence), span, evidence, text or None
    )
    return Suspect(finding, tuple(options), not speculative, concerns, speculative)
