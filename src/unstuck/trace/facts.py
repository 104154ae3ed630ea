"""From a judged tape to the neutral record: what the rules see of a traced program.

Nothing here judges. Statistics of the initial weights, inputs, labels and outputs, the layers at
the recorded start, and the verdict on each parameter are put in the words of `RunRecord`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any, Literal

import numpy as np

from unstuck.record.evidence import (
    ArrayFacts,
    Evidence,
    OutputFacts,
    ParameterFacts,
    TargetFacts,
    TargetKind,
)
from unstuck.record.run_record import LAYER_SERIES, LayerInfo, RunRecord, SourceSpan
from unstuck.trace.anatomy import Anatomy
from unstuck.trace.layers import TracedLayer
from unstuck.trace.progress import Measured, is_one_hot
from unstuck.trace.steps import Steps
from unstuck.trace.tape import LEAF, UNKNOWN, Tape
from unstuck.trace.verdict import Judgement, ParameterVerdict

Array = Any
RANGES = {  # what an activation can reach
    "sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, float("inf")),
    "softplus": (0.0, float("inf")),
    "step": (0.0, 1.0),
}
SATURATED = 0.01  # of the largest slope
INLINE = ("comp>", "genexpr>")  # functions that are comprehensions


def array_facts(
    value: Any, *, axis: int | None = None, name: str = "", source: SourceSpan | None = None
) -> ArrayFacts:
    """The statistics of one array."""
    array = np.asarray(value)
    kind = array.dtype.kind
    numbers = array.astype(float).ravel() if kind in "fiub" else np.zeros(0)
    finite = numbers[np.isfinite(numbers)]
    constant = duplicated = 0
    if axis is not None and array.ndim == 2 and array.shape[axis] > 1:
        columns = array if axis == 0 else array.T
        constant = int(np.count_nonzero(np.all(columns == columns[:1], axis=0)))
        if columns.shape[1] <= 2000:
            varying = columns[:, ~np.all(columns == columns[:1], axis=0)]
            duplicated = varying.shape[1] - len(np.unique(varying.T, axis=0)) if varying.size else 0
    return ArrayFacts(
        shape=array.shape,
        dtype=str(array.dtype),
        mean=float(finite.mean()) if finite.size else float("nan"),
        std=float(finite.std()) if finite.size else float("nan"),
        low=float(finite.min()) if finite.size else float("nan"),
        high=float(finite.max()) if finite.size else float("nan"),
        distinct=min(1000, len(np.unique(finite[:100_000]))),
        finite=bool(finite.size == numbers.size),
        axis=axis,
        constant=constant,
        duplicated=duplicated,
        name=name,
        source=source,
    )


def values_of(tape: Tape, nodes: Sequence[int]) -> Array:
    """Several nodes as one array: stacked where they are alike, else end to end."""
    arrays = [np.asarray(tape[i].value, dtype=float) for i in nodes]
    if len(arrays) == 1:
        return arrays[0]
    if len({a.shape for a in arrays}) == 1:
        return np.stack(arrays)
    return np.concatenate([a.ravel() for a in arrays])


def source_of(tape: Tape, index: int) -> SourceSpan | None:
    """The expression that made a value, seen through plain copies."""
    for _ in range(20):
        node = tape[index]
        if node.site != UNKNOWN:
            return tape.sites[node.site].span
        if not node.parents or node.op == LEAF:
            return None
        index = node.parents[0]
    return None


def name_of(tape: Tape, index: int) -> str:
    """What the program calls a value, or the expression's text.

    The first name that it was given by a statement; a comprehension's variable tells nothing.
    """
    names = [b for b in tape.bindings if b.node == index]
    lasting = [b for b in names if not tape.frames[b.frame].function.endswith(INLINE)]
    for binding in lasting or names:
        return binding.text
    node = tape[index]
    if node.site == UNKNOWN:
        return ""
    site = tape.sites[node.site]
    return site.targets[0] if site.targets else site.text


# ----------------------------------------------------------------------------- parameters


def parameter_facts(
    tape: Tape,
    steps: Steps,
    judgement: Judgement,
    layers: Sequence[TracedLayer],
) -> tuple[ParameterFacts, ...]:
    """Every parameter in neutral terms."""
    layer_of = {layer.weight: n for n, layer in enumerate(layers)}
    bias_of = {layer.bias: n for n, layer in enumerate(layers) if layer.bias is not None}
    verdicts = {v.parameter: v for v in judgement.verdicts}
    found = []
    for k, parameter in enumerate(steps.parameters):
        first = [lineage.first for lineage in parameter.lineages]
        value = values_of(tape, first)
        role: Literal["weight", "bias"] = "bias" if k in bias_of else "weight"
        fan_in, fan_out = fans(tape, parameter.shape, layers, layer_of.get(k), value)
        updates = [i for lineage in parameter.lineages for i in lineage.updates[:1]]
        found.append(
            ParameterFacts(
                name=name_of(tape, first[0]),
                shape=np.shape(value),
                role=role,
                layer=layer_of.get(k, bias_of.get(k)),
                initial=array_facts(
                    value, name=name_of(tape, first[0]), source=source_of(tape, first[0])
                ),
                fan_in=fan_in if role == "weight" else None,
                fan_out=fan_out if role == "weight" else None,
                twins=role == "weight" and has_twins(value, fan_in),
                verdict=verdicts[k].verdict if k in verdicts else "unchecked",
                numbers=numbers_of(verdicts.get(k)),
                update=source_of(tape, updates[0]) if updates else None,
            )
        )
    return tuple(found)


def numbers_of(verdict: ParameterVerdict | None) -> dict[str, float]:
    """What was measured for one parameter."""
    if verdict is None:
        return {}
    named = {
        "cosine": verdict.cosine,
        "ratio": verdict.ratio,
        "relative": verdict.relative,
        "decay": verdict.decay,
        "momentum": verdict.momentum,
        "residual": verdict.residual,
    }
    return {name: float(value) for name, value in named.items() if np.isfinite(value)}


def fans(
    tape: Tape, shape: tuple[int, ...], layers: Sequence[TracedLayer], n: int | None, value: Array
) -> tuple[int | None, int | None]:
    """How many numbers enter and leave each unit, from the sizes on both sides of the product."""
    if n is None:
        return None, None
    layer = layers[n]
    if len(shape) >= 2:
        incoming = np.shape(tape[layer.inputs[0]].value) if layer.inputs else ()
        outgoing = np.shape(tape[layer.sums[0]].value)
        rows, columns = shape[0], int(np.prod(shape[1:]))
        if (
            rows in incoming
            and columns in outgoing
            and not (columns in incoming and rows in outgoing)
        ):
            return rows, columns
        if (
            columns in incoming
            and rows in outgoing
            and not (rows in incoming and columns in outgoing)
        ):
            return columns, rows
        first = tape[layer.sums[0]]
        weight_left = is_left(tape, layer, first.index)
        return (columns, rows) if weight_left else (rows, columns)
    if len(shape) == 1:
        return shape[0], 1
    total = int(np.size(value))
    units = max(1, len(layer.sums))
    return max(1, total // units), units


def is_left(tape: Tape, layer: TracedLayer, index: int) -> bool:
    """True for W @ x, False for x @ W."""
    for _ in range(6):
        node = tape[index]
        if node.op in {"dot", "matmul"} and len(node.parents) == 2:
            return node.parents[1] in layer.inputs
        if not node.parents:
            return False
        index = node.parents[0]
    return False


def has_twins(value: Array, fan_in: int | None) -> bool:
    """True if all units start with the same weights."""
    array = np.asarray(value)
    if array.size < 2:
        return False
    if array.ndim == 2 and min(array.shape) > 1:
        return bool(np.all(array == array[:1]) or np.all(array == array[:, :1]))
    return (
        array.ndim == 1
        and len(array) > 2
        and bool(np.all(array == array[0]))
        and fan_in != array.size
    )


# -------------------------------------------------------------------- inputs, labels, outputs


def root_of(tape: Tape, index: int, shared: frozenset[int] | set[int]) -> int:
    """The whole data set of which a batch or a sample is a part, short of what is ``shared``."""
    for _ in range(30):
        node = tape[index]
        if (
            node.op
            in {
                "getitem",
                "gather",
                "reshape",
                "transpose",
                "array",
                "asarray",
                "astype",
                "copy",
                "take",
                "expand_dims",
                "ravel",
            }
            and node.parents
            and node.parents[0] not in shared
            # rows of the identity, picked by class: there the data set is what was picked
            and np.size(tape[node.parents[0]].value) >= np.size(node.value)
        ):
            index = node.parents[0]
        else:
            break
    return index


def ancestors(
    tape: Tape, nodes: Iterable[int], first: int = 0, without: Container[int] = ()
) -> set[int]:
    """The nodes and everything they were made from: from ``first`` on, by no way ``without``."""
    found: set[int] = set()
    pending = list(nodes)
    while pending:
        index = pending.pop()
        if index not in found and index not in without:
            found.add(index)
            pending.extend(p for p in tape[index].parents if p >= first)
    return found


def input_facts(
    tape: Tape, layers: Sequence[TracedLayer], labels: Iterable[int] = ()
) -> tuple[ArrayFacts | None, int]:
    """The statistics of what the first layer is fed, and the node of the whole data set."""
    if not layers or not layers[0].inputs:
        return None, -1
    values = values_of(tape, layers[0].inputs)
    root = root_of(tape, layers[0].inputs[0], ancestors(tape, labels))
    whole = np.asarray(tape[root].value)
    name = name_of(tape, root)
    axis: int | None = None
    if whole.ndim == 2 and whole.size >= values.size:
        width = {s for s in np.shape(tape[layers[0].inputs[0]].value) if s > 1}
        axis = 1 if whole.shape[0] in width and whole.shape[1] not in width else 0
        if whole.shape[0] in width and whole.shape[1] in width:
            axis = 0 if whole.shape[0] >= whole.shape[1] else 1
        values = whole
    return array_facts(values, axis=axis, name=name, source=source_of(tape, root)), root


def target_facts(
    anatomy: Anatomy,
    judgement: Judgement,
    measured: Measured | None,
    tape: Tape,
    layers: Sequence[TracedLayer],
) -> TargetFacts | None:
    """What the labels are; the name and the place are those of the whole data set."""
    pairing = judgement.loss.pairing if judgement.loss else None
    pairing = pairing or (anatomy.pairings[0] if anatomy.pairings else None)
    if pairing is None:
        return None
    rows = [np.asarray(y, dtype=float) for w in pairing.labels for y in pairing.labels[w]]
    if measured is not None and measured.labels:
        rows = list(measured.labels)
    flat = np.concatenate([y.ravel() for y in rows])
    indexed = any(m.index is not None for ms in pairing.meets.values() for m in ms)
    kind: TargetKind = "real"
    classes = 0
    shares: tuple[float, ...] = ()
    two_d = [y if y.ndim == 2 else y.reshape(1, -1) for y in rows]
    if indexed:
        kind, classes = "index", max(y.shape[-1] for y in two_d)
    elif all(is_one_hot(y) for y in two_d) or all(is_one_hot(y.T) for y in two_d):
        kind, classes = "one_hot", max(min(y.shape[-1], 10_000) for y in two_d)
    elif set(np.unique(flat)) <= {-1.0, 0.0, 1.0} and len(np.unique(flat)) <= 2:
        kind, classes = "binary", 2
    if kind in {"one_hot", "index"}:
        numbers = [np.argmax(y, axis=1) for y in two_d if is_one_hot(y)]
        if numbers:
            counts = np.bincount(np.concatenate(numbers), minlength=1)
            shares = tuple(float(c) for c in counts / counts.sum())
    elif kind == "binary":
        _, counts = np.unique(flat, return_counts=True)
        shares = tuple(float(c) for c in counts / counts.sum())
    run = float("nan")
    if measured is not None and shares:
        run = max(shares) if measured.ordered else 0.0
    if not anatomy.label_nodes:
        return TargetFacts(array_facts(flat, name="", source=None), kind, classes, shares, run)
    shared = ancestors(tape, layers[0].inputs if layers else ())
    root = root_of(tape, min(anatomy.label_nodes), shared)
    facts = array_facts(flat, name=name_of(tape, root), source=source_of(tape, root))
    return TargetFacts(facts, kind, classes, shares, run)


def output_facts(
    tape: Tape, anatomy: Anatomy, judgement: Judgement, layers: Sequence[TracedLayer]
) -> OutputFacts | None:
    """What comes out of the network at the recorded start."""
    pairing = judgement.loss.pairing if judgement.loss else None
    pairing = pairing or (anatomy.pairings[0] if anatomy.pairings else None)
    if pairing is None:
        return None
    values = values_of(tape, pairing.outputs[0])
    activation = layers[-1].activation if layers else ""
    if activation != "sigmoid" and is_distribution(tape[pairing.outputs[0][0]].value):
        activation = "softmax"  # however it is written: by logarithms, say
    low, high = RANGES.get(activation, (float("-inf"), float("inf")))
    loss = judgement.loss.name if judgement.loss else ""
    node = pairing.outputs[0][0]
    return OutputFacts(
        values=array_facts(values, name=name_of(tape, node), source=source_of(tape, node)),
        activation=activation, low=low, high=high, loss=loss.removesuffix("_of_logits"),
        own_loss="own" if anatomy.losses else "",
    )  # fmt: skip


def is_distribution(value: Any) -> bool:
    """True for several outputs a sample that are positive and add up to 1."""
    value = np.asarray(value, dtype=float)
    if value.ndim != 2 or min(value.shape) < 2 or not np.all(value >= 0.0):
        return False
    return any(np.allclose(value.sum(axis=axis), 1.0, atol=1e-5) for axis in (0, 1))


# ---------------------------------------------------------------------------------- record


def build_record(
    tape: Tape,
    steps: Steps,
    anatomy: Anatomy,
    judgement: Judgement,
    layers: Sequence[TracedLayer],
    measured: Measured | None,
) -> RunRecord:
    """The record of a traced program."""
    parameters = parameter_facts(tape, steps, judgement, layers)
    inputs, _ = input_facts(tape, layers, anatomy.label_nodes)
    decay = [v.decay for v in judgement.verdicts if v.verdict == "ok" and v.decay]
    nan = float("nan")
    accuracy = measured.accuracy if measured else (nan, nan, nan)
    loss = measured.loss if measured else (nan, nan, nan)
    evidence = Evidence(
        inputs=inputs,
        targets=target_facts(anatomy, judgement, measured, tape, layers),
        outputs=output_facts(tape, anatomy, judgement, layers),
        parameters=parameters,
        learning_rate=judgement.ratio if np.isfinite(judgement.ratio) else None,
        decay=float(np.median(decay)) if decay else None,
        updates=measured.updates if measured else 0,
        samples_per_update=samples_per_update(anatomy, judgement),
        loss_start=loss[0], loss_end=loss[1], loss_chance=loss[2],
        accuracy_start=accuracy[0], accuracy_end=accuracy[1], accuracy_chance=accuracy[2],
    )  # fmt: skip
    info = tuple(layer_info(parameters, layer, n) for n, layer in enumerate(layers))
    return RunRecord("tracer", info, series_of(tape, anatomy, judgement, layers), {}, evidence)


def layer_info(parameters: Sequence[ParameterFacts], layer: TracedLayer, n: int) -> LayerInfo:
    """One layer's widths and names."""
    weight = parameters[layer.weight]
    names = [weight.name] + ([parameters[layer.bias].name] if layer.bias is not None else [])
    return LayerInfo(
        f"layer {n + 1}", weight.fan_in or 0, weight.fan_out or 0, layer.activation, tuple(names),
        weight.initial.source,
    )  # fmt: skip


