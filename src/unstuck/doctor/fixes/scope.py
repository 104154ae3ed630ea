"""Which expressions can be written at a place, and which recorded values they mean there."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from unstuck.doctor.fixes.functions import path
from unstuck.doctor.fixes.places import expression, key, parse
from unstuck.trace.program import Program
from unstuck.trace.tape import Binding, Node, Tape

LONGEST_TURN = 3000  # nodes that are looked through for the beginning of a loop


def names_at(tape: Tape, node: Node, program: Program | None = None) -> dict[str, int]:
    """Texts that can be written where a node was made, and the nodes that they mean there.

    A text means what it was last bound to in the same call, in the calls around a nested
    function, or in the module. With ``program``, texts that the function shadows or has not
    assigned yet are left out.
    """
    return Scopes(tape, program).at(node)


@dataclass
class _Bound:
    """The bindings of one text in one frame, in order."""

    at: list[int] = field(default_factory=list)
    node: list[int] = field(default_factory=list)

    def before(self, index: int) -> tuple[int, int] | None:
        """The last binding made before a node, as (place, node)."""
        k = bisect_right(self.at, index) - 1
        return (self.at[k], self.node[k]) if k >= 0 else None

    def after(self, index: int, end: int) -> int | None:
        """What the first binding behind a node means, if that was there before the node."""
        k = bisect_right(self.at, index)
        if k < len(self.at) and self.at[k] <= end and self.node[k] < index:
            return self.node[k]
        return None


class Scopes:
    """The scopes of one tape, to ask for many nodes."""

    def __init__(self, tape: Tape, program: Program | None = None) -> None:
        self.tape = tape
        self._bindings: dict[int, list[Binding]] = defaultdict(list)
        for binding in tape.bindings:
            self._bindings[binding.frame].append(binding)
        self._bound: dict[int, dict[str, _Bound]] = {}
        self._instances: dict[int, dict[int, list[int]]] = {}
        self.locals = {} if program is None else _locals(program)
        self._objects: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, frame in enumerate(tape.frames):
            if len(parts := path(frame.function)) > 1:
                self._objects[frame.file, parts[-2]].append(number)

    def bound(self, frame: int) -> dict[str, _Bound]:
        """The bindings of one frame by their text."""
        if frame not in self._bound:
            found = self._bound[frame] = {}
            for binding in self._bindings.get(frame, ()):
                if not _is_expression(binding.text):  # a statement that changes a value in place
                    continue
                text = found.setdefault(key(binding.text), _Bound())
                text.at.append(binding.at)
                text.node.append(binding.node)
        return self._bound[frame]

    def instances(self, node: Node) -> list[int]:
        """The nodes that the site of a node made in the same frame."""
        if node.site not in self._instances:
            found: dict[int, list[int]] = defaultdict(list)
            for other in self.tape.nodes:
                if other.site == node.site:
                    found[other.frame].append(other.index)
            self._instances[node.site] = found
        return self._instances[node.site][node.frame]

    def at(self, node: Node) -> dict[str, int]:
        """The texts for the place of one node (see `names_at`)."""
        found: dict[str, int] = {}
        line = self._line(node)
        for frame in self._around(node.frame):
            shadowed = self._shadowed(node.frame, frame)
            for text, bound in self.bound(frame).items():
                if text in found or not shadowed.isdisjoint(_roots(text)):
                    continue
                index = self._means(text, bound, node, frame)
                if index is not None and not self._too_early(text, node.frame, line):
                    found[text] = index
        for text, index in self._own_attributes(node).items():
            found.setdefault(text, index)
        return found

    def _means(self, text: str, bound: _Bound, node: Node, frame: int) -> int | None:
        before = bound.before(node.index)
        if frame != node.frame:
            return None if before is None else before[1]
        instances = self.instances(node)
        k = bisect_right(instances, node.index)
        following = instances[k] if k < len(instances) else len(self.tape.nodes)
        later = bound.after(node.index, following)
        if before is None:
            return later
        if later is None or not _varies(text):
            return before[1]
        previous = instances[k - 2] if k > 1 else -1
        this_turn = before[0] > previous and self._bound_first(text, bound, node, instances[0])
        return before[1] if this_turn else later

    def _bound_first(self, text: str, bound: _Bound, node: Node, first: int) -> bool:
        """True if a turn of the loop around a node binds a text before it comes to the node.

        A text that means what it meant last is not bound again; but it is read.
        """
        site = self.tape.site_of(node)
        if site is None or not site.loops:
            return True
        start = first
        while start > max(0, first - LONGEST_TURN):
            made = self.tape[start - 1]
            around = self.tape.site_of(made)
            if made.frame == node.frame and (around is None or site.loops[-1] not in around.loops):
                break
            start -= 1
        if any(start <= at <= first for at in bound.at):
            return True
        turn = self.tape.nodes[start:first]
        sites = (self.tape.site_of(n) for n in turn if n.frame == node.frame)
        return any(other is not None and text in _parts(other.text) for other in sites)

    def _around(self, frame: int) -> Iterable[int]:
        """The frame, those lexically around it that are still open, and the module's."""
        yield frame
        here = path(self.tape.frames[frame].function) if self.tape.frames else []
        number = frame
        while self.tape.frames and number > 0:
            number = self.tape.frames[number].parent
            around = path(self.tape.frames[number].function)
            if 0 < len(around) < len(here) and here[: len(around)] == around:
                yield number
        if frame != 0 and self.tape.frames:
            if self.tape.frames[0].file == self.tape.frames[frame].file:
                yield 0

    def _line(self, node: Node) -> int:
        site = self.tape.site_of(node)
        return site.statement[0] if site is not None else 0

    def _shadowed(self, frame: int, other: int) -> frozenset[str]:
        if frame == other or not self.tape.frames:
            return frozenset()
        here = self.tape.frames[frame]
        known = self.locals.get((here.file, _last(here.function)))
        return frozenset(known) if known else frozenset()

    def _too_early(self, text: str, frame: int, line: int) -> bool:
        """True of a local that is first assigned behind a line (and on no way round a loop)."""
        if not self.tape.frames or not text.isidentifier():
            return False
        here = self.tape.frames[frame]
        known = self.locals.get((here.file, _last(here.function)), {})
        return known.get(text, 0) >= line > 0

    def _own_attributes(self, node: Node) -> Mapping[str, int]:
        """``self.x`` as other methods of the same object left it."""
        if not self.tape.frames or len(parts := path(self.tape.frames[node.frame].function)) < 2:
            return {}
        mine = self.bound(node.frame)
        evidence = {
            (text, index)
            for text, bound in mine.items()
            if text.startswith("self.")
            for index in bound.node
        }
        found: dict[str, tuple[int, int]] = {}
        frames = self._objects[self.tape.frames[node.frame].file, parts[-2]]
        for frame in frames:
            if frame == node.frame or self.tape.frames[frame].at > node.index:
                continue
            theirs = self.bound(frame)
            if evidence and not any(
                text in theirs and index in theirs[text].node for text, index in evidence
            ):
                continue
            for text, bound in theirs.items():
                if not text.startswith("self.") or "[" in text or text in mine:
                    continue
                before = bound.before(node.index)
                if before is not None and (text not in found or before > found[text]):
                    found[text] = before
        return {text: index for text, (_, index) in found.items()}


