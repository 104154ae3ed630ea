"""Where an expression stands after edits around it."""

import pytest

from unstuck.doctor.fixes.moves import moved_eye, moved_key, moved_span
from unstuck.doctor.fixes.patch import Edit, apply
from unstuck.doctor.fixes.places import Source
from unstuck.trace.program import Program
from unstuck.trace.progress import Eye

TEXT = "a = 1\nloss = (p - y) * 2\nb = 3\n"


def span(text, part):
    start = text.index(part)
    return Source(text).between("a.py", start, start + len(part))


def moved(part, *changes):
    before = Program({"a.py": TEXT}, "a.py")
    edits = [Edit(span(TEXT, old), new) for old, new in changes]
    after = apply(before, edits)
    return after.text(moved_span(span(TEXT, part), edits, before, after))


@pytest.mark.parametrize(
    ("part", "changes", "result"),
    [
        ("p - y", [], "p - y"),
        ("p - y", [("1", "100")], "p - y"),
        ("p - y", [("1\n", "1\nc = 2\n")], "p - y"),
        ("p - y", [("loss", "l")], "p - y"),
        ("p - y", [("b", "bbb")], "p - y"),
        ("p - y", [("2", "3 * 4")], "p - y"),
        ("p - y", [("p - y", "y - p + 1")], "y - p + 1"),
        ("p - y", [("p - y", "( y - p )")], "y - p"),
        ("(p - y) * 2", [("p", "pred"), ("y)", "target)")], "(pred - target) * 2"),
        ("y", [("p", "pred")], "y"),
        ("b = 3", [("1", "1\n\n\n"), ("p - y", "p\n- y")], "b = 3"),
    ],
)
def test_the_same_expression_is_found_again(part, changes, result):
    assert moved(part, *changes) == result


def test_what_lies_in_another_file_does_not_move():
    before = Program({"a.py": TEXT, "b.py": "x = 1\n"}, "a.py")
    edits = [Edit(Source("x = 1\n").between("b.py", 0, 0), "y = 2\n")]
    place = span(TEXT, "p - y")
    assert moved_span(place, edits, before, apply(before, edits)) == place


def test_a_key_moves_like_its_span():
    before = Program({"a.py": TEXT}, "a.py")
    edits = [Edit(span(TEXT, "a = 1\n"), "")]
    key = ("a.py", 2, 8, 2, 13, "binop")
    assert moved_key(key, edits, before, apply(before, edits)) == ("a.py", 1, 8, 1, 13, "binop")


@pytest.mark.parametrize(
    ("new", "watched", "output"),
    [
        ("y - p", "y - p", 1),
        ("(y - p)", "y - p", 1),
        ("p - y + 0", "p - y + 0", 0),
        ("y - q", "y - q", 0),
    ],
)
def test_an_exchange_of_output_and_label_is_followed(new, watched, output):
    before = Program({"a.py": TEXT}, "a.py")
    at = span(TEXT, "p - y")
    eye = Eye((at.file, at.line, at.column, at.end_line, at.end_column, "binop"), 0, 1)
    edits = [Edit(at, new)]
    after = apply(before, edits)
    seen = moved_eye(eye, edits, before, after)
    _, line, column, end_line, end_column, _ = seen.key
    assert Source(after.files["a.py"]).lines[line - 1][column:end_column] == watched
    assert line == end_line
    assert (seen.output, seen.label) == (output, 1 - output)
