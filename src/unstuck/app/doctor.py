"""`unstuck doctor PROGRAM`: does it learn; if not, why not, and which change makes it learn."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from unstuck.app.fix_file import FixFile
from unstuck.app.options import Name, Number, SectionedCommand, SectionOption
from unstuck.app.screen import Screen
from unstuck.base.errors import InvalidInputError, UnstuckError
from unstuck.trace.program import Program

if TYPE_CHECKING:
    from unstuck.doctor.diagnosis import Diagnosis

FORMATS = ("text", "json", "github")
LEARNS, STUCK, NOT_KNOWN = 0, 1, 3  # exit codes; 2 is what was typed
BUDGET = 60.0
HELP = """Say whether a NumPy program learns; if not, which lines keep it from learning, and why.

PROGRAM is run as it is, with your rights, over a scratch copy of its folder; the program itself is
never changed. What makes it learn is shown once it was re-run and measured. PROGRAM may also be
a notebook, whose code cells are run from the top, or a run folder of `unstuck train`. What stands
after -- is handed to the program.

Exit code: 0 it learns (with --strict: and nothing is wrong in it), 1 it does not (with --strict:
or something is wrong in it), 2 something that was typed cannot be used, 3 it crashes, or there is
no telling.

\b
Examples:
  unstuck doctor digits.py
  unstuck doctor digits.py --write-fix digits_fixed.py
  unstuck doctor digits.py --report digits.html
  unstuck doctor notebook.ipynb --write-fix notebook_fixed.ipynb
  unstuck doctor train.py --budget 20 -- --epochs 3
"""


class DoctorCommand(SectionedCommand):
    """The command; options of the examined program belong after ``--``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with a hint for an option that may be the program's own."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise click.UsageError(
                f"{error.format_message()} Options of your program go after --, as in: "
                f"unstuck {ctx.info_name} PROGRAM -- {error.option_name}",
                ctx,
            ) from None


def run_doctor(
    program: str,
    arguments: Sequence[str],
    budget: float,
    python: str | None,
    output: str,
    write_fix: str | None,
    report: str | None,
    *,
    force: bool,
    no_rerun: bool,
    strict: bool,
) -> int:
    """Run the command; returns the exit code."""
    from unstuck.doctor.ask import diagnose
    from unstuck.show.diagnosis.progress import Trying

    screen = Screen(as_json=output == "json")
    examined = what_is_named(program, arguments, write_fix)
    interpreter = None if python is None else find_python(python)
    fix = None
    if write_fix is not None and isinstance(examined, Program):
        fix = FixFile.at(write_fix, examined, force=force)
    page = None
    if report is not None:
        from unstuck.app.report_file import page_path

        page = page_path(report, force=force)
    try:
        with Trying(screen.err, budget) as say:
            diagnosis = diagnose(
                examined, budget=budget, python=interpreter, rerun=not no_rerun, say=say
            )
    except Exception as error:
        code = our_fault(error)
        if code is None:
            raise
        return code
    steps = next_steps(program, diagnosis, write_fix)
    show_diagnosis(screen, diagnosis, output, examined, steps)
    if fix is not None:
        _write_fix(screen, fix, diagnosis)
    if page is not None:
        from unstuck.app.report_program import again, write_diagnosis

        write_diagnosis(screen, page, diagnosis, examined, again(program, arguments, budget))
    return exit_code(diagnosis, strict=strict)


def our_fault(error: Exception) -> int | None:
    """Say that the doctor itself failed: no verdict about the program, and not the code for stuck.

    None for an error that says what was typed or given wrongly.
    """
    from unstuck.app.cli import OUR_FAULT, complain, explain

    message, code = explain(error)
    if code != OUR_FAULT or os.environ.get("UNSTUCK_DEBUG"):
        return None
    return complain(message, NOT_KNOWN)


def exit_code(diagnosis: Diagnosis, *, strict: bool) -> int:
    """0 learns, 1 stuck, 3 crashed or unknown; ``strict`` takes a fault for stuck."""
    if diagnosis.verdict in ("crashed", "unknown"):
        return NOT_KNOWN
    wrong = any(finding.severity in ("cause", "fault") for finding in diagnosis.findings)
    return STUCK if diagnosis.verdict == "stuck" or (strict and wrong) else LEARNS


# ------------------------------------------------------------------------------- what is shown


def show_diagnosis(
    screen: Screen,
    diagnosis: Diagnosis,
    output: str,
    examined: Program | str = "",
    next_steps: Sequence[str] = (),
) -> None:
    """Print it as text, as one JSON object, or as GitHub's workflow commands."""
    from unstuck.doctor.schema import as_json
    from unstuck.show.diagnosis.github import github_text
    from unstuck.show.diagnosis.page import diagnosis_lines

    if output == "json":
        click.echo(json.dumps(as_json(diagnosis), indent=2, allow_nan=False))
    elif output == "github":
        notebook = examined.notebook if isinstance(examined, Program) else None
        lines = {} if notebook is None else notebook.raw_lines()
        click.echo(github_text(diagnosis, _from_workspace(folder_of(examined)), lines))
    else:
        here = _from_here(folder_of(examined))
        screen.page(
            lambda width: diagnosis_lines(
                diagnosis, width=width, folder=here, next_steps=next_steps
            )
        )


