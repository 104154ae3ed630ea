"""Which statements of earlier cells made the values that a cell needs.

They run again in the child, so that the doctor sees where data and weights come from and can mend
them there. Values themselves are copied all the same: what runs again and comes out differently
is replaced by its copy.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from unstuck.app.notebook.history import Statement

SEEDS = ("seed", "set_state", "setstate")


@dataclass(slots=True)
class Slices:
    """The statements to run again, in order.

    ``incomplete`` are names of which something in their making cannot be repeated.
    """

    kept: dict[int, Statement] = field(default_factory=dict)
    incomplete: set[str] = field(default_factory=set)

    @property
    def ordered(self) -> list[Statement]:
        """In the order in which they ran."""
        return [self.kept[position] for position in sorted(self.kept)]

    @property
    def made(self) -> set[str]:
        """Names that the statements give a meaning."""
        return {name for statement in self.kept.values() for name in statement.binds}


def slices_of(
    names: Iterable[str],
    history: Sequence[Statement],
    *,
    skipped: frozenset[int] = frozenset(),
) -> Slices:
    """What made ``names``, and what that needs; ``skipped`` positions are not run again."""
    found = Slices()
    seen: set[tuple[str, int]] = set()
    waiting = [(name, len(history)) for name in names]
    while waiting:
        name, before = waiting.pop()
        if (name, before) in seen:
            continue
        seen.add((name, before))
        for statement in events_of(name, history, before):
            usable = statement.repeatable and statement.position not in skipped
            if not usable:
                found.incomplete.add(name)
                continue
            if statement.position in found.kept:
                continue
            found.kept[statement.position] = statement
            # A function takes its names when it is called, which may be later.
            until = len(history) if statement.defines else statement.position
            waiting += [(other, until) for other in statement.needs]
    if any(draws(statement) for statement in found.kept.values()):
        for statement in history:
            if seeds(statement) and statement.repeatable and statement.position not in skipped:
                found.kept.setdefault(statement.position, statement)
    spread(found)
    return found


def events_of(name: str, history: Sequence[Statement], before: int) -> list[Statement]:
    """The last statement that made a name, and those that changed its value since."""
    events: list[Statement] = []
    for statement in reversed(history[:before]):
        if name in statement.binds and name not in statement.changes:
            events.append(statement)
            if not conditional(statement):
                break
        elif name in statement.changes or (statement.defines and "*" in statement.binds):
            events.append(statement)
    return events[::-1]


def conditional(statement: Statement) -> bool:
    """True where a name may keep the meaning that it had."""
    return type(statement.node).__name__ in {"For", "If", "With", "Delete", "Try", "While"}


def draws(statement: Statement) -> bool:
    """True if random numbers may be drawn by a statement."""
    return (
        any(
            isinstance(node, ast.Attribute) and node.attr == "random"
            for node in ast.walk(statement.node)
        )
        or "random" in statement.needs
    )


def seeds(statement: Statement) -> bool:
    """True for ``np.random.seed(0)``."""
    node = statement.node
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr in SEEDS
    )


def spread(found: Slices) -> None:
    """What needs something incomplete is incomplete itself."""
    grew = True
    while grew:
        grew = False
        for statement in found.kept.values():
            if not statement.defines and not found.incomplete.isdisjoint(statement.needs):
                new = (statement.binds | statement.changes) - found.incomplete
                grew = grew or bool(new)
                found.incomplete |= new
