"""A traced program: its tape, and what was read off it. Made in one go by `trace`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unstuck.record.run_record import SourceSpan
from unstuck.trace.anatomy import Anatomy, Pairing, dissect
from unstuck.trace.early import judge_turns
from unstuck.trace.facts import name_of, source_of
from unstuck.trace.layers import TracedLayer, find_layers
from unstuck.trace.loops import inner_loops, training_loops
from unstuck.trace.progress import Eye, operand_position, site_key
from unstuck.trace.request import Key, LoopCount, Outcome, Request
from unstuck.trace.steps import Steps, find_steps
from unstuck.trace.tape import Tape
from unstuck.trace.verdict import Judgement, judge_gradients

Run = Callable[[Request], Outcome]
SHORT = 16  # iterations that a long inner loop is cut to where a whole update does not fit
FEWEST_NODES = 12  # that one sample leaves on the tape
SEED = 0  # of the generic points


@dataclass(slots=True)
class Traced:
    """Everything known from one tape.

    ``loop`` is the training loop; ``shortened`` the inner loops that were cut so that an update
    fits on the tape.
    """

    tape: Tape
    steps: Steps
    anatomy: Anatomy
    judgement: Judgement
    layers: list[TracedLayer]
    loop: LoopCount
    outcome: Outcome
    shortened: tuple[Key, ...] = ()
    stretch: float = 1.0  # how much longer the cut loops really are

    # ----------------------------------------------------------------------------- words

    def name_of(self, k: int) -> str:
        """What the program calls a parameter."""
        parameter = self.steps.parameters[k]
        return name_of(self.tape, parameter.lineages[0].first) or f"parameter {k + 1}"

    def update_span(self, k: int) -> SourceSpan | None:
        """The expression that makes a parameter's next value."""
        for lineage in self.steps.parameters[k].lineages:
            for index in lineage.updates[:1]:
                return source_of(self.tape, index)
        return None

    def update_spans(self) -> list[SourceSpan]:
        """Those of all parameters, each once."""
        spans = [self.update_span(k) for k in range(len(self.steps.parameters))]
        return list(dict.fromkeys(span for span in spans if span is not None))

    # --------------------------------------------------------------------- outputs and labels

    @property
    def pairing(self) -> Pairing | None:
        """The outputs and labels that the meant loss compares."""
        loss = self.judgement.loss
        if loss is not None and loss.pairing is not None:
            return loss.pairing
        return self.anatomy.pairings[0] if self.anatomy.pairings else None

    def eye(self) -> Eye | None:
        """What to watch to see progress: the plainest place where outputs meet labels."""
        usable = [e for p in self.anatomy.pairings if (e := self._eye_of(p)) is not None]
        preferred = self.pairing
        usable.sort(key=lambda e: (e.log, e.index))
        if preferred is not None:
            own = self._eye_of(preferred)
            if own is not None and not own.log:
                return own
        return usable[0] if usable else None

    def _eye_of(self, pairing: Pairing) -> Eye | None:
        meets = pairing.meets[0]
        first = meets[0]
        node = self.tape[first.node]
        output = operand_position(self.tape, first.node, first.output)
        if first.index is not None:
            label: int | None = 1
        elif first.label >= 0:
            label = operand_position(self.tape, first.node, first.label)
        else:
            label = 1 - output if output in {0, 1} else None
        if self.tape.sites[node.site].kind == "augmented" and first.index is not None:
            output, label = 2, 3  # beside the items and what is done to them: owner and index
        if output is None or label is None or node.site < 0:
            return None
        if first.label >= self.tape.start and self.tape[first.label].op in {"negative", "subtract"}:
            return None  # -y or 1 - y: not the label itself
        value = self.tape[first.output].value
        scalar = np.ndim(value) == 0 or np.size(value) == 1
        windows = max(1, len(pairing.meets))
        per_update = max(1, round(sum(len(m) for m in pairing.meets.values()) / windows))
        return Eye(
            site_key(self.tape.sites[node.site]),
            output,
            label,
            index=first.index is not None,
            log=self.tape[first.output].op == "log",
            group=per_update if scalar and 1 < per_update <= 64 and not self.shortened else 1,
            per_update=max(1, round(per_update * self.stretch)),
        )

    @property
    def loop_function(self) -> str:
        """The function in which the training loop stands."""
        for site in self.tape.sites:
            if site.kind == "loop" and site_key(site) == self.loop.key:
                return site.function
        return "<module>"

    def error_span(self) -> SourceSpan | None:
        """Where output and label are subtracted, if that is how the error is made."""
        for pairing in self.anatomy.pairings:
            site = self.tape.sites[pairing.place[0]] if pairing.place[0] >= 0 else None
            if site is not None and pairing.place[1] == "subtract":
                return site.span
        return None

    def output_comes_first(self) -> bool:
        """True where the error is output minus label, False where it is label minus output."""
        for pairing in self.anatomy.pairings:
            if pairing.place[1] == "subtract":
                meet = pairing.meets[0][0]
                return self.tape[meet.node].parents[:1] == (meet.output,)
        return True

    def output_nodes(self) -> set[int]:
        """The outputs, and the weighted sums that they are made from, in the first window."""
        found: set[int] = set()
        if self.pairing is not None:
            found.update(self.pairing.outputs[0])
        if self.layers:
            found.update(self.layers[-1].sums)
        return found

    # -------------------------------------------------------------------------- for the fixes

    def generic_tape(self) -> tuple[Tape, list[int]]:
        """The tape as it would read at random parameters; and which point each window is at."""
        nodes = list(self.tape.nodes)
        chosen: list[int] = []
        for w in range(len(self.anatomy.flows)):
            own = [p for p, point in enumerate(self.judgement.points) if point.window == w]
            p = next((p for p in own if self.judgement.points[p].values), own[0])
            chosen.append(p)
            for index, value in self.judgement.points[p].values.items():
                nodes[index] = replace(nodes[index], value=value)
        return replace(self.tape, nodes=nodes), chosen


