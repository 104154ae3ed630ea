"""The page of a diagnosis: `unstuck doctor --report` and `unstuck report PROGRAM.py`."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from unstuck.app.report_program import again, diagnosis_contents, statement
from unstuck.doctor.diagnosis import Diagnosis, Finding, Progress
from unstuck.doctor.exhibits import Exhibits
from unstuck.show.report.page import MARK

NET = """import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
y = (X[:, :1] * X[:, 1:2] > 0).astype(float)
W = rng.normal(size=(3, 1))
for step in range(40):
    p = 1 / (1 + np.exp(-X @ W))
    W = W + 0.01 * X.T @ (p - y)
"""


class Asked:
    """Stands in for `diagnose`: answers with a diagnosis made by hand."""

    def __init__(self, answer):
        self.answer, self.options, self.program = answer, {}, None

    def __call__(self, program, **options):
        self.program, self.options = program, options
        return self.answer


@pytest.fixture
def asked(diagnoses, monkeypatch, tmp_path):
    """The three causes, whatever is asked, about a file that is there."""
    (tmp_path / "digits.py").write_text(diagnoses.DIGITS)
    stand_in = Asked(diagnoses.three_causes())
    monkeypatch.setattr("unstuck.doctor.ask.diagnose", stand_in)
    return stand_in


def words(path):
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", Path(path).read_text())).split())


def test_in_passing_is_the_page_of_the_report_command(unstuck, asked):
    answer = unstuck("doctor", "digits.py", "--report", "a.html")
    assert answer.code == 1  # what the doctor says, not whether the page was written
    assert "does not learn" in answer.out
    assert "Wrote a.html" in answer.err
    answer = unstuck("report", "digits.py", "--out", "b.html")
    assert answer.code == 0
    assert Path("a.html").read_text() == Path("b.html").read_text()
    assert MARK in Path("a.html").read_text()


def test_json_stays_json_beside_a_page(unstuck, asked):
    answer = unstuck("doctor", "digits.py", "--format", "json", "--report", "a.html")
    assert answer.out.startswith("{")
    assert answer.out.rstrip().endswith("}")
    assert Path("a.html").is_file()


def test_no_file_of_somebody_else_is_replaced_and_nothing_is_run_for_it(unstuck, asked):
    Path("mine.html").write_text("<p>mine")
    answer = unstuck("doctor", "digits.py", "--report", "mine.html")
    assert answer.code == 2
    assert asked.program is None
    assert Path("mine.html").read_text() == "<p>mine"
    assert unstuck("doctor", "digits.py", "--report", "mine.html", "--force").code == 1
    assert MARK in Path("mine.html").read_text()
    assert unstuck("doctor", "digits.py", "--report", "mine.html").code == 1  # ours by now


def test_budget_and_arguments_reach_the_program_and_the_command(unstuck, asked):
    answer = unstuck("report", "digits.py", "--budget", "7", "--", "--epochs", "3")
    assert answer.code == 0
    assert asked.program.arguments == ("--epochs", "3")
    assert asked.options["budget"] == 7.0
    assert "unstuck report digits.py --budget 7 -- --epochs 3" in words("digits-report.html")


def test_an_option_of_the_program_is_hinted_at(unstuck, asked):
    answer = unstuck("report", "digits.py", "--epochs", "3")
    assert answer.code == 2
    assert "unstuck report PROGRAM -- --epochs" in answer.err


def test_a_real_program_has_its_steps_values_and_curves(unstuck):
    Path("net.py").write_text(NET)
    answer = unstuck("report", "net.py", "--budget", "30")
    assert answer.code == 0, answer.err
    page = Path("net-report.html").read_text()
    assert len(page) < 3_000_000
    for name in ("curves", "diagnosis", "provenance"):
        assert f'<section id="{name}"' in page
    assert page.count('class="dots bad"') >= 1  # it climbs
    assert page.count('class="bars') >= 2  # inputs and outputs
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


@pytest.mark.parametrize(
    ("name", "tone"),
    [
        ("three_causes", "bad"),
        ("healthy", "good"),
        ("learns_with_fault", "fair"),
        ("crashed", "bad"),
        ("unknown", "plain"),
    ],
)
def test_the_outcome_says_what_it_is(diagnoses, name, tone):
    assert statement(diagnoses.ALL[name]()).tone == tone


def test_a_note_is_no_blemish():
    note = Finding("P704", "note", "This does nothing.")
    seen = Diagnosis("p.py", "learns", Progress("loss", 1.0, 0.1, 1.0, 9), (note,))
    assert statement(seen).tone == "good"


def test_what_is_missing_is_said(diagnoses):
    contents = diagnosis_contents(diagnoses.crashed())
    assert set(contents.missing) == {"layers", "curves"}
    assert contents.record is None


def test_hostile_names_stay_in_one_line():
    seen = statement(Diagnosis("a\n\u202eb.py", "unknown", reason="it\nfails"))
    assert seen.sentence == "a\\n\\u202eb.py: could not tell whether it learns: it fails"


def test_only_what_is_known_at_every_update_is_drawn_over_time(diagnoses):
    import numpy as np

    from unstuck.record.run_record import LayerInfo, RunRecord

    series = {
        "step": np.arange(4),
        "update_ratio": np.ones((4, 1)),
        "activation_std": np.ones((4, 1)),
    }
    record = RunRecord("trace", (LayerInfo("W", 1, 1, "tanh", ("W",)),), series)
    seen = replace(diagnoses.healthy(), exhibits=Exhibits(record))
    assert set(diagnosis_contents(seen).record.series) == {"step", "update_ratio"}
    short = RunRecord("trace", record.layers, {k: v[:2] for k, v in series.items()})
    assert diagnosis_contents(replace(seen, exhibits=Exhibits(short))).record is None


def test_the_command_gives_the_page_again():
    assert again("my net.py", (), 60.0) == ["report", "my net.py", "--budget", "60"]
