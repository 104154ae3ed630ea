"""A notebook's cell as plain Python, line for line: IPython's own syntax is taken out of the way.

What runs code (``%time x = f()``, ``%%capture``) runs it; what does not (shells, other languages,
help) becomes a comment. No line comes or goes, so a place in the Python is a place in the cell;
what was dropped from the beginning of a line is counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from unstuck.trace.magics import (
    AUTOMAGIC,
    CAPTURED,
    RECAST,
    RUNS,
    WITHOUT_EFFECT,
    after_options,
    is_quiet,
    name_of,
)
from unstuck.trace.open_code import OpenCode

LINE_END = re.compile(r"\r\n|\r|\n")  # Python's own
PROMPT = re.compile(r"(>>>|\.\.\.)( |$)|(In ?\[\d+\]| +\.{3,}): ?")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cell as it was written, and as plain Python.

    What was written is kept from ``start`` on, and may stand behind an indentation; or all of the
    line was replaced, and `kept` is False.
    """

    text: str
    python: str
    start: int = 0

    @property
    def margin(self) -> int:
        """Characters of the Python before what was kept."""
        return len(self.python) - (len(self.text) - self.start)

    @property
    def kept(self) -> bool:
        """True if the Python is the end of what was written, behind white space at most."""
        margin = self.margin
        return (
            margin >= 0
            and not self.python[:margin].strip()
            and self.python[margin:] == self.text[self.start :]
        )

    @property
    def shift(self) -> int:
        """What must be added to a column of the Python."""
        return self.start - self.margin if self.kept else 0


@dataclass(frozen=True, slots=True)
class Translated:
    """The lines of a cell, and what of it does not run: number of the line (from 1) and text."""

    lines: tuple[Line, ...]
    left_out: tuple[tuple[int, str], ...] = ()

    @property
    def python(self) -> str:
        """The cell as plain Python."""
        return "\n".join(line.python for line in self.lines)


def translate(source: str) -> Translated:
    r"""A cell as plain Python.

    >>> translate("%matplotlib inline\n%time fit(3)\nnp.dot?").python
    'pass  # %matplotlib inline\nfit(3)\npass  # np.dot?'
    >>> translate("%%bash\nls").left_out
    ((1, '%%bash'),)
    """
    work = _Translation([Line(text, text) for text in LINE_END.split(source)])
    work.cell(0)
    return Translated(tuple(work.lines), tuple(sorted(work.left_out)))


def leave_out(source: str) -> Translated:
    """A cell none of whose lines runs."""
    return Translated(tuple(Line(text, f"# {text}") for text in LINE_END.split(source)))


