"""What is input, label, output and loss in a traced update: read off what meets what.

Within one update every value is constant data, or depends on parameters, or on parameters and
labels. A *meet* is an operation in which constant data meets a value that depends on parameters.
The inputs meet the first weights only; the labels meet a value that depends on (nearly) all of
them, and do so before anything else does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.trace.steps import FILLED, Steps, Window, bit_positions, is_number
from unstuck.trace.tape import Node, Ref, Tape

SAME_SIZE = {"negative", "transpose", "reshape", "astype", "array", "asarray", "copy", "ravel",
             "squeeze", "expand_dims", "float", "gather", "subtract"}  # fmt: skip
TOLD = {
    "greater",
    "less",
    "squeeze",
    "item",
    "float",
    "round",
    "around",
    "copy",
    "asarray",
    "array",
}
ESTIMATES = {"subtract", "log", "power"}  # `w - x`: a parameter may be the output itself
WRITTEN = {"scatter", "setitem"}  # the array into which something was written
TOLD |= {"add", "append"}  # what is done to a cost to print, to keep or to sum it
SAME_VALUES = {"transpose", "reshape", "getitem", "gather", "copy", "array", "asarray", "ravel"}
THROUGH = {"log", "clip", "add", "maximum", "minimum", "transpose", "reshape", "ravel", "squeeze",
           "copy", "array", "asarray", "float", "item", "astype", "expand_dims", "subtract",
           "getitem", "gather", "negative"}  # fmt: skip
ARITHMETIC = {"add", "subtract", "multiply", "true_divide"}
PLAIN = 100  # added to the position of an operand that is a plain number of Python's
Place = tuple[int, str, int]  # site, op, position of the constant among the parents


@dataclass(slots=True)
class Flow:
    """How the nodes of one window hang together.

    ``reach[i]`` has a bit for each parameter (by its place in ``steps.parameters``) on which node
    ``i`` depends through the values that were current; ``labelled`` the nodes that depend on
    labels and parameters.
    """

    window: Window
    start: dict[int, tuple[int, ...]]  # parameter -> node of each lineage at the start
    end: dict[int, tuple[int, ...]]
    reach: dict[int, int]
    labelled: set[int] = field(default_factory=set)
    begins: set[int] = field(default_factory=set)  # all nodes of ``start``

    def depends(self, index: int) -> bool:
        """True for a value that depends on parameters."""
        return self.reach.get(index, 0) != 0

    def forward(self, index: int) -> bool:
        """True for a value that depends on parameters and not on labels."""
        return self.reach.get(index, 0) != 0 and index not in self.labelled


@dataclass(frozen=True, slots=True)
class Meet:
    """One label meeting one output: the operation, the output node, and the label's value.

    ``label`` is the node of the label, or -1 where it is a plain index or number of Python's;
    ``index`` is set where the label picks entries of the output instead of being combined with
    it, ``number`` where it is a plain number.
    """

    node: int
    output: int
    label: int
    index: Any = None
    number: float | None = None


@dataclass(frozen=True, slots=True)
class Pairing:
    """Output and label, as many as an update has of them: the candidates for a loss.

    ``depth`` counts how many plain operations (log, clip, transpose ...) the output was followed
    upwards from the place where it meets the label.
    """

    place: Place
    depth: int
    outputs: dict[int, tuple[int, ...]]  # window number -> nodes
    labels: dict[int, tuple[Any, ...]]  # window number -> values, of the outputs' sizes
    meets: dict[int, tuple[Meet, ...]]


@dataclass(slots=True)
class Anatomy:
    """The windows' flows, and which pairings of outputs and labels there may be.

    ``ways`` keeps, for each parameter that was asked about, the values on the way to its step
    (one a window) that the optimiser alone turns into the step; ``remembers`` whether its step
    depends on earlier updates.
    """

    flows: list[Flow]
    pairings: list[Pairing]
    label_nodes: frozenset[int]
    losses: dict[int, list[tuple[int, ...]]]  # site -> per window, own scalar losses
    why: str = ""
    ways: dict[int, list[tuple[int, ...]]] = field(default_factory=dict)
    remembers: dict[int, bool] = field(default_factory=dict)


def dissect(tape: Tape, steps: Steps, most: int = 4) -> Anatomy:
    """Find labels and outputs in the first ``most`` windows that can be judged."""
    touched = ever_touched(tape, steps)
    varying = varying_places(tape, touched)
    flows = [flow_of(tape, steps, window) for window in steps.calm[:most]]
    ranked = rank_labels(tape, steps, flows, touched, varying)
    if not ranked:
        return Anatomy(flows, [], frozenset(), {}, "nothing that looks like a label was met")
    for label_meets in ranked[:6]:
        anatomy = with_labels(tape, steps, flows, label_meets, touched)
        if anatomy is not None:
            return anatomy
    return Anatomy(flows, [], frozenset(), {}, "labels were met, but no step depends on them")


# ------------------------------------------------------------------------------------ flow


def ever_touched(tape: Tape, steps: Steps) -> set[int]:
    """Nodes that depend on any parameter or state at any time."""
    touched: set[int] = set()
    for parameter in steps.parameters:
        for lineage in parameter.lineages:
            touched.update(lineage.versions)
    for state in steps.states:
        touched.update(state.versions)
    for node in tape:
        if node.op not in FILLED and not touched.isdisjoint(node.parents):
            touched.add(node.index)
    return touched


def flow_of(tape: Tape, steps: Steps, window: Window) -> Flow:
    """Which parameters each node of a window depends on."""
    start, end, reach = {}, {}, {}
    born: dict[int, int] = {}
    for k, parameter in enumerate(steps.parameters):
        start[k] = tuple(lineage.at(window.first) for lineage in parameter.lineages)
        end[k] = tuple(lineage.at(window.last) for lineage in parameter.lineages)
        for index in start[k]:
            reach[index] = 1 << k
        for lineage in parameter.lineages:
            for version in lineage.versions:
                if window.first <= version < window.last:
                    born[version] = 1 << k
    begins = {index for nodes in start.values() for index in nodes}
    lowest = min([window.first, *[i for i in begins if i >= tape.start]], default=window.first)
    for node in tape.nodes[lowest : window.last]:
        if node.index in begins or node.op in FILLED:  # like in shape, whatever the values are
            continue
        bits = 0
        for parent in node.parents:
            bits |= reach.get(parent, 0)
        bits |= born.get(node.index, 0)
        if bits:
            reach[node.index] = bits
    return Flow(window, start, end, reach, begins=begins)


def varying_places(tape: Tape, touched: set[int]) -> set[Place]:
    """Places where a single number is not the same each time: data, not a setting."""
    seen: dict[Place, float] = {}
    varying: set[Place] = set()
    for node in tape.nodes[tape.start :]:
        for position, parent in enumerate(node.parents):
            value = tape[parent].value
            if parent not in touched and np.size(value) == 1:
                place = (node.site, node.op, position)
                number = np.asarray(value).ravel()[0]
                if place in varying:
                    continue
                if place in seen and seen[place] != number:
                    varying.add(place)
                seen[place] = number
        if node.op in ARITHMETIC:
            for position, argument in enumerate(node.args[:2]):
                if isinstance(argument, int | float):
                    place = (node.site, node.op, PLAIN + position)
                    if seen.setdefault(place, float(argument)) != float(argument):
                        varying.add(place)
    return varying


# ---------------------------------------------------------------------------------- labels


def meets_in(
    tape: Tape, flow: Flow, touched: set[int], varying: set[Place]
) -> Iterator[tuple[Place, Meet, int]]:
    """Every meet of constant data with something that depends on parameters, and its reach."""
    for node in tape.nodes[flow.window.first : flow.window.last]:
        if node.op == "scatter" or not flow.depends(node.index):
            continue
        partners = [p for p in node.parents if flow.depends(p)]
        if not partners:
            continue
        reach = 0
        for partner in partners:
            reach |= flow.reach[partner]
        for position, parent in enumerate(node.parents):
            if flow.depends(parent) or parent in touched:
                continue
            place = (node.site, node.op, position)
            value = tape[parent].value
            if np.size(value) == 1 and place not in varying:
                continue
            indexing = node.op in {"getitem", "setitem"} and is_index_of(node, parent)
            no_label = FILLED | {"arange"} if indexing else FILLED  # arange: rows in their order
            written_into = node.op == "setitem" and position == 0
            if np.size(value) == 0 or written_into or tape[parent].op in no_label:
                continue
            index = node.args[1] if indexing else None
            yield place, Meet(node.index, partners[0], parent, index), reach
        if node.op in ARITHMETIC:
            for position, argument in enumerate(node.args[:2]):
                place = (node.site, node.op, PLAIN + position)
                if isinstance(argument, int | float) and place in varying:
                    yield place, Meet(node.index, partners[0], -1, number=float(argument)), reach
        if node.op in {"getitem", "setitem"} and whole_number(node.args[1]) is not None:
            place = (node.site, node.op, -1)
            yield place, Meet(node.index, partners[0], -1, node.args[1]), reach


def is_index_of(node: Node, parent: int) -> bool:
    """True if a parent is (part of) the index of a getitem or setitem, not base or value."""

    def within(structure: Any) -> bool:
        if isinstance(structure, Ref):
            return structure.index == parent
        return isinstance(structure, tuple | list) and any(map(within, structure))

    base = node.args[0]
    return not (isinstance(base, Ref) and base.index == parent) and within(node.args[1])


def whole_number(structure: Any) -> int | None:
    """The number, if an index is one plain number."""
    if isinstance(structure, tuple) and len(structure) >= 1:
        structure = structure[0]
    return int(structure) if isinstance(structure, int | np.integer) else None


def rank_labels(
    tape: Tape, steps: Steps, flows: list[Flow], touched: set[int], varying: set[Place]
) -> list[list[list[Meet]]]:
    """Places where labels may be met, best first: for each, the meets of every window."""
    by_place: dict[Place, list[list[Meet]]] = defaultdict(lambda: [[] for _ in flows])
    score: dict[Place, tuple[int, bool, int]] = {}
    inputs: set[int] = set()
    for w, flow in enumerate(flows):
        for place, meet, reach in meets_in(tape, flow, touched, varying):
            bare = is_bare(tape, flow, meet.output)  # data times weights: these are inputs
            if bare and meet.label >= 0:
                inputs.add(meet.label)
            if bare and (place[1] not in ESTIMATES or is_scaled(tape, meet.output)):
                continue
            by_place[place][w].append(meet)
            rank = (-reach.bit_count(), bare, meet.node - flow.window.first)
            score[place] = min(score.get(place, rank), rank)
    plain = {place for place in by_place if place[2] == -1}
    for place in plain:  # loop counters index too: a label changes from one update to the next
        if len(indices_at(tape, steps, place)) < 2:
            del by_place[place]
    ordered = sorted(by_place, key=lambda p: score[p])
    return [by_place[place] for place in differences_first(ordered, score, by_place, inputs)]


def differences_first(
    places: list[Place],
    score: dict[Place, tuple[int, bool, int]],
    meets: dict[Place, list[list[Meet]]],
    inputs: set[int],
) -> list[Place]:
    """Where inputs meet an output as a factor, other data that are subtracted from it come first.

    In ``w -= rate * p * x`` the label was forgotten; that of the bias may still be there.
    """

    def known(place: Place) -> bool:
        return any(m.label in inputs for own in meets[place] for m in own)

    first = places[0] if places else None
    if first is None or first[1] not in {"multiply", "dot", "matmul", "outer"} or not known(first):
        return places
    better = [
        p for p in places if p[1] == "subtract" and score[p][0] == score[first][0] and not known(p)
    ]
    return [*better[:1], *(p for p in places if p not in better[:1])]


def indices_at(tape: Tape, steps: Steps, place: Place) -> set[tuple[object, ...]]:
    """The plain numbers that picked entries at a place, update by update: all that there were."""
    starts = [window.first for window in steps.windows]
    by_window: dict[int, list[object]] = defaultdict(list)
    for node in tape.nodes[starts[0] : steps.windows[-1].last]:
        if (node.site, node.op) == place[:2] and whole_number(node.args[1]) is not None:
            by_window[bisect_right(starts, node.index)].append(str(node.args[1]))
    return {tuple(indices) for indices in by_window.values()}


def is_scaled(tape: Tape, index: int) -> bool:
    """True for a value times a single number."""
    node = tape[index]
    sizes = [np.size(tape[a.index].value) if isinstance(a, Ref) else 1 for a in node.args[:2]]
    return node.op in {"multiply", "true_divide"} and 1 in sizes


def is_bare(tape: Tape, flow: Flow, index: int) -> bool:
    """True for a parameter itself, a view of one, or a multiple."""
    begins = flow_starts(flow)
    for _ in range(6):
        if index in begins:
            return True
        node = tape[index]
        if is_scaled(tape, index):
            index = next((p for p in node.parents if np.size(tape[p].value) > 1), node.parents[-1])
        elif node.op in SAME_VALUES | WRITTEN and node.parents:
            index = node.parents[0]
        else:
            return False
    return False


def with_labels(
    tape: Tape, steps: Steps, flows: list[Flow], label_meets: list[list[Meet]], touched: set[int]
) -> Anatomy | None:
    """The anatomy if these are the labels; None if no step depends on them."""
    labels = {meet.label for meets in label_meets for meet in meets if meet.label >= 0}
    labels |= same_values(tape, labels, touched)
    also_input = any(
        feeds_output(tape, flow, meets, labels)
        for flow, meets in zip(flows, label_meets, strict=True)
    )
    for flow, meets in zip(flows, label_meets, strict=True):
        seeds = {meet.node for meet in meets}
        flow.labelled = labelled_nodes(
            tape, flow, seeds if also_input else labels | seeds, labels, also_input
        )
    changed = [
        any(index in flow.labelled for nodes in flow.end.values() for index in nodes)
        for flow in flows
        if flow.end != flow.start
    ]
    if changed and not any(changed):
        return None
    pairings = list(pairings_of(tape, flows, labels, label_meets))
    return Anatomy(flows, pairings, frozenset(labels), own_losses(tape, flows))


def same_values(tape: Tape, labels: set[int], touched: set[int]) -> set[int]:
    """Constant values that the labels were made from or that were made from them, as large."""
    found: set[int] = set()
    pending = list(labels)
    while pending:
        node = tape[pending.pop()]
        if node.op in SAME_SIZE:
            for parent in node.parents:
                value = tape[parent].value
                if parent not in found and np.size(value) == np.size(node.value) > 1:
                    found.add(parent)
                    pending.append(parent)
    everything = labels | found
    for node in tape:
        if node.index in everything or node.index in touched or not node.parents:
            continue
        if not everything.isdisjoint(node.parents):
            everything.add(node.index)
    return everything - labels


def feeds_output(tape: Tape, flow: Flow, meets: list[Meet], labels: set[int]) -> bool:
    """True if the outputs themselves depend on the labels (an autoencoder's do)."""
    if not meets:
        return False
    tainted = labelled_nodes(tape, flow, labels, labels, also_input=False)
    first = min(meets, key=lambda m: m.node)
    return first.output in tainted


def labelled_nodes(
    tape: Tape, flow: Flow, seeds: set[int], labels: set[int], also_input: bool
) -> set[int]:
    """Nodes of the window that depend on parameters and on labels."""
    tainted = set(seeds)
    found: set[int] = set()
    for node in tape.nodes[flow.window.first : flow.window.last]:
        if node.index in seeds or not tainted.isdisjoint(node.parents):
            tainted.add(node.index)
            if flow.depends(node.index):
                found.add(node.index)
    return found


# --------------------------------------------------------------------------------- pairings


def pairings_of(
    tape: Tape, flows: list[Flow], labels: set[int], label_meets: list[list[Meet]]
) -> Iterator[Pairing]:
    """Pairs of outputs and labels, earliest first, each output followed upwards some steps."""
    places: dict[tuple[int, str], list[list[Meet]]] = defaultdict(lambda: [[] for _ in flows])
    own = {meet.node: meet for meets in label_meets for meet in meets}
    for w, flow in enumerate(flows):
        for index in sorted(flow.labelled):
            node = tape[index]
            outputs = [p for p in node.parents if flow.forward(p)]
            constants = [p for p in node.parents if p in labels]
            if index in own:
                meet = own[index]
                places[node.site, node.op][w].append(meet)
            elif outputs and constants:
                position = (
                    is_index_of(node, constants[0]) if node.op in {"getitem", "setitem"} else False
                )
                places[node.site, node.op][w].append(
                    Meet(index, outputs[0], constants[0], node.args[1] if position else None)
                )
    seen: set[tuple[int, ...]] = set()

    def order(item: tuple[tuple[int, str], list[list[Meet]]]) -> tuple[bool, int]:
        """Differences first (nothing is simpler), then what comes first."""
        return item[0][1] != "subtract", min(m.node for own in item[1] for m in own)

    for (site, op), meets in sorted(places.items(), key=order):
        if any(not m for m in meets):
            continue
        for depth in range(4):
            pairing = pair(tape, flows, (site, op, 0), meets, depth)
            if pairing is None:
                break
            key = pairing.outputs[0]
            if key not in seen:
                seen.add(key)
                yield pairing


def pair(
    tape: Tape, flows: list[Flow], place: Place, meets: list[list[Meet]], depth: int
) -> Pairing | None:
    """The pairing ``depth`` plain operations above the meets; None where there are not so many."""
    outputs, labels = {}, {}
    for w, (flow, own) in enumerate(zip(flows, meets, strict=True)):
        nodes, values = [], []
        for meet in own:
            output = upwards(tape, flow, meet.output, depth)
            if output is None:
                return None
            plain = depth == 0 and place[1] in {"add", "subtract"}
            value = label_value(tape, meet, np.shape(tape[output].value), as_it_is=plain)
            if value is None:
                return None
            nodes.append(output)
            values.append(value)
        outputs[w], labels[w] = tuple(nodes), tuple(values)
    return Pairing(place, depth, outputs, labels, {w: tuple(m) for w, m in enumerate(meets)})


def upwards(tape: Tape, flow: Flow, index: int, depth: int) -> int | None:
    """Follow an output through ``depth`` plain operations towards where it came from."""
    for _ in range(depth):
        node = tape[index]
        parents = [p for p in node.parents if flow.forward(p)]
        if node.op not in THROUGH or len(parents) != 1 or index in flow_starts(flow):
            return None
        if parents[0] in flow_starts(flow):
            return None
        index = parents[0]
    return index


def flow_starts(flow: Flow) -> set[int]:
    """The parameters' nodes at the start of a window."""
    return flow.begins


def label_value(tape: Tape, meet: Meet, shape: tuple[int, ...], *, as_it_is: bool = False) -> Any:
    """The label as an array of the output's shape, undoing indices and (mostly) 1 - y and -y."""
    if meet.index is not None:
        return one_hot_of(tape, meet.index, shape)
    if meet.number is not None:
        return np.full(shape, meet.number)
    node = tape[meet.label]
    while not as_it_is and node.op in {"subtract", "negative"} and len(node.parents) == 1:
        parent = tape[node.parents[0]]
        if np.size(parent.value) != np.size(node.value):
            break
        node = parent
    value = np.asarray(node.value)
    if value.dtype.kind not in "fiub":
        return None
    value = value.astype(float)
    size = int(np.prod(shape, dtype=int))
    if value.shape == shape:
        return value
    if value.size == size:
        return (
            value.T.reshape(shape)
            if value.ndim == 2 and value.T.shape == shape
            else value.reshape(shape)
        )
    try:
        return np.broadcast_to(value, shape).astype(float)
    except ValueError:
        return None


def one_hot_of(tape: Tape, index: Any, shape: tuple[int, ...]) -> Any:
    """Ones where an index points."""

    def resolve(structure: Any) -> Any:
        if isinstance(structure, Ref):
            return tape[structure.index].value
        if isinstance(structure, tuple | list):
            return type(structure)(resolve(part) for part in structure)
        return structure

    value = np.zeros(shape)
    try:
        value[resolve(index)] = 1.0
    except (IndexError, TypeError, ValueError):
        return None
    return value


def own_losses(tape: Tape, flows: list[Flow]) -> dict[int, list[tuple[int, ...]]]:
    """Single numbers that depend on outputs and labels and lead to no update, by site."""
    readers: dict[int, list[int]] = defaultdict(list)
    for node in tape.nodes[tape.start :]:
        for parent in node.parents:
            readers[parent].append(node.index)
    losses: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for flow in flows:
        useful = {index for nodes in flow.end.values() for index in nodes}
        for index in range(flow.window.last - 1, flow.window.first - 1, -1):
            if index in useful:
                useful.update(tape[index].parents)
        per_site: dict[int, list[int]] = defaultdict(list)
        for index in sorted(flow.labelled - useful):
            node = tape[index]
            if np.size(node.value) != 1 or not is_number(node.value):
                continue
            if all(r >= flow.window.last or tape[r].op in TOLD for r in readers[index]):
                per_site[node.site].append(index)
        for site, nodes in per_site.items():
            losses[site].append(tuple(nodes))
    return losses


def parameters_of(bits: int) -> list[int]:
    """The parameters in a reach."""
    return list(bit_positions(bits))
