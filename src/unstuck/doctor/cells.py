"""A diagnosis of a notebook in terms of its cells: here, and nowhere else, places are translated.

Everything before this works on the program that the cells are together; what people read names
cell and line, and the repair is the notebook's file with only the repaired cells changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from unstuck.doctor.diagnosis import Diagnosis, Finding, Repair, Unchecked, source_name
from unstuck.doctor.fixes.patch import unified_diff
from unstuck.trace.notebook import Notebook
from unstuck.trace.program import Program

LINE = re.compile(r"\bline (\d+)\b")  # as Python's own messages about syntax name it
SYNTAX = {"SyntaxError", "IndentationError", "TabError"}
NOT_RUN = "shell commands and magics"
ORDER = "order of the cells"
OTHERWISE = (
    "here they run once each, from the top; when the notebook was saved, cell {1} had run before "
    "cell {0}"
)


def in_cells(diagnosis: Diagnosis, program: Program) -> Diagnosis:
    """The same diagnosis; of a notebook, with cells and lines in them for lines of the program.

    Findings get their ``cell``, and spans in it; ``sources`` the text of every cell, by
    `source_name`; the repair a diff a cell, and the notebook's file.
    """
    notebook = program.notebook
    if notebook is None:
        return diagnosis
    file = program.entry
    broken = any(_is_syntax(finding, file) for finding in diagnosis.findings)
    rename = _renamed(program) if broken else str
    sources = {source_name(file, cell.number): cell.text for cell in notebook.cells}
    sources |= {name: text for name, text in diagnosis.sources.items() if name != file}
    unchecked = diagnosis.unchecked
    if notebook.left_out:
        unchecked += (Unchecked(NOT_RUN, notebook.left_out),)
    if notebook.disorder is not None:
        unchecked += (Unchecked(ORDER, OTHERWISE.format(*notebook.disorder)),)
    return replace(
        diagnosis,
        findings=tuple(_located(finding, program, notebook) for finding in diagnosis.findings),
        unchecked=unchecked,
        repair=_repaired(diagnosis.repair, program, notebook),
        reason=rename(diagnosis.reason),
        sources=sources,
    )


def _located(finding: Finding, program: Program, notebook: Notebook) -> Finding:
    span = finding.span
    if span is None or span.file != program.entry:
        return finding
    cell, within = notebook.span(span)
    if not cell:
        return finding
    located = replace(finding, cell=cell, span=within)
    if not _is_syntax(finding, program.entry):
        return located
    rename = _renamed(program)
    evidence = {k: rename(v) if isinstance(v, str) else v for k, v in finding.evidence.items()}
    return replace(located, message=rename(finding.message), evidence=evidence)


def _is_syntax(finding: Finding, file: str) -> bool:
    """True for the entry itself being no Python."""
    span = finding.span
    return (
        finding.evidence.get("error") in SYNTAX
        and finding.code == "P701"
        and span is not None
        and span.file == file
    )


def _renamed(program: Program) -> Callable[[str], str]:
    def rename(text: str) -> str:
        return LINE.sub(lambda found: program.line_name(program.entry, int(found[1])), text)

    return rename


def _repaired(repair: Repair | None, program: Program, notebook: Notebook) -> Repair | None:
    if repair is None:
        return None
    file = program.entry
    files = dict(repair.files)
    parts = []
    if file in files:
        old = {cell.number: cell.text for cell in notebook.cells}
        new = notebook.texts(files[file])
        files[file] = notebook.rewritten(files[file])
        parts = [
            _diff(source_name(file, number), text, new[number]) for number, text in old.items()
        ]
    others = replace(program, files={n: t for n, t in program.files.items() if n != file})
    changed = {n: t for n, t in files.items() if n != file}
    parts.append(unified_diff(others, replace(others, files={**others.files, **changed})))
    return replace(repair, diff="".join(parts), files=files)


def _diff(name: str, old: str, new: str) -> str:
    """What changed in one cell; its last line needs no end, and nothing is said about that."""
    before, after = (Program({name: f"{text.rstrip()}\n"}, name) for text in (old, new))
    return unified_diff(before, after)
