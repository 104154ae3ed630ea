"""Every node of a tape computed anew from its parents: is it what was recorded?

This sees a write that was missed: the values that were made from the array afterwards are not
those that the tape says they were made from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.trace.operations import OPERATIONS
from unstuck.trace.replay import CannotReplay, value_of
from unstuck.trace.tape import LEAF, Node, Tape

NOT_AGAIN = {LEAF, "opaque", "shuffle", "empty", "empty_like"}


@dataclass(frozen=True)
class Consistency:
    """Nodes that were computed anew, that differ, and that could not be computed."""

    checked: int
    different: list[Node]
    impossible: list[tuple[Node, str]]


def check(tape: Tape) -> Consistency:
    """Compute all nodes of a tape anew."""
    checked, different, impossible = 0, [], []
    with np.errstate(all="ignore"):
        for node in tape:
            operation = OPERATIONS.get(node.op)
            if node.op in NOT_AGAIN or (operation is not None and operation.kind == "random"):
                continue
            try:
                value = value_of(node, lambda index: tape[index].value)
            except CannotReplay as error:
                impossible.append((node, str(error)))
                continue
            checked += 1
            if not same(value, node.value):
                different.append(node)
    return Consistency(checked, different, impossible)


def same(a: Any, b: Any) -> bool:
    """True if two values agree up to rounding, NaN included."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    if a.dtype.kind in "biu" and b.dtype.kind in "biu":
        return bool(np.array_equal(a, b))
    scale = np.abs(b[np.isfinite(b)]).max(initial=0.0)
    tolerance = 1e-5 if b.dtype in (np.float32, np.float16) else 1e-11
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * scale, equal_nan=True))
