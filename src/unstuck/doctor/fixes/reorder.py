"""Statements put into another order: an update below the last use of what it changes.

Which names a statement reads and writes decides what may change places. Where neither the update
can go down nor its use up, the value is computed first and kept under a name of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unstuck.doctor.fixes.lines import path_to
from unstuck.doctor.fixes.patch import Edit, node_at
from unstuck.doctor.fixes.places import Source
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program

KEPT = "passed_back"  # what the value is called that is computed before the update


@dataclass(frozen=True, slots=True)
class Pair:
    """An update that stands before a use of what it changes; ``expression`` is that use."""

    file: str
    update: int
    use: int
    expression: SourceSpan


@dataclass(slots=True)
class Region:
    """Some statements of one block: those at ``updates`` stand before those at ``uses``."""

    file: str
    source: Source
    block: list[ast.stmt]
    updates: set[int]
    uses: set[int]
    expressions: set[SourceSpan]

    @property
    def first(self) -> int:
        """The number of the first statement."""
        return min(self.updates)

    @property
    def last(self) -> int:
        """The number of the last."""
        return max(self.uses)


def reordered(program: Program, pairs: Sequence[Pair]) -> tuple[Edit, ...]:
    """The edits after which every use stands before its update; none where that cannot be had."""
    regions: list[Region] = []
    for pair in pairs:
        region = region_of(program, pair)
        if region is None:
            return ()
        near = [r for r in regions if overlap(r, region)]
        for other in near:
            regions.remove(other)
            region.updates |= other.updates
            region.uses |= other.uses
            region.expressions |= other.expressions
        regions.append(region)
    edits = [updates_last(r) or uses_first(r) or computed_first(program, r) for r in regions]
    return tuple(edit for edit in edits if edit is not None) if all(edits) else ()


def overlap(one: Region, other: Region) -> bool:
    """True for regions that share statements."""
    same = one.file == other.file and one.block[0].lineno == other.block[0].lineno
    return same and one.first <= other.last and other.first <= one.last


def region_of(program: Program, pair: Pair) -> Region | None:
    """The statements of the innermost block that has both; None unless the update comes first."""
    source = Source(program.files[pair.file])
    ways = [path_to(source, line) for line in (pair.update, pair.use)]
    for (block, update), (other, use) in zip(*ways, strict=False):
        if block is not other:
            return None
        if update != use:
            if update > use:
                return None
            return Region(pair.file, source, block, {update}, {use}, {pair.expression})
    return None


# ------------------------------------------------------------------------------ three ways


def updates_last(region: Region) -> Edit | None:
    """All updates below the last use, if nothing that they read is written meanwhile."""
    block = region.block
    between = range(region.first, region.last + 1)
    stay = [n for n in between if n not in region.updates]
    for update in region.updates:
        later = [block[n] for n in stay if n > update]
        if any(isinstance(s, ast.Return | ast.Break | ast.Continue) for s in later):
            return None
        if meet(reads(block[update]), *(writes(s) for s in later)):
            return None
    return rewritten(region, [*stay, *sorted(region.updates)])


def uses_first(region: Region) -> Edit | None:
    """All uses above the first update, if what they read is there by then and nobody minds."""
    block = region.block
    between = range(region.first, region.last + 1)
    stay = [n for n in between if n not in region.uses]
    changed = [writes(block[n]) for n in region.updates]
    for use in region.uses:
        statement = block[use]
        if not isinstance(statement, ast.Assign):
            return None
        earlier = [n for n in stay if n < use]
        needed = {name for name in reads(statement) if not meet({name}, *changed)}
        if meet(needed, *(writes(block[n]) for n in earlier)):
            return None
        if meet(writes(statement), *(reads(block[n]) | writes(block[n]) for n in earlier)):
            return None
    return rewritten(region, [*sorted(region.uses), *stay])


def computed_first(program: Program, region: Region) -> Edit | None:
    """What is used is computed before the update, and kept under a name of its own."""
    if len(region.expressions) != 1 or len(region.updates) != 1:
        return None
    (span,) = region.expressions
    expression = node_at(program, span)
    source, block = region.source, region.block
    start, end = edges(region)
    if expression is None or "\n" in source.segment(expression) or not own_line(source, start):
        return None
    changed = writes(block[region.first])
    needed = {name for name in reads(expression) if not meet({name}, changed)}
    if meet(needed, *(writes(block[n]) for n in range(region.first, region.last))):
        return None
    name = KEPT
    while name in source.text:
        name += "_"
    first, last = (source.offset(*at) for at in (
        (span.line, span.column), (span.end_line, span.end_column)
    ))  # fmt: skip
    indent = source.text[source.starts[source.place(start)[0] - 1] : start]
    new = f"{name} = {source.text[first:last]}\n{indent}"
    text = new + source.text[start:first] + name + source.text[last:end]
    return Edit(source.between(region.file, start, end), text)


# ------------------------------------------------------------------------------------ text


def rewritten(region: Region, order: Sequence[int]) -> Edit | None:
    """The statements of a region in another order, each with what stands above it and beside it."""
    source, block = region.source, region.block
    start, end = edges(region)
    pieces: dict[int, str] = {}
    at = start
    for n in range(region.first, region.last + 1):
        begin, stop = source.extent(block[n])
        if not own_line(source, begin):
            return None
        line_end = source.starts[source.place(max(stop - 1, 0))[0]]
        if ";" in source.text[stop:line_end].split("#", maxsplit=1)[0]:
            return None
        stop = end if n == region.last else line_end
        pieces[n] = source.text[at:stop].strip()
        at = stop
    indent = source.text[source.starts[source.place(start)[0] - 1] : start]
    text = f"\n{indent}".join(pieces[n] for n in order)
    return Edit(source.between(region.file, start, end), text)


def edges(region: Region) -> tuple[int, int]:
    """Where a region begins and ends, with the comment behind its last statement."""
    source = region.source
    start, _ = source.extent(region.block[region.first])
    _, end = source.extent(region.block[region.last])
    line = source.starts[source.place(max(end - 1, 0))[0]]
    return start, end + len(source.text[end:line].rstrip())


def own_line(source: Source, offset: int) -> bool:
    """True if nothing but white space stands before a place."""
    line, column = source.place(offset)
    return not source.lines[line - 1][:column].strip()


# ----------------------------------------------------------------------------------- names


def reads(tree: ast.AST) -> set[str]:
    """Names, attributes and items that are read, other than the tree's own counters."""
    found = {text for text, context in mentions(tree) if isinstance(context, ast.Load)}
    counters = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.For | ast.comprehension)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }
    return (found - counters) | {
        text
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign) and (text := place_text(node.target)) is not None
    }


