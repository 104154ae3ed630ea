"""A program whose weights never move: parameters by where they come from, not by how they change.

Its updates do not reach its weights (that is for the doctor); its first weights can be judged all
the same. Arrays drawn at random before the loop are multiplied in it, arrays of one number added.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from unstuck.trace.layers import PRODUCTS
from unstuck.trace.request import LoopCount, Outcome
from unstuck.trace.steps import FILLED, Lineage, Parameter, Steps, Window, read_slots
from unstuck.trace.tape import LEAF, Tape
from unstuck.trace.traced import Traced, read

SAME = {"multiply", "true_divide", "subtract", "add", "astype", "copy", "array", "asarray"}


def read_standing(outcome: Outcome, loop: LoopCount) -> Traced | None:
    """The traced program, with its standing weights for parameters; None where there are none."""
    tape = outcome.tape
    if tape is None:
        return None
    steps = standing_steps(tape)
    if not steps.parameters:
        return None
    return read(outcome, steps, loop, ())


def standing_steps(tape: Tape) -> Steps:
    """Weights drawn before the loop and read in it, each with one version; one window."""
    slots = read_slots(tape)
    used = {  # before the loop: what labels are made from is data
        p for node in tape.nodes[: tape.start] if node.op not in SAME for p in node.parents
    }
    drawn = {i for i in range(tape.start) if _drawn(tape, i) and i not in used}
    filled = {i for i in range(tape.start) if tape[i].op in FILLED and np.ndim(tape[i].value)}
    found: list[Parameter] = []
    opens: list[int] = []
    again: dict[int, list[int]] = defaultdict(list)
    for index in sorted(drawn | filled):
        own = slots.get(index, {})
        wanted = PRODUCTS if index in drawn else {"add"}
        reads = [(slot, first) for slot, (first, _) in own.items() if slot[1] in wanted]
        if not reads:
            continue
        lineage = Lineage([index], frozenset(own))
        found.append(Parameter([lineage], np.shape(tape[index].value)))
        slot, first = min(reads, key=lambda pair: pair[1])
        opens.append(first)
        again[first] = _reads(tape, index, slot)
    if not opens:
        return Steps([], [], [])
    first = min(opens)
    later = [n for n in again[first] if n > first]
    return Steps(found, [], [Window(first, later[0] if later else len(tape))])


def _reads(tape: Tape, index: int, slot: tuple[int, str, int]) -> list[int]:
    return [
        node.index
        for node in tape.nodes[tape.start :]
        if (node.site, node.op) == slot[:2] and index in node.parents
    ]


def _drawn(tape: Tape, index: int) -> bool:
    """True for an array of random numbers, shifted and scaled by plain numbers at most."""
    if not isinstance(tape[index].value, np.ndarray) or tape[index].value.dtype.kind != "f":
        return False
    for _ in range(12):
        node = tape[index]
        if node.op.startswith("random."):
            return True
        arrays = [p for p in node.parents if np.size(tape[p].value) > 1]
        if node.op not in SAME or len(arrays) != 1 or node.op == LEAF:
            return False
        index = arrays[0]
    return False
