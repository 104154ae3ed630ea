"""The marks stand under the expression, whatever stands before it in the line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.record.run_record import SourceSpan
from unstuck.show.diagnosis.characters import cells, harmless
from unstuck.show.diagnosis.quote import quote


def quoted(line, text, width=76):
    at = line.index(text)
    span = SourceSpan("p.py", 1, at, 1, at + len(text))
    return quote({"p.py": line}, span, width)[0]


@pytest.mark.parametrize(
    ("line", "before"),
    [
        ("    y = f(x)", 8),
        ("\ty = f(x)", 8),
        ("損失 = f(x)", 7),
        ("e\u0301 = f(x)", 4),
        ("s = '\x1b[0m' + f(x)", 16),
        ("s = '\u202e' + f(x)", 15),
    ],
)
def test_marks_stand_under_the_expression(line, before):
    seen = quoted(line, "f(x)")
    assert seen.under == " " * before + "^^^^"
    assert seen.before + seen.marked == harmless(line)


def test_wide_expressions_get_wide_marks():
    assert quoted("a = 損失 + 1", "損失").under == "    ^^^^"


@given(st.integers(0, 400), st.integers(1, 300), st.integers(0, 400), st.integers(40, 100))
def test_long_lines_are_cut_around_the_expression(before, marked, after, width):
    line = "b" * before + "M" * marked + "a" * after
    seen = quoted(line, "M" * marked, width)
    assert cells(seen.before + seen.marked + seen.after) <= width
    assert seen.marked.rstrip(".") == "M" * len(seen.marked.rstrip("."))
    assert "M" in seen.marked
    if before + marked + after <= width:
        assert seen.before + seen.marked + seen.after == line
    if before:
        assert seen.before


def test_several_lines_are_marked_each():
    source = "x = (\n    first +\n    second\n) + 1\n"
    lines = quote({"p.py": source}, SourceSpan("p.py", 1, 4, 4, 1), 76)
    assert [line.number for line in lines] == [1, 2, 3, 4]
    assert [line.marked for line in lines] == ["(", "first +", "second", ")"]
    assert lines[3].after == " + 1"


def test_the_middle_of_a_long_expression_is_left_out():
    source = "x = [\n" + "    1,\n" * 40 + "]\n"
    lines = quote({"p.py": source}, SourceSpan("p.py", 1, 4, 42, 1), 76)
    assert [line.number for line in lines] == [1, 2, 3, None, 41, 42]


@pytest.mark.parametrize(
    "span",
    [
        SourceSpan("p.py", 9, 0, 9, 3),
        SourceSpan("p.py", 0, 0, 0, 3),
        SourceSpan("other.py", 1, 0, 1, 3),
        None,
    ],
)
def test_a_place_that_is_not_there_is_not_quoted(span):
    assert quote({"p.py": "x = 1\n"}, span, 76) == []


@given(*[st.integers(-3, 9) for _ in range(4)])
def test_no_span_is_too_odd(line, column, end_line, end_column):
    quote({"p.py": "x = 1\n\ny\n"}, SourceSpan("p.py", line, column, end_line, end_column), 40)


def test_an_empty_expression_has_one_mark():
    assert quote({"p.py": "x = 1"}, SourceSpan("p.py", 1, 2, 1, 2), 40)[0].under == "  ^"


def test_form_feeds_do_not_shift_the_lines():
    source = "a = 1\n\x0c\nb = '\u2028'\nc = f(x)\n"
    seen = quote({"p.py": source}, SourceSpan("p.py", 4, 4, 4, 8), 40)[0]
    assert (seen.number, seen.marked) == (4, "f(x)")
