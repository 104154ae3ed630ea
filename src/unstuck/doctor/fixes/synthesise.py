"""From the true values at a place to expressions that give them, written with what is in scope.

Everything that differs from the expression in one place is tried, then what the chain rule could
ask for. Each is evaluated at every recorded instance and at generic parameters, and kept if it is
the true value times one factor: no table of known mistakes decides, only numbers.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unstuck.doctor.fixes import chains, derivatives, indices, scales, shapes, terms, variants
from unstuck.doctor.fixes.bench import Bench, Wanted, prepare
from unstuck.doctor.fixes.interpret import CannotEvaluate
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.fixes.variants import Variant
from unstuck.trace.program import Program
from unstuck.trace.tape import Ref, Tape

__all__ = ["Candidate", "Wanted", "synthesise"]

SECONDS = 2.0  # for one place
SCALED = 0.15  # what another factor than 1 costs, where any will do
ENOUGH = 1.6  # a change this small with the right factor ends the search for larger ones


@dataclass(frozen=True, slots=True)
class Candidate:
    """A replacement for a site's expression.

    Attributes
    ----------
    text : str
        What should stand in the site's place.
    factor : float
        ``text / true value``, common to all instances.
    edit_kind : str
        What was changed: ``sign factor_missing factor_wrong factor_extra operand transpose axis
        reduction scale chain delta augmented``.
    proof : bool
        True if it was seen at every instance to be the true value times ``factor``.
    cost : float
        How far it is from what stands there, and how far-fetched.
    edits : tuple of Edit
        The change as the smallest splices of the source.
    """

    text: str
    factor: float
    edit_kind: str
    proof: bool
    cost: float
    edits: tuple[Edit, ...] = ()


def synthesise(
    program: Program, tape: Tape, wanted: Wanted, *, limit: int = 8, seconds: float = SECONDS
) -> list[Candidate]:
    """Replacements for the expression of a site that give what is wanted, best first.

    At most ``limit``: those with the right factor first, of these the smallest change.
    ``seconds`` bounds the search.
    """
    bench = prepare(program, tape, _of_the_expression(tape, wanted))
    if bench is None:
        return []
    search = _Search(bench, time.monotonic() + seconds)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for stage in _stages(bench):
            if not search.run(stage()) or search.settled():
                break
    return search.ranked()[:limit]


class _Search:
    """What was found so far."""

    def __init__(self, bench: Bench, deadline: float) -> None:
        self.bench, self.deadline = bench, deadline
        self.found: dict[str, Candidate] = {}
        self.seen: dict[str, float] = {bench.source.text: 0.0}

    def run(self, stage: Iterator[Variant]) -> bool:
        """Try the variants of one stage; False when time is up."""
        for variant in stage:
            if time.monotonic() > self.deadline:
                return False
            text = variant.text(self.bench.source.text)
            if self.seen.get(text, float("inf")) > variant.cost:
                self.seen[text] = variant.cost
                self._try(variant, text)
        return True

    def settled(self) -> bool:
        """True if a small change with the right factor is known."""
        return any(self.bench.good(c.factor) and c.cost <= ENOUGH for c in self.found.values())

    def ranked(self) -> list[Candidate]:
        """The right factor before others, then the right sign, then the smallest change."""
        wanted = 1.0 if self.bench.factor is None else self.bench.factor
        return sorted(
            self.found.values(),
            key=lambda c: (
                not self.bench.good(c.factor),
                c.factor * wanted < 0,
                round(c.cost + SCALED * (abs(c.factor - wanted) > 1e-4 * abs(wanted)), 6),
                len(c.text),
                c.text,
            ),
        )

    def _try(self, variant: Variant, text: str) -> None:
        """Keep a variant if it fits; where only sign or scale are missing, put them in."""
        try:
            factor = self.bench.fits(variant.tree) if variant.factor is None else variant.factor
        except CannotEvaluate:
            return
        if factor is None:
            return
        self._keep(variant, text, factor)
        for more, value, extra in scales.mended(self.bench, variant, factor):
            self._keep(
                replace(more, cost=variant.cost + extra), more.text(self.bench.source.text), value
            )

    def _keep(self, variant: Variant, text: str, factor: float) -> None:
        if text in self.found and self.found[text].cost <= variant.cost:
            return
        kind = variant.kind
        if kind == "drop":
            kind = "factor_extra" if _elementwise(self.bench) else "operand"
        edits = tuple(_edits(self.bench, variant))
        self.found[text] = Candidate(text, factor, kind, proof=True, cost=variant.cost, edits=edits)


def _elementwise(bench: Bench) -> bool:
    """True if what is dropped may be a derivative: each number has its own."""
    return np.size(bench.instances[0].true) >= 1


def _stages(bench: Bench) -> list[Callable[[], Iterator[Variant]]]:
    """The kinds of change, cheap ones first; derivatives are listed once, when first needed."""
    pool: list[derivatives.Slope] = []

    def slopes() -> list[derivatives.Slope]:
        if not pool:
            pool.extend(derivatives.slopes(bench, np.shape(bench.instances[0].true)))
        return pool

    def near() -> Iterator[Variant]:
        yield from variants.signs(bench)
        yield from scales.scaled(bench)
        yield from variants.drops(bench)
        yield from variants.callees(bench)
        yield from variants.operators(bench)
        yield from shapes.arrangements(bench)
        yield from shapes.reductions(bench)
        yield from shapes.products_for_factors(bench)
        yield from variants.operands(bench)
        yield from terms.instead_of_calls(bench)
        yield from terms.differences(bench)
        yield from derivatives.with_slopes(bench, slopes())
        yield from indices.shifted(bench)
        yield from terms.errors(bench)

    def far() -> Iterator[Variant]:
        seen = chains.screen(bench, slopes())
        yield from chains.sums_of_products(bench, seen)
        yield from chains.products(bench, seen)
        yield from chains.operand_products(bench, seen)

    return [near, far]


def _edits(bench: Bench, variant: Variant) -> Iterator[Edit]:
    """The pieces as edits of the program's own text."""
    span = bench.site.span
    source = Source(bench.program.files[span.file])
    base = source.offset(span.line, span.column)
    for start, end, text in variant.pieces:
        yield Edit(source.between(span.file, base + start, base + end), text)


def _of_the_expression(tape: Tape, wanted: Wanted) -> Wanted:
    """Of an augmented assignment what its right side should be, not what it leaves behind."""
    if tape.sites[wanted.site].kind != "augmented":
        return wanted
    points = wanted.points or [{}] * len(wanted.instances)
    values: list[Any] = []
    for index, true, point in zip(wanted.instances, wanted.values, points, strict=True):
        node = tape[index]
        if not node.args or not isinstance(node.args[0], Ref):
            return wanted
        start = node.args[0].index
        old = point.get(start, tape[start].value)
        if node.op == "add":
            values.append(np.subtract(true, old))
        elif node.op == "subtract":
            values.append(np.subtract(old, true))
        else:
            return wanted
    return replace(wanted, values=values)
