"""What should stand at a place: expressions near the one written, proved on recorded values.

Everything that differs in one place is tried, then what the chain rule could ask for; whatever
gives the true value at every instance, times one common factor, is kept. Nothing is guessed: a
replacement that does not reproduce the numbers is not offered.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unstuck.doctor.fixes import chains, derivatives, indices, scales, shapes, variants
from unstuck.doctor.fixes.bench import Bench, Wanted, prepare
from unstuck.doctor.fixes.interpret import CannotEvaluate
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.variants import Variant
from unstuck.trace.program import Program
from unstuck.trace.tape import Ref, Tape

__all__ = ["Candidate", "Wanted", "synthesise"]

SECONDS = 1.5  # for one place
ENOUGH = 1.6  # a change this small with factor 1 ends the search for larger ones
SIGN = 0.6  # what a sign in front costs on top


@dataclass(frozen=True, slots=True)
class Candidate:
    """One replacement for a site's text.

    ``factor`` is ``value / true value``, common to all instances; ``edit_kind`` says what was
    changed: "sign", "factor_missing", "factor_wrong", "factor_extra", "operand", "transpose",
    "axis", "reduction", "scale", "chain" or "augmented". ``edit`` is set where the site is a
    statement, whose text is no expression.
    """

    text: str
    factor: float
    edit_kind: str
    proof: bool
    cost: float
    edit: Edit | None = None


def synthesise(
    program: Program, tape: Tape, wanted: Wanted, *, limit: int = 8, seconds: float = SECONDS
) -> list[Candidate]:
    """Replacements for the expression of a site that give what is wanted, best first."""
    wanted = _of_the_expression(tape, wanted)
    bench = prepare(program, tape, wanted)
    if bench is None:
        return []
    deadline = time.monotonic() + seconds
    found: dict[str, Candidate] = {}
    for stage in _stages(bench):
        for variant in stage():
            if time.monotonic() > deadline:
                break
            _try(bench, variant, found)
        if time.monotonic() > deadline or _settled(found):
            break
    return ranked(found)[:limit]


def ranked(found: dict[str, Candidate]) -> list[Candidate]:
    """Factor 1 before others, then the smallest change."""
    return sorted(
        found.values(), key=lambda c: (abs(abs(c.factor) - 1.0) > 1e-4, c.factor < 0, c.cost, c.text)
    )


def _settled(found: dict[str, Candidate]) -> bool:
    return any(abs(c.factor - 1.0) <= 1e-4 and c.cost <= ENOUGH for c in found.values())


def _stages(bench: Bench) -> list[Callable[[], Iterator[Variant]]]:
    """The kinds of change, cheap ones first; derivatives are listed once, when first needed."""
    known: list[derivatives.Derivative] = []

    def listed() -> list[derivatives.Derivative]:
        if not known:
            known.extend(derivatives.derivatives(bench))
        return known

    def near() -> Iterator[Variant]:
        yield from variants.signs(bench)
        yield from variants.drops(bench)
        yield from variants.callees(bench)
        yield from variants.operators(bench)
        yield from shapes.arrangements(bench)
        yield from shapes.reductions(bench)
        yield from shapes.products_for_factors(bench)
        yield from scales.scaled(bench)
        yield from variants.operands(bench)
        yield from derivatives.multiplied(bench, listed())
        yield from derivatives.replaced(bench, listed())
        yield from indices.shifted(bench)

    def far() -> Iterator[Variant]:
        yield from chains.sums_of_products(bench, listed())
        yield from chains.products(bench, listed())
        yield from chains.operand_products(bench, listed())

    return [near, far]


def _try(bench: Bench, variant: Variant, found: dict[str, Candidate]) -> None:
    """Keep a variant if it fits; where only sign or scale are missing, put them in."""
    text = variant.text(bench.source.text)
    if text in found and found[text].cost <= variant.cost:
        return
    if text == bench.source.text:
        return
    try:
        factor = variant.factor if variant.factor is not None else bench.fits(variant.tree)
    except CannotEvaluate:
        return
    if factor is None:
        return
    whole = bench.statement is not None
    kind = "factor_extra" if variant.kind == "drop" else variant.kind
    edit = Edit(bench.site.span, text) if whole else None
    found[text] = Candidate(text, factor, kind, True, variant.cost, edit)
    for more, value, extra in scales.mended(bench, variant, factor):
        longer = more.text(bench.source.text)
        if longer not in found:
            found[longer] = replace(
                found[text], text=longer, factor=value, cost=variant.cost + extra,
                edit=Edit(bench.site.span, longer) if whole else None,
            )  # fmt: skip


def _of_the_expression(tape: Tape, wanted: Wanted) -> Wanted:
    """Of an augmented assignment what its right side should be, not what it leaves behind."""
    site = tape.sites[wanted.site]
    if site.kind != "augmented":
        return wanted
    values: list[Any] = []
    for index, true in zip(wanted.instances, wanted.values, strict=True):
        node = tape[index]
        if not node.args or not isinstance(node.args[0], Ref):
            return wanted
        old = tape[node.args[0].index].value
        if node.op == "add":
            values.append(np.subtract(true, old))
        elif node.op == "subtract":
            values.append(np.subtract(old, true))
        else:
            return wanted
    return replace(wanted, values=values)


def parsed(text: str) -> ast.expr | None:
    """A candidate's text as a tree."""
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
