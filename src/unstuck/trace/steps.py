"""Which values are parameters, and where one update ends and the next begins.

A value *evolves* when a later value reaches back to it through same-shape sums, item writes or
copies, and takes its place: it is read where the old one was read, and the old one no more. A
chain of such values is a *lineage*. A lineage is a parameter when its changes depend on it: round
a loop of lineages that feed each other. Optimisers, dicts, lists, attributes and helper functions
need no special case, since only values are followed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from unstuck.trace.tape import LEAF, Node, Ref, Tape

Slot = tuple[int, str, int]  # site, op, position among the parents: where a value is read

KEEPS = {  # ops whose result is their first argument again, as far as a parameter is concerned
    "copy", "asarray", "array", "asanyarray", "astype", "ascontiguousarray", "float", "clip",
    "maximum", "minimum", "nan_to_num", "round",
}  # fmt: skip
WRITES = {"setitem", "scatter"}
SCALES = {"multiply", "true_divide"}
SUMS = {"add", "subtract", "negative", "positive"}
FILLED = {"zeros", "zeros_like", "ones", "ones_like", "full", "full_like", "empty", "empty_like"}
SIZES = {"multiply", "true_divide", "add", "subtract", "negative", "reshape", "astype", "array"}
LASTING = 0.3  # of the tape
STILL = 0.25  # of all updates: a parameter that moves in no more than the rest takes turns


@dataclass(slots=True)
class Lineage:
    """One array (or number) through time: the nodes that were its value, in order."""

    versions: list[int]
    slots: frozenset[Slot]
    updates: list[int] = field(default_factory=list)  # the node that made each later version

    @property
    def first(self) -> int:
        """The node it started from."""
        return self.versions[0]

    def steps_in(self, window: Window) -> int:
        """How many new versions are made within a window."""
        first, last = (bisect_left(self.versions, end) for end in (window.first, window.last))
        return last - first

    def at(self, index: int) -> int:
        """The version that was current when node ``index`` was about to be made."""
        current = self.versions[0]
        for version in self.versions:
            if version >= index:
                break
            current = version
        return current


@dataclass(slots=True)
class Parameter:
    """One array, or all the numbers that a pure-Python program reads in the same places."""

    lineages: list[Lineage]
    shape: tuple[int, ...]

    @property
    def moves(self) -> bool:
        """True if any of its values was ever replaced."""
        return any(len(lineage.versions) > 1 for lineage in self.lineages)

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return len(self.lineages) * int(np.prod(self.shape, dtype=int))


@dataclass(frozen=True, slots=True)
class Window:
    """One update: the nodes ``[first, last)`` from the first read of the old values to the new."""

    first: int
    last: int


@dataclass(slots=True)
class Steps:
    """Parameters, the optimiser's state, and the updates that the tape holds.

    ``calm`` are the updates in which no parameter that waits in others takes several steps: where
    two groups take turns, one's update may hold many steps of the other. ``why`` says, when there
    is nothing, in what way.
    """

    parameters: list[Parameter]
    states: list[Lineage]
    windows: list[Window]
    why: str = ""
    calm: list[Window] = field(init=False)

    def __post_init__(self) -> None:
        moving = [lineage for parameter in self.parameters for lineage in parameter.lineages]
        waiting = [x for x in moving if waits(x, self.windows)]
        self.calm = [
            w for w in self.windows if all(x.steps_in(w) <= 1 for x in waiting)
        ] or self.windows


def waits(lineage: Lineage, windows: list[Window]) -> bool:
    """True for a value that stands still in many updates: it is another's turn."""
    still = sum(lineage.steps_in(window) == 0 for window in windows)
    return still >= STILL * len(windows)


