"""The layers of a traced network: which weights, which pre-activations, which activations.

A weight is a parameter that is multiplied with what comes in; a bias one that is added. The
pre-activation is the weighted sum with its bias, the activation what pointwise functions make of
it before the next weights (or the labels) are met. Values decide, not names.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.trace.anatomy import SAME_VALUES, Anatomy, Flow, Pairing, flow_starts
from unstuck.trace.operations import OPERATIONS
from unstuck.trace.pointwise import activation_name, pointwise
from unstuck.trace.steps import Parameter, Steps, bit_positions
from unstuck.trace.tape import Tape

PRODUCTS = {
    "dot",
    "matmul",
    "einsum",
    "multiply",
    "outer",
    "inner",
    "tensordot",
    "vdot",
    "convolve",
}
VIEWS = SAME_VALUES | {
    "append", "concatenate", "astype", "squeeze", "expand_dims", "insert", "vstack", "hstack",
}  # fmt: skip
SUMS = {"add", "transpose", "reshape", "builtin_sum", "sum", "squeeze", "subtract"}


@dataclass(frozen=True, slots=True)
class TracedLayer:
    """One layer: parameters by number, and nodes of the first window.

    ``inputs`` are the values that its weights are multiplied with, ``sums`` the pre-activations,
    ``outputs`` the activations; several where a sample (or a number) comes at a time.
    """

    weight: int
    bias: int | None
    inputs: tuple[int, ...]
    sums: tuple[int, ...]
    outputs: tuple[int, ...]
    activation: str
    slope: Any = None  # derivative of the activation, vectorised


def readers_of(tape: Tape, flow: Flow) -> dict[int, list[int]]:
    """Forward nodes by the node that they read."""
    readers: dict[int, list[int]] = defaultdict(list)
    for index in sorted(flow.reach):
        if flow.forward(index) and flow.window.first <= index < flow.window.last:
            for parent in tape[index].parents:
                readers[parent].append(index)
    return readers


def role_of(
    tape: Tape, parameter: Parameter, readers: dict[int, list[int]], nodes: tuple[int, ...]
) -> str:
    """``"weight"`` where it is multiplied in the forward pass, ``"bias"`` where it is added."""
    ops = []
    pending = [(n, 0) for n in nodes]
    while pending:
        node, depth = pending.pop()
        for reader in readers.get(node, ()):
            op = tape[reader].op
            if op in SAME_VALUES and depth < 4:
                pending.append((reader, depth + 1))
            else:
                ops.append(op)
    if any(op in PRODUCTS for op in ops):
        return "weight"
    return "bias" if any(op in {"add", "subtract"} for op in ops) else "weight"


def find_layers(
    tape: Tape, steps: Steps, anatomy: Anatomy, pairing: Pairing | None
) -> list[TracedLayer]:
    """The layers in the order in which the forward pass goes through them."""
    flow = anatomy.flows[0]
    readers = readers_of(tape, flow)
    roles = {
        k: role_of(tape, parameter, readers, flow.start[k])
        for k, parameter in enumerate(steps.parameters)
    }
    order: list[tuple[int, int]] = []
    for k, role in roles.items():
        reads = [r for n in flow.start[k] for r in readers.get(n, ())]
        if role == "weight" and reads:
            order.append((min(reads), k))
    finals = set(pairing.outputs[0]) if pairing is not None else set()
    layers = []
    for _, k in sorted(order):
        layer = layer_of(tape, steps, flow, readers, roles, k, finals)
        if layer is not None:
            layers.append(layer)
    return layers


def layer_of(
    tape: Tape,
    steps: Steps,
    flow: Flow,
    readers: dict[int, list[int]],
    roles: dict[int, str],
    k: int,
    finals: set[int],
) -> TracedLayer | None:
    """The layer of one weight."""
    inputs, sums, outputs, bias = [], [], [], None
    name, slope = "", None
    own = set(flow.start[k])
    biases = {n: b for b, role in roles.items() if role == "bias" for n in flow.start[b]}
    products = products_of(tape, own, readers)
    for product in products[:64]:
        inputs += [
            p for p in tape[product].parents if p not in own and not (flow.reach.get(p, 0) >> k) & 1
        ]
        total = product
        for _ in range(400):
            following = [r for r in readers.get(total, ()) if tape[r].op in SUMS]
            if not following or total in finals or meets_weights(tape, flow, readers, total):
                break
            other = [p for p in tape[following[0]].parents if p in biases]
            if other:
                bias = biases[other[0]]
            total = following[0]
        if total in sums:
            continue
        sums.append(total)
        output, found, found_slope = activation_of(tape, flow, readers, total, finals)
        outputs.append(output)
        name, slope = name or found, slope or found_slope
    if not sums:
        return None
    return TracedLayer(k, bias, tuple(inputs), tuple(sums), tuple(outputs), name, slope)


def products_of(tape: Tape, own: set[int], readers: dict[int, list[int]]) -> list[int]:
    """Forward products of a weight, through views and transposes."""
    found, pending, seen = [], sorted(own), set()
    while pending:
        node = pending.pop(0)
        for reader in readers.get(node, ()):
            if reader in seen:
                continue
            seen.add(reader)
            if tape[reader].op in PRODUCTS:
                found.append(reader)
            elif tape[reader].op in SAME_VALUES:
                pending.append(reader)
    return sorted(found)


def activation_of(
    tape: Tape, flow: Flow, readers: dict[int, list[int]], total: int, finals: set[int]
) -> tuple[int, str, Any]:
    """The activation that follows a weighted sum: node, name, slope."""
    last, functions = total, None
    seen, pending = {total}, [total]
    size = np.size(tape[total].value)
    while pending and len(seen) < 60:
        node = pending.pop(0)
        for reader in readers.get(node, ()):
            operation = OPERATIONS.get(tape[reader].op)
            if reader in seen or operation is None:
                continue
            if np.size(tape[reader].value) != size or operation.kind not in {
                "elementwise",
                "shape",
                "index",
                "compare",
            }:
                continue
            seen.add(reader)
            pending.append(reader)
    for node in sorted(seen - {total}, reverse=True):
        if flow.forward(node) and (node in finals or meets_weights(tape, flow, readers, node)):
            functions = pointwise(tape, total, node)
            if functions is not None:
                last = node
                break
    if functions is None and meets_weights(tape, flow, readers, total):
        return total, "identity", None  # the next layer reads the sum as it is
    if functions is None:
        return softmax_output(tape, total, finals)
    name = activation_name(functions[0])
    return last, name, functions[1]


def meets_weights(tape: Tape, flow: Flow, readers: dict[int, list[int]], node: int) -> bool:
    """True if a value (or a view of it) is multiplied with the weights of a next layer."""
    begins = flow_starts(flow)
    pending, seen = [(node, 0)], {node}
    while pending:
        current, depth = pending.pop()
        for reader in readers.get(current, ()):
            others = [p for p in tape[reader].parents if p not in seen]
            if tape[reader].op in PRODUCTS and any(from_weights(tape, p, begins) for p in others):
                return True
            if tape[reader].op in VIEWS and depth < 4 and reader not in seen:
                seen.add(reader)
                pending.append((reader, depth + 1))
    return False


def from_weights(tape: Tape, index: int, begins: set[int]) -> bool:
    """True for a parameter or a view of one."""
    for _ in range(4):
        if index in begins:
            return True
        node = tape[index]
        if node.op not in VIEWS or not node.parents:
            return False
        index = node.parents[0]
    return False


def softmax_output(tape: Tape, total: int, finals: set[int]) -> tuple[int, str, Any]:
    """A softmax is recognised by its values: not negative, and summing to one along an axis."""
    size = np.size(tape[total].value)
    for node in finals:
        value = np.asarray(tape[node].value, dtype=float)
        if value.size == size > 1 and node > total and np.all(value >= 0) and value.max() <= 1:
            axes = [
                a
                for a in range(value.ndim)
                if value.shape[a] > 1 and np.allclose(value.sum(axis=a), 1.0)
            ]
            if axes or abs(value.sum() - 1.0) < 1e-6:
                return node, "softmax", None
    return total, "identity" if total in finals else "", None


def reached(flow: Flow, index: int) -> list[int]:
    """The parameters that a value depends on."""
    return list(bit_positions(flow.reach.get(index, 0)))
