"""Training data learned by heart: on what a program holds back for its last count it only guesses.

The last comparison of predicted and true classes is taken from the recording of the program's end.
Where it is no better than chance while the training data are known well, that comparison is what
progress is measured by from then on, and the labels are looked at once more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unstuck.doctor.case import Case
from unstuck.doctor.feedback import PRODUCTS
from unstuck.doctor.fixes.rewrites.data import changed
from unstuck.doctor.fixes.verify import Trials
from unstuck.doctor.judge import STUCK
from unstuck.doctor.order import met, not_sorted
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.doctor.told.compared import meetings
from unstuck.doctor.told.metric import wrong_metrics
from unstuck.doctor.told.reports import the_end
from unstuck.trace.facts import ancestors, name_of, root_of, source_of
from unstuck.trace.program import Program
from unstuck.trace.progress import Eye, gain, site_key
from unstuck.trace.tape import LEAF
from unstuck.trace.told import Told, lineages, step_keys, told_at_last
from unstuck.trace.traced import Traced

KNOWN = 0.5  # of the way, on the training data: so much has been learned
FEWEST = 30  # samples that a comparison rests on
MOST = 500  # samples whose neighbours are looked for
FAR = 5.0  # times: inputs so much larger or smaller are of another scale
PAIRS = 15  # samples from which on neighbours say something


def by_heart(case: Case) -> None:
    """Measure by the last count from now on, where that only guesses."""
    measured, traced = case.measured, case.first
    if measured is None or traced is None or not measured.has_classes or measured.gained < KNOWN:
        return
    end = the_end(case)
    if end is None or end[0].shorten or end[1].tape is None:
        return
    told = told_at_last(end[1].tape, step_keys(traced), lineages(traced))
    eye = guessing(told, one_class=not_sorted(case.program, traced) is not None)
    if eye is None or wrong_metrics(case.program, told, end[1].loops):
        return  # or the count itself is wrong
    trials = Trials(case.sandbox, case.program, eye, case.deadline, case.stop)
    (trial,) = trials.run([(case.program, ())])
    if trial.measured is not None and trial.measured.gained <= STUCK:
        case.held, case.known = eye, measured
        case.apart = [*sorted_rows(case.program, traced), *other_scale(case.program, traced, told)]
        case.measured = case.compared = replace(
            measured, accuracy=trial.measured.accuracy, loss=trial.measured.loss, curve=()
        )


def guessing(told: Told, *, one_class: bool) -> Eye | None:
    """Where classes are compared last, if hardly more are right than by chance.

    Where all are of one class, which may be on purpose, only with ``one_class``.
    """
    found = [
        met for met in meetings(told)
        if told.tape[met.node].op == "equal" and np.shape(met.values[0]) == np.shape(met.values[1])
    ]  # fmt: skip
    if not found:
        return None
    site = told.tape[found[-1].node].site
    last = [met for met in found if told.tape[met.node].site == site]
    last = last[-1:] if last[-1].values[1].size > 1 else last  # one by one, or all in an array
    said, true = (np.concatenate([np.ravel(met.values[k]) for met in last]) for k in (0, 1))
    values, counts = np.unique(true, return_counts=True)
    if len(true) < FEWEST or len(values) < 2 - one_class or np.any(true != np.round(true)):
        return None
    if gain(float(np.mean(said == true)), float(counts.max() / counts.sum()), 1.0) > STUCK:
        return None
    return Eye(site_key(told.tape.sites[site]), *last[-1].sides, equal=True)


def sorted_rows(program: Program, traced: Traced) -> list[Suspect]:
    """Rows that were sorted by class before some of them were held back."""
    edit = not_sorted(program, traced)
    if edit is None:
        return []
    return [suspect_of("D408", edit.span, (Option((edit,), "in random order"),), split=True)]


def other_scale(program: Program, traced: Traced, told: Told) -> list[Suspect]:
    """Inputs of the last count that are far larger or smaller than those of the training."""
    tape = told.tape
    counted = [
        (parent, position) for node in tape.nodes[tape.start :]
        if node.op in PRODUCTS and node.index in told.reach and node.index not in told.useful
        for position, parent in enumerate(node.parents)
        if not told.learned(parent) and np.ndim(tape[parent].value) == 2
    ]  # fmt: skip
    inputs, _ = met(traced)
    if not counted or not inputs:
        return []
    last, axis = counted[-1]  # rows in front of the weights, columns behind them
    large, small = (spread_of(x, axis) for x in (traced.tape[inputs[0]].value, tape[last].value))
    if not (small > 0.0 and large > 0.0) or 1.0 / FAR < small / large < FAR:
        return []
    root = root_of(tape, last, frozenset())
    name, source = name_of(tape, root), source_of(tape, root)
    if source is None:  # made where nothing is recorded: then by what it is to be like
        source = source_of(traced.tape, root_of(traced.tape, inputs[0], frozenset()))
    file = source.file if source is not None else program.entry
    factor = large / small
    template = f"{{0}} * {factor:.4g}" if factor > 1.0 else f"{{0}} / {1.0 / factor:.4g}"
    options = changed(program, name, file, source, [template], None)
    return [suspect_of("D401", source, options, name=name, factor=factor)]


def spread_of(inputs: Any, axis: int) -> float:
    """How far samples lie apart, over all features; 0 for fewer than two samples."""
    values = np.asarray(inputs, dtype=float)
    return float(np.sqrt(np.mean(np.var(values, axis=axis)))) if values.ndim == 2 else 0.0


def numbered_rows(traced: Traced) -> list[Suspect]:
    """Labels that were made from the numbers of the rows, where the rows know nothing of them."""
    tape, (inputs, labels) = traced.tape, met(traced)
    behind = ancestors(tape, {*labels, *traced.anatomy.label_nodes})
    numbers = [i for i in behind if tape[i].op == "arange" and np.size(tape[i].value) > 1]
    given = [
        i for i in behind
        if (tape[i].op == LEAF or tape[i].op.startswith("random.")) and np.size(tape[i].value) > 1
    ]  # fmt: skip
    if not numbers or given or len(inputs) != 1 or len(labels) != 1:
        return []
    values, targets = (np.asarray(tape[i].value, float) for i in (inputs[0], labels[0]))
    if not unrelated(values, targets):
        return []
    source, name = source_of(tape, min(numbers)), name_of(tape, max(labels))
    return [suspect_of("D403", source, (), name=name, numbered=True)]


def unrelated(inputs: Any, labels: Any) -> bool:
    """True if a sample's nearest neighbour is of its class hardly more often than by chance."""
    if inputs.ndim != 2 or len(inputs) < PAIRS:
        return False
    rows = [y for y in (labels, labels.T) if y.ndim == 2 and len(y) == len(inputs)]
    if labels.ndim == 1 and len(labels) == len(inputs):
        classes = labels
    elif rows:
        classes = np.argmax(rows[0], axis=1) if rows[0].shape[1] > 1 else rows[0][:, 0]
    else:
        return False
    classes, inputs = classes[:MOST], inputs[:MOST]
    _, counts = np.unique(classes, return_counts=True)
    squares = np.sum(inputs**2, axis=1)
    distances = squares[:, None] + squares - 2.0 * inputs @ inputs.T
    np.fill_diagonal(distances, np.inf)
    agree = np.mean(classes == classes[np.argmin(distances, axis=1)])
    return bool(agree <= counts.max() / counts.sum() + len(inputs) ** -0.5)
