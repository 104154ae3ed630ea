"""Where each parameter is made, and what to write there for a whole network's rules.

An expression in a loop makes the weights of several layers: then one text must serve them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from unstuck.record.run_record import SourceSpan
from unstuck.trace.facts import source_of
from unstuck.trace.program import Program
from unstuck.trace.tape import UNKNOWN
from unstuck.trace.traced import Traced
from unstuck.weights.recipe import Rule
from unstuck.weights.script.answer import Place
from unstuck.weights.script.expressions import (
    Written,
    bias_expression,
    weight_expression,
    written_at,
)
from unstuck.weights.script.reading import Reading, ReadLayer
from unstuck.weights.script.source import node_at, numpy_in


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one parameter is made."""

    parameter: int
    name: str
    span: SourceSpan
    written: Written
    target: str
    function: str
    zero: bool


def spot_of(program: Program, traced: Traced, k: int) -> Spot | None:
    """The expression that makes a parameter; None where it is not in sight."""
    first = traced.steps.parameters[k].lineages[0].first
    span = source_of(traced.tape, first)
    if span is None or span.file not in program.files:
        return None
    node = node_at(program, span)
    if node is None:
        return None
    value = np.asarray(traced.tape[first].value)
    source = program.files[span.file]
    written = written_at(node, source, value.shape, numpy_in(source), str(value.dtype))
    site = traced.tape.site_of(first)
    known = site is not None and traced.tape[first].site != UNKNOWN and site.targets
    return Spot(
        k,
        traced.name_of(k),
        span,
        written,
        site.targets[0] if known and site is not None else "",
        site.function if site is not None else "",
        not value.any(),
    )


def write_places(
    program: Program, traced: Traced, reading: Reading, rules: Sequence[Rule], why: str
) -> tuple[Place, ...] | str:
    """The replacements that draw ``rules``; or the reason why one cannot be written."""
    spots = {k: spot_of(program, traced, k) for k in range(len(traced.steps.parameters))}
    sheet = _Sheet(program, why)
    try:
        for layer, rule in zip(reading.layers, rules, strict=True):
            weight = spots[layer.weight]
            if weight is None:
                return f"the line that makes {traced.name_of(layer.weight)} is not in sight"
            sheet.weights(weight, layer, rule)
            bias = None if layer.bias is None else spots[layer.bias]
            if bias is not None:
                sheet.biases(bias, weight, layer, rule)
            elif rule.bias == "centre" and layer.bias_row is None:
                return "there are no biases"
    except _CannotWriteError as reason:
        return str(reason)
    return sheet.places()


class _CannotWriteError(Exception):
    """A rule that has no form in this program; the message says why."""


@dataclass(slots=True)
class _Text:
    """One expression and the parameters that it makes."""

    spot: Spot
    names: list[str]
    text: str


@dataclass(slots=True)
class _Sheet:
    """The replacements so far, one an expression."""

    program: Program
    why: str
    texts: dict[SourceSpan, _Text] = field(default_factory=dict)
    added: list[Place] = field(default_factory=list)

    def weights(self, spot: Spot, layer: ReadLayer, rule: Rule) -> None:
        """What draws a matrix."""
        self._put(spot, weight_expression(rule, spot.written, transposed=layer.transposed))

    def biases(self, spot: Spot, weight: Spot, layer: ReadLayer, rule: Rule) -> None:
        """What makes the biases; those that need the matrix go behind it where they stand before.

        Biases that are 0 and shall be stay as they are written.
        """
        if rule.bias == "zeros" and spot.zero:
            return
        turned = layer.transposed
        name = _in_sight(weight, spot)
        if rule.bias != "centre" or name or not _can_follow(self.program, weight, spot):
            self._put(spot, bias_expression(rule, spot.written, name, transposed=turned))
            return
        text = bias_expression(rule, spot.written, weight.target, transposed=turned)
        at = weight.span
        behind = SourceSpan(at.file, at.end_line, at.end_column, at.end_line, at.end_column)
        why = f"{self.why} (behind the line that makes {weight.name})"
        self.added.append(
            Place(
                spot.name,
                at.file,
                at.end_line,
                at.end_column,
                "",
                f"{spot.target} = {text}",
                why,
                behind,
            )
        )

    def _put(self, spot: Spot, text: str | None) -> None:
        if text is None:
            raise _CannotWriteError(f"{spot.name} takes more than one expression")
        known = self.texts.setdefault(spot.span, _Text(spot, [], text))
        line = f"line {spot.span.line} makes several layers"
        if known.text != text:
            raise _CannotWriteError(f"{line}, and each needs another text")
        known.names.append(spot.name)
        if spot.written.literal and len(known.names) > 1:
            raise _CannotWriteError(line)

    def places(self) -> tuple[Place, ...]:
        """All of them, from the top down."""
        found = [place_of(t.spot, t.names, t.text, self.why) for t in self.texts.values()]
        return tuple(sorted([*found, *self.added], key=lambda p: (p.file, p.line, p.column)))


def place_of(spot: Spot, names: Sequence[str], text: str, why: str) -> Place:
    """The answer for one expression."""
    span = spot.span
    name = ", ".join(dict.fromkeys(names))
    return Place(name, span.file, span.line, span.column, spot.written.text, text, why, span)


def _in_sight(weight: Spot, bias: Spot) -> str:
    """What the weights are called where the biases are made; empty where they are not made yet."""
    same = (weight.span.file, weight.function) == (bias.span.file, bias.function)
    later = (weight.span.end_line, weight.span.end_column) < (bias.span.line, bias.span.column)
    return weight.target if same and later else ""


def _can_follow(program: Program, weight: Spot, bias: Spot) -> bool:
    """True if a statement for the biases can stand behind the one that makes the weights."""
    same = (weight.span.file, weight.function) == (bias.span.file, bias.function)
    line = program.files[weight.span.file].split("\n")[weight.span.end_line - 1]
    rest = line[weight.span.end_column :].strip()
    return same and bool(weight.target and bias.target) and (not rest or rest.startswith("#"))
