"""`unstuck weights --script PROGRAM`: which first weights a program written by hand should have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from unstuck.app.screen import Screen
from unstuck.base.errors import InvalidInputError

if TYPE_CHECKING:
    from unstuck.weights.script import ProgramAdvice

OF_A_PROGRAM = {  # the options that go with --script
    "script", "python", "quick", "budget", "seeds", "seed", "jobs", "as_json", "quiet",
}  # fmt: skip


def run_script(options: Mapping[str, Any], typed: frozenset[str], screen: Screen) -> int:
    """Run the command for a program; returns the exit code."""
    from unstuck.app.doctor import find_python, folder_of
    from unstuck.show.diagnosis.progress import Trying
    from unstuck.show.weights_script import program_advice_lines
    from unstuck.trace.load_program import load_program
    from unstuck.weights.script import advise_program

    check_options(options, typed)
    program = load_program(options["script"])
    if program.notebook is not None:
        raise InvalidInputError(
            f"{options['script']} is a notebook, and --script reads scripts. Write it out as one "
            f"with 'jupyter nbconvert --to script {options['script']}', then name that file."
        )
    python = None if options["python"] is None else find_python(options["python"])
    budget = options["budget"] or 60.0
    with Trying(None if screen.quiet else screen.err, budget) as say:
        advice = advise_program(
            program,
            quick=options["quick"],
            budget_seconds=budget,
            seeds=options["seeds"] or 3,
            n_jobs=options["jobs"],
            random_state=options["seed"] or 0,
            python=python,
            say=say,
        )
    screen.json(program_json(advice))
    folder = "" if program.folder is None else from_here(folder_of(program))
    screen.page(lambda width: program_advice_lines(advice, width=width, folder=folder))
    return 0


def check_options(options: Mapping[str, Any], typed: frozenset[str]) -> None:
    """Refuse what is read off the program itself."""
    if options["dataset"]:
        raise InvalidInputError(
            f"--script reads the data off the program, and {options['dataset']!r} was given too. "
            "Give one or the other."
        )
    others = sorted(name for name in typed if name not in OF_A_PROGRAM and options.get(name))
    if others:
        raise InvalidInputError(
            f"--script reads network, data and training off the program; leave out "
            f"--{others[0].replace('_', '-')}."
        )


def from_here(folder: str) -> str:
    """A folder by its shortest name."""
    import os

    try:
        near = os.path.relpath(folder)
    except ValueError:  # on another drive
        return folder
    return "" if near == "." else min(near, folder, key=len)


def program_json(advice: ProgramAdvice) -> dict[str, Any]:
    """The advice as plain values."""
    places = [asdict(place) for place in advice.places]
    for place in places:
        place.pop("span")
    best = None if advice.advice is None else advice.advice.best
    return {
        "program": advice.name,
        "verdict": advice.verdict,
        "summary": advice.summary,
        "network": advice.network,
        "data": advice.data,
        "best": best,
        "written": advice.written,
        "places": places,
        "findings": list(advice.findings),
        "candidates": [] if advice.advice is None else advice.advice.records,
        "rerun": None if advice.rerun is None else asdict(advice.rerun),
        "unchecked": list(advice.unchecked),
    }
