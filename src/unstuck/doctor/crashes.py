"""A program that stops with an exception: where, why, and the change that lets it run on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.fixes.moves import span_at
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.rules import RULES
from unstuck.doctor.suspect import Option, Suspect
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.request import Outcome, ProgramError


def crash_suspects(program: Program, outcome: Outcome) -> list[Suspect]:
    """The exception as a finding, with what may mend it."""
    error = outcome.error
    if error is None:
        return []
    span = error.span
    options: list[Option] = []
    if span is not None and span.file in program.files:
        span = statement_span(program, span)
        if error.type == "KeyError":
            options += key_options(program, span, error)
        if error.type == "KeyError":
            options += deletion(program, span)
    evidence = {
        "error": error.type,
        "text": error.message,
        "exception": f"{error.type}: {error.message}",
    }
    finding = Finding(
        "P701", "fault", RULES["P701"]().message(**evidence), span, evidence,
        options[0].edits[0].text.strip() if options else None,
    )  # fmt: skip
    return [Suspect(finding, tuple(options), exact=True)]


def statement_span(program: Program, span: SourceSpan) -> SourceSpan:
    """The text of the line on which an exception was raised."""
    lines = program.files[span.file].splitlines()
    if not 1 <= span.line <= len(lines):
        return span
    line = lines[span.line - 1]
    return SourceSpan(
        span.file, span.line, len(line) - len(line.lstrip()), span.line, len(line.rstrip())
    )


def key_options(program: Program, span: SourceSpan, error: ProgramError) -> list[Option]:
    """A key that is not there, written as one that is: everywhere the container is asked so."""
    missing = error.message.strip("'\"")
    near = [k for k in error.known if missing and (missing in k or k in missing)]
    if not near:
        return []
    known = near[0]
    at = known.find(missing)
    if at < 0:
        return []
    before, after = known[:at], known[at + len(missing) :]
    source = Source(program.files[span.file])
    subscripts = list(subscripts_in(source.tree))
    own = [s for s in subscripts if s.lineno == span.line and starts_with(s.slice, missing)]
    options = []
    for subscript in reversed(own):
        container = ast.unparse(subscript.value)
        edits = []
        for other in subscripts:
            head = first_text(other.slice)
            if ast.unparse(other.value) != container or head is None:
                continue
            text = str(head.value)
            fits = any(k.startswith(before + text) for k in error.known)
            if fits and not any(k.startswith(text) for k in error.known):
                new = before + text + (after if head is other.slice else "")
                edits.append(text_edit(source, span.file, head, new))
        if edits:
            options.append(Option(tuple(e for e in edits if e is not None), f"the key {known!r}"))
    return options


def subscripts_in(tree: ast.AST) -> Iterator[ast.Subscript]:
    """Every subscript of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            yield node


def first_text(node: ast.expr) -> ast.Constant | None:
    """The string that a key begins with: of ``"W1"``, ``"W" + str(i)``, ``f"W{i}"``."""
    while isinstance(node, ast.BinOp):
        node = node.left
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    return node if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def starts_with(node: ast.expr, key: str) -> bool:
    """True if an expression may give this key."""
    head = first_text(node)
    return head is not None and key.startswith(str(head.value))


def text_edit(source: Source, file: str, constant: ast.Constant, new: str) -> Edit | None:
    """The edit that gives a string constant another text, with its own quotes."""
    start, end = source.extent(constant)
    old = source.text[start:end]
    if not old or old[0] not in "'\"":
        at = old.find(str(constant.value))
        if at < 0:
            return None
        return Edit(span_at(source, file, start + at, start + at + len(str(constant.value))), new)
    return Edit(span_at(source, file, start, end), f"{old[0]}{new}{old[0]}")


def deletion(program: Program, span: SourceSpan) -> list[Option]:
    """The statement left out, where others stand beside it."""
    source = Source(program.files[span.file])
    for parent in ast.walk(source.tree):
        for field in ("body", "orelse"):
            block = getattr(parent, field, None)
            if not isinstance(block, list) or len(block) < 2:
                continue
            for statement in block:
                simple = isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr)
                if simple and statement.lineno <= span.line <= (statement.end_lineno or 0):
                    start = source.offset(statement.lineno, 0)
                    end = source.offset((statement.end_lineno or statement.lineno) + 1, 0)
                    return [Option((Edit(span_at(source, span.file, start, end), ""),), "left out")]
    return []
