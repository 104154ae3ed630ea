"""What a code means: its page with a wrong and a right example, and the list of all codes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from unstuck.doctor.rules import FAMILIES, Rule
from unstuck.show.diagnosis.characters import harmless, wrap
from unstuck.show.diagnosis.styled import Line

CONTEXT = 2  # lines of the program around what differs
INDENT = "  "
BLANK: Line = ()


def rule_lines(rule: type[Rule], width: int) -> list[Line]:
    """The page of one rule."""
    lines: list[Line] = [((rule.code, "cause"), (f": {rule.name}", "heading")), BLANK]
    lines += _paragraph(rule.claim, width)
    for heading, text in (("why", rule.why), ("instead", rule.fix)):
        lines += [BLANK, ((heading, "heading"),), *_paragraph(text, width)]
    wrong, right = changed(rule.BROKEN, rule.HEALTHY), changed(rule.HEALTHY, rule.BROKEN)
    if wrong or right:
        lines += [BLANK, (("wrong", "cause"),), *_program(wrong, "removed")]
        lines += [BLANK, (("right", "learns"),), *_program(right, "added")]
    return lines


def list_lines(rules: Mapping[str, type[Rule]], width: int) -> list[Line]:
    """Every code with its name, family by family."""
    lines: list[Line] = []
    for family in dict.fromkeys(code[:1] for code in rules):
        if lines:
            lines.append(BLANK)
        lines.append(((FAMILIES.get(family, family), "heading"),))
        for code, rule in rules.items():
            if code[:1] == family:
                first, *rest = wrap(rule.name, width - len(code) - 2 * len(INDENT))
                lines.append(((f"{INDENT}{code}", "name"), (f"{INDENT}{first}", "")))
                lines += [((" " * (len(code) + 4) + more, ""),) for more in rest]
    return lines


def changed(program: str, other: str) -> list[tuple[int, str, bool]]:
    r"""The lines of a program that the other has not, with what stands around them.

    Each with its number and whether it differs; the number 0 is a gap.

    >>> changed("a = 1\nb = 2", "a = 1\nb = 3")
    [(1, 'a = 1', False), (2, 'b = 2', True)]
    """
    lines, others = program.splitlines(), other.splitlines()
    matcher = difflib.SequenceMatcher(None, lines, others, autojunk=False)
    differs: set[int] = set()
    shown: set[int] = set()
    for tag, start, end, _, _ in matcher.get_opcodes():
        if tag != "equal":
            differs |= set(range(start, end))
            shown |= set(range(max(start - CONTEXT, 0), min(end + CONTEXT, len(lines))))
    found: list[tuple[int, str, bool]] = []
    for k in sorted(shown):
        if found and found[-1][0] != k:
            found.append((0, "", False))
        found.append((k + 1, lines[k], k in differs))
    while found and not found[-1][1].strip() and not found[-1][2]:
        found.pop()
    while found and not found[0][1].strip() and not found[0][2]:
        found.pop(0)
    return found


def _paragraph(text: str, width: int) -> list[Line]:
    return [((INDENT + line, ""),) for line in wrap(text, width - len(INDENT))]


def _program(lines: Iterable[tuple[int, str, bool]], style: str) -> list[Line]:
    lines = list(lines)
    gutter = max((len(str(number)) for number, _, _ in lines), default=1)
    found: list[Line] = []
    for number, text, differs in lines:
        if not number:
            found.append(((f"{INDENT}{'...':>{gutter}}", "quiet"),))
            continue
        mark = "> " if differs else INDENT
        found.append(
            (
                (f"{mark}{number:>{gutter}} | ", "quiet"),
                (harmless(text), style if differs else ""),
            )
        )
    return found
