"""Weights that are drawn anew while they should be learning: what was learned is thrown away.

"Drawn" is said of random numbers, of zeros and of copies of a first value alike. The draw may
stand in the training loop itself, or in a loop around it, also by a call: then every round starts
from nothing. Restarts look the same, and are meant; so the second kind is only spoken of if
drawing once makes the program learn.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import numpy as np

from unstuck.doctor.feedback import BACK, COMPARED, PRODUCTS, feedback
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.fixes.rewrites.hoist import hoisted, without_call
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.progress import site_key
from unstuck.trace.request import Key, LoopCount
from unstuck.trace.steps import FILLED, is_number
from unstuck.trace.tape import LEAF, Node, Site, Tape
from unstuck.trace.traced import Traced

OFTEN = 3  # draws of one place in the training loop
RESIZED = {
    "add", "array", "asarray", "astype", "copy", "multiply", "negative", "reshape", "subtract",
    "true_divide",
}  # fmt: skip
COPIED = {"array", "asarray", "copy"}
MADE = FILLED | COPIED | {"arange", "eye", "identity", "linspace"}
SUMS = frozenset({"add"})
WRITES = {"setitem", "scatter"}
LOOPS = ast.For | ast.While
CODE = "U204"


def redrawn(
    program: Program, traced: Traced | None, tape: Tape, loops: Sequence[LoopCount]
) -> list[Suspect]:
    """Suspects for all weights that are drawn in the training loop, or in one around it."""
    drawn = drawn_while_training(tape)
    weights = [n for n in drawn if updates_of(tape, n, PRODUCTS | {"multiply"}, BACK)]
    if not weights and traced is None:
        return one_mistake(numbers_set_anew(program, tape))
    if not weights:
        return drawn_every_round(program, traced, loops) if traced is not None else []
    first = weights[0]
    rounds = len(updates_of(tape, first, PRODUCTS | {"multiply"}, BACK, drawn[first])) > 1
    if rounds and any(keeps_best(program, key) for key in loops_at(tape, tape[first])):
        return []
    every_round = drawn_every_round(program, traced, loops) if rounds and traced else []
    if every_round:
        return every_round
    found = []
    for n in drawn:
        if n in weights or updates_of(tape, n, SUMS, COMPARED):
            span, name = call_in_loop(tape, n), name_at(tape, n)
            suspect = suspect_of(
                CODE, span, hoisted(program, span), parameter=name, parameters=[name],
                speculative=rounds and traced is not None,
            )  # fmt: skip
            found.append(suspect)
    return one_mistake(found)


def one_mistake(suspects: Sequence[Suspect]) -> list[Suspect]:
    """Several draws are one mistake: the first place speaks for all, the change is of all."""
    edits = dict.fromkeys(e for s in suspects for o in s.options[:1] for e in o.edits)
    if len(suspects) < 2 or not edits:
        return list(suspects)
    first = suspects[0]
    names = list(dict.fromkeys(n for s in suspects for n in s.finding.evidence["parameters"]))
    label = next((s.options[0].label for s in suspects if s.options), "")
    return [
        suspect_of(
            CODE, first.finding.span, (Option(tuple(edits), label), *first.options[1:]),
            speculative=first.speculative, parameter=names[0], parameters=names,
        )
    ]  # fmt: skip


def name_at(tape: Tape, index: int) -> str:
    """What the program calls what was drawn, once it has its size."""
    draw = sized(tape, index)
    for binding in tape.bindings:
        if binding.node in draw:
            return binding.text
    return tape.sites[tape[index].site].text


# ------------------------------------------------------------------- in the training loop


def drawn_while_training(tape: Tape) -> dict[int, int]:
    """Arrays drawn again and again while the training loop runs: the first of a place, the next."""
    counts: dict[int, list[int]] = {}
    for index in [*first_values(tape), *(n.index for n in tape.nodes[tape.start :] if is_draw(n))]:
        if tape[index].site >= 0:
            counts.setdefault(tape[index].site, []).append(index)
    found = {nodes[0]: nodes[1] for nodes in counts.values() if len(nodes) >= OFTEN}
    return dict(sorted(found.items()))


def first_values(tape: Tape) -> list[int]:
    """Arrays that the training makes of plain numbers, or of a copy from before: always the same.

    Of ``np.zeros(3) + 0.1`` that is the sum, which something else reads.
    """
    plain: set[int] = set()
    read: set[int] = set()
    for node in tape.nodes[tape.start :]:
        inner = [p for p in node.parents if p >= tape.start]
        made = node.op in MADE or (bool(inner) and node.op in RESIZED)
        made = (made and bool(np.ndim(node.value))) or (node.op == LEAF and not np.ndim(node.value))
        if made and plain.issuperset(inner):
            plain.add(node.index)
        else:
            read.update(inner)
    arrays = [n for n in sorted(plain & read) if np.ndim(tape[n].value)]
    return [n for n in arrays if is_number(tape[n].value)]


def is_draw(node: Node) -> bool:
    """True for random numbers, as many as weights need."""
    return node.op.startswith("random.") and bool(np.ndim(node.value)) and is_number(node.value)


def sized(tape: Tape, index: int) -> set[int]:
    """A draw and what it became by getting its size: ``0.1 * draw`` is still the draw."""
    draw = {index}
    for node in tape.nodes[index + 1 :]:
        others = [p for p in node.parents if p not in draw]
        mine = len(others) < len(node.parents)
        if mine and node.op in RESIZED and all(np.ndim(tape[p].value) == 0 for p in others):
            draw.add(node.index)
    return draw


def updates_of(
    tape: Tape, index: int, reads: frozenset[str], stage: int, end: int | None = None
) -> list[int]:
    """The nodes that give a draw a step that was made by reading it, as noise never gets one.

    With ``end`` also what follows at the same place, before the next draw.
    """
    draw, shape = sized(tape, index), np.shape(tape[index].value)
    back = feedback(tape, draw, reads, end)
    found = [
        node.index
        for node in tape.nodes[index + 1 : end]
        if ((node.op in {"add", "subtract"} and np.shape(node.value) == shape) or node.op in WRITES)
        and not draw.isdisjoint(node.parents)
        and any(back.get(p, 0) >= stage for p in node.parents if p not in draw)
    ]
    if end is None or not found:
        return found
    site = tape[found[0]].site
    return [node.index for node in tape.nodes[found[0] : end] if node.site == site]


def loops_at(tape: Tape, node: Node) -> list[Key]:
    """The loops in which a value is made, also by calls."""
    return [site_key(tape.sites[n]) for site, _ in calls_to(tape, node) for n in site.loops]


def call_in_loop(tape: Tape, index: int) -> SourceSpan:
    """Where the training loop makes a value: the expression, or the call that leads to it.

    A call that leads to its updates as well is the training step, and no place for a change.
    """
    node = tape[index]
    span, frame = tape.sites[node.site].span, node.frame
    updates = updates_of(tape, index, PRODUCTS | {"add", "multiply"}, COMPARED)
    training = frames_above(tape, tape[updates[0]].frame) if updates else {0}
    while frame > 0 and frame not in training:
        called = tape.frames[frame].site
        if called >= 0:
            span = tape.sites[called].span
        frame = tape.frames[frame].parent
    return span


def numbers_set_anew(program: Program, tape: Tape) -> list[Suspect]:
    """Plain numbers, ``w = 0.0``, that the loop sets anew, with steps made by reading them.

    A sum, ``total += x``, begins anew as well; what is added to it is not made from it.
    """
    places: dict[tuple[str, str], list[int]] = {}
    for binding in tape.bindings:
        node = tape[binding.node]
        plain = node.index >= tape.start and node.op == LEAF and binding.text.isidentifier()
        if plain and isinstance(node.value, float):
            function = tape.frames[binding.frame].function
            places.setdefault((function, binding.text), []).append(node.index)
    found = []
    for (_, name), nodes in places.items():
        if len(nodes) < OFTEN or len({tape[n].value for n in nodes}) > 1:
            continue
        updates = updates_of(tape, nodes[0], PRODUCTS | {"add", "multiply"}, COMPARED, nodes[1])
        sites = [tape.sites[tape[n].site] for n in updates if tape[n].site >= 0]
        span = set_in_loop(program, sites[0], name) if sites else None
        if span is not None:
            options = hoisted(program, span)
            found.append(suspect_of(CODE, span, options, parameter=name, parameters=[name]))
    return found


def set_in_loop(program: Program, site: Site, name: str) -> SourceSpan | None:
    """The statement of the same loop that sets a name to a number."""
    source = Source(program.files[site.span.file])
    loops = [
        n for n in ast.walk(source.tree)
        if isinstance(n, LOOPS) and n.lineno < site.span.line <= (n.end_lineno or 0)
    ]  # fmt: skip
    for statement in (s for loop in loops for s in ast.walk(loop)):
        if isinstance(statement, ast.Assign) and statement.lineno < site.span.line:
            names = {ast.unparse(target) for target in targets_of(statement)}
            numbers = [n for n in ast.walk(statement.value) if isinstance(n, ast.Constant)]
            if name in names and numbers and not isinstance(statement.value, ast.BinOp):
                return source.span(site.span.file, statement)
    return None


# ------------------------------------------------------------------ in a loop around it


def drawn_every_round(
    program: Program, traced: Traced, loops: Sequence[LoopCount]
) -> list[Suspect]:
    """Weights that a loop around the training draws again."""
    tape = traced.tape
    around = {key for key in loops_around(traced.loop.key, loops) if not keeps_best(program, key)}
    suspects = []
    for k, parameter in enumerate(traced.steps.parameters):
        draw = draw_behind(tape, parameter.lineages[0].first)
        if draw is None:
            continue
        options, span = drawn_once(program, traced, draw, around)
        if options and span is not None:
            name = traced.name_of(k)
            suspects.append(
                suspect_of(CODE, span, options, speculative=True, parameter=name, parameters=[name])
            )
    return one_mistake(suspects)


def loops_around(key: Key, loops: Sequence[LoopCount]) -> set[Key]:
    """The loops that were running around one, if they ran more than once."""
    by_key = {loop.key: loop for loop in loops}
    found: set[Key] = set()
    loop = by_key.get(key)
    while loop is not None and loop.parent is not None and loop.parent not in found:
        found.add(loop.parent)
        loop = by_key.get(loop.parent)
    return {key for key in found if key in by_key and by_key[key].iterations > 1}


def keeps_best(program: Program, key: Key) -> bool:
    """True for a loop that keeps the best of its rounds, ``if score > best: best = score``.

    There every round is to start anew. What a loop within it keeps, for itself, does not count.
    """
    tree = Source(program.files[key[0]]).tree
    loop = next((n for n in ast.walk(tree) if isinstance(n, LOOPS) and n.lineno == key[1]), None)
    pending: list[ast.AST] = list(loop.body) if loop is not None else []
    while pending:
        node = pending.pop()
        if isinstance(node, LOOPS):
            continue
        pending += ast.iter_child_nodes(node)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Compare):
            ordered = isinstance(node.test.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE)
            compared = {ast.unparse(n) for n in ast.walk(node.test) if isinstance(n, ast.expr)}
            kept = {ast.unparse(t) for n in node.body for t in targets_of(n)}
            if ordered and not kept.isdisjoint(compared):
                return True
    return False


def targets_of(statement: ast.stmt) -> list[ast.expr]:
    """What a statement assigns to, one by one."""
    if not isinstance(statement, ast.Assign):
        return []
    return [
        part
        for target in statement.targets
        for part in (target.elts if isinstance(target, ast.Tuple) else [target])
    ]


def draw_behind(tape: Tape, index: int) -> Node | None:
    """The draw that a first value was made from."""
    for _ in range(20):
        node = tape[index]
        if is_draw(node) or node.op in FILLED:
            return node
        parents = [p for p in node.parents if np.ndim(tape[p].value)]
        if node.op not in RESIZED or len(parents) != 1:
            return None
        index = parents[0]
    return None


def drawn_once(
    program: Program, traced: Traced, draw: Node, around: set[Key]
) -> tuple[list[Option], SourceSpan | None]:
    """The changes that take a draw out of the loops around the training, and where it stands."""
    tape = traced.tape
    training = frames_above(tape, tape[tape.start].frame)
    options: list[Option] = []
    first: SourceSpan | None = None
    for site, frame in calls_to(tape, draw):
        inside = any(site_key(tape.sites[n]) in around for n in site.loops)
        if frame not in training:  # a call that trains as well cannot go
            found = hoisted(program, site.span) if inside else without_call(program, site.span)
            options += found
            first = first or (site.span if found else None)
        if inside:
            return options, first
    return [], None


def calls_to(tape: Tape, node: Node) -> Iterator[tuple[Site, int]]:
    """The expression that made a value, the call that led to it, the call that led to that ...

    Each with the frame that it entered; a value's own expression entered none (-1).
    """
    frame, site, entered = node.frame, node.site, -1
    while site >= 0:
        yield tape.sites[site], entered
        if frame <= 0:
            return
        entered, site, frame = frame, tape.frames[frame].site, tape.frames[frame].parent


def frames_above(tape: Tape, frame: int) -> set[int]:
    """A call and all that it stands in."""
    found = {frame}
    while frame > 0:
        frame = tape.frames[frame].parent
        found.add(frame)
    return found
