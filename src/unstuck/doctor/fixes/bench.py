"""The workbench of a repair: one expression, its recorded instances, and what it should have given.

A replacement is tried by evaluating it at every instance, at the recorded and at generic
parameters. It fits if it gives the true value times one factor that all instances share.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.doctor.fixes.interpret import CannotEvaluate, Environment, Interpreter, place
from unstuck.doctor.fixes.observe import observed
from unstuck.doctor.fixes.places import Source, children, expression, key, parse
from unstuck.doctor.fixes.scope import Scopes, counters
from unstuck.trace.program import Program
from unstuck.trace.tape import Node, Site, Tape

TOLERANCE = 1e-6
SINGLE = 2e-4  # where the program computes in float32
MOST_NAMES = 80
SCREENED = 64  # entries of a large array that are compared first


@dataclass(frozen=True, slots=True)
class Wanted:
    """The true values at the instances of one site, up to one common factor.

    Attributes
    ----------
    site : int
        The id of the site whose expression is to be replaced.
    instances : sequence of int
        Indices of its nodes; one may come several times, at several points.
    values : sequence of arrays
        The true value at each instance.
    points : sequence of mappings
        For each instance the values (by node) that differ from the tape; empty: as recorded.
    factor : float or None
        What ``replacement / true value`` must be; None leaves it open (its sign too).
    """

    site: int
    instances: Sequence[int]
    values: Sequence[Any]
    points: Sequence[Mapping[int, Any]] = ()
    factor: float | None = None


@dataclass(slots=True)
class Instance:
    """One instance: its node, the true value, what the names mean, and evaluated trees."""

    node: Node
    true: Any
    point: Mapping[int, Any]
    names: Mapping[str, int]  # nodes by text
    numbers: Mapping[str, Any]  # plain numbers by text
    env: Environment

    def of(self, index: int, tape: Tape) -> Any:
        """The value of a node at this point."""
        return self.point.get(index, tape[index].value)


@dataclass(slots=True)
class Bench:
    """One site with its instances, to try replacements on."""

    program: Program
    interpreter: Interpreter
    tape: Tape
    site: Site
    instances: list[Instance]
    tree: ast.expr
    source: Source
    factor: float | None
    statement: ast.stmt | None = None  # of an augmented assignment or an item write
    parents: dict[int, tuple[ast.AST, str, int | None]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)  # names usable at every instance, nearest first
    tolerance: float = TOLERANCE
    tried: int = 0
    parsed: list[ast.Module] = field(default_factory=list)
    extents: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    called: list[ast.Call] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The file of the site."""
        return self.site.span.file

    def alias(self, module: str) -> str | None:
        """What the file calls a module."""
        return self.interpreter.names[self.file].alias(module)

    def value(self, tree: ast.expr, instance: Instance) -> Any:
        """The value of a tree at an instance; raises `CannotEvaluate`."""
        return self.interpreter.evaluate_in(tree, instance.env)

    def value_or_none(self, tree: ast.expr) -> Any:
        """The value of a tree at the first instance, None where it cannot be evaluated."""
        try:
            return self.value(tree, self.instances[0])
        except CannotEvaluate:
            return None

    def first(self, text: str) -> Any:
        """What a text means at the first instance."""
        found = self.instances[0]
        if text in found.names:
            return found.of(found.names[text], self.tape)
        return found.numbers.get(text)

    def fits(self, tree: ast.expr) -> float | None:
        """The common factor to the true values, None where there is none.

        Raises
        ------
        CannotEvaluate
            The tree cannot be evaluated at some instance.
        """
        self.tried += 1
        factor: float | None = None
        count = 0
        for instance in self.instances:
            value = self.value(tree, instance)
            found = ratio(value, instance.true, self.tolerance)
            if found is None:
                return None
            if np.isnan(found):  # both zero: says nothing
                continue
            count += np.size(instance.true)
            if factor is None:
                factor = found
            elif abs(found - factor) > self.tolerance * abs(factor):
                return None
        enough = count > (1 if self.factor is None else 0)
        return factor if enough else None

    def keep(self, tree: ast.expr) -> None:
        """Let the value of a tree that will come up again be computed once an instance."""
        self.instances[0].env.keep.add(id(tree))

    def good(self, factor: float) -> bool:
        """True of the factor that is asked for (of every positive one where none is)."""
        if self.factor is None:
            return factor > 0
        return abs(factor - self.factor) <= 1e-4 * abs(self.factor)

    def trees(self) -> list[ast.Module]:
        """The program's files, parsed."""
        if not self.parsed:
            for text in self.program.files.values():
                try:
                    self.parsed.append(parse(text))
                except (SyntaxError, ValueError):
                    continue
        return self.parsed

    def calls(self) -> list[ast.Call]:
        """Every call in the program."""
        if not self.called:
            self.called = [
                node
                for tree in self.trees()
                for node in ast.walk(tree)
                if isinstance(node, ast.Call)
            ]
        return self.called

    def nodes(self) -> Iterator[ast.expr]:
        """Every expression of the site, outermost first."""
        todo: list[ast.AST] = [self.tree]
        while todo:
            node = todo.pop(0)
            if isinstance(node, ast.expr):
                yield node
            todo.extend(child for _, _, child in children(node))


