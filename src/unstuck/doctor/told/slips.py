"""Comparisons of outputs and labels that cannot be meant, one function each.

N outputs against n labels that become n times n, an argmax that picks samples instead of classes,
a prediction that no label can equal.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

import numpy as np

from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.told.compared import (
    EQUALS,
    Array,
    Met,
    Slip,
    compared,
    number_or_array,
    slip,
    source_node,
    span_of,
)
from unstuck.doctor.told.slip_edits import (
    edit_of,
    fitted,
    in_place_of_call,
    inside,
    operand_of,
    together,
    with_axis,
)
from unstuck.trace.program import Program
from unstuck.trace.progress import is_one_hot
from unstuck.trace.tape import Node, Ref
from unstuck.trace.told import Told

TRUTH = {"greater", "greater_equal", "less", "less_equal"}
FEWEST = 8  # samples from which on chance is no explanation
FEW = 0.1  # of the predictions that may equal a label by chance


def broadcast(program: Program, told: Told, met: Met) -> Slip | None:
    """N outputs against n labels, that become n times n."""
    output, label = met.values
    if not is_broadcast(told, met):
        return None
    node = told.tape[met.node]
    right = compared(told, met, [output, label.reshape(output.shape)])
    return slip(
        told, met, {met.node: right}, lambda: fitted(program, told, met),
        shapes=met.shapes, metric="accuracy" if node.op in EQUALS else "error",
        problem=f"shapes {met.shapes} are broadcast to {np.shape(node.value)}",
    )  # fmt: skip


def is_broadcast(told: Told, met: Met) -> bool:
    """True if each output met every label."""
    n = met.values[0].size
    return bool(met.values[1].size == n > 1 and np.size(told.tape[met.node].value) == n * n)


def wrong_axis(program: Program, told: Told, met: Met) -> Slip | None:
    """An argmax that picks a sample for each class, on both sides."""
    tape = told.tape
    picks = [source_node(tape, met.output), source_node(tape, met.label)]
    if met.label < 0 or any(node.op != "argmax" for node in picks):
        return None
    scores = [np.asarray(tape[node.parents[0]].value) for node in picks]
    if scores[0].ndim != 2 or scores[0].shape != scores[1].shape or min(scores[0].shape) < 2:
        return None
    rows, columns = is_one_hot(scores[1]), is_one_hot(scores[1].T)
    axes = [axis_of(node) for node in picks]
    wanted = 1 if rows else 0
    if rows == columns or any(axis == wanted for axis in axes) or axes[0] != axes[1]:
        return None
    right = {n.index: np.argmax(s, axis=wanted) for n, s in zip(picks, scores, strict=True)}
    if len(right) == 1:
        return None
    how = "over all outputs at once" if axes[0] is None else f"over the samples (axis {axes[0]})"
    spans, here = [span_of(told, node.index) for node in picks], span_of(told, met.node)
    return slip(
        told, met, {met.node: compared(told, met, list(right.values()))},
        lambda: together(program, here, [with_axis(program, span, wanted) for span in spans]),
        span=here if all(inside(span, here) for span in spans) else spans[0],
        axis=axes[0], wanted_axis=wanted,
        problem=f"argmax goes {how}, not over the classes (axis {wanted})",
    )  # fmt: skip


def one_pick(program: Program, told: Told, met: Met) -> Slip | None:
    """An argmax over all outputs of all samples at once, against the classes of the samples."""
    tape, label = told.tape, met.values[1]
    pick = source_node(tape, met.output)
    if pick.op != "argmax" or pick.site < 0 or np.size(pick.value) != 1 or label.ndim != 1:
        return None
    scores = np.asarray(tape[pick.parents[0]].value)
    if scores.ndim != 2 or min(scores.shape) < 2 or scores.shape[0] == scores.shape[1]:
        return None
    if label.size not in scores.shape or label.size < FEWEST:
        return None
    axis = 1 - scores.shape.index(label.size)
    if np.any(label != np.round(label)) or not 0 <= np.min(label) <= np.max(label) < min(
        scores.shape
    ):
        return None
    span = tape.sites[pick.site].span
    return slip(
        told, met, {met.node: compared(told, met, [np.argmax(scores, axis=axis), label])},
        lambda: [with_axis(program, span, axis)],
        span=span,
        problem=f"argmax goes over all outputs at once, not over the classes (axis {axis})",
    )  # fmt: skip


def single_column(program: Program, told: Told, met: Met) -> Slip | None:
    """An argmax over a single output: always 0."""
    tape = told.tape
    pick = source_node(tape, met.output)
    label = met.values[1]
    if pick.op != "argmax" or pick.site < 0 or label.size < 2 or is_constant(label):
        return None
    scores = np.asarray(tape[pick.parents[0]].value)
    axis = axis_of(pick)
    if axis is None or scores.ndim != 2 or scores.shape[axis] != 1 or scores.size != label.size:
        return None
    middle = middle_of(scores, label)
    guess = (scores > middle).reshape(met.values[0].shape)
    span = tape.sites[pick.site].span
    return slip(
        told, met, {met.node: compared(told, met, [guess, hits(label)])},
        lambda: [in_place_of_call(program, span, f"({{}} > {middle:g}).astype(int).ravel()")],
        span=span, problem="argmax over a single output is always 0",
    )  # fmt: skip


def one_hot_label(program: Program, told: Told, met: Met) -> Slip | None:
    """A class number against a label that has a 1 in the place of its class."""
    tape = told.tape
    pick = source_node(tape, met.output)
    label = met.values[1]
    if pick.op != "argmax" or met.values[0].size != 1 or label.size < 3:
        return None
    if tape[met.node].op not in EQUALS:
        return None
    scores = np.asarray(tape[pick.parents[0]].value)
    if scores.size != label.size or not is_one_hot(label.reshape(1, -1)):
        return None
    if not set(np.unique(label)) <= {0.0, 1.0}:
        return None
    right = compared(told, met, [met.values[0], np.argmax(label)])
    return slip(
        told, met, {met.node: right},
        lambda: [edit_of(program, told, met, met.sides[1], "np.argmax({})")],
        problem="a class number is compared with a one-hot label",
    )  # fmt: skip


def unthresholded(program: Program, told: Told, met: Met) -> Slip | None:
    """Outputs as they are against whole numbers: hardly ever equal."""
    output, label = met.values
    if told.tape[met.node].op not in EQUALS or output.size != label.size:
        return None
    if output.size < FEWEST or output.shape != label.shape or is_constant(label):
        return None
    whole = np.mean(output == np.round(output))
    if output.dtype.kind != "f" or whole > FEW or np.any(label != np.round(label)):
        return None
    write: Callable[[], Sequence[Edit | None]]
    if output.ndim == 2 and min(output.shape) > 1:
        if is_one_hot(label) == is_one_hot(label.T):
            return None
        axis = 1 if is_one_hot(label) else 0
        sides = [np.argmax(v, axis=axis) for v in (output, label)]

        def write() -> Sequence[Edit | None]:
            form = f"np.argmax({{}}, axis={axis})"
            edits = [edit_of(program, told, met, side, form) for side in met.sides]
            return together(program, span_of(told, met.node), edits)

    else:
        classes = np.unique(label)
        if len(classes) != 2:
            return None
        middle = middle_of(output, label)
        sides = [output > middle, hits(label)]
        form = f"({{}} > {middle:g})"
        if set(classes) != {0.0, 1.0}:
            form = f"np.where({{}} > {middle:g}, {classes[1]:g}, {classes[0]:g})"

        def write() -> Sequence[Edit | None]:
            return [edit_of(program, told, met, met.sides[0], form)]

    return slip(
        told, met, {met.node: compared(told, met, sides)}, write,
        problem="outputs are compared with labels as they are, and hardly ever equal them",
    )  # fmt: skip


def unequal(program: Program, told: Told, met: Met) -> Slip | None:
    """Predictions that can never be one of the two labels."""
    output, label = met.values
    classes = np.unique(label)
    if told.tape[met.node].op not in EQUALS or len(classes) != 2 or output.shape != label.shape:
        return None
    made = source_node(told.tape, met.output)
    possible = {0.0, 1.0} if made.op in TRUTH else {-1.0, 1.0} if made.op == "sign" else set()
    never = [c for c in classes if float(c) not in possible]
    if not possible or not never or output.size < FEWEST:
        return None
    guess = np.asarray(output, dtype=float)
    form = f"np.where({{}}, {classes[1]:g}, {classes[0]:g})"
    if made.op == "sign":
        scores = np.asarray(told.tape[made.parents[0]].value)
        middle = middle_of(scores, label)
        guess = (scores > middle).reshape(output.shape)
        form = f"({{}} > {middle:g})"

    def write() -> Sequence[Edit | None]:
        if made.op == "sign":
            return [in_place_of_call(program, span_of(told, made.index), form)]
        return [edit_of(program, told, met, met.sides[0], form)]

    kinds = " and ".join(f"{p:g}" for p in sorted(possible))
    return slip(
        told, met, {met.node: compared(told, met, [guess > 0, hits(label)])}, write,
        problem=f"predictions are {kinds}, labels {classes[0]:g} and {classes[1]:g}",
    )  # fmt: skip


def idle(program: Program, told: Told, met: Met) -> Slip | None:
    """A threshold at one end of what the outputs can be: all samples are of one class."""
    tape, (guess, label) = told.tape, met.values
    made = source_node(tape, met.output)
    if made.op == "where" and isinstance(made.args[0], Ref):
        made = tape[made.args[0].index]
    if made.op not in TRUTH or len(made.args) != 2 or guess.shape != label.shape:
        return None
    scores, threshold = (number_or_array(tape, a) for a in made.args)
    if np.size(threshold) != 1 or set(np.unique(label)) != {0.0, 1.0} or np.size(scores) < FEWEST:
        return None
    shares = bool(np.min(scores) >= 0.0 and np.max(scores) <= 1.0)
    if not shares or 0.0 < float(threshold) < 1.0 or not is_constant(guess):
        return None
    better = (np.asarray(scores) > 0.5).reshape(label.shape)
    if np.mean(better == (label > 0.5)) < np.mean(guess == label) + FEW:
        return None
    if made.site < 0:
        return None
    span = span_of(told, made.index)

    def write() -> Sequence[Edit | None]:
        operand = operand_of(program, span, 1)
        if not isinstance(operand, ast.Constant):
            return [None]
        return [Edit(Source(program.files[span.file]).span(span.file, operand), "0.5")]

    return slip(
        told, met, {met.node: compared(told, met, [better, label > 0.5])}, write, span=span,
        problem=f"outputs are between 0 and 1, all on one side of {float(threshold):g}",
    )  # fmt: skip


LOOKS: tuple[Callable[[Program, Told, Met], Slip | None], ...] = (
    broadcast, wrong_axis, one_pick, single_column, one_hot_label, unthresholded, unequal, idle,
)  # fmt: skip


def is_constant(label: Array) -> bool:
    """True where all labels are one."""
    return bool(np.all(label == np.ravel(label)[0]))


def hits(label: Array) -> Array:
    """True for the greater of two labels."""
    return label > (np.min(label) + np.max(label)) / 2


def middle_of(scores: Array, label: Array) -> float:
    """Where the two classes part: in the middle of the labels, or at 0 of what is no share."""
    shares = np.min(scores) >= 0.0 and np.max(scores) <= 1.0
    return 0.5 if shares and np.min(label) >= 0 else 0.0


def axis_of(node: Node) -> int | None:
    """The axis of an argmax of two dimensions, counted from the front; None: of everything."""
    axis = node.kwargs.get("axis", node.args[1] if len(node.args) > 1 else None)
    return axis % 2 if isinstance(axis, int) else None
