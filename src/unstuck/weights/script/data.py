"""The data that a program trains on: the whole arrays where its batches are found in them.

The inputs of the recorded updates are rows of some array on the tape, and the labels are rows of
another, at the same places. Where such a pair is found it is the data set; else the recorded
batches are all there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.trace.anatomy import Flow, Pairing, dissect, ever_touched
from unstuck.trace.tape import Tape
from unstuck.trace.traced import Traced
from unstuck.weights.script.reading import Reading
from unstuck.weights.script.rows import layouts, values

ENOUGH = 64  # recorded samples that tell which arrays they come from
MOST_WINDOWS = 200  # recorded updates that are looked at where there is no whole data set


@dataclass(frozen=True, slots=True)
class Data:
    """Inputs (n, fan_in) and labels (n, n_outputs) as the network meets them.

    ``whole`` is False where they are those of the recorded updates only.
    """

    X: Array
    T: Array
    whole: bool


def data_of(traced: Traced, reading: Reading) -> Data:
    """The data of a traced program."""
    X, T = _recorded(traced, reading, -(-ENOUGH // len(reading.X)))
    found = _whole(traced, X, T)
    if found is not None:
        return Data(*found, whole=True)
    X, T = _recorded(traced, reading, MOST_WINDOWS)
    _, first = np.unique(np.hstack([X, T]), axis=0, return_index=True)
    rows = np.sort(first)
    return Data(X[rows], T[rows], whole=False)


# ------------------------------------------------------------------------- recorded


def _recorded(traced: Traced, reading: Reading, windows: int) -> tuple[Array, Array]:
    """Inputs and labels of the first updates, one row a sample."""
    flows, labels = traced.anatomy.flows, {}
    own = traced.pairing
    if windows > len(flows) and len(traced.steps.windows) > len(flows):
        anatomy = dissect(traced.tape, traced.steps, most=windows)
        flows = anatomy.flows
        pairing = next((p for p in anatomy.pairings if _alike(p, own)), None)
        labels = pairing.labels if pairing is not None else {}
    if not labels and own is not None:
        labels = own.labels
    return _rows(traced, reading, flows, labels)


def _alike(pairing: Pairing, own: Pairing | None) -> bool:
    return own is not None and (pairing.place, pairing.depth) == (own.place, own.depth)


def _rows(
    traced: Traced, reading: Reading, flows: list[Flow], labels: Mapping[int, tuple[Any, ...]]
) -> tuple[Array, Array]:
    fan_in, fan_out = reading.X.shape[1], reading.T.shape[1]
    Xs, Ts = [reading.X], [reading.T]
    place = _product(traced, flows[0])
    for w, flow in enumerate(flows):
        if w == 0 or w not in labels or place is None:
            continue
        nodes = [
            tape_node.parents[place[2]]
            for tape_node in traced.tape.nodes[flow.window.first : flow.window.last]
            if (tape_node.site, tape_node.op) == place[:2] and len(tape_node.parents) > place[2]
        ]
        for T in layouts([np.asarray(y, float) for y in labels[w]], fan_out):
            X = next(
                (X for X in layouts(values(traced.tape, nodes), fan_in) if len(X) == len(T)),
                None,
            )
            if X is not None:
                Xs.append(X)
                Ts.append(T)
                break
    return np.concatenate(Xs), np.concatenate(Ts)


def _product(traced: Traced, flow: Flow) -> tuple[int, str, int] | None:
    """Site, operation and place among the parents at which inputs meet the first weights."""
    inputs = set(traced.layers[0].inputs)
    for node in traced.tape.nodes[flow.window.first : flow.window.last]:
        if flow.reach.get(node.index, 0) >> traced.layers[0].weight & 1:
            for position, parent in enumerate(node.parents):
                if parent in inputs:
                    return node.site, node.op, position
    return None


# ---------------------------------------------------------------------------- whole


def _whole(traced: Traced, X: Array, T: Array) -> tuple[Array, Array] | None:
    """The smallest arrays in which all recorded inputs stand, and their labels at the same rows."""
    arrays = list(_untouched(traced))
    sources = sorted(_tables(arrays, X.shape[1], len(X)), key=len)
    for A in sources:
        rows = _places(A, X)
        if rows is None:
            continue
        for array in arrays:
            labels = _labels(array, len(A), rows, T)
            if labels is not None:
                return np.asarray(A, float), labels
    return None


def _untouched(traced: Traced) -> Iterator[Array]:
    """Arrays that depend on no parameter, each once."""
    tape: Tape = traced.tape
    touched = ever_touched(tape, traced.steps)
    seen: set[int] = set()
    for node in tape:
        value = node.value
        if node.index in touched or not isinstance(value, np.ndarray) or value.ndim == 0:
            continue
        if value.dtype.kind in "fiub" and id(value) not in seen:
            seen.add(id(value))
            yield value


def _tables(arrays: list[Array], width: int, least: int) -> Iterator[Array]:
    """Arrays as rows of ``width`` numbers, where there are enough of them."""
    for array in arrays:
        if array.ndim > 2 and array[0].size == width:
            yield array.reshape(len(array), width)
        elif array.ndim == 2:
            yield from (rows for rows in layouts([array], width) if len(rows) > 1)
        elif width == 1:
            yield array.reshape(-1, 1)


def _places(A: Array, X: Array) -> Array | None:
    """Where the rows of X stand in A, (n,); None unless all do. Rows are found by a projection."""
    direction = np.random.default_rng(0).normal(size=A.shape[1])
    with np.errstate(all="ignore"):
        keys, wanted = A @ direction, X @ direction
    if not np.isfinite(wanted).all():
        return None
    order = np.argsort(keys, kind="stable")
    slack = 1e-9 * (np.abs(wanted) + np.sqrt(A.shape[1]))
    at = np.searchsorted(keys[order], wanted - slack)
    found = order[np.minimum(at, len(order) - 1)]
    return found if np.allclose(A[found], X, rtol=1e-6, atol=1e-12) else None


def _labels(array: Array, n: int, rows: Array, T: Array) -> Array | None:
    """All labels, where an array has those of the recorded samples at their places."""
    n_outputs = T.shape[1]
    for table in layouts([np.asarray(array, float)], n_outputs):
        if len(table) == n and np.array_equal(table[rows], T):
            return table
    numbers = array.ravel()
    classes = n_outputs > 1 and array.size == n and array.ndim <= 2
    if not classes or not np.isin(numbers, np.arange(n_outputs)).all():
        return None
    table = np.eye(n_outputs)[numbers.astype(int)]
    return table if np.array_equal(table[rows], T) else None
