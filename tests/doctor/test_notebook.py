"""A notebook is asked about like the script that it would be; places name cell and line."""

import json
import re

import numpy as np
import pytest
from tests.notebooks import RINGS, as_notebook, cut, dressed, places

from unstuck.doctor.ask import diagnose
from unstuck.doctor.case import Case
from unstuck.doctor.look import cut_short
from unstuck.doctor.rules import RULES
from unstuck.doctor.schema import as_json
from unstuck.show.diagnosis.github import github_text
from unstuck.show.diagnosis.notebook import notebook_html
from unstuck.trace.load_program import load_program
from unstuck.trace.request import LoopCount, Outcome


@pytest.fixture
def ask(tmp_path):
    """Diagnose a notebook of these cells."""

    def diagnosed(cells, **options):
        path = tmp_path / "rings.ipynb"
        path.write_text(as_notebook(cells), encoding="utf-8")
        return diagnose(path, budget=120, **options)

    return diagnosed


def found(seen, *severities):
    return {
        (f.code, f.cell, f.span.line if f.span else None)
        for f in seen.findings
        if f.severity in severities
    }


@pytest.fixture(scope="module")
def rings(tmp_path_factory):
    """The rings with a wrong derivative: the notebook's text, and what is said of it."""
    path = tmp_path_factory.mktemp("rings") / "rings.ipynb"
    path.write_text(as_notebook(RINGS), encoding="utf-8")
    return path.read_text(encoding="utf-8"), diagnose(path, budget=120)


def test_a_cause_is_named_by_cell_and_line(rings):
    _, seen = rings
    assert seen.verdict == "stuck"
    assert seen.program == "rings.ipynb"
    assert found(seen, "cause") == {("G103", 5, 8)}
    assert found(seen, "note") == set()  # what cells show is of use
    (cause,) = seen.findings
    source = seen.sources["rings.ipynb, cell 5"].split("\n")
    assert source[7][cause.span.column : cause.span.end_column] == "d2 @ W2.T * H"
    assert seen.repair.verified


def test_every_form_says_cell_and_line(rings):
    text, seen = rings
    page = str(seen)
    assert "--> rings.ipynb, cell 5, line 8, column 14" in page
    assert re.search(r"^8 \|         d1 = d2 @ W2\.T \* H$", page, re.MULTILINE)
    assert "--- a/rings.ipynb, cell 5\n+++ b/rings.ipynb, cell 5\n@@ -5,7 +5,7 @@\n" in page
    html = notebook_html(seen)
    assert "rings.ipynb, cell 5, line 8, column 14" in html
    assert ">8</span>          d1 = " in html
    entry = as_json(seen)["findings"][0]
    assert (entry["file"], entry["cell"], entry["line"], entry["column"]) == (
        "rings.ipynb", 5, 8, 13,
    )  # fmt: skip
    rows = text.split("\n")
    row = next(n for n, line in enumerate(rows, 1) if "d1 = d2 @ W2.T * H" in line)
    said = github_text(seen, "", {(5, 8): row})
    assert f"::error file=rings.ipynb,line={row},endLine={row},title=G103 " in said
    assert "%2C cell 5%2C line 8::" in said


def test_the_repair_is_the_notebook_with_that_line_changed(rings):
    text, seen = rings
    new = seen.repair.files["rings.ipynb"]
    pairs = zip(text.split("\n"), new.split("\n"), strict=True)
    changed = [(a, b) for a, b in pairs if a != b]
    (pair,) = changed
    assert pair[0] == '    "        d1 = d2 @ W2.T * H\\n",'
    assert re.fullmatch(r'    "        d1 = d2 @ W2\.T \* \(1 - H ?\*\* ?2\)\\n",', pair[1])


def test_the_repaired_notebook_learns_in_a_kernel(rings):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    _, seen = rings
    book = nbformat.reads(seen.repair.files["rings.ipynb"], as_version=4)
    nbformat.validate(book)
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    said = "".join(o["text"] for o in book.cells[-1].outputs if o["output_type"] == "stream")
    assert float(said.split("accuracy")[1]) > 0.95


@pytest.mark.parametrize(("code", "seed"), [("G101", 1), ("U201", 2), ("W303", 3), ("P701", 4)])
def test_the_answer_is_that_of_the_script(tmp_path, code, seed):
    text = RULES[code].BROKEN
    (tmp_path / "p.py").write_text(text)
    cells = cut(text, seed)
    both, added = dressed(cells, seed)
    (tmp_path / "p.ipynb").write_text(as_notebook(both))
    script, notebook = (diagnose(tmp_path / f"p.{end}", budget=120) for end in ("py", "ipynb"))
    where = places(cells, added)
    named = {
        (f.severity, f.code, *(where[f.span.line] if f.span else (None,))) for f in script.findings
    }
    assert code in {f.code for f in script.findings}
    assert named == {
        (f.severity, f.code, *((f.cell, f.span.line) if f.span else (None,)))
        for f in notebook.findings
    }
    assert (script.verdict, [c.check for c in script.clean]) == (
        notebook.verdict, [c.check for c in notebook.clean],
    )  # fmt: skip


