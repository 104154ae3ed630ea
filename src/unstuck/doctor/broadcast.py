"""The error of n outputs and n labels that is n times n: shapes (n, 1) and (n,) in the training.

Each output is then pulled to every label, that is to their mean. No gradient can agree with that,
so it is looked for before gradients are judged.
"""

from __future__ import annotations

from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.doctor.told.compared import meetings, span_of
from unstuck.doctor.told.slip_edits import fitted
from unstuck.doctor.told.slips import is_broadcast
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.told import told_at_first
from unstuck.trace.traced import Traced


def broadcast_errors(program: Program, traced: Traced) -> list[Suspect]:
    """A suspect for each place where the error of an update is broadcast; one change for all."""
    told = told_at_first(traced)
    found: dict[SourceSpan, str] = {}
    edits: list[Edit | None] = []
    for met in meetings(told, sorted(told.useful)):
        span = span_of(told, met.node)
        if span not in found and is_broadcast(told, met):
            found[span] = met.shapes
            edits += fitted(program, told, met)
    known = tuple(edit for edit in edits if edit is not None)
    options = (Option(known, "one shape for both"),) if known and len(known) == len(edits) else ()
    return [suspect_of("G105", span, options, shapes=shapes) for span, shapes in found.items()]
