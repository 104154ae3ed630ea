"""O506: a number that is told as the loss, and is none.

It is judged by how it changes with the outputs, at outputs drawn at random: a loss pulls each
output to its label. One that changes in the same way whatever the labels are, that leaves out one
of two classes, or falls the further the outputs are from the labels, is none. Whatever else is
computed of outputs and labels (scores, means, shares, other losses) is left in peace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.doctor.formula_words import called_loss, meant
from unstuck.doctor.suspect import Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.adjoint import adjoints
from unstuck.trace.anatomy import FILLED, THROUGH
from unstuck.trace.facts import ancestors
from unstuck.trace.operations import NoRule
from unstuck.trace.program import Program
from unstuck.trace.replay import CannotReplay, replay
from unstuck.trace.tape import Ref, Tape
from unstuck.trace.told import Told
from unstuck.trace.traced import Traced

Array = Any
PICKS = {"getitem", "gather"}
FEWEST = 8  # labels that a formula must have met
MOST_NODES = 20_000  # behind one number
MOST_SINKS = 12
POINTS = 3
EQUAL = 1e-9
ONE_VALUE = {"float", "item", "copy", "asarray", "array", "round", "astype"}
THROUGH_TOO = THROUGH | {"power", "square", "log1p", "absolute", "exp", "sqrt", "multiply",
                         "true_divide", "mean", "sum"}  # fmt: skip
NAMED = {"reversed", "cancels"}  # scores and means of errors: wrong only by another name
WORDS = {
    "labels": "it changes with the outputs in the same way whatever the labels are",
    "cancels": "errors of opposite sign cancel",
    "half": "the samples of one of the two classes play no part",
    "one way": "it changes in the same direction for both classes",
    "falls": "it falls the further outputs are on one side of the targets",
    "broken": "it is NaN or infinite whatever the outputs are",
    "reversed": "it rises as the outputs get better",
}


@dataclass(slots=True)
class Pull:
    """Outputs that meet labels on the way to a number.

    ``roots`` are the labels before anything was done to them; ``meets`` the nodes at which the
    two meet; ``label`` are the labels in the form of the outputs.
    """

    chain: list[int]  # nodes that the output may be, the last one first
    roots: set[int]
    meets: list[int]
    label: Array

    output: int = -1  # the one of the chain that is of the labels' kind


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
        ahead = [r for r in told.readers[index] if told.tape[r].op not in ONE_VALUE]
        if is_single(node.value) and not ahead and node.op not in ONE_VALUE and node.site >= 0:
            found.setdefault(node.site, index)
    return list(found.values())[:MOST_SINKS]


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


def learned_behind(told: Told, index: int) -> set[int]:
    """What a node is made from, as far as it depends on learned values."""
    found: set[int] = set()
    pending = [index]
    while pending and len(found) <= MOST_NODES:
        current = pending.pop()
        if current in found or not told.learned(current) or current < told.tape.start:
            continue
        found.add(current)
        if current not in told.values:  # what a step made is given, whatever it was made from
            pending.extend(told.tape[current].parents)
    return found


# ---------------------------------------------------------------------- outputs and labels


def pulls_of(told: Told, behind: set[int], known: Array) -> list[Pull] | None:
    """Where outputs meet labels behind a number; None where that is not clear."""
    groups: list[Pull] = []
    for index in sorted(behind):
        met = meet_at(told, index)
        if met is None:
            continue
        output, label = met
        root = root_of(told, label)
        values = np.ravel(told.tape[root].value)
        if not np.all(np.isin(values.astype(float), known)):
            continue
        chain = upwards(told, output)
        mine = next((g for g in groups if not set(g.chain).isdisjoint(chain)), None)
        if mine is None:
            groups.append(Pull(chain, {root}, [index], None))
        else:
            mine.chain = [i for i in mine.chain if i in chain]
            mine.roots.add(root)
            mine.meets.append(index)
    for group in groups:
        size = np.size(told.tape[group.chain[0]].value)
        label = next(iter(group.roots))
        if len(group.roots) != 1 or np.size(told.tape[label].value) != size:
            return None
        group.output = of_a_kind(told, group.chain, told.tape[label].value)
        shape = np.shape(told.tape[group.output].value)
        group.label = np.asarray(told.tape[label].value, dtype=float).reshape(shape)
    return groups


def of_a_kind(told: Told, chain: Sequence[int], label: Array) -> int:
    """The output behind ``log(output)``: the first that is a share, where labels are shares."""
    if np.min(label) >= 0 and np.max(label) <= 1:
        for index in chain:
            value = told.tape[index].value
            if np.min(value) >= 0 and np.max(value) <= 1:
                return index
    return chain[0]


def meet_at(told: Told, index: int) -> tuple[int, int] | None:
    """Output and label at a node where the one meets as much of the other, entry by entry."""
    node = told.tape[index]
    refs = [a.index for a in node.args[:2] if isinstance(a, Ref)]
    if len(refs) != 2:
        return None
    learned = [r for r in refs if told.learned(r)]
    given = [r for r in refs if not told.learned(r)]
    if len(learned) != 1 or len(given) != 1 or not told.whole(learned[0]):
        return None
    output, label = (told.tape[i].value for i in (learned[0], given[0]))
    if np.size(output) != np.size(label) or np.asarray(label).dtype.kind not in "biuf":
        return None
    if told.tape[given[0]].op in FILLED or (node.op == "add" and np.size(label) == 1):
        return None  # what a sum begins with
    if np.size(node.value) > np.size(output):
        return None  # broadcast to more: that is another mistake
    return learned[0], given[0]


def root_of(told: Told, index: int) -> int:
    """A label before the formula did anything to its entries."""
    while index >= told.tape.start:
        node = told.tape[index]
        behind = [p for p in node.parents if np.size(told.tape[p].value) == np.size(node.value)]
        if len(node.parents) != 1 or len(behind) != 1 or node.op not in THROUGH_TOO - PICKS:
            break
        index = behind[0]
    return index


def upwards(told: Told, index: int) -> list[int]:
    """The value and what it was made from entry by entry, as far as it is an output."""
    found = [index]
    size = np.size(told.tape[index].value)
    while len(found) < 8:
        node = told.tape[found[-1]]
        behind = [p for p in node.parents if told.learned(p)]
        if node.op not in THROUGH_TOO or len(behind) != 1 or not told.whole(behind[0]):
            break
        if np.size(told.tape[behind[0]].value) != size:
            break
        found.append(behind[0])
    return found


# -------------------------------------------------------------------------------- judging


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


class Formula:
    """A number as a function of outputs and labels: its derivative by the outputs."""

    def __init__(self, tape: Tape, index: int, behind: set[int], pulls: Sequence[Pull]) -> None:
        self.tape, self.index, self.behind, self.pulls = tape, index, behind, pulls
        self.outputs = [np.asarray(tape[p.output].value, dtype=float) for p in pulls]
        self.shares = all(np.all((o >= 0) & (o <= 1)) for o in self.outputs)
        self.coupled = self.shares and any(summed_axis(o) is not None for o in self.outputs)

    def draw(self, rng: np.random.Generator, y: Array) -> list[Array]:
        """Outputs at random, of the kind that they are."""
        drawn = []
        for output in self.outputs:
            if not self.shares:
                drawn.append(y.mean() + 1.5 * y.std() * rng.standard_normal(output.shape))
                continue
            value = rng.uniform(0.1, 0.9, output.shape)
            axis = summed_axis(output)
            drawn.append(value if axis is None else value / value.sum(axis=axis, keepdims=True))
        return drawn

    def slope(self, outputs: Sequence[Array], labels: Sequence[Array] | None = None) -> Array:
        """The derivative by all outputs, one after the other; NaN where it is not finite."""
        changed: dict[int, Array] = {}
        for place, pull in enumerate(self.pulls):
            changed[pull.output] = like(outputs[place], self.tape[pull.output].value)
            if labels is not None:
                (root,) = pull.roots
                changed[root] = like(labels[place], self.tape[root].value)
        first = min(changed) + 1
        values = replay(self.tape, changed, first=first, last=self.index + 1, needed=[self.index])
        ends = {pull.output for pull in self.pulls}
        found = adjoints(
            self.tape, {self.index: np.ones(np.shape(self.tape[self.index].value))},
            first=first, allowed=self.behind, values=values, stop=ends,
        )  # fmt: skip
        parts = [
            np.broadcast_to(found.get(p.output, 0.0), o.shape).ravel()
            for p, o in zip(self.pulls, self.outputs, strict=True)
        ]
        slope = np.concatenate(parts)
        number = np.asarray(values.value(self.index), dtype=float)
        return slope if np.all(np.isfinite(number)) else np.full_like(slope, np.nan)

    def split(self, flat: Array) -> list[Array]:
        """One array for each of the outputs."""
        ends = np.cumsum([o.size for o in self.outputs])[:-1]
        parts = np.split(flat, ends)
        return [part.reshape(o.shape) for part, o in zip(parts, self.outputs, strict=True)]


def like(value: Array, before: Array) -> Array:
    """A value in the form of the one whose place it takes."""
    if isinstance(before, np.ndarray):
        return np.asarray(value).reshape(before.shape)
    return float(np.ravel(value)[0])


def summed_axis(output: Array) -> int | None:
    """The axis along which outputs are shares of one whole."""
    for axis in reversed(range(output.ndim)):
        if output.shape[axis] > 1 and np.allclose(output.sum(axis=axis), 1.0, atol=1e-5):
            return axis
    return None


def kind_of(formula: Formula, y: Array) -> str:
    """What is wrong with a formula, as a key of `WORDS`; "flat" if it has no slope; or nothing."""
    rng = np.random.default_rng(0)
    points = [formula.draw(rng, y) for _ in range(POINTS)]
    slopes = [formula.slope(point) for point in points]
    finite = [bool(np.all(np.isfinite(slope))) for slope in slopes]
    if not any(finite):
        recorded = np.asarray(formula.tape[formula.index].value, dtype=float)
        return "" if np.all(np.isfinite(recorded)) else "broken"
    if not all(finite):
        return ""
    size = max(float(np.max(np.abs(slope))) for slope in slopes)
    if size == 0.0:
        return "flat"
    if deaf(formula, y, points, slopes, size):
        cancels = all(even(slope, size) for slope in slopes)
        return "cancels" if cancels else "labels"
    return next(_kinds(formula, y, points, slopes), "")


def deaf(
    formula: Formula, y: Array, points: list[list[Array]], slopes: list[Array], size: float
) -> bool:
    """True if labels play no part in how a number changes with the outputs.

    Where the labels are objects of their own they change places; where Python has one object for
    equal numbers, samples of all labels get one output, and must then pull alike.
    """
    roots = [root for pull in formula.pulls for root in pull.roots]
    if len(set(roots)) < len(roots):
        if formula.coupled:
            return False
        alike = [formula.slope(formula.split(np.full(y.size, o))) for o in (0.3, 0.6)]
        return all(even(slope, size) for slope in alike)
    rng = np.random.default_rng(1)
    mixed = formula.split(y[rng.permutation(y.size)])
    others = [formula.slope(point, mixed) for point in points]
    return all(same(a, b, size) for a, b in zip(slopes, others, strict=True))


def even(slope: Array, size: float) -> bool:
    """True if all entries of a derivative are one number."""
    return same(slope, np.full_like(slope, slope[0]), size)


def same(a: Array, b: Array, size: float) -> bool:
    """True for two derivatives that are one but for rounding."""
    return bool(np.max(np.abs(a - b)) <= EQUAL * size)


def _kinds(
    formula: Formula, y: Array, points: list[list[Array]], slopes: list[Array]
) -> Iterator[str]:
    """What the signs of the derivatives tell."""
    flat = [np.concatenate([np.ravel(o) for o in point]) for point in points]
    classes = np.unique(y)
    if formula.shares and len(classes) == 2:
        low, high = (y == c for c in classes)
        signs = [{float(s) for d in slopes for s in np.sign(d[of])} for of in (low, high)]
        if formula.coupled:
            if signs in ([{0.0}, {1.0}], [{-1.0}, {1.0}]):
                yield "reversed"
            return
        whole = [d[high] * o[high] for d, o in both(slopes, flat)]
        rest = [d[low] * (1 - o[low]) for d, o in both(slopes, flat)]
        if (signs[0] == {0.0} and constant(whole)) or (signs[1] == {0.0} and constant(rest)):
            yield "half"
        if signs[0] == signs[1] and signs[0] in ({1.0}, {-1.0}):
            yield "one way"
        if signs == [{-1.0}, {1.0}]:
            yield "reversed"
    elif len(classes) > 2:
        if all(np.all(d * (o - y) <= 0) for d, o in both(slopes, flat)):
            yield "reversed"
        if falls_for_ever(formula, y):
            yield "falls"


def both(slopes: list[Array], flat: list[Array]) -> list[tuple[Array, Array]]:
    """Derivatives with the outputs at which they were taken."""
    return list(zip(slopes, flat, strict=True))


def constant(values: list[Array]) -> bool:
    """True if all numbers are one."""
    every = np.concatenate(values)
    return bool(np.allclose(every, every[0], rtol=1e-6))


def falls_for_ever(formula: Formula, y: Array) -> bool:
    """True for a function of the errors alone that rises, or falls, on both sides of 0."""
    if formula.shares:
        return False
    step = 0.5 * y.std()
    below, above = (formula.slope(formula.split(y + s)) for s in (-step, step))
    moved = formula.slope(formula.split(y + step + 1.0), formula.split(y + 1.0))
    size = float(np.max(np.abs(above)))
    if not np.all(np.isfinite(np.concatenate([below, above, moved]))) or size == 0.0:
        return False
    one_way = bool(np.all(below * above > 0))
    return one_way and bool(np.max(np.abs(above - moved)) <= 1e-6 * size)
