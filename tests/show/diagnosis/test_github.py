"""Annotations as GitHub reads them: nothing of the program ends a property or begins a command."""

import re

from unstuck.doctor.diagnosis import Diagnosis, Finding
from unstuck.record.run_record import SourceSpan
from unstuck.show.diagnosis.github import command, github_text

COMMAND = re.compile(
    r"^::(error|warning|notice) ((?:[a-zA-Z]+=[^,:]*)(?:,[a-zA-Z]+=[^,:]*)*)::(.*)$"
)


def parsed(text):
    found = []
    for line in text.splitlines():
        match = COMMAND.match(line)
        assert match, line
        found.append((match[1], dict(p.split("=", 1) for p in match[2].split(",")), match[3]))
    return found


def test_one_command_a_finding_after_the_verdict(diagnoses):
    first, *rest = parsed(github_text(diagnoses.three_causes(), "lessons"))
    assert first[0] == "error"
    assert first[2].startswith("does not learn: accuracy 0.099 -> 0.101")
    assert [level for level, _, _ in rest] == ["error"] * 4 + ["notice"]
    _, properties, message = rest[0]
    assert properties["file"] == "lessons/digits.py"
    assert {k: properties[k] for k in ("line", "endLine", "col", "endColumn")} == {
        "line": "25",
        "endLine": "25",
        "col": "30",
        "endColumn": "37",
    }
    assert properties["title"].startswith("G103 ")
    assert message.endswith("%0Ainstead: dtanh(z2)")


def test_a_fault_of_a_program_that_learns_is_a_warning(diagnoses):
    levels = [level for level, _, _ in parsed(github_text(diagnoses.learns_with_fault()))]
    assert levels == ["notice", "warning"]


def test_columns_belong_to_one_line():
    finding = Finding("G103", "fault", "m", SourceSpan("p.py", 3, 4, 5, 2))
    properties = parsed(github_text(Diagnosis("p.py", "stuck", findings=(finding,))))[1][1]
    assert (properties["line"], properties["endLine"]) == ("3", "5")
    assert not {"col", "endColumn"} & set(properties)


def test_everything_special_is_escaped():
    text = command("error", {"file": "a,b:c%d\n.py"}, "50 %\r\n::error::planted\n\x1b[31m")
    assert text == (r"::error file=a%2Cb%3Ac%25d%0A.py::50 %25%0A::error::planted%0A\x1b[31m")
    assert len(text.splitlines()) == 1


def test_every_kind_of_diagnosis_is_valid(diagnoses):
    for make in diagnoses.ALL.values():
        assert parsed(github_text(make()))
