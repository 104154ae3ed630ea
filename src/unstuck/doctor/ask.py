"""One question, whatever is asked about: a program, a run of the trainer, a record, an estimator.

A program is run and examined; of everything else there is a record, which the rules judge.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from unstuck.base.display import reach
from unstuck.base.errors import InvalidInputError
from unstuck.doctor.diagnosis import Diagnosis, Progress, Verdict
from unstuck.doctor.judge import STUCK, judge
from unstuck.doctor.rules.reading import evidence
from unstuck.doctor.rules.reading import progress as progress_of
from unstuck.record.run_record import RunRecord
from unstuck.record.store import load_record
from unstuck.trace.load_program import load_program
from unstuck.trace.program import Program
from unstuck.training.runs import DESCRIPTION, RECORD, Run, run_folder

BUDGET = 60.0  # seconds


def diagnose(
    x: Any,
    *,
    budget: float = BUDGET,
    python: str | None = None,
    rerun: bool = True,
    arguments: Iterable[str] = (),
    say: Callable[[str], None] | bool | None = None,
) -> Diagnosis:
    """Say whether a training learns; if not, why not, and which change makes it learn.

    Parameters
    ----------
    x : str, Path, Program, RunRecord, History or fitted estimator
        A path names a program (a script, a notebook, a folder with a ``__main__.py``), which is
        run with your rights over a scratch copy of its folder, or the folder of a run of the
        trainer.
    budget : float
        Seconds that examining a program may take, re-runs and all.
    python : str, optional
        The interpreter that runs the program, where it is not the one that runs unstuck.
    rerun : bool
        False: changed programs are not run, and nothing is called a cause.
    arguments : iterable of str
        What the program finds in ``sys.argv[1:]``.
    say : callable or bool, optional
        Called with what is being tried, in a few words. True: shown while it lasts, under the cell
        of a notebook or on standard error.

    Returns
    -------
    Diagnosis
        Shows itself in a notebook; ``print`` gives what `unstuck doctor` prints.

    Raises
    ------
    InvalidInputError
        When ``x`` is nothing of these, or no program or record can be read from it.

    Examples
    --------
    >>> import unstuck
    >>> digits = unstuck.load("digits")
    >>> model = unstuck.MLPClassifier(early_stopping=True, random_state=0)
    >>> diagnosis = unstuck.diagnose(model.fit(digits.X_train / 16, digits.y_train))
    >>> diagnosis.verdict
    'learns'
    """
    if isinstance(x, str | os.PathLike):
        path = Path(x)
        if path.is_dir() and (path / DESCRIPTION).is_file():
            return diagnose_record(record_of_run(path), str(x))
        x = load_program(path, arguments)
    if isinstance(x, Program):
        from unstuck.doctor.examine import examine  # the whole tracer, which a record needs not

        with _shown(say, budget) as told:
            return examine(x, budget=budget, python=python, rerun=rerun, say=told)
    name = type(x).__name__
    for record in (x, getattr(x, "record_", None), getattr(x, "record", None)):
        if isinstance(record, RunRecord):
            return diagnose_record(record, "record" if record is x else name)
    raise InvalidInputError(
        f"a {name} cannot be diagnosed; allowed: the path of a program or of a run folder, a "
        "RunRecord, a History, or a fitted estimator of unstuck that kept its record."
    )


def _shown(
    say: Callable[[str], None] | bool | None, budget: float
) -> AbstractContextManager[Callable[[str], None] | None]:
    """What is called with what is being tried: the caller's own, ours for True, or nothing."""
    if say is True:
        shown: AbstractContextManager[Callable[[str], None]] = reach("trying")(budget)
        return shown
    return nullcontext(say or None)


def diagnose_record(record: RunRecord, name: str = "record") -> Diagnosis:
    """What the rules say about a record; nothing is run, so nothing is called a cause."""
    findings, clean, unchecked = judge(record)
    verdict, reason = verdict_of(record)
    return Diagnosis(name, verdict, progress_in(record), findings, clean, unchecked, None, reason)


def verdict_of(record: RunRecord) -> tuple[Verdict, str]:
    """Learns, stuck or unknown, and the reason for the last."""
    seen = evidence(record)
    share = progress_of(record)
    if math.isfinite(seen.loss_start) and not math.isfinite(seen.loss_end) and len(record) > 1:
        return "stuck", "the cost became NaN or infinite"
    if not math.isnan(share):
        return ("learns" if share > STUCK else "stuck"), ""
    return "unknown", "the record does not say how good the network was in the end"


def progress_in(record: RunRecord) -> Progress | None:
    """From where to where the run went, as far as the record knows."""
    seen = evidence(record)
    if not math.isnan(seen.accuracy_end):
        metric = "accuracy"
        numbers = (seen.accuracy_start, seen.accuracy_end, seen.accuracy_chance)
    elif not math.isnan(seen.loss_start):
        metric, numbers = "loss", (seen.loss_start, seen.loss_end, seen.loss_chance)
    else:
        return None
    return Progress(metric, *numbers, seen.updates)


def record_of_run(path: str | os.PathLike[str]) -> RunRecord:
    """The record in a run folder, of a run that broke, too.

    Raises InvalidInputError where there is none.
    """
    folder = run_folder(path)
    if (folder / RECORD).is_file():
        return load_record(folder / RECORD)
    Run.load(folder)  # says what is wrong with the run, if something is
    raise InvalidInputError(
        f"the run in {folder} has no {RECORD}, so there is nothing to judge. Train again."
    )