def ratio(value: Any, true: Any, tolerance: float) -> float | None:
    """``value / true`` if that is one number (NaN: both are zero), else None.

    A few entries decide first: most values are not right, and the arrays may be large.
    """
    try:
        v, t = np.asarray(value, dtype=float), np.asarray(true, dtype=float)
    except (TypeError, ValueError):
        return None
    if v.shape != t.shape:
        if v.size != t.size or np.squeeze(v).shape != np.squeeze(t).shape:
            return None
        if np.broadcast_shapes(v.shape, t.shape) not in {v.shape, t.shape}:
            return None
    v, t = v.ravel(), t.ravel()
    if t.size > 4 * SCREENED:
        step = t.size // SCREENED
        some = _ratio(v[::step], t[::step], 10 * tolerance)
        if some is None:
            return None
    return _ratio(v, t, tolerance)


def _ratio(v: Any, t: Any, tolerance: float) -> float | None:
    size = float((t * t).sum())
    if not np.isfinite(size):
        return None
    if size == 0.0:
        return float("nan") if not v.any() else None
    factor = float((v * t).sum()) / size
    if factor == 0.0 or not np.isfinite(factor):
        return None
    error = v - factor * t
    return factor if (error * error).sum() <= tolerance**2 * (v * v).sum() else None


def prepare(program: Program, tape: Tape, wanted: Wanted) -> Bench | None:
    """Set a workbench up; None where the site's text cannot be read as an expression."""
    site = tape.sites[wanted.site]
    read = read_site(site.text)
    if read is None:
        return None
    tree, statement, source = read
    interpreter = Interpreter(program)
    scopes = Scopes(tape, program)
    points = wanted.points or [{}] * len(wanted.instances)
    instances: list[Instance] = []
    keep = {id(part) for part in ast.walk(tree)}
    scope_of: dict[int, dict[str, int]] = {}
    numbers_of: dict[int, dict[str, Any]] = {}
    trees_of: dict[int, list[tuple[ast.expr, Any]]] = {}
    for index, true, point in zip(wanted.instances, wanted.values, points, strict=True):
        node = tape[index]
        if index not in scope_of:
            trees_of[index], read_names, numbers_of[index] = observed(tape, site, tree, node)
            scope_of[index] = scopes.at(node) | read_names
            numbers_of[index] = counters(scope_of[index]) | numbers_of[index]
        names = scope_of[index]
        values = numbers_of[index] | {
            text: point.get(number, tape[number].value) for text, number in names.items()
        }
        env = interpreter.environment(
            values,
            function=site.function,
            file=site.span.file,
            module=_module(tape, scopes, node, point),
        )
        env.memo, env.keep = {}, keep
        instances.append(Instance(node, true, point, names, numbers_of[index], env))
    if not instances:
        return None
    bench = Bench(
        program, interpreter, tape, site, instances, tree, source, wanted.factor, statement
    )
    bench.parents = {
        id(child): (node, name, number)
        for node in ast.walk(tree)
        for name, number, child in children(node)
    }
    if any(np.asarray(each.node.value).dtype == np.float32 for each in instances):
        bench.tolerance = SINGLE
    for instance in instances:
        _remember(bench, instance, trees_of[instance.node.index])
    bench.texts = _texts(bench)
    return bench


def read_site(text: str) -> tuple[ast.expr, ast.stmt | None, Source] | None:
    """The expression of a site's text: of an assignment what is assigned."""
    try:
        return expression(text), None, Source(text)
    except SyntaxError:
        pass
    try:
        statement = ast.parse(text).body[0]
    except (SyntaxError, IndexError):
        return None
    if isinstance(statement, ast.AugAssign | ast.Assign):
        return statement.value, statement, Source(text)
    return None


def _module(tape: Tape, scopes: Scopes, node: Node, point: Mapping[int, Any]) -> dict[str, Any]:
    """What the module's names mean inside helpers."""
    found: dict[str, Any] = {}
    if tape.frames and tape.frames[0].file == tape.frames[node.frame].file:
        for text, bound in scopes.bound(0).items():
            if text.isidentifier() and (before := bound.before(node.index)) is not None:
                found[text] = point.get(before[1], tape[before[1]].value)
    return found


def _remember(bench: Bench, instance: Instance, trees: list[tuple[ast.expr, Any]]) -> None:
    """Put what the tape knows of the site's own parts into the memo, if it adds up."""
    memo = instance.env.memo
    if memo is None:
        return
    for tree, reference in trees:
        value = (
            instance.of(reference.index, bench.tape) if hasattr(reference, "index") else reference
        )
        memo[id(tree)] = tree, value
    try:
        now = bench.value(bench.tree, instance)
    except CannotEvaluate:
        return
    if bench.statement is None and not _equal(now, instance.of(instance.node.index, bench.tape)):
        memo.clear()


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(np.allclose(a, b, rtol=1e-6, atol=1e-12, equal_nan=True))
    except (TypeError, ValueError):
        return False


def _texts(bench: Bench) -> list[str]:
    """The names with numeric values that every instance has, the most recent first, one a value."""
    common = set.intersection(*(set(each.names) for each in bench.instances))
    own = {key(target) for target in bench.site.targets}
    first = bench.instances[0]
    written = {place(node) for node in ast.walk(bench.tree) if isinstance(node, ast.expr)}
    ordered = sorted(
        common - own,
        key=lambda text: (text not in written, -first.names[text], len(text), text),
    )
    seen: set[tuple[int, ...]] = set()
    found: list[str] = []
    for text in ordered:
        nodes = tuple(each.names[text] for each in bench.instances)
        if nodes in seen or any(
            number >= each.node.index for number, each in zip(nodes, bench.instances, strict=True)
        ):
            continue
        value = first.of(nodes[0], bench.tape)
        if not isinstance(value, np.ndarray | np.generic | float | int | complex):
            continue
        seen.add(nodes)
        found.append(text)
    return found[:MOST_NAMES]
