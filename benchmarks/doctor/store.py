"""What took long is kept: runs and answers by what they depend on, one JSON line each.

A line is appended as soon as it is known, so an interrupted benchmark goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRATCH = ROOT / "benchmarks" / "results" / "scratch"


def digest(*parts: object) -> str:
    """A short name for what something depends on."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:20]


def fingerprint(folder: Path = ROOT / "src" / "unstuck") -> str:
    """Changes whenever a source file of the package does."""
    files = sorted(p for p in folder.rglob("*.py"))
    return digest(*(p.relative_to(folder).as_posix() + p.read_text("utf-8") for p in files))


class Store:
    """A dictionary of JSON values that lives in a file of lines; safe for threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.known: dict[str, Any] = {}
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                try:
                    key, value = json.loads(line)
                except ValueError:  # the last line of an interrupted write
                    continue
                self.known[key] = value

    def get(self, key: str) -> Any:
        """What is kept under ``key``, or None."""
        return self.known.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep ``value`` (never None) at once."""
        with self.lock:
            self.known[key] = value
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, value]) + "\n")
