"""Every error that unstuck raises on purpose, and the one way to look a name up in a table.

    UnstuckError
    ├── InvalidInputError (ValueError)      an argument, array or option cannot be used
    │   └── DataFormatError                 a file does not hold what its format promises
    ├── DivergenceError (ArithmeticError)   the cost became NaN or infinite while training
    │   └── FitDivergedError (ValueError)   the same in an estimator's fit, in scikit-learn's manner
    ├── CheckpointError (OSError)           a checkpoint or run folder cannot be written or read
    └── MissingDependencyError (ImportError)  an optional package is not installed

A message says what was wrong, what it got, what is allowed and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


class UnstuckError(Exception):
    """Base of every error that unstuck raises on purpose."""


class InvalidInputError(UnstuckError, ValueError):
    """An argument, array or option that cannot be used as it is."""


class DataFormatError(InvalidInputError):
    """A file that does not hold what its format promises."""


class DivergenceError(UnstuckError, ArithmeticError):
    """The cost became NaN or infinite while training."""


class FitDivergedError(DivergenceError, ValueError):
    """The cost became NaN or infinite in an estimator's `fit`."""


class CheckpointError(UnstuckError, OSError):
    """A checkpoint or run folder that cannot be written or read."""


class MissingDependencyError(UnstuckError, ImportError):
    """An optional package that this call needs is not installed."""


def lookup(name: str, table: Mapping[str, T], what: str) -> T:
    """Return ``table[name]``, or raise an error that lists the allowed names and the nearest one.

    >>> lookup("relu", {"relu": 1, "tanh": 2}, "activation")
    1
    >>> lookup("rleu", {"relu": 1, "tanh": 2}, "activation")
    Traceback (most recent call last):
    ...
    unstuck.base.errors.InvalidInputError: unknown activation 'rleu'; allowed: relu, tanh. \
Did you mean 'relu'?
    """
    try:
        return table[name]
    except (KeyError, TypeError):
        raise InvalidInputError(unknown(name, table, what)) from None


def unknown(name: object, allowed: Iterable[str], what: str) -> str:
    """The sentence for a name that is in no table: the allowed ones, and the nearest."""
    allowed = list(allowed)
    near = difflib.get_close_matches(str(name), allowed, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown {what} {name!r}; allowed: {', '.join(allowed)}.{hint}"
