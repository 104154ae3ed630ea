"""Which functions and classes are the notebook's own, and whether their source is known."""

from __future__ import annotations

import ast
import types
from collections.abc import Mapping, Sequence
from typing import Any

from unstuck.app.notebook.history import IMPORTS, Statement

LAMBDA = "<lambda>"


class Own:
    """Looks up what a notebook defined; ``names`` maps IPython's file names to execution counts."""

    def __init__(
        self, history: Sequence[Statement], space: Mapping[str, Any], names: Mapping[str, int]
    ) -> None:
        self.space = space
        self.names = names
        self.last: dict[str, Statement] = {
            name: statement for statement in history for name in statement.binds
        }
        self.lambdas = {
            id(value): name
            for name, value in space.items()
            if isinstance(value, types.FunctionType) and value.__name__ == LAMBDA
        }

    def imports(self, statement: Statement) -> bool:
        """True for an import."""
        return isinstance(statement.node, IMPORTS)

    def name_of(self, value: Any) -> str:
        """The name under which the notebook defines a function or class; "" for a library's.

        Raises `LookupError`, with what is to be said, where its source is not known.
        """
        if getattr(value, "__module__", None) != "__main__":
            return ""
        name = getattr(value, "__name__", "")
        if isinstance(value, types.FunctionType) and name == LAMBDA:
            name = self.lambdas.get(id(value), "")
            if name and name in self.last:
                return name
            raise LookupError(f"a lambda without a name of its own ({self.where(value)})")
        what = "class" if isinstance(value, type) else "function"
        if self.space.get(name) is value and (name in self.last or "*" in self.last):
            return str(name)  # "*": of a file that was imported or run as a whole
        if "<locals>" in getattr(value, "__qualname__", ""):
            outer = value.__qualname__.split(".<locals>")[0]
            raise LookupError(f"a {what} that was made while `{outer}` ran")
        if name in self.last and isinstance(self.last[name].node, ast.ClassDef | ast.FunctionDef):
            raise LookupError(
                f"of an earlier form of the {what} `{name}`, which In [{self.last[name].cell}] "
                "defined anew; run the cells that use it again"
            )
        raise LookupError(f"a {what} whose source is not known, `{name}`")

    def where(self, value: types.FunctionType) -> str:
        """The cell in which a function was defined."""
        number = self.names.get(value.__code__.co_filename)
        return f"In [{number}]" if number else "not from a cell"
