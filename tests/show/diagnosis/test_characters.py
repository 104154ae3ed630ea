"""Nothing of someone else's program steers the terminal, and every column is counted right."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.show.diagnosis.characters import (
    cells,
    harmless,
    head,
    pad,
    sentence,
    shortened,
    source_lines,
    tail,
    wrap,
)

ANYTHING = st.text(st.characters(categories=None), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b31m", r"\x9b31m"),  # an escape sequence in one character
        ("a\u202eb", r"a\u202eb"),  # turns the rest of the line round
        ("\u200bx\ufeff", r"\u200bx\ufeff"),
        ("\udc80", r"\udc80"),  # cannot be encoded
        ("\x07\x00\x7f", r"\x07\x00\x7f"),
        ("a\tb", "a    b"),
        ("損失 é", "損失 é"),
    ],
)
def test_what_steers_is_written_out(text, shown):
    assert harmless(text) == shown


@given(ANYTHING)
def test_harmless_text_can_be_printed(text):
    shown = harmless(text)
    shown.encode()
    bad = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not {unicodedata.category(character) for character in shown} & bad
    assert harmless(shown) == shown


@given(ANYTHING, st.integers(2, 30))
def test_wrapped_lines_fit_and_lose_nothing(text, width):
    lines = wrap(text, width)
    assert lines
    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(sentence(text).split())


@given(ANYTHING, st.integers(3, 20))
def test_ends_and_short_forms_fit(text, width):
    text = harmless(text)
    assert text.startswith(head(text, width))
    assert text.endswith(tail(text, width))
    assert max(map(cells, (head(text, width), tail(text, width), shortened(text, width)))) <= width


def test_wide_characters_take_two_columns():
    assert cells("損失") == 4
    assert cells("e\u0301") == 1
    assert pad("損", 4, right=True) == "  損"


def test_lines_are_those_that_python_counts():
    assert source_lines("a\x0cb\u2028c\x85d\r\ne\rf\ng") == ["a\x0cb\u2028c\x85d", "e", "f", "g"]


def test_a_sentence_is_bounded():
    assert len(sentence("word " * 100_000)) < 2100
