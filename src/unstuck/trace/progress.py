"""How far a run got, measured by the program's own outputs against its own labels.

The place where outputs meet labels is sampled over the whole run; the share of right classes (or
the squared error, where there are none) at its start and its end, beside what the best constant
answer would reach, says whether the program learns. What a program prints plays no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from unstuck.trace.request import Key, Watched
from unstuck.trace.tape import Ref, Site, Tape

Array = Any
ENOUGH = 300  # samples that an accuracy rests on, where there are so many
ORDERED = 0.7  # of the way from chance to always: samples that come class by class
CHANGES = 6  # of class, that an accuracy rests on where they do


@dataclass(frozen=True, slots=True)
class Eye:
    """What to watch: the expression, and which of its operands are output and label.

    ``index`` is True where the label picks entries of the output. ``log`` is True where the
    logarithm of the output stands there. ``group`` is how many evaluations make one sample
    (outputs of pure-Python programs are numbers). ``per_update`` counts evaluations an update.
    ``equal`` is True where the numbers of classes, said and true, are compared.
    """

    key: Key
    output: int
    label: int
    index: bool = False
    log: bool = False
    group: int = 1
    per_update: int = 1
    first_label: Any = None
    equal: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """Accuracy (NaN without classes) and squared error at the start and the end of a run.

    ``pairs`` are the samples behind it, as (evaluation, outputs, labels) with samples as rows;
    ``evaluations`` is how many there were in all. ``shared`` is True where one label stands for
    several outputs (quantiles, the means of a mixture): none of them is meant to reach it.
    ``ordered`` is True where the samples came class by class.
    """

    updates: int
    accuracy: tuple[float, float, float] = (float("nan"),) * 3  # start, end, chance
    loss: tuple[float, float, float] = (float("nan"),) * 3
    curve: tuple[tuple[int, float], ...] = ()  # evaluation, squared error
    pairs: tuple[tuple[int, Array, Array], ...] = field(default=(), compare=False, repr=False)
    evaluations: int = 0
    shared: bool = False
    ordered: bool = False

    @property
    def labels(self) -> list[Array]:
        """The labels that were seen, samples as rows."""
        return [label for _, _, label in self.pairs]

    @property
    def has_classes(self) -> bool:
        """True if the labels are classes."""
        return bool(np.isfinite(self.accuracy[2]))

    @property
    def gained(self) -> float:
        """Progress: 0 the best constant answer, 1 the best there is."""
        if self.has_classes:
            return gain(self.accuracy[1], self.accuracy[2], 1.0)
        return gain(self.loss[1], self.loss[2], 0.0)

    @property
    def loss_gained(self) -> float:
        """The same by the squared error."""
        return gain(self.loss[1], self.loss[2], 0.0)


def gain(value: float, chance: float, best: float) -> float:
    """The share of the way from chance to the best value; what is no number got nowhere."""
    if not np.isfinite(value) or not np.isfinite(chance):
        return -1.0
    if abs(best - chance) < 1e-12:
        return 1.0 if abs(best - value) < 1e-12 else 0.0
    return float(np.clip((value - chance) / (best - chance), -1.0, 1.0))


def site_key(site: Site) -> Key:
    """The key under which the probe knows a site."""
    s = site.span
    return (s.file, s.line, s.column, s.end_line, s.end_column, site.kind)


def operand_position(tape: Tape, index: int, parent: int) -> int | None:
    """Which operand of a node another node is."""
    for position, argument in enumerate(tape[index].args):
        if isinstance(argument, Ref) and argument.index == parent:
            return position
    return None


# ------------------------------------------------------------------------------- measuring


def measure(watched: Watched | None, eye: Eye) -> Measured | None:
    """Accuracy and loss at the two ends of a run; None where the place was never reached."""
    if watched is None or not watched.samples:
        return None
    if eye.equal:
        return count_of(watched, eye)
    seen = [pair for sample in grouped(watched, eye) if (pair := read(sample, eye)) is not None]
    if not seen:
        return None
    single = eye.index or one_sample_each([label for _, _, label in seen])
    axis = samples_axis([label for _, _, label in seen])
    pairs = [(at, *as_rows(output, label, single=single, axis=axis)) for at, output, label in seen]
    updates = max(1, round(watched.count / max(1, eye.per_update)))
    labels = [y for _, _, y in pairs]
    first, last = ends(pairs, watched.count)
    loss = (loss_of(first), loss_of(last), spread(labels))
    classes = class_count(labels)
    nan = float("nan")
    accuracy, ordered = (nan, nan, nan), False
    if classes:
        if ordered := in_order(pairs, eye.group):
            _, new = ends(fresh(pairs, eye.group), watched.count)
            last = new if len(new) >= CHANGES else last
        accuracy = (accuracy_of(first), accuracy_of(last), majority(labels))
    curve = tuple((at, loss_of([(at, o, y)])) for at, o, y in pairs)
    shared = not eye.index and any(
        1 < np.size(sample.operands[eye.label]) < np.size(sample.operands[eye.output])
        for sample in watched.samples[:1]
    )
    return Measured(updates, accuracy, loss, curve, tuple(pairs), watched.count, shared, ordered)


def count_of(watched: Watched, eye: Eye) -> Measured | None:
    """The share of right answers where classes are compared: when first and when last counted.

    Counts of as many samples as the last one are of the same samples; single ones are put together.
    """
    seen = []
    for sample in watched.samples:
        said, true = (np.ravel(sample.operands[k]) for k in (eye.output, eye.label))
        if said.shape == true.shape and true.dtype.kind in "biuf":
            seen.append((said == true, true))
    if not seen:
        return None
    same = [pair for pair in seen if len(pair[1]) == len(seen[-1][1])]
    many = ENOUGH if len(seen[-1][1]) == 1 else 1
    first, last = same[:many], same[-many:]
    _, counts = np.unique(np.concatenate([true for _, true in last]), return_counts=True)
    start, end = (float(np.mean(np.concatenate([hit for hit, _ in x]))) for x in (first, last))
    chance = float(counts.max() / counts.sum())
    loss = (1.0 - start, 1.0 - end, 1.0 - chance)
    return Measured(1, (start, end, chance), loss, evaluations=watched.count)


def grouped(watched: Watched, eye: Eye) -> list[tuple[int, Sequence[Any]]]:
    """Samples as (evaluation, operands); numbers put together where a sample has several."""
    samples: list[tuple[int, Sequence[Any]]] = [(s.at, s.operands) for s in watched.samples]
    if eye.group <= 1:
        return samples
    found: list[tuple[int, Sequence[Any]]] = []
    pending: list[tuple[int, Sequence[Any]]] = []
    for at, operands in samples:
        if pending and at != pending[-1][0] + 1:
            pending = []
        if not pending and at % eye.group:
            continue
        pending.append((at, operands))
        if len(pending) == eye.group:
            columns = zip(*(o for _, o in pending), strict=False)
            found.append(
                (
                    pending[0][0],
                    [
                        np.array([np.asarray(v, float).ravel()[:1] for v in c]).ravel()
                        for c in columns
                    ],
                )
            )
            pending = []
    return found


def read(sample: tuple[int, Sequence[Any]], eye: Eye) -> tuple[int, Array, Array] | None:
    """The evaluation, the output, and the label as large; None where they do not go together."""
    at, operands = sample
    try:
        output = np.asarray(operands[eye.output], dtype=float)
        if eye.log:
            output = np.exp(output)
        if eye.index:
            label = np.zeros(output.shape)
            index = operands[eye.label]
            label[tuple(index) if isinstance(index, list) else index] = 1.0
        else:
            label = np.asarray(operands[eye.label], dtype=float)
            if label.shape != output.shape:
                label = (
                    label.reshape(output.shape) if label.size == output.size
                    else np.broadcast_to(label, output.shape)
                )  # fmt: skip
    except (TypeError, ValueError, IndexError):
        return None
    return at, output, label


def one_sample_each(labels: list[Array]) -> bool:
    """True if vectors are one sample of several classes each, not samples of one output.

    Then every one has a single 1, and not always in the same place; or they are what is left
    over from batches of more samples than one.
    """
    if any(y.size > max(y.shape, default=1) for y in labels):
        return True
    rows = [y.reshape(1, -1) for y in labels]
    return all(map(is_one_hot, rows)) and len({int(np.argmax(row)) for row in rows}) > 1


def samples_axis(labels: list[Array]) -> int | None:
    """The axis along which batches differ in length: that of the samples. None: none does."""
    shapes = {y.shape for y in labels}
    if any(len(shape) != 2 or min(shape) < 2 for shape in shapes):
        return None
    rows, columns = ({shape[k] for shape in shapes} for k in (0, 1))
    if (len(rows) > 1) == (len(columns) > 1):
        return None
    return 0 if len(rows) > 1 else 1


def as_rows(
    output: Array, label: Array, *, single: bool = False, axis: int | None = None
) -> tuple[Array, Array]:
    """Outputs and labels with samples as rows; ``single``: a vector is one sample."""
    if axis is not None:
        return (output, label) if axis == 0 else (output.T, label.T)
    if output.ndim == 0:
        return output.reshape(1, 1), label.reshape(1, 1)
    if output.size == max(output.shape):
        shape = (1, -1) if single else (-1, 1)
        return output.reshape(shape), label.reshape(shape)
    output, label = output.reshape(-1, output.shape[-1]), label.reshape(-1, label.shape[-1])
    if is_one_hot(label):
        return output, label
    if is_one_hot(label.T):
        return output.T, label.T
    return (output, label) if output.shape[0] >= output.shape[1] else (output.T, label.T)


def is_one_hot(label: Array) -> bool:
    """True if each row has one entry above all others, which are equal."""
    if label.shape[1] < 2:
        return False
    top = label.max(axis=1, keepdims=True)
    low = label.min(axis=1, keepdims=True)
    return bool(np.all((label == top).sum(axis=1) == 1) and np.all((label == top) | (label == low)))


def class_count(labels: list[Array]) -> int:
    """How many classes the labels have; 0 where they are numbers."""
    if all(y.shape[1] > 1 for y in labels):
        if not all(is_one_hot(y) for y in labels):
            return 0
        whole = np.concatenate([y for y in labels if y.shape[1] == labels[0].shape[1]])
        few = all(len(np.unique(column)) <= 2 for column in whole.T)
        return labels[0].shape[1] if few else 0  # of two numbers, one is always larger
    values = np.unique(np.concatenate([y.ravel() for y in labels]))
    return 2 if len(values) <= 2 and set(values) <= {-1.0, 0.0, 1.0} else 0


def in_order(pairs: list[tuple[int, Array, Array]], group: int) -> bool:
    """True if samples come class by class: nearly always of a class that was there just before.

    Then the last answer is right nearly always, and that is what such a network learns to give.
    """
    shares = np.bincount(np.concatenate([classes_of(y) for _, _, y in pairs]))
    shares = shares / shares.sum()
    repeated, expected = [], []
    for before, after in neighbours(pairs, group):
        known = np.unique(classes_of(before[2]))
        repeated.append(np.mean(np.isin(classes_of(after[2]), known)))
        expected.append(shares[known].sum())
    if not repeated:
        return False
    by_chance = float(np.mean(expected))
    return float(np.mean(repeated)) >= by_chance + ORDERED * (1.0 - by_chance) and by_chance < 1.0


def fresh(pairs: list[tuple[int, Array, Array]], group: int) -> list[tuple[int, Array, Array]]:
    """The samples of classes that were not there just before, of each evaluation that has some."""
    found = []
    for before, (at, output, label) in neighbours(pairs, group):
        new = ~np.isin(classes_of(label), classes_of(before[2]))
        if np.any(new):
            found.append((at, output[new], label[new]))
    return found


def neighbours(
    pairs: list[tuple[int, Array, Array]], group: int
) -> list[tuple[tuple[int, Array, Array], tuple[int, Array, Array]]]:
    """Evaluations that followed each other."""
    return [(one, other) for one, other in pairwise(pairs) if other[0] - one[0] == group]


def classes_of(label: Array) -> Array:
    """The number of each sample's class."""
    if label.shape[1] > 1:
        return np.argmax(label, axis=1)
    return (label.ravel() > (0.0 if label.min() < 0 else 0.5)).astype(int)


