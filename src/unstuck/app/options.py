"""Options under headings, and values that are refused with a list of what is allowed."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any

import click

from unstuck.base.errors import unknown


class SectionOption(click.Option):
    """An option under a heading of the help page."""

    def __init__(self, *args: Any, section: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class SectionedCommand(click.Command):
    """A command whose help shows its options under their headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One section a heading, in the order of the options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                heading = getattr(param, "section", "Options")
                sections.setdefault(heading, []).append(record)
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


class Name(click.ParamType[str]):
    """A name out of a table; hyphens and capitals are forgiven, a slip is answered."""

    name = "name"

    def __init__(self, what: str, table: Iterable[str]) -> None:
        self.what = what
        self.table = tuple(table)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as the table has it."""
        wanted = str(value).lower().replace("-", "_")
        found = [a for a in self.table if a.lower().replace("-", "_") == wanted]
        if not found:
            self.fail(unknown(value, self.table, self.what), param, ctx)
        return found[0]


class Widths(click.ParamType[tuple[int, ...]]):
    """Hidden widths: ``128,128``; ``none`` for no hidden layer."""

    name = "widths"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """A tuple of whole numbers of at least 1."""
        if isinstance(value, tuple):
            return value
        if value.strip().lower() in ("none", "0"):
            return ()
        try:
            widths = tuple(int(part) for part in value.replace("-", ",").split(","))
        except ValueError:
            widths = (0,)
        if min(widths) < 1:
            self.fail(
                f"{value!r} are no widths of hidden layers. Give whole numbers of at least 1, such "
                "as 128 or 128,64, or none.",
                param,
                ctx,
            )
        return widths


class Rates(click.ParamType[tuple[float, ...]]):
    """One learning rate, or several to choose from."""

    name = "rates"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """A tuple of numbers above 0."""
        if isinstance(value, tuple):
            return value
        try:
            rates = tuple(float(part) for part in value.split(","))
        except ValueError:
            rates = (0.0,)
        if not all(0.0 < rate < math.inf for rate in rates):
            self.fail(
                f"{value!r} cannot be used; allowed: a number above 0, or several, such as "
                "0.001 or 0.0003,0.001.",
                param,
                ctx,
            )
        return rates


class BatchSize(click.ParamType[int | str]):
    """Samples an update: a whole number, or ``all``."""

    name = "batch size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """A number of at least 1, or "all"."""
        if value == "all":
            return "all"
        try:
            size = int(value)
        except ValueError:
            size = 0
        if size < 1:
            self.fail(
                f"{value!r} is no batch size. Give a whole number of at least 1, or all.",
                param,
                ctx,
            )
        return size


class Number(click.ParamType[float]):
    """A number between bounds, which the error states in words."""

    name = "number"

    def __init__(self, allowed: str, *, low: float, high: float = math.inf, ends: str = "") -> None:
        self.allowed = allowed
        self.low, self.high = low, high
        self.ends = ends  # "low", "high" or "low high": which ends are allowed themselves

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """A float inside the bounds."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        inside = self.low < number < self.high
        inside |= ("low" in self.ends and number == self.low) or (
            "high" in self.ends and number == self.high
        )
        if not inside:
            self.fail(f"{value!r} cannot be used; allowed: {self.allowed}.", param, ctx)
        return number


class Count(click.ParamType[int]):
    """A whole number of at least ``least``."""

    name = "count"

    def __init__(self, least: int = 1) -> None:
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """An int."""
        try:
            number = int(value)
        except ValueError:
            number = self.least - 1
        if number < self.least:
            self.fail(
                f"{value!r} cannot be used; allowed: a whole number of at least {self.least}.",
                param,
                ctx,
            )
        return number


def typed_options(ctx: click.Context) -> frozenset[str]:
    """The names of the parameters that were typed, not left at their defaults."""
    typed = (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT)
    return frozenset(name for name in ctx.params if ctx.get_parameter_source(name) in typed)


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The nearest of what there is, as a sentence that follows another; empty where none is near.

    >>> did_you_mean("g13", ["G103", "U201"])
    " Did you mean 'G103'?"
    """
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(given.strip().lower(), by_lower, n=1)
    return f" Did you mean {by_lower[near[0]]!r}?" if near else ""
