"""O506: a number that is told as the loss, and is none.

It is judged by how it changes with the outputs. Whatever else is computed of outputs and labels
(scores, means, shares, other losses) is left in peace, and so is everything where one right loss is
told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unstuck.doctor.suspect import Suspect, suspect_of
from unstuck.doctor.told.formula_words import called_loss, meant
from unstuck.doctor.told.pulls import MOST_NODES, Pull, learned_behind, pulls_of
from unstuck.doctor.told.slopes import WORDS, Formula, kind_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.facts import ancestors
from unstuck.trace.operations import NoRule
from unstuck.trace.program import Program
from unstuck.trace.replay import CannotReplay
from unstuck.trace.told import Told
from unstuck.trace.traced import Traced

Array = Any
FEWEST = 8  # labels that a formula must have met
MOST_SINKS = 12
ONE_VALUE = {"float", "item", "copy", "asarray", "array", "round", "astype"}
NAMED = {"reversed", "cancels"}  # scores and means of errors: wrong only by another name


def wrong_losses(
    program: Program, traced: Traced, tapes: Sequence[Told], labels: Sequence[Array] = ()
) -> list[Suspect]:
    """A suspect for each number that is told as a loss and is none, where no right one is.

    ``labels`` are some that were seen in the course of the run.
    """
    loss = traced.judgement.loss
    if loss is None or loss.name == "own" or not trusted(traced):
        return []
    known = known_labels(traced, labels)
    found: dict[SourceSpan | None, Suspect] = {}
    for told in tapes:
        for sink in sinks(told):
            judged = judged_sink(told, sink, known)
            if judged is None:
                continue
            kind, pulls = judged
            if not kind:  # a loss is told rightly; what else is told need not be one
                return []
            if kind in NAMED and not called_loss(program, told.tape, sink):
                continue
            one = suspect(program, traced, told, sink, pulls[0], kind)
            found.setdefault(one.finding.span, one)
    return list(found.values())


def judged_sink(told: Told, sink: int, known: Array) -> tuple[str, list[Pull]] | None:
    """The kind of a number; right if a right loss is behind it; None if it is no loss at all."""
    for index in numbers_behind(told, sink):
        judged = judged_number(told, index, known)
        if judged is not None and not judged[0]:
            return judged
    return judged if index == sink and judged is not None and judged[0] != "flat" else None


def judged_number(told: Told, index: int, known: Array) -> tuple[str, list[Pull]] | None:
    """What kind of number it is: empty for a right loss; None if it meets no labels."""
    behind = learned_behind(told, index)
    if len(behind) > MOST_NODES:
        return "", []
    pulls = pulls_of(told, behind, known)
    if pulls is None:
        return "", []
    y = np.concatenate([np.ravel(p.label) for p in pulls]) if pulls else np.zeros(0)
    if y.size < FEWEST or np.all(y == y[0]):
        return None if not pulls else ("flat", pulls)
    try:
        return kind_of(Formula(told.tape, index, behind, pulls), y), pulls
    except (NoRule, CannotReplay, TypeError, ValueError):
        return "", pulls


def suspect(
    program: Program, traced: Traced, told: Told, sink: int, pull: Pull, kind: str
) -> Suspect:
    """The finding, with the formula that is meant."""
    name = traced.judgement.loss.name if traced.judgement.loss is not None else ""
    text = meant(program, traced, told, sink, pull, kind)
    return suspect_of(
        "O506", text.span, text.options, written=text.written, wanted=text.wanted,
        loss=name.removesuffix("_of_logits"), problem=WORDS[kind],
    )  # fmt: skip


def trusted(traced: Traced) -> bool:
    """True if most steps follow the gradient of the loss that is meant."""
    verdicts = [v.verdict for v in traced.judgement.verdicts if v.verdict != "unchecked"]
    return 2 * sum(v in {"ok", "scale", "unreset"} for v in verdicts) > len(verdicts)


def known_labels(traced: Traced, labels: Sequence[Array]) -> Array:
    """Every value that a label of the training may have."""
    tape, anatomy = traced.tape, traced.anatomy
    arrays = [*labels, *(tape[i].value for i in ancestors(tape, anatomy.label_nodes))]
    pairing = traced.pairing
    if pairing is not None:
        arrays += [y for own in pairing.labels.values() for y in own]
    flat = [np.ravel(a) for a in arrays if np.asarray(a).dtype.kind in "biuf"]
    return np.unique(np.concatenate(flat).astype(float)) if flat else np.zeros(0)


def sinks(told: Told) -> list[int]:
    """Numbers that nothing else is made from, one a place, the latest first."""
    found: dict[int, int] = {}
    for index in reversed(told.reported()):
        node = told.tape[index]
        if not is_single(node.value) or node.op in ONE_VALUE or node.site < 0:
            continue
        if not is_read(told, index) and node.site not in found and not may_go_on(told, index):
            found[node.site] = index
    return list(found.values())[:MOST_SINKS]


def is_read(told: Told, index: int) -> bool:
    """True if another number is made from this one."""
    return any(told.tape[r].op not in ONE_VALUE for r in told.readers[index])


def may_go_on(told: Told, index: int) -> bool:
    """True for a number that may be read behind the end of a tape that was cut off.

    A sum that goes on, as in ``e = e + loss``, or what came after all steps.
    """
    tape = told.tape
    if tape.stopped == "end":
        return False
    if not any(step > index and tape[step].parents for step in told.values):
        return True
    node = tape[index]
    return node.op == "add" and all(is_single(tape[parent].value) for parent in node.parents)


def is_single(value: Array) -> bool:
    """True for one number with fractions."""
    return np.size(value) == 1 and np.asarray(value).dtype.kind == "f"


def numbers_behind(told: Told, sink: int) -> list[int]:
    """The numbers that a number is made from, one a place, and last itself."""
    found: dict[int, int] = {}
    for index in sorted(learned_behind(told, sink), reverse=True):
        if is_single(told.tape[index].value):
            found.setdefault(told.tape[index].site, index)
    return sorted(list(found.values())[:MOST_SINKS])
