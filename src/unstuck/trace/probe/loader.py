"""Modules of the program are found as always, and rewritten where they are loaded."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from types import CodeType
from typing import Any

from .source import Numbering, Site

Rewrite = Callable[[ast.Module, str], ast.Module]


class Sources:
    """The program's files, parsed and numbered: the entry first, the others by name."""

    def __init__(self, root: str, files: dict[str, str], entry: str) -> None:
        self.root = root
        self.files = files
        self.sites: list[Site] = []
        self.trees: dict[str, ast.Module] = {}
        self.plain: dict[str, str] = {}  # files that run unwatched, and why
        own = {os.path.splitext(part)[0] for file in files for part in file.split("/")}
        for file in sorted(files, key=lambda file: (file != entry, file)):
            self.number(file, own)

    def number(self, file: str, own: set[str]) -> None:
        """Parse one file; what cannot be parsed says so when it is run."""
        text = self.files[file]
        try:
            tree = ast.parse(text.lstrip("\ufeff"), self.path(file))
            before = len(self.sites)
            Numbering(file, text, tree, self.sites, own)
            self.trees[file] = tree
        except (SyntaxError, ValueError):
            pass
        except RecursionError:
            del self.sites[before:]
            self.plain[file] = "its expressions are nested too deeply"

    def path(self, file: str) -> str:
        """Where a file lies."""
        return os.path.join(self.root, *file.split("/"))

    def file_of(self, path: str | None) -> str | None:
        """The file (as the program names it) that lies at a path."""
        if not path:
            return None
        relative = os.path.relpath(os.path.realpath(path), os.path.realpath(self.root))
        relative = relative.replace(os.sep, "/")
        return relative if relative in self.files else None

    def code(self, file: str, rewrite: Rewrite) -> CodeType:
        """One file, compiled; rewritten where that is possible."""
        tree = self.trees.get(file)
        if tree is not None and file not in self.plain:
            try:
                changed = ast.fix_missing_locations(rewrite(tree, file))
                return compile(changed, self.path(file), "exec", dont_inherit=True)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                self.plain[file] = str(error)
        text = self.files[file].lstrip("\ufeff")
        return compile(text, self.path(file), "exec", dont_inherit=True)

    def halves(self, file: str, rewrite: Rewrite, line: int) -> tuple[CodeType, CodeType]:
        """One file in two parts: what stands before a line, and the rest."""
        text = self.files[file].lstrip("\ufeff")
        try:
            tree = ast.fix_missing_locations(rewrite(self.trees[file], file))
        except (KeyError, ValueError, RecursionError, MemoryError) as error:
            if file in self.trees:
                self.plain[file] = str(error)
            tree = ast.parse(text, self.path(file))  # where it is no Python, this says so
        parts = [[s for s in tree.body if (s.lineno < line) is early] for early in (True, False)]
        head, rest = (
            compile(ast.Module(part, []), self.path(file), "exec", dont_inherit=True)
            for part in parts
        )
        return head, rest


class RewritingLoader(SourceFileLoader):
    """Loads one module of the program."""

    def __init__(self, fullname: str, path: str, make: Any) -> None:
        super().__init__(fullname, path)
        self.make = make

    def get_code(self, fullname: str) -> CodeType | None:
        """The rewritten code; nothing is cached on disk."""
        code: CodeType = self.make()
        return code


class OwnModules(MetaPathFinder):
    """Finds what Python would find, and loads the program's own files by rewriting them."""

    def __init__(self, sources: Sources, rewrite: Rewrite) -> None:
        self.sources = sources
        self.rewrite = rewrite

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        """The usual specification, with another loader for the program's own files."""
        try:
            spec = PathFinder.find_spec(fullname, path, target)
        except (ImportError, AttributeError, ValueError):
            return None
        if spec is None or not isinstance(spec.loader, Loader) or not spec.has_location:
            return None
        file = self.sources.file_of(spec.origin)
        if file is None or spec.origin is None:
            return None
        spec.loader = RewritingLoader(
            fullname, spec.origin, lambda: self.sources.code(file, self.rewrite)
        )
        return spec

    def install(self) -> None:
        """Come before all other finders."""
        sys.meta_path.insert(0, self)
