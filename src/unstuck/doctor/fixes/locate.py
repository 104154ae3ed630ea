"""Where a wrong gradient goes wrong: put the true value in a place and see what it repairs.

*Oracle substitution*: the value at one place of the backward pass is replaced, at each of its
instances, by the true adjoint of one value of the forward pass; the rest of the update is
replayed. A place that makes all wrong parameters move along their true gradients, by one common
factor, is where the program departs from the truth. The factor tells sign and scale. Nothing here
knows what kind of mistake it is looking for.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.trace.anatomy import Anatomy, Flow
from unstuck.trace.facts import ancestors
from unstuck.trace.gradients import Loss
from unstuck.trace.operations import NoRule
from unstuck.trace.points import Point
from unstuck.trace.reads import read_adjoints
from unstuck.trace.replay import CannotReplay, replay
from unstuck.trace.steps import Steps
from unstuck.trace.tape import UNKNOWN, Tape
from unstuck.trace.verdict import Judgement, ParameterVerdict, judge_parameter, same

Array = Any
Source = tuple[str, int, str, int]  # "node" or "read", site, op, position


@dataclass(frozen=True, slots=True)
class Located:
    """A place of the backward pass, and the true values that belong there.

    ``repaired`` are the parameters (by number) that move right with them; ``factor`` is the
    common factor that was left over and is divided out: -1 where the program counts the other way
    (label minus output). ``wanted[p]`` maps the instances at point ``p`` to their true values.
    """

    site: int
    op: str
    source: Source
    transposed: bool
    factor: float
    repaired: frozenset[int]
    instances: Mapping[int, tuple[int, ...]]
    wanted: tuple[Mapping[int, Array], ...]
    loss: Loss


class Search:
    """One search for the place of a fault, under one loss."""

    def __init__(
        self, tape: Tape, steps: Steps, anatomy: Anatomy, judgement: Judgement, loss: Loss
    ) -> None:
        self.tape, self.steps, self.anatomy = tape, steps, anatomy
        self.judgement, self.loss = judgement, loss
        self.points = judgement.points
        self.screen = self._screening_points()
        self.losses: dict[tuple[int, ...], Loss] = {}
        self.tried: set[int] = set()  # hashes of the values that were tried at the present place
        self.backward = [flow.labelled for flow in anatomy.flows]  # nodes that may be places
        self.useful = [  # what any step was made from
            ancestors(tape, [i for nodes in flow.end.values() for i in nodes], flow.window.first)
            for flow in anatomy.flows
        ]

    def run(self, bad: Sequence[int], deadline: float) -> list[Located]:
        """Places that repair any of the parameters in ``bad``, best first."""
        found = self._run(bad, deadline)
        if not found and self.widen():  # a step may be wrong because no label comes into it
            found = self._run(bad, deadline)
        return found

    def _run(self, bad: Sequence[int], deadline: float) -> list[Located]:
        found: list[Located] = []
        sources = self._sources()
        for place in self.places(bad):
            self.tried.clear()
            for source, pool in sources.items():
                for transposed in (False, True):
                    if time.monotonic() > deadline:
                        return ranked(found)
                    located = self._try(place, source, pool, transposed, bad)
                    if located is not None:
                        found.append(located)
        return ranked(found)

    def located(
        self, place: tuple[int, str], source: Source, values: Sequence[Mapping[int, Array]],
        found: tuple[float, frozenset[int]], *, transposed: bool = False,
    ) -> Located:  # fmt: skip
        """What was found at a place, its values without the factor that was left over."""
        factor, repaired = found
        wanted = tuple({index: value / factor for index, value in own.items()} for own in values)
        windows = range(len(self.anatomy.flows))
        instances = {w: tuple(self.instances(place, w)) for w in windows}
        return Located(
            *place, source, transposed, factor, repaired, instances, wanted, self.loss,
        )  # fmt: skip

    def widen(self) -> bool:
        """Let places count that no label reaches, outside the forward pass; False: there are none.

        Their expressions must serve the backward pass alone.
        """
        pairing = self.loss.pairing or next(iter(self.anatomy.pairings), None)
        if pairing is None:
            return False
        wider = []
        for w, flow in enumerate(self.anatomy.flows):
            ahead = ancestors(self.tape, pairing.outputs[w], flow.window.first)
            taken = {(self.tape[i].site, self.tape[i].op) for i in ahead}
            aside = {i for i in self.useful[w] - ahead - flow.begins if flow.forward(i)}
            wider.append({i for i in aside if (self.tape[i].site, self.tape[i].op) not in taken})
        self.backward = [own | more for own, more in zip(self.backward, wider, strict=True)]
        return any(wider)

    # ------------------------------------------------------------------ places and sources

    def places(self, bad: Sequence[int]) -> list[tuple[int, str]]:
        """Label-dependent places on the way to the wrong steps, earliest first."""
        flow = self.anatomy.flows[0]
        pending = [index for k in bad for index in flow.end[k]]
        seen: set[int] = set()
        while pending:
            index = pending.pop()
            if index in seen or index < flow.window.first:
                continue
            seen.add(index)
            pending.extend(self.tape[index].parents)
        ends = {index for k in bad for index in flow.end[k]}
        places: dict[tuple[int, str], None] = {}
        for index in sorted(seen & self.backward[0] - ends):
            node = self.tape[index]
            if node.site != UNKNOWN and node.op not in {"scatter", "gather"}:
                places.setdefault((node.site, node.op))
        return list(places)

    def _sources(self) -> dict[Source, list[list[tuple[int, Array]]]]:
        """True values by where they come from: per point, the instances in order."""
        pools: dict[Source, list[list[tuple[int, Array]]]] = defaultdict(
            lambda: [[] for _ in self.points]
        )
        for p, point in enumerate(self.points):
            flow, adjoints = self.anatomy.flows[point.window], self.loss.adjoints[p]
            begins = {index for nodes in flow.start.values() for index in nodes}
            for index in sorted(adjoints):
                node = self.tape[index]
                if index in begins or not flow.forward(index) or node.site == UNKNOWN:
                    continue
                pools["node", node.site, node.op, 0][p].append((index, adjoints[index]))
            try:
                for node, position, value in read_adjoints(self.tape, point, flow, adjoints):
                    pools["read", node.site, node.op, position][p].append((node.index, value))
            except NoRule:
                continue
        return dict(pools)

    def _screening_points(self) -> list[int]:
        """Two generic points of the first window that has them: enough to say no."""
        generic = [p for p, point in enumerate(self.points) if point.changed]
        return generic[:2] or [0]

    # ------------------------------------------------------------------------- one attempt

    def _try(
        self,
        place: tuple[int, str],
        source: Source,
        pool: list[list[tuple[int, Array]]],
        transposed: bool,
        bad: Sequence[int],
    ) -> Located | None:
        """The way to match the values with the place's instances that repairs most."""
        best: Located | None = None
        for offset in range(3):
            for stack in (True, False):
                wanted = self._align(place, pool, offset, transposed, stack, self.screen)
                if wanted is None or self._again(wanted):
                    continue
                good = self.repaired(wanted, self.screen, bad)
                if not good or (best is not None and len(good[1]) <= len(best.repaired)):
                    continue
                every = range(len(self.points))
                whole = self._align(place, pool, offset, transposed, stack, every)
                if whole is None:
                    continue
                good = self.repaired(whole, every, bad)
                if good and (best is None or len(good[1]) > len(best.repaired)):
                    values = [whole[p] for p in every]
                    located = self.located(place, source, values, good, transposed=transposed)
                    if not self.breaks(located.wanted, bad):
                        best = located
                if best is not None and len(best.repaired) == len(bad):
                    return best
        return best

    def _again(self, wanted: Mapping[int, Mapping[int, Array]]) -> bool:
        """True if the same values were tried at this place before: sources often agree."""
        values = next(iter(wanted.values()))
        seen = hash(tuple((i, np.asarray(v, dtype=float).tobytes()) for i, v in values.items()))
        if seen in self.tried:
            return True
        self.tried.add(seen)
        return False

    def instances(self, place: tuple[int, str], w: int) -> list[int]:
        """The nodes of a place in one window that lead to a step.

        A loop over the layers also takes the error back through the first, where nobody needs it.
        """
        return [
            index
            for index in sorted(self.backward[w] & self.useful[w])
            if self.tape[index].site == place[0] and self.tape[index].op == place[1]
        ]

    def _align(
        self,
        place: tuple[int, str],
        pool: list[list[tuple[int, Array]]],
        offset: int,
        transposed: bool,
        stack: bool,
        which: Sequence[int],
    ) -> dict[int, dict[int, Array]] | None:
        """True values for each instance of a place at some points; None where shapes disagree."""
        found: dict[int, dict[int, Array]] = {}
        for p in which:
            point = self.points[p]
            instances = self.instances(place, point.window)
            single = all(np.size(self.tape[i].value) == 1 for i in instances)
            pairs = list(pair_up(instances, pool[p], offset, stack, single=single))
            if len(pairs) != len(instances) or not pairs:
                return None
            values: dict[int, Array] = {}
            for index, value in pairs:
                if transposed:
                    if np.ndim(value) < 2:
                        return None
                    value = np.transpose(value)
                shape = np.shape(self.tape[index].value)
                if np.shape(value) != shape:
                    if np.size(value) == int(np.prod(shape)) and not transposed:
                        value = np.reshape(value, shape)
                    elif not (source_is_larger(shape, np.shape(value)) and not transposed):
                        return None
                values[index] = value if np.ndim(value) else float(value)
            found[p] = values
        return found

    def repaired(
        self, wanted: Mapping[int, Mapping[int, Array]], which: Sequence[int], bad: Sequence[int]
    ) -> tuple[float, frozenset[int]] | None:
        """Which wrong parameters are right with these values, at one common factor."""
        changed = self._changed(wanted, which)
        if changed is None:
            return None
        loss = self._loss_at(which)
        ratios: dict[int, float] = {}
        for k in bad:
            try:
                verdict = judge_parameter(self.tape, self.steps, self.anatomy, changed, loss, k)
            except (ValueError, IndexError):
                continue
            if verdict.verdict == "ok" and verdict.ratio:
                ratios[k] = verdict.ratio
        if not ratios:
            return None
        return common_factor(ratios, self.judgement, bad)

    def _loss_at(self, which: Sequence[int]) -> Loss:
        """The loss at some of the points; they are the same few again and again."""
        key = tuple(which)
        if key not in self.losses:
            gradients = [self.loss.gradients[p] for p in key]
            own = Loss(self.loss.name, self.loss.pairing, self.loss.site, gradients)
            self.losses[key] = own
        return self.losses[key]

    def _changed(
        self,
        wanted: Mapping[int, Mapping[int, Array]] | Sequence[Mapping[int, Array]],
        which: Sequence[int],
    ) -> list[Point] | None:
        """Some of the points, replayed with other values at a place; None where that fails."""
        changed: list[Point] = []
        for p in which:
            point = self.points[p]
            flow = self.anatomy.flows[point.window]
            try:
                with np.errstate(all="ignore"):
                    values = replay(
                        self.tape, wanted[p], base=point.values,
                        first=min(wanted[p]), last=flow.window.last,
                    )  # fmt: skip
            except (CannotReplay, ValueError, TypeError, IndexError, ZeroDivisionError):
                return None
            changed.append(Point(point.window, {**point.values, **values}, point.changed))
        return changed

    def breaks(self, values: Sequence[Mapping[int, Array]], bad: Sequence[int]) -> bool:
        """True if a parameter that was right is not any more: then nothing is wrong here."""
        every = range(len(self.points))
        changed, loss = self._changed(values, every), self._loss_at(every)
        if changed is None:
            return True
        for v in self.judgement.verdicts:
            if v.verdict != "ok" or v.parameter in bad:
                continue
            try:
                now = judge_parameter(
                    self.tape, self.steps, self.anatomy, changed, loss, v.parameter
                )
            except (ValueError, IndexError):
                return True
            if now.verdict != "ok" or not same(now.ratio, v.ratio):
                return True
        return False


