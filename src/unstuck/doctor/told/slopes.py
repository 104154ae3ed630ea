"""What a number made of outputs and labels is, by its derivative at outputs drawn at random.

A loss pulls each output to its label. One that changes in the same way whatever the labels are,
that leaves out one of two classes, or falls the further the outputs are from the labels, is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from unstuck.doctor.told.pulls import Pull
from unstuck.trace.adjoint import adjoints
from unstuck.trace.replay import replay
from unstuck.trace.tape import Tape

Array = Any
POINTS = 3
EQUAL = 1e-9
WORDS = {
    "labels": "it changes with the outputs in the same way whatever the labels are",
    "cancels": "errors of opposite sign cancel",
    "half": "the samples of one of the two classes play no part",
    "one way": "it changes in the same direction for both classes",
    "falls": "it falls the further outputs are on one side of the targets",
    "broken": "it is NaN or infinite whatever the outputs are",
    "reversed": "it rises as the outputs get better",
}


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
    return next(kinds_by_sign(formula, y, points, slopes), "")


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


def kinds_by_sign(
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


def even(slope: Array, size: float) -> bool:
    """True if all entries of a derivative are one number."""
    return same(slope, np.full_like(slope, slope[0]), size)


def same(a: Array, b: Array, size: float) -> bool:
    """True for two derivatives that are one but for rounding."""
    return bool(np.max(np.abs(a - b)) <= EQUAL * size)


def both(slopes: list[Array], flat: list[Array]) -> list[tuple[Array, Array]]:
    """Derivatives with the outputs at which they were taken."""
    return list(zip(slopes, flat, strict=True))


def constant(values: list[Array]) -> bool:
    """True if all numbers are one."""
    every = np.concatenate(values)
    return bool(np.allclose(every, every[0], rtol=1e-6))
