"""Where a step gets the wrong size: its direction is right, so nothing needs to be searched for.

A gradient that is the true one times a number goes wrong at a place whose value, divided by that
number, mends these parameters and leaves the others as they are. The number often stands there
in digits; otherwise the first such place is the one where the gradient is made.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Sequence

from unstuck.doctor.fixes.locate import Located, Search
from unstuck.doctor.fixes.patch import node_at
from unstuck.trace.program import Program
from unstuck.trace.tape import Tape

EQUAL = 1e-6


def rescaled(
    search: Search, bad: Sequence[int], relative: float, program: Program, deadline: float
) -> list[Located]:
    """Places at which ``relative`` times too much mends all of ``bad``, the plainest first."""
    found: list[Located] = []
    for place in search.places(bad):
        if time.monotonic() > deadline:
            break
        values = [
            {
                i: point.value(search.tape, i) / relative
                for i in search.instances(place, point.window)
            }
            for point in search.points
        ]
        if not all(values):
            continue
        good = search.repaired(dict(enumerate(values)), range(len(values)), bad)
        if good is None or len(good[1]) < len(bad) or search.breaks(values, bad):
            continue
        source = ("node", *place, 0)
        found.append(search.located(place, source, values, (1.0, good[1])))
    found.sort(key=lambda located: not has_number(program, search.tape, located.site, relative))
    return found


def has_number(program: Program, tape: Tape, site: int, relative: float) -> bool:
    """True if an expression multiplies by a number in digits, or divides by its inverse."""
    tree = node_at(program, tape.sites[site].span)
    pending: list[tuple[ast.AST | None, float]] = [(tree, relative)]
    while pending:
        part, size = pending.pop()
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
            other = size if isinstance(part.op, ast.Mult) else 1.0 / size
            pending += [(part.left, size), (part.right, other)]
        elif isinstance(part, ast.Constant) and isinstance(part.value, int | float):
            if abs(part.value - size) <= EQUAL * abs(size):
                return True
    return False
