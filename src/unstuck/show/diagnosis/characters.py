"""Characters of someone else's program: made harmless, and as wide as a terminal draws them.

A source line may hold tabs, Chinese, combining accents, or an escape sequence that would clear the
screen. What cannot be seen, or would steer the terminal, is written out as Python writes it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rich.cells import get_character_cell_size

TAB = "    "
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # control, format, surrogate, private, line breaks
CUT = "..."
LONGEST = 2000  # characters of one sentence: an exception may quote a whole file
LINE_END = re.compile(r"\r\n|\r|\n")  # Python's own: str.splitlines knows eight more


@lru_cache(maxsize=4096)
def glyph(character: str) -> str:
    r"""One character of a source line as it is shown.

    >>> glyph("a"), glyph("é"), glyph(chr(9)), glyph(chr(27))
    ('a', 'é', '    ', '\\x1b')
    """
    if character.isascii() and character.isprintable():
        return character
    if character == "\t":
        return TAB
    if unicodedata.category(character) in UNSEEN:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character


def harmless(text: str) -> str:
    r"""Text in one line in which nothing steers the terminal.

    >>> harmless("red" + chr(27) + "[31m" + chr(10))
    'red\\x1b[31m\\n'
    """
    return text if text.isascii() and text.isprintable() else "".join(map(glyph, text))


def sentence(text: str) -> str:
    """Running text: white space of every kind is one space, the rest harmless and bounded."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + CUT
    return " ".join(harmless(word) for word in text.split())


def source_lines(source: str) -> list[str]:
    """The lines of a program as Python counts them."""
    return LINE_END.split(source)


def cells(text: str) -> int:
    """How many columns of a terminal a harmless text takes.

    >>> cells("abc"), cells("損失"), cells("e" + chr(0x301))
    (3, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(get_character_cell_size, text))


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Fill up with spaces to ``width`` columns."""
    room = " " * (width - cells(text))
    return room + text if right else text + room


def head(text: str, width: int) -> str:
    """As much from the beginning as fits into ``width`` columns."""
    used = 0
    for k, character in enumerate(text):
        used += get_character_cell_size(character)
        if used > width:
            return text[:k]
    return text


def tail(text: str, width: int) -> str:
    """As much from the end as fits into ``width`` columns."""
    used = 0
    for k in range(len(text) - 1, -1, -1):
        used += get_character_cell_size(text[k])
        if used > width:
            return text[k + 1 :]
    return text


def shortened(text: str, width: int) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if cells(text) <= width else head(text, width - len(CUT)) + CUT


def wrap(text: str, width: int) -> list[str]:
    """Running text in lines of at most ``width`` columns; only a word that is longer is broken.

    >>> wrap("the gradient of W1 is wrong", 12)
    ['the gradient', 'of W1 is', 'wrong']
    """
    width = max(width, 2)  # one wide character fits
    lines: list[str] = []
    line = ""
    for word in sentence(text).split(" "):
        if line and cells(line) + 1 + cells(word) <= width:
            line += f" {word}"
            continue
        if line:
            lines.append(line)
        line = word
        while cells(line) > width:
            part = head(line, width)
            lines.append(part)
            line = line[len(part) :]
    return [*lines, line] if line or not lines else lines
