"""Wrong gradients: from the verdicts on the parameters to places, codes and replacements.

The verdicts say which parameters move wrongly, oracle substitution where the error enters, the
search for an expression what should stand there. The kind of the change decides the code.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unstuck.doctor.diagnosis import Clean, Finding, Unchecked
from unstuck.doctor.fixes.lines import replace_statement
from unstuck.doctor.fixes.locate import Located, Search, wrong_parameters
from unstuck.doctor.fixes.patch import Edit, node_at, replacement
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.fixes.rescale import rescaled
from unstuck.doctor.fixes.rewrites.signs import flipped_updates, sign_of, swapped_error
from unstuck.doctor.fixes.synthesise import Candidate, Wanted, synthesise
from unstuck.doctor.rules import RULES
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.facts import ancestors
from unstuck.trace.gradients import Loss
from unstuck.trace.program import Program
from unstuck.trace.replay import CannotReplay, replay
from unstuck.trace.traced import Traced
from unstuck.trace.verdict import ParameterVerdict, judge_parameter, name_verdicts, same

CODES = {  # what was changed in the expression -> what was wrong
    "sign": "G101",
    "factor_missing": "G102",
    "factor_wrong": "G103",
    "operand": "G104",
    "transpose": "G104",
    "axis": "G105",
    "reduction": "G105",
    "chain": "G106",
    "scale": "G111",
    "augmented": "G109",
}
PRODUCT = re.compile(r"@|\b(?:dot|matmul|outer|inner|einsum|tensordot)\(")
MILD = 10.0  # a step size this many times another's is a choice, not a mistake
LOSSES_TRIED = 6
Seen = Callable[[Traced, Located, int, int], Mapping[int, Any]]
MOST_INSTANCES = 12  # of a place in one update, on which a replacement is proved


@dataclass(slots=True)
class GradientFindings:
    """What the gradients told."""

    suspects: list[Suspect]
    clean: list[Clean]
    unchecked: list[Unchecked]


def judge_gradients_of(program: Program, traced: Traced, seconds: float) -> GradientFindings:
    """Everything that is wrong, right or unknown about the gradients of a traced program."""
    found = GradientFindings([], [], [])
    deadline = time.monotonic() + seconds
    verdicts = traced.judgement.verdicts
    names = [traced.name_of(k) for k in range(len(verdicts))]
    for v in verdicts:
        if v.verdict == "ok":
            found.clean.append(Clean("gradient", right_words(names[v.parameter], v)))
        elif v.verdict == "unchecked":
            found.unchecked.append(
                Unchecked(f"gradient of {names[v.parameter]}", v.why or "no loss")
            )
    for what in traced.judgement.unknown:
        found.unchecked.append(Unchecked("gradient", what))
    wrong = wrong_parameters(verdicts)
    reversed_signs = [v for v in verdicts if v.verdict == "sign"]
    if reversed_signs and len(reversed_signs) == len(
        [v for v in verdicts if v.verdict != "unchecked"]
    ):
        found.suspects += all_reversed(program, traced, names)
        return found
    mild = [k for k in wrong if verdicts[k].verdict == "scale" and is_mild(verdicts[k])]
    wrong = [k for k in wrong if k not in mild]
    uphill = some_reversed(program, traced, names)
    if uphill is not None:
        found.suspects.append(uphill)
        wrong = [k for k in wrong if k not in uphill.parameters]
    for group in same_scale(verdicts, wrong):
        suspect = scale_one(program, traced, group, names, deadline)
        if suspect is not None:
            found.suspects.append(suspect)
            wrong = [k for k in wrong if k not in suspect.parameters]
    while wrong and time.monotonic() < deadline:
        suspect = locate_one(program, traced, wrong, names, deadline)
        if suspect is None:
            break
        found.suspects.append(suspect)
        left = [k for k in wrong if k not in suspect.parameters]
        if len(left) == len(wrong):
            break
        wrong = left
    found.suspects += [not_located(traced, verdicts[k], names[k]) for k in wrong]
    found.suspects += [scaled(traced, verdicts[k], names[k]) for k in mild]
    return found


def right_words(name: str, v: ParameterVerdict) -> str:
    """What a right gradient looks like in numbers."""
    if v.nodes:
        return (
            f"{name}: its gradient is the true one times {abs(v.ratio):.4g}; its step goes downhill"
        )
    decay = f", plus decay {v.decay:.3g} of the weights" if abs(v.decay) > 1e-12 else ""
    step = f"-{v.ratio:.4g} times the true gradient{decay} (residual {v.residual:.0e})"
    return f"{name}: its step is {step}"


def is_mild(v: ParameterVerdict) -> bool:
    """True for a step size that somebody may have chosen on purpose."""
    size = abs(v.relative)
    return bool(np.isfinite(size) and 1.0 / MILD <= size <= MILD)


# ---------------------------------------------------------------------------------- signs


def all_reversed(program: Program, traced: Traced, names: Sequence[str]) -> list[Suspect]:
    """Every parameter moves uphill: the updates, or the error, have the wrong sign.

    Either change mends it, and both places are named, each with the other's line: only the
    person knows which convention was meant. The first is the one that is tried: the error, since
    one slip there is likelier than one in each of several updates; between one error and one
    update, the one that is not as in ``w -= rate * (p - y)``.
    """
    meet = traced.error_span()
    updates = flipped_updates(program, traced.update_spans())
    swapped = swapped_error(program, meet) if meet is not None else None
    ways: list[tuple[SourceSpan, Option]] = []
    if swapped is not None and meet is not None:
        ways.append((meet, Option((swapped,), "the other way round")))
    if updates:
        ways.append((updates[0].span, Option(tuple(updates), "the updates the other way round")))
    if len(updates) == 1 and traced.output_comes_first():
        ways.reverse()
    evidence: dict[str, Any] = {
        "parameters": list(names),
        "cosine": -1.0,
        "learning_rate": abs(traced.judgement.ratio),
    }
    concerns = frozenset(range(len(names)))
    options = tuple(option for _, option in ways)
    if not ways:
        first = traced.update_spans()[0]
        return [suspect_of("G101", first, options, concerns=concerns, **evidence)]
    found: list[Suspect] = []
    for (span, option), (other, _) in zip(ways, reversed(ways), strict=True):
        if other is not span:
            evidence["other_place"] = program.line_name(other.file, other.line)
        one = suspect_of("G101", span, [option], concerns=concerns, **evidence)
        finding = replace(one.finding, proved=True)
        found.append(replace(one, finding=finding, options=() if found else options))
    return found


def some_reversed(program: Program, traced: Traced, names: Sequence[str]) -> Suspect | None:
    """Some move uphill, by update lines of their own that have the other sign than the rest."""
    verdicts = traced.judgement.verdicts
    uphill = [v.parameter for v in verdicts if v.verdict == "sign"]
    right = [v.parameter for v in verdicts if v.verdict == "ok"]
    spans = [list(dict.fromkeys(map(traced.update_span, group))) for group in (uphill, right)]
    mine, theirs = ([s for s in group if s is not None] for group in spans)
    if not mine or not theirs or set(mine) & set(theirs):
        return None
    signs = [{sign_of(program, span) for span in group} for group in (mine, theirs)]
    updates = flipped_updates(program, mine)
    if not updates or None in signs[0] | signs[1] or len(signs[1]) > 1 or signs[0] & signs[1]:
        return None
    return suspect_of(
        "G101", mine[0], [Option(tuple(updates), "the other way round")],
        concerns=frozenset(uphill), parameters=[names[k] for k in uphill], cosine=-1.0,
        learning_rate=abs(traced.judgement.ratio),
    )  # fmt: skip


# --------------------------------------------------------------------------------- places


def same_scale(verdicts: Sequence[ParameterVerdict], wrong: Sequence[int]) -> list[list[int]]:
    """Parameters whose steps are too large, or too small, by the same number."""
    groups: list[list[int]] = []
    for k in wrong:
        if verdicts[k].verdict != "scale" or not np.isfinite(verdicts[k].relative):
            continue
        for group in groups:
            if same(verdicts[k].relative, verdicts[group[0]].relative):
                group.append(k)
                break
        else:
            groups.append([k])
    return groups


def scale_one(
    program: Program, traced: Traced, group: Sequence[int], names: Sequence[str], deadline: float
) -> Suspect | None:
    """The place at which steps get the wrong size, with what should stand there."""
    judgement = traced.judgement
    if judgement.loss is None:
        return None
    search = Search(traced.tape, traced.steps, traced.anatomy, judgement, judgement.loss)
    relative = judgement.verdicts[group[0]].relative
    places = rescaled(search, group, relative, program, deadline)
    for place in places[:4]:
        found = candidates_for(program, traced, place, 1.0)
        if found and found[0].proof and same(found[0].factor, 1.0):
            suspect = place_suspect(program, traced, place, found, names)
            evidence = {**suspect.finding.evidence, "relative": float(f"{relative:.6g}")}
            code = "G105" if found[0].edit_kind in {"axis", "reduction"} else "G111"
            message = RULES[code]().message(**evidence)
            finding = replace(suspect.finding, code=code, message=message, evidence=evidence)
            return replace(suspect, finding=finding)
    return None


def locate_one(
    program: Program, traced: Traced, wrong: Sequence[int], names: Sequence[str], deadline: float
) -> Suspect | None:
    """The place that repairs most of the wrong parameters, with what should stand there."""
    judgement = traced.judgement
    losses: list[Loss] = [judgement.loss] if judgement.loss is not None else []
    if not np.isfinite(judgement.ratio):  # nothing agrees under any loss: each may be meant
        losses = [x for x in judgement.losses if x.name not in {"absolute_error", "hinge"}]
        losses = losses[:LOSSES_TRIED]
    best: tuple[tuple[float, ...], Located, list[Candidate]] | None = None
    for number, loss in enumerate(losses):
        share = (deadline - time.monotonic()) / max(1, len(losses) - number)
        search = Search(traced.tape, traced.steps, traced.anatomy, judgement, loss)
        located = search.run(wrong, time.monotonic() + max(0.5, share * 0.8))
        if not located:
            continue
        most = len(located[0].repaired)
        for place in one_a_site([p for p in located if len(p.repaired) == most])[:8]:
            found = candidates_for(program, traced, place)
            first = found[0] if found and found[0].proof else None
            rank = (
                -most,
                first is None,
                not found,
                abs(abs(first.factor) - 1.0) > 1e-6 if first else 1,
                first.cost if first else 99.0,
                abs(abs(place.factor) - 1.0) > 1e-3,
                number,
            )
            if best is None or rank < best[0]:
                best = (rank, place, found)
        if (
            best is not None
            and best[2]
            and len(best[1].repaired) == len(wrong)
            and np.isfinite(judgement.ratio)
        ):
            break
    if best is None:
        return None
    settle(traced, best[1].loss)
    return place_suspect(program, traced, best[1], best[2], names)


def settle(traced: Traced, loss: Loss) -> None:
    """The loss that the program means is the one under which the place of its fault was found."""
    judgement = traced.judgement
    if judgement.loss is loss:
        return
    judgement.loss = loss
    judgement.verdicts = [
        judge_parameter(
            traced.tape, traced.steps, traced.anatomy, judgement.points, loss, v.parameter
        )
        for v in judgement.verdicts
    ]
    name_verdicts(judgement.verdicts, judgement.ratio)


def one_a_site(places: Sequence[Located]) -> list[Located]:
    """The best-ranked few of each site: several true values may fit the same place."""
    count: dict[int, int] = {}
    kept = []
    for place in places:
        count[place.site] = count.get(place.site, 0) + 1
        if count[place.site] <= 2:
            kept.append(place)
    return kept


def candidates_for(
    program: Program, traced: Traced, place: Located, factor: float | None = None
) -> list[Candidate]:
    """Expressions for a place: the best that is proved on the tape, else some that are not.

    ``factor`` is what they may be of the true value; any number where it is not given.
    """
    found = search_at(program, traced, place, factor, recorded)
    proved = [c for c in found if c.proof]
    if not proved and feeds_itself(traced, place):
        found = search_at(program, traced, place, factor, mended_before) or found
        proved = [c for c in found if c.proof]
    return proved[:1] or found[:3]


def search_at(
    program: Program, traced: Traced, place: Located, factor: float | None, seen: Seen
) -> list[Candidate]:
    """What gives the true values at the instances of a place, from the values ``seen`` there."""
    instances, values, points = [], [], []
    generic = [p for p, point in enumerate(traced.judgement.points) if point.changed]
    for p in generic or range(len(traced.judgement.points)):
        point = traced.judgement.points[p]
        indices = place.instances.get(point.window, ())[:MOST_INSTANCES]
        for index in (i for i in indices if i in place.wanted[p]):
            instances.append(index)
            values.append(place.wanted[p][index])
            points.append(seen(traced, place, p, index))
    if not instances:
        return []
    wanted = Wanted(place.site, instances, values, points, factor)
    return synthesise(program, traced.tape, wanted, limit=8)


def recorded(traced: Traced, place: Located, p: int, index: int) -> Mapping[int, Any]:
    """The values of a point as the program made them."""
    return traced.judgement.points[p].values


def mended_before(traced: Traced, place: Located, p: int, index: int) -> Mapping[int, Any]:
    """The same once all instances before this one are right.

    In ``delta = W.T @ delta``, layer by layer, each instance reads what the one before it made.
    """
    point = traced.judgement.points[p]
    own = {i: value for i, value in place.wanted[p].items() if i < index}
    if not own:
        return point.values
    try:
        with np.errstate(all="ignore"):
            changed = replay(traced.tape, own, base=point.values, first=min(own), last=index)
    except (CannotReplay, ValueError, TypeError, IndexError, ZeroDivisionError):
        return point.values
    return {**point.values, **changed}


def feeds_itself(traced: Traced, place: Located) -> bool:
    """True if an instance of a place is made from an earlier one of the same update."""
    for indices in place.instances.values():
        for index in indices[1:2]:
            above = ancestors(traced.tape, traced.tape[index].parents, indices[0])
            return indices[0] in above
    return False


def place_suspect(
    program: Program,
    traced: Traced,
    place: Located,
    candidates: Sequence[Candidate],
    names: Sequence[str],
) -> Suspect:
    """The finding for a place, with its replacement if one was found."""
    site = traced.tape.sites[place.site]
    verdicts = traced.judgement.verdicts
    concerned = sorted(place.repaired)
    evidence = {
        "parameters": [names[k] for k in concerned],
        "cosine": [round(float(verdicts[k].cosine), 4) for k in concerned],
        "loss": place.loss.name,
        "written": site.text,
    }
    span, text, code = site.span, None, "G199"
    options = tuple(Option(edits_for(program, place, span, c), c.edit_kind) for c in candidates)
    if candidates:
        code, text = code_of(candidates[0], place, traced), candidates[0].text
    proved = bool(candidates) and candidates[0].proof
    finding = Finding(
        code, "fault", RULES[code]().message(**evidence), span, evidence, text, proved=proved
    )
    return Suspect(finding, options, exact=True, parameters=place.repaired)


def edits_for(
    program: Program, place: Located, span: SourceSpan, candidate: Candidate
) -> tuple[Edit, ...]:
    """The edits that put a candidate in its place; of an item write, the whole array instead."""
    target = node_at(program, span)
    if place.op == "setitem" and isinstance(target, ast.Subscript):
        base = Source(program.files[span.file]).segment(target.value)
        line = f"{base} = {candidate.text}"
        return (replace_statement(program, span.file, span.line, line),)
    return candidate.edits or (replacement(program, span, candidate.text),)


def code_of(candidate: Candidate, place: Located, traced: Traced) -> str:
    """The code for a change: by what was changed, and where."""
    code = CODES.get(candidate.edit_kind, "G199")
    reshaped = candidate.edit_kind == "scale" and not in_proportion(place, traced)
    if candidate.edit_kind in {"factor_extra", "drop"} or reshaped:
        return "G107" if at_output(place, traced) else "G103"
    written = traced.tape.sites[place.site].text
    if candidate.edit_kind == "chain" and products(candidate.text) <= products(written):
        # The error came back through the weights before; what is new is what it is multiplied by.
        return "G102" if written in candidate.text else "G103"
    return code


def products(text: str) -> int:
    """How many products of arrays an expression has."""
    return len(PRODUCT.findall(text))


def in_proportion(place: Located, traced: Traced) -> bool:
    """True if what stands at a place is a multiple of what belongs there."""
    for p, point in enumerate(traced.judgement.points):
        for index, true in place.wanted[p].items():
            here = np.ravel(np.asarray(point.value(traced.tape, index), dtype=float))
            there = np.ravel(np.asarray(true, dtype=float))
            if here.size != there.size or not np.all(np.isfinite(here)):
                return False
            sizes = float(np.linalg.norm(here) * np.linalg.norm(there))
            if abs(float(here @ there)) < (1.0 - 1e-6) * sizes:
                return False
    return True


def at_output(place: Located, traced: Traced) -> bool:
    """True if the true value that belongs at a place is the error at the outputs."""
    nodes = traced.output_nodes()
    return any((traced.tape[n].site, traced.tape[n].op) == place.source[1:3] for n in nodes)


def not_located(traced: Traced, v: ParameterVerdict, name: str) -> Suspect:
    """A parameter that moves wrongly for a reason that has no single place."""
    span = traced.update_span(v.parameter)
    evidence = {"parameter": name, "parameters": [name], "cosine": float(v.cosine)}
    code = {"zero": "U201", "scale": "G111", "sign": "G101"}.get(v.verdict, "G199")
    finding = Finding(code, "fault", RULES[code]().message(**evidence), span, evidence)
    return Suspect(finding, (), exact=True, parameters=frozenset({v.parameter}))


def scaled(traced: Traced, v: ParameterVerdict, name: str) -> Suspect:
    """A parameter whose step size is another than the others', but not by much."""
    evidence = {"parameter": name, "parameters": [name], "relative": float(v.relative)}
    finding = Finding(
        "G111",
        "note",
        RULES["G111"]().message(**evidence),
        traced.update_span(v.parameter),
        evidence,
    )
    return Suspect(finding, (), exact=False, parameters=frozenset({v.parameter}))
