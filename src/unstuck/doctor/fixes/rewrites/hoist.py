"""What makes first values, moved to where it runs once."""

from __future__ import annotations

import ast

from unstuck.doctor.fixes.lines import (
    delete_statement,
    insert_after,
    replace_statement,
    statement_at,
)
from unstuck.doctor.fixes.moves import span_at
from unstuck.doctor.fixes.patch import Edit
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.suspect import Option
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program


def without_call(program: Program, span: SourceSpan) -> list[Option]:
    """A statement that is but a call, left out; a method's, moved to where objects are made."""
    statement = statement_at(program, span.file, span.line)
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return []
    source = Source(program.files[span.file])
    text = source.segment(statement)
    gone = delete_statement(program, span.file, span.line)
    start = constructor_of(source.tree, statement)
    if start is None or any(ast.unparse(n) == text for n in ast.walk(start)):
        return [Option((Edit(source.span(span.file, statement), "pass"),), "not drawn again")]
    last = start.body[-1]
    insert = insert_after(program, span.file, last.lineno, text)
    return [
        Option((insert, gone), "drawn once, where the object is made"),
        Option((gone,), "not drawn again"),
    ]


def constructor_of(tree: ast.AST, statement: ast.stmt) -> ast.FunctionDef | None:
    """The ``__init__`` of the class in one of whose other methods a statement stands."""
    for owner in ast.walk(tree):
        if isinstance(owner, ast.ClassDef):
            methods = [n for n in owner.body if isinstance(n, ast.FunctionDef)]
            mine = [m for m in methods if m.lineno < statement.lineno <= (m.end_lineno or 0)]
            if mine and mine[0].name != "__init__":
                return next((m for m in methods if m.name == "__init__"), None)
    return None


def hoisted(program: Program, span: SourceSpan) -> list[Option]:
    """The statement moved in front of the outermost loop around it in its function.

    Where the loop is around the calls of a method, its object is to have the values already.
    """
    source = Source(program.files[span.file])
    statement = statement_at(program, span.file, span.line)
    if not isinstance(statement, ast.Assign):
        return without_call(program, span)
    loops = [
        node for node in ast.walk(source.tree)
        if isinstance(node, ast.For | ast.While)
        and node.lineno < statement.lineno <= (node.end_lineno or 0)
    ]  # fmt: skip
    if not loops:
        return set_once(program, span, statement)
    loop = min(loops, key=lambda node: node.lineno)
    line = source.lines[loop.lineno - 1]
    indent = line[: len(line) - len(line.lstrip())]
    at = source.offset(loop.lineno, 0)
    start = source.offset(statement.lineno, 0)
    end = source.offset((statement.end_lineno or statement.lineno) + 1, 0)
    insert = Edit(span_at(source, span.file, at, at), f"{indent}{source.segment(statement)}\n")
    remove = Edit(span_at(source, span.file, start, end), "")
    moved = Option((insert, remove), "drawn once, before the loop")
    before = [
        node for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign) and node.lineno < loop.lineno
        and ast.unparse(node.targets[0]) == ast.unparse(statement.targets[0])
    ]  # fmt: skip
    # Where they are drawn before the loop as well, what stands in it is one too many.
    return [Option((remove,), "taken out of the loop"), moved] if before else [moved]


def set_once(program: Program, span: SourceSpan, statement: ast.Assign) -> list[Option]:
    """Attributes of an object that are set only where the object does not have them."""
    (target, *others) = statement.targets
    parts = target.elts if isinstance(target, ast.Tuple) else [target]
    first = parts[0]
    if others or not isinstance(first, ast.Attribute):
        return []
    if not all(isinstance(part, ast.Attribute) for part in parts):
        return []
    text = Source(program.files[span.file]).segment(statement)
    test = f'if not hasattr({ast.unparse(first.value)}, "{first.attr}"):'
    guarded = "\n".join([test, *(f"    {line}" for line in text.splitlines())])
    edit = replace_statement(program, span.file, span.line, guarded)
    return [Option((edit,), "drawn once for each object")]
