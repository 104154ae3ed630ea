"""Statements put in, taken out and moved keep the indentation of their neighbours."""

import ast

import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.doctor.fixes.lines import (
    delete_statement,
    insert_after,
    insert_before,
    move_statement,
    path_to,
    replace_statement,
    statement_at,
)
from unstuck.doctor.fixes.patch import apply
from unstuck.doctor.fixes.places import Source
from unstuck.trace.program import Program

LOOP = """\
for i in range(3):
    x = i
    y = (x +
         1)
    if y:
        z = 1
    else:
        z = 2
print(z)
"""


def changed(text, edit):
    edits = edit if isinstance(edit, tuple) else (edit,)
    return apply(Program({"a.py": text}, "a.py"), edits).files["a.py"]


def at(text):
    return Program({"a.py": text}, "a.py"), "a.py"


def test_the_innermost_statement_of_a_line():
    assert isinstance(statement_at(*at(LOOP), 1), ast.For)
    assert ast.unparse(statement_at(*at(LOOP), 4)) == "y = x + 1"
    assert ast.unparse(statement_at(*at(LOOP), 8)) == "z = 2"
    with pytest.raises(InvalidInputError, match="no statement on line 40"):
        statement_at(*at(LOOP), 40)


def test_before_and_after_at_the_same_depth():
    assert "    x = i\n    w = 0\n    y = (x" in changed(LOOP, insert_after(*at(LOOP), 2, "w = 0"))
    assert "    w = 0\n    x = i\n" in changed(LOOP, insert_before(*at(LOOP), 2, "w = 0"))
    assert changed(LOOP, insert_after(*at(LOOP), 1, "w = 0")).endswith(
        "        z = 2\nw = 0\nprint(z)\n"
    )
    assert "         1)\n    w = 0\n    if" in changed(LOOP, insert_after(*at(LOOP), 4, "w = 0"))


def test_several_lines_and_blocks_are_indented_together():
    text = changed(LOOP, insert_before(*at(LOOP), 6, "if a:\n    b = 1\n\nc = 2"))
    assert "        if a:\n            b = 1\n\n        c = 2\n        z = 1\n" in text


def test_a_decorated_function_keeps_its_decorators():
    text = "@f\n@g\ndef h():\n    pass\n"
    assert changed(text, insert_before(*at(text), 3, "x = 1")).startswith("x = 1\n@f\n")
    assert changed(text, delete_statement(*at(text + "y = 1\n"), 1)) == ""


def test_statements_that_share_a_line():
    text = "a = 1; b = 2\n"
    assert changed(text, insert_after(*at(text), 1, "c = 3")) == "a = 1; b = 2; c = 3\n"
    assert changed(text, insert_before(*at(text), 1, "c = 3")) == "c = 3\na = 1; b = 2\n"
    assert changed(text, delete_statement(*at(text), 1)) == "b = 2\n"
    one = "if x: a = 1\n"
    assert changed(one, insert_before(*at(one), 1, "b = 0")) == "if x: b = 0; a = 1\n"


def test_a_file_without_a_last_line_end():
    assert changed("a = 1", insert_after(*at("a = 1"), 1, "b = 2")) == "a = 1\nb = 2"


def test_windows_line_ends_stay():
    text = "a = 1\r\nb = 2\r\n"
    assert changed(text, insert_after(*at(text), 1, "c = 3")) == "a = 1\r\nc = 3\r\nb = 2\r\n"


def test_another_statement_in_the_place_of_one():
    assert "    y = 5\n    if y:" in changed(LOOP, replace_statement(*at(LOOP), 3, "y = 5"))
    assert "    p = 1\n    q = 2\n    if y" in changed(
        LOOP, replace_statement(*at(LOOP), 3, "p = 1\nq = 2")
    )


def test_a_statement_taken_out_with_its_comment():
    text = "a = 1  # one\nb = 2\n"
    assert changed(text, delete_statement(*at(text), 1)) == "b = 2\n"


def test_the_only_statement_of_a_block_becomes_pass():
    assert "        pass\n    else:" in changed(LOOP, delete_statement(*at(LOOP), 6))


def test_a_statement_moved_to_another_depth():
    text = "for i in a:\n    x = 0\n    y = i\nz = 1\n"
    assert changed(text, move_statement(*at(text), 2, 1)) == (
        "x = 0\nfor i in a:\n    y = i\nz = 1\n"
    )


@pytest.mark.parametrize(
    "block",
    [
        "try:\n    a = 1\nexcept E:\n    b = 2\nfinally:\n    c = 3\n",
        "match x:\n    case 1:\n        a = 1\n    case _:\n        b = 2\n",
    ],
)
def test_every_kind_of_block_is_entered(block):
    for number, line in enumerate(block.splitlines(), 1):
        if "=" in line:
            assert ast.unparse(statement_at(*at(block), number)) == line.strip()
            assert "pass" in changed(block, delete_statement(*at(block), number))


def test_the_way_to_a_line_goes_through_every_block_once():
    text = "for i in r:\n    try:\n        if i:\n            x = 1\n    except E:\n        y = 2\n"
    way = path_to(Source(text), 4)
    assert [type(block[number]).__name__ for block, number in way] == ["For", "Try", "If", "Assign"]
    assert [block[number].lineno for block, number in path_to(Source(text), 6)] == [1, 2, 6]
    assert path_to(Source(text), 9) == []
