"""Cells of a notebook as plain Python, line for line; IPython itself is the referee."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.trace.cell_syntax import Line, told, translate
from unstuck.trace.open_code import OpenCode

SAME = [
    "x = 1\ny = x % 3\n",
    "z = (a\n% b)\n",
    "t = '''\n%time x\n!ls\nwhat?\n'''\n",
    'print("why?")  # why?\n',
    "f'{a!r}' != '%'\n",
    "x = a \\\n% b",
    "d = {'a': 1,\n'b': 2}\nd['#'] = '?'\n",
    "for k in range(3):\n\tprint(k % 2)\n",
    "x: int = 3\nx %= 2\nx != 2\nassert x == 2\n",
    "",
    "\n\n",
    "s = 'it\\'s 100 %'\n%%x".replace("\n%%x", ""),
]


@pytest.mark.parametrize("cell", SAME)
def test_plain_python_stays_as_it_is(cell):
    seen = translate(cell)
    assert seen.python == cell
    assert seen.left_out == ()
    assert {line.shift for line in seen.lines} <= {0}


@pytest.mark.parametrize(
    ("cell", "python", "left_out"),
    [
        ("%matplotlib inline", "pass  # %matplotlib inline", []),
        ("%time x = f(1)", "x = f(1)", []),
        ("%timeit -n 10 -r3 -q f(1)", "f(1)", []),
        ("%prun -l 5 -s cumulative fit()", "fit()", []),
        ("%lprun -f fit -f step fit()", "fit()", []),
        ("%doctor --budget 20 --no-rerun fit(X)", "fit(X)", []),
        ("%doctor --budget=20 fit(X)", "fit(X)", []),
        ("%%doctor --budget 20\nfit(X)", "# %%doctor --budget 20\nfit(X)", []),
        ("%time", "pass  # %time", []),
        ("if a:\n    %time x = 1", "if a:\n    x = 1", []),
        ("if a:\n    %load_ext x", "if a:\n    pass  # %load_ext x", []),
        ("%time for k in b: f(k)", "for k in b: f(k)", []),
        ("!pip install x", "pass  # !pip install x", []),
        ("pip install x", "pass  # pip install x", []),
        ("!wget u \\\n -q\nx = 1", "pass  # !wget u \\\n#  -q\nx = 1", [(1, "!wget u \\")]),
        ("x = !ls", "x = []  # !ls", [(1, "x = !ls")]),
        ("x = %who_ls", "x = None  # %who_ls", [(1, "x = %who_ls")]),
        ("x = %time f()", "x =       f()", []),
        ("np.dot?", "pass  # np.dot?", []),
        ("np.dot??  ", "pass  # np.dot??  ", []),
        ("?np.dot", "pass  # ?np.dot", []),
        ("%%time\nx = 1", "# %%time\nx = 1", []),
        ("\n%%doctor\nx = 1", "\n# %%doctor\nx = 1", []),
        ("%%time\n%%prun -q\nx = 1", "# %%time\n# %%prun -q\nx = 1", []),
        ("%%timeit -n 3 y = 2\nx = y", "y = 2\nx = y", []),
        ("%%bash\nls | wc", "# %%bash\n# ls | wc", [(1, "%%bash")]),
        ("%%html\n<b>", "# %%html\n# <b>", []),
        ("%%javascript\nx = 1;", "# %%javascript\n# x = 1;", []),
        ("%%writefile a.py\nx = 1", "# %%writefile a.py\n# x = 1", [(1, "%%writefile a.py")]),
        ("x = 1\n%unheard_of", "x = 1\npass  # %unheard_of", [(2, "%unheard_of")]),
        ("  x = 1\n  y = 2", "x = 1\ny = 2", []),
        (">>> x = 1\n>>> if x:\n...     y = 2", "x = 1\nif x:\n    y = 2", []),
        ("In [3]: x = 1\n   ...: y = 2", "x = 1\ny = 2", []),
        ("%run helpers.py", "from helpers import *", []),
        ("%run -i helpers.py", "pass  # %run -i helpers.py", [(1, "%run -i helpers.py")]),
    ],
)
def test_what_ipython_adds(cell, python, left_out):
    seen = translate(cell)
    assert seen.python == python
    assert list(seen.left_out) == left_out
    assert len(seen.lines) == cell.count("\n") + 1


def test_what_capture_keeps_can_be_asked_for():
    names = {}
    exec(translate("%%capture out\nx = 1\nout.show()\n").python, names)  # noqa: S102
    assert names["x"] == 1
    assert names["out"].stdout == ""


def test_places_and_settings_change(tmp_path, monkeypatch):
    (tmp_path / "it's").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KIND", raising=False)
    cell = "%cd \"it's\"\n%env KIND=a b\nimport os\nfound = os.getcwd(), os.environ['KIND']"
    names = {}
    exec(translate(cell).python, names)  # noqa: S102
    assert names["found"] == (str(tmp_path / "it's"), "a b")


@pytest.mark.parametrize(
    ("line", "shift"),
    [
        (Line("%time x = 1", "x = 1", 6), 6),
        (Line("    %time x = 1", "    x = 1", 10), 6),
        (Line("  x", "x", 2), 2),
        (Line("!ls", "pass  # !ls"), 0),
    ],
)
def test_columns_are_counted_in_what_was_written(line, shift):
    assert line.shift == shift
    assert line.kept == (shift > 0)


def test_told_is_bounded():
    said = told([(k, 1, "!" + "x" * 100) for k in range(1, 20)])
    assert said.startswith("not run: cell 1, line 1 (!xxx")
    assert said.endswith("...); and 14 more")
    assert told([]) == ""


def test_open_code_knows_what_a_line_leaves_open():
    code = OpenCode()
    states = []
    for line in ("x = [1,  # ]", '\'a]\', """', "]", '"""]', "y = 'a\\", "b'", "z = 'oops"):
        code.read(line)
        states.append(code.closed)
    assert states == [False, False, False, True, False, True, True]


LINES = [
    "x = 1",
    "y = x % 2",
    "%time y = f(x)",
    "%timeit -n 2 f(x)",
    "%matplotlib inline",
    "!ls 'it",
    "w = !ls",
    "f?",
    "?f",
    "z = (x\n% 3)",
    "s = '''\n%who in text\n!\nwhat?\n'''",
    "if x:",
    "    y = 2",
    "    %time y = 3",
    "    !ls",
    "# why?",
    "t = 'why?'",
    "",
]


class Calls(ast.NodeTransformer):
    """IPython's calls for its magics become what we write for them."""

    def visit_Call(self, node):
        """``get_ipython().run_line_magic("time", "y = f(x)")``."""
        named = ast.unparse(node.func)
        if not named.startswith("get_ipython()."):
            return node
        magic = node.args[0].value
        if magic in ("time", "timeit"):
            return ast.parse(node.args[1].value.removeprefix("-n 2 ")).body[0]
        return ast.Constant([]) if named.endswith("getoutput") else ast.Pass()

    def visit_Expr(self, node):
        """A statement of its own."""
        found = self.visit(node.value)
        return found if isinstance(found, ast.stmt) else ast.Expr(found)


def meaning(tree):
    return ast.dump(tree).replace("value=List(elts=[], ctx=Load())", "value=Constant(value=[])")


@given(st.lists(st.sampled_from(LINES), max_size=8))
def test_ipython_reads_the_same(lines):
    transform = pytest.importorskip("IPython.core.inputtransformer2").TransformerManager()
    cell = "\n".join(lines) + "\n"
    ours = translate(cell).python
    try:
        theirs = ast.parse(transform.transform_cell(cell))
    except SyntaxError:
        with pytest.raises(SyntaxError):
            ast.parse(ours)
        return
    assert meaning(ast.parse(ours)) == meaning(Calls().visit(theirs))
