"""`unstuck doctor`: exit codes, the three forms, and what is said about what was typed.

The examination itself is replaced by diagnoses made by hand: here it is about what a person types
and sees.
"""

import json
import re
import subprocess
import sys

import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.doctor.diagnosis import Diagnosis
from unstuck.trace.program import Program


class Asked:
    """Stands in for `diagnose`: answers with a given diagnosis, and remembers the question."""

    def __init__(self, answer):
        self.answer = answer
        self.program = None
        self.options = {}

    def __call__(self, program, **options):
        self.program, self.options = program, options
        options["say"]("re-running with 2 changes")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def doctor(unstuck, diagnoses, monkeypatch, tmp_path):
    """Ask about a program for which a diagnosis was made by hand."""

    def ask(name, *words):
        answer = diagnoses.ALL[name]() if isinstance(name, str) else name
        source = answer.sources if isinstance(answer, Diagnosis) else {}
        file = answer.program if isinstance(answer, Diagnosis) else "p.py"
        (tmp_path / file).write_text(source.get(file, "print(0)\n"))
        asked = Asked(answer)
        monkeypatch.setattr("unstuck.doctor.ask.diagnose", asked)
        answered = unstuck("doctor", file, *words)
        return answered, asked

    return ask


@pytest.mark.parametrize(
    ("name", "code", "strict"),
    [
        ("three_causes", 1, 1),
        ("healthy", 0, 0),
        ("learns_with_fault", 0, 1),
        ("crashed", 3, 3),
        ("unknown", 3, 3),
        ("unverified", 1, 1),
    ],
)
def test_exit_codes(doctor, name, code, strict):
    for form in ("text", "json", "github"):
        assert doctor(name, "--format", form)[0].code == code
        assert doctor(name, "--format", form, "--strict")[0].code == strict


def test_text_is_on_standard_output_and_what_is_tried_on_the_other(doctor):
    answer, _ = doctor("three_causes")
    assert answer.out.startswith("does not learn: accuracy 0.099 -> 0.101 over 120 updates")
    assert answer.err == "re-running with 2 changes ...\n"
    assert "unstuck doctor digits.py --write-fix digits_fixed.py" in answer.out
    assert "unstuck explain G103" in answer.out
    assert "\x1b" not in answer.out


def test_json_is_one_object(doctor):
    answer, _ = doctor("three_causes", "--format", "json")
    seen = json.loads(answer.out)
    assert seen["schema_version"] == 1
    assert seen["verdict"] == "stuck"
    assert answer.out.isascii()


def test_github_names_files_from_the_repository(doctor, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path.parent))
    answer, _ = doctor("three_causes", "--format", "github")
    assert f"file={tmp_path.name}/digits.py,line=25,col=30," in answer.out
    assert all(re.match("::(error|notice) ", line) for line in answer.out.splitlines())


def test_places_are_named_from_where_one_is(unstuck, diagnoses, monkeypatch, tmp_path):
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "digits.py").write_text(diagnoses.DIGITS)
    monkeypatch.setattr("unstuck.doctor.ask.diagnose", Asked(diagnoses.three_causes()))
    answer = unstuck("doctor", "lessons/digits.py")
    assert "--> lessons/digits.py:25:30" in answer.out


def test_options_reach_the_examination(doctor):
    words = ("--budget", "7.5", "--no-rerun", "--python", sys.executable, "--", "--epochs", "3")
    _, asked = doctor("healthy", *words)
    assert isinstance(asked.program, Program)
    assert asked.program.arguments == ("--epochs", "3")
    assert asked.options["budget"] == 7.5
    assert asked.options["rerun"] is False
    assert asked.options["python"] == sys.executable


def test_the_defaults(doctor):
    _, asked = doctor("healthy")
    assert asked.options["budget"] == 60.0
    assert asked.options["rerun"] is True
    assert asked.options["python"] is None


CASES = {
    "nosuch.py": "no file nosuch.py",
    "digit.py": "Did you mean 'digits.py'",
    "": "Missing argument 'PROGRAM",
    "digits.py --budget 0": "a number of seconds above 0",
    "digits.py --budget soon": "a number of seconds above 0",
    "digits.py --format yaml": "allowed: text, json, github",
    "digits.py --epochs 3": "after --, as in: unstuck doctor PROGRAM -- --epochs",
    "digits.py --python no/such/python": "there is no such program",
    "digits.py --write-fix digits.py": "the program itself, which is never touched",
    "digits.py --write-fix digits.py --force": "the program itself, which is never touched",
    "digits.py --write-fix linked.py --force": "the program itself, which is never touched",
    "digits.py --write-fix hard.py --force": "the program itself, which is never touched",
    "digits.py --write-fix there.py": "there already.*--force",
    "digits.py --write-fix dangling.py": "there already.*--force",
    "digits.py --write-fix no/where.py": "there is no folder no",
    "empty.py": "empty",
    "binary.py": "binary",
    "book.ipynb": "no notebook",
    ".": "__main__.py",
}


