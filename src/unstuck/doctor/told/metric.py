"""O505: where outputs are compared with labels to be counted, and the comparison goes wrong.

Only what cannot be meant is spoken of. The right number is what the same values give when they are
compared as they should be.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unstuck.doctor.suspect import Suspect, suspect_of
from unstuck.doctor.told.compared import Slip, meetings, reported_by, rounded
from unstuck.doctor.told.shares import wrong_shares
from unstuck.doctor.told.slips import LOOKS
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.replay import CannotReplay, replay
from unstuck.trace.request import LoopCount
from unstuck.trace.told import Told


def wrong_metrics(program: Program, told: Told, loops: Sequence[LoopCount]) -> list[Suspect]:
    """A suspect for each place that compares outputs and labels in a way that cannot be meant."""
    slips: dict[SourceSpan, list[tuple[Slip, int]]] = {}
    for met in meetings(told):
        for look in LOOKS:
            slip = look(program, told, met)
            if slip is not None:
                slips.setdefault(slip.span, []).append((slip, met.node))
                break
    found = []
    for slipped in slips.values():
        sink = reported_by(told, slipped[-1][1])
        if sink is not None:
            found.append(suspect(told, [slip for slip, _ in slipped], sink))
    return found + wrong_shares(program, told, loops)


def suspect(told: Told, slips: Sequence[Slip], sink: int) -> Suspect:
    """The finding: what is reported, and what the right comparison gives."""
    last = slips[-1]
    evidence = dict(last.evidence)
    value = told.tape[sink].value
    if np.size(value) == 1:
        evidence.update(reported=rounded(value), actual=actual(told, slips, sink))
    return suspect_of("O505", last.span, last.options(), **evidence)


def actual(told: Told, slips: Sequence[Slip], sink: int) -> float:
    """The reported number as the right comparison gives it; NaN where it cannot be had."""
    right = {index: value for slip in slips for index, value in slip.right.items()}
    try:
        values = replay(
            told.tape, right, first=told.tape.start, last=sink + 1, needed=[sink]
        )  # fmt: skip
        return rounded(values.value(sink))
    except (CannotReplay, TypeError, ValueError):
        return float("nan")
