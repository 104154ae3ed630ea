"""One planted fault: its code, the edits that plant it, and what it does in words."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.doctor.source import Edit


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as it could be planted. Edits count on the original text."""

    code: str
    edits: tuple[Edit, ...]
    what: str
