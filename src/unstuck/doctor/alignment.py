"""Inputs and labels that do not belong together: one of them was shuffled, the other was not."""

from __future__ import annotations

import ast
from collections.abc import Iterable

import numpy as np

from unstuck.doctor.fixes.lines import insert_after, replace_statement, statement_at
from unstuck.doctor.fixes.patch import Edit, node_at
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.rules import RULES
from unstuck.doctor.suspect import Option, Suspect
from unstuck.trace.facts import ancestors
from unstuck.trace.program import Program
from unstuck.trace.steps import is_number
from unstuck.trace.tape import Node, Ref, Tape
from unstuck.trace.traced import Traced

ORDERS = {"random.permutation", "random.shuffle", "random.choice", "random.randint"}
PICKS = {"getitem", "take"}


def misaligned(program: Program, traced: Traced) -> list[Suspect]:
    """A suspect where the order of one of inputs and labels alone is random."""
    tape = traced.tape
    inputs = [i for layer in traced.layers[:1] for i in layer.inputs[:8]]
    meets = traced.pairing.meets[0] if traced.pairing else ()
    labels = [m.label for m in meets if m.label >= 0]
    if not inputs or not labels:
        return []
    everything = {*labels, *traced.anatomy.label_nodes}
    mine, theirs = orders_behind(tape, inputs), orders_behind(tape, everything)
    if bool(mine) == bool(theirs):
        return []
    shuffled, other = (inputs, labels) if mine else (labels, inputs)
    place = max(mine or theirs)
    node = tape[place]
    if node.site < 0 or not as_long(tape, other, rows_of(tape, node)):
        return []
    site = tape.sites[node.site]
    options = together(program, tape, node, other[0]) or same_index(program, tape, node, other)
    finding = RULES["D404"]().finding("fault", site.span, shuffled=site.text)
    return [Suspect(finding, tuple(options), exact=True)] if shuffled else []


def rows_of(tape: Tape, node: Node) -> int:
    """How many rows were put in another order."""
    shape = np.shape(tape[node.parents[0]].value) if node.op in PICKS else np.shape(node.value)
    return shape[0] if shape else -1


def as_long(tape: Tape, nodes: Iterable[int], rows: int) -> bool:
    """True if nodes were made from an array of so many rows: then its order matters."""
    return any(rows in np.shape(tape[i].value) for i in ancestors(tape, nodes))


def orders_behind(tape: Tape, nodes: Iterable[int]) -> set[int]:
    """Nodes at which what the given ones were made from was put in a random order."""
    found = {i for i in ancestors(tape, nodes) if puts_in_order(tape, tape[i])}
    # Rows that were drawn beside the whole array in its order, as centres, say, order nothing.
    free = ancestors(tape, nodes, without=found)
    return {i for i in found if not tape[i].parents or tape[i].parents[0] not in free}


def puts_in_order(tape: Tape, node: Node) -> bool:
    """True for a shuffle, and for rows that were picked by an index that was drawn."""
    picks = node.op in PICKS and len(node.args) > 1
    return node.op == "shuffle" or (picks and random_order(tape, node.args[1]))


def random_order(tape: Tape, structure: object) -> bool:
    """True if an index was drawn, or is part of one that was."""
    if isinstance(structure, tuple | list):
        return any(random_order(tape, part) for part in structure)
    if not isinstance(structure, Ref):
        return False
    seen: set[int] = set()
    pending = [structure.index]
    while pending and len(seen) < 40:
        node = tape[pending.pop()]
        if node.index in seen:
            continue
        seen.add(node.index)
        if node.op in ORDERS or (node.op == "shuffle" and not is_number(node.value)):
            return True
        if node.op in {
            "getitem",
            "gather",
            "copy",
            "array",
            "asarray",
            "astype",
            "reshape",
            "leaf",
        }:
            pending.extend(node.parents)
    return False


