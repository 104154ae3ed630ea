"""unstuck: neural networks in NumPy that learn, and a doctor for the ones that don't.

The package imports nothing until a name is asked for: the table below says in which module each
public name lives, and the first use of the name imports that module (PEP 562).

>>> import unstuck
>>> unstuck.Network.mlp([64, 20, 10], random_state=0).theta.size
1510
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:  # the same table once more, for editors and type checkers
    from unstuck.base.errors import (
        CheckpointError,
        DataFormatError,
        DivergenceError,
        InvalidInputError,
        MissingDependencyError,
        UnstuckError,
    )

_HOME = {
    "CheckpointError": "unstuck.base.errors",
    "DataFormatError": "unstuck.base.errors",
    "DivergenceError": "unstuck.base.errors",
    "InvalidInputError": "unstuck.base.errors",
    "MissingDependencyError": "unstuck.base.errors",
    "UnstuckError": "unstuck.base.errors",
}

__all__ = [
    "CheckpointError",
    "DataFormatError",
    "DivergenceError",
    "InvalidInputError",
    "MissingDependencyError",
    "UnstuckError",
    "__version__",
]


def __getattr__(name: str) -> object:
    """Import the module that holds a public name, the first time it is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module 'unstuck' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value  # found at once the next time
    return value


def __dir__() -> list[str]:
    """Every public name, whether imported yet or not."""
    return sorted(__all__)
