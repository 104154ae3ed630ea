"""A neighbouring item of a list: ``activations[d - 1]`` where ``activations[d]`` is written.

A list's items are on no list of names unless the program wrote them, but every item is a recorded
value. The value that would make the expression right is looked for among all of them; which
neighbour it is, the numbers of the indices or the order of the items tell.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from unstuck.doctor.fixes.bench import Bench, Instance, ratio
from unstuck.doctor.fixes.interpret import CannotEvaluate, place
from unstuck.doctor.fixes.places import bracketed, parse
from unstuck.doctor.fixes.variants import Variant, leaves, segment, swap

FURTHEST = 3000  # nodes before an instance that are looked at


def shifted(bench: Bench) -> Iterator[Variant]:
    """Indices one further or one less, where some recorded value makes the expression right."""
    for leaf in leaves(bench):
        if not isinstance(leaf, ast.Subscript) or not isinstance(leaf.slice, ast.expr):
            continue
        if isinstance(leaf.slice, ast.Slice | ast.Tuple):
            continue
        if isinstance(leaf.slice, ast.Constant) and not isinstance(leaf.slice.value, int):
            continue
        found = needed(bench, leaf)
        if found is None:
            continue
        nodes, factor = found
        step = direction(bench, leaf, nodes)
        index = shift(segment(bench, leaf.slice), leaf.slice, step)
        text = f"{segment(bench, leaf.value)}[{index}]"
        variant = swap(bench, leaf, text, "operand", 1.0)
        if variant is not None:
            yield replace(variant, factor=factor)


def shift(text: str, index: ast.expr, step: int) -> str:
    """An index one more or less, without ``+ 1 - 1``."""
    number = _constant(index)
    if number is not None:
        return str(number + step)
    if isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add | ast.Sub):
        last = _constant(index.right)
        if last is not None:
            total = step + (last if isinstance(index.op, ast.Add) else -last)
            base = text[: len(text) - len(ast.unparse(index.right))].rstrip(" +-")
            return _plus(base, total, text)
    return _plus(bracketed(text, 11), step, text)


def _plus(base: str, total: int, text: str) -> str:
    if total == 0:
        return base
    space = " " if " " in text or text.isidentifier() else ""
    return f"{base}{space}{'+' if total > 0 else '-'}{space}{abs(total)}"


def _constant(node: ast.expr) -> int | None:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _constant(node.operand)
        return None if inner is None else -inner
    return None


def needed(bench: Bench, leaf: ast.Subscript) -> tuple[list[int], float] | None:
    """For each instance the node that the leaf should have meant, by one common factor."""
    found: list[int] = []
    factor: float | None = None
    for instance in bench.instances:
        best = None
        for index, value in _near(bench, instance, leaf):
            now = _with(bench, instance, leaf, value)
            if now is None:
                continue
            scale = ratio(now, instance.true, bench.tolerance)
            if scale is None or np.isnan(scale):
                continue
            if factor is None or abs(scale - factor) <= bench.tolerance * abs(factor):
                best = index
                factor = scale
                break
        if best is None:
            return None
        found.append(best)
    return None if factor is None else (found, factor)


def _near(bench: Bench, instance: Instance, leaf: ast.Subscript) -> Iterator[tuple[int, Any]]:
    """Recorded values before an instance, the most recent first, without what is written."""
    text = place(leaf)
    own = instance.names.get(text or "")
    rank = np.ndim(bench.value_or_none(leaf))
    last = instance.node.index - 1
    seen: set[int] = set()
    named = [index for index in instance.names.values() if index <= last]
    for index in (*range(last, max(-1, last - FURTHEST), -1), *named):
        if index == own or index in seen:
            continue
        seen.add(index)
        value = instance.of(index, bench.tape)
        if np.ndim(value) == rank:
            yield index, value


def _with(bench: Bench, instance: Instance, leaf: ast.Subscript, value: Any) -> Any:
    """The expression with another value for the leaf, at one instance."""
    memo = instance.env.memo
    if memo is None:
        return None
    above: list[ast.AST] = [leaf]
    while (parent := bench.parents.get(id(above[-1]))) is not None:
        above.append(parent[0])
    kept = {id(node): memo.pop(id(node)) for node in above if id(node) in memo}
    memo[id(leaf)] = leaf, value
    try:
        return bench.value(bench.tree, instance)
    except CannotEvaluate:
        return None
    finally:
        for node in above:
            memo.pop(id(node), None)
        memo.update(kept)


def direction(bench: Bench, leaf: ast.Subscript, found: list[int]) -> int:
    """+1 or -1: which neighbour the nodes that were found are."""
    numbers = _by_number(bench, leaf, found)
    if numbers is not None:
        return numbers
    text = place(leaf) or ""
    written = [instance.names.get(text, -1) for instance in bench.instances]
    descending = -1 if _descends(bench, leaf.slice) else 1
    for k, (own, wanted) in enumerate(zip(written, found, strict=True)):
        following = written[k + 1] if k + 1 < len(written) else -1
        before = written[k - 1] if k else -1
        if wanted == following != own:
            return descending
        if wanted == before != own:
            return -descending
    older = sum(w < o for w, o in zip(found, written, strict=True))
    return -1 if 2 * older >= len(found) else 1


def _by_number(bench: Bench, leaf: ast.Subscript, found: list[int]) -> int | None:
    """The step, where the index's value is known at enough instances."""
    text = place(leaf) or ""
    known: dict[int, int] = {}
    for instance in bench.instances:
        try:
            index = int(bench.interpreter.evaluate_in(leaf.slice, instance.env))
        except (CannotEvaluate, TypeError, ValueError):
            return None
        if text in instance.names:
            known.setdefault(instance.names[text], index)
    for instance, wanted in zip(bench.instances, found, strict=True):
        own = known.get(instance.names.get(text, -1))
        other = known.get(wanted)
        if own is not None and other is not None and abs(own - other) == 1:
            return other - own
    return None


def _descends(bench: Bench, index: ast.expr) -> bool:
    """True if the loop that counts the index counts down (and the index is not negated)."""
    names = {node.id for node in ast.walk(index) if isinstance(node, ast.Name)}
    negated = any(
        isinstance(node, ast.UnaryOp)
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)
            and any(isinstance(n, ast.Name) for n in ast.walk(node.right)))
        for node in ast.walk(index)
    )  # fmt: skip
    down = False
    for node in ast.walk(parse(bench.program.files[bench.file])):
        if not isinstance(node, ast.For) or not _inside(bench, node):
            continue
        targets = {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        if targets & names:
            down = _counts_down(node.iter)
    return down != negated


def _inside(bench: Bench, node: ast.For) -> bool:
    line = bench.site.span.line
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _counts_down(node: ast.expr) -> bool:
    text = ast.unparse(node)
    if "reversed(" in text or "[::-1]" in text:
        return True
    if isinstance(node, ast.Call) and len(node.args) == 3:
        return (_constant(node.args[2]) or 0) < 0
    return False
