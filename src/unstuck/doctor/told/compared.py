"""Where a program compares its outputs with labels to tell how good it is, read off the tape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.suspect import Option
from unstuck.record.run_record import SourceSpan
from unstuck.trace.anatomy import SAME_VALUES
from unstuck.trace.replay import evaluate
from unstuck.trace.tape import Node, Ref, Tape
from unstuck.trace.told import Told

Array = Any
EQUALS = {"equal", "not_equal"}
SAME = {*SAME_VALUES, "astype", "squeeze", "expand_dims", "int", "float"}
COUNTS = {"sum", "mean", "builtin_sum", "count_nonzero", "average", "median", "max", "nanmean"}
TOLD = {*COUNTS, "true_divide", "multiply", "subtract", "sqrt", "power", "square", "absolute",
        "astype", "float", "round", "negative", "item", "array", "asarray", "where"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slip:
    """One comparison that goes wrong: how it should have been made, on values and in the source.

    ``right`` maps each node that gets another value to what it should be; ``write`` gives the
    edits.
    """

    span: SourceSpan
    right: dict[int, Array]
    write: Callable[[], Sequence[Edit | None]]
    evidence: dict[str, Any]

    def options(self) -> tuple[Option, ...]:
        """The change that mends it; none where a part of it could not be written."""
        edits = self.write()
        known = tuple(edit for edit in edits if edit is not None)
        whole = bool(known) and len(known) == len(edits)
        return (Option(known, "the right comparison"),) if whole else ()


@dataclass(frozen=True, slots=True)
class Met:
    """A comparison or difference of outputs and labels: its node, and the two operands."""

    node: int
    output: int
    label: int  # the node, or -1 where it is a plain list
    values: tuple[Array, Array]  # output, label
    sides: tuple[int, int]  # which operand is the output, which the label

    @property
    def shapes(self) -> str:
        """Both shapes in words."""
        one, other = (np.shape(v) for v in self.values)
        return f"{one} and {other}"


def meetings(told: Told, indices: Iterable[int] | None = None) -> Iterator[Met]:
    """Every comparison or difference of outputs and labels, of what is reported by default."""
    tape = told.tape
    for index in told.reported() if indices is None else indices:
        node = tape[index]
        if node.op not in {*EQUALS, "subtract"} or len(node.args) != 2 or node.site < 0:
            continue
        learned = [isinstance(a, Ref) and told.learned(a.index) for a in node.args]
        if sum(learned) != 1:
            continue
        side = learned.index(True)
        given = node.args[1 - side]
        label = given.index if isinstance(given, Ref) else -1
        if label < 0 and not isinstance(given, list):
            continue
        output = node.args[side].index
        if not told.whole(output):
            continue
        try:
            value = np.asarray(tape[label].value if label >= 0 else given)
        except ValueError:
            continue
        values = (np.asarray(tape[output].value), value)
        if value.dtype.kind in "biuf" and all(v.size and np.all(np.isfinite(v)) for v in values):
            yield Met(index, output, label, values, (side, 1 - side))


def reported_by(told: Told, index: int) -> int | None:
    """The last number that a comparison goes into on its way to being told; None: no count."""
    found, counted = None, False
    for _ in range(12):
        node = told.tape[index]
        counted = counted or node.op in COUNTS
        if counted:
            found = index
        ahead = [r for r in told.readers[index] if told.tape[r].op in TOLD]
        alone = [r for r in ahead if one_way(told, r, index)]
        if not alone:
            break
        index = alone[0]
    return found


def one_way(told: Told, reader: int, index: int) -> bool:
    """True if what a node is made from depends on learned values by this parent alone."""
    site = told.tape[index].site
    return all(
        p == index or not told.learned(p) or told.tape[p].site == site
        for p in told.tape[reader].parents
    )


def source_node(tape: Tape, index: int) -> Node:
    """What a value was before it was only given another form or kind of number."""
    node = tape[index]
    while node.op in SAME and node.parents:
        node = tape[node.parents[0]]
    return node


def number_or_array(tape: Tape, argument: Any) -> Array:
    """The value of an operand, recorded or written."""
    return tape[argument.index].value if isinstance(argument, Ref) else argument


def span_of(told: Told, index: int) -> SourceSpan:
    """Where a node was made."""
    return told.tape.sites[told.tape[index].site].span


def slip(
    told: Told,
    met: Met,
    right: dict[int, Array],
    write: Callable[[], Sequence[Edit | None]],
    *,
    span: SourceSpan | None = None,
    metric: str = "accuracy",
    **evidence: Any,
) -> Slip:
    """What is wrong at a comparison, at its own place if at no other."""
    return Slip(span or span_of(told, met.node), right, write, {"metric": metric, **evidence})


def compared(told: Told, met: Met, sides: list[Array]) -> Array:
    """Output and label compared as the program does it."""
    ordered = [sides[met.sides.index(place)] for place in (0, 1)]
    return evaluate(told.tape[met.node].op, tuple(ordered))


def rounded(value: Array) -> float:
    """One number as it is shown."""
    return float(f"{float(np.ravel(value)[0]):.6g}") if np.size(value) == 1 else float("nan")
