"""Where a notebook's cell begins: what was made again before it gives way to the notebook's values.

The head of the program repeats the statements that made what the cell needs, so that the tape
knows where it comes from. At the boundary, what the notebook has takes its place, unless a repair
changed the statements that made it. The random generators go on from where the notebook's are.
"""

from __future__ import annotations

import ast
import json
import random
import sys
from contextlib import suppress
from typing import Any

import numpy as np

from .compare import compared
from .copies import Copies, NotCopied

NUMPY_STATE, RANDOM_STATE = "<numpy.random>", "<random>"
MOST_PAIRS = 20_000  # of values whose origin is handed on


class Boundary:
    """What happens between the head and the cell.

    ``told`` has the file of the values (``path``), the comment line above the cell (``marker``),
    the text of each statement of the head (``head``), the names to set (``copied``), and for a
    rehearsal the word that its answer begins with (``compare``).
    """

    def __init__(self, told: Any, run: Any) -> None:
        self.told = told
        self.run = run
        self.text: str = run.request["files"][run.request["entry"]]
        self.lines = self.text.split("\n")
        marked = told["marker"]
        self.line = self.lines.index(marked) + 1 if marked in self.lines else 1

    def cross(self, namespace: dict[str, Any]) -> None:
        """Set what the notebook has."""
        kept = self.touched()
        copies = Copies(self.told["path"], namespace)
        if self.told.get("compare"):
            self.tell(copies, namespace)
            return
        values = copies.values([name for name in self.told["copied"] if name not in kept])
        recorder = getattr(self.run.observer, "recorder", None)
        if recorder is not None:
            for name, value in values.items():
                hand_on(recorder, namespace.get(name), value)
        namespace.update(values)
        self.seed(copies)

    def tell(self, copies: Copies, namespace: dict[str, Any]) -> None:
        """Say which values came out as the notebook has them."""
        found = {}
        for name in self.told["copied"]:
            if name in namespace:
                value = copies.values([name]).get(name)
                if not isinstance(value, NotCopied):
                    found[name] = compared(namespace[name], value)
                else:
                    found[name] = "unknown"
        sys.stdout.write("\n" + self.told["compare"] + json.dumps(found) + "\n")
        sys.stdout.flush()

    def touched(self) -> set[str]:
        """Names that come out otherwise than before: the statements that make them changed."""
        original = set(self.told["head"])
        found: set[str] = set()
        tree = self.run.sources.trees.get(self.run.request["entry"])
        for node in tree.body if tree is not None else ():
            if node.lineno >= self.line:
                break
            text = "\n".join(self.lines[first_line(node) - 1 : node.end_lineno])
            names = {x.id for x in ast.walk(node) if isinstance(x, ast.Name)}
            if text not in original or not found.isdisjoint(names):
                found |= given(node)
        return found

    def seed(self, copies: Copies) -> None:
        """Random numbers as the notebook would draw them now; under another seed, others."""
        if self.run.request.get("seed") is None:
            states = copies.values([NUMPY_STATE, RANDOM_STATE])
            with suppress(Exception):
                np.random.set_state(states[NUMPY_STATE])  # noqa: NPY002 - the program's own
            with suppress(Exception):
                random.setstate(states[RANDOM_STATE])
            return
        for number, made in enumerate(copies.made):
            if isinstance(made, np.random.BitGenerator):
                with suppress(Exception):
                    start = self.run.seeds.start(number)
                    made.state = type(made)(np.random.SeedSequence(start)).state
            elif isinstance(made, random.Random):
                random.Random.seed(made, number)


def given(node: ast.AST) -> set[str]:
    """Names to which a statement may give another value."""
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            found.add(inner.id)
        elif isinstance(inner, (ast.Subscript, ast.Attribute)) and isinstance(inner.ctx, ast.Store):
            root: Any = inner
            while isinstance(root, (ast.Subscript, ast.Attribute)):
                root = root.value
            if isinstance(root, ast.Name):
                found.add(root.id)
        elif isinstance(inner, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            found.add(inner.name)
    return found


def first_line(node: Any) -> int:
    """Where a statement begins, its decorators included."""
    lines = [d.lineno for d in getattr(node, "decorator_list", ())]
    return int(min([node.lineno, *lines]))


def hand_on(recorder: Any, old: Any, new: Any) -> None:
    """Note for a value, and what is in it, where the one came from in whose place it stands."""
    waiting, seen = [(old, new)], 0
    while waiting and seen < MOST_PAIRS:
        before, after = waiting.pop()
        seen += 1
        if before is None or type(before) is not type(after):
            continue
        if isinstance(after, np.ndarray) or type(after) is float:
            recorder.remember(recorder.site_of(before), after)
        elif isinstance(after, (list, tuple)):
            waiting += zip(before, after)  # noqa: B905 - Python 3.8
        elif isinstance(after, dict):
            waiting += [(before.get(key), x) for key, x in after.items()]
        elif hasattr(after, "__dict__") and not isinstance(after, type):
            own = getattr(before, "__dict__", {})
            waiting += [(own.get(key), x) for key, x in after.__dict__.items()]
