"""D405 to D408: what stands in the data: values that are none, columns, types, order, balance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.rules.base import NAN, Rule, clause, percent
from unstuck.doctor.rules.data import Unscaled
from unstuck.doctor.rules.examples import planted
from unstuck.doctor.rules.examples.curves import LINE
from unstuck.doctor.rules.examples.many_classes import ONLINE
from unstuck.doctor.rules.examples.two_classes import LOGISTIC
from unstuck.doctor.rules.reading import (
    evidence,
    features,
    has_learned,
    parameters,
    samples,
)
from unstuck.record.evidence import ArrayFacts
from unstuck.record.run_record import RunRecord

ENOUGH = 8  # samples, from which on two equal columns are no accident
SORTED = 0.9  # of a class in one stretch: the data are in order of their classes
LONG_STRETCH = 20  # samples
ONE_CLASS = 0.9  # share of the largest class
EMPTY = 0.02  # mean of whole-numbered inputs that are nearly all 0


class NotFinite(Rule):
    """NaN or infinity among the data."""

    code = "D405"
    name = "NaN or infinity in the data"
    claim = "Some of the data are NaN or infinite."
    why = (
        "NaN is contagious: one of them in one sample makes the loss NaN, then every gradient, "
        "then every parameter, in a single update. It comes from missing entries of a file, "
        "a division by a standard deviation of 0, the logarithm of 0."
    )
    fix = "Find them with `np.isnan(X).any(axis=0)`; fill in or leave out before training."
    clean = "all data are finite"
    HEALTHY = LINE
    BROKEN = planted(LINE, ("rng.uniform(10, 40, 80)", "60 / rng.randint(0, 6, 80)"))
    while_training = True

    def missing(self, record: RunRecord) -> str:
        """Inputs or targets must be known."""
        seen = evidence(record)
        known = seen.inputs is not None or seen.targets is not None
        return "" if known else "neither inputs nor targets are known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Inputs and targets that are not finite."""
        seen = evidence(record)
        targets = None if seen.targets is None else seen.targets.values
        for what, facts in (("inputs", seen.inputs), ("targets", targets)):
            if facts is not None and not facts.finite:
                yield self.finding("fault", facts.source, what=what, name=facts.name)

    def message(
        self, *, what: str = "data", name: str = "", count: float = NAN, **evidence: Any
    ) -> str:
        """Which array it is."""
        some = clause("{} of the values", count) or "Some values"
        return f"{some} in the {what}{' ' + name if name else ''} are NaN or infinite."


class DeadColumns(Rule):
    """Columns that say nothing, or nothing new."""

    code = "D406"
    name = "constant or repeated inputs"
    claim = "Columns of the inputs are constant or copies of each other: information is missing."
    why = (
        "A column that never changes, or repeats another one, adds nothing. A few are normal (the "
        "margins of a picture, a column of ones for the bias); when a column that should carry the "
        "answer has been overwritten by another one, no training can bring it back."
    )
    fix = "Look at how the columns are put together: an index, a slice or a name is used twice."
    clean = "no input column repeats another"
    HEALTHY = LINE
    BROKEN = planted(LINE, ("[rooms, area]", "[rooms, rooms]"))
    while_training = True

    missing = Unscaled.missing

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Nothing but constants, or copies of columns that do change."""
        inputs = evidence(record).inputs
        if inputs is None or samples(inputs) < ENOUGH:
            return
        width = features(inputs)
        copies = inputs.duplicated  # among the columns that do change
        if inputs.constant >= width > 0:
            yield self.finding(
                "fault", inputs.source, name=inputs.name, columns=width, constant=inputs.constant
            )
        elif copies > 0 and copies >= 0.1 * (width - inputs.constant):
            yield self.finding(
                "note" if has_learned(record) else "fault",
                inputs.source,
                name=inputs.name,
                columns=width,
                copies=copies,
            )

    def message(
        self,
        *,
        name: str = "",
        columns: float = NAN,
        copies: float = NAN,
        constant: float = NAN,
        **evidence: Any,
    ) -> str:
        """How many of how many."""
        what = f"the inputs{' ' + name if name else ''}"
        if clause("{}", constant):
            return f"All {clause('{}', columns)} columns of {what} are constant."
        some = clause("{} of {} columns", copies, columns) or "Columns"
        return f"{some} of {what} only repeat another column."


class Truncated(Rule):
    """Numbers that cannot hold a fraction."""

    code = "D407"
    name = "whole numbers where fractions are needed"
    claim = "An array of whole numbers (or of very low precision) cuts off what is written into it."
    why = (
        "Writing 0.3 into an integer array stores 0, without a word. Integer parameters therefore "
        "lose every update; `X // 255` or an integer copy turns grey pixels into black ones. In "
        "float16 an update of 1/2000 of a weight is already rounded away."
    )
    fix = "Make the array of floats: `np.zeros(n)`, `X / 255`, `.astype(float)`."
    clean = "no array cuts off fractions"
    HEALTHY = LOGISTIC
    BROKEN = planted(LOGISTIC, ("np.zeros(n)", "np.zeros(n, dtype=int)"))
    while_training = True

    def missing(self, record: RunRecord) -> str:
        """Parameters or inputs must be known."""
        known = parameters(record) or evidence(record).inputs is not None
        return "" if known else "neither parameters nor inputs are known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Integer parameters that do not move; whole-numbered inputs that are nearly all 0."""
        for p in parameters(record):
            whole = _is_whole(p.initial)
            stands = p.verdict in {"never", "zero", "wrong", "scale", "unchecked"}
            if whole and stands and not has_learned(record):
                yield self.finding(
                    "fault", p.initial.source, name=p.name, dtype=p.initial.dtype, parameter=True
                )
            elif p.initial.dtype == "float16" and not has_learned(record):
                yield self.finding(
                    "note", p.initial.source, name=p.name, dtype=p.initial.dtype, parameter=True
                )
        inputs = evidence(record).inputs
        if inputs is None or has_learned(record) or not _is_whole(inputs):
            return
        if inputs.distinct == 2 and 0 < inputs.mean < EMPTY and samples(inputs) >= ENOUGH:
            yield self.finding(
                "note", inputs.source, name=inputs.name, dtype=inputs.dtype, share=inputs.mean
            )

    def message(
        self,
        *,
        name: str = "The array",
        dtype: str = "",
        parameter: bool = False,
        share: float = NAN,
        written: str = "",
        **evidence: Any,
    ) -> str:
        """What type it has and what is lost."""
        kind = f" is an array of {dtype}" if dtype else " holds whole numbers"
        if parameter:
            return f"{name}{kind}, so that updates smaller than 1 are cut off."
        rest = clause(": only {} of its values are not 0", share, form=percent)
        return f"{name}{kind}: fractions are cut off{rest}."


