"""A code is explained by its rule's own words and the lines in which its two programs differ."""

import pytest

from unstuck.doctor.rules import FAMILIES, RULES
from unstuck.show.diagnosis.characters import cells
from unstuck.show.diagnosis.rule_page import changed, list_lines, rule_lines
from unstuck.show.diagnosis.styled import plain_text


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_a_page(code):
    rule = RULES[code]
    text = plain_text(rule_lines(rule, 80))
    assert text.startswith(f"{code}: {rule.name}")
    assert all(cells(line) <= 80 for line in text.splitlines() if " | " not in line)
    for part in (rule.claim, rule.why, rule.fix):
        assert part.split()[0] in text
    wrong, right = text[text.index("\nwrong\n") :].split("\nright\n")
    assert wrong != right


def test_the_list_has_every_code_under_its_family():
    text = plain_text(list_lines(RULES, 80))
    for code, rule in RULES.items():
        assert f"  {code}  {rule.name}" in text
    assert all(cells(line) <= 80 for line in text.splitlines())
    assert {code[:1] for code in RULES} <= set(FAMILIES)


def test_what_differs_is_shown_with_its_surroundings():
    right = "\n".join("abcdefghijkl")
    wrong = right.replace("c", "C").replace("k\n", "")
    assert changed(wrong, right) == [
        (1, "a", False),
        (2, "b", False),
        (3, "C", True),
        (4, "d", False),
        (5, "e", False),
        (0, "", False),
        (9, "i", False),
        (10, "j", False),
        (11, "l", False),
    ]
    assert changed(right, right) == []
