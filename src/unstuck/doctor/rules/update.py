"""U2xx: the gradient may be right, but it does not reach the parameter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from unstuck.doctor.diagnosis import Finding, Severity
from unstuck.doctor.rules.base import NAN, Rule, clause
from unstuck.doctor.rules.examples import planted
from unstuck.doctor.rules.examples.curves import CODE, LINE
from unstuck.doctor.rules.examples.many_classes import BATCHES, BLOBS
from unstuck.doctor.rules.gradient import GradientRule, facts, of
from unstuck.doctor.rules.reading import (
    at_start,
    depth,
    evidence,
    has_learned,
    parameters,
    series,
)
from unstuck.record.run_record import RunRecord

SHORT_WAY = 0.1  # of their own size that all updates together may have moved the weights
FEW = 100  # updates
STILL_FALLING = 0.3  # of the whole fall of the loss that its last half still brought


class NeverUpdated(GradientRule):
    """A parameter that never moves."""

    code = "U201"
    name = "parameter never updated"
    claim = "A parameter is never changed while training."
    why = (
        "What does not move does not learn. The usual reasons: a loop over the layers that is "
        "empty or one short (`range(1, L - 1)`), a key that is spelt differently where it is "
        "written, an update that stands outside the loop. With the other layers moving, such a "
        "program may even learn a little, on random features, and so hide the fault."
    )
    fix = "Update every parameter in every step; print one weight before and after to see it."
    clean = "every parameter is updated"
    HEALTHY = BATCHES
    BROKEN = planted(BATCHES, ("range(len(weights))", "range(1, len(weights) - 1)"))
    found_in = "record"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Those that never moved in one finding, those whose steps are all zero in another."""
        for verdict in ("never", "zero"):
            found = [p for p in parameters(record) if p.verdict == verdict]
            if found:
                yield self.finding(
                    "fault",
                    next((p.update for p in found if p.update is not None), None),
                    **facts(found),
                    everything=len(found) == len(parameters(record)) > 1,
                    zero=verdict == "zero",
                    passes=evidence(record).updates or None,
                )

    def message(
        self,
        *,
        parameter: Any = "a parameter",
        parameters: Any = (),
        everything: bool = False,
        zero: bool = False,
        passes: float = NAN,
        written: str = "",
        idle: str = "",
        **evidence: Any,
    ) -> str:
        """What stands still."""
        if idle:
            return f"The loop over `{idle}` does nothing: no parameter is updated in it."
        loop = f": the loop over `{written}` never runs" if written else ""
        who = of(parameters or parameter)
        if everything:
            return f"No parameter is ever updated{clause(' in {} passes', passes)}{loop}."
        if zero:
            return f"Every step of {who} is zero, although its gradient is not{loop}."
        return f"Nothing ever updates {who}{loop}."


class UpdateLost(GradientRule):
    """The new value is computed and goes nowhere, or replaces the old one."""

    code = "U202"
    name = "update lost or written to the wrong place"
    claim = "The new value of a parameter is lost, or the step is stored in place of the parameter."
    why = (
        "`w = w - rate * dw` gives a name to a new array; where `w` was a loop variable or an "
        "argument, the network keeps the old one. `w[i] = rate * g` (for `+=`) forgets what was "
        "learned: after one pass the weights are as small as a step and stay so."
    )
    fix = "Write into what the network reads: `W[k] -= step`, `p[...] -= step`, `self.W = ...`."
    clean = "every update reaches its parameter"
    HEALTHY = BLOBS
    BROKEN = planted(BLOBS, ("p += self.velocity[k]", "p = p + self.velocity[k]"))
    found_in = "record"
    verdict = "overwritten"

    def message(
        self,
        *,
        parameter: Any = "the parameter",
        parameters: Any = (),
        lost: bool = False,
        target: str = "",
        written: str = "",
        wanted: str = "",
        **evidence: Any,
    ) -> str:
        """Where the update goes."""
        meant = f": `{wanted}` is meant" if wanted else ""
        who = of(parameters or parameter)
        if lost:
            where = (
                f" it goes to `{target}`, which nothing reads" if target else " nothing reads it"
            )
            return f"The new value of {who} is computed and lost:{where}{meant}."
        return (
            f"The step is stored in place of {who}, not added to it: its old value plays no part "
            f"in the new one{meant}."
        )