def common_factor(
    ratios: Mapping[int, float], judgement: Judgement, bad: Sequence[int]
) -> tuple[float, frozenset[int]]:
    """The largest group of repaired parameters with one ratio; the ratio over the common one."""
    groups = [[k for k, other in ratios.items() if same(other, ratio)] for ratio in ratios.values()]
    best = max(groups, key=lambda g: (len(g), ratios[g[0]] > 0))
    ratio = ratios[best[0]]
    trusted = [v for v in judgement.verdicts if v.verdict == "ok" and v.parameter not in bad]
    common = judgement.ratio if trusted and np.isfinite(judgement.ratio) else abs(ratio)
    return ratio / common, frozenset(best)


def source_is_larger(shape: tuple[int, ...], true: tuple[int, ...]) -> bool:
    """True where a smaller value stands and was broadcast in place of the true one."""
    try:
        return np.broadcast_shapes(shape, true) == true and int(np.prod(shape)) < int(np.prod(true))
    except ValueError:
        return False


def pair_up(
    instances: list[int],
    pool: list[tuple[int, Array]],
    offset: int,
    stack: bool,
    *,
    single: bool = False,
) -> Iterator[tuple[int, Array]]:
    """Match the instances of a backward place with forward values.

    Forward passes and backward passes alternate (once an update, or once a sample). Within each
    turn the backward pass takes the forward values from the last (a stack: layers in reverse) or
    from the first (a queue), leaving out ``offset`` of them. One value serves all places of a turn;
    ``single``: each place holds one number, so that they may be the entries of one array.
    """
    turns: list[tuple[list[Array], list[int]]] = []
    events = sorted(
        [(i, 0, None) for i in instances] + [(i, 1, v) for i, v in pool], key=lambda e: e[:2]
    )
    forward: list[Array] = []
    backward: list[int] = []
    for index, kind, value in events:
        if kind == 1:
            if backward:
                turns.append((forward, backward))
                forward, backward = [], []
            forward.append(value)
        else:
            backward.append(index)
    turns.append((forward, backward))
    for values, places in turns:
        usable = values[: len(values) - offset][::-1] if stack else values[offset:]
        if len(usable) == 1 and len(places) > 1:  # a loop over the entries of one array
            usable = entries(usable[0], len(places)) if single else usable * len(places)
        yield from zip(places, usable, strict=False)


def entries(value: Array, count: int) -> list[Array]:
    """The entries of an array, if there are so many; a number as often as that."""
    found = list(np.ravel(value))
    return found * count if len(found) == 1 else found if len(found) == count else []


def ranked(found: list[Located]) -> list[Located]:
    """Most parameters repaired, factor 1 before others, most upstream."""
    return sorted(
        found,
        key=lambda f: (
            -len(f.repaired),
            abs(abs(f.factor) - 1.0) > 1e-3,
            min(f.instances[0], default=0),
            f.source[0] == "read",
            f.factor < 0,
        ),
    )


def wrong_parameters(verdicts: Sequence[ParameterVerdict]) -> list[int]:
    """The parameters whose gradient is wrong or missing, or out of step with the others."""
    return [v.parameter for v in verdicts if v.verdict in {"wrong", "zero", "scale", "sign"}]


def forward_only(flow: Flow, index: int) -> bool:
    """True for values of the forward pass."""
    return flow.forward(index)
