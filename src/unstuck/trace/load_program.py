"""From a path to a `Program`: script, notebook or folder with ``__main__.py``; its own modules."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from unstuck.base.errors import InvalidInputError
from unstuck.trace.follow_imports import follow_imports, parse
from unstuck.trace.layout import find_layout
from unstuck.trace.load_notebook import load_notebook
from unstuck.trace.program import Program
from unstuck.trace.sources import read_source


def load_program(path: str | Path, arguments: Iterable[str] = ()) -> Program:
    """Read a program and every module of its own that it imports; nothing of it is run.

    Parameters
    ----------
    path : str or Path
        A script (whatever its suffix), a notebook (``.ipynb``), or a folder or package with a
        ``__main__.py``.
    arguments : iterable of str
        What the program finds in ``sys.argv[1:]``.

    Raises
    ------
    InvalidInputError
        When there is no such file, or it is empty, binary, a damaged notebook, or not in the
        encoding it declares. A syntax error is no reason: running such a program says where it is.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "net.py").write_text("import numpy as np")
    >>> _ = (folder / "train.py").write_text("from net import np")
    >>> program = load_program(folder / "train.py")
    >>> program.entry, sorted(program.files)
    ('train.py', ['net.py', 'train.py'])
    """
    chosen = _main_file(Path(path))
    if chosen.main.suffix.lower() == ".ipynb":
        return load_notebook(chosen.main, arguments)
    text = read_source(chosen.main)
    if not text.strip("\ufeff \t\n\f"):
        raise InvalidInputError(f"{path} is empty: there is nothing to run.")
    tree = parse(text)
    layout = find_layout(chosen.main, tree, package_folder=chosen.package, start=Path.cwd())
    files = follow_imports(layout.folder, layout.entry, text, layout.roots)
    return Program(
        files=files,
        entry=layout.entry,
        folder=layout.folder,
        arguments=tuple(str(argument) for argument in arguments),
        directory=layout.directory,
        package=layout.package,
    )


@dataclass(frozen=True, slots=True)
class _Chosen:
    main: Path
    package: bool  # of a package that is run as `python -m`


def _main_file(path: Path) -> _Chosen:
    """The file that is run, by an absolute path; links to it are kept as they are."""
    try:
        absolute = path.absolute()
        if absolute.is_dir():
            return _main_of_folder(path, absolute)
        if absolute.is_file():
            # `a/../b.py` means the same from a scratch copy only without the way round.
            return _Chosen(absolute.parent.resolve() / absolute.name, package=False)
        exists = absolute.exists()
    except (OSError, ValueError) as error:  # a name that is too long, or holds a NUL
        raise InvalidInputError(f"cannot read {str(path)!r}: {error}.") from error
    if exists:
        raise InvalidInputError(
            f"{path} is no regular file. Name a Python script, a notebook or a folder."
        )
    raise InvalidInputError(f"there is no file {path}.{_near(absolute)}")


def _main_of_folder(path: Path, absolute: Path) -> _Chosen:
    folder = absolute.resolve()
    main = folder / "__main__.py"
    if main.is_file():
        return _Chosen(main, package=(folder / "__init__.py").is_file())
    found = [*folder.glob("*.py"), *folder.glob("*.ipynb")]
    scripts = sorted(p.name for p in found if p.name != "__init__.py")[:10]
    hint = f": {', '.join(scripts)}" if scripts else ""
    raise InvalidInputError(
        f"the folder {path} has no __main__.py, so it cannot be run as a whole. "
        f"Name the script or notebook in it that starts the training{hint}."
    )


def _near(missing: Path) -> str:
    try:
        names = [
            p.name for p in missing.parent.iterdir() if p.suffix in (".py", ".ipynb") or p.is_dir()
        ]
    except OSError:
        return f" The folder {missing.parent} cannot be read, or does not exist."
    near = difflib.get_close_matches(missing.name, names, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
