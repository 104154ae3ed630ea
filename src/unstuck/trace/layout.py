"""Where a program begins and ends on disk: its folder, its entry in it, where it is started.

Python finds modules from the entry's folder and files from where it was started. Neither can be
asked of a program, so both are read off it: its relative imports tell that it belongs to a
package, the paths that it spells out tell from where they exist.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from unstuck.trace.follow_imports import has_relative_import

MOST_LEVELS = 3  # how far above its own folder a program's files are looked for
LONGEST_PATH = 200


@dataclass(frozen=True, slots=True)
class Layout:
    """``entry`` and ``directory`` are POSIX paths relative to ``folder``.

    ``roots`` are the folders, relative to ``folder`` too, from which modules are imported.
    """

    folder: Path
    entry: str
    directory: str
    package: str
    roots: tuple[str, ...]


def find_layout(
    main: Path, tree: ast.Module | None, *, package_folder: bool, start: Path
) -> Layout:
    """The layout of the program whose first file is ``main``.

    ``package_folder`` says that ``main`` is a package's ``__main__.py``; ``start`` is where the
    person is.
    """
    home = main.parent
    levels = max(has_relative_import(tree) if tree else 0, int(package_folder))
    top = home
    for _ in range(levels):
        top = top.parent
    while levels and (top / "__init__.py").is_file() and top != top.parent:
        top = top.parent
    package = ".".join(home.relative_to(top).parts)
    paths = tuple(_literal_paths(tree)) if tree else ()
    directory = _directory(top, start, paths)
    added = tuple(_added_to_path(tree)) if tree else ()
    folder = _common(top, directory, paths)
    searched = [top, *(base / path for path in added for base in (directory, home))]
    return Layout(
        folder=folder,
        entry=_relative(main, folder),
        directory=_relative(directory, folder),
        package=package,
        roots=tuple(dict.fromkeys(_within(searched, folder))),
    )


def _directory(top: Path, start: Path, paths: tuple[str, ...]) -> Path:
    """The person's own place if it lies around the program and paths exist only from there."""
    if start == top or start not in top.parents or not _bounded(start):
        return top
    near = sum((top / path).exists() for path in paths)
    far = sum((start / path).exists() for path in paths)
    return start if far > near else top


def _common(top: Path, directory: Path, paths: tuple[str, ...]) -> Path:
    """The smallest folder that holds the program, where it starts, and its paths with ``..``."""
    folder = directory if directory in top.parents else top
    for base in (directory, top):
        for path in paths:
            up = 0
            for part in PurePosixPath(path).parts:
                if part != "..":
                    break
                up += 1
            if not 0 < up <= MOST_LEVELS or not (base / path).exists():
                continue
            reached = base
            for _ in range(up):
                reached = reached.parent
            if reached in folder.parents and _bounded(reached):
                folder = reached
    return folder


def _bounded(folder: Path) -> bool:
    """False for folders that hold far more than a program: the root, a home, the homes."""
    home = Path.home()
    return folder not in {home, *home.parents} and len(folder.parts) > 2


def _literal_paths(tree: ast.Module) -> Iterator[str]:
    """Strings in the source that could be relative paths."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value.replace("\\", "/")
            usable = 0 < len(text) <= LONGEST_PATH and text.isprintable() and text[0] != "/"
            if usable and (text.startswith("..") or "/" in text or PurePosixPath(text).suffix):
                yield text


def _added_to_path(tree: ast.Module) -> Iterator[str]:
    """Literals in ``sys.path.append(...)`` and ``sys.path.insert(...)``."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"append", "insert", "extend"}
            and ast.unparse(node.func.value) in {"sys.path", "path"}
        ):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield inner.value.replace("\\", "/")


def _within(searched: list[Path], folder: Path) -> Iterator[str]:
    for path in searched:
        lexical = Path(*_normal(path))
        if lexical == folder or folder in lexical.parents:
            yield _relative(lexical, folder)


def _normal(path: Path) -> list[str]:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and len(parts) > 1:
            parts.pop()
        elif part != "..":
            parts.append(part)
    return parts


def _relative(path: Path, folder: Path) -> str:
    text = path.relative_to(folder).as_posix()
    return "" if text == "." else text