def trace(
    run: Run,
    loops: Sequence[LoopCount],
    say: Callable[[str], None],
    line_name: Callable[[str, int], str] = lambda file, line: f"line {line}",
) -> tuple[Traced | None, str, list[Tape]]:
    """Record the training loop of a program and read it; or the reason why not, and the tapes."""
    why = "no loop ran that could be a training loop"
    tapes: dict[Key, Tape] = {}  # the first of each loop that was tried
    outer = training_loops(loops)
    inner = [other for loop in outer[:2] for other in inner_loops(loop, loops)[:2]]
    for loop in [*outer[:1], *inner, *outer[1:]]:
        say(f"recording the first updates (the loop in {line_name(*loop.key[:2])})")
        for request in requests(loop, loops):
            outcome = run(request)
            if outcome.tape is None:
                why = "the program could not be recorded"
                continue
            tapes.setdefault(loop.key, outcome.tape)
            steps = find_steps(outcome.tape)
            if steps.parameters and len(steps.windows) >= 1:
                cut = tuple(key for key, _ in request.shorten)
                traced = read(outcome, steps, loop, cut)
                if cut and not is_told(traced):
                    why = "an update is too long to be recorded whole, and no part of it tells"
                    continue
                for other in loops:
                    if other.key in cut:
                        traced.stretch *= other.iterations / max(1, other.entries) / SHORT
                return traced, "", list(tapes.values())
            why = steps.why or "no update was completed within the recording"
            if outcome.tape.stopped == "end":
                break
    return None, why, list(tapes.values())


def is_told(traced: Traced) -> bool:
    """True if steps could be compared with gradients: no loop that carries them back was cut."""
    return any(v.verdict not in {"unchecked", "zero"} for v in traced.judgement.verdicts)


def requests(loop: LoopCount, loops: Sequence[LoopCount]) -> list[Request]:
    """The recordings to try: as it is; then with long inner loops cut, from the outermost.

    What is likely too long as it is comes last, for loops that cannot be cut.
    """
    plain = Request("record", loop=loop.key)
    long_loops = [
        other
        for other in inner_loops(loop, loops)
        if other.iterations > 3 * SHORT * max(1, other.entries)
    ]
    longest = max((x.iterations / max(1, x.entries) for x in long_loops), default=0.0)
    fits = longest * FEWEST_NODES < plain.max_nodes
    cut = [
        Request("record", loop=loop.key, shorten=((other.key, SHORT),)) for other in long_loops[:2]
    ]
    return [plain, *cut] if fits else [*cut, plain]


def read(outcome: Outcome, steps: Steps, loop: LoopCount, shortened: tuple[Key, ...]) -> Traced:
    """Labels, outputs, verdicts and layers of a recorded tape."""
    tape = outcome.tape
    if tape is None:  # pragma: no cover - the caller has looked
        raise ValueError("there is no tape to read")
    anatomy = dissect(tape, steps)
    standing = [
        k for k in range(len(steps.parameters))
        if all(flow.start[k] == flow.end[k] for flow in anatomy.flows)
    ]  # fmt: skip
    if anatomy.flows and standing and len(standing) < len(steps.parameters):
        # Sums that begin anew with every sample look like parameters, but do not move on.
        steps.parameters = [p for k, p in enumerate(steps.parameters) if k not in standing]
        anatomy = dissect(tape, steps)
    judgement = judge_gradients(tape, steps, anatomy, np.random.default_rng(SEED))
    judge_turns(tape, steps, anatomy, judgement)
    pairing = judgement.loss.pairing if judgement.loss is not None else None
    pairing = pairing or (anatomy.pairings[0] if anatomy.pairings else None)
    layers = find_layers(tape, steps, anatomy, pairing) if anatomy.flows else []
    return Traced(tape, steps, anatomy, judgement, layers, loop, outcome, shortened)
