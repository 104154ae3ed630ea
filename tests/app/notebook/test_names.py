"""Names that a cell needs, and the statements that made them: read off the text alone."""

import ast
import contextlib
import io

import numpy as np
import pytest

from unstuck.app.notebook.history import executed_cells, is_earlier_form, statements
from unstuck.app.notebook.names import bound, changed, needed
from unstuck.app.notebook.slices import slices_of

EVERYTHING = {
    "np": np, "x": 1.0, "y": [1, 2], "W": np.ones(3), "f": abs, "n": 3, "k": 2, "total": 0,
    "Base": object, "flag": True, "d": {"a": 1}, "deco": lambda g: g,
}  # fmt: skip

CELLS = [
    ("a = x\nb = a + n", {"x", "n"}),
    ("for i in range(n):\n    z = W * i\n    W = W - z", {"n", "W"}),
    ("W -= 0.1 * x", {"W", "x"}),
    ("def g(v, w=k):\n    u = v + total\n    return u\ng(x)", {"k", "total", "x"}),
    ("def g():\n    global total\n    total += 1\ng()", {"total"}),
    (
        "class C(Base):\n    s = n\n    def m(self):\n        return C, k\nC().m()",
        {"Base", "n", "k"},
    ),
    ("[i * x for i in y if i < n]", {"x", "y", "n"}),
    ("{a: b for a, b in d.items()}\n(lambda q: q + x)(1)", {"d", "x"}),
    ("if flag:\n    q = 1\nelse:\n    q = 2\nq + x", {"flag", "x"}),
    ("try:\n    q = f(x)\nexcept ValueError as e:\n    print(e)\nq", {"f", "x", "q"}),
    ("import math as np\nnp.sqrt(4)", set()),
    ("d['b'] = x\nW[0] = n", {"d", "W", "x", "n"}),
    ("while n > 0:\n    n = n - 1", {"n"}),
    ("with open('/dev/null') as file:\n    print(x, file.read())", {"x"}),
    ("@deco\ndef g(): return g\n", {"deco"}),
    ("(v := x) + v", {"x"}),
    ("p, *r = y\nprint(f'{p} {x:.{k}f}')", {"y", "x", "k"}),
    ("lambda: later\nlater = 1", {"later"}),
    ("def g():\n    def h():\n        return x\n    return h()\ng()", {"x"}),
]


@pytest.mark.parametrize(("cell", "names"), CELLS)
def test_what_a_cell_needs(cell, names):
    assert needed(ast.parse(cell).body) == names


@pytest.mark.parametrize("cell", [cell for cell, _ in CELLS])
def test_a_cell_runs_with_what_it_needs_and_nothing_else(cell):
    names = needed(ast.parse(cell).body)
    space = {name: EVERYTHING[name] for name in names if name in EVERYTHING}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(cell, "<cell>", "exec"), {**space})  # noqa: S102 - the cells above


def test_what_a_statement_binds_and_changes():
    (loop,) = ast.parse("for i, v in z:\n    a[i] = v\n    b.c = 1\n    q = g(h, k=m)").body
    assert bound(loop) == {"i", "v", "q"}
    assert changed(loop) == {"a", "b", "h", "m"}
    (said,) = ast.parse("print(x, len(y))").body
    assert changed(said) == set()


def history(*cells):
    return statements(executed_cells(["", *cells], len(cells) + 1), frozenset())


def kept(names, *cells):
    slices = slices_of(names, history(*cells))
    return [ast.unparse(s.node) for s in slices.ordered], slices.incomplete


def test_only_what_made_a_value_is_repeated():
    lines, incomplete = kept(
        {"X"},
        "import numpy as np\nimport os",
        "X = np.ones(3)\nprint(X)\nother = 5",
        "X = X / 2\nX[0] = 7.0",
    )
    assert lines == ["import numpy as np", "X = np.ones(3)", "X = X / 2", "X[0] = 7.0"]
    assert not incomplete


def test_a_name_that_is_made_anew_forgets_what_it_was():
    lines, _ = kept({"X"}, "X = 1", "X = 2", "y = X")
    assert lines == ["X = 2"]


def test_what_reaches_out_is_not_repeated():
    lines, incomplete = kept(
        {"rows", "mean"}, "rows = open('x.csv').read().split()", "mean = len(rows)"
    )
    assert lines == ["mean = len(rows)"]
    assert incomplete == {"rows", "mean"}


def test_the_seed_is_set_where_numbers_are_drawn():
    lines, _ = kept(
        {"W"}, "import numpy as np\nnp.random.seed(3)", "W = np.random.randn(2)", "v = 1"
    )
    assert lines == ["import numpy as np", "np.random.seed(3)", "W = np.random.randn(2)"]


def test_functions_bring_what_they_call():
    lines, _ = kept(
        {"train"},
        "def act(z):\n    return z",
        "lr = 0.1",
        "def train(n):\n    return act(n) * lr",
        "lr = 0.2",
    )
    assert [line.split("\n")[0] for line in lines] == ["def act(z):", "def train(n):", "lr = 0.2"]


def test_cells_of_the_doctor_and_broken_ones_are_no_history():
    cells = executed_cells(
        ["", "x = 1", "%%doctor\nx = 2", "x = (", "%time x = 3\n%doctor f(x)"], 5
    )
    assert [cell.number for cell in cells] == [1, 4]
    assert [ast.unparse(s.node) for s in statements(cells, frozenset())] == ["x = 1", "x = 3"]


def test_an_earlier_form_of_a_cell_is_recognised():
    cell = "for epoch in range(100):\n    A = sigmoid(X @ W)\n    W -= lr * X.T @ (A - y)\n"
    assert is_earlier_form(cell, cell.replace("100", "200").replace("lr", "0.5"))
    assert not is_earlier_form("W = np.random.randn(3, 1)\nlr = 0.1", cell)
