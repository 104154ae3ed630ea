"""From a program to its diagnosis: run, record, judge, suspect, mend, re-run, say.

Each stage stands in a module of its own; here they are put in order and given their share of the
time. A repaired program that still does not learn is examined again: one fault hides another.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from functools import partial

import numpy as np

from unstuck.base.threads import limit_blas_threads
from unstuck.doctor.case import MENDED, Case, Say, learned
from unstuck.doctor.conclude import concluded
from unstuck.doctor.diagnosis import Diagnosis
from unstuck.doctor.look import checked, look
from unstuck.doctor.mend import confirm, mend
from unstuck.doctor.told.reports import check_reports
from unstuck.trace.program import Program
from unstuck.trace.sandbox import Sandbox

BUDGET = 60.0
ROUNDS = 6  # of examining a repaired program again


def examine(
    program: Program,
    *,
    budget: float = BUDGET,
    python: str | None = None,
    rerun: bool = True,
    say: Say | None = None,
    sandbox: Sandbox | None = None,
) -> Diagnosis:
    """Run a program, find what keeps it from learning, and the change that makes it learn.

    Parameters
    ----------
    program : Program
    budget : float
        Seconds for everything.
    python : str, optional
        The interpreter that has the program's libraries.
    rerun : bool
        False: nothing is changed and re-run; then nothing is called a cause.
    say : callable, optional
        Called with what is being done, in a few words.
    sandbox : Sandbox, optional
        Where the program runs; stays open. None: one of its own.

    Returns
    -------
    Diagnosis
        Also after Ctrl-C: what is known so far.
    """
    started = time.monotonic()
    with Sandbox(python) if sandbox is None else nullcontext(sandbox) as place:
        case = Case(
            program, place, started + 0.92 * budget, budget, rerun, say or (lambda text: None),
            program,
        )  # fmt: skip
        try:
            # What overflows in the program does so here, too. One thread: the products are small,
            # and beside the runs of the program two threads wait for each other (28 s for 4 s).
            with np.errstate(all="ignore"), limit_blas_threads(1):
                work(case)
        except KeyboardInterrupt:
            case.interrupted = True
        return concluded(case, time.monotonic() - started)


def work(case: Case) -> None:
    """All stages, in rounds."""
    for number in range(ROUNDS):
        suspects = look(case, first=number == 0)
        if not case.rerun or not suspects:
            break
        if number and learned(case) and case.after > MENDED:
            break
        if not mend(case, suspects):
            break
        if time.monotonic() > case.deadline - 2.0:
            case.cut = (
                case.cut or "the budget ran out before the repaired program was examined again"
            )
            break
        if number and learned(case):
            break
        if learned(case) and case.after > MENDED:
            break
    confirm(case)
    checked(case, "output", partial(check_reports, case), None)