def writes(tree: ast.AST) -> set[str]:
    """Names, attributes and items that are written; also what a method of theirs may change."""
    found = {text for text, context in mentions(tree) if not isinstance(context, ast.Load)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = node.value.func
            owner = place_text(called.value) if isinstance(called, ast.Attribute) else None
            if owner is not None:  # `grads.append(...)` changes `grads`
                found.add(owner)
    return found


def mentions(tree: ast.AST) -> Iterator[tuple[str, ast.expr_context]]:
    """Every name, attribute or item, in the longest chains, and what its indices mention."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        text = place_text(node)
        if text is None or not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            pending.extend(ast.iter_child_nodes(node))
            continue
        yield text, node.ctx
        part: ast.AST = node
        while isinstance(part, ast.Attribute | ast.Subscript):
            if isinstance(part, ast.Subscript):
                pending.append(part.slice)
            part = part.value


def place_text(node: ast.AST) -> str | None:
    """One text for a name, attribute or item; what it is a part of is the text's beginning.

    >>> place_text(ast.parse("self.p['W1'].T", mode="eval").body)
    "self.p.['W1'].T"
    """
    parts: list[str] = []
    while isinstance(node, ast.Attribute | ast.Subscript):
        parts.append(
            node.attr if isinstance(node, ast.Attribute) else f"[{ast.unparse(node.slice)}]"
        )
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def meet(mine: set[str], *others: set[str]) -> bool:
    """True if a name, or a part or the owner of one, is also among the others."""
    return any(
        one == other or one.startswith(other + ".") or other.startswith(one + ".")
        for names in others
        for other in names
        for one in mine
    )
