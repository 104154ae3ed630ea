"""`unstuck doctor NOTEBOOK.ipynb`: what a person types, sees and gets."""

import json
import os

import pytest
from tests.notebooks import RINGS, as_notebook

from unstuck.app.fix_file import FixFile
from unstuck.base.errors import InvalidInputError
from unstuck.doctor.cells import in_cells
from unstuck.doctor.diagnosis import Diagnosis, Finding, Repair
from unstuck.record.run_record import SourceSpan
from unstuck.trace.load_program import load_program

CELLS = ["%matplotlib inline\nimport net", "%time y = 1 + 2", "print(y)"]


@pytest.fixture
def book(tmp_path):
    """A notebook and a module in a folder of their own, loaded."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "book.ipynb").write_text(as_notebook(CELLS), encoding="utf-8")
    (home / "net.py").write_text("x = 1\n")
    return load_program(home / "book.ipynb")


def repaired(program, **changed):
    """A diagnosis as the doctor makes it, whose repair exchanges texts in files."""
    files = dict(program.files)
    for name, (old, new) in {f.replace("_", "."): pair for f, pair in changed.items()}.items():
        assert old in files[name]
        files[name] = files[name].replace(old, new)
    new = {name: text for name, text in files.items() if program.files[name] != text}
    finding = Finding("G103", "cause", "m", SourceSpan("book.ipynb", 5, 4, 5, 9))
    repair = Repair(("G103",), "", 0.0, 1.0, (0,), 1, True, new)
    return in_cells(Diagnosis(program.name, "stuck", None, (finding,), repair=repair), program)


def test_the_repaired_notebook_is_written(book, tmp_path):
    seen = repaired(book, book_ipynb=("1 + 2", "1 + 3"))
    assert (seen.findings[0].cell, seen.findings[0].span.line) == (2, 1)
    target = tmp_path / "fixed.ipynb"
    assert FixFile.at(str(target), book, force=False).write(seen) == [target]
    old = (tmp_path / "home" / "book.ipynb").read_bytes()
    assert target.read_bytes() == old.replace(b"1 + 2", b"1 + 3")
    assert target.read_bytes() != old


def test_a_repair_elsewhere_too_needs_a_folder(book, tmp_path):
    seen = repaired(book, book_ipynb=("1 + 2", "1 + 3"), net_py=("x = 1", "x = 2"))
    with pytest.raises(InvalidInputError, match="give a folder"):
        FixFile.at(str(tmp_path / "fixed.ipynb"), book, force=False).write(seen)
    written = FixFile.at(f"{tmp_path}/new/", book, force=False).write(seen)
    assert sorted(path.name for path in written) == ["book.ipynb", "net.py"]
    assert (tmp_path / "new" / "net.py").read_text() == "x = 2\n"
    assert json.loads((tmp_path / "new" / "book.ipynb").read_text(encoding="utf-8"))["cells"]


@pytest.mark.parametrize("name", ["home/book.ipynb", "home/../home/book.ipynb", "link.ipynb"])
@pytest.mark.parametrize("force", [False, True])
def test_the_notebook_itself_is_never_written(book, tmp_path, name, force):
    os.link(tmp_path / "home" / "book.ipynb", tmp_path / "link.ipynb")
    with pytest.raises(InvalidInputError, match="the program itself"):
        FixFile.at(str(tmp_path / name), book, force=force)


def test_another_file_is_replaced_by_force_only(book, tmp_path):
    target = tmp_path / "fixed.ipynb"
    target.write_text("mine")
    with pytest.raises(InvalidInputError, match="there already"):
        FixFile.at(str(target), book, force=False)
    assert target.read_text() == "mine"
    seen = repaired(book, book_ipynb=("1 + 2", "1 + 3"))
    FixFile.at(str(target), book, force=True).write(seen)
    assert "1 + 3" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["fixed.py", "fixed"])
def test_a_notebook_becomes_no_script(book, tmp_path, name):
    with pytest.raises(InvalidInputError, match=r"name that ends in \.ipynb.*fixed\.ipynb"):
        FixFile.at(str(tmp_path / name), book, force=False)


def test_from_the_question_to_the_repaired_file(unstuck, tmp_path):
    path = tmp_path / "rings.ipynb"
    path.write_text(as_notebook(RINGS), encoding="utf-8")
    before = path.read_bytes()
    seen = unstuck("doctor", path.name, "--write-fix", "out.ipynb")
    assert seen.code == 1
    assert "cause G103" in seen.out
    assert "rings.ipynb, cell 5, line 8, column 14" in seen.out
    assert "Wrote out.ipynb: the repaired program." in seen.err
    assert "(the loop in cell 5, line 4)" in seen.err
    assert path.read_bytes() == before
    after = (tmp_path / "out.ipynb").read_bytes()
    rows = zip(before.split(b"\n"), after.split(b"\n"), strict=True)
    assert [a for a, b in rows if a != b] == [b'    "        d1 = d2 @ W2.T * H\\n",']
    again = unstuck("doctor", "out.ipynb", "--format", "json")
    assert again.code == 0
    assert json.loads(again.out)["findings"] == []


def test_github_gets_the_line_of_the_file(unstuck, tmp_path):
    path = tmp_path / "rings.ipynb"
    path.write_text(as_notebook(RINGS), encoding="utf-8")
    seen = unstuck("doctor", path.name, "--no-rerun", "--format", "github")
    rows = path.read_text(encoding="utf-8").split("\n")
    row = next(n for n, line in enumerate(rows, 1) if "d1 = d2 @ W2.T * H" in line)
    assert f"file=rings.ipynb,line={row},endLine={row},title=G103 " in seen.out
    assert "%2C cell 5%2C line 8::" in seen.out


def test_the_next_step_names_a_notebook(unstuck, tmp_path):
    (tmp_path / "rings.ipynb").write_text(as_notebook(RINGS))
    seen = unstuck("doctor", "rings.ipynb")
    assert "unstuck doctor rings.ipynb --write-fix rings_fixed.ipynb" in seen.out


def test_other_languages_and_damage_are_said_in_a_line(unstuck, tmp_path):
    (tmp_path / "r.ipynb").write_text(as_notebook(["x <- 1"], language="R"))
    (tmp_path / "cut.ipynb").write_text(as_notebook(["x = 1"])[:-40])
    for name, said in (("r.ipynb", "is a notebook in R"), ("cut.ipynb", "is damaged")):
        seen = unstuck("doctor", name)
        assert (seen.code, seen.out) == (2, "")
        assert said in seen.err
        assert "Traceback" not in seen.err


def test_weights_of_a_notebook_are_refused_plainly(unstuck, tmp_path):
    (tmp_path / "a.ipynb").write_text(as_notebook(["x = 1"]))
    seen = unstuck("weights", "--script", "a.ipynb")
    assert seen.code == 2
    assert "jupyter nbconvert --to script a.ipynb" in seen.err
