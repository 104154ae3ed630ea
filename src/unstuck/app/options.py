"""Options in groups with a heading each, and values that are judged with a list of what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

from unstuck.base.errors import unknown


class SectionOption(click.Option):
    """An option under a heading of the help page."""

    def __init__(self, *args: Any, section: str = "Other", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class SectionedCommand(click.Command):
    """A command whose help shows its options under their headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One section a heading, in the order of the options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(param, "section", "Other"), []).append(record)
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


class Name(click.ParamType):
    """A name out of a table; hyphens and capitals are forgiven, a slip is answered."""

    name = "name"

    def __init__(self, what: str, table: Iterable[str]) -> None:
        self.what = what
        self.table = tuple(table)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as the table has it."""
        wanted = str(value).lower().replace("-", "_")
        for allowed in self.table:
            if wanted == allowed.lower().replace("-", "_"):
                return allowed
        self.fail(unknown(value, self.table, self.what), param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """What stands behind the option in the help."""
        return "NAME"


class Widths(click.ParamType):
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

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """What stands behind the option in the help."""
        return "N,N,..."


class BatchSize(click.ParamType):
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

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """What stands behind the option in the help."""
        return "N|1|all"


def given(ctx: click.Context) -> Mapping[str, Any]:
    """The parameters that were typed, by name, without those left at their defaults."""
    typed = (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT)
    return {k: v for k, v in ctx.params.items() if ctx.get_parameter_source(k) in typed}


def listed(names: Iterable[str]) -> str:
    """Names for a help text."""
    return ", ".join(names)
