"""Values that come back as their own step: through a product, to a comparison, and back.

What a network learns with is read by a product, what comes of it is compared with something that
does not depend on it (a label, or the 1 of ``1 - h * h``), and the difference goes through another
product. Noise, hidden states and vectors of a power iteration do not come back like that.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from unstuck.trace.anatomy import SAME_VALUES
from unstuck.trace.tape import Node, Tape

PRODUCTS = frozenset({"dot", "matmul", "einsum", "tensordot"})
READ, COMPARED, BACK = 1, 2, 3


def feedback(
    tape: Tape, origins: Iterable[int], reads: frozenset[str] = PRODUCTS, end: int | None = None
) -> dict[int, int]:
    """How far the values made from ``origins`` are on their way back: READ, COMPARED or BACK.

    ``reads`` are the operations by which the origins themselves may be read.
    """
    own = set(origins)
    stage: dict[int, int] = {}
    for node in tape.nodes[min(own) + 1 : end]:
        if node.op in SAME_VALUES and not own.isdisjoint(node.parents[:1]):
            own.add(node.index)
            continue
        level = max((stage.get(p, 0) for p in node.parents), default=0)
        if not level and node.op in reads and not own.isdisjoint(node.parents):
            level = READ
        elif level == READ and node.op == "subtract" and compares(node, own, stage):
            level = COMPARED
        elif level == COMPARED and (
            node.op in PRODUCTS or node.op == "outer" or widens(tape, node)
        ):
            level = BACK
        if level:
            stage[node.index] = level
    return stage


def compares(node: Node, own: set[int], stage: dict[int, int]) -> bool:
    """True for a difference from something that does not depend on the origins."""
    return len(node.parents) < 2 or any(p not in stage and p not in own for p in node.parents)


def widens(tape: Tape, node: Node) -> bool:
    """True for a product of two values of which neither has the other's shape: ``error * x``."""
    shapes = {np.shape(tape[p].value) for p in node.parents}
    return node.op == "multiply" and len(shapes) > 1
