"""Places in a source: characters, spellings, parentheses."""

import ast

import pytest

from unstuck.doctor.fixes.places import Source, bracketed, children, enclosed, expression, key


def test_extent_and_segment_count_characters():
    source = Source("ä = 'ö' + b\n")
    value = source.tree.body[0].value
    assert source.extent(value) == (4, 11)
    assert source.segment(value.right) == "b"
    span = source.span("a.py", value)
    assert (span.line, span.column, span.end_line, span.end_column) == (1, 4, 1, 11)


@pytest.mark.parametrize("text", ["a\nbc\n\nd", "a\r\nbc\r\n", "a\x0cb\nc", "", "a"])
def test_place_is_the_inverse_of_offset(text):
    source = Source(text)
    for offset in range(len(text)):
        line, column = source.place(offset)
        assert source.offset(line, column) == offset


def test_only_line_ends_of_python_end_a_line():
    assert Source("a = '\x0b\x1c\u2028'\nb = 1\n").lines == ["a = '\x0b\x1c\u2028'\n", "b = 1\n"]


def test_one_spelling_for_a_place():
    assert key('cache["Z1"]') == key("cache['Z1']") == key("cache[ 'Z1' ]")
    assert key("self . w") == "self.w"
    assert key("x") == "x"
    assert key("not an expression(") == "not an expression("


def test_an_expression_may_span_lines():
    tree = expression("a +\nb")
    assert isinstance(tree, ast.BinOp)
    assert Source("a +\nb").segment(tree) == "a +\nb"
    assert expression("a") is expression("a")
    with pytest.raises(SyntaxError):
        expression("a = 1")


@pytest.mark.parametrize(
    ("text", "least", "result"),
    [
        ("a + b", 12, "(a + b)"),
        ("a * b", 12, "a * b"),
        ("-a", 16, "(-a)"),
        ("a ** b", 13, "a ** b"),
        ("lambda: 0", 2, "(lambda: 0)"),
        ("a, b", 0, "(a, b)"),
        ("f(a)", 16, "f(a)"),
        ("a if b else c", 12, "(a if b else c)"),
        ("a and b", 5, "(a and b)"),
        ("a or b", 4, "(a or b)"),
        ("not a", 6, "(not a)"),
        ("a < b", 7, "(a < b)"),
        ("a | b", 8, "(a | b)"),
    ],
)
def test_brackets_by_how_tightly_an_expression_binds(text, least, result):
    assert bracketed(text, least) == result
    assert bracketed(result, least) == result  # once is enough


def test_children_know_their_field():
    call = expression("f(a, b, k=c)")
    assert [(name, number) for name, number, _ in children(call)] == [
        ("func", None),
        ("args", 0),
        ("args", 1),
        ("keywords", 0),
    ]


@pytest.mark.parametrize(
    "text", ["(a)", "(a + b)", "(a, b)", "(a)(b)", "(a) + (b)", "(a), (b)", "f(a)", "()"]
)
def test_what_stands_in_parentheses(text):
    assert enclosed(text) == (text in {"(a)", "(a + b)", "(a, b)"})