@dataclass(slots=True)
class _Translation:
    """One cell under way."""

    lines: list[Line]
    left_out: list[tuple[int, str]] = field(default_factory=list)
    code: OpenCode = field(default_factory=OpenCode)

    def cell(self, start: int) -> None:
        """Everything from a line on: a magic for the whole of it, or code."""
        written = [n for n in range(start, len(self.lines)) if self.lines[n].python.strip()]
        if not written:
            return
        self.dedent(written[0])
        first = self.lines[written[0]].python
        if first.startswith("%%"):
            self.cell_magic(written[0], first)
            return
        n = written[0]
        while n < len(self.lines):
            n = self.statement(n)

    def dedent(self, start: int) -> None:
        """Drop what a whole cell is indented by, and the prompts of one that was pasted."""
        first = self.lines[start].python
        prompts = PROMPT.match(first)
        indent = _shared_indent([line.python for line in self.lines[start:]])
        if not prompts and not indent:
            return
        for n, line in enumerate(self.lines[start:], start):
            if prompts:
                found = PROMPT.match(line.python)
                size = found.end() if found else 0
            else:
                size = len(indent) if line.python.startswith(indent) else 0
            self.lines[n] = replace(line, python=line.python[size:], start=line.start + size)

    def cell_magic(self, n: int, first: str) -> None:
        """``%%time`` and its like: the first line goes; the rest, too, if it is no Python."""
        name, rest = name_of(first)
        if name not in RUNS:
            if name not in WITHOUT_EFFECT:
                self.left_out.append((n + 1, first.strip()))
            for k in range(n, len(self.lines)):
                self.comment(k)
            return
        start = after_options(rest, RUNS[name])
        argument = rest[start:].split()
        self.comment(n)
        if name == "timeit" and argument:  # what is to be run before it
            self.drop(n, len(self.lines[n].text) - len(rest) + start)
        elif name == "capture" and argument and argument[0].isidentifier():
            self.put(n, f"{argument[0]} = {CAPTURED}")
        self.cell(n + 1)

    def statement(self, n: int) -> int:
        """One line, which may begin a statement; returns the number of the next one."""
        line = self.lines[n]
        text = line.python.lstrip()
        if not self.code.closed:
            self.code.read(line.python)
            return n + 1
        if text.startswith("%"):
            return self.line_magic(n, text)
        if text.startswith(("!", "?")) or AUTOMAGIC.match(text):
            return self.without(n, text, quiet=not text.startswith("!") or is_quiet(text))
        seen = self.code.read(line.python)
        if seen.escape is not None:
            return self.assigned(n, seen.escape)
        if seen.closed and line.python[: seen.end].rstrip(" ;").endswith("?"):
            self.put(n, _passing(line.python))
        return n + 1

    def line_magic(self, n: int, text: str) -> int:
        """``%time f()`` runs its statement; of the others some have a form in plain Python."""
        name, rest = name_of(text)
        if name in RUNS:
            start = after_options(rest, RUNS[name])
            if rest[start:].strip():
                self.drop(n, len(self.lines[n].text) - len(rest) + start, self._indent(n))
                self.code.read(self.lines[n].python)
                return n + 1
        recast = RECAST[name](rest.strip()) if name in RECAST else ""
        if recast:
            self.put(n, f"{self._indent(n)}{recast}")
            return n + 1
        return self.without(n, text, quiet=name in WITHOUT_EFFECT or name in RUNS)

    def assigned(self, n: int, at: int) -> int:
        """``x = !ls``, ``x = %magic``: the name exists, its value is not known."""
        line = self.lines[n]
        escape = line.python[at:]
        self.code = OpenCode()
        name, rest = name_of(escape)
        if name in ("time", "timeit") and rest.strip():
            gap = " " * (len(escape) - len(rest.lstrip()))
            self.put(n, f"{line.python[:at]}{gap}{rest.lstrip()}")
            self.code.read(self.lines[n].python)
            return n + 1
        self.left_out.append((n + 1, line.python.strip()))
        value = "[]" if escape.startswith("!") else "None"
        self.put(n, f"{line.python[:at]}{value}  # {escape}")
        return self.continued(n, escape)

    def without(self, n: int, text: str, *, quiet: bool) -> int:
        """A line that does not run, with those that it goes on in."""
        if not quiet:
            self.left_out.append((n + 1, text.strip()))
        self.put(n, _passing(self.lines[n].python))
        return self.continued(n, text)

    def continued(self, n: int, text: str) -> int:
        """Leave out the lines behind a backslash."""
        while text.endswith("\\") and n + 1 < len(self.lines):
            n += 1
            text = self.lines[n].python
            self.comment(n)
        return n + 1

    def comment(self, n: int) -> None:
        """A line that is not code."""
        self.put(n, f"# {self.lines[n].text}")

    def put(self, n: int, python: str) -> None:
        """Other Python in the place of a line."""
        self.lines[n] = replace(self.lines[n], python=python)

    def drop(self, n: int, size: int, indent: str = "") -> None:
        """Keep of a line what stands behind so many characters of it."""
        text = self.lines[n].text
        self.lines[n] = Line(text, indent + text[size:], size)

    def _indent(self, n: int) -> str:
        python = self.lines[n].python
        return python[: len(python) - len(python.lstrip())]


def _shared_indent(lines: Sequence[str]) -> str:
    """The white space with which every line begins that is not empty."""
    indents = [text[: len(text) - len(text.lstrip())] for text in lines if text.strip()]
    first, last = min(indents), max(indents)  # what these two share, all share
    differs = (k for k, pair in enumerate(zip(first, last, strict=False)) if len({*pair}) > 1)
    return first[: next(differs, len(first))]


def _passing(python: str) -> str:
    body = python.lstrip()
    return f"{python[: len(python) - len(body)]}pass  # {body}"


def told(left_out: Sequence[tuple[int, int, str]], most: int = 5, longest: int = 40) -> str:
    """What does not run, in one line: cell, line and text of each.

    >>> told([(2, 1, "!wget x.csv")])
    'not run: cell 2, line 1 (!wget x.csv)'
    """
    shown = [
        f"cell {cell}, line {line} ({text if len(text) <= longest else text[:longest] + '...'})"
        for cell, line, text in left_out[:most]
    ]
    more = [f"and {len(left_out) - most} more"] if len(left_out) > most else []
    return "not run: " + "; ".join([*shown, *more]) if shown else ""
