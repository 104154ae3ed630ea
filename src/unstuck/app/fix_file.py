"""Where the repaired program is written: beside the program, never over it, never over a file.

What can be known to be wrong is said before the program is examined, since that takes a minute.
"""

from __future__ import annotations

import io
import os
import tokenize
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from unstuck.base.errors import InvalidInputError
from unstuck.base.files import atomic_write
from unstuck.doctor.diagnosis import Diagnosis, Repair
from unstuck.trace.program import Program


@dataclass(frozen=True, slots=True)
class FixFile:
    """What ``--write-fix PATH`` asks for.

    Attributes
    ----------
    path : where to write: a file, or a folder that is there (or ends with a slash).
    program : what is repaired.
    force : an existing file may be replaced, though never one of the program's own.
    """

    path: Path
    program: Program
    force: bool
    is_folder: bool

    @classmethod
    def at(cls, path: str, program: Program, *, force: bool) -> FixFile:
        """Look before anything is run.

        Raises InvalidInputError where nothing could be written in the end.
        """
        where = Path(path)
        is_folder = where.is_dir() or path.endswith((os.sep, "/"))
        if program.notebook is not None and not is_folder and where.suffix.lower() != ".ipynb":
            raise InvalidInputError(
                f"--write-fix {path}: a repaired notebook is a notebook. Give a name that ends in "
                f".ipynb, such as {where.with_suffix('.ipynb')}."
            )
        found = cls(where, program, force, is_folder)
        if not is_folder:
            found.refuse(where)
            if not where.parent.is_dir():
                raise InvalidInputError(
                    f"--write-fix {path}: there is no folder {where.parent}. Make it first, or "
                    "write somewhere else."
                )
        return found

    def refuse(self, target: Path) -> None:
        """Raise InvalidInputError if a file must not be written."""
        folder = self.program.folder or Path()
        own = [folder / name for name in self.program.files]
        if any(_same(target, file) for file in own):
            raise InvalidInputError(
                f"--write-fix {target}: that is the program itself, which is never touched. "
                "Choose another name."
            )
        if os.path.lexists(target) and not self.force:
            raise InvalidInputError(
                f"--write-fix {target}: the file is there already. Choose another name, or "
                "replace it with --force."
            )

    def write(self, diagnosis: Diagnosis) -> list[Path]:
        """Write what the repair changed; returns the files.

        A repair of one file, the one that is run, goes to a file or into a folder; a repair of
        others, or of several, goes into a folder, each at its own name.

        Raises InvalidInputError where that cannot be, before anything is written.
        """
        repair = diagnosis.repair
        changed = {} if repair is None else _changed(self.program, repair)
        if not changed:
            return []
        if self.is_folder:
            targets = {self.path / _relative(name): text for name, text in changed.items()}
        elif list(changed) == [self.program.entry]:
            targets = {self.path: changed[self.program.entry]}
        else:
            raise InvalidInputError(
                f"--write-fix {self.path}: the repair changes {', '.join(changed)}; give a folder "
                f"to write into, such as {self.path.with_suffix('')}/."
            )
        for target in targets:
            self.refuse(target)
        for target, text in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(target) as file:
                file.write(encoded(text))
        return list(targets)


def encoded(text: str) -> bytes:
    """Source as bytes, in the encoding that its first lines declare."""
    try:
        name, _ = tokenize.detect_encoding(io.BytesIO(text.encode()).readline)
        return text.encode("utf-8" if name == "utf-8-sig" else name)
    except (SyntaxError, UnicodeError, LookupError):
        return text.encode("utf-8", "surrogateescape")


def _changed(program: Program, repair: Repair) -> dict[str, str]:
    """The files that the repair changed, by name."""
    return {name: text for name, text in repair.files.items() if program.files.get(name) != text}


def _relative(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise InvalidInputError(f"the program's file {name} lies outside of its folder.")
    return path


def _same(one: Path, other: Path) -> bool:
    """True for one file under two names: by a link of either kind, too."""
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute() == other.absolute()
