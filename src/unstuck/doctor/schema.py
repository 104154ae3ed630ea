"""The published form of a diagnosis: one JSON object whose keys do not change within a version."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from unstuck.doctor.diagnosis import SCHEMA_VERSION, Diagnosis, Finding, Progress, Repair

NO_PLACE = ("line", "column", "end_line", "end_column")


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """A diagnosis as plain dicts, lists, strings, numbers and None, ready for `json.dumps`.

    NaN and infinity become None, which JSON has no other word for. Why a verdict is unknown, or
    what was cut to fit the budget, is in ``unchecked``.

    Examples
    --------
    >>> from unstuck.doctor.diagnosis import Progress
    >>> found = as_json(Diagnosis("p.py", "learns", Progress("loss", 2.3, 0.1, 2.3, 100)))
    >>> found["verdict"], found["progress"]["end"], found["repair"]
    ('learns', 0.1, None)
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "program": diagnosis.program,
        "verdict": diagnosis.verdict,
        "progress": None if diagnosis.progress is None else _progress(diagnosis.progress),
        "findings": [_finding(finding) for finding in diagnosis.findings],
        "clean": [{"check": entry.check, "what": entry.what} for entry in diagnosis.clean],
        "unchecked": [{"check": check, "why": why} for check, why in unchecked(diagnosis)],
        "repair": None if diagnosis.repair is None else _repair(diagnosis.repair),
    }


def unchecked(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """Everything that could not be checked, and why; the reason for the verdict among it."""
    found = [(entry.check, entry.why) for entry in diagnosis.unchecked]
    if diagnosis.reason and diagnosis.reason not in (why for _, why in found):
        found.insert(0, ("the whole program", diagnosis.reason))
    return found


def plain(value: Any, *, finite: bool = True) -> Any:
    """Numbers, strings, lists and dicts of Python's own, whatever was measured.

    >>> plain({"cosine": np.float32(0.5), "shape": (2, 3), "ratio": float("nan")})
    {'cosine': 0.5, 'shape': [2, 3], 'ratio': None}
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) or not finite else None
    if isinstance(value, Mapping):
        return {str(key): plain(item, finite=finite) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, finite=finite) for item in value]
    return str(value)


def finding_name(code: str) -> str:
    """What a code is called, in words; the code itself where no rule has it."""
    from unstuck.doctor.rules import RULES

    rule = RULES.get(code)
    return code if rule is None else rule.name


def _progress(progress: Progress) -> dict[str, Any]:
    numbers = {name: getattr(progress, name) for name in ("start", "end", "chance", "updates")}
    return {"metric": progress.metric, **plain(numbers)}


def _finding(finding: Finding) -> dict[str, Any]:
    span = finding.span
    place = {name: None if span is None else int(getattr(span, name)) for name in NO_PLACE}
    return {
        "code": finding.code,
        "name": finding_name(finding.code),
        "severity": finding.severity,
        "file": None if span is None else span.file,
        "cell": finding.cell,
        **place,
        "message": finding.message,
        "evidence": plain(finding.evidence),
        "replacement": finding.replacement,
        "proved": bool(finding.proved),
    }


def _repair(repair: Repair) -> dict[str, Any]:
    return {
        "findings": list(repair.findings),
        "diff": repair.diff,
        "before": plain(repair.before),
        "after": plain(repair.after),
        "seeds": plain(repair.seeds),
        "runs": int(repair.runs),
        "verified": bool(repair.verified),
    }
