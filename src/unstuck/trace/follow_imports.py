"""Which of a program's own modules it imports: read off its source, without running it.

Imports that stand anywhere in a file count, also inside functions, and so do
``importlib.import_module("name")`` and folders that the program adds to ``sys.path`` by a literal.
What cannot be seen this way is imported all the same when the program runs; it is only not
watched.
"""

from __future__ import annotations

import ast
import posixpath
import sys
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from unstuck.base.errors import InvalidInputError
from unstuck.trace.sources import read_source

MOST_FILES = 200
MOST_CHARACTERS = 8_000_000  # of all files together


def parse(text: str) -> ast.Module | None:
    """The syntax tree, or None where this Python cannot parse it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "invalid escape sequence" is the program's business
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def follow_imports(folder: Path, entry: str, text: str, roots: Sequence[str]) -> dict[str, str]:
    """The entry and every file under ``folder`` that it imports, by relative POSIX path.

    ``roots`` are the folders, relative to ``folder``, in which absolute imports are looked up.
    """
    files = {entry: text}
    queue = deque([entry])
    total = len(text)
    while queue:
        file = queue.popleft()
        tree = parse(files[file])
        if tree is None:
            continue
        for found in _imported_files(folder, file, tree, roots):
            if found in files or len(files) >= MOST_FILES:
                continue
            try:
                source = read_source(folder / found)
            except InvalidInputError:  # whoever imports it will be told by Python
                continue
            if total + len(source) > MOST_CHARACTERS:
                continue
            total += len(source)
            files[found] = source
            queue.append(found)
    return files


def has_relative_import(tree: ast.Module) -> int:
    """How many packages up the farthest relative import reaches; 0 if there is none."""
    return max(
        (n.level for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level), default=0
    )


def _imported_files(
    folder: Path, file: str, tree: ast.Module, roots: Sequence[str]
) -> Iterator[str]:
    here = posixpath.dirname(file)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                for root in roots:
                    yield from _module_files(folder, root, alias.name)
        elif isinstance(node, ast.ImportFrom):
            for root in _up(here, node.level - 1) if node.level else roots:
                yield from _from_files(folder, root, node)
        elif isinstance(node, ast.Call) and (called := _imported_by_call(node)):
            for root in roots:
                yield from _module_files(folder, root, called)


def _from_files(folder: Path, root: str, node: ast.ImportFrom) -> Iterator[str]:
    module = node.module or ""
    if module or node.level:
        yield from _module_files(folder, root, module, relative=bool(node.level))
    for alias in node.names:
        if alias.name != "*":
            dotted = f"{module}.{alias.name}" if module else alias.name
            yield from _module_files(folder, root, dotted, relative=bool(node.level))


def _module_files(folder: Path, root: str, name: str, *, relative: bool = False) -> Iterator[str]:
    """The files that importing ``name`` from ``root`` runs: packages on the way, then itself."""
    parts = name.split(".") if name else []
    if parts and not relative and parts[0] in sys.builtin_module_names:
        return
    here = root
    if relative:
        yield from _existing(folder, posixpath.join(here, "__init__.py"))
    for part in parts:
        here = posixpath.join(here, part)
        if (folder / here).is_dir():
            yield from _existing(folder, posixpath.join(here, "__init__.py"))
        else:
            yield from _existing(folder, here + ".py")
            return


def _existing(folder: Path, file: str) -> Iterator[str]:
    if (folder / file).is_file():
        yield file


def _up(here: str, levels: int) -> list[str]:
    """The folder so many levels up, or nothing if that lies outside."""
    for _ in range(levels):
        if not here:
            return []
        here = posixpath.dirname(here)
    return [here]


def _imported_by_call(node: ast.Call) -> str | None:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    called = node.func.id if isinstance(node.func, ast.Name) else called
    if called in {"import_module", "__import__"} and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return first.value.lstrip(".")
    return None
