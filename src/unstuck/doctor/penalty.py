"""Regularisation terms that are not the derivative of a penalty (G110).

In an update a penalty is a term that depends on nothing but its own weights, and is added to what
the data say. Whatever pulls every weight towards zero is one (that of |w| has the sign of w). Wrong
is a term that does not, if the step becomes right with the weights themselves in its place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.doctor.fixes.patch import replacement
from unstuck.doctor.fixes.synthesise import Candidate, Wanted, synthesise
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.trace.facts import ancestors
from unstuck.trace.points import Point
from unstuck.trace.program import Program
from unstuck.trace.replay import CannotReplay, replay
from unstuck.trace.tape import UNKNOWN, Ref
from unstuck.trace.traced import Traced
from unstuck.trace.verdict import ParameterVerdict, judge_parameter, same

Array = Any
MOST = 12  # instances on which a replacement is proved


@dataclass(slots=True)
class Term:
    """One place of a penalty: by window its nodes, each with its parameter and the sum it is in."""

    place: tuple[int, str]
    found: dict[int, list[tuple[int, int, int]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def parameters(self) -> set[int]:
        """Whose penalty it is."""
        return {k for own in self.found.values() for _, k, _ in own}


def wrong_penalties(program: Program, traced: Traced) -> list[Suspect]:
    """The terms that make a wrong step of a right gradient, or weights that grow by themselves."""
    loss = traced.judgement.loss
    wrong = {v.parameter for v in traced.judgement.verdicts if v.verdict == "wrong"}
    growing = {v.parameter for v in traced.judgement.verdicts if grows(v)}
    if loss is None or not wrong | growing or not np.isfinite(traced.judgement.ratio):
        return []
    found = []
    for term in terms_of(traced, wrong | growing):
        suspect = other_term(program, traced, term, wrong) or other_sign(
            program, traced, term, growing
        )
        if suspect is not None:
            found.append(suspect)
    return found


def grows(v: ParameterVerdict) -> bool:
    """True for a right gradient beside a penalty that pushes the weights away from zero."""
    return v.verdict == "ok" and not v.nodes and v.decay < -1e-9 and v.ratio > 0


def terms_of(traced: Traced, parameters: set[int]) -> list[Term]:
    """Terms that depend on one parameter alone and are added to what depends on labels."""
    tape = traced.tape
    terms: dict[tuple[int, str], Term] = {}
    for w, flow in enumerate(traced.anatomy.flows):
        ends = [i for k in parameters for i in flow.end[k]]
        for index in sorted(ancestors(tape, ends, flow.window.first)):
            node = tape[index]
            if node.op not in {"add", "subtract"} or index not in flow.labelled:
                continue
            sides = [a.index for a in node.args[:2] if isinstance(a, Ref)]
            own = [i for i in sides if flow.forward(i) and i not in flow.begins]
            if len(sides) != 2 or len(own) != 1 or tape[own[0]].site == UNKNOWN:
                continue
            k = next((k for k in parameters if flow.reach[own[0]] == 1 << k), None)
            if k is not None:
                place = tape[own[0]].site, tape[own[0]].op
                terms.setdefault(place, Term(place)).found[w].append((own[0], k, index))
    return list(terms.values())


# ------------------------------------------------------------------------- another term


def other_term(program: Program, traced: Traced, term: Term, wrong: set[int]) -> Suspect | None:
    """A term in whose place the weights make the steps right."""
    concerned = sorted(term.parameters & wrong)
    verdicts = judged(traced, term, concerned, 1.0) if concerned else {}
    if not verdicts or not all(is_right(traced, v) for v in verdicts.values()):
        return None
    sign = 1.0 if all(v.decay >= 0 for v in verdicts.values()) else -1.0
    if pulls(traced, term, sign):
        for k, v in verdicts.items():
            v.relative, v.decay, v.why = (
                1.0,
                0.0,
                "beside a penalty that pulls its weights towards zero",
            )
            traced.judgement.verdicts[k] = v
        return None
    instances, values, points = [], [], []
    for p, own in enumerate(wanted_of(traced, term, sign)):
        point = traced.judgement.points[p]
        if point.changed:
            instances += list(own)[:MOST]
            values += list(own.values())[:MOST]
            points += [point.values] * len(list(own)[:MOST])
    candidates = synthesise(
        program, traced.tape, Wanted(term.place[0], instances, values, points), limit=3
    )
    return said(program, traced, term.place[0], concerned, candidates)


def pulls(traced: Traced, term: Term, sign: float) -> bool:
    """True if a term has everywhere the sign of its weight, so that the update shrinks it."""
    for point, own in zip(traced.judgement.points, wanted_of(traced, term, sign), strict=True):
        for index, weights in own.items():
            value = np.asarray(point.value(traced.tape, index), dtype=float)
            if value.shape != np.shape(weights) or np.any(value * weights < 0):
                return False
    return True


def judged(
    traced: Traced, term: Term, parameters: list[int], sign: float
) -> dict[int, ParameterVerdict]:
    """The verdicts with the weights in the term's place; none where that cannot be computed."""
    points: list[Point] = []
    for point, own in zip(traced.judgement.points, wanted_of(traced, term, sign), strict=True):
        last = traced.anatomy.flows[point.window].window.last
        try:
            values = replay(
                traced.tape, own, base=point.values, first=min(own, default=last), last=last
            )
        except (CannotReplay, ValueError, TypeError, IndexError, ZeroDivisionError):
            return {}
        points.append(Point(point.window, {**point.values, **values}, point.changed))
    loss = traced.judgement.loss
    if loss is None:
        return {}
    return {
        k: judge_parameter(traced.tape, traced.steps, traced.anatomy, points, loss, k)
        for k in parameters
    }


