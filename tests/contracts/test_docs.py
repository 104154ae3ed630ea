"""The documentation cannot lie: every program and command in it is run, and its output compared.

A page is read from top to bottom, in a folder of its own:

    ```python     is run; all blocks of a page share one namespace
    ```console    lines after "$ " are run, the other lines are their output
    ```text       directly after a python block: what that block prints

A comment before a block, invisible to the reader, changes that:

    <!-- test: skip, WHY -->            not run (but `unstuck ...` in it must parse)
    <!-- test: mnist -->                run where UNSTUCK_DATA names the real MNIST
    <!-- test: exit 2 -->               a console block whose command must end so
    <!-- test: raises InvalidInputError -->   a python block; the text after it is the message
    <!-- test: file NAME -->            a python block that is saved as NAME, not run
    <!-- test: ..., with numba -->      only where numba is installed

In an expected output "..." stands for anything, alone on a line for any lines. Whole numbers must
be equal. Fractions may differ by a fifth, percentages by five points and 1e-10 by an order of
magnitude, since they depend on the machine; times may be anything.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("tutorials", "how-to", "explanation", "reference")
OTHERS = ("public-names.md",)  # docstrings, whose examples are run where they stand
PAGES = [
    ROOT / "README.md",
    *(p for folder in FOLDERS for p in sorted((ROOT / "docs" / folder).glob("*.md"))),
]
PAGES = [page for page in PAGES if page.name not in OTHERS]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DIRECTIVE = re.compile(r"<!-- test: (.*?) -->\n\s*\Z")
NUMBER = re.compile(
    r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?P<unit> ?(?:%|ms\b|s\b|min\b))?"
)


@dataclass
class Block:
    """A fenced block: its language, its text, the line it starts in, what is said about it."""

    language: str
    text: str
    line: int
    directive: str = ""
    printed: str | None = None

    @property
    def kind(self):
        return re.split(r"[ ,]", self.directive)[0]


def blocks_of(text):
    """The blocks that are run, each with the output that follows it."""
    found, end = [], None
    for match in FENCE.finditer(text):
        language, body = match.groups()
        between = text[end : match.start()] if end is not None else "?"
        if language == "text" and found and found[-1].language == "python" and not between.strip():
            found[-1].printed = body
        elif language in ("python", "console"):
            said = DIRECTIVE.search(text[: match.start()])
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(language, body, line, said[1] if said else ""))
        end = match.end()
    return found


def commands_of(text):
    """(command, expected output) of a console block; a backslash continues a command."""
    parts = re.split(r"^\$ ", text.replace("\\\n", ""), flags=re.MULTILINE)
    assert not parts[0].strip(), "a console block begins with '$ '"
    return [
        (command.strip(), output) for command, _, output in (p.partition("\n") for p in parts[1:])
    ]


# ------------------------------------------------------------------------------------- comparing


def agree(expected, actual):
    """Is ``actual`` what was written, but for what machines differ in?"""
    return lines_agree(tidy(expected), tidy(actual))


def lines_agree(expected, actual):
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(lines_agree(expected[1:], actual[k:]) for k in range(len(actual) + 1))
    return (
        bool(actual)
        and line_agrees(expected[0], actual[0])
        and lines_agree(expected[1:], actual[1:])
    )


def line_agrees(expected, actual):
    pattern, numbers, place = "", [], 0
    for match in re.finditer(rf"\.\.\.|{NUMBER.pattern}", expected):
        pattern += re.escape(expected[place : match.start()])
        place = match.end()
        if match[0] == "...":
            pattern += ".*?"
        else:
            numbers.append(match[0])
            pattern += rf"({NUMBER.pattern.replace('?P<unit>', '?:')})"
    found = re.fullmatch(pattern + re.escape(expected[place:]), actual)
    return bool(found) and all(close(a, b) for a, b in zip(numbers, found.groups(), strict=True))


def tidy(text):
    """Lines without what the eye does not see: colours, repeated spaces, empty lines."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return [" ".join(line.split()) for line in plain.splitlines() if line.strip()]


def close(expected, actual):
    """Two numbers with their units."""
    unit = NUMBER.fullmatch(expected)["unit"] or ""
    if unit.strip() in ("s", "ms", "min"):
        return bool(re.search(r"(s|min)$", actual))
    if NUMBER.fullmatch(actual)["unit"] != (unit or None):
        return False
    one, two = (float(n.removesuffix(unit).replace(",", "")) for n in (expected, actual))
    if unit:
        return abs(one - two) <= 5
    if "e" in expected:  # an order of magnitude
        return one == two or (one * two > 0 and 0.1 <= one / two <= 10)
    if re.fullmatch(r"-?[\d,]+", expected):
        return one == two
    return abs(one - two) <= max(abs(one) / 5, 0.011)


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("cost 0.25", "cost   0.30", True),
        ("cost 0.25", "cost 0.50", False),
        ("accuracy 97.8%", "accuracy 96.0%", True),
        ("accuracy 97.8%", "accuracy 9.78%", False),
        ("1,510 parameters", "1,511 parameters", False),
        ("took 2.1 s", "took 30 ms", True),
        ("a\n...\nb 1", "a\nx\ny\nb 1", True),
        ("a\n...\nb 1", "a\nx\ny\nb 1\nc", False),
        ("...\nb 3\n...", "b 1\nb 2\nb 3\nb 4", True),
        ("in ..., best", "in runs/1, best", True),
        ("error 1e-10", "error 3e-10", True),
        ("error 1e-10", "error 1e-05", False),
    ],
)
def test_outputs_are_compared_with_the_eyes_of_a_reader(expected, actual, same):
    assert agree(expected, actual) is same


