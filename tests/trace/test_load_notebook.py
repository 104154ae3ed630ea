"""From a notebook to a program: cells in order, every line where it was, and plain refusals."""

import json

import pytest
from tests.notebooks import as_notebook, code_cell

from unstuck.base.errors import InvalidInputError
from unstuck.trace.load_program import load_program
from unstuck.trace.request import Request
from unstuck.trace.sandbox import run


@pytest.fixture
def book(tmp_path):
    """Write a notebook of these cells, or this text, and load it."""

    def load(content, name="book.ipynb", **options):
        text = content if isinstance(content, str) else as_notebook(content, **options)
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_program(path)

    return load


def raw(*cells, **more):
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, **more})


def ran(program):
    return run(program, Request("tally"))


def test_cells_are_one_program(book):
    program = book(["import sys\nx = 1", "", "%time x += 1", "print(x, sys.argv[1:])"])
    assert program.entry == "book.ipynb"
    assert program.files["book.ipynb"] == (
        "# cell 1\nimport sys\nx = 1\n# cell 2\n\n# cell 3\nx += 1\n"
        "# cell 4\nprint(x, sys.argv[1:])\n"
    )
    assert program.cells == (2, 5, 7, 9)
    assert [program.notebook.located(line) for line in (2, 3, 5, 7, 9)] == [
        (1, 1), (1, 2), (2, 1), (3, 1), (4, 1)
    ]  # fmt: skip
    assert program.line_name("book.ipynb", 3) == "cell 1, line 2"
    assert program.line_name("net.py", 3) == "line 3"
    assert ran(program).stdout == "2 []\n"


def test_remarks_stay_apart_from_the_markers(book):
    program = book(["x = 1\n# cell 2\n", "s = '''\n# cell 1\n'''"])
    assert program.notebook.marker == "## cell"
    assert program.notebook.located(7) == (2, 2)
    assert program.notebook.texts(program.files["book.ipynb"]) == {
        1: "x = 1\n# cell 2\n", 2: "s = '''\n# cell 1\n'''",
    }  # fmt: skip


def test_modules_and_data_lie_beside_it(book, tmp_path):
    (tmp_path / "net.py").write_text("size = 3\n")
    (tmp_path / "data.txt").write_text("4\n")
    program = book(["from net import size", "print(size, open('data.txt').read())"])
    assert sorted(program.files) == ["book.ipynb", "net.py"]
    assert (program.folder, program.directory) == (tmp_path, "")
    assert ran(program).stdout == "3 4\n\n"


