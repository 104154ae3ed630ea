"""Which loop is the training, from how often the loops of a program ran and how long they took.

The training is where the time goes. Preparation (reading data, encoding labels) runs in loops of
its own, before; epochs, batches, samples and units are loops within the one that is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from unstuck.trace.request import Key, LoopCount

SHORT = 0.02  # of the longest loop's time: what takes less is no training


def training_loops(loops: Sequence[LoopCount], most: int = 3) -> list[LoopCount]:
    """Candidates for the outermost training loop, most likely first."""
    by_key = {loop.key: loop for loop in loops}
    outer = [loop for loop in loops if loop.iterations >= 2 and not inside_another(loop, by_key)]
    longest = max((loop.seconds for loop in outer), default=0.0)
    outer = [loop for loop in outer if loop.seconds >= SHORT * longest]
    return sorted(outer, key=lambda loop: (-loop.seconds, loop.order))[:most]


def inside_another(loop: LoopCount, by_key: dict[Key, LoopCount]) -> bool:
    """True if the loop ran within one that itself ran more than once."""
    parent, seen = loop.parent, set()
    while parent is not None and parent in by_key and parent not in seen:
        seen.add(parent)
        if by_key[parent].iterations >= 2:
            return True
        parent = by_key[parent].parent
    return False


def inner_loops(loop: LoopCount, loops: Sequence[LoopCount]) -> list[LoopCount]:
    """Loops that run within another, outermost first."""
    found, level = [], [loop.key]
    while level:
        within = [
            other
            for other in loops
            if other.parent in level and other not in found and other.key != loop.key
        ]
        found += within
        level = [other.key for other in within]
    return [loop for loop in found if loop.iterations]


def empty_loops(loops: Sequence[LoopCount]) -> list[LoopCount]:
    """Loops that were entered and never ran."""
    return [loop for loop in loops if loop.entries and not loop.iterations]
