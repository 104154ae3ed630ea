"""Each schedule as a person writes it: ``learning_rate(step, n_steps)``, with steps from 0.

A schedule that watches the cost (reduce on plateau) is no function of the step; it is a few lines
of the training loop instead, see ``loop_texts``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from unstuck.app.export.text import function, number
from unstuck.base.errors import InvalidInputError
from unstuck.core.schedules import (
    Constant,
    Cosine,
    InverseScaling,
    OneCycle,
    Schedule,
    Step,
    WarmUp,
    get_schedule,
)


@dataclass(frozen=True, slots=True)
class ScheduleText:
    """What the rate does, in words and as the body of a function."""

    doc: str
    body: tuple[str, ...]
    imports: frozenset[str] = field(default_factory=frozenset)


MATH = frozenset({"import math"})
BASE = "LEARNING_RATE"


def constant(_: Constant) -> ScheduleText:
    """The same rate throughout (after a warm-up)."""
    return ScheduleText("constant", (f"return {BASE}",))


def step(schedule: Step) -> ScheduleText:
    """Drops at shares of the run."""
    shares = ", ".join(number(share) for share in sorted(schedule.at))
    comma = "," if len(schedule.at) == 1 else ""
    return ScheduleText(
        f"drops to {number(schedule.factor)} of itself at shares of the run",
        (
            f"drops = sum(step / n_steps >= share for share in ({shares}{comma}))",
            f"return {BASE} * {number(schedule.factor)}**drops",
        ),
    )


def cosine(schedule: Cosine) -> ScheduleText:
    """Half a cosine down."""
    if not schedule.final:
        return ScheduleText(
            "half a cosine down to 0",
            (f"return {BASE} * (1 + math.cos(math.pi * step / n_steps)) / 2",),
            MATH,
        )
    final = number(schedule.final)
    return ScheduleText(
        f"half a cosine down to {final} of itself",
        (
            "share = (1 + math.cos(math.pi * step / n_steps)) / 2  # from 1 to 0",
            f"return {BASE} * ({final} + {number(1 - schedule.final)} * share)",
        ),
        MATH,
    )


def one_cycle(schedule: OneCycle) -> ScheduleText:
    """Up and down again."""
    start, end = number(schedule.start_division), number(schedule.end_division)
    return ScheduleText(
        "half a cosine up, another one down",
        (
            f"start, peak, end = {BASE} / {start}, {BASE}, {BASE} / {start} / {end}",
            f"top = {number(schedule.rise)} * n_steps - 1",
            "if step <= top:",
            "    share = (1 + math.cos(math.pi * step / top)) / 2  # from 1 to 0",
            "    return peak + (start - peak) * share",
            "share = (1 + math.cos(math.pi * (step - top) / (n_steps - 1 - top))) / 2",
            "return end + (peak - end) * share",
        ),
        MATH,
    )


def inverse_scaling(schedule: InverseScaling) -> ScheduleText:
    """A power of the step."""
    scaled = "step" if schedule.delay == 1 else f"step / {number(schedule.delay)}"
    return ScheduleText(
        "down as a power of the step",
        (f"return {BASE} / (1 + {scaled}) ** {number(schedule.power)}",),
    )


def warm_up(schedule: WarmUp) -> ScheduleText:
    """A straight rise, and then another schedule on what is left."""
    then = schedule_text(get_schedule(schedule.then))
    length = (
        f"round({number(schedule.fraction)} * n_steps)"
        if schedule.steps is None
        else f"min({schedule.steps}, n_steps)"
    )
    return ScheduleText(
        f"a straight rise, then {then.doc}",
        (
            f"n_rise = {length}",
            "if step < n_rise:",
            f"    return {BASE} * (step + 1) / n_rise",
            *(
                ()
                if isinstance(schedule.then, Constant)
                else ("step, n_steps = step - n_rise, n_steps - n_rise",)
            ),
            *then.body,
        ),
        then.imports,
    )


def schedule_text(schedule: Schedule) -> ScheduleText:
    """The text of a schedule; raises InvalidInputError for one of the user's own."""
    if isinstance(schedule, Constant):
        return constant(schedule)
    if isinstance(schedule, Step):
        return step(schedule)
    if isinstance(schedule, Cosine):
        return cosine(schedule)
    if isinstance(schedule, OneCycle):
        return one_cycle(schedule)
    if isinstance(schedule, InverseScaling):
        return inverse_scaling(schedule)
    if isinstance(schedule, WarmUp):
        return warm_up(schedule)
    raise InvalidInputError(
        f"the schedule {schedule!r} cannot be written out; allowed: constant, step, cosine, "
        "one_cycle, warm_up, inverse_scaling, reduce_on_plateau."
    )


def schedule_function(schedule: Schedule) -> str:
    """``learning_rate(step, n_steps)``."""
    text = schedule_text(schedule)
    return function(
        "learning_rate",
        ["step", "n_steps"],
        f"The learning rate at a step, from 0 on: {text.doc}.",
        text.body,
    )
