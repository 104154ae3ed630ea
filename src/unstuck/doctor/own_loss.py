"""A program that learns by a loss that is in no table here: its gradients are right for that."""

from __future__ import annotations

from unstuck.doctor.diagnosis import Clean, Unchecked
from unstuck.doctor.gradient import GradientFindings, right_words
from unstuck.trace.implied import implied_loss
from unstuck.trace.progress import Measured
from unstuck.trace.traced import Traced

LEARNS = 0.2  # of the way from chance: one that learns less has the benefit of no doubt


def by_own_loss(
    traced: Traced, measured: Measured | None, found: GradientFindings
) -> GradientFindings:
    """The findings; none where the program learns, and all agrees with an error of its own."""
    if not found.suspects or measured is None or measured.gained < LEARNS:
        return found
    own = implied_loss(traced.tape, traced.steps, traced.anatomy, traced.judgement.points)
    if own is None or own.loss is None:
        return found
    own.losses, own.unknown = traced.judgement.losses, traced.judgement.unknown
    traced.judgement = own
    clean = [Clean("gradient", right_words(traced.name_of(v.parameter), v)) for v in own.verdicts]
    error = traced.tape.sites[own.loss.site].text
    why = (
        f"`{error}` is the derivative of no loss that is known here; it leads away from the "
        "targets, and every gradient follows from it"
    )
    return GradientFindings([], clean, [*found.unchecked, Unchecked("loss (G107)", why)])
