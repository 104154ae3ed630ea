"""From the true values at a place to expressions that give them, written with what is in scope.

Expressions near the one that stands there are tried first, then ones built from the chain rule.
Each is evaluated at every recorded instance and at generic parameters, and kept if it is the true
value times one factor: no table of known mistakes decides, only numbers.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from unstuck.doctor.fixes.bench import Bench, Wanted, prepare
from unstuck.doctor.fixes.chain import chains
from unstuck.doctor.fixes.derivatives import slopes, with_slopes
from unstuck.doctor.fixes.interpret import CannotEvaluate
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.fixes.scale import rescaled
from unstuck.doctor.fixes.shapes import arrangements, products_for_factors, reductions
from unstuck.doctor.fixes.shifts import shifted
from unstuck.doctor.fixes.variants import Variant, callees, drops, operands, operators, signs
from unstuck.trace.program import Program
from unstuck.trace.tape import Tape

__all__ = ["Candidate", "Wanted", "synthesise"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A replacement for a site's expression.

    Attributes
    ----------
    text : str
        What should stand in the site's place.
    factor : float
        ``text / true value`` (NaN without proof).
    edit_kind : str
        What was changed: ``sign factor_missing factor_wrong operand transpose axis reduction
        scale augmented chain``.
    proof : bool
        True if it was evaluated at every instance and is the true value times ``factor``.
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
    program: Program, tape: Tape, wanted: Wanted, *, limit: int = 8, seconds: float = 2.0
) -> list[Candidate]:
    """Expressions that give the wanted values, best first: at most ``limit``.

    Proved ones with the right factor come first, then those with another one, then changes that
    could not be evaluated. ``seconds`` bounds the search.
    """
    bench = prepare(program, tape, wanted)
    if bench is None:
        return []
    search = _Search(bench, limit, time.monotonic() + seconds)
    search.run()
    return search.best()


class _Search:
    """The candidates found so far, and when to stop looking."""

    def __init__(self, bench: Bench, limit: int, deadline: float) -> None:
        self.bench, self.limit, self.deadline = bench, limit, deadline
        self.found: dict[str, Candidate] = {}
        self.seen: set[str] = {bench.source.text}

    def run(self) -> None:
        """Try everything, the nearest first, until enough is found."""
        bench = self.bench
        original = self._factor(bench.tree)
        if original is not None:
            self._try_all(rescaled(bench, bench.tree, original))
        near: list[Callable[[Bench], Iterator[Variant]]] = [
            signs,
            operators,
            drops,
            callees,
            operands,
            arrangements,
            reductions,
            products_for_factors,
        ]
        pool = slopes(bench, np.shape(bench.instances[0].true))
        stages = (
            chain.from_iterable(make(bench) for make in near),
            with_slopes(bench, pool),
            chains(bench, pool),
        )
        for number, stage in enumerate(stages):
            if number == 2 and self._enough():
                return
            if not self._try_all(stage):
                return
        if not self._enough():
            for variant in shifted(bench):
                self._propose(variant)

    def best(self) -> list[Candidate]:
        """The candidates in order."""
        wanted = 1.0 if self.bench.factor is None else self.bench.factor
        ordered = sorted(
            self.found.values(),
            key=lambda c: (
                not c.proof,
                c.proof and not self.bench.good(c.factor),
                c.proof and c.factor * wanted < 0,
                c.cost,
                len(c.text),
                c.text,
            ),
        )
        return ordered[: self.limit]

    def _enough(self) -> bool:
        return any(
            c.proof and self.bench.good(c.factor) and c.cost < 2.0 for c in self.found.values()
        )

    def _factor(self, tree: ast.expr) -> float | None:
        try:
            return self.bench.fits(tree)
        except CannotEvaluate:
            return None

    def _try_all(self, variants: Iterator[Variant]) -> bool:
        """Keep the variants that fit; False when time is up."""
        for variant in variants:
            text = variant.text(self.bench.source.text)
            if text not in self.seen:
                self.seen.add(text)
                factor = self._factor(variant.tree)
                if factor is not None:
                    self._add(variant, text, factor, proof=True)
            if time.monotonic() > self.deadline:
                return False
        return True

    def _propose(self, variant: Variant) -> None:
        text = variant.text(self.bench.source.text)
        if text not in self.seen:
            self.seen.add(text)
            self._add(variant, text, float("nan"), proof=False)

    def _add(self, variant: Variant, text: str, factor: float, *, proof: bool) -> None:
        edits = tuple(_edits(self.bench, variant))
        kind = _kind(self.bench, variant)
        self.found[text] = Candidate(text, factor, kind, proof, variant.cost, edits)


def _kind(bench: Bench, variant: Variant) -> str:
    if variant.kind != "drop":
        return variant.kind
    return "factor_wrong" if np.size(bench.instances[0].true) > 1 else "operand"


def _edits(bench: Bench, variant: Variant) -> Iterator[Edit]:
    """The pieces as edits of the program's own text."""
    span = bench.site.span
    source = Source(bench.program.files[span.file])
    base = source.offset(span.line, span.column)
    for start, end, text in variant.pieces:
        yield Edit(source.between(span.file, base + start, base + end), text)