# --------------------------------------------------------------------------------------- running


def run_command(command, monkeypatch):
    """(exit code, what is seen in the terminal). `unstuck` runs in this process: it is faster."""
    words = shlex.split(command, comments=True)
    if words[0] == "unstuck" and not set("|><;&*") & set(command):
        from unstuck.app.cli import run

        seen = io.StringIO()
        monkeypatch.setattr(sys, "argv", words)
        with contextlib.redirect_stdout(seen), contextlib.redirect_stderr(seen):
            return run(words[1:]), seen.getvalue()
    command = re.sub(r"^python\b", shlex.quote(sys.executable), command)
    done = subprocess.run(  # what the page shows, and nothing from outside it
        ["sh", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


def run_console(block, monkeypatch):
    wanted = int(block.directive.split()[1]) if block.kind == "exit" else 0
    for command, expected in commands_of(block.text):
        code, seen = run_command(command, monkeypatch)
        assert code == wanted, f"`{command}` ended with {code}:\n{seen}"
        if expected.strip() and not agree(expected, seen):
            raise AssertionError(f"`{command}` shows:\n{seen}\nwritten is:\n{expected}")


def run_python(block, space, place):
    if block.kind == "file":
        Path(block.directive.split()[1]).write_text(block.text, encoding="utf-8")
        return
    seen = io.StringIO()
    code = compile("\n" * block.line + block.text, place, "exec")
    raised = ""
    with contextlib.redirect_stdout(seen):
        try:
            exec(code, space)  # noqa: S102  the page's own program
        except Exception as error:
            if block.kind != "raises":
                raise
            raised = type(error).__name__
            seen.write(f"{raised}: {error}")
    assert raised == (re.split(r"[ ,]+", block.directive)[1] if block.kind == "raises" else "")
    expected = block.printed or ""
    if raised:  # a message is broken into lines by the page
        expected = " ".join(expected.split())
    if not agree(expected, seen.getvalue()):
        raise AssertionError(f"prints:\n{seen.getvalue()}\nwritten is:\n{block.printed}")


def run_page(page, folder, monkeypatch, kinds):
    monkeypatch.chdir(folder)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for name, value in {"PATH": path, "COLUMNS": "80", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    space = {"__name__": "__main__"}
    name = page.relative_to(ROOT).as_posix()
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.kind == "skip" or (block.kind == "mnist" and "mnist" not in kinds):
            continue
        if "with numba" in block.directive and find_spec("numba") is None:
            continue
        try:
            if block.language == "python":
                run_python(block, space, name)
            else:
                run_console(block, monkeypatch)
        except AssertionError as error:
            pytest.fail(f"{name}, line {block.line}: {error}", pytrace=False)


def ids(page):
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_page_does_what_it_says(page, tmp_path, monkeypatch):
    run_page(page, tmp_path, monkeypatch, set())


NEEDING_MNIST = [p for p in PAGES if "<!-- test: mnist" in p.read_text(encoding="utf-8")]


@pytest.mark.mnist
@pytest.mark.parametrize("page", NEEDING_MNIST, ids=ids)
def test_page_does_what_it_says_with_mnist(page, tmp_path, monkeypatch):
    run_page(page, tmp_path, monkeypatch, {"mnist"})


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_commands_can_be_typed(page):
    """What is not run must at least parse: `unstuck` with its options, `make` with its targets."""
    from unstuck.app.cli import cli

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for block in blocks_of(page.read_text(encoding="utf-8")):
        assert block.kind in {"", "skip", "mnist", "exit", "raises", "file"}, block.directive
        assert block.kind != "skip" or "," in block.directive, "a skipped block says why"
        for command, _ in commands_of(block.text) if block.language == "console" else ():
            words = shlex.split(command.split("|")[0].split(">")[0], comments=True)
            if words[:1] == ["make"]:
                assert {w for w in words[1:] if "=" not in w} <= targets, command
            if words[:1] == ["unstuck"] and block.kind != "exit" and words[1:2]:
                name, sub, rest = cli.resolve_command(cli.make_context("unstuck", []), words[1:])
                if sub is not None and not {"--help", "-h"} & set(rest):
                    sub.make_context(name, rest, resilient_parsing=False)