def samples_per_update(anatomy: Anatomy, judgement: Judgement) -> float:
    """How many samples one update sees, from the labels it meets."""
    pairing = judgement.loss.pairing if judgement.loss else None
    pairing = pairing or (anatomy.pairings[0] if anatomy.pairings else None)
    if pairing is None:
        return float("nan")
    count = 0
    for y in pairing.labels[0]:
        array = np.asarray(y)
        if array.ndim == 2:
            count += array.shape[0] if is_one_hot(array) or array.shape[1] == 1 else array.shape[1]
        else:
            count += 1
    return float(count)


def series_of(
    tape: Tape, anatomy: Anatomy, judgement: Judgement, layers: Sequence[TracedLayer]
) -> dict[str, Array]:
    """The layers in the recorded windows: one row a window."""
    rows = len(anatomy.flows)
    series: dict[str, Array] = {name: np.full((rows, len(layers)), np.nan) for name in LAYER_SERIES}
    series["step"] = np.arange(rows)
    for name in ("cost", "penalty", "learning_rate", "gradient_norm"):
        series[name] = np.full(rows, np.nan)
    adjoints = judgement.loss.adjoints if judgement.loss else []
    recorded = {point.window: p for p, point in enumerate(judgement.points) if not point.values}
    for n, layer in enumerate(layers):
        fill_layer(
            series, tape, n, layer, adjoints[recorded[0]] if adjoints and 0 in recorded else {}
        )
        for w, flow in enumerate(anatomy.flows):
            before = values_of(tape, flow.start[layer.weight])
            after = values_of(tape, flow.end[layer.weight])
            size = float(np.linalg.norm(before))
            with np.errstate(all="ignore"):
                series["update_ratio"][w, n] = (
                    np.linalg.norm(after - before) / size if size else np.nan
                )
            series["weight_mean"][w, n], series["weight_std"][w, n] = before.mean(), before.std()
    return series


