"""`unstuck report RUN` and `unstuck report PROGRAM.py`: one HTML page to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from unstuck.app.doctor import DoctorCommand
from unstuck.app.options import Number, SectionOption
from unstuck.app.screen import Screen

HELP = """Write one HTML page that shows a run or a program: pictures first, numbers behind them.

RUN is a run folder of `unstuck train`. PROGRAM is a NumPy program or a notebook, which the doctor
runs and judges; what stands after -- is handed to it. The page is one file that works without a
network connection; of a run it holds the trained weights and some of the samples.

\b
Examples:
  unstuck report runs/first --open
  unstuck report digits.py --out digits.html
  unstuck report train.py --budget 20 -- --epochs 3
"""
PROGRAMS = (".py", ".ipynb")


def run_report(
    target: str,
    arguments: Sequence[str],
    out: str | None,
    data_dir: str | None,
    budget: float,
    *,
    show: bool,
    force: bool,
) -> int:
    """Run the command."""
    from unstuck.app.report_file import REPORT, page_path, write_page
    from unstuck.training.runs import run_folder

    screen = Screen()
    is_program = Path(target).suffix in PROGRAMS and not Path(target).is_dir()
    if is_program:
        default = Path(f"{Path(target).stem}-report.html")
    else:
        default = run_folder(target) / REPORT
    path = page_path(out or default, force=force)
    if is_program:
        from unstuck.app.report_program import program_contents

        contents = program_contents(target, screen, budget=budget, arguments=arguments)
    else:
        from unstuck.app.report_run import folder_contents

        contents = folder_contents(target, screen, data_dir)
    size = write_page(path, contents)
    said = " ".join(contents.outcome.sentence.split())  # no-break spaces are for the page
    screen.text(f"{path} ({size / 1e6:.1f} MB): {said}")
    if show:
        open_page(path)
    return 0


def open_page(path: Path) -> None:
    """Show it in the browser of this computer."""
    import webbrowser

    webbrowser.open(path.resolve().as_uri())


report = DoctorCommand(
    "report",
    params=[
        click.Argument(["target"], metavar="RUN|PROGRAM"),
        click.Argument(
            ["arguments"], metavar="[-- ARGS...]", nargs=-1, type=click.UNPROCESSED, required=False
        ),
        SectionOption(
            ["--out"],
            metavar="PATH",
            help="The file to write. Default: report.html in the run's folder, or "
            "PROGRAM-report.html here.",
        ),
        SectionOption(["--open", "show"], is_flag=True, help="Show it in the browser."),
        SectionOption(["--force"], is_flag=True, help="Replace a file that is no such page."),
        SectionOption(
            ["--data-dir"], metavar="DIR", help="Folder with the IDX files of mnist, of a run."
        ),
        SectionOption(
            ["--budget"],
            type=Number("a number of seconds above 0", low=0.0),
            default=60.0,
            metavar="SECONDS",
            help="How long the doctor may examine a program. Default: 60.",
        ),
    ],
    callback=run_report,
    help=HELP,
)
