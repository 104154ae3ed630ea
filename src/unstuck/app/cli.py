"""The command ``unstuck``: each subcommand is imported when it is called, each error is one line.

What goes wrong because of what was typed or given ends with exit code 2 and a sentence or two that
say what to do; a traceback is never the answer to a user (set UNSTUCK_DEBUG=1 to see it).
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable
from typing import NoReturn

import click

from unstuck import __version__
from unstuck.base.errors import UnstuckError, unknown

BAD_INPUT, OUR_FAULT, INTERRUPTED = 2, 1, 130


def _train() -> click.Command:
    from unstuck.app.train import train

    return train


def _predict() -> click.Command:
    from unstuck.app.predict import predict

    return predict


def _report() -> click.Command:
    from unstuck.app.report import report

    return report


def _evaluate() -> click.Command:
    from unstuck.app.evaluate import evaluate

    return evaluate


def _show() -> click.Command:
    from unstuck.app.show import show

    return show


def _export() -> click.Command:
    from unstuck.app.export_command import export

    return export


def _doctor() -> click.Command:
    from unstuck.app.doctor import doctor

    return doctor


def _weights() -> click.Command:
    from unstuck.app.weights import weights

    return weights


def _explain() -> click.Command:
    from unstuck.app.explain import explain

    return explain


# name -> (what `unstuck --help` says, how the command is imported)
COMMANDS: dict[str, tuple[str, Callable[[], click.Command]]] = {
    "train": ("Train a network on digits, MNIST or a file of yours.", _train),
    "show": ("Show a run: its network, its curves, its scores.", _show),
    "report": ("Write one HTML page that shows a run or a program.", _report),
    "evaluate": ("Score a trained network on other data.", _evaluate),
    "predict": ("Let a trained network predict the samples in a file.", _predict),
    "export": ("Write a network out as one plain NumPy program.", _export),
    "doctor": ("Say why a NumPy program of yours does not learn.", _doctor),
    "weights": ("Say which initial weights a network should have.", _weights),
    "explain": ("Explain a finding of the doctor.", _explain),
}

OPTION_OF = {
    "activation": "--activation",
    "clip_norm": "--clip-norm",
    "engine": "--engine",
    "loss": "--loss",
    "output_activation": "--output",
    "task": "--task",
}
"""What a keyword of the library is called on the command line, for messages."""


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is needed, and suggests the nearest name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command now."""
        entry = COMMANDS.get(cmd_name)
        return None if entry is None else entry[1]()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the allowed names in the error."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(unknown(args[0], COMMANDS, "command"), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (text, _) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
    epilog="Start with `unstuck train`: it learns to read handwritten digits in a few seconds.",
)
@click.version_option(__version__, "-V", "--version", message="unstuck %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Neural networks in NumPy that learn, and a doctor for the ones that don't."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> NoReturn:
    """Run the command line and exit: 0 well, 2 bad input, 130 Ctrl-C, 1 a fault of unstuck."""
    sys.exit(run())


def run(args: list[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that knows no Braille gets "?"
            stream.reconfigure(errors="replace")
    try:
        result = cli.main(args, prog_name="unstuck", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # `unstuck show RUN | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (click.Abort, KeyboardInterrupt):
        return complain("interrupted.", INTERRUPTED)
    except Exception as error:
        message, code = explain(error)
        if code == OUR_FAULT and os.environ.get("UNSTUCK_DEBUG"):
            raise
        return complain(message, code)
    return result if isinstance(result, int) else 0


def explain(error: Exception) -> tuple[str, int]:
    """What to say about an error, and the exit code."""
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx is not None else "unstuck"
        return f"{error.format_message()}\nSee: {where} --help", BAD_INPUT
    if isinstance(error, click.ClickException):
        return error.format_message(), BAD_INPUT
    if isinstance(error, UnstuckError):
        return as_typed(str(error)), BAD_INPUT
    if isinstance(error, MemoryError):
        return f"not enough memory: {error}", BAD_INPUT
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror or error}.", BAD_INPUT
    what = f"{type(error).__name__}: {error}"
    return (
        f"this is a fault of unstuck, please report it: {what}\nUNSTUCK_DEBUG=1 shows more.",
        OUR_FAULT,
    )


def as_typed(message: str) -> str:
    """A message of the library with its keywords as options of the command line.

    >>> as_typed('output_activation="softmax" (one class per sample)')
    '--output softmax (one class per sample)'
    """
    pattern = rf"""\b({"|".join(OPTION_OF)})=(["']?)([\w.]+)\2"""
    return re.sub(pattern, lambda found: f"{OPTION_OF[found[1]]} {found[3]}", message)


def complain(message: str, code: int) -> int:
    """Say what went wrong on standard error; returns ``code``."""
    click.echo(f"{click.style('unstuck:', fg='red', bold=True)} {message}", err=True)
    return code
