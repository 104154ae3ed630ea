"""The share of a parameter's true gradient that each single use of it brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from unstuck.trace.adjoint import adjoints as sweep
from unstuck.trace.anatomy import Flow, flow_starts
from unstuck.trace.points import Point
from unstuck.trace.tape import Node, Tape


def read_adjoints(
    tape: Tape, point: Point, flow: Flow, adjoints: Mapping[int, Any]
) -> Iterator[tuple[Node, int, Any]]:
    """For each forward operation that uses a parameter: node, position, its share of the gradient.

    A program that adds up gradients sample by sample computes these shares one at a time.
    """
    begins = flow_starts(flow)
    for index in sorted(adjoints):
        node = tape[index]
        if not flow.forward(index) or index in begins:
            continue
        for position, parent in enumerate(node.parents):
            if parent in begins:
                share = sweep(
                    tape, {index: adjoints[index]}, first=index, allowed={parent, index},
                    values=point.values,
                )  # fmt: skip
                if parent in share:
                    yield node, position, share[parent]