def ends(
    pairs: list[tuple[int, Array, Array]], count: int
) -> tuple[list[tuple[int, Array, Array]], list[tuple[int, Array, Array]]]:
    """The pairs at the start and at the end, as many as give enough samples."""

    def take(
        ordered: list[tuple[int, Array, Array]], within: float
    ) -> list[tuple[int, Array, Array]]:
        got: list[tuple[int, Array, Array]] = []
        rows = 0
        for pair in ordered:
            if rows >= ENOUGH or (got and abs(pair[0] - ordered[0][0]) > within):
                break
            got.append(pair)
            rows += len(pair[1])
        return got

    return take(pairs, max(1.0, count * 0.05)), take(pairs[::-1], max(1.0, count * 0.2))


def accuracy_of(pairs: list[tuple[int, Array, Array]]) -> float:
    """Share of samples whose class is right; an output that is no number is wrong."""
    right = total = 0
    for _, output, label in pairs:
        finite = np.all(np.isfinite(output), axis=1)
        if label.shape[1] > 1:
            hit = np.argmax(np.nan_to_num(output, nan=-np.inf), axis=1) == np.argmax(label, axis=1)
            # equal outputs decide nothing
            hit &= output.max(axis=1) > output.min(axis=1)
        else:
            middle = 0.0 if label.min() < 0 else 0.5
            hit = ((output > middle) == (label > middle)).ravel()
        right += int(np.count_nonzero(hit & finite))
        total += len(output)
    return right / max(1, total)


def majority(labels: list[Array]) -> float:
    """Share of the most frequent class."""
    if labels[0].shape[1] > 1:
        width = max(y.shape[1] for y in labels)
        counts = sum(np.bincount(np.argmax(y, axis=1), minlength=width) for y in labels)
        return float(np.max(counts) / np.sum(counts))
    values = np.concatenate([y.ravel() for y in labels])
    return float(np.unique(values, return_counts=True)[1].max() / len(values))


def loss_of(pairs: list[tuple[int, Array, Array]]) -> float:
    """Mean squared error of the outputs."""
    with np.errstate(all="ignore"):
        return float(
            np.sum([np.sum((o - y) ** 2) for _, o, y in pairs])
            / max(1, sum(o.size for _, o, _ in pairs))
        )


def spread(labels: list[Array]) -> float:
    """Mean squared error of the best constant answer."""
    width = labels[0].shape[1]
    if any(y.shape[1] != width for y in labels):
        return float("nan")
    return float(np.mean(np.var(np.concatenate(labels), axis=0)))
