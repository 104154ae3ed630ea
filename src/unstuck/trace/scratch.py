"""The folder in which programs run: working copies that are as new for every run.

A working copy is used by one run at a time. Before it is used again, whatever the run before
wrote, changed or deleted in it is found by comparing every file's identity, size and times, and
is undone; so ten runs of a program with 100 MB of data copy them once.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from unstuck.base.errors import InvalidInputError
from unstuck.trace import tree
from unstuck.trace.program import Program
from unstuck.trace.sources import encode_source

PREFIX = "unstuck-"
LOCK = "lock"
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
Signature = tuple[int, ...]


class WorkingCopy:
    """A copy of one program's folder, a folder for what the probe writes, one for temporaries."""

    def __init__(self, place: Path, origin: Path | None, contents: tree.Tree) -> None:
        self.root = place / "copy"
        self.out = place / "out"
        self.temporary = place / "t"
        self.origin = origin
        self.contents = contents
        self._expected: dict[str, Signature] = {}
        self._sources: dict[str, str] = {}

    def refresh(self, program: Program) -> None:
        """Bring everything to the state in which a run begins."""
        for empty in (self.out, self.temporary):
            remove(empty)
            empty.mkdir(parents=True)
        self.root.mkdir(exist_ok=True)
        for path in set(self._sources) - set(program.files):  # of another program of this folder
            del self._sources[path]
            remove(self.root / path)
        self._undo()
        for folder in (*self.contents.folders, program.directory):
            self._make_folder(folder)
        for paths, bring in (
            (self.contents.copied, self._copy),
            (self.contents.linked, self._link),
        ):
            for path in paths:
                if path not in self._expected and path not in program.files:
                    bring(path)
        self._write_sources(program.files)

    def _write_sources(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            if ".." in path.split("/") or path.startswith("/"):
                raise InvalidInputError(f"the file {path} lies outside the program's folder.")
            if path not in self._expected or self._sources.get(path) != text:
                self._write(path, text)

    def _undo(self) -> None:
        """Delete what should not be there or is not as it was, from the deepest upwards."""
        found = dict(_walk(self.root))
        for path in sorted(found, key=len, reverse=True):
            if path not in self._expected or self._expected[path] != found[path]:
                remove(self.root / path)
                self._expected.pop(path, None)
        for path in [path for path in self._expected if path not in found]:
            del self._expected[path]
        # A folder that was a link, or that went, took with it what was in it.
        for path in [path for path in self._expected if not os.path.lexists(self.root / path)]:
            del self._expected[path]

    def _make_folder(self, path: str) -> None:
        while path and path not in self._expected:
            (self.root / path).mkdir(parents=True, exist_ok=True)
            self._expected[path] = _signature(self.root / path)
            path = path.rpartition("/")[0]

    def _copy(self, path: str) -> None:
        if self.origin is None:
            return
        target = self.root / path
        try:
            shutil.copyfile(self.origin / path, target)
            shutil.copystat(self.origin / path, target)
        except OSError as error:
            target.unlink(missing_ok=True)
            if error.errno in NO_ROOM:
                raise
            return  # gone or locked meanwhile: the program will say what it misses
        self._expected[path] = _signature(target)

    def _link(self, path: str) -> None:
        if self.origin is None:
            return
        target = self.root / path
        try:
            target.symlink_to(self.origin / path)
        except OSError:  # Windows without the right to make links: the program does without
            return
        self._expected[path] = _signature(target)

    def _write(self, path: str, text: str) -> None:
        target = self.root / path
        self._make_folder(path.rpartition("/")[0])
        original = b""
        if self.origin is not None:
            with suppress(OSError):
                original = (self.origin / path).read_bytes()
        target.unlink(missing_ok=True)
        target.write_bytes(encode_source(text, original))
        self._sources[path] = text
        self._expected[path] = _signature(target)


class Scratch:
    """A folder of our own under the system's temporary one, and the working copies in it."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._lock: Any = None
        self._guard = threading.Lock()
        self._free: list[tuple[object, WorkingCopy]] = []
        self._trees: dict[Path, tree.Tree] = {}
        self._made = 0

    def open(self) -> Path:
        """Make the folder, if that was not done yet."""
        with self._guard:
            if self.folder is None:
                remove_abandoned()
                # Resolved: a program that asks where it is hears the real path.
                self.folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
                self._lock = _lock(self.folder / LOCK)
            return self.folder

    def close(self) -> None:
        """Remove everything."""
        with self._guard:
            folder, self.folder = self.folder, None
            self._free.clear()
            if folder is not None:
                remove(folder)
            if self._lock is not None:
                self._lock.close()

    @contextmanager
    def working_copy(self, program: Program) -> Iterator[WorkingCopy]:
        """A copy of the program, as new, for one run."""
        copy = self._take(program)
        copy.refresh(program)
        yield copy  # not given back after an exception: its state is unknown
        with self._guard:
            self._free.append((program.folder, copy))

    def _take(self, program: Program) -> WorkingCopy:
        folder = self.open()
        with self._guard:
            for index, (origin, copy) in enumerate(self._free):
                if origin == program.folder:
                    del self._free[index]
                    return copy
            self._made += 1
            place = folder / str(self._made)
            place.mkdir()
            return WorkingCopy(place, program.folder, self._survey(program.folder))

    def _survey(self, folder: Path | None) -> tree.Tree:
        if folder is None:
            return tree.EMPTY
        if folder not in self._trees:
            self._trees[folder] = tree.survey(folder)
        return self._trees[folder]


def remove(path: Path) -> None:
    """Delete a file or a whole folder, also where a program took its rights away."""

    def give_rights(function: Any, name: str, _: Any) -> None:
        with suppress(OSError):
            Path(name).parent.chmod(0o700)
            if not Path(name).is_symlink():
                Path(name).chmod(0o700)
            function(name)

    if path.is_dir() and not path.is_symlink():
        for _ in range(2):  # what could not be listed at first can be after its rights were given
            shutil.rmtree(path, onerror=give_rights)
            if not path.exists():
                return
        return
    with suppress(OSError):
        path.unlink(missing_ok=True)


def remove_abandoned() -> None:
    """Delete scratch folders whose owner was killed: nobody holds their lock any more."""
    try:
        import fcntl
    except ImportError:  # Windows: they stay until the system tidies up
        return
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        try:
            with path.open("rb+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(path.parent)
        except OSError:  # in use, or another user's
            continue


def _lock(path: Path) -> Any:
    """A file that is locked as long as this process lives."""
    early = path.with_suffix(".new")  # it has its name only once it is locked
    file = early.open("wb")
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
        early.rename(path)
    return file


def _walk(root: Path) -> Iterator[tuple[str, Signature]]:
    """Every path under ``root`` and its signature; links are not followed."""
    pending = [""]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(root / here) as entries:
                for entry in entries:
                    path = f"{here}/{entry.name}" if here else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(path)
                    yield path, _signature(Path(entry.path))
        except OSError:
            continue


def _signature(path: Path) -> Signature:
    """What changes when a file is written to, replaced, or given other rights."""
    status = os.lstat(path)
    if stat.S_ISDIR(status.st_mode):  # its times change with what is in it, which is looked at
        return (status.st_mode,)
    return (
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_mode,
    )
