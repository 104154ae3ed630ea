"""Lines of Python as text: how a program that a person could have written is laid out.

Nothing here knows about networks. Every line stays within 88 columns, the layout is the one that
usual formatters give, so a reader can format the program without changing it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 88
INDENT = "    "


@dataclass(frozen=True, slots=True)
class Helper:
    """A function that some programs need: its text, and what that text needs in turn."""

    source: str
    imports: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()  # names of other helpers


def line(code: str, comment: str = "") -> str:
    """One line of a function's body, with the shape (or the reason) behind it where it fits.

    >>> line("a1 = np.tanh(z1)", "(n, 20)")
    'a1 = np.tanh(z1)  # (n, 20)'
    """
    whole = f"{code}  # {comment}"
    return whole if comment and len(whole) <= WIDTH - len(INDENT) else code


def function(name: str, arguments: Sequence[str], doc: str, body: Iterable[str]) -> str:
    """A function with its docstring; ``body`` lines carry their indentation within it."""
    head = enclose(f"def {name}(", arguments, "):", 0)
    return "\n".join([*head, *docstring(doc), *(INDENT + text if text else "" for text in body)])


def docstring(doc: str, depth: int = 1) -> list[str]:
    """The lines of a docstring: one where it fits, else a first line and wrapped paragraphs.

    Paragraphs are separated by empty lines; an indented one is kept as it is.
    """
    indent = INDENT * depth
    if "\n" not in doc and len(quoted := f'{indent}"""{doc}"""') <= WIDTH:
        return [quoted]
    lines: list[str] = []
    for paragraph in doc.split("\n\n"):
        room = WIDTH - len(indent) - (0 if lines else 3)
        kept = paragraph.startswith(" ")
        lines += [paragraph] if kept else textwrap.wrap(paragraph, room)
        lines.append("")
    lines[0] = f'"""{lines[0]}'
    lines[-1] = '"""'
    return [indent + text if text else "" for text in lines]


def enclose(head: str, items: Sequence[str], tail: str, depth: int = 1) -> list[str]:
    """``head``, comma-separated items, ``tail``: on one line, on three, or one line an item.

    >>> enclose("return f(", ["a", "b"], ")")
    ['return f(a, b)']
    """
    joined = ", ".join(items)
    one = head + joined + tail
    if len(INDENT * depth + one) <= WIDTH:
        return [one]
    collection = head.endswith(("[", "{", "return (", "= (")) or head == "("
    if not collection and len(INDENT * (depth + 1) + joined) <= WIDTH:
        return [head, INDENT + joined, tail]
    return [head, *(f"{INDENT}{item}," for item in items), tail]


def assign_tuple(names: Sequence[str], value: str, depth: int = 1) -> list[str]:
    """``a, b, c = value``, over several lines where there are many names."""
    one = f"{', '.join(names)} = {value}"
    if len(INDENT * depth + one) <= WIDTH:
        return [one]
    return ["(", *(f"{INDENT}{name}," for name in names), f") = {value}"]


def return_tuple(names: Sequence[str], depth: int = 1) -> list[str]:
    """``return a, b, c``, over several lines where there are many names."""
    one = f"return {', '.join(names)}"
    if len(INDENT * depth + one) <= WIDTH:
        return [one]
    return enclose("return (", names, ")", depth)


def indented(lines: Iterable[str], depth: int = 1) -> list[str]:
    """The lines moved in, empty ones left empty."""
    return [INDENT * depth + text if text else "" for text in lines]


def number(value: float) -> str:
    """A number as a person writes it: shortest form that is the same number.

    >>> number(0.1), number(255.0), number(1e-8), number(0.00001), number(20000.0)
    ('0.1', '255', '1e-8', '1e-5', '20000')
    """
    value = float(value)
    if value.is_integer() and abs(value) < 1e6:
        return str(int(value))
    text = repr(value)
    if "e" in text:
        digits, power = text.split("e")
        return f"{digits}e{int(power)}"
    return text


def counted(count: int, what: str) -> str:
    """``"1 input"``, ``"64 inputs"``."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def listed(items: Sequence[str]) -> str:
    """``"a, b and c"``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