def is_number(value: object) -> bool:
    """True for a value that a lineage can be made of."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and value.size > 0
    return isinstance(value, float | np.floating)


def find_steps(tape: Tape) -> Steps:
    """Parameters, states and windows of a tape."""
    children = evolving_children(tape)
    slots = read_slots(tape)
    found = [
        lineage
        for index in origins(tape, slots)
        if (lineage := follow(index, tape, children, slots)) is not None and lasts(lineage, tape)
    ]
    if not found:  # an update that nothing read any more: its name says whose it is
        names = names_of(tape)
        found = [
            lineage
            for index in origins(tape, slots)
            if (lineage := renamed(index, children, names, slots)) is not None
        ]
    if not found:
        return Steps([], [], [], "no value evolves")
    changes, depends = what_changes_depend_on(tape, found)
    looped = feeding_back(changes)
    states = velocities(looped, found, tape)
    looped_back = looped - states
    states |= {k for k in looped_back if is_state(k, looped_back, changes, depends, found, tape)}
    parameters = [found[k] for k in sorted(looped - states)]
    if not parameters:
        return Steps([], [found[k] for k in sorted(states)], [], "values evolve, none feeds back")
    windows = find_windows(parameters, tape, slots)
    # A value that lives within one update only (a hidden state) is none.
    return Steps(group(parameters, tape), [found[k] for k in sorted(states)], windows)


def lasts(lineage: Lineage, tape: Tape) -> bool:
    """False for a sum within one sample, and for a constant that many sums start from."""
    length = len(tape) - tape.start
    return (
        lineage.versions[-1] >= tape.start + LASTING * length
        and lineage.versions[1] <= tape.start + (1.0 - LASTING / 2) * length
    )


# ---------------------------------------------------------------------------------- lineages


def evolving_parents(node: Node, tape: Tape) -> Iterator[int]:
    """Parents of which this node may be the next version."""
    op, args = node.op, node.args
    if op in WRITES or op in KEEPS:
        candidates = args[:1]
    elif op == "add":
        candidates = args[:2]
    elif op == "subtract":
        candidates = args[:1]
    elif op in SCALES and np.ndim(node.value):
        others = [np.size(tape[a.index].value) if isinstance(a, Ref) else 1 for a in args[:2]]
        candidates = tuple(
            a for a, other in zip(args[:2], others[::-1], strict=False) if other == 1
        )
    else:
        return
    shape = np.shape(node.value)
    for argument in candidates:
        if isinstance(argument, Ref) and np.shape(tape[argument.index].value) == shape:
            yield argument.index


def evolving_children(tape: Tape) -> dict[int, list[int]]:
    """For each node, the nodes that may be its next version."""
    children: dict[int, list[int]] = defaultdict(list)
    for node in tape:
        if is_number(node.value):
            for parent in evolving_parents(node, tape):
                children[parent].append(node.index)
    return children


def read_slots(tape: Tape) -> dict[int, dict[Slot, tuple[int, int]]]:
    """For each node, where in the training it is read: slot -> (first, last) reading node."""
    slots: dict[int, dict[Slot, tuple[int, int]]] = defaultdict(dict)
    for node in tape.nodes[tape.start :]:
        written = node.args[0].index if node.inplace and isinstance(node.args[0], Ref) else -1
        for position, parent in enumerate(node.parents):
            if parent == written and position == 0:
                continue
            slot = (node.site, node.op, position)
            first, _ = slots[parent].get(slot, (node.index, 0))
            slots[parent][slot] = (first, node.index)
    return slots


def origins(tape: Tape, slots: dict[int, dict[Slot, tuple[int, int]]]) -> list[int]:
    """Values from before the training (or from nowhere) that the training reads."""
    early = made_early(tape)
    return sorted(
        index
        for index in slots
        if is_number(tape[index].value)
        and (
            index < tape.start
            or tape[index].op == LEAF
            or index in early
            or from_constant(tape[index])
        )
    )


def made_early(tape: Tape) -> set[int]:
    """Arrays drawn or filled at places that the training soon leaves: weights of a first call."""
    made: set[int] = set()
    last: dict[int, int] = {}
    for node in tape.nodes[tape.start :]:
        inner = [p for p in node.parents if p >= tape.start]
        first = node.op.startswith("random.") or node.op in FILLED
        if np.ndim(node.value) and (first or (inner and node.op in SIZES)) and made >= {*inner}:
            made.add(node.index)
            last[node.site] = node.index
    end = tape.start + LASTING * (len(tape) - tape.start)
    return {index for index in made if last[tape[index].site] < end}


def from_constant(node: Node) -> bool:
    """True for the first value of a bias that began as a plain 0: ``0 - step``."""
    return (
        node.op in {"add", "subtract"}
        and len(node.args) == 2
        and isinstance(node.args[0], int | float)
        and np.ndim(node.value) == 0
    )


def follow(
    index: int,
    tape: Tape,
    children: dict[int, list[int]],
    slots: dict[int, dict[Slot, tuple[int, int]]],
) -> Lineage | None:
    """The lineage that starts at a node; None if nothing ever takes its place."""
    versions, everywhere = [index], set(slots[index])
    while (later := successor(versions[-1], children, slots)) is not None:
        versions.append(later)
        everywhere |= set(slots[later])
    if len(versions) == 1:
        return None
    return Lineage(versions, frozenset(everywhere), versions[1:])


def successor(
    index: int, children: dict[int, list[int]], slots: dict[int, dict[Slot, tuple[int, int]]]
) -> int | None:
    """The nearest value that evolved from this one and is read in its place, once it is no more."""
    mine = slots.get(index, {})
    retired = max((last for _, last in mine.values()), default=-1)  # its last read anywhere
    queue, seen = deque(children.get(index, ())), {index}
    while queue:
        other = queue.popleft()
        if other in seen:
            continue
        seen.add(other)
        theirs = slots.get(other, {})
        if any(slot in mine and retired <= first for slot, (first, _) in theirs.items()):
            return other
        queue.extend(children.get(other, ()))
    return None


def names_of(tape: Tape) -> dict[int, set[tuple[int, str]]]:
    """The names, with their frames, that each value was given."""
    names: dict[int, set[tuple[int, str]]] = defaultdict(set)
    for binding in tape.bindings:
        names[binding.node].add((binding.frame, binding.text))
    return names


def renamed(
    index: int,
    children: dict[int, list[int]],
    names: dict[int, set[tuple[int, str]]],
    slots: dict[int, dict[Slot, tuple[int, int]]],
) -> Lineage | None:
    """A value and one that evolved from it and took over its name."""
    queue, seen = deque(children.get(index, ())), {index}
    while queue:
        other = queue.popleft()
        if other in seen:
            continue
        seen.add(other)
        if names[index] & names[other]:
            return Lineage([index, other], frozenset(slots[index]), [other])
        queue.extend(children.get(other, ()))
    return None


# ------------------------------------------------------------------- parameters and states


def what_changes_depend_on(tape: Tape, found: list[Lineage]) -> tuple[list[int], list[int]]:
    """The sets (as bits) of lineages on which each lineage's changes, and each node, depend.

    Dependence is counted from one version to the next: a version's own past is cut off.
    """
    owner = {version: k for k, lineage in enumerate(found) for version in lineage.versions}
    depends = [0] * len(tape)
    changes = [0] * len(found)
    for node in tape:
        bits = 0
        for parent in node.parents:
            bits |= depends[parent]
        k = owner.get(node.index)
        if k is None:
            depends[node.index] = bits
            continue
        depends[node.index] = 1 << k
        if node.index != found[k].first:
            changes[k] |= change_of(node, tape, depends, owner)
    return changes, depends


def change_of(node: Node, tape: Tape, depends: list[int], owner: dict[int, int]) -> int:
    """On what the difference between a version and the one before it depends."""
    mine, bits = owner[node.index], 0
    pending, seen = [node.index], set()
    while pending:
        current = tape[pending.pop()]
        if current.index in seen:
            continue
        seen.add(current.index)
        ways = set(evolving_parents(current, tape))
        for parent in current.parents:
            if parent in ways and (depends[parent] >> mine) & 1:
                if owner.get(parent) != mine:
                    pending.append(parent)
            else:
                bits |= depends[parent]
        if len(seen) > 1000:
            break
    return bits


def feeding_back(changes: list[int]) -> set[int]:
    """Lineages whose changes depend on themselves, perhaps through others (Tarjan would do too)."""
    alive = set(range(len(changes)))
    users: dict[int, set[int]] = defaultdict(set)
    for k, bits in enumerate(changes):
        for other in bit_positions(bits):
            users[other].add(k)
    # Peel off what nothing alive uses, and what uses nothing alive, until only loops are left.
    while True:
        gone = {
            k
            for k in alive
            if not (users[k] & alive) or not any(o in alive for o in bit_positions(changes[k]))
        }
        if not gone:
            return alive
        alive -= gone


def bit_positions(bits: int) -> Iterator[int]:
    """The positions of the ones in a number."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def is_state(
    k: int,
    alive: set[int],
    changes: list[int],
    depends: list[int],
    found: list[Lineage],
    tape: Tape,
) -> bool:
    """True for an optimiser's memory: it only ever enters the change of one other lineage.

    Of its own old value it keeps a share. Where two lineages only feed each other, the one that
    starts at zero is the memory.
    """
    users = [j for j in alive if j != k and (changes[j] >> k) & 1]
    if len(users) != 1:
        return False
    if (changes[k] >> k) & 1 and not keeps_a_share(k, depends, found, tape):
        return False
    (user,) = users
    mine, theirs = tape[found[k].first].value, tape[found[user].first].value
    if np.shape(mine) != np.shape(theirs):
        return False
    back = [j for j in alive if j != user and (changes[j] >> user) & 1]
    if back != [k]:
        return True
    return not np.any(mine) and (bool(np.any(theirs)) or k > user)


