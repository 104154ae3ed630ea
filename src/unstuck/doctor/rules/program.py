"""P7xx: the program itself: it crashes, trains nothing, takes too long, or does nothing."""

from __future__ import annotations

from typing import Any

from unstuck.doctor.rules.base import NAN, Rule, clause, is_known
from unstuck.doctor.rules.examples import planted
from unstuck.doctor.rules.examples.curves import LINE, SINE
from unstuck.doctor.rules.examples.many_classes import BLOBS
from unstuck.doctor.rules.examples.two_classes import MOONS


class Crash(Rule):
    """An exception ends the program."""

    code = "P701"
    name = "the program crashes"
    claim = "An exception ends the program before it has trained."
    why = (
        "What stands behind the crash may be the fault itself (two shapes that do not go "
        "together, a key that does not exist) or hide others: they show once it is repaired."
    )
    fix = "Read the last line of the traceback, print the shapes of what stands in that line."
    clean = "the program runs to its end"
    HEALTHY = LINE
    BROKEN = planted(LINE, ("return error * x, error", "return error @ x, error"))
    found_in = "tape"

    def message(
        self,
        *,
        error: str = "",
        text: str = "",
        function: str = "",
        updates: float = NAN,
        shapes: str = "",
        **evidence: Any,
    ) -> str:
        """Which exception, where, after how much training."""
        what = f" with {error}" if error else ""
        said = f": {text}" if text else ""
        where = f" in {function}" if function and function != "<module>" else ""
        when = clause(" after {} updates", updates) if updates else " before the first update"
        when = when if is_known(updates) else ""
        sizes = f" (shapes {shapes})" if shapes else ""
        return f"The program stops{what}{where}{when}{said}{sizes}."


class NoTraining(Rule):
    """Nothing evolves."""

    code = "P702"
    name = "no training found"
    claim = "The program runs, but no value is improved step by step: it trains nothing."
    why = (
        "A training loop reads parameters, computes a step and puts new values in their place, "
        "over and over. Where no value does so, the loop may never be entered, the function that "
        "trains never called, or the program does something else."
    )
    fix = "Call the training step in the loop; check that the loop runs at all."
    clean = "a training loop was found"
    HEALTHY = BLOBS
    BROKEN = planted(BLOBS, ("    net.train_step(X, Y)\n", "    net.forward(X)\n"))
    found_in = "tape"

    def message(self, *, loops: float = NAN, function: str = "", **evidence: Any) -> str:
        """What was looked at."""
        seen = clause(" in any of its {} loops", loops)
        hint = f": `{function}` is never called" if function else ""
        return f"No value of the program is improved step by step{seen}{hint}."


class OutOfBudget(Rule):
    """The doctor had to stop first."""

    code = "P703"
    name = "time ran out"
    claim = "The program was stopped before it was done, since the time for it was used up."
    why = (
        "Programs are compared at equal numbers of updates within the budget. What a longer run "
        "would show is not known; a program may take long without being wrong."
    )
    fix = "Give more time (`--budget 300`), or fewer iterations while you look for the fault."
    clean = "the program ended within its time"
    HEALTHY = SINE
    BROKEN = planted(SINE, ("for epoch in range(100):", "while True:"))
    found_in = "tape"
    ends = False

    def message(
        self,
        *,
        seconds: float = NAN,
        updates: float = NAN,
        before: str = "",
        **evidence: Any,
    ) -> str:
        """How long it ran, how far it came."""
        time = clause(" after {} s", seconds)
        far = clause(", in which it made {} updates", updates)
        what = f" before {before}" if before else " before it was done"
        return f"The program was stopped{time}{what}{far}."


class NoEffect(Rule):
    """A statement that does nothing."""

    code = "P704"
    name = "statement without effect"
    claim = "A value is computed, or an exception built, and thrown away."
    why = (
        "`Exception(...)` without `raise` builds an exception and drops it: the check that it "
        "belongs to checks nothing. `w - rate * dw` on a line of its own computes the new weight "
        "and forgets it; `x == 0` compares where `x = 0` is meant. Python says nothing."
    )
    fix = "Write `raise`, an assignment (`-=`, `=`), or delete the line."
    clean = "every statement does something"
    HEALTHY = MOONS
    BROKEN = planted(MOONS, ("params[name] -= 1.0", "params[name] - 1.0"))
    found_in = "source"

    def message(self, *, what: str = "", written: str = "", **evidence: Any) -> str:
        """What is thrown away; ``what`` is as `useless_statements` gives it."""
        shown = f"`{written}`: " if written else ""
        text = what or "the value of this statement is computed and thrown away"
        return f"{shown}{text}." if shown else f"{text[:1].upper()}{text[1:]}."
