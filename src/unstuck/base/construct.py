"""One way to build a described object from a name in a table and its options.

Losses, initialisers, optimisers and schedules are frozen dataclasses listed in tables; the user
names one (``"adam"``) or hands over one that is ready (``Adam(0.001)``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from numbers import Real
from typing import Any, TypeVar, cast

from unstuck.base.errors import InvalidInputError, lookup, unknown

T = TypeVar("T")


def construct(
    spec: str | T,
    table: Mapping[str, type[T]],
    base: type[Any],
    what: str,
    options: Mapping[str, Any],
) -> T:
    """Build the object that ``spec`` names in ``table``, or pass a ready one through.

    Options that the class does not have are refused, with the list of those it has.
    """
    if isinstance(spec, base):
        _check_options(type(spec), what, options)
        return cast("T", replace(spec, **options) if options else spec)
    if isinstance(spec, str):
        cls = lookup(spec, table, what)
        _check_options(cls, f"{what} {spec!r}", options)
        return cls(**options)
    raise InvalidInputError(
        f"{what} must be a name or an instance of {base.__name__}, got {spec!r} "
        f"({type(spec).__name__}); allowed names: {', '.join(table)}."
    )


def _check_options(cls: type[Any], what: str, options: Mapping[str, Any]) -> None:
    allowed = [field.name for field in fields(cls)]
    for name in options:
        if name not in allowed:
            raise InvalidInputError(
                unknown(name, allowed, f"option of {what}")
                if allowed
                else f"{what} has no options, got {name!r}."
            )


def check_number(
    owner: object,
    name: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    open_high: bool = False,
) -> None:
    """Raise unless the number ``owner.name`` is real, finite and inside the interval.

    ``open_low`` and ``open_high`` exclude the ends themselves.
    """
    value = getattr(owner, name)
    number = isinstance(value, Real) and not isinstance(value, bool)
    inside = (
        number
        and math.isfinite(value)
        and (low < value if open_low else low <= value)
        and (value < high if open_high else value <= high)
    )
    if not inside:
        raise InvalidInputError(
            f"{type(owner).__name__}: {name} must be a number "
            f"{_interval(low, high, open_low=open_low, open_high=open_high)}, got {value!r}."
        )


def _interval(low: float, high: float, *, open_low: bool, open_high: bool) -> str:
    above = "" if low == -math.inf else f"{'>' if open_low else '>='} {low:g}"
    below = "" if high == math.inf else f"{'<' if open_high else '<='} {high:g}"
    return " and ".join(part for part in (above, below) if part) or "that is finite"