def keeps_a_share(k: int, depends: list[int], found: list[Lineage], tape: Tape) -> bool:
    """True if a lineage's old value enters the new one by sums and by plain numbers alone.

    That is what ``m += (1 - beta) * (g - m)`` does; a weight also acts through what it computes.
    """
    versions = set(found[k].versions)
    pending, seen = list(found[k].updates), set()
    while pending:
        node = tape[pending.pop()]
        if node.index in seen:
            continue
        seen.add(node.index)
        mine = [parent for parent in node.parents if (depends[parent] >> k) & 1]
        if node.op in SCALES:
            others = [p for p in node.parents if p not in mine]
            first = node.args[0]
            divided = node.op == "true_divide" and not (
                isinstance(first, Ref) and first.index in mine
            )
            if divided or len(mine) > 1 or any(np.size(tape[p].value) != 1 for p in others):
                return False
        elif mine and node.op not in SUMS | WRITES | KEEPS:
            return False
        pending += [parent for parent in mine if parent not in versions]
    return True


def velocities(alive: set[int], found: list[Lineage], tape: Tape) -> set[int]:
    """What starts at zero and is what another lineage moves by, at every update.

    Nesterov's look-ahead reads it in the forward pass, as if it were a parameter.
    """
    owner = {version: k for k in alive for version in found[k].updates}
    moved: set[int] = set()
    for j in alive:
        by = set(alive)
        for update in found[j].updates:
            by &= {owner[i] for i in terms(update, tape) if i in owner}
            if not by:
                break
        moved |= by - {j}
    return {k for k in moved if not np.any(tape[found[k].first].value)}