class SharedBuffers(GradientRule):
    """Two names for one array."""

    code = "U203"
    name = "two arrays share one memory"
    claim = "Two names that should be two arrays are one: what is written to one changes the other."
    why = (
        "`v = m` or `[[0] * n] * k` makes no copy. Accumulators, velocities or layers that share "
        "memory overwrite each other at every step, so that each parameter moves by what another "
        "one's gradient left behind."
    )
    fix = "Make an array for each: `np.zeros_like(x)`, `x.copy()`, a list comprehension."
    clean = "no two parameters or accumulators share memory"
    HEALTHY = CODE
    BROKEN = planted(CODE, ("v = {k: np.zeros(s) for k, s in shapes.items()}", "v = m"))

    def message(
        self,
        *,
        first: str = "",
        second: str = "",
        parameter: Any = "",
        parameters: Any = (),
        shared: Sequence[str] = (),
        **evidence: Any,
    ) -> str:
        """Which two are one."""
        if len(shared) > 1:
            return (
                f"{' and '.join(shared)} are one and the same: "
                "what is written to one changes the other."
            )
        if shared:
            return (
                f"The arrays in {shared[0]} are those of another name, or of each other: what is "
                "written to one changes the other."
            )
        pair = f"{first} and {second}" if first and second else "two of its arrays"
        whose = (
            f", so that {of(parameters or parameter)} moves by the wrong numbers"
            if parameters or parameter
            else ""
        )
        return f"{pair[0].upper() + pair[1:]} are one array under two names{whose}."


class DrawnAnew(GradientRule):
    """Training starts over in every step."""

    code = "U204"
    name = "parameters set anew inside the loop"
    claim = "Parameters are given their initial values again while training."
    why = (
        "What was learned in the last step is thrown away with every new draw: the loss shows the "
        "first step of training over and over. It happens when the initialisation stands inside "
        "the loop, or in the function that is called for every batch."
    )
    fix = "Initialise once, before the loop."
    clean = "no parameter is drawn anew while training"
    HEALTHY = LINE
    BROKEN = planted(
        LINE,
        (
            "    w, b = np.zeros(2), 0.0\n    for _ in range(steps):\n",
            "    for _ in range(steps):\n        w, b = np.zeros(2), 0.0\n",
        ),
    )

    def message(
        self, *, parameter: Any = "the parameters", parameters: Any = (), **evidence: Any
    ) -> str:
        """What starts over."""
        named = parameters or parameter
        several = named == "the parameters" or (not isinstance(named, str) and len(named) > 1)
        again = "get their initial values" if several else "gets its initial value"
        return (
            f"In every step {of(named)} {again} again, and what was learned is lost: "
            "set before the loop, once, it would last."
        )


class TooFewUpdates(Rule):
    """Training ends while it is still getting better."""

    code = "U205"
    name = "too few updates"
    claim = "Training ends long before it is done."
    why = (
        "One update moves the weights by about a thousandth of their size. A handful of updates "
        "(one epoch of full batch is one) cannot take them anywhere, however right each of them "
        "is. As long as the loss falls at an even pace, more of the same is what is missing."
    )
    fix = "Train for more epochs, or in smaller batches, which give more updates an epoch."
    clean = "there are enough updates"
    HEALTHY = BLOBS
    BROKEN = planted(BLOBS, ("range(100)", "range(2)"))
    explained_by = ("G", "U201", "U202", "U203", "U204", "T602", "T606")

    def missing(self, record: RunRecord) -> str:
        """The number of updates must be known."""
        return "" if evidence(record).updates > 0 else "the number of updates is not known"

    def check(self, record: RunRecord) -> Iterable[Finding]:
        """Few updates, a short way, and a loss that was still falling where it can be seen."""
        seen = evidence(record)
        if has_learned(record) or not 0 < seen.updates < FEW:
            return
        falling = late_share(record)
        way = seen.updates * fastest_layer(record)
        if falling >= STILL_FALLING or (np.isnan(falling) and not way > 1.0):
            sure = seen.updates <= FEW // 4 or falling >= STILL_FALLING
            severity: Severity = "fault" if sure else "note"
            yield self.finding(
                severity,
                updates=seen.updates,
                way=way,
                loss_start=seen.loss_start,
                loss_end=seen.loss_end,
            )

    def message(
        self,
        *,
        updates: float = NAN,
        way: float = NAN,
        loss_start: float = NAN,
        loss_end: float = NAN,
        **evidence: Any,
    ) -> str:
        """How many there were, and how far they went."""
        count = clause("After {} updates", updates) or "So far"
        fell = clause(" (loss {} to {})", loss_start, loss_end)
        moved = clause(" they can have moved the weights by {} times their size at most", way)
        end = f" the network has hardly begun to learn{fell}"
        return f"{count}{end}{';' + moved if moved else ''}."


def late_share(record: RunRecord) -> float:
    """Which part of the fall of the loss came in the second half of the updates; NaN: not known."""
    cost, step = series(record, "cost"), series(record, "step")
    if len(cost) != len(step) or len(cost) < 4 or not np.isfinite(cost).all():
        return NAN
    middle = cost[min(np.searchsorted(step, step[-1] / 2), len(cost) - 1)]
    fall = cost[0] - cost[-1]
    return float((middle - cost[-1]) / fall) if fall > 0.01 * abs(cost[0]) else NAN


def fastest_layer(record: RunRecord) -> float:
    """The largest share of its weights that one update moves in any layer; NaN: not known."""
    ratios = [at_start(record, "update_ratio", k) for k in range(depth(record))]
    return max((r for r in ratios if np.isfinite(r)), default=NAN)