def next_steps(program: str, diagnosis: Diagnosis, write_fix: str | None) -> list[str]:
    """What may be typed next."""
    from unstuck.show.diagnosis.words import ordered

    steps = []
    if diagnosis.repair is not None and write_fix is None and diagnosis.repair.files:
        path = Path(program)
        fixed = path.with_name(f"{path.stem}_fixed{path.suffix}").name
        steps.append(f"unstuck doctor {shlex.quote(program)} --write-fix {shlex.quote(fixed)}")
    codes = [f.code for f in ordered(diagnosis.findings) if f.severity != "note"]
    if codes:
        steps.append(f"unstuck explain {codes[0]}")
    return steps


def _from_here(folder: str) -> str:
    """A folder by its shortest name."""
    if not folder:
        return ""
    try:
        near = os.path.relpath(folder)
    except ValueError:  # on another drive
        return folder
    return "" if near == "." else min(near, folder, key=len)


def _from_workspace(folder: str) -> str:
    """A folder as GitHub names it: from the root of the repository."""
    if not folder:
        return ""
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    try:
        return str(Path(folder).resolve().relative_to(root.resolve()))
    except ValueError:
        return folder


# ------------------------------------------------------------------------------- what was typed


def what_is_named(program: str, arguments: Sequence[str], write_fix: str | None) -> Program | str:
    """The program, or the path of a run folder.

    Raises InvalidInputError for what is neither.
    """
    from unstuck.trace.load_program import load_program
    from unstuck.training.runs import DESCRIPTION

    if not (Path(program) / DESCRIPTION).is_file():
        return load_program(program, arguments)
    if arguments or write_fix is not None:
        raise InvalidInputError(
            f"{program} is a run of the trainer: there is no program in it to run or repair. "
            f"Leave out {'the arguments' if arguments else '--write-fix'}."
        )
    return program


def folder_of(examined: Program | str) -> str:
    """The folder from which the files of a program are named; empty where there are none."""
    return str(examined.folder or "") if isinstance(examined, Program) else ""


def find_python(python: str) -> str:
    """An interpreter by its path or by its name on PATH.

    Raises InvalidInputError where there is none.
    """
    found = shutil.which(python)
    if found is None:
        raise InvalidInputError(
            f"--python {python}: there is no such program. Give the path of the Python that runs "
            "your program, such as venv/bin/python."
        )
    return os.path.abspath(found)  # noqa: PTH100 - a link into an environment must stay a link


def _write_fix(screen: Screen, fix: FixFile, diagnosis: Diagnosis) -> None:
    """Write the repaired program, and say what was written, or why nothing was."""
    if diagnosis.repair is None:
        screen.warn(f"{fix.path} was not written: no repair was found.")
        return
    try:
        written = fix.write(diagnosis)
    except UnstuckError as error:
        screen.warn(f"Nothing was written. {error}")
        return
    if not written:
        screen.warn(f"{fix.path} was not written: the repair changes nothing.")
        return
    how = "" if diagnosis.repair.verified else ", not re-run"
    screen.note(f"Wrote {', '.join(map(str, written))}: the repaired program{how}.")


doctor = DoctorCommand(
    "doctor",
    params=[
        click.Argument(["program"], metavar="PROGRAM|RUN"),
        click.Argument(
            ["arguments"], metavar="[-- ARGS...]", nargs=-1, type=click.UNPROCESSED, required=False
        ),
        SectionOption(
            ["--budget"],
            type=Number("a number of seconds above 0", low=0.0),
            default=BUDGET,
            metavar="SECONDS",
            help=f"How long it may take, re-runs and all. Default: {BUDGET:g}.",
        ),
        SectionOption(
            ["--python"],
            metavar="PATH",
            help="The Python that runs your program, where it is not the one that runs unstuck.",
        ),
        SectionOption(
            ["--format", "output"],
            type=Name("format", FORMATS),
            default="text",
            metavar="NAME",
            help=f"{', '.join(FORMATS)} (annotations for a pull request).",
        ),
        SectionOption(
            ["--write-fix"],
            metavar="PATH",
            help="Write the repaired program to this file; a folder, if it has several files.",
        ),
        SectionOption(
            ["--report"], metavar="PATH", help="Write one HTML page that shows all of it."
        ),
        SectionOption(
            ["--force"], is_flag=True, help="--write-fix and --report may replace a file."
        ),
        SectionOption(
            ["--no-rerun"],
            is_flag=True,
            help="Do not run changed programs: faster, but nothing is called a cause.",
        ),
        SectionOption(["--strict"], is_flag=True, help="A fault in a program that learns counts."),
    ],
    callback=run_doctor,
    help=HELP,
)