def terms(update: int, tape: Tape) -> Iterator[int]:
    """What was added to a value to make the next, and that without its factors and signs."""
    node = tape[update]
    if node.op not in {"add", "subtract"}:
        return
    pending = list(node.parents)
    while pending:
        index = pending.pop()
        yield index
        if tape[index].op in SCALES | {"negative"} | KEEPS:
            shape = np.shape(node.value)
            pending += [p for p in tape[index].parents if np.shape(tape[p].value) == shape]


# ---------------------------------------------------------------------------------- windows


def find_windows(
    parameters: list[Lineage], tape: Tape, slots: dict[int, dict[Slot, tuple[int, int]]]
) -> list[Window]:
    """Updates, from one first read of the anchor to the next.

    The anchor is the parameter with most versions; among those (one more or less, since the tape
    may end within an update), the one that is read first. A version counts as read where the very
    first one was read, too: in the forward pass, even if the backward pass that made it reads it
    before that.
    """

    def reads_in(lineage: Lineage, places: Collection[Slot]) -> list[int]:
        reads, own_reads = [], read_to_be_written(lineage, tape)
        for version in lineage.versions:
            own = [
                first
                for slot, (first, _) in slots.get(version, {}).items()
                if slot in places and first not in lineage.updates and first not in own_reads
            ]
            if own:
                reads.append(min(own))
        return reads

    def first_reads(lineage: Lineage) -> list[int]:
        anywhere = reads_in(lineage, lineage.slots)
        at_first = reads_in(lineage, slots.get(lineage.first, {}))
        return at_first if len(at_first) >= len(anywhere) - 1 else anywhere

    found = [reads for lineage in parameters if (reads := first_reads(lineage))]
    most = max(map(len, found), default=0)
    enough = max(most - 1, 0.7 * most)
    anchor = min((reads for reads in found if len(reads) >= enough), key=min, default=[])
    bounds = sorted(set(anchor))
    if bounds:
        last = max(lineage.versions[-1] for lineage in parameters) + 1
        if last > bounds[-1] and all(lineage.versions[-1] >= bounds[-1] for lineage in parameters):
            bounds.append(last)
    born = max(
        (x.first for x in parameters if x.first >= tape.start and tape[x.first].op != LEAF),
        default=-1,
    )
    return [
        Window(first, last)
        for first, last in pairwise(bounds)
        if first > born  # before, a value that begins as a plain number is not there
    ]


def read_to_be_written(lineage: Lineage, tape: Tape) -> set[int]:
    """Items that are read only for ``w[i, j] += step``: that begins no update."""
    versions, found = set(lineage.versions), set()
    for version in lineage.updates:
        if tape[version].op not in WRITES:
            continue
        for new in tape[version].parents[1:]:
            for old in tape[new].parents:
                node = tape[old]
                if node.op in {"getitem", "gather"} and not versions.isdisjoint(node.parents):
                    found.add(old)
    return found


def group(parameters: list[Lineage], tape: Tape) -> list[Parameter]:
    """Arrays one by one; numbers of pure Python together where they are read in the same places."""
    grouped: list[Parameter] = []
    numbers: dict[frozenset[Slot], list[Lineage]] = defaultdict(list)
    for lineage in parameters:
        shape = np.shape(tape[lineage.first].value)
        if shape:
            grouped.append(Parameter([lineage], shape))
        else:
            numbers[lineage.slots].append(lineage)
    grouped += [Parameter(lineages, ()) for lineages in numbers.values()]
    return sorted(grouped, key=lambda parameter: parameter.lineages[0].first)
