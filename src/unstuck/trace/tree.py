"""What a program's folder holds beside its sources, as far as it is worth carrying along.

Files near the folder come first. Up to 200 MB in 1000 files are copied; the rest is linked to,
up to 10 000 files. Environments, version control and caches are left out.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COPIED_BYTES = 200_000_000
COPIED_FILES = 1000
SEEN_FILES = 10_000
LEFT_OUT = frozenset(
    {"__pycache__", "node_modules", "site-packages", "venv", "env", "virtualenv", "lost+found"}
)


@dataclass(frozen=True, slots=True)
class Tree:
    """Paths relative to the folder: directories, files to copy, files to link to.

    ``complete`` is False if there were more files than are looked at.
    """

    folders: tuple[str, ...]
    copied: tuple[str, ...]
    linked: tuple[str, ...]
    complete: bool


EMPTY = Tree((), (), (), complete=True)


def survey(folder: Path) -> Tree:
    """What lies in and under ``folder``; what cannot be read is passed over."""
    folders: list[str] = []
    copied: list[str] = []
    linked: list[str] = []
    room = COPIED_BYTES
    seen: set[tuple[int, int]] = set()  # folders, so that links in a circle end
    queue = deque([""])
    while queue:
        here = queue.popleft()
        for name, status in _entries(folder / here):
            path = f"{here}/{name}" if here else name
            if stat.S_ISDIR(status.st_mode):
                identity = (status.st_dev, status.st_ino)
                if identity not in seen and _belongs(folder / path, name):
                    seen.add(identity)
                    folders.append(path)
                    queue.append(path)
            elif stat.S_ISREG(status.st_mode):
                if len(copied) + len(linked) >= SEEN_FILES:
                    return Tree(tuple(folders), tuple(copied), tuple(linked), complete=False)
                if status.st_size <= room and len(copied) < COPIED_FILES:
                    room -= status.st_size
                    copied.append(path)
                else:
                    linked.append(path)
    return Tree(tuple(folders), tuple(copied), tuple(linked), complete=True)


def _entries(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return
    for path in paths:
        try:
            yield path.name, path.stat()
        except OSError:  # a link to nowhere
            continue


def _belongs(folder: Path, name: str) -> bool:
    """False for environments, version control and caches."""
    if name.startswith(".") or name in LEFT_OUT or name.endswith(".egg-info"):
        return False
    return not (folder / "pyvenv.cfg").exists() and not (folder / "conda-meta").exists()