def fill_layer(
    series: dict[str, Array], tape: Tape, n: int, layer: TracedLayer, adjoints: Any
) -> None:
    """The signals of one layer in the first window."""
    sums, outputs = values_of(tape, layer.sums), values_of(tape, layer.outputs)
    with np.errstate(all="ignore"):
        series["preactivation_mean"][:, n], series["preactivation_std"][:, n] = (
            sums.mean(),
            sums.std(),
        )
        series["activation_mean"][:, n], series["activation_std"][:, n] = (
            outputs.mean(),
            outputs.std(),
        )
        found = [np.asarray(adjoints[i]).ravel() for i in layer.sums if i in adjoints]
        if found:
            series["gradient_std"][:, n] = np.sqrt(np.mean(np.concatenate(found) ** 2))
        if layer.slope is not None:
            slope = np.abs(np.asarray(layer.slope(sums), dtype=float))
            grid = np.abs(np.asarray(layer.slope(np.linspace(-4, 4, 81)), dtype=float))
            largest = float(np.nanmax(grid)) if grid.size else 0.0
            if layer.activation in {"relu", "leaky_relu", "elu"}:
                series["dead"][:, n] = np.mean(slope == 0)
            elif largest:
                series["saturated"][:, n] = np.mean(slope < SATURATED * largest)