def test_it_starts_in_its_own_folder(book, tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.txt").write_text("5")
    monkeypatch.chdir(tmp_path)
    program = book(["print(open('../data/x.txt').read())"], name="work/book.ipynb")
    assert (program.entry, program.directory) == ("work/book.ipynb", "work")
    assert ran(program).stdout == "5\n"


def test_what_notebooks_have_is_there(book):
    program = book(
        [
            "class Bad:\n    def __repr__(self):\n        return 1 / 0\nhandle = display(Bad())",
            "handle.update(3)\nget_ipython().run_line_magic('matplotlib', 'inline')",
            "'IPKernelApp' in get_ipython().config\ndisplay(1, 'a', display_id=True)",
            "'__file__' in globals(), __name__",
            "print(_ if False else ('__file__' in globals(), __name__))",
        ]
    )
    seen = ran(program)
    assert seen.error is None
    assert seen.stdout == "1\n'a'\n(False, '__main__')\n"


def test_scripts_do_not_have_it(tmp_path):
    (tmp_path / "a.py").write_text("print('display' in globals(), '__file__' in globals())")
    assert ran(load_program(tmp_path / "a.py")).stdout == "False True\n"


@pytest.mark.parametrize(
    ("cells", "cell", "line"),
    [
        (["x = 1", "y = (1,", "2)"], 2, 1),
        (["x = 1\ny = '''", "z = '''"], 1, 2),
        (["x = 1", "for k in x:\n  pass\n   y", "z = 1"], 2, 3),
        (["if True:", "    x = 1"], 1, 1),
        (["x = 1", "%time y = 1 +"], 2, 1),
        (["x = 1", "y = 2", "return x"], 3, 1),
    ],
)
def test_a_cell_that_is_no_python_ends_the_program(book, cells, cell, line):
    program = book(cells)
    seen = ran(program)
    assert seen.status == "syntax"
    assert program.notebook.located(seen.error.span.line) == (cell, line)
    assert len(program.cells) == cell


def test_a_cell_that_never_runs_keeps_its_text(book):
    program = book(["x = (", "%time y = 1\n!ls"])
    assert program.notebook.rewritten(program.files["book.ipynb"]) == program.notebook.raw


def test_features_of_the_future_hold_from_the_top(book):
    program = book(["x = 1\n", "from __future__ import annotations\n", "def f(x: nothing): pass"])
    assert ran(program).status == "finished"
    assert [program.notebook.located(line) for line in (3, 6, 9)] == [(1, 1), (2, 1), (3, 1)]
    assert program.notebook.rewritten(program.files["book.ipynb"]) == program.notebook.raw


def test_tags_say_what_is_no_part_of_it(book):
    text = raw(
        code_cell("print(1)", 0, tags=["parameters"]),
        code_cell("1 / 0", 1, tags=["raises-exception"]),
        code_cell("print(2)", 2, tags=["skip-execution"]),
        code_cell("print(3)", 3),
    )
    program = book(text)
    assert ran(program).stdout == "1\n3\n"
    assert program.notebook.left_out == (
        "not run: cell 2, line 1 (the cell is tagged raises-exception)"
    )
    assert [cell.number for cell in program.notebook.cells] == [1, 2, 3, 4]


def test_what_does_not_run_is_said(book):
    program = book(["!pip install x\n!wget y", "%%bash\nls", "a = !ls", "print(a)"])
    assert program.notebook.left_out == (
        "not run: cell 1, line 2 (!wget y); cell 2, line 1 (%%bash); cell 3, line 1 (a = !ls)"
    )
    assert ran(program).stdout == "[]\n"


def test_the_older_format(book):
    code = {"cell_type": "code", "language": "python", "prompt_number": 3, "outputs": []}
    sheets = [
        {
            "cells": [
                {"cell_type": "heading", "source": "x"},
                {**code, "input": ["x = 1\n", "y = 2"]},
            ]
        },
        {"cells": [{**code, "input": "print(x + y)"}, {**code, "input": ["a = 1", "print(a)"]}]},
    ]
    program = book(json.dumps({"nbformat": 3, "metadata": {"name": ""}, "worksheets": sheets}))
    assert ran(program).stdout == "3\n1\n"
    text = program.files["book.ipynb"].replace("a = 1", "a = 4").replace("y = 2", "y = 5")
    new = json.loads(program.notebook.rewritten(text))
    assert [c["input"] for sheet in new["worksheets"] for c in sheet["cells"] if "input" in c] == [
        ["x = 1\n", "y = 5"], "print(x + y)", ["a = 4", "print(a)"],
    ]  # fmt: skip


@pytest.mark.parametrize("indent", [None, 1, 4, "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_layout_of_json(book, indent, end):
    text = json.dumps(json.loads(as_notebook(["x = 1", "print(x, 'ü')"])), indent=indent)
    program = book("\ufeff" + text.replace("\n", end))
    assert ran(program).stdout == "1 ü\n"
    assert program.notebook.rewritten(program.files["book.ipynb"]).encode() == (
        b"\xef\xbb\xbf" + text.replace("\n", end).encode()
    )


def test_line_ends_of_a_cell_are_kept(book):
    program = book(raw(code_cell("x = 1\r\ny = 2\r\nprint(x)")))
    assert ran(program).stdout == "1\n"
    text = program.files["book.ipynb"].replace("x = 1", "x = 3\nz = 1")
    (cell,) = json.loads(program.notebook.rewritten(text))["cells"]
    assert "".join(cell["source"]) == "x = 3\r\nz = 1\r\ny = 2\r\nprint(x)"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("{", "is damaged: line 1"),
        ("print(1)", "is damaged"),
        ('{"cells": [\n<<<<<<< HEAD\n]}', "marks of a merge"),
        ("[" * 100_000, "is no notebook|damaged"),
        ("[]", "no cells"),
        ("{}", "no cells"),
        ('{"cells": 3}', "no cells"),
        ('{"cells": [3]}', "no cells"),
        ('{"worksheets": {}}', "no cells"),
        (raw(), "no Python code"),
        (raw({"cell_type": "markdown", "source": "x = 1"}), "no Python code"),
        (raw(code_cell("")), "no Python code"),
        (raw(code_cell("%%bash\nls"), code_cell("# remark\n!ls")), "no Python code"),
        (raw(code_cell("await x")), "cell 1 of .* awaits outside"),
        (raw(code_cell("x = 1"), code_cell("\nasync for x in y: pass")), "cell 2 of .* awaits"),
    ],
)
def test_what_is_no_program_is_refused(book, content, said):
    with pytest.raises(InvalidInputError, match=said):
        book(content)


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "b.ipynb").write_bytes(b'{"cells": ["\xff"]}')
    with pytest.raises(InvalidInputError, match="not valid UTF-8"):
        load_program(tmp_path / "b.ipynb")


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"kernelspec": {"name": "ir", "language": "R"}}, "R"),
        ({"kernelspec": {"name": "ir"}}, "R"),
        ({"kernelspec": {"name": "julia-1.9"}}, "Julia"),
        ({"language_info": {"name": "scala"}}, "scala"),
    ],
)
def test_other_languages_are_named(book, metadata, language):
    with pytest.raises(InvalidInputError, match=f"is a notebook in {language}; .* Python only"):
        book(raw(code_cell("x <- 1"), metadata=metadata))


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"kernelspec": None},
        {"kernelspec": {"name": "conda-env-ml-py", "language": "python"}},
        {"kernelspec": {"name": "my-env"}},
        {"language_info": {"name": "ipython", "version": "3"}},
    ],
)
def test_python_by_any_name(book, metadata):
    assert ran(book(raw(code_cell("print(1)"), metadata=metadata))).stdout == "1\n"


def test_a_near_name_is_proposed(book, tmp_path):
    book(["x = 1"])
    with pytest.raises(InvalidInputError, match=r"Did you mean 'book\.ipynb'"):
        load_program(tmp_path / "boook.ipynb")
