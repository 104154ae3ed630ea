"""`advise_program`: from a program to the weights that it should begin with, on which lines.

Run and trace it, read its network and data, ask `advise`, write the winner in the program's own
terms, run the program with and without, and say what that came to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.base.errors import InvalidInputError
from unstuck.base.threads import limit_blas_threads
from unstuck.core.network import Network
from unstuck.trace.program import Program
from unstuck.trace.request import Limits, Outcome, Request
from unstuck.trace.sandbox import Sandbox
from unstuck.trace.traced import Traced, trace
from unstuck.weights.advice import WeightAdvice
from unstuck.weights.advise import advise
from unstuck.weights.candidates import CANDIDATES, plans
from unstuck.weights.race import Progress
from unstuck.weights.script.answer import Place, ProgramAdvice, Rerun, Verdict
from unstuck.weights.script.data import Data, data_of
from unstuck.weights.script.formulas import formula_places
from unstuck.weights.script.network import Practice, build, labels_for, practice
from unstuck.weights.script.places import write_places
from unstuck.weights.script.reading import Reading, read_layers
from unstuck.weights.script.rerun import rerun
from unstuck.weights.script.rows import NotRead
from unstuck.weights.script.standing import read_standing
from unstuck.weights.script.verdict import (
    begins_flat,
    data_words,
    drawable,
    in_order,
    judged,
    network_words,
    summary,
    works,
)
from unstuck.weights.setting import look_around

GLANCE = 8.0  # seconds that one plain run may take, to find the training loop
FEWEST = 50  # samples from which on a race means something
Say = Callable[[str], None]


def advise_program(
    program: Program,
    *,
    quick: bool = False,
    budget_seconds: float = 60.0,
    seeds: int = 3,
    n_jobs: int | None = None,
    random_state: Any = 0,
    python: str | None = None,
    say: Say | None = None,
    progress: Progress | None = None,
) -> ProgramAdvice:
    """Which initial weights a program written by hand should have, and on which lines.

    Parameters
    ----------
    program : Program
        As `unstuck.trace.load_program.load_program` reads it. It is run, in a scratch copy.
    quick : bool
        No race of candidates in our own trainer.
    budget_seconds : float
        For everything: half of it may go to the race.
    seeds, n_jobs, random_state, progress
        Of the race; see `unstuck.weights.advise.advise`.
    python : str, optional
        The interpreter that has the program's libraries.
    say : callable, optional
        Called with what is being done, in a few words.

    Returns
    -------
    ProgramAdvice
        Also where little could be read; `ProgramAdvice.unchecked` says what and why.
    """
    tell = say or (lambda text: None)
    with Sandbox(python) as sandbox, limit_blas_threads(1), np.errstate(all="ignore"):
        tell("running the program as it is")
        glance = max(2.0, min(GLANCE, 0.2 * budget_seconds))
        outcome = sandbox.run(program, Request("tally"), Limits(seconds=glance))
        traced, why = _traced(sandbox, program, outcome, tell, budget_seconds)
        if traced is None and outcome.status == "timeout":  # not come to its training?
            outcome = sandbox.run(program, Request("tally"), Limits(seconds=3.0 * glance))
            traced, why = _traced(sandbox, program, outcome, tell, budget_seconds)
        if traced is None:
            return _nothing(program, outcome, why)
        work = _Work(program, traced, sandbox, budget_seconds, tell)
        try:
            reading = read_layers(traced)
            data = data_of(traced, reading)
            network, notes = build(reading, traced, data.T)
        except NotRead as other:
            return work.by_formula(str(other))
        except InvalidInputError as error:
            return work.by_formula(str(error))
        ways = practice(traced, reading, len(data.X))
        few = len(data.X) < FEWEST
        tell("measuring its weights" if quick or few else "racing candidates")
        try:
            advice = advise(
                network,
                data.X,
                labels_for(network, data.T),
                learning_rate=ways.learning_rate,
                optimizer=ways.optimizer,
                batch_size=ways.batch_size,
                budget_seconds=0.5 * budget_seconds,
                seeds=seeds,
                quick=quick or few,
                n_jobs=n_jobs,
                random_state=random_state,
                progress=progress,
            )
        except InvalidInputError as error:
            return work.by_formula(str(error))
        return work.concluded(reading, data, network, ways, advice, notes, few=few and not quick)


def _traced(
    sandbox: Sandbox, program: Program, outcome: Outcome, say: Say, budget: float
) -> tuple[Traced | None, str]:
    """The traced program; one whose parameters never move is read as it stands."""
    kept: list[tuple[Request, Outcome]] = []

    def run(request: Request) -> Outcome:
        found = sandbox.run(program, request, Limits(seconds=max(10.0, 0.4 * budget)))
        kept.append((request, found))
        return found

    traced, why, tapes = trace(run, outcome.loops, say)
    if traced is None and tapes:
        for request, found in kept:
            loop = next((x for x in outcome.loops if x.key == request.loop), None)
            if found.tape is not None and loop is not None:
                standing = read_standing(found, loop)
                if standing is not None:
                    return standing, why
    return traced, why


def _nothing(program: Program, outcome: Outcome, why: str) -> ProgramAdvice:
    error = outcome.error
    said = f"{error.type}: {error.message}" if error is not None and not why else why
    if outcome.status in {"raised", "syntax", "input", "interpreter"} and error is not None:
        said = f"the program does not run: {error.type}: {error.message}"
    return ProgramAdvice(
        program.name, "unknown", "Nothing can be said of its weights.", None, (),
        (f"the network: {said}",),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Work:
    """What all ways to an answer need."""

    program: Program
    traced: Traced
    sandbox: Sandbox
    budget: float
    say: Say

    @property
    def seconds(self) -> float:
        """That a re-run may take."""
        return max(3.0, 0.25 * self.budget)

    def run(self, places: Sequence[Place]) -> Rerun:
        """The program as it is and with the replacements."""
        self.say("running the program with the new weights")
        return rerun(self.sandbox, self.program, self.traced, places, self.seconds)

    def by_formula(self, why: str) -> ProgramAdvice:
        """The answer for a network that is none of ours."""
        places = formula_places(self.program, self.traced)
        again = self.run(places)
        verdict: Verdict = "change" if places and not works(again) else "fine"
        if verdict == "fine":
            summary = "Its weights have about the size that the number of inputs asks for."
            if places:
                summary = "The program learns with the weights it has; nothing needs to be changed."
        else:
            summary = "Some weights have another size than the number of inputs asks for."
        kept = places if verdict == "change" else ()
        formula_only = f"by measurement or race (the formula is all there is): {why}"
        return ProgramAdvice(
            self.program.name, verdict, summary, None, kept,
            (formula_only, *self._open(again, kept)),
            written="gain^2 / fan_in", rerun=again,
        )  # fmt: skip

    def concluded(
        self,
        reading: Reading,
        data: Data,
        network: Network,
        ways: Practice,
        advice: WeightAdvice,
        notes: Sequence[str],
        *,
        few: bool,
    ) -> ProgramAdvice:
        """The answer for a multi-layer perceptron."""
        unchecked = list(notes)
        if few:
            unchecked.append(f"by a race: {len(data.X)} samples are too few for one")
        if not self.traced.steps.windows or not any(p.moves for p in self.traced.steps.parameters):
            unchecked.append(
                "the training: no parameter ever changes (unstuck doctor says where that is lost)"
            )
        elif ways.learning_rate is None and not all(v.verdict == "ok" for v in self._verdicts()):
            unchecked.append("the learning rate: the steps are no multiple of the true gradient")
        name, places, refused = self._written(reading, network, advice)
        unchecked += refused
        one_layer = len(reading.layers) == 1 and not begins_flat(advice)
        again = self.run(() if one_layer else places)
        verdict = judged(advice, again, places, one_layer=one_layer)
        kept = places if verdict == "change" else ()
        return ProgramAdvice(
            self.program.name,
            verdict,
            summary(verdict, advice, again, name, one_layer=one_layer),
            advice,
            kept,
            (*unchecked, *self._open(again, kept)),
            written=name if kept else "",
            network=network_words(reading, network),
            data=data_words(data, ways),
            rerun=again,
            findings=advice.findings if verdict == "change" else (),
        )

    def _verdicts(self) -> Sequence[Any]:
        return self.traced.judgement.verdicts

    def _open(self, again: Rerun, places: Sequence[Place]) -> list[str]:
        if places and not again.ran:
            return [f"the replacements: with them the program fails ({again.error})"]
        if again.before is None:
            return ["how far the program gets: its outputs could not be watched"]
        return []

    def _written(
        self, reading: Reading, network: Network, advice: WeightAdvice
    ) -> tuple[str, tuple[Place, ...], list[str]]:
        """The best candidate that can be written where the program makes its weights."""
        rules = plans(look_around(network, advice.batch))
        refused: list[str] = []
        for name in in_order(advice):
            drawn = drawable(network, rules.get(name, ()), advice)
            if drawn is None:
                continue
            title = CANDIDATES[name].title
            why = f"{title}: {CANDIDATES[name].formula}"
            found = write_places(self.program, self.traced, reading, drawn, why)
            if not isinstance(found, str):
                return name, found, refused
            if name == advice.best:
                refused.append(f"{title}, the best candidate, as a replacement: {found}")
        return "", (), refused
