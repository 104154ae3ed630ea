"""Edits change their own characters and nothing else."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.base.errors import InvalidInputError
from unstuck.doctor.fixes.patch import Edit, apply, node_at, replacement, unified_diff
from unstuck.doctor.fixes.places import Source
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program


def program(text, file="a.py"):
    return Program({file: text}, file)


def span_of(text, part, file="a.py", nth=0):
    """The span of the nth place where a part stands in a text."""
    start = -1
    for _ in range(nth + 1):
        start = text.index(part, start + 1)
    return Source(text).between(file, start, start + len(part))


def replaced(text, part, new, nth=0):
    before = program(text)
    edit = replacement(before, span_of(text, part, nth=nth), new)
    return apply(before, [edit]).files["a.py"]


def test_only_the_span_changes():
    text = "x = 1  # one\ny = f( x,2 )\n"
    assert replaced(text, "f( x,2 )", "g(x)") == "x = 1  # one\ny = g(x)\n"


def test_columns_count_characters_not_bytes():
    text = "α = 'é'; β = α + 'é'\nγ = 2\n"
    assert replaced(text, "α + 'é'", "α") == "α = 'é'; β = α\nγ = 2\n"


@pytest.mark.parametrize(
    ("text", "part", "new", "result"),
    [
        ("y = a * b\n", "b", "c + d", "y = a * (c + d)\n"),
        ("y = a + b\n", "b", "c + d", "y = a + (c + d)\n"),
        ("y = a + b\n", "a", "c + d", "y = c + d + b\n"),
        ("y = a - b\n", "b", "c - d", "y = a - (c - d)\n"),
        ("y = a ** 2\n", "a", "-b", "y = (-b) ** 2\n"),
        ("y = -a\n", "a", "b + c", "y = -(b + c)\n"),
        ("y = a.T\n", "a", "b @ c", "y = (b @ c).T\n"),
        ("y = a.T\n", "a", "1", "y = (1).T\n"),
        ("f(a)\n", "a", "b + c", "f(b + c)\n"),
        ("f(a)\n", "a", "b, c", "f((b, c))\n"),
        ("y = a[i]\n", "i", "j, k", "y = a[j, k]\n"),
        ("y = a if c else b\n", "b", "d + 1", "y = a if c else d + 1\n"),
        ("y = a < b\n", "b", "c < d", "y = a < (c < d)\n"),
        ("y = (a) * 2\n", "a", "b + c", "y = (b + c) * 2\n"),
    ],
)
def test_parentheses_where_the_place_needs_them(text, part, new, result):
    changed = replaced(text, part, new)
    assert changed == result
    ast.parse(changed)


def test_equal_edits_count_once_and_insertions_keep_their_order():
    text = "x = 1\n"
    place = SourceSpan("a.py", 1, 5, 1, 5)
    edits = [Edit(place, " + 2"), Edit(place, " + 3"), Edit(place, " + 2")]
    assert apply(program(text), edits).files["a.py"] == "x = 1 + 2 + 3\n"


def test_overlapping_edits_are_refused():
    text = "y = a * b + c\n"
    edits = [Edit(span_of(text, "a * b"), "a"), Edit(span_of(text, "b + c"), "c")]
    with pytest.raises(InvalidInputError, match=r"overlap at a\.py:1"):
        apply(program(text), edits)


def test_what_is_no_python_afterwards_is_refused():
    text = "y = a\n"
    with pytest.raises(InvalidInputError, match="not valid Python"):
        apply(program(text), [Edit(span_of(text, "a"), "(b")])


def test_files_and_places_that_are_not_there_are_refused():
    with pytest.raises(InvalidInputError, match="no such file"):
        apply(program("x = 1\n"), [Edit(SourceSpan("b.py", 1, 0, 1, 1), "y")])
    with pytest.raises(InvalidInputError, match="no line 7"):
        apply(program("x = 1\n"), [Edit(SourceSpan("a.py", 7, 0, 7, 1), "y")])
    with pytest.raises(InvalidInputError, match="outside"):
        apply(program("x = 1\n"), [Edit(SourceSpan("a.py", 1, 0, 1, 90), "y")])


def test_windows_line_ends_stay():
    text = "x = 1\r\ny = x + 1\r\n"
    assert replaced(text, "x + 1", "x") == "x = 1\r\ny = x\r\n"


def test_edits_in_two_files_and_the_original_stays_as_it_was():
    before = Program({"a.py": "x = 1\n", "b.py": "y = 2\n"}, "a.py")
    after = apply(
        before,
        [Edit(SourceSpan("a.py", 1, 4, 1, 5), "3"), Edit(SourceSpan("b.py", 1, 4, 1, 5), "4")],
    )
    assert after.files == {"a.py": "x = 3\n", "b.py": "y = 4\n"}
    assert before.files["a.py"] == "x = 1\n"


def test_the_outermost_expression_that_fills_a_span():
    text = "@f(1)\ndef g(a, b=(c * d)):\n    return h(a)[0].T\n"
    found = node_at(program(text), span_of(text, "h(a)[0].T"))
    assert isinstance(found, ast.Attribute)
    assert isinstance(node_at(program(text), span_of(text, "c * d")), ast.BinOp)
    assert isinstance(node_at(program(text), span_of(text, "f(1)")), ast.Call)
    assert node_at(program(text), span_of(text, "a)[0]")) is None


def test_a_part_of_a_chained_product_is_found():
    text = "y = a * b * c\n"
    assert isinstance(node_at(program(text), span_of(text, "a * b")), ast.BinOp)
    assert node_at(program(text), span_of(text, "b * c")) is None


def test_a_diff_shows_what_changed():
    text = "import numpy\nx = 1\ny = 2"
    after = apply(program(text), [Edit(span_of(text, "1"), "3")])
    diff = unified_diff(program(text), after)
    assert diff.startswith("--- a/a.py\n+++ b/a.py\n")
    assert "-x = 1\n+x = 3\n" in diff
    assert "\\ No newline at end of file\n" in diff
    assert unified_diff(after, after) == ""


def test_a_new_file_has_no_side_to_compare_with():
    diff = unified_diff(program("x = 1\n"), program("x = 1\n").with_file("b.py", "y = 2\n"))
    assert diff == "--- /dev/null\n+++ b/b.py\n@@ -0,0 +1 @@\n+y = 2\n"


_atoms = st.sampled_from(
    ["a", "b", "1.5", "f(x)", "w[i]", "self.w", "(p, q)", "not t", "k if t else m"]
)
_pairs = st.tuples(
    st.sampled_from(["+", "-", "*", "/", "**", "@", "<", "and", "if t else"]), _atoms
)


@given(_atoms, st.lists(_pairs, max_size=4), _atoms, _pairs)
def test_a_replaced_part_means_what_was_asked_for(first, rest, new, extra):
    """The tree with the part replaced is the tree of the text with the part replaced."""
    text = "y = " + " ".join([first, *(f"{op} {atom}" for op, atom in rest)]) + "\n"
    try:
        tree = ast.parse(text)
        wanted = ast.parse(f"{new} {extra[0]} {extra[1]}", mode="eval").body
    except SyntaxError:
        return
    source = Source(text)
    parts = [n for n in ast.walk(tree.body[0].value) if isinstance(n, ast.expr)]
    for part in parts:
        if isinstance(getattr(part, "ctx", None), ast.Store) or source.segment(part) == "":
            continue
        before = program(text)
        edit = replacement(before, source.span("a.py", part), ast.unparse(wanted))
        after = ast.parse(apply(before, [edit]).files["a.py"])
        expected = ast.parse(text)
        twin = next(
            n for n, old in zip(ast.walk(expected), ast.walk(tree), strict=True) if old is part
        )
        assert ast.dump(after) == ast.dump(_with(expected, twin, wanted))


def _with(tree, old, new):
    class Put(ast.NodeTransformer):
        def visit(self, node):
            return new if node is old else self.generic_visit(node)

    return Put().visit(tree)


@pytest.mark.parametrize("text", ["e = (y - p) * s\n", "e = f( y - p )\n"])
def test_parentheses_that_are_there_are_not_written_again(text):
    program = Program({"a.py": text}, "a.py")
    start = text.index("y - p")
    span = Source(text).between("a.py", start, start + 5)
    changed = apply(program, [replacement(program, span, "p - y")]).files["a.py"]
    assert changed == text.replace("y - p", "p - y")