@pytest.mark.parametrize("words", CASES)
def test_what_cannot_be_used_is_said_before_anything_runs(unstuck, tmp_path, monkeypatch, words):
    def never(*_, **__):
        raise AssertionError

    monkeypatch.setattr("unstuck.doctor.ask.diagnose", never)
    (tmp_path / "digits.py").write_text("print(0)\n")
    (tmp_path / "there.py").write_text("mine\n")
    (tmp_path / "empty.py").write_text("\n")
    (tmp_path / "binary.py").write_bytes(bytes(range(256)))
    (tmp_path / "book.ipynb").write_text("{}")
    (tmp_path / "linked.py").symlink_to("digits.py")
    (tmp_path / "hard.py").hardlink_to(tmp_path / "digits.py")
    (tmp_path / "dangling.py").symlink_to("nowhere.py")
    answer = unstuck("doctor", *words.split())
    assert answer.code == 2, answer
    assert answer.out == ""
    assert answer.err.startswith("unstuck: ")
    assert re.search(CASES[words], answer.err), answer.err
    assert (tmp_path / "digits.py").read_text() == "print(0)\n"
    assert (tmp_path / "there.py").read_text() == "mine\n"


def test_a_run_takes_no_program_options(unstuck, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    for words in (("--write-fix", "x.py"), ("--", "3")):
        answer = unstuck("doctor", "run", *words)
        assert answer.code == 2
        assert "is a run of the trainer" in answer.err


def test_a_fault_of_ours_is_no_verdict(doctor, monkeypatch):
    monkeypatch.delenv("UNSTUCK_DEBUG", raising=False)
    answer, _ = doctor(ZeroDivisionError("ours"))
    assert answer.code == 3
    assert "this is a fault of unstuck" in answer.err
    assert answer.out == ""
    monkeypatch.setenv("UNSTUCK_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        doctor(ZeroDivisionError("ours"))


def test_what_the_examination_refuses_is_bad_input(doctor):
    answer, _ = doctor(InvalidInputError("no Python there."))
    assert answer.code == 2
    assert answer.err.endswith("unstuck: no Python there.\n")


def test_an_encoding_that_knows_no_chinese(tmp_path, diagnoses):
    source = "損失 = 1\n"
    (tmp_path / "p.py").write_text(source, encoding="utf-8")
    code = (
        "import sys; from unstuck.app.cli import run; import unstuck.doctor.ask as d;"
        "from unstuck.doctor.diagnosis import *; from unstuck.record.run_record import SourceSpan;"
        "d.diagnose = lambda p, **_: Diagnosis('p.py', 'stuck', findings=(Finding('G103', 'fault',"
        " 'é', SourceSpan('p.py', 1, 0, 1, 2)),), sources=dict(p.files));"
        "sys.exit(run(['doctor', 'p.py']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PATH": "", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert b"1 | ?? = 1" in done.stdout


# ------------------------------------------------------------------------------- --write-fix


def test_the_repaired_program_is_written(doctor, diagnoses, tmp_path):
    answer, _ = doctor("three_causes", "--write-fix", "fixed.py")
    assert answer.code == 1
    assert "Wrote fixed.py" in answer.err
    assert (tmp_path / "fixed.py").read_text() == diagnoses.repaired()
    assert (tmp_path / "digits.py").read_text() == diagnoses.DIGITS
    assert "--write-fix" not in answer.out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["digits.py", "fixed.py"]


def test_a_file_is_replaced_when_that_was_asked_for(doctor, diagnoses, tmp_path):
    (tmp_path / "there.py").write_text("mine\n")
    doctor("three_causes", "--write-fix", "there.py", "--force")
    assert (tmp_path / "there.py").read_text() == diagnoses.repaired()


def test_no_repair_leaves_no_file(doctor, tmp_path):
    answer, _ = doctor("healthy", "--write-fix", "fixed.py")
    assert answer.code == 0
    assert "fixed.py was not written: no repair was found" in answer.err
    assert not (tmp_path / "fixed.py").exists()


def test_a_folder_takes_the_changed_files(doctor, diagnoses, tmp_path):
    (tmp_path / "out").mkdir()
    answer, _ = doctor("three_causes", "--write-fix", "out")
    assert "out/digits.py" in answer.err
    assert (tmp_path / "out" / "digits.py").read_text() == diagnoses.repaired()
    again, _ = doctor("three_causes", "--write-fix", "out")
    assert again.code == 1
    assert "Nothing was written." in again.err


def test_the_folder_of_the_program_itself_is_refused(doctor, diagnoses, tmp_path):
    answer, _ = doctor("three_causes", "--write-fix", ".", "--force")
    assert "the program itself" in answer.err
    assert (tmp_path / "digits.py").read_text() == diagnoses.DIGITS
