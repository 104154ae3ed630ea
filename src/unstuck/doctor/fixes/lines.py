"""Whole statements put in, taken out and moved, at the indentation of their neighbours."""

from __future__ import annotations

import ast
import textwrap

from unstuck.base.errors import InvalidInputError
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source
from unstuck.trace.program import Program


def statement_at(program: Program, file: str, line: int) -> ast.stmt:
    """The innermost statement that covers a line (the first of them that starts there).

    Raises
    ------
    InvalidInputError
        No statement covers it.
    """
    found = _locate(Source(program.files[file]), line)
    if found is None:
        raise InvalidInputError(f"{file} has no statement on line {line}")
    return found[0][found[1]]


def insert_before(program: Program, file: str, line: int, text: str) -> Edit:
    """New statements before the one on ``line``; ``text`` is written without indentation."""
    source = Source(program.files[file])
    start, _ = source.extent(statement_at(program, file, line))
    start = _decorated(source, statement_at(program, file, line), start)
    indent = _indent(source, start)
    if indent is None:
        return Edit(source.between(file, start, start), f"{_one_line(text)}; ")
    begin = start - len(indent)
    return Edit(source.between(file, begin, begin), _block(source, text, indent))


def insert_after(program: Program, file: str, line: int, text: str) -> Edit:
    """New statements after the one on ``line``, which may be compound."""
    source = Source(program.files[file])
    start, end = source.extent(statement_at(program, file, line))
    indent = _indent(source, start)
    stop = _line_end(source, end)
    shares = source.text[end:stop].strip().startswith(";")
    if shares:  # behind all that stand on the line
        end = max(end, *(source.extent(s)[1] for s in _sharing(source, line)))
    if shares or indent is None:
        return Edit(source.between(file, end, end), f"; {_one_line(text)}")
    block = _block(source, text, indent)
    if stop == len(source.text) and not source.text.endswith(("\n", "\r")):
        block = _newline(source) + block.rstrip("\r\n")
    return Edit(source.between(file, stop, stop), block)


def replace_statement(program: Program, file: str, line: int, text: str) -> Edit:
    """Other statements in the place of the one on ``line``."""
    source = Source(program.files[file])
    start, end = source.extent(statement_at(program, file, line))
    indent = _indent(source, start)
    if indent is None:
        return Edit(source.between(file, start, end), _one_line(text))
    block = _block(source, text, indent)[len(indent) :].rstrip("\r\n")
    return Edit(source.between(file, start, end), block)


def delete_statement(program: Program, file: str, line: int) -> Edit:
    """The statement on ``line`` taken out; ``pass`` where a block would be left empty."""
    source = Source(program.files[file])
    found = _locate(source, line)
    if found is None:
        raise InvalidInputError(f"{file} has no statement on line {line}")
    block, number = found
    start, end = source.extent(block[number])
    start = _decorated(source, block[number], start)
    if len(block) == 1:
        return Edit(source.between(file, start, end), "pass")
    indent = _indent(source, start)
    stop = _line_end(source, end)
    rest = source.text[end:stop].strip()
    if indent is not None and (not rest or rest.startswith("#")):
        return Edit(source.between(file, start - len(indent), stop), "")
    if rest.startswith(";"):
        end += source.text[end:stop].index(";") + 1
        end += len(source.text[end:stop]) - len(source.text[end:stop].lstrip(" \t"))
        return Edit(source.between(file, start, end), "")
    before = source.text[:start].rstrip(" \t")
    return Edit(source.between(file, len(before.removesuffix(";")), end), "")


def move_statement(program: Program, file: str, line: int, before: int) -> tuple[Edit, Edit]:
    """The statement on ``line`` moved to stand before the one on line ``before``."""
    source = Source(program.files[file])
    text = _dedented(source, statement_at(program, file, line))
    return delete_statement(program, file, line), insert_before(program, file, before, text)


def path_to(source: Source, line: int) -> list[tuple[list[ast.stmt], int]]:
    """The blocks around a line, outermost first, each with the number of the statement in it."""
    found: list[tuple[list[ast.stmt], int]] = []
    blocks: list[list[ast.stmt]] = [source.tree.body]
    while blocks:
        covering = (
            (block, number)
            for block in blocks
            for number, statement in enumerate(block)
            if _first_line(statement) <= line <= (statement.end_lineno or statement.lineno)
        )
        place = next(covering, None)
        if place is None:
            break
        found.append(place)
        blocks = _blocks(place[0][place[1]])
    return found


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    """The lists of statements within a statement, those of its handlers and cases among them."""
    parts = [statement, *getattr(statement, "handlers", []), *getattr(statement, "cases", [])]
    names = ("body", "orelse", "finalbody")
    return [own for part in parts for name in names if (own := getattr(part, name, None))]


def _sharing(source: Source, line: int) -> list[ast.stmt]:
    """The statements of one block that end on a line."""
    found = _locate(source, line)
    return [s for s in found[0] if s.end_lineno == line] if found is not None else []


def _locate(source: Source, line: int) -> tuple[list[ast.stmt], int] | None:
    """The block and the place in it of the innermost statement that covers a line."""
    path = path_to(source, line)
    return path[-1] if path else None


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(d.lineno for d in decorators)])


def _decorated(source: Source, statement: ast.stmt, start: int) -> int:
    if getattr(statement, "decorator_list", []):
        line = _first_line(statement)
        text = source.lines[line - 1]
        return source.offset(line, len(text) - len(text.lstrip()))
    return start


def _indent(source: Source, start: int) -> str | None:
    """The white space before a statement, None if something else stands before it on its line."""
    line, column = source.place(start)
    before = source.lines[line - 1][:column]
    return None if before.strip() else before


def _line_end(source: Source, offset: int) -> int:
    line, _ = source.place(max(offset - 1, 0))
    return source.starts[line]


def _newline(source: Source) -> str:
    return "\r\n" if any(line.endswith("\r\n") for line in source.lines[:1]) else "\n"


def _block(source: Source, text: str, indent: str) -> str:
    newline = _newline(source)
    lines = text.strip("\n").splitlines()
    return "".join(f"{indent}{line}".rstrip() + newline for line in lines)


def _one_line(text: str) -> str:
    lines = [line.rstrip() for line in text.strip().splitlines()]
    if any(line[:1].isspace() or line.endswith(":") for line in lines):
        raise InvalidInputError("a block cannot be put on a line that it shares with a statement")
    return "; ".join(lines)


def _dedented(source: Source, statement: ast.stmt) -> str:
    start, end = source.extent(statement)
    start = _decorated(source, statement, start)
    return textwrap.dedent((_indent(source, start) or "") + source.text[start:end])
