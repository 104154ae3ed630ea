"""The way back from the program to the cells: for any notebook, and after any change."""

import json

from hypothesis import given
from hypothesis import strategies as st
from tests.notebooks import as_notebook, cut, dressed, places

from unstuck.record.run_record import SourceSpan
from unstuck.trace.load_notebook import assembled

PIECES = [
    "x = 1",
    "für = 'ü€😀'",
    "%time y = f(x)",
    "if x:\n    %time z = g(x)\n    !ls",
    "s = '''\n%no\n# cell 2\n'''",
    "w = !ls -la",
    "!wget a \\\n  b",
    "f?",
    "",
    "   ",
    "x = f(\n    x,  # why?\n)",
    "tab\t= 3",
]
WRAPS = [
    lambda text: text,
    lambda text: "%%time\n" + text,
    lambda text: "%%bash\n" + text,
    lambda text: "  x = 0\n  y = 0",
    lambda text: ">>> x = 0\n>>> y = 1",
]
CELL = st.builds(
    lambda wrap, pieces: wrap("\n".join(pieces)),
    st.sampled_from(WRAPS),
    st.lists(st.sampled_from(PIECES), max_size=5),
)
CELLS = st.lists(CELL, min_size=1, max_size=5).map(lambda cells: ["x = 0", *cells])


@given(CELLS)
def test_every_line_and_column_names_the_same_text(cells):
    notebook, program = assembled(as_notebook(cells), "p")
    lines = program.split("\n")
    seen = set()
    for number, line in enumerate(lines[:-1], 1):
        cell, within = notebook.located(number)
        if line.startswith(notebook.marker):
            continue
        seen.add((cell, within))
        written = cells[cell - 1].split("\n")[within - 1]
        if not notebook.cells[cell - 1].lines[within - 1].kept:
            continue
        for column in range(len(line)):
            if not line[column].isspace():
                found = notebook.span(SourceSpan("p", number, column, number, column + 1))
                assert found[0] == cell
                assert (found[1].line, found[1].end_line) == (within, within)
                assert written[found[1].column : found[1].end_column] == line[column]
    everywhere = {
        (c, k + 1) for c, text in enumerate(cells, 1) for k in range(text.count("\n") + 1)
    }
    assert seen == everywhere


@given(CELLS, st.sampled_from([None, 1, 2]), st.booleans())
def test_an_unchanged_program_is_the_file_byte_for_byte(cells, indent, ascii_only):
    text = json.dumps(json.loads(as_notebook(cells)), indent=indent, ensure_ascii=ascii_only)
    notebook, program = assembled(text, "p")
    assert notebook.rewritten(program) == text
    assert list(notebook.texts(program).values()) == cells


@given(CELLS, st.data())
def test_a_change_of_a_line_changes_that_line_alone(cells, data):
    text = as_notebook(cells)
    notebook, program = assembled(text, "p")
    lines = program.split("\n")
    code = [
        n
        for n, line in enumerate(lines[:-1], 1)
        if line.strip() and not line.startswith(notebook.marker)
        and (place := notebook.located(n)) and notebook.cells[place[0] - 1].lines[place[1] - 1].kept
    ]  # fmt: skip
    n = data.draw(st.sampled_from(code))
    extra = data.draw(st.sampled_from([[], ["new = 'ü'"]]))
    indent = lines[n - 1][: len(lines[n - 1]) - len(lines[n - 1].lstrip())]
    lines[n - 1 : n] = [f"{indent}changed = 7", *extra]
    cell, within = notebook.located(n)
    written = cells[cell - 1].split("\n")
    line = notebook.cells[cell - 1].lines[within - 1]
    shared = notebook.cells[cell - 1].lines[0]
    before = shared.text[: shared.start] if shared.text[: shared.start].isspace() else ""
    written[within - 1 : within] = [
        line.text[: line.start] + f"{indent}changed = 7"[line.margin :],
        *(before + each for each in extra),
    ]
    old, new = (json.loads(each) for each in (text, notebook.rewritten("\n".join(lines))))
    sources = [c["source"] for c in new["cells"] if c["cell_type"] == "code"]
    assert "".join(sources[cell - 1]) == "\n".join(written)
    for one, other in zip(old["cells"], new["cells"], strict=True):
        one.pop("source")
        other.pop("source")
        assert one == other
    assert [k for k, c in enumerate(cells) if "".join(sources[k]) != c] == [cell - 1]


@given(st.integers(0, 200), st.floats(0, 1))
def test_a_program_cut_anywhere_is_the_same_program(seed, share):
    text = (
        "import numpy as np\n\n# data\nX = np.ones(\n    3\n)\n\n\n"
        "@property\ndef f(x):\n    return x\n\nfor k in X:\n    y = f(k)\nprint('größer', y)\n"
    )
    cells = cut(text, seed, share)
    assert "\n".join(cells) == text.rstrip("\n")
    both, added = dressed(cells, seed)
    notebook, program = assembled(as_notebook(both), "p")
    compile(program, "p", "exec")
    first = {}
    for number in range(1, program.count("\n") + 1):
        first.setdefault(notebook.located(number), number - 1)
    for line, place in places(cells, added).items():
        assert program.split("\n")[first[place]] == text.split("\n")[line - 1]


def test_lines_of_the_file_are_known():
    text = as_notebook(["x = 1\ny = 2\n", "z = 'a\"b'"])
    notebook, _ = assembled(text, "p")
    rows = text.split("\n")
    for (cell, line), row in notebook.raw_lines().items():
        written = notebook.cells[cell - 1].lines[line - 1].text
        assert json.dumps(written)[1:-1] in rows[row - 1]
    assert len(notebook.raw_lines()) == 4
