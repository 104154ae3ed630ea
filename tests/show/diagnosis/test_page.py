"""The page of a diagnosis: the verdict first, each finding at its place, all in 80 columns."""

import dataclasses
import io
import re

import pytest
from rich.console import Console

from unstuck.base.display import reach
from unstuck.doctor.diagnosis import Diagnosis, Finding, Progress, Repair
from unstuck.record.run_record import SourceSpan
from unstuck.show.diagnosis.characters import cells
from unstuck.show.diagnosis.page import diagnosis_lines, diagnosis_text
from unstuck.show.diagnosis.styled import plain_text, rich_text
from unstuck.show.diagnosis.words import verdict_line

MAKERS = ("three_causes", "healthy", "learns_with_fault", "crashed", "unknown", "unverified")


@pytest.fixture(params=MAKERS)
def diagnosis(request, diagnoses):
    return diagnoses.ALL[request.param]()


def test_every_maker_is_looked_at(diagnoses):
    assert set(MAKERS) == set(diagnoses.ALL)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_every_line_fits(diagnosis, width):
    diagnosis = dataclasses.replace(diagnosis, repair=None)  # a diff is never cut
    for line in plain_text(diagnosis_lines(diagnosis, width=width)).splitlines():
        assert cells(line) <= width, line


def test_the_verdict_is_one_line_with_its_numbers(diagnoses):
    text = str(diagnoses.three_causes())
    assert text.splitlines()[0] == (
        "does not learn: accuracy 0.099 -> 0.101 over 120 updates, chance 0.100"
    )
    assert "Three causes. With all mended it learns: accuracy 0.101 -> 0.416." in text


def test_causes_come_first_then_faults_then_notes(diagnoses):
    text = diagnosis_text(diagnoses.three_causes())
    seen = re.findall(r"^(cause|fault|note) (\w+):", text, re.MULTILINE)
    assert seen == [
        ("cause", "G103"),
        ("cause", "W302"),
        ("cause", "D401"),
        ("fault", "O502"),
        ("note", "W302"),
    ]


def test_the_expression_is_underlined_and_its_replacement_stands_beside(diagnoses):
    lines = diagnosis_text(diagnoses.three_causes()).splitlines()
    at = lines.index("25 |     dz2 = (a2 - one_hot_y) * tanh(z2)")
    assert lines[at - 2] == "  --> digits.py:25:30"
    assert lines[at + 1] == f"   |{' ' * 30}^^^^^^^^ instead: dtanh(z2)"


def test_the_repair_is_one_diff_with_its_measurement(diagnoses):
    text = diagnosis_text(diagnoses.three_causes())
    assert "repair: accuracy 0.101 -> 0.416" in text
    assert "6 re-runs at equal updates, seeds 0, 1, 2; mends G103, W302, D401" in text
    assert diagnoses.three_causes().repair.diff.strip() in text


def test_a_repair_that_was_not_run_says_so(diagnoses):
    text = diagnosis_text(diagnoses.unverified())
    assert "not re-run" in text
    assert "it learns" not in text
    assert "\ncause " not in text


def test_clean_and_not_checked_are_listed(diagnoses):
    text = diagnosis_text(diagnoses.healthy())
    assert text.index("No mistake found.") < text.index("clean\n") < text.index("could not check\n")


def test_a_crash_says_why_in_its_first_line(diagnoses):
    first = diagnosis_text(diagnoses.crashed()).splitlines()[0]
    assert first == "crashes: it ends with KeyError: 'dW1' in line 2, before the first update"


def test_escape_sequences_of_the_program_do_nothing(diagnoses):
    text = diagnosis_text(diagnoses.crashed())
    assert "\x1b" not in text
    assert r"\x1b[31m" in text


def test_tabs_in_a_diff_stay_tabs(diagnoses):
    repair = Repair((), "-\tx = 1\x1b\n+\tx = 2\n", 0.1, 0.2, (0,), 1, verified=True)
    text = diagnosis_text(Diagnosis("p.py", "stuck", repair=repair))
    assert "-\tx = 1\\x1b" in text
    assert "+\tx = 2" in text


def test_colour_only_adds(diagnosis):
    lines = diagnosis_lines(diagnosis)
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, color_system="truecolor")
    console.print(rich_text(lines), soft_wrap=True)
    assert "\x1b[" in out.getvalue()
    bare = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue())
    assert bare.rstrip("\n") == plain_text(lines)


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress("loss", 6.9628, 6.9628, 0.325, 1), "loss 6.96 -> 6.96 over 1 update, "),
        (Progress("loss", 0.7, float("nan"), float("nan"), 9), "loss 0.700 -> nan over 9 updates"),
        (Progress("accuracy", float("nan"), 0.1, 0.1, 2000), "accuracy 0.100 over 2,000 updates,"),
        (Progress("accuracy", float("nan"), float("nan"), 0.1, 3), "does not learn"),
    ],
)
def test_what_was_not_measured_is_left_out(progress, line):
    assert line in verdict_line(Diagnosis("p.py", "stuck", progress))


def test_places_are_given_from_where_the_reader_is(diagnoses):
    lines = diagnosis_lines(diagnoses.three_causes(), folder="lessons/week 3")
    assert "  --> lessons/week 3/digits.py:25:30" in plain_text(lines)


def test_findings_without_a_place_or_a_source():
    findings = (
        Finding("U205", "fault", "Too few updates."),
        Finding("G103", "fault", "Wrong.", SourceSpan("gone.py", 3, 4, 3, 9), replacement="  "),
    )
    text = diagnosis_text(Diagnosis("p.py", "stuck", findings=findings))
    assert "gone.py:3:5" in text
    assert "instead: nothing (take it out)" in text


def test_a_replacement_that_does_not_fit_gets_its_own_line():
    source = "loss = value"
    long = "np.mean(np.square(outputs - targets), axis=1, keepdims=True).sum() / len(X)"
    finding = Finding("G103", "fault", "Wrong.", SourceSpan("p.py", 1, 7, 1, 12), replacement=long)
    text = diagnosis_text(Diagnosis("p.py", "stuck", findings=(finding,), sources={"p.py": source}))
    assert f"\n    {long}\n" in f"{text}\n"


def test_the_next_commands_stand_at_the_end():
    lines = diagnosis_lines(Diagnosis("p.py", "learns"), next_steps=["unstuck explain G103"])
    assert plain_text(lines).endswith("\nnext\n  unstuck explain G103")


def test_objects_show_themselves(diagnosis):
    assert str(diagnosis) == reach("text")(diagnosis) == diagnosis_text(diagnosis)
    assert repr(diagnosis).startswith(f"<Diagnosis of {diagnosis.program}: {diagnosis.verdict}, ")
