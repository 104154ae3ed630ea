"""Weights that are updated before the error has gone back through them.

The tape tells whose gradient it spoils and where; here are the words, and the order that would be
right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from unstuck.doctor.fixes.reorder import Pair, reordered
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.anatomy import Flow
from unstuck.trace.early import VIEWS, Read, readers, right_with_old_weights
from unstuck.trace.program import Program
from unstuck.trace.tape import UNKNOWN, Tape
from unstuck.trace.traced import Traced


def updated_too_early(program: Program, traced: Traced) -> Suspect | None:
    """Which gradients are taken through new weights, and the order that would be right."""
    mended, concerned = right_with_old_weights(
        traced.tape, traced.steps, traced.anatomy, traced.judgement
    )
    if not concerned:
        return None
    names = [traced.name_of(k) for k in mended]
    through = list(dict.fromkeys(traced.name_of(r.parameter) for r in concerned))
    pairs = [pair_of(traced.tape, traced.anatomy.flows[0], read) for read in concerned]
    known = list(dict.fromkeys(p for p in pairs if p is not None))
    edits = reordered(program, known) if known and len(known) == len(set(pairs)) else ()
    span = edits[0].span if edits else traced.update_span(concerned[0].parameter)
    suspect = suspect_of(
        "G108", span, [Option(edits, "in another order")] if edits else [],
        concerns=frozenset(mended), parameters=names, weights=" and ".join(through),
        **order_of(program, known),
    )  # fmt: skip
    text = suspect.finding.replacement
    if text is None or span is None:
        return suspect
    plain = text.replace("\n" + " " * span.column, "\n")
    return replace(suspect, finding=replace(suspect.finding, replacement=plain))


def order_of(program: Program, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Where the first update stands and where its weights are used, in words."""
    if not pairs:
        return {}
    first = pairs[0]
    return {
        "updated": program.line_name(first.file, first.update),
        "used": program.line_name(first.file, first.use),
    }


def proved_again(suspect: Suspect, again: Traced | None) -> Suspect:
    """With its change only if the gradients are right on the tape of the changed program."""
    verdicts = [] if again is None else again.judgement.verdicts
    now = [v for v in verdicts if v.parameter in suspect.parameters]
    if now and all(v.verdict == "ok" for v in now):
        return replace(suspect, finding=replace(suspect.finding, proved=True))
    return replace(suspect, finding=replace(suspect.finding, replacement=None), options=())


# -------------------------------------------------------------------------------- in the text


def pair_of(tape: Tape, flow: Flow, read: Read) -> Pair | None:
    """The update and the use of its weights, as lines of one function."""
    use = product_of(tape, flow, read.reader)
    ways = [frames_of(tape, index) for index in (read.version, use)]
    common = next((frame for frame in ways[0] if frame in ways[1]), None)
    if common is None:
        return None
    spans = [span_in(tape, common, index) for index in (read.version, use)]
    if spans[0] is None or spans[1] is None or spans[0].file != spans[1].file:
        return None
    return Pair(spans[0].file, spans[0].line, spans[1].line, spans[1])


def product_of(tape: Tape, flow: Flow, index: int) -> int:
    """What a view of the weights is used in."""
    while tape[index].op in VIEWS:
        index = next(readers(tape, index, flow)).index
    return index


def frames_of(tape: Tape, index: int) -> list[int]:
    """The call in which a value was made, and the calls around it."""
    found = [tape[index].frame]
    while found[-1] != 0:
        found.append(tape.frames[found[-1]].parent)
    return found


def span_in(tape: Tape, frame: int, index: int) -> SourceSpan | None:
    """The expression of a frame that made a value: itself, or the call that led to it."""
    site, inner = tape[index].site, tape[index].frame
    while inner != frame:
        site, inner = tape.frames[inner].site, tape.frames[inner].parent
    return None if site == UNKNOWN else tape.sites[site].span