def test_a_crash_is_at_its_cell(ask):
    seen = ask([*RINGS[:4], "x = 1\n%time y = W1 @ X", *RINGS[4:]])
    assert seen.verdict == "crashed"
    assert found(seen, "fault", "cause") == {("P701", 5, 2)}
    (crash,) = (f for f in seen.findings if f.code == "P701")
    line = seen.sources["rings.ipynb, cell 5"].split("\n")[1]
    assert line[crash.span.column : crash.span.end_column] == "y = W1 @ X"


@pytest.mark.parametrize(
    ("cell", "line", "said"),
    [
        ("x = 1\ny = (1,\nz = 2", 2, None),
        ("if x:\nprint(1)", 2, "'if' statement on cell 3, line 1"),
        ("x = 1\ns = '''a\nb", 2, "detected at cell 3, line 3"),
        ("x = [1,\n2)", 2, r"parenthesis '\[' on cell 3, line 1"),
        ("%time 1 +", 1, None),
    ],
)
def test_a_cell_that_is_no_python(ask, cell, line, said):
    seen = ask(["x = 0", "", cell, "y = ')'"])
    assert seen.verdict == "crashed"
    assert found(seen, "fault", "cause") == {("P701", 3, line)}
    (crash,) = seen.findings
    numbers = re.findall(r"(?<!cell 3, )line \d+", f"{crash.message} {seen.reason}")
    assert numbers == []
    if said is not None:
        assert re.search(said, crash.message)
        assert re.search(said, seen.reason)
        assert re.search(said, crash.evidence["exception"])


def test_a_line_that_an_exception_names_is_its_own(ask):
    seen = ask(["raise ValueError('line 2 of data.csv is bad')"])
    assert "line 2 of data.csv" in seen.findings[0].message


def test_statements_without_effect(ask):
    seen = ask(["import numpy as np\nx = np.ones(3)", "x - 1\nx", "%timeit x + 1\nx - 2", "x - 3"])
    assert found(seen, "note") == {("P704", 2, 1), ("P702", None, None)}


def test_what_did_not_run_is_said(ask):
    seen = ask(["x = 1", "%%bash\nls\n", "!wget http://a"])
    (entry,) = (u for u in seen.unchecked if u.check == "shell commands and magics")
    assert entry.why == "not run: cell 2, line 1 (%%bash); cell 3, line 1 (!wget http://a)"


def test_a_module_beside_it_keeps_its_lines(tmp_path):
    fit = "\n".join(RINGS[4].split("\n")[1:]).replace("    global W1, b1, W2, b2\n", "")
    fit = fit.replace("steps)", "X, T, W1, b1, W2, b2, steps)").replace(
        "range(X, T, W1, b1, W2, b2, ", "range("
    )
    (tmp_path / "net.py").write_text(f"import numpy as np\n\n\n{fit}")
    cells = [
        RINGS[0],
        "from net import fit",
        *RINGS[1:4],
        "O = fit(X, T, W1, b1, W2, b2, 1500)",
        RINGS[6],
    ]
    (tmp_path / "rings.ipynb").write_text(as_notebook(cells))
    seen = diagnose(tmp_path / "rings.ipynb", budget=120)
    (cause,) = (f for f in seen.findings if f.severity == "cause")
    assert (cause.code, cause.cell, cause.span.file, cause.span.line) == ("G103", None, "net.py", 9)
    assert "--> net.py:9:14" in str(seen)
    assert seen.repair.diff.startswith("--- a/net.py\n")
    assert "rings.ipynb" not in seen.repair.files


def test_a_loop_that_takes_long_is_named_by_its_cell(tmp_path):
    (tmp_path / "a.ipynb").write_text(as_notebook(["x = 0", "\nfor k in range(9):\n    x += k"]))
    program = load_program(tmp_path / "a.ipynb")
    case = Case(program, None, np.inf, 60.0, True, print, program)
    line = program.cells[1] + 1
    loop = LoopCount(("a.ipynb", line, 0, line + 1, 10, "for"), 1, 900, 90.0, None, 0)
    cut_short(case, Outcome("timeout", 90.0, loops=(loop,)))
    assert case.cut.endswith("iterations of the loop in cell 2, line 2")


def test_json_of_it_is_json(rings):
    assert json.loads(json.dumps(as_json(rings[1])))["repair"]["diff"].count("cell 5") == 2


def test_cells_that_ran_in_another_order_are_said(tmp_path):
    book = json.loads(as_notebook(["x = 1", "y = 2", "z = 3"]))
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    for cell, count in zip(code, (8, None, 5), strict=True):
        cell["execution_count"] = count
    (tmp_path / "a.ipynb").write_text(json.dumps(book))
    entries = {u.check: u.why for u in diagnose(tmp_path / "a.ipynb").unchecked}
    assert entries["order of the cells"].endswith("cell 3 had run before cell 1")
    (tmp_path / "a.ipynb").write_text(as_notebook(["x = 1", "y = 2", "z = 3"]))
    seen = diagnose(tmp_path / "a.ipynb")
    assert "order of the cells" not in {u.check for u in seen.unchecked}


@pytest.mark.parametrize("text", ["x = '\0'", "x = '\ud800'", "\x0c\nx = 1 / 0", "x = 1 /\\"])
def test_odd_characters_end_in_a_verdict(tmp_path, text):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(json.loads(as_notebook(["y = 1", text])), ensure_ascii=True))
    seen = diagnose(path)
    assert seen.verdict == "crashed"
    assert "Traceback" not in str(seen)
    assert json.dumps(as_json(seen))