def _is_whole(facts: ArrayFacts) -> bool:
    return facts.dtype.startswith(("int", "uint", "bool"))


class OrderOrBalance(Rule):
    """All of one class, then all of the next; or hardly anything but one class."""

    code = "D408"
    name = "order or balance of the classes"
    claim = "The samples come class by class, or nearly all are of one class."
    why = (
        "A network that sees only threes for a while learns to say three, and forgets it when the "
        "fours come: what it ends with is the class it saw last. In small batches the order must "
        "be random. With 95 % of one class, saying always that class is right 95 % of the time, "
        "and that is what is learned first."
    )
    fix = "Shuffle in every epoch; for rare classes weigh or draw samples so that all count."
    clean = "classes come in mixed order and in fair shares"
    HEALTHY = ONLINE
    BROKEN = planted(ONLINE, ("rng.permutation(300)", "np.argsort(kind)"))
    while_training = True

    def missing(self, record: RunRecord) -> str:
        """There must be classes."""
        targets = evidence(record).targets
        if targets is None:
            return "the targets are not known"
        return "" if targets.shares or targets.kind == "real" else "the classes are not known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Classes in stretches longer than a batch; a class that is nearly everything."""
        seen = evidence(record)
        targets = seen.targets
        if targets is None or targets.kind == "real" or not targets.shares:
            return
        largest, count = max(targets.shares), samples(targets.values)
        stretch = targets.longest_run * count if count else NAN
        batch = seen.samples_per_update
        in_order = targets.longest_run >= SORTED * largest and largest < ONE_CLASS
        long = math.isnan(stretch) or (
            stretch >= LONG_STRETCH and (math.isnan(batch) or batch < stretch / 2)
        )
        if in_order and long:
            severity: Any = "note" if has_learned(record) or math.isnan(batch) else "fault"
            whole = NAN if math.isnan(stretch) else int(stretch)
            yield self.finding(severity, targets.values.source, stretch=whole, batch=batch)
        if largest >= 1.0:
            yield self.finding("fault", targets.values.source, share=largest)
        elif largest >= ONE_CLASS and not has_learned(record):
            yield self.finding("note", targets.values.source, share=largest)

    def message(
        self,
        *,
        stretch: float = NAN,
        batch: float = NAN,
        share: float = NAN,
        split: bool = False,
        **evidence: Any,
    ) -> str:
        """How long the stretches are, or how large the largest class."""
        if split:
            return "The samples are sorted by class, so that those held back are of other classes."
        if clause("{}", share):
            return f"{percent(share)} of the samples are of one class."
        run = clause("up to {} of one class in a row", stretch)
        size = clause("batches of {}", batch)
        how = ", ".join(part for part in (run, size) if part)
        return f"The samples come class by class{f' ({how})' if how else ''}, not in mixed order."