def together(program: Program, tape: Tape, node: Node, other: int) -> list[Option]:
    """One order for both: in the place of a shuffle, or repeated for the other one."""
    site = tape.sites[node.site]
    file, line = site.span.file, site.span.line
    name = partner_name(tape, node, other)
    if name is None:
        return []
    statement = statement_at(program, file, line)
    if (
        node.op == "shuffle"
        and isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
    ):
        call = statement.value
        if not call.args:
            return []
        mine = ast.unparse(call.args[0])
        shuffled = f"{mine}, {name} = {mine}[order], {name}[order]"
        text = f"order = np.random.permutation(len({mine}))\n{shuffled}"
        return [Option((replace_statement(program, file, line, text),), "shuffled together")]
    subscript = subscript_at(program, tape, node)
    if not isinstance(statement, ast.Assign) or subscript is None:
        return []
    order = ast.unparse(subscript.slice)
    edit = picked_beside(program, tape, node, other, order)
    if edit is None and isinstance(statement.value, ast.Subscript):
        edit = insert_after(program, file, line, f"{name} = {name}[{order}]")
    return [] if edit is None else [Option((edit,), "put in the same order")]


def picked_beside(program: Program, tape: Tape, node: Node, other: int, order: str) -> Edit | None:
    """``X, y = X[order], y``, or ``X = X[order]`` and then ``y2 = y``: the other one by ``order``.

    It is a name that was given the array in the same lines, and passed on as it was.
    """
    span = tape.sites[node.site].span
    names = names_behind(tape, other, np.shape(node.value)[:1])
    source = Source(program.files[span.file])
    for block in blocks(source.tree):
        lines = [s for s in block if isinstance(s, ast.Assign)]
        if not any(s.lineno <= span.line <= (s.end_lineno or 0) for s in lines):
            continue
        lines.sort(key=lambda s: abs(s.lineno - span.line))
        for statement in lines:
            value = statement.value
            for part in value.elts if isinstance(value, ast.Tuple) else [value]:
                text = ast.unparse(part)
                if isinstance(part, ast.Name | ast.Attribute) and text in names:
                    return Edit(source.span(span.file, part), f"{text}[{order}]")
    return None


def blocks(tree: ast.AST) -> list[list[ast.stmt]]:
    """Every list of statements that follow each other."""
    return [
        value
        for node in ast.walk(tree)
        for _, value in ast.iter_fields(node)
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt)
    ]


def names_behind(tape: Tape, index: int, length: tuple[int, ...]) -> set[str]:
    """What an array, and those it was made from, are called; as long as the one beside it."""
    seen: set[int] = set()
    pending = [index]
    while pending and len(seen) < 40:
        index = pending.pop(0)
        if index not in seen:
            seen.add(index)
            pending += tape[index].parents
    long = {i for i in seen if length and length[0] in np.shape(tape[i].value)}
    return {binding.text for binding in tape.bindings if binding.node in long}


def same_index(program: Program, tape: Tape, node: Node, others: Iterable[int]) -> list[Option]:
    """The pick that took its rows in another order, with the index of the one that did not."""
    index = subscript_at(program, tape, node)
    for other in others:
        seen: set[int] = set()
        pending = [other]
        while pending and len(seen) < 40:
            candidate = tape[pending.pop(0)]
            if candidate.index in seen:
                continue
            seen.add(candidate.index)
            pending.extend(candidate.parents)
            theirs = subscript_at(program, tape, candidate)
            if index is None or theirs is None or candidate.frame != node.frame:
                continue
            file = tape.sites[candidate.site].span.file
            source = Source(program.files[file])
            text = ast.unparse(index.slice)
            if ast.unparse(theirs.slice) != text:
                edit = Edit(source.span(file, theirs.slice), text)
                return [Option((edit,), "picked by the same index")]
    return []


def subscript_at(program: Program, tape: Tape, node: Node) -> ast.Subscript | None:
    """The subscript that a node was picked by, as it stands in the program."""
    if node.op not in PICKS or node.site < 0:
        return None
    found = node_at(program, tape.sites[node.site].span)
    return found if isinstance(found, ast.Subscript) else None


def partner_name(tape: Tape, node: Node, other: int) -> str | None:
    """What the array that must keep step is called where the order is drawn."""
    length = np.shape(node.value)[0] if np.ndim(node.value) else -1
    index = other
    for _ in range(30):
        candidate = tape[index]
        if np.ndim(candidate.value) and length in np.shape(candidate.value):
            for frame in (node.frame, 0):
                for binding in reversed(tape.bindings):
                    if binding.frame == frame and binding.node == index:
                        return binding.text
        if not candidate.parents:
            return None
        index = candidate.parents[0]
    return None
