"""O505: where outputs are compared with labels to be counted, and the comparison goes wrong.

Only what cannot be meant is spoken of: n outputs against n labels that become n times n, an
argmax that picks samples instead of classes, a prediction that no label can equal. The right
number is what the same values give when they are compared as they should be.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.doctor.fixes.lines import insert_before, statement_at
from unstuck.doctor.fixes.patch import Edit, node_at, replacement
from unstuck.doctor.fixes.places import ATOM, Source, bracketed
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.anatomy import SAME_VALUES
from unstuck.trace.program import Program
from unstuck.trace.progress import is_one_hot
from unstuck.trace.replay import CannotReplay, replay
from unstuck.trace.request import LoopCount
from unstuck.trace.tape import Node, Ref, Tape
from unstuck.trace.told import Told

Array = Any
EQUALS = {"equal", "not_equal"}
SAME = {*SAME_VALUES, "astype", "squeeze", "expand_dims", "int", "float"}
FLATTENS = {"ravel", "reshape", "squeeze", "getitem", "transpose"}
COUNTS = {"sum", "mean", "builtin_sum", "count_nonzero", "average", "median", "max", "nanmean"}
TOLD = {*COUNTS, "true_divide", "multiply", "subtract", "sqrt", "power", "square", "absolute",
        "astype", "float", "round", "negative", "item", "array", "asarray", "where"}  # fmt: skip
TRUTH = {"greater", "greater_equal", "less", "less_equal"}
FEWEST = 8  # samples from which on chance is no explanation
FEW = 0.1  # of the predictions that may equal a label by chance


@dataclass(frozen=True, slots=True)
class Slip:
    """One comparison that goes wrong: how it should have been made, on values and in the source.

    ``right`` maps each node that gets another value to what it should be; ``write`` gives the
    edits.
    """

    span: SourceSpan
    right: dict[int, Array]
    write: Callable[[], Sequence[Edit | None]]
    evidence: dict[str, Any]

    def options(self) -> tuple[Option, ...]:
        """The change that mends it; none where a part of it could not be written."""
        edits = self.write()
        known = tuple(edit for edit in edits if edit is not None)
        whole = bool(known) and len(known) == len(edits)
        return (Option(known, "the right comparison"),) if whole else ()


def wrong_metrics(program: Program, told: Told, loops: Sequence[LoopCount]) -> list[Suspect]:
    """A suspect for each place that compares outputs and labels in a way that cannot be meant."""
    slips: dict[SourceSpan, list[tuple[Slip, int]]] = {}
    for met in meetings(told):
        for look in LOOKS:
            slip = look(program, told, met)
            if slip is not None:
                slips.setdefault(slip.span, []).append((slip, met.node))
                break
    found = []
    for slipped in slips.values():
        sink = reported_by(told, slipped[-1][1])
        if sink is not None:
            found.append(suspect(told, [slip for slip, _ in slipped], sink))
    return found + wrong_shares(program, told, loops)


def suspect(told: Told, slips: Sequence[Slip], sink: int) -> Suspect:
    """The finding: what is reported, and what the right comparison gives."""
    last = slips[-1]
    evidence = dict(last.evidence)
    value = told.tape[sink].value
    if np.size(value) == 1:
        evidence.update(reported=rounded(value), actual=actual(told, slips, sink))
    return suspect_of("O505", last.span, last.options(), **evidence)


def actual(told: Told, slips: Sequence[Slip], sink: int) -> float:
    """The reported number as the right comparison gives it; NaN where it cannot be had."""
    right = {index: value for slip in slips for index, value in slip.right.items()}
    try:
        values = replay(
            told.tape, right, first=told.tape.start, last=sink + 1, needed=[sink]
        )  # fmt: skip
        return rounded(values.value(sink))
    except (CannotReplay, TypeError, ValueError):
        return float("nan")


def rounded(value: Array) -> float:
    """One number as it is shown."""
    return float(f"{float(np.ravel(value)[0]):.6g}") if np.size(value) == 1 else float("nan")


# ---------------------------------------------------------------------------- what is compared


@dataclass(frozen=True, slots=True)
class Met:
    """A comparison or difference of outputs and labels: its node, and the two operands."""

    node: int
    output: int
    label: int  # the node, or -1 where it is a plain list
    values: tuple[Array, Array]  # output, label
    sides: tuple[int, int]  # which operand is the output, which the label

    @property
    def shapes(self) -> str:
        """Both shapes in words."""
        one, other = (np.shape(v) for v in self.values)
        return f"{one} and {other}"


def meetings(told: Told) -> Iterator[Met]:
    """Every reported comparison or difference of something learned and something given."""
    tape = told.tape
    for index in told.reported():
        node = tape[index]
        if node.op not in {*EQUALS, "subtract"} or len(node.args) != 2 or node.site < 0:
            continue
        learned = [isinstance(a, Ref) and told.learned(a.index) for a in node.args]
        if sum(learned) != 1:
            continue
        side = learned.index(True)
        given = node.args[1 - side]
        label = given.index if isinstance(given, Ref) else -1
        if label < 0 and not isinstance(given, list):
            continue
        output = node.args[side].index
        if not told.whole(output):
            continue
        try:
            value = np.asarray(tape[label].value if label >= 0 else given)
        except ValueError:
            continue
        values = (np.asarray(tape[output].value), value)
        if value.dtype.kind in "biuf" and all(v.size for v in values):
            yield Met(index, output, label, values, (side, 1 - side))


def reported_by(told: Told, index: int) -> int | None:
    """The last number that a comparison goes into on its way to being told; None: no count."""
    found, counted = None, False
    for _ in range(12):
        node = told.tape[index]
        counted = counted or node.op in COUNTS
        if counted:
            found = index
        ahead = [r for r in told.readers[index] if told.tape[r].op in TOLD]
        alone = [r for r in ahead if one_way(told, r, index)]
        if not alone:
            break
        index = alone[0]
    return found


def one_way(told: Told, reader: int, index: int) -> bool:
    """True if what a node is made from depends on learned values by this parent alone."""
    site = told.tape[index].site
    return all(
        p == index or not told.learned(p) or told.tape[p].site == site
        for p in told.tape[reader].parents
    )


def source_node(tape: Tape, index: int) -> Node:
    """What a value was before it was only given another form or kind of number."""
    node = tape[index]
    while node.op in SAME and node.parents:
        node = tape[node.parents[0]]
    return node


# ------------------------------------------------------------------------------- the mistakes


def broadcast(program: Program, told: Told, met: Met) -> Slip | None:
    """N outputs against n labels, that become n times n."""
    output, label = met.values
    n = output.size
    if not (label.size == n > 1 and np.size(told.tape[met.node].value) == n * n):
        return None
    node = told.tape[met.node]
    operands: list[Array] = [None, None]
    operands[met.sides[0]], operands[met.sides[1]] = output, label.reshape(output.shape)
    function = getattr(np, node.op)
    with np.errstate(all="ignore"):
        right = function(*operands)
    return slip(
        told, met, {met.node: right}, lambda: fitted(program, told, met),
        shapes=met.shapes, metric="accuracy" if node.op in EQUALS else "error",
        problem=f"shapes {met.shapes} are broadcast to {np.shape(node.value)}",
    )  # fmt: skip


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
    broadcast, wrong_axis, single_column, one_hot_label, unthresholded, unequal, idle,
)  # fmt: skip


# ------------------------------------------------------------------------------ sums of hits


def wrong_shares(program: Program, told: Told, loops: Sequence[LoopCount]) -> list[Suspect]:
    """A share of hits above 1: the sum is never set back, or divided by too little."""
    found = []
    hits_at = {met.node: met for met in meetings(told) if told.tape[met.node].op in EQUALS}
    seen: set[int] = set()
    for node in reversed(told.tape.nodes[told.tape.start :]):
        if node.op != "true_divide" or node.site < 0 or node.site in seen:
            continue
        if np.size(node.value) != 1 or not float(np.ravel(node.value)[0]) > 1.0:
            continue
        parts = [number_or_array(told.tape, a) for a in node.args[:2]]
        if len(parts) != 2 or any(np.size(part) != 1 for part in parts):
            continue
        seen.add(node.site)
        summed, count = (float(np.ravel(part)[0]) for part in parts)
        share = counted_in_arrays(told, node, hits_at, summed, count)
        share = share or counted_one_by_one(program, told, node, loops, count)
        if share is not None:
            found.append(share_suspect(program, told, node, share, summed / count))
    return found


@dataclass(frozen=True, slots=True)
class Share:
    """A sum of hits that is divided wrongly: where it is added to, and the right share."""

    added: SourceSpan | None  # None: the sum is right, its divisor is not
    actual: float
    count: int


def counted_in_arrays(
    told: Told, node: Node, hits_at: dict[int, Met], summed: float, count: float
) -> Share | None:
    """Hits of whole batches that were added up, and divided by samples that they exceed."""
    tape = told.tape
    if not isinstance(node.args[0], Ref):
        return None
    index, added, parts, mets = node.args[0].index, None, [], []
    while True:
        here = tape[index]
        if here.op == "add":
            added = here.site if added is None else added
            steps = [a.index for a in here.args if isinstance(a, Ref)]
            counted = [(s, m) for s in steps if (m := count_of(told, s, hits_at)) is not None]
            if len(counted) != 1:
                break
            parts.append(float(np.ravel(tape[counted[0][0]].value)[0]))
            mets.append(counted[0][1])
            rest = [s for s in steps if s != counted[0][0]]
            if not rest:
                break
            index = rest[0]
        else:
            break
    if not mets or added is None or added < 0:
        return None
    batch = np.size(tape[mets[0].node].value)
    whole = max((n for m in mets for n in sizes_behind(told, m.label)), default=0)
    rounds = -(-whole // max(1, batch))
    if whole < batch or count not in {batch, whole} or rounds < 1:
        return None
    if summed > whole:
        return Share(tape.sites[added].span, sum(parts[:rounds]) / whole, whole)
    return Share(None, summed / whole, whole) if rounds not in {1, batch} else None


def count_of(told: Told, index: int, hits_at: dict[int, Met]) -> Met | None:
    """The comparison whose hits a number counts."""
    node = told.tape[index]
    while node.op in {*SAME, "sum", "builtin_sum", "count_nonzero"} and node.parents:
        if node.parents[0] in hits_at:
            return hits_at[node.parents[0]] if node.op not in SAME else None
        node = told.tape[node.parents[0]]
    return None


def sizes_behind(told: Told, index: int) -> set[int]:
    """How many samples the arrays have that labels were taken from."""
    found, pending = set(), [index]
    while pending:
        current = pending.pop()
        if current < 0 or told.learned(current):
            continue
        node = told.tape[current]
        if np.ndim(node.value):
            found.add(len(node.value))
        pending.extend(node.parents[:1])
    return found


def counted_one_by_one(
    program: Program, told: Told, node: Node, loops: Sequence[LoopCount], count: float
) -> Share | None:
    """Hits that an ``if`` counts, in a loop that goes round as often as they are divided by."""
    span = told.tape.sites[node.site].span
    written = node_at(program, span)
    if not isinstance(written, ast.BinOp):
        return None
    name = ast.unparse(written.left)
    tree = Source(program.files[span.file]).tree
    for loop in ast.walk(tree):
        if not isinstance(loop, ast.For):
            continue
        for test in [n for n in loop.body if isinstance(n, ast.If)]:
            step = test.body[0]
            counts = isinstance(step, ast.AugAssign) and ast.unparse(step.target) == name
            if not counts or ast.unparse(step.value) != "1" or not is_equality(test.test):  # type: ignore[attr-defined]
                continue
            rounds = [
                x.iterations / max(1, x.entries) for x in loops
                if x.key[:2] == (span.file, loop.lineno)
            ]  # fmt: skip
            if rounds and rounds[0] == count:
                here = Source(program.files[span.file]).span(span.file, step)
                return Share(here, float("nan"), int(count))
    return None


def is_equality(test: ast.expr) -> bool:
    """True for ``a == b``."""
    return isinstance(test, ast.Compare) and [type(op) for op in test.ops] == [ast.Eq]


def share_suspect(
    program: Program, told: Told, node: Node, share: Share, reported: float
) -> Suspect:
    """The finding of a share above 1, and the line that sets the sum back."""
    here = told.tape.sites[node.site].span
    if share.added is None:
        problem = f"the hits of {share.count} samples are divided by fewer"
    else:
        problem = f"the sum of hits is never set back to 0: there are {share.count} samples"
    edit = set_back(program, share.added) if share.added is not None else None
    return suspect_of(
        "O505", share.added or here, (Option((edit,), "begin at 0"),) if edit else (),
        metric="accuracy", problem=problem, reported=rounded(reported),
        actual=rounded(share.actual),
    )  # fmt: skip


def set_back(program: Program, span: SourceSpan) -> Edit | None:
    """``name = 0`` before the inner one of the two loops in which something is added to it."""
    tree = Source(program.files[span.file]).tree
    around = [
        n for n in ast.walk(tree)
        if isinstance(n, ast.For | ast.While) and n.lineno <= span.line <= (n.end_lineno or 0)
    ]  # fmt: skip
    statement = statement_at(program, span.file, span.line)
    if len(around) < 2 or not isinstance(statement, ast.AugAssign | ast.If):
        return None
    inner = max(around, key=lambda n: n.lineno)
    added = next(n for n in ast.walk(statement) if isinstance(n, ast.AugAssign))
    return insert_before(program, span.file, inner.lineno, f"{ast.unparse(added.target)} = 0")


def number_or_array(tape: Tape, argument: Any) -> Array:
    """The value of an operand, recorded or written."""
    return tape[argument.index].value if isinstance(argument, Ref) else argument


# ------------------------------------------------------------------------------------ values


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


def compared(told: Told, met: Met, sides: list[Array]) -> Array:
    """Two sides compared as the program does it."""
    function: Callable[..., Array] = getattr(np, told.tape[met.node].op)
    return function(*sides)


# ------------------------------------------------------------------------------------ source


def slip(
    told: Told,
    met: Met,
    right: dict[int, Array],
    write: Callable[[], Sequence[Edit | None]],
    *,
    span: SourceSpan | None = None,
    metric: str = "accuracy",
    **evidence: Any,
) -> Slip:
    """What is wrong at a comparison, at its own place if at no other."""
    return Slip(span or span_of(told, met.node), right, write, {"metric": metric, **evidence})


def span_of(told: Told, index: int) -> SourceSpan:
    """Where a node was made."""
    return told.tape.sites[told.tape[index].site].span


def operand_of(program: Program, span: SourceSpan, side: int) -> ast.expr | None:
    """One of the two operands of a comparison or difference, as it is written."""
    match node_at(program, span):
        case ast.Compare(left=left, comparators=[right]):
            return (left, right)[side]
        case ast.BinOp(left=left, right=right):
            return (left, right)[side]
        case ast.Call(args=[one, other]):
            return (one, other)[side]
    return None


def inside(one: SourceSpan, other: SourceSpan) -> bool:
    """True if one place lies within another."""
    return (
        one.file == other.file
        and (other.line, other.column) <= (one.line, one.column)
        and (one.end_line, one.end_column) <= (other.end_line, other.end_column)
    )


def together(
    program: Program, span: SourceSpan, edits: Sequence[Edit | None]
) -> Sequence[Edit | None]:
    """Edits within one expression as one edit of it, so that all of it can be shown."""
    known = [edit for edit in edits if edit is not None]
    if len(known) < len(edits) or not all(inside(edit.span, span) for edit in known):
        return edits
    source = Source(program.files[span.file])
    start, text = source.offset(span.line, span.column), source.text
    text = text[start : source.offset(span.end_line, span.end_column)]
    for edit in sorted(known, key=lambda e: (e.span.line, e.span.column), reverse=True):
        first = source.offset(edit.span.line, edit.span.column) - start
        last = source.offset(edit.span.end_line, edit.span.end_column) - start
        text = text[:first] + edit.text + text[last:]
    return [Edit(span, text)]


def edit_of(program: Program, told: Told, met: Met, side: int, form: str) -> Edit | None:
    """The change that puts an operand of a comparison into a form."""
    span = span_of(told, met.node)
    node = operand_of(program, span, side)
    if node is None:
        return None
    source = Source(program.files[span.file])
    text = source.segment(node)
    filled = form.format(text if "({})" in form else bracketed(text, ATOM))
    return replacement(program, source.span(span.file, node), filled)


def in_place_of_call(program: Program, span: SourceSpan, form: str) -> Edit | None:
    """The change that puts something else in the place of a call, of the same array."""
    call = node_at(program, span)
    if not isinstance(call, ast.Call):
        return None
    array = call.func.value if is_method(call) else call.args[0]  # type: ignore[attr-defined]
    text = bracketed(Source(program.files[span.file]).segment(array), ATOM)
    return replacement(program, span, form.format(text))


def fitted(program: Program, told: Told, met: Met) -> list[Edit | None]:
    """The change that gives label and output one shape: a flattening taken back, or one more."""
    span, side, shape = span_of(told, met.node), met.sides[1], met.values[0].shape
    operand = operand_of(program, span, side)
    node = told.tape[met.label] if met.label >= 0 else None
    if operand is not None and node is not None and node.op in FLATTENS and node.site >= 0:
        inner = base_of(operand)
        if np.shape(told.tape[node.parents[0]].value) == shape and inner is not None:
            source = Source(program.files[span.file])
            here = source.span(span.file, operand)
            return [replacement(program, here, source.segment(inner))]
    sizes = ", ".join("1" if n == 1 else "-1" for n in shape)
    form = "{}.ravel()" if len(shape) == 1 else f"{{}}.reshape({sizes})"
    return [
        edit_of(
            program, told, met, side, form if node is not None else f"np.reshape({{}}, {shape})"
        )
    ]


def base_of(node: ast.expr) -> ast.expr | None:
    """What is flattened: ``y`` of ``y.ravel()``, ``y[:, 0]``, ``y.T`` and ``np.ravel(y)``."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner)) if is_method(node):
            return owner
        case ast.Call(args=[first, *_]):
            return first
        case ast.Subscript(value=value) | ast.Attribute(value=value):
            return value
    return None


def is_method(call: ast.Call) -> bool:
    """True for ``a.argmax()``, not for ``np.argmax(a)``."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return owner is not None and not (
        isinstance(owner, ast.Name) and owner.id in {"np", "numpy"}
    )  # fmt: skip


def with_axis(program: Program, span: SourceSpan, axis: int) -> Edit | None:
    """The change that gives an argmax another axis."""
    call = node_at(program, span)
    if not isinstance(call, ast.Call):
        return None
    source = Source(program.files[span.file])
    texts = [source.segment(a) for a in call.args[: 0 if is_method(call) else 1]]
    rest = [f"{k.arg}={source.segment(k.value)}" for k in call.keywords if k.arg != "axis"]
    arguments = ", ".join([*texts, f"axis={axis}", *rest])
    return Edit(span, f"{source.segment(call.func)}({arguments})")
