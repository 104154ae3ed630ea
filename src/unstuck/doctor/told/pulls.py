"""Where outputs meet labels on the way to a number that a program tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.trace.anatomy import THROUGH
from unstuck.trace.steps import FILLED
from unstuck.trace.tape import Ref
from unstuck.trace.told import Told

Array = Any
MOST_NODES = 20_000  # behind one number
PICKS = {"getitem", "gather"}
THROUGH_TOO = THROUGH | {"power", "square", "log1p", "absolute", "exp", "sqrt", "multiply",
                         "true_divide", "mean", "sum"}  # fmt: skip


@dataclass(slots=True)
class Pull:
    """Outputs that meet labels on the way to a number.

    ``roots`` are the labels before anything was done to them; ``meets`` the nodes at which the
    two meet; ``label`` are the labels in the form of the outputs.
    """

    chain: list[int]  # nodes that the output may be, the last one first
    roots: set[int]
    meets: list[int]
    label: Array

    output: int = -1  # the one of the chain that is of the labels' kind


def learned_behind(told: Told, index: int) -> set[int]:
    """What a node is made from, as far as it depends on learned values."""
    found: set[int] = set()
    pending = [index]
    while pending and len(found) <= MOST_NODES:
        current = pending.pop()
        if current in found or not told.learned(current) or current < told.tape.start:
            continue
        found.add(current)
        if current not in told.values:  # what a step made is given, whatever it was made from
            pending.extend(told.tape[current].parents)
    return found


def pulls_of(told: Told, behind: set[int], known: Array) -> list[Pull] | None:
    """Where outputs meet labels behind a number; None where that is not clear."""
    groups: list[Pull] = []
    for index in sorted(behind):
        met = meet_at(told, index)
        if met is None:
            continue
        output, label = met
        root = root_of(told, label)
        values = np.ravel(told.tape[root].value)
        if not np.all(np.isin(values.astype(float), known)):
            continue
        chain = upwards(told, output)
        mine = next((g for g in groups if not set(g.chain).isdisjoint(chain)), None)
        if mine is None:
            groups.append(Pull(chain, {root}, [index], None))
        else:
            mine.chain = [i for i in mine.chain if i in chain]
            mine.roots.add(root)
            mine.meets.append(index)
    for group in groups:
        size = np.size(told.tape[group.chain[0]].value)
        label = next(iter(group.roots))
        if len(group.roots) != 1 or np.size(told.tape[label].value) != size:
            return None
        group.output = of_a_kind(told, group.chain, told.tape[label].value)
        shape = np.shape(told.tape[group.output].value)
        group.label = np.asarray(told.tape[label].value, dtype=float).reshape(shape)
    return groups


def of_a_kind(told: Told, chain: Sequence[int], label: Array) -> int:
    """The output behind ``log(output)``: the first that is a share, where labels are shares."""
    if np.min(label) >= 0 and np.max(label) <= 1:
        for index in chain:
            value = told.tape[index].value
            if np.min(value) >= 0 and np.max(value) <= 1:
                return index
    return chain[0]


def meet_at(told: Told, index: int) -> tuple[int, int] | None:
    """Output and label at a node where the one meets as much of the other, entry by entry."""
    node = told.tape[index]
    refs = [a.index for a in node.args[:2] if isinstance(a, Ref)]
    if len(refs) != 2:
        return None
    learned = [r for r in refs if told.learned(r)]
    given = [r for r in refs if not told.learned(r)]
    if len(learned) != 1 or len(given) != 1 or not told.whole(learned[0]):
        return None
    output, label = (told.tape[i].value for i in (learned[0], given[0]))
    if np.size(output) != np.size(label) or np.asarray(label).dtype.kind not in "biuf":
        return None
    if told.tape[given[0]].op in FILLED or (node.op == "add" and np.size(label) == 1):
        return None  # what a sum begins with
    if np.size(node.value) > np.size(output):
        return None  # broadcast to more: that is another mistake
    return learned[0], given[0]


def root_of(told: Told, index: int) -> int:
    """A label before the formula did anything to its entries."""
    while index >= told.tape.start:
        node = told.tape[index]
        behind = [p for p in node.parents if np.size(told.tape[p].value) == np.size(node.value)]
        if len(node.parents) != 1 or len(behind) != 1 or node.op not in THROUGH_TOO - PICKS:
            break
        index = behind[0]
    return index


def upwards(told: Told, index: int) -> list[int]:
    """The value and what it was made from entry by entry, as far as it is an output."""
    found = [index]
    size = np.size(told.tape[index].value)
    while len(found) < 8:
        node = told.tape[found[-1]]
        behind = [p for p in node.parents if told.learned(p)]
        if node.op not in THROUGH_TOO or len(behind) != 1 or not told.whole(behind[0]):
            break
        if np.size(told.tape[behind[0]].value) != size:
            break
        found.append(behind[0])
    return found
