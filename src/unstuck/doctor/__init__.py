"""What keeps a program from learning, and which change makes it learn.

The names below are imported when they are asked for: `import unstuck.doctor` is light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unstuck.doctor.ask import diagnose
    from unstuck.doctor.callback import Doctor
    from unstuck.doctor.diagnosis import Diagnosis

_HOME = {
    "Diagnosis": "unstuck.doctor.diagnosis",
    "Doctor": "unstuck.doctor.callback",
    "diagnose": "unstuck.doctor.ask",
}

__all__ = ["Diagnosis", "Doctor", "diagnose"]


def __getattr__(name: str) -> object:
    """Import the module that holds a name, the first time it is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module 'unstuck.doctor' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