def wanted_of(traced: Traced, term: Term, sign: float) -> Iterator[Mapping[int, Array]]:
    """For each point the weights, by the nodes in whose place they are put."""
    for point in traced.judgement.points:
        flow = traced.anatomy.flows[point.window]
        yield {
            index: sign * np.asarray(point.value(traced.tape, flow.start[k][0]))[()]
            for index, k, _ in term.found[point.window]
            if len(flow.start[k]) == 1
        }


def is_right(traced: Traced, v: ParameterVerdict) -> bool:
    """True for a step of the usual size with a penalty."""
    return v.verdict == "ok" and bool(v.decay) and same(v.ratio, traced.judgement.ratio)


# ------------------------------------------------------------------------- the other sign


def other_sign(program: Program, traced: Traced, term: Term, growing: set[int]) -> Suspect | None:
    """A penalty that is a multiple of its weights, and makes them grow."""
    concerned = sorted(term.parameters & growing)
    if not concerned:
        return None
    tape, instances, values, points = traced.tape, [], [], []
    sums = {tape[s].site for own in term.found.values() for _, _, s in own}
    if len(sums) != 1 or UNKNOWN in sums:
        return None
    for point in traced.judgement.points:
        for index, k, total in term.found[point.window][:MOST]:
            part, whole = point.value(tape, index), point.value(tape, total)
            start = point.value(tape, traced.anatomy.flows[point.window].start[k][0])
            if not multiple(part, start):
                return None
            subtracted = tape[total].op == "subtract" and tape[total].args[1] == Ref(index)
            instances.append(total)
            values.append(whole + 2 * part if subtracted else whole - 2 * part)
            points.append(point.values)
    (site,) = sums
    candidates = synthesise(program, tape, Wanted(site, instances, values, points, 1.0), limit=3)
    exact = [c for c in candidates if same(c.factor, 1.0)]
    return said(program, traced, site, concerned, exact)


def multiple(value: Array, of: Array) -> bool:
    """True if a value is another one times a number."""
    a, b = (np.ravel(np.asarray(v, dtype=float)) for v in (value, of))
    if a.size != b.size:
        return False
    sizes = float(np.linalg.norm(a) * np.linalg.norm(b))
    return abs(float(a @ b)) >= (1.0 - 1e-9) * sizes


def said(
    program: Program, traced: Traced, site: int, concerned: list[int], candidates: list[Candidate]
) -> Suspect:
    """The finding, with the first replacement that is proved."""
    place, verdicts = traced.tape.sites[site], traced.judgement.verdicts
    proved = [c for c in candidates if c.proof and c.factor > 0][:1]
    options = [
        Option((replacement(program, place.span, c.text),), "another penalty") for c in proved
    ]
    decay = [verdicts[k].decay for k in concerned if verdicts[k].decay]
    evidence: dict[str, Any] = {"decay": decay} if decay else {}
    return suspect_of(
        "G110", place.span, options, concerns=frozenset(concerned), written=place.text,
        wanted=proved[0].text if proved else "",
        parameters=[traced.name_of(k) for k in concerned], **evidence,
    )  # fmt: skip
