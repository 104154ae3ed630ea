"""What a program tells of its training: its last update and all that comes after, on a tape.

The first updates are recorded to judge the gradient. What is reported often stands after the
loop, or in it once in a hundred rounds; there the values that were learned are known by the
places that made them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from unstuck.trace.progress import site_key
from unstuck.trace.request import Key, LoopCount, Request
from unstuck.trace.steps import FILLED
from unstuck.trace.tape import Tape
from unstuck.trace.traced import SHORT, Traced

LAST = 8  # rounds of a long inner loop that are recorded
WHOLE = 0.75  # of the parameters: what depends on so many is an output, not a hidden layer
FOR_EVER = 1_000_000_000
NODES = 30_000  # a test set that is gone through sample by sample takes many


@dataclass(slots=True)
class Told:
    """A tape, and what of it depends on learned values without leading to a step.

    ``values`` are the learned values themselves, each as one step left it; ``reach`` has a bit for
    each of them that a node was made from; ``useful`` are the nodes on the way to a step;
    ``readers`` what was made from each node.
    """

    tape: Tape
    values: frozenset[int]
    reach: dict[int, int]
    useful: set[int]
    parameters: int
    readers: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def learned(self, index: int) -> bool:
        """True for a value that depends on learned values."""
        return index in self.reach

    def whole(self, index: int) -> bool:
        """True for a value that depends on (nearly) all parameters: an output, or made of one."""
        return self.reach.get(index, 0).bit_count() >= WHOLE * self.parameters

    def reported(self) -> list[int]:
        """The nodes that depend on learned values and lead to no step."""
        start = self.tape.start
        return [i for i in sorted(self.reach) if i >= start and i not in self.useful]


def last_request(traced: Traced, loops: Sequence[LoopCount], seconds: float | None) -> Request:
    """The recording of the last update and what follows.

    ``seconds``: a training that takes longer is left after as many rounds as take so long.
    """
    counts = {loop.key: loop for loop in loops}
    loop = counts.get(traced.loop.key, traced.loop)
    inner = next((counts[key] for key in traced.shortened if key in counts), None)
    shorten: tuple[tuple[Key, int], ...] = ()
    rounds = loop.iterations
    if seconds is not None and loop.seconds > seconds:
        rounds = max(2, int(rounds * seconds / loop.seconds))
        shorten = ((loop.key, rounds), *((key, SHORT) for key in traced.shortened))
    elif inner is not None:
        loop, rounds = inner, inner.iterations - LAST
    # The round before is there for the values that it makes: the last one reads them.
    skip = max(0, rounds - 2)
    return Request(
        "record", loop=loop.key, skip=skip, asleep=True, turns=FOR_EVER, max_nodes=NODES,
        shorten=shorten,
    )  # fmt: skip


def told_at_first(traced: Traced) -> Told:
    """The recording of the first updates."""
    tape, keys = traced.tape, step_keys(traced)
    learned = {v for p in traced.steps.parameters for line in p.lineages for v in line.versions}
    sites = {site.id for site in tape.sites if site_key(site) in keys}
    learned |= {node.index for node in tape.nodes[tape.start :] if node.site in sites}
    return told(tape, learned, lineages(traced))


def told_at_last(tape: Tape, steps: Collection[Key], parameters: int) -> Told:
    """A recording of the last update: what the places of the steps made is learned."""
    sites = {site.id for site in tape.sites if site_key(site) in steps}
    return told(tape, {node.index for node in tape if node.site in sites}, parameters)


def step_keys(traced: Traced) -> set[Key]:
    """The places at which learned values are made."""
    sites = {
        traced.tape[index].site
        for parameter in traced.steps.parameters
        for lineage in parameter.lineages
        for index in (*lineage.updates, *lineage.versions[1:])
    }
    return {site_key(traced.tape.sites[site]) for site in sites if site >= 0}


def lineages(traced: Traced) -> int:
    """How many values are learned."""
    return sum(len(parameter.lineages) for parameter in traced.steps.parameters)


def told(tape: Tape, learned: Iterable[int], parameters: int) -> Told:
    """What depends on learned values, and what of it leads to a step."""
    reach = {index: 1 << number for number, index in enumerate(sorted(learned))}
    result = Told(tape, frozenset(reach), reach, set(), parameters)
    steps = [index for index in reach if tape[index].parents]
    for node in tape:
        for parent in node.parents:
            result.readers[parent].append(node.index)
        if node.index in reach or node.op in FILLED:
            continue
        bits = 0
        for parent in node.parents:
            bits |= reach.get(parent, 0)
        if bits:
            reach[node.index] = bits
    while steps:
        index = steps.pop()
        if index not in result.useful and index >= tape.start:
            result.useful.add(index)
            steps.extend(tape[index].parents)
    return result
