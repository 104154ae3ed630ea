"""Advice on a program's first weights as a page: the verdict, which line, what to write there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unstuck.show.diagnosis.characters import harmless, wrap
from unstuck.show.diagnosis.styled import Line, plain_text, rich_text
from unstuck.show.weights import table_lines
from unstuck.weights.script.answer import Place, ProgramAdvice

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
INDENT = "  "
BLANK: Line = ()
STYLES = {"fine": "learns", "change": "fault", "unknown": "unknown"}
HEADS = {
    "fine": "Keep your weights.",
    "change": "Change your weights.",
    "unknown": "No verdict on your weights.",
}


def print_program_advice(console: Console, advice: ProgramAdvice, *, folder: str = "") -> None:
    """The page on a console, as wide as that is (60 to 100 columns)."""
    width = min(max(console.width, 60), 100)
    console.print(
        rich_text(program_advice_lines(advice, width=width, folder=folder)), soft_wrap=True
    )


def program_advice_text(advice: ProgramAdvice) -> str:
    """The page as plain text of `WIDTH` columns; only what is to be written may be wider."""
    return plain_text(program_advice_lines(advice))


def program_advice_lines(
    advice: ProgramAdvice, *, width: int = WIDTH, folder: str = ""
) -> list[Line]:
    """The whole page; files are named from ``folder``."""
    lines: list[Line] = [((HEADS[advice.verdict], STYLES[advice.verdict]),)]
    lines += [((text, ""),) for text in wrap(harmless(advice.summary), width)]
    if advice.network:
        about = f"read off the run: {advice.network}; {advice.data}"
        lines += [((text, "quiet"),) for text in wrap(harmless(about), width)]
    for place in advice.places:
        lines += [BLANK, *_place(place, width, folder)]
    if advice.places and advice.rerun is not None and advice.rerun.ran:
        lines += [BLANK, (("The program was run with these lines, and runs.", "quiet"),)]
    lines += _listed("What the weights do now", advice.findings, width)
    if advice.advice is not None:
        lines += _listed("To know", advice.advice.notes, width)
        if advice.verdict == "change":
            lines += [BLANK, *table_lines(advice.advice)]
    lines += _listed("could not check", advice.unchecked, width)
    return lines


def _place(place: Place, width: int, folder: str) -> list[Line]:
    """Where, what stands there, what to write."""
    file = f"{folder}/{place.file}" if folder else place.file
    lines: list[Line] = [
        ((harmless(place.parameter), "name"), (f"  {harmless(file)}:{place.line}", "quiet"))
    ]
    if place.written:
        lines += [((f"-{INDENT}{harmless(row)}", "removed"),) for row in place.written.split("\n")]
    else:
        lines.append(((f"{INDENT} behind this line, as a line of its own:", "quiet"),))
    lines.append(((f"+{INDENT}{harmless(place.replacement)}", "added"),))
    said = wrap(harmless(place.why), width - 3)
    return [*lines, *(((f"{INDENT} {text}", "quiet"),) for text in said)]


def _listed(heading: str, texts: tuple[str, ...], width: int) -> list[Line]:
    if not texts:
        return []
    lines: list[Line] = [BLANK, ((heading, "heading"),)]
    for text in texts:
        first, *rest = wrap(harmless(text), width - 2 * len(INDENT))
        lines.append(((f"{INDENT}- {first}", ""),))
        lines += [((f"{INDENT}  {row}", ""),) for row in rest]
    return lines