def counters(names: Mapping[str, int]) -> dict[str, int]:
    """Loop counters, told by items: where ``a[i]`` means the same node as ``a[2]``, ``i`` is 2."""
    constant: dict[tuple[str, int], list[int]] = defaultdict(list)
    open_items: list[tuple[str, str, int, int]] = []
    for text, node in names.items():
        if text[-1:] != "]":
            continue
        tree = expression(text)
        if not isinstance(tree, ast.Subscript):
            continue
        base = ast.unparse(tree.value)
        match tree.slice:
            case ast.Constant(value=int() as index):
                constant[base, node].append(index)
            case ast.Name(id=name):
                open_items.append((base, name, 0, node))
            case ast.BinOp(
                left=ast.Name(id=name),
                op=ast.Add() | ast.Sub() as op,
                right=ast.Constant(value=int() as by),
            ):
                open_items.append((base, name, by if isinstance(op, ast.Add) else -by, node))
    found: dict[str, set[int]] = defaultdict(set)
    for base, name, by, node in open_items:
        if len(places := constant.get((base, node), [])) == 1:
            found[name].add(places[0] - by)
    return {name: next(iter(values)) for name, values in found.items() if len(values) == 1}


def _last(function: str) -> str:
    parts = path(function)
    return parts[-1] if parts else ""


def _roots(text: str) -> set[str]:
    if text.isidentifier():
        return {text}
    try:
        return {node.id for node in ast.walk(expression(text)) if isinstance(node, ast.Name)}
    except SyntaxError:
        return {text}


@lru_cache(maxsize=4096)
def _is_expression(text: str) -> bool:
    if text.isidentifier():
        return True
    try:
        expression(text)
    except (SyntaxError, ValueError):
        return False
    return True


@lru_cache(maxsize=4096)
def _parts(text: str) -> frozenset[str]:
    """The expressions within an expression, as `key` spells them."""
    try:
        tree = expression(text)
    except (SyntaxError, ValueError):
        return frozenset()
    return frozenset(ast.unparse(part) for part in ast.walk(tree) if isinstance(part, ast.expr))


def _varies(text: str) -> bool:
    """True of an item whose index holds a name: it may mean another item in the next iteration."""
    if text[-1:] != "]":
        return False
    return any(
        isinstance(node, ast.Subscript)
        and any(isinstance(n, ast.Name) for n in ast.walk(node.slice))
        for node in ast.walk(expression(text))
    )


def _locals(program: Program) -> dict[tuple[str, str], dict[str, int]]:
    """For each function its local names, with the line that first assigns them (0: arguments)."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for file, text in program.files.items():
        try:
            tree = parse(text)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                found[file, node.name] = _assigned(node)
        found[file, ""] = _assigned(tree)
    return found


def _assigned(function: ast.FunctionDef | ast.Module) -> dict[str, int]:
    lines: dict[str, int] = {}
    free: set[str] = set()
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Global | ast.Nonlocal):
            free.update(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            lines[node.id] = min(lines.get(node.id, node.lineno), node.lineno)
        stack.extend(ast.iter_child_nodes(node))
    if isinstance(function, ast.FunctionDef):
        spec = function.args
        every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
        lines.update({each.arg: 0 for each in every if each is not None})
    return {name: line for name, line in lines.items() if name not in free}
