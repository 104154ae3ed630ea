"""`unstuck explain CODE`: what a finding means, with a wrong and a right example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from unstuck.app.options import SectionedCommand, did_you_mean
from unstuck.app.screen import Screen
from unstuck.base.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unstuck.doctor.rules.base import Rule

HELP = """Explain a finding of the doctor: what is wrong, why it matters, what to write instead.

CODE is what stands before the finding's name, such as G103. Without it, all codes are listed.
"""


def run_explain(code: str | None) -> None:
    """Run the command."""
    from unstuck.doctor.rules import RULES
    from unstuck.show.diagnosis.rule_page import list_lines, rule_lines

    screen = Screen()
    if code is None:
        screen.page(lambda width: list_lines(RULES, width))
        return
    rule = find_rule(code, RULES)
    screen.page(lambda width: rule_lines(rule, width))


def find_rule(code: str, rules: Mapping[str, type[Rule]]) -> type[Rule]:
    """The rule of a code, in capitals or not, or of a name.

    Raises InvalidInputError with the nearest code.
    """
    wanted = code.strip().lower()
    for rule in rules.values():
        if wanted in (rule.code.lower(), rule.name.lower()):
            return rule
    known = [*rules, *(rule.name for rule in rules.values())]
    raise InvalidInputError(
        f"unknown code {code!r}.{did_you_mean(code, known)} `unstuck explain` lists all."
    )


explain = SectionedCommand(
    "explain",
    params=[click.Argument(["code"], metavar="[CODE]", required=False)],
    callback=run_explain,
    help=HELP,
)
